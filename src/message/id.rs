use crate::time::Millis;
use std::fmt;

/// Names one message in replies, trace fields, log and journal. Sorts by time of arrival.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MessageId([u8; 10]);

impl MessageId {
    /// Of `now` 48 bits are kept; `random` tells apart what came in the same millisecond, on this node or
    /// another.
    pub fn new(now: Millis, random: [u8; 4]) -> Self {
        let mut bytes = [0; 10];
        let [_, _, time @ ..] = now.as_millis().to_be_bytes();
        for (slot, byte) in bytes.iter_mut().zip(time.into_iter().chain(random)) {
            *slot = byte;
        }
        Self(bytes)
    }
}

/// Sixteen characters that need no quoting anywhere.
impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&base32::encode(base32::Alphabet::Crockford, &self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorts_by_time() {
        let id = |ms, last| MessageId::new(Millis::new(ms), [9, 9, 9, last]).to_string();
        assert_eq!(id(1_795_420_800_000, 1).len(), 16);
        assert!(id(1_795_420_800_000, 9) < id(1_795_420_800_001, 0));
        assert_ne!(id(5, 0), id(5, 1));
    }
}
