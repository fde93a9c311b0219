//! The body of a message as signatures see it.
//!
//! mail-auth 0.13 makes two mistakes here. In its relaxed form a line of nothing but blanks at the end of
//! the body stays, though it is empty then and goes (RFC 6376 §3.4.4); and `l=` counts its octets before
//! the body is canonical (§3.7). Both would make good signatures fail, and by them good mail.

use mail_auth::{
    AuthenticatedMessage,
    common::{
        crypto::{HashAlgorithm, HashOutput},
        headers::{Writable, Writer},
    },
    dkim::Canonicalization,
};

/// What is hashed of a body, how, and what comes of it, as mail-auth keeps it.
pub(super) type BodyHash = (Canonicalization, HashAlgorithm, u64, Vec<u8>);

/// A body to be hashed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Body<'a> {
    octets: &'a [u8],
    canonicalization: Canonicalization,
    /// Octets of the canonical form that count.
    length: u64,
}

impl<'a> Body<'a> {
    pub(super) fn whole(octets: &'a [u8], canonicalization: Canonicalization) -> Self {
        Self { octets, canonicalization, length: u64::MAX }
    }

    fn hash(self, algorithm: HashAlgorithm) -> Vec<u8> {
        algorithm.hash(self).as_ref().to_vec()
    }
}

impl Writable for Body<'_> {
    fn write(self, writer: &mut impl Writer) {
        let octets = match self.canonicalization {
            Canonicalization::Relaxed => without_blank_end(self.octets),
            Canonicalization::Simple => self.octets,
        };
        let mut limited = Limited { writer, left: self.length };
        self.canonicalization.canonical_body(octets, 0).write(&mut limited);
    }
}

/// What is known of the whole body of a message, in relaxed form.
pub(super) fn relaxed(hash: &HashOutput) -> BodyHash {
    (Canonicalization::Relaxed, HashAlgorithm::Sha256, 0, hash.as_ref().to_vec())
}

/// SHA-256 of the whole body; made once for a message, if mail-auth made it already.
pub(super) fn whole_hash(
    message: &AuthenticatedMessage<'_>,
    canonicalization: Canonicalization,
) -> Vec<u8> {
    let wanted = (canonicalization, HashAlgorithm::Sha256, 0);
    let known = message.body_hashes.iter().find(|known| (known.0, known.1, known.2) == wanted);
    let hash = || Body::whole(message.raw_body(), canonicalization).hash(HashAlgorithm::Sha256);
    known.map_or_else(hash, |known| known.3.clone())
}

/// Hashes again what mail-auth hashes wrongly.
pub(super) fn mend(message: &mut AuthenticatedMessage<'_>) {
    let octets = message.raw_message.get(message.body_offset as usize..).unwrap_or_default();
    let ends_blank = ends_blank(octets);
    for (canonicalization, algorithm, length, hash) in &mut message.body_hashes {
        let is_relaxed = *canonicalization == Canonicalization::Relaxed;
        if *length > 0 || is_relaxed && ends_blank {
            // mail-auth knows no `l=0`.
            let length = if *length == 0 { u64::MAX } else { *length };
            *hash = Body { octets, canonicalization: *canonicalization, length }.hash(*algorithm);
        }
    }
}

/// Puts hashes that are known in the place of those that were made.
pub(super) fn reuse(message: &mut AuthenticatedMessage<'_>, known: &[BodyHash]) {
    for (canonicalization, algorithm, length, hash) in &mut message.body_hashes {
        let is_of = |known: &&BodyHash| {
            (known.0, known.1, known.2) == (*canonicalization, *algorithm, *length)
        };
        if let Some(known) = known.iter().find(is_of) {
            hash.clone_from(&known.3);
        }
    }
}

