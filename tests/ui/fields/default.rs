use experimenter::prelude::*;

#[experiment(
    keyfields = {
        #[default]
        a: f64,
        #[default(0.9)]
        b: f64,
        #[default = 0.9]
        #[default = 0.99]
        c: f64,
        #[default = 0.9]
        d: usize,
        #[default = ]
        e: f64,
    },
    resultfields = {
        #[default = 0.0]
        y: f64,
    },
    logtables = {
        #[default = 0]
        folds: {
            #[default]
            fold: i32,
        },
    },
)]
fn svm(_key: &SvmKey) -> SvmResults {
    unreachable!()
}

fn main() {}
