use experimenter::prelude::*;

#[experiment(keyfields = { seed: i64 }, rows = |x| [ParameterKey { seed: x }])]
fn parameter(_key: &ParameterKey) -> ParameterResults {
    unreachable!()
}

#[experiment(keyfields = { seed: i64 }, rows = [ListKey { seed: 1 }, ListKey { seed: 2 }])]
fn list(_key: &ListKey) -> ListResults {
    unreachable!()
}

#[experiment(keyfields = { seed: i64 }, rows = vec![VectorKey { seed: 1 }])]
fn vector(_key: &VectorKey) -> VectorResults {
    unreachable!()
}

#[experiment(keyfields = { seed: i64 }, rows = SingleKey { seed: 1 })]
fn single(_key: &SingleKey) -> SingleResults {
    unreachable!()
}

#[experiment(keyfields = { seed: i64 }, rows = "rows.csv")]
fn literal(_key: &LiteralKey) -> LiteralResults {
    unreachable!()
}

fn main() {}
