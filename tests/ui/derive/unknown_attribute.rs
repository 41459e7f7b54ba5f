use experimenter::prelude::*;

#[derive(Debug, Clone, PartialEq, Field)]
#[field(name = "kernel")]
enum Kernel {
    #[field(rename = "lin")]
    Linear,
    #[field]
    Rbf,
    #[field(name)]
    Poly,
    #[field(name = "a", name = "b")]
    Sigmoid,
    #[field = "x"]
    Other,
}

fn main() {}
