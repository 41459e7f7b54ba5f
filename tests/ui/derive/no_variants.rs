use experimenter::prelude::*;

#[derive(Debug, Clone, PartialEq, Field)]
enum Kernel {}

fn main() {}
