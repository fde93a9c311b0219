use super::Header;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Name of the field that carries our loop tokens.
pub const LOOP_FIELD: &str = "X-Onward-Loop";

/// Marks a message as forwarded for one recipient. Seen again on arrival for the same recipient, the
/// message has come round in a circle; for another recipient it is only on its way.
///
/// It is keyed, so that the destination does not learn from it under which address the mail came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoopToken(String);

impl LoopToken {
    /// The token for `recipient`, the look-up key of the forward-path.
    pub fn new(secret: &[u8], recipient: &str) -> Self {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) else {
            // HMAC takes keys of any length.
            return Self(String::new());
        };
        mac.update(b"onward loop\0");
        mac.update(recipient.as_bytes());
        let digest = mac.finalize().into_bytes();
        let (short, _) = digest.split_at_checked(10).unwrap_or((&digest, &[]));
        Self(base32::encode(base32::Alphabet::Crockford, short))
    }

    /// The token as it stands in the field.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// True when `header` has this token in one of its loop fields.
    pub fn is_in(&self, header: &Header<'_>) -> bool {
        header.named(LOOP_FIELD).any(|field| field.value.trim_ascii() == self.0.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn found_only_for_the_same_recipient_and_secret() {
        let token = LoopToken::new(b"secret", "hello@example.org");
        let message = format!("A: b\r\nx-onward-loop: {}\r\n\r\n", token.as_str());
        let header = Header::scan(message.as_bytes());
        assert!(token.is_in(&header));
        assert!(!LoopToken::new(b"secret", "other@example.org").is_in(&header));
        assert!(!LoopToken::new(b"other", "hello@example.org").is_in(&header));
    }
}
