use super::Header;
use std::collections::HashSet;

/// Name of the field that carries our loop tokens.
pub const LOOP_FIELD: &str = "X-Onward-Loop";

/// Marks a message as forwarded for one recipient. Seen again on arrival for the same recipient, the
/// message has come round in a circle; for another recipient it is only on its way.
///
/// The token is keyed, so that the destination does not learn from it under which address the mail came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoopToken(String);

impl LoopToken {
    /// Keeps the digests of tokens apart from others made with the same secrets.
    pub const PURPOSE: &'static str = "loop";

    /// The token for a recipient: `digest` is that of its look-up key under a secret of ours.
    pub fn new(digest: [u8; 32]) -> Self {
        let (short, _) = digest.split_at_checked(10).unwrap_or((&digest, &[]));
        Self(base32::encode(base32::Alphabet::Crockford, short))
    }

    /// The token as it stands in the field.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What the loop fields of a message hold, our tokens and others. Collected once, as there may be many
/// fields and many recipients to look for.
#[derive(Debug)]
pub struct LoopMarks<'a>(HashSet<&'a [u8]>);

impl<'a> LoopMarks<'a> {
    /// The marks of a message with this header section.
    pub fn of(header: &Header<'a>) -> Self {
        Self(header.named(LOOP_FIELD).map(|field| field.value.trim_ascii()).collect())
    }

    /// True when `token` is among them.
    pub fn contains(&self, token: &LoopToken) -> bool {
        self.0.contains(token.as_str().as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn found_only_where_it_stands() {
        let marks = |message: &str, token: &LoopToken| {
            LoopMarks::of(&Header::scan(message.as_bytes())).contains(token)
        };
        let token = LoopToken::new([7; 32]);
        let message = format!("A: b\r\nx-onward-loop: {}\r\n\r\n", token.as_str());
        assert!(marks(&message, &token));
        assert!(!marks(&message, &LoopToken::new([8; 32])));
        let quoted = format!("A: b\r\n\r\nX-Onward-Loop: {}\r\n", token.as_str());
        assert!(!marks(&quoted, &token), "a bounce quotes it in its body");
    }
}
