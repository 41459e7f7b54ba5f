//! The commands: what they print, how they exit, and what bad input gets to hear.
