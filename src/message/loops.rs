use super::{Header, crockford::Crockford};
use crate::address::ForwardPath;
use std::collections::HashSet;

/// Name of the field that carries our loop tokens.
pub const LOOP_FIELD: &str = "X-Onward-Loop";
/// Name of the field that says to which alias a mail was addressed (RFC 9228).
pub const DELIVERED_FIELD: &str = "Delivered-To";

/// Delivered-To fields that are looked at; a message over the limit of Received fields is refused before.
const MAX_DELIVERED: usize = 1000;

/// Marks a message as forwarded for one recipient. Seen again on arrival for the same recipient, the
/// message has come round in a circle; for another recipient it is only on its way.
///
/// The token is keyed, so that the destination does not learn from it under which address the mail came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoopToken(Crockford);

impl LoopToken {
    /// Keeps the digests of tokens apart from others made with the same secrets.
    pub const PURPOSE: &'static str = "loop";

    /// The token for a recipient: `digest` is that of its look-up key under a secret of ours.
    pub fn new(digest: [u8; 32]) -> Self {
        let (short, _) = digest.split_first_chunk().unwrap_or((&[0; 10], &[]));
        Self(Crockford::of(short))
    }

    /// The token as it stands in the field.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

/// What the loop fields of a message hold, our tokens and others. Collected once, as there may be many
/// fields and many recipients to look for.
#[derive(Debug)]
pub struct LoopMarks<'a> {
    tokens: HashSet<&'a [u8]>,
    /// The keys of the addresses to which the message was delivered.
    delivered_to: HashSet<String>,
}

impl<'a> LoopMarks<'a> {
    /// The marks of a message with this header section.
    pub fn of(header: &Header<'a>) -> Self {
        let tokens = header.named(LOOP_FIELD).map(|field| field.value.trim_ascii());
        let delivered = header.named(DELIVERED_FIELD).take(MAX_DELIVERED);
        Self {
            tokens: tokens.collect(),
            delivered_to: delivered.filter_map(|field| key_of(field.value)).collect(),
        }
    }

    /// True when `token` is among them.
    pub fn contains(&self, token: &LoopToken) -> bool {
        self.tokens.contains(token.as_str().as_bytes())
    }

    /// True when a Delivered-To field names the recipient with this key.
    pub fn was_delivered_to(&self, key: &str) -> bool {
        self.delivered_to.contains(key)
    }
}

/// The look-up key of the address that a Delivered-To field holds, with angle brackets or without.
fn key_of(value: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(value).ok()?.trim();
    let bare = text.strip_prefix('<').and_then(|text| text.strip_suffix('>')).unwrap_or(text);
    ForwardPath::from_bare(bare).ok().map(|path| path.key())
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
    #[test]
    fn an_address_is_the_same_however_it_is_written() {
        let marks = |message: &str| {
            let header = Header::scan(message.as_bytes());
            LoopMarks::of(&header).was_delivered_to("hello@example.org")
        };
        for loops in [
            "hello@example.org",
            "<Hello@EXAMPLE.org>",
            " \"hello\"@example.org\t",
            "\r\n hello@example.org",
        ] {
            assert!(marks(&format!("delivered-TO:{loops}\r\n\r\n")), "{loops:?}");
        }
        for passes in [
            "",
            "bob@sink.test",
            "hello+a@example.org",
            "hello@example.org.test",
            "x hello@example.org",
            "<<>",
        ] {
            assert!(!marks(&format!("Delivered-To: {passes}\r\n\r\n")), "{passes:?}");
        }
        assert!(!marks("To: x\r\n\r\nDelivered-To: hello@example.org\r\n"));
    }
}
