use experimenter::prelude::*;

#[experiment(
    keyfields = { seed: i64 = 0..5 },
    table = "a_table_whose_name_is_much_too_long_for_mysql",
)]
fn svm(_key: &SvmKey) -> SvmResults {
    unreachable!()
}

fn main() {}
