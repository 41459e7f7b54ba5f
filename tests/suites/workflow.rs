//! The whole path: fill once, execute in many processes, every row exactly once.
