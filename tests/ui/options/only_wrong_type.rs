use experimenter::prelude::*;

#[experiment(keyfields = { seed: i64 = 0..5 }, only = |key| key.seed)]
fn no_bool(_key: &NoBoolKey) -> NoBoolResults {
    unreachable!()
}

#[experiment(keyfields = { seed: i64 = 0..5 }, only = |key| key.speed > 1)]
fn no_field(_key: &NoFieldKey) -> NoFieldResults {
    unreachable!()
}

fn parity(key: &OfParityKey) -> i64 {
    key.seed % 2
}

#[experiment(keyfields = { seed: i64 = 0..5 }, only = parity)]
fn of_parity(_key: &OfParityKey) -> OfParityResults {
    unreachable!()
}

fn is_even(seed: i64) -> bool {
    seed % 2 == 0
}

#[experiment(keyfields = { seed: i64 = 0..5 }, only = is_even)]
fn no_key(_key: &NoKeyKey) -> NoKeyResults {
    unreachable!()
}

const EVEN: bool = true;

#[experiment(keyfields = { seed: i64 = 0..5 }, only = EVEN)]
fn no_function(_key: &NoFunctionKey) -> NoFunctionResults {
    unreachable!()
}

fn main() {}
