use experimenter::prelude::*;

#[derive(Debug, Clone, Copy, PartialEq, Field)]
enum Kernel {
    Linear,
    Rbf,
}

#[experiment(
    keyfields = {
        #[default = 1]
        c: f64 = [0.1, 1.0],
        #[default = [0.9]]
        momentum: f64 = [0.9, 0.99],
        #[default = "Rbf"]
        kernel: Kernel,
        #[default = 0]
        maybe: Option<u32>,
        #[default = Kernel::Sigmoid]
        other: Kernel,
    },
)]
fn svm(_key: &SvmKey) -> SvmResults {
    unreachable!()
}

fn main() {}
