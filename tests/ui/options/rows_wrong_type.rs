use experimenter::prelude::*;

#[experiment(keyfields = { seed: i64 }, rows = || [1, 2])]
fn numbers(_key: &NumbersKey) -> NumbersResults {
    unreachable!()
}

#[experiment(keyfields = { seed: i64 }, rows = || (0..3).map(|seed| Ok::<_, std::io::Error>((seed, "iris"))))]
fn tuples(_key: &TuplesKey) -> TuplesResults {
    unreachable!()
}

#[experiment(keyfields = { seed: i64 }, rows = || SingleKey { seed: 1 })]
fn single(_key: &SingleKey) -> SingleResults {
    unreachable!()
}

fn read_instances() -> Vec<CalledKey> {
    vec![CalledKey { seed: 1 }]
}

#[experiment(keyfields = { seed: i64 }, rows = read_instances())]
fn called(_key: &CalledKey) -> CalledResults {
    unreachable!()
}

fn try_instance() -> std::io::Result<FallibleKey> {
    Ok(FallibleKey { seed: 1 })
}

#[experiment(keyfields = { seed: i64 }, rows = try_instance)]
fn fallible(_key: &FallibleKey) -> FallibleResults {
    unreachable!()
}

#[experiment(keyfields = { seed: i64 }, rows = || [MistypedKey { seed: "one" }])]
fn mistyped(_key: &MistypedKey) -> MistypedResults {
    unreachable!()
}

fn main() {}
