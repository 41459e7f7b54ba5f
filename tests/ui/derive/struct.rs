use experimenter::prelude::*;

#[derive(Debug, Clone, PartialEq, Field)]
struct Shape {
    sides: u32,
}

fn main() {}
