use experimenter::prelude::*;

#[experiment(
    keyfields = {
        #[column = "type"]
        r#type: i32,
        #[column]
        bare: i32,
        #[column(name = "x")]
        listed: i32,
        #[column = 5]
        number: i32,
        #[column = "a"]
        #[column = "b"]
        twice: i32,
        #[column = "status"]
        fixed: i32,
        #[column = "a b"]
        spaced: i32,
        #[column = ""]
        empty: i32,
        #[column = "a_name_that_is_much_longer_than_the_sixty_four_characters_that_mysql_takes"]
        long: i32,
        #[column = "Order"]
        first: i32,
        #[column = "order"]
        second: i32,
        #[column = "other"]
        first: i32,
        #[column = "state"]
        status: i32,
    },
    resultfields = { #[column = "y_timestamp"] time: i32, y: f64 },
    logtables = { steps: { #[column = "timestamp"] step: i32 } },
    result_timestamps = true,
)]
fn columns(_key: &ColumnsKey) -> ColumnsResults {
    unreachable!()
}

fn main() {}
