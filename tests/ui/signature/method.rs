use experimenter::prelude::*;

struct Lab;

impl Lab {
    #[experiment(keyfields = { seed: i64 = 0..5 }, resultfields = { y: f64 })]
    fn svm(&self, _key: &SvmKey) -> SvmResults {
        unreachable!()
    }
}

fn main() {}
