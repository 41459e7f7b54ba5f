//! The attribute: its messages, its expansions, and what it generates.
