use experimenter::prelude::*;

#[derive(Field)]
enum Kernel {
    Linear,
}

fn main() {}
