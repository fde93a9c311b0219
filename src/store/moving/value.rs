//! Rows as both sides have them.

use sha2::{Digest, Sha256};
use std::fmt;

/// What a column holds. In the order of both sides: numbers by size, texts and octets by their octets.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::store) enum Value {
    Null,
    /// A number, or whether something is so.
    Integer(i64),
    Text(String),
    Octets(Vec<u8>),
}

/// A text as both sides can have it: there is no NUL in one of PostgreSQL.
pub(in crate::store) fn clean(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// The columns of a row, or those of its key.
pub(in crate::store) type Row = Vec<Value>;

/// How many rows there are, and what they hold, in whatever order they come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sum {
    /// How many.
    pub rows: u64,
    checksum: [u64; 4],
}

impl Sum {
    pub(in crate::store) fn add(&mut self, row: &[Value]) {
        let mut hash = Sha256::new();
        for value in row {
            let (kind, octets): (u8, &[u8]) = match value {
                Value::Null => (0, &[]),
                Value::Integer(number) => (1, &number.to_be_bytes()),
                Value::Text(text) => (2, text.as_bytes()),
                Value::Octets(octets) => (3, octets),
            };
            hash.update([kind]);
            hash.update((octets.len() as u64).to_be_bytes());
            hash.update(octets);
        }
        self.rows += 1;
        let hash = hash.finalize();
        for (sum, part) in self.checksum.iter_mut().zip(hash.chunks_exact(8)) {
            let part = part.iter().fold(0, |part, octet| part << 8 | u64::from(*octet));
            *sum = sum.wrapping_add(part);
        }
    }
}

/// The checksum, in hexadecimal digits.
impl fmt::Display for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.checksum.iter().try_for_each(|part| write!(f, "{part:016x}"))
    }
}

/// Octets that a row takes in memory, about.
pub(super) fn octets(row: &[Value]) -> usize {
    let of = |value: &Value| match value {
        Value::Null | Value::Integer(_) => 0,
        Value::Text(text) => text.len(),
        Value::Octets(octets) => octets.len(),
    };
    row.iter().map(|value| size_of::<Value>() + of(value)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_knows_rows_and_columns_apart_but_no_order() {
        let text = |text: &str| Value::Text(text.into());
        let sum = |rows: &[Row]| {
            let mut sum = Sum::default();
            rows.iter().for_each(|row| sum.add(row));
            sum
        };
        let (a, b) = (vec![text("a"), Value::Null], vec![text(""), text("a")]);
        assert_eq!(sum(&[a.clone(), b.clone()]), sum(&[b.clone(), a.clone()]));
        assert_ne!(sum(std::slice::from_ref(&a)), sum(std::slice::from_ref(&b)));
        assert_ne!(sum(std::slice::from_ref(&a)), sum(&[a.clone(), a.clone()]));
        assert_ne!(sum(&[vec![text("ab"), text("")]]), sum(&[vec![text("a"), text("b")]]));
        assert_ne!(sum(&[vec![Value::Octets(b"a".to_vec())]]), sum(&[vec![text("a")]]));
        assert_eq!(sum(&[a]).to_string().len(), 64);
    }
}
