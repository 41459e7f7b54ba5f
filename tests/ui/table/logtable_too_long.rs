use experimenter::prelude::*;

#[experiment(
    keyfields = { seed: i64 = 0..5 },
    logtables = { a_logtable_whose_name_is_long_enough_to_be_refused_by_mysql_8: { fold: i32 } },
)]
fn svm(_key: &SvmKey) -> SvmResults {
    unreachable!()
}

fn main() {}
