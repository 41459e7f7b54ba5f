//! What a scalar without quotes means: YAML 1.1 with the floats of `OmegaConf`, as `PyExperimenter` reads its files.

use serde_json::{Number, Value};

/// The value of a plain scalar; text, where it looks like nothing else.
pub(crate) fn resolve(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => return Value::Bool(true),
        "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => return Value::Bool(false),
        _ => {}
    }
    integer(text).or_else(|| float(text)).unwrap_or_else(|| Value::String(text.to_owned()))
}

/// `12`, `1_000`, `0x1f`, `0b101`, `017`, and `1:30`, which is 90.
fn integer(text: &str) -> Option<Value> {
    let (negative, digits) = sign(text);
    if !digits.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let plain = digits.replace('_', "");
    let magnitude = if let Some(hexadecimal) = plain.strip_prefix("0x") {
        u64::from_str_radix(hexadecimal, 16)
    } else if let Some(binary) = plain.strip_prefix("0b") {
        u64::from_str_radix(binary, 2)
    } else if plain.len() > 1 && plain.starts_with('0') {
        u64::from_str_radix(&plain, 8)
    } else if plain.contains(':') {
        return sexagesimal(&plain).map(|n| if negative { (-n).into() } else { n.into() });
    } else {
        plain.parse()
    }
    .ok()?;
    if !negative {
        return Some(magnitude.into());
    }
    0_i64.checked_sub_unsigned(magnitude).map(Value::from)
}

fn sexagesimal(text: &str) -> Option<i64> {
    let mut parts = text.split(':');
    let first = parts.next()?.parse().ok()?;
    parts.try_fold(first, |n: i64, part| {
        let digit = part.parse().ok().filter(|digit| (0..60).contains(digit) && part.len() <= 2)?;
        n.checked_mul(60)?.checked_add(digit)
    })
}

/// `1.5`, `.5`, `1e-3`, `.inf`; a number that JSON does not have is the text that a float field takes for it.
fn float(text: &str) -> Option<Value> {
    let (negative, digits) = sign(text);
    match digits {
        ".inf" | ".Inf" | ".INF" => return Some(if negative { "-inf" } else { "inf" }.into()),
        ".nan" | ".NaN" | ".NAN" => return Some("NaN".into()),
        _ => {}
    }
    let starts = digits.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    let is_number = digits.chars().all(|c| c.is_ascii_digit() || "._eE+-".contains(c));
    if !starts || !is_number || !digits.contains(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let x: f64 = text.replace('_', "").parse().ok()?;
    Some(Number::from_f64(x).map_or_else(|| x.to_string().into(), Value::Number))
}

fn sign(text: &str) -> (bool, &str) {
    match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn scalars_mean_what_pyexperimenter_takes_them_for() {
        for (text, value) in [
            ("", Value::Null),
            ("~", Value::Null),
            ("yes", json!(true)),
            ("Off", json!(false)),
            ("12", json!(12)),
            ("-1_000", json!(-1000)),
            ("0x1F", json!(31)),
            ("0b101", json!(5)),
            ("017", json!(15)),
            ("1:30", json!(90)),
            ("18446744073709551615", json!(u64::MAX)),
            ("-9223372036854775808", json!(i64::MIN)),
            ("99999999999999999999", json!(1e20)),
            ("0.1", json!(0.1)),
            (".5", json!(0.5)),
            ("5.", json!(5.0)),
            ("1e-3", json!(0.001)),
            ("1e3", json!(1000.0)),
            (".inf", json!("inf")),
            ("-.inf", json!("-inf")),
            (".nan", json!("NaN")),
            ("1e999", json!("inf")),
            ("iris", json!("iris")),
            ("inf", json!("inf")),
            ("e5", json!("e5")),
            ("-", json!("-")),
            ("1.2.3", json!("1.2.3")),
            ("2026-01-31", json!("2026-01-31")),
            ("1:99", json!("1:99")),
            ("y", json!("y")),
        ] {
            assert_eq!(resolve(text), value, "{text}");
        }
    }
}
