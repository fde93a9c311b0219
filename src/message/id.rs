use super::crockford::Crockford;
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

    /// Reads what is printed below; nothing else is an id.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = base32::decode(base32::Alphabet::Crockford, text)?;
        let id = Self(bytes.try_into().ok()?);
        (id.to_string() == text).then_some(id)
    }

    /// When the message came.
    pub fn time(self) -> Millis {
        let [a, b, c, d, e, f, ..] = self.0;
        Millis::new(u64::from_be_bytes([0, 0, a, b, c, d, e, f]))
    }
}

/// Sixteen characters that need no quoting anywhere.
impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Crockford::of(&self.0).as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorts_by_time() {
        let id = |ms, last| MessageId::new(Millis::new(ms), [9, 9, 9, last]).to_string();
        assert_eq!(id(1_795_420_800_000, 1).len(), 16);
        let read = MessageId::parse(&id(1_795_420_800_000, 1)).unwrap();
        assert_eq!(read.time(), Millis::new(1_795_420_800_000));
        for bad in [
            "",
            "0",
            &id(1, 1).to_lowercase().replace('0', "o"),
            &(id(1, 1) + "0"),
            "000000000000000\u{e9}",
        ] {
            assert_eq!(MessageId::parse(bad), None, "{bad}");
        }
        for random in [[0; 4], [255; 4], [1, 2, 3, 4]] {
            let id = MessageId::new(Millis::new(1_795_420_800_000), random);
            assert_eq!(id.to_string(), base32::encode(base32::Alphabet::Crockford, &id.0));
        }
        assert!(id(1_795_420_800_000, 9) < id(1_795_420_800_001, 0));
        assert_ne!(id(5, 0), id(5, 1));
    }
}
