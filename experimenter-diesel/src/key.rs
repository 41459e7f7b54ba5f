//! The hash of a row's keyfields: what makes two rows the same experiment.

use sha2::{Digest, Sha256};

use crate::Value;
use crate::spec::Column;

/// 128 bits of the canonical encoding of a row's keyfields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct KeyHash([u8; 16]);

impl KeyHash {
    /// Hashes the keyfields' values, which have been fitted to their columns.
    ///
    /// The encoding is tagged by type, length-prefixed and in the order of the names, so that neither the order of the
    /// declaration nor a value that looks like another changes it. `-0.0` counts as `0.0`. A value that is its column's
    /// default stays out, so that the rows before a keyfield was added keep their hashes.
    #[must_use]
    pub fn of(columns: &[Column], values: &[Value]) -> Self {
        let fields = columns.iter().zip(values);
        let mut fields: Vec<_> = fields.filter(|(column, value)| column.default.as_ref() != Some(*value)).collect();
        fields.sort_by(|(a, _), (b, _)| a.name.cmp(&b.name));
        let mut hasher = Sha256::new();
        for (column, value) in fields {
            part(&mut hasher, b'k', column.name.as_bytes());
            match value {
                Value::Null => part(&mut hasher, b'n', &[]),
                Value::Int(n) => part(&mut hasher, b'i', &n.to_be_bytes()),
                Value::UInt(n) => part(&mut hasher, b'u', &n.to_be_bytes()),
                Value::Float(x) => part(&mut hasher, b'f', &(x + 0.0).to_bits().to_be_bytes()),
                Value::Text(text) => part(&mut hasher, b't', text.as_bytes()),
                Value::Bytes(bytes) => part(&mut hasher, b'b', bytes),
            }
        }
        let digest = hasher.finalize();
        Self(std::array::from_fn(|i| digest[i]))
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    pub(crate) fn to_value(self) -> Value {
        Value::Bytes(self.0.to_vec())
    }

    /// A seed for the row's random numbers.
    #[must_use]
    pub fn seed(self) -> u64 {
        let [a, b, c, d, e, f, g, h, ..] = self.0;
        u64::from_be_bytes([a, b, c, d, e, f, g, h])
    }
}

fn part(hasher: &mut Sha256, tag: u8, bytes: &[u8]) {
    hasher.update([tag]);
    hasher.update((bytes.len() as u64).to_be_bytes());
    hasher.update(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(fields: &[(&str, Value)]) -> KeyHash {
        let columns: Vec<_> = fields.iter().map(|(name, _)| Column::new(name, "LONGTEXT").expect("a type")).collect();
        let values: Vec<_> = fields.iter().map(|(_, value)| value.clone()).collect();
        KeyHash::of(&columns, &values)
    }

    #[test]
    fn the_order_of_fields_does_not_matter_and_everything_else_does() {
        let one = hash(&[("a", 1_i64.into()), ("b", "x".into())]);
        assert_eq!(one, hash(&[("b", "x".into()), ("a", 1_i64.into())]));
        for other in [
            hash(&[("a", 1.0.into()), ("b", "x".into())]),
            hash(&[("a", "1".into()), ("b", "x".into())]),
            hash(&[("a", 1_i64.into()), ("b", Value::Null)]),
            hash(&[("a", 1_i64.into()), ("c", "x".into())]),
        ] {
            assert_ne!(one, other);
        }
        assert_eq!(hash(&[("a", 0.0.into())]), hash(&[("a", (-0.0).into())]));
    }

    #[test]
    fn a_default_stays_out() {
        let column = |name: &str| Column::new(name, "LONGTEXT").expect("a type");
        let before = KeyHash::of(&[column("seed")], &[3_i64.into()]);
        let after = [column("momentum").with_default(Value::Float(0.9)), column("seed")];
        assert_eq!(KeyHash::of(&after, &[0.9.into(), 3_i64.into()]), before);
        assert_ne!(KeyHash::of(&after, &[0.5.into(), 3_i64.into()]), before);
        assert_ne!(KeyHash::of(&after, &[Value::Null, 3_i64.into()]), before);
    }

    /// The hash is stored: a change of the encoding would orphan every row of every table.
    #[test]
    fn the_encoding_is_pinned() {
        let hash = hash(&[("seed", 3_i64.into()), ("c", 0.1.into()), ("kernel", "rbf".into()), ("note", Value::Null)]);
        assert_eq!(hash.to_value().to_string(), "fa617165865b3dea2a11d8f1fabd1c09");
    }
}
