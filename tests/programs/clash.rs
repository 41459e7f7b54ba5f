//! Two experiments that want one table.

use experimenter::prelude::*;

#[experiment(keyfields = { n: i32 = 0..2 }, resultfields = { y: i32 }, table = "shared")]
fn first(key: &FirstKey) -> FirstResults {
    FirstResults { y: key.n }
}

#[experiment(keyfields = { n: i32 = 0..2 }, resultfields = { y: i32 }, table = "shared")]
fn second(key: &SecondKey) -> SecondResults {
    SecondResults { y: key.n }
}

fn main() -> std::process::ExitCode {
    experimenter::main()
}