/// The body up to and with its last line that is not blank.
fn without_blank_end(body: &[u8]) -> &[u8] {
    let is_blank = |octet: &u8| matches!(octet, b' ' | b'\t' | b'\r' | b'\n');
    let Some(last) = body.iter().rposition(|octet| !is_blank(octet)) else { return b"" };
    let rest = body.get(last..).unwrap_or_default();
    let line = memchr::memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
    body.get(..last + line).unwrap_or(body)
}

/// Lines are at its end that relaxed form empties and mail-auth does not drop.
fn ends_blank(body: &[u8]) -> bool {
    let end = body.get(without_blank_end(body).len()..).unwrap_or_default();
    end.iter().any(|octet| matches!(octet, b' ' | b'\t'))
}

/// Takes so many octets and no more.
struct Limited<'w, W> {
    writer: &'w mut W,
    left: u64,
}

impl<W: Writer> Writer for Limited<'_, W> {
    fn write(&mut self, octets: &[u8]) {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(octets.len());
        self.left -= most as u64;
        self.writer.write(octets.get(..most).unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// RFC 6376 §3.4.3 and §3.4.4, word by word.
    fn by_the_book(body: &str, canonicalization: Canonicalization) -> String {
        let mut lines: Vec<String> = body.split("\r\n").map(str::to_owned).collect();
        if canonicalization == Canonicalization::Relaxed {
            for line in &mut lines {
                let words: Vec<&str> =
                    line.split([' ', '\t']).filter(|word| !word.is_empty()).collect();
                let indent = if line.starts_with([' ', '\t']) { " " } else { "" };
                *line = if words.is_empty() {
                    String::new()
                } else {
                    format!("{indent}{}", words.join(" "))
                };
            }
        }
        while lines.last().is_some_and(String::is_empty) {
            lines.pop();
        }
        let mut canonical: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
        if canonical.is_empty() && canonicalization == Canonicalization::Simple {
            canonical.push_str("\r\n");
        }
        canonical
    }

    fn written(body: Body<'_>) -> String {
        let mut text = Vec::new();
        body.write(&mut text);
        String::from_utf8(text).unwrap()
    }

    proptest! {
        #[test]
        fn canonical(parts in prop::collection::vec("\r\n|[ \t]|[a.]{1,3}", 0..24), length in 1_u64..40) {
            let body = parts.concat();
            let octets = body.as_bytes();
            for canonicalization in [Canonicalization::Relaxed, Canonicalization::Simple] {
                let whole = by_the_book(&body, canonicalization);
                let most = whole.len().min(usize::try_from(length).unwrap());
                let (cut, _) = whole.split_at(most);
                prop_assert_eq!(&written(Body::whole(octets, canonicalization)), &whole);
                prop_assert_eq!(written(Body { octets, canonicalization, length }), cut);
            }
        }

        #[test]
        fn mended(parts in prop::collection::vec("\r\n|[ \t]|[a.]{1,3}", 0..24), length in 0_usize..40) {
            let body = parts.concat();
            let signature = |canonicalization: &str, length: &str| format!(
                "DKIM-Signature: v=1; a=rsa-sha256; c=simple/{canonicalization}; d=a.test; s=s; h=From;{length} bh=AA==; b=AA==\r\n"
            );
            let l = if length == 0 { String::new() } else { format!(" l={length};") };
            let message = format!(
                "{}{}From: a@a.test\r\n\r\n{body}", signature("relaxed", &l), signature("simple", &l)
            );
            let mut parsed =
                AuthenticatedMessage::parse_with_opts(message.as_bytes(), None, false).unwrap();
            mend(&mut parsed);
            prop_assert_eq!(parsed.body_hashes.len(), 2);
            for (canonicalization, algorithm, _, hash) in &parsed.body_hashes {
                let whole = by_the_book(&body, *canonicalization);
                let most = if length == 0 { whole.len() } else { length.min(whole.len()) };
                let right = algorithm.hash(&whole.as_bytes()[..most]);
                prop_assert_eq!(&hash[..], right.as_ref());
            }
        }
    }
}
