use experimenter::prelude::*;

#[experiment(keyfields = { seed: i64 = 0..5 }, only = || true)]
fn no_parameter(_key: &NoParameterKey) -> NoParameterResults {
    unreachable!()
}

#[experiment(keyfields = { seed: i64 = 0..5, c: f64 = [0.1] }, only = |seed, c| c == 1.0 || seed > 2)]
fn two_parameters(_key: &TwoParametersKey) -> TwoParametersResults {
    unreachable!()
}

#[experiment(keyfields = { seed: i64 = 0..5 }, only = true)]
fn literal(_key: &LiteralKey) -> LiteralResults {
    unreachable!()
}

#[experiment(keyfields = { seed: i64 = 0..5 }, only = key.seed > 2)]
fn condition(_key: &ConditionKey) -> ConditionResults {
    unreachable!()
}

#[experiment(keyfields = { seed: i64 = 0..5 }, only = matches!(key.seed, 0 | 2))]
fn pattern(_key: &PatternKey) -> PatternResults {
    unreachable!()
}

fn main() {}
