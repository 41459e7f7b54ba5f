use experimenter::prelude::*;

#[experiment(
    keyfields = {
        c: f64 = [0.1, 1, "ten"],
        dataset: String = ["iris", 'w'],
        seed: u32 = 0..5,
    },
)]
fn svm(_key: &SvmKey) -> SvmResults {
    unreachable!()
}

fn main() {}
