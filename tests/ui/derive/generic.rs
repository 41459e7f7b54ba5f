use experimenter::prelude::*;

#[derive(Debug, Clone, PartialEq, Field)]
enum Kernel<T> {
    Linear,
    Rbf(T),
}

fn main() {}
