//! The policy delegation protocol of Postfix (SMTPD_POLICY_README): lines of `name=value` up to an empty
//! one, answered by `action=…` and an empty line.

use crate::reply::Reply;

/// Longest request in octets; Postfix sends about two dozen attributes.
pub const MAX_REQUEST: usize = 64 << 10;

/// What comes of the octets at the start of a connection, or behind the last request.
#[derive(Debug, PartialEq, Eq)]
pub enum Parsed<'a> {
    /// More is needed.
    Partial,
    /// A question, and how many octets it took.
    Question(Question<'a>, usize),
    /// No request: there is an end of the connection.
    Broken,
}

/// What of a request matters to us. Attributes that are not there are empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Question<'a> {
    /// At which command: `RCPT`, `DATA` or `END-OF-MESSAGE`. Behind `RCPT` a recipient is told only where it is
    /// the only one.
    pub protocol_state: &'a [u8],
    /// Postfix's name for the transaction.
    pub instance: &'a [u8],
    /// The address of the client.
    pub client_address: &'a [u8],
    /// The reverse-path without brackets; empty for a null one.
    pub sender: &'a [u8],
    /// The recipient without brackets.
    pub recipient: &'a [u8],
}

/// Reads the next request.
pub fn parse(input: &[u8]) -> Parsed<'_> {
    let mut question = Question::default();
    let mut at = 0;
    loop {
        let rest = input.get(at..).unwrap_or_default();
        let Some(end) = memchr::memchr(b'\n', rest) else {
            return if input.len() < MAX_REQUEST { Parsed::Partial } else { Parsed::Broken };
        };
        let line = rest.get(..end).unwrap_or_default();
        at += end + 1;
        if at > MAX_REQUEST {
            return Parsed::Broken;
        }
        if line.is_empty() {
            return Parsed::Question(question, at);
        }
        let Some(equals) = memchr::memchr(b'=', line) else { return Parsed::Broken };
        let (name, value) = line.split_at_checked(equals).unwrap_or_default();
        let value = value.get(1..).unwrap_or_default();
        match name {
            b"protocol_state" => question.protocol_state = value,
            b"instance" => question.instance = value,
            b"client_address" => question.client_address = value,
            b"sender" => question.sender = value,
            b"recipient" => question.recipient = value,
            _ => {}
        }
    }
}

/// Appends the answer: `None` leaves the decision to the rules behind this one.
pub fn answer(refusal: Option<&Reply>, out: &mut Vec<u8>) {
    match refusal {
        None => out.extend_from_slice(b"action=DUNNO\n\n"),
        Some(reply) => out.extend_from_slice(format!("action={reply}\n\n").as_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn requests() {
        let text =
            b"request=smtpd_access_policy\nprotocol_state=RCPT\nsender=\nrecipient=a=b@c.d\n\nx";
        let question =
            Question { protocol_state: b"RCPT", recipient: b"a=b@c.d", ..Question::default() };
        assert_eq!(parse(text), Parsed::Question(question, text.len() - 1));
        assert_eq!(parse(b"\n"), Parsed::Question(Question::default(), 1));
        assert_eq!(parse(&text[..30]), Parsed::Partial);
        assert_eq!(parse(b"what is this\n"), Parsed::Broken);
        assert_eq!(parse(&b"a=b\n".repeat(MAX_REQUEST)), Parsed::Broken);
        assert_eq!(parse(&[b'a'; MAX_REQUEST]), Parsed::Broken);
    }

    #[test]
    fn answers() {
        let mut out = Vec::new();
        answer(None, &mut out);
        answer(Some(&Reply::srs_expired()), &mut out);
        assert_eq!(out, b"action=DUNNO\n\naction=550 5.7.1 SRS address has expired\n\n");
    }

    proptest! {
        #[test]
        fn any_octets(octets in "[a-z=\n]{0,40}") {
            if let Parsed::Question(_, taken) = parse(octets.as_bytes()) {
                prop_assert!(taken <= octets.len());
            }
        }
    }
}
