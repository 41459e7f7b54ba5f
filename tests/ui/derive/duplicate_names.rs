use experimenter::prelude::*;

#[derive(Debug, Clone, PartialEq, Field)]
enum Kernel {
    Linear,
    #[field(name = "Linear")]
    Line,
    #[field(name = "LINEAR")]
    Straight,
    #[field(name = "")]
    Nothing,
}

fn main() {}
