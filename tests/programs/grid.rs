//! A grid of experiments as a user writes one.

fn main() {}
