use experimenter::prelude::*;

#[experiment(
    keyfields = { seed: i64 = 0..5 },
    resultfields = { y: f64 },
)]
fn r#loop(_key: &LoopKey) -> LoopResults {
    unreachable!()
}

fn main() {}
