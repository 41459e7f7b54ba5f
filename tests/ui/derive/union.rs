use experimenter::prelude::*;

#[derive(Field)]
union Either {
    a: u32,
    b: f32,
}

fn main() {}
