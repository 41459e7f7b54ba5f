use experimenter::prelude::*;

#[derive(Debug, Clone, PartialEq, Field)]
enum Kernel {
    Linear,
    Rbf(f64),
    Poly { degree: u32 },
}

fn main() {}
