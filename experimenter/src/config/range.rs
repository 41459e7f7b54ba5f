//! The values of a keyfield: a list, or a range as `numpy.arange` counts it.

use serde_json::Value;

use super::At;
use super::section::Section;
use crate::grid::LONGEST_RANGE;
use crate::mistake::{Mistake, Place};

const FORM: &str = "values: ['iris', 'wine'], or values: { start: 0, stop: 5, step: 1 }";

/// The values that a file gives, each with its place.
pub(super) fn values(section: &Section<'_>) -> Result<At<Vec<At<Value>>>, Mistake> {
    let place = section.place();
    if let Some(items) = section.items() {
        if items.is_empty() {
            return Err(section.wrong("the list is empty", "list its values, or leave `values` out"));
        }
        let value = items.into_iter().map(|item| At { value: item.json(), place: item.place() }).collect();
        return Ok(At { value, place });
    }
    if !section.is_mapping() {
        return Err(section.expected("a list, or a mapping with `start` and `stop`", FORM));
    }
    section.only(&["start", "stop", "step"])?;
    let bound = |key: &str| section.get(key)?.ok_or_else(|| section.lacks(key, &format!("{key}: 0"))).and_then(number);
    let (start, stop) = (bound("start")?, bound("stop")?);
    let step = section.get("step")?.map_or(Ok(Number::Int(1)), number)?;
    let numbers = arange(start, stop, step).map_err(|what| section.wrong(&what, FORM))?;
    Ok(At { value: at(numbers, &place), place })
}

fn at(numbers: Vec<Value>, place: &Place) -> Vec<At<Value>> {
    numbers.into_iter().map(|value| At { value, place: place.clone() }).collect()
}

#[derive(Debug, Clone, Copy)]
enum Number {
    Int(i64),
    Float(f64),
}

impl Number {
    #[expect(clippy::cast_precision_loss, reason = "so does NumPy")]
    fn as_f64(self) -> f64 {
        match self {
            Self::Int(n) => n as f64,
            Self::Float(x) => x,
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is mapped over")]
fn number(section: Section<'_>) -> Result<Number, Mistake> {
    let json = match section.json() {
        // What comes from the environment is text.
        Value::String(text) => super::scalar::resolve(&text),
        other => other,
    };
    let number = json.as_i64().map(Number::Int).or_else(|| json.as_f64().map(Number::Float));
    number.ok_or_else(|| section.expected("a number", "start: 0"))
}

/// The numbers from `start` on before `stop`. Floats are computed as NumPy does, so that they are the same to the bit.
fn arange(start: Number, stop: Number, step: Number) -> Result<Vec<Value>, String> {
    if step.as_f64() == 0.0 {
        return Err("the step is 0".to_owned());
    }
    let length = ((stop.as_f64() - start.as_f64()) / step.as_f64()).ceil();
    if length.is_nan() || length <= 0.0 {
        return Err("the range is empty (`stop` is not part of it)".to_owned());
    }
    if length > f64::from(LONGEST_RANGE) {
        return Err(format!("the range has more than {LONGEST_RANGE} values"));
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is between 1 and the bound")]
    let length = length as usize;
    let numbers = match (start, stop, step) {
        (Number::Int(start), Number::Int(_), Number::Int(step)) => {
            let number = |i: usize| start.wrapping_add(step.wrapping_mul(i64::try_from(i).unwrap_or(i64::MAX)));
            (0..length).map(|i| number(i).into()).collect()
        }
        _ => {
            let (first, delta) = (start.as_f64(), (start.as_f64() + step.as_f64()) - start.as_f64());
            #[expect(clippy::cast_precision_loss, reason = "the bound is far below 2^53")]
            let number = |i: usize| if i == 1 { first + step.as_f64() } else { first + i as f64 * delta };
            (0..length).map(|i| number(i).into()).collect()
        }
    };
    Ok(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn ranges_are_numpys() {
        use Number::{Float, Int};
        let range = |start, stop, step| arange(start, stop, step).map(Value::from);
        assert_eq!(range(Int(0), Int(5), Int(2)), Ok(json!([0, 2, 4])));
        assert_eq!(range(Int(3), Int(0), Int(-1)), Ok(json!([3, 2, 1])));
        // As `numpy.arange(0.1, 0.5, 0.1)` gives them.
        let expected = json!([0.1, 0.2, 0.300_000_000_000_000_04, 0.4]);
        assert_eq!(range(Float(0.1), Float(0.5), Float(0.1)), Ok(expected));
        assert_eq!(range(Int(0), Float(1.0), Float(0.5)), Ok(json!([0.0, 0.5])));
        for (start, stop, step, says) in [
            (Int(0), Int(5), Int(0), "step is 0"),
            (Int(5), Int(5), Int(1), "empty"),
            (Int(0), Int(5), Int(-1), "empty"),
            (Int(i64::MIN), Int(i64::MAX), Int(1), "more than"),
            (Float(0.0), Float(f64::INFINITY), Int(1), "more than"),
            (Float(0.0), Float(1.0), Float(f64::MIN_POSITIVE), "more than"),
        ] {
            let refused = range(start, stop, step);
            assert!(refused.as_ref().is_err_and(|error| error.contains(says)), "{refused:?} lacks {says}");
        }
    }
}
