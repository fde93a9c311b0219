//! A message as the verifiers see it: without what would cost more to check than it can be worth.
//!
//! Verifying a signature takes time in proportion to the names in its `h=` times the fields of the
//! message, and all signatures and seals of a message are a stranger's to choose.

use super::body;
use crate::message::Header;
use mail_auth::AuthenticatedMessage;

/// DKIM signatures that are looked at, from the top.
const MAX_SIGNATURES: usize = 10;
/// Longest field of a signature or an ARC set, in octets.
pub(super) const MAX_FIELD: usize = 8 << 10;
/// Fields of a message whose signatures are looked at.
pub(super) const MAX_FIELDS: usize = 2000;

/// A message, and what of its header section is looked at.
#[derive(Debug)]
pub(super) struct View<'a> {
    message: &'a [u8],
    /// Our fields before it.
    prefix: &'a [u8],
    /// The fields that are looked at, with `prefix`, and what follows the section; `None`: all of it.
    cut: Option<(Vec<u8>, &'a [u8])>,
}

impl<'a> View<'a> {
    /// The view of a message with this header section, behind fields of ours.
    pub(super) fn of(prefix: &'a [u8], header: &Header<'a>, message: &'a [u8]) -> Self {
        Self { message, prefix, cut: cut(prefix, header, message) }
    }

    /// Reads it and computes the hashes of its body that signatures speak of.
    pub(super) fn parse(&self) -> Option<AuthenticatedMessage<'_>> {
        let mut message = match &self.cut {
            Some((fields, rest)) => {
                AuthenticatedMessage::parse_with_opts(rest, Some(fields), false)
            }
            None if self.prefix.is_empty() => {
                AuthenticatedMessage::parse_with_opts(self.message, None, false)
            }
            None => AuthenticatedMessage::parse_with_opts(self.message, Some(self.prefix), false),
        }?;
        body::mend(&mut message);
        Some(message)
    }
}

fn cut<'a>(prefix: &[u8], header: &Header<'a>, message: &'a [u8]) -> Option<(Vec<u8>, &'a [u8])> {
    let is = |name: &[u8], wanted: &str| name.eq_ignore_ascii_case(wanted.as_bytes());
    let is_signature = |name: &[u8]| is(name, "DKIM-Signature");
    let is_arc = |name: &[u8]| {
        ["ARC-Seal", "ARC-Message-Signature", "ARC-Authentication-Results"]
            .iter()
            .any(|arc| is(name, arc))
    };
    let rest = message.get(header.bytes().len()..).unwrap_or_default();
    let fields = header.fields();
    let is_hopeless = fields.len() > MAX_FIELDS;
    let mut signatures = 0;
    let mut keeps = |name: &[u8], value: &[u8]| {
        signatures += usize::from(is_signature(name));
        let is_costly = is_hopeless || value.len() > MAX_FIELD;
        let is_checked = is_signature(name) || is_arc(name);
        !(is_checked && is_costly || is_signature(name) && signatures > MAX_SIGNATURES)
    };
    let kept: Vec<bool> = fields.iter().map(|field| keeps(field.name, field.value)).collect();
    if kept.iter().all(|kept| *kept) {
        return None;
    }
    let mut cut = prefix.to_vec();
    for (field, _) in fields.iter().zip(kept).filter(|(_, kept)| *kept) {
        // Of a section that is beyond reason only the author counts.
        if !is_hopeless || is(field.name, "From") {
            cut.extend([field.name, b":", field.value].concat());
        }
    }
    // A section that ends without an empty line has a body that others see differently.
    Some((cut, if rest.starts_with(b"\r\n") { rest } else { b"\r\n" }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_looked_at_is_bounded() {
        let signature = |name: &str, filling: usize| {
            format!(
                "{name}: v=1; a=rsa-sha256; d=a.test; s=s; h=From; bh=AA==; b={}\r\n",
                "A".repeat(filling)
            )
        };
        let seen = |fields: &str| {
            let message = format!("{fields}From: a@a.test\r\n\r\nbody\r\n");
            let header = Header::scan(message.as_bytes());
            let view = View::of(b"Received: us\r\n", &header, message.as_bytes());
            let parsed = view.parse().unwrap();
            assert_eq!(parsed.froms(), ["a@a.test"]);
            assert_eq!(parsed.raw_body(), b"body\r\n");
            parsed.dkim_headers.len()
        };
        assert_eq!(seen(&signature("DKIM-Signature", 4).repeat(10)), 10);
        assert_eq!(seen(&signature("dkim-signature", 4).repeat(1000)), 10);
        assert_eq!(seen(&signature("DKIM-Signature", MAX_FIELD)), 0);
        let many = "X: 1\r\n".repeat(MAX_FIELDS);
        assert_eq!(seen(&(many + &signature("DKIM-Signature", 4))), 0);
    }
}
