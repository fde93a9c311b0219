use super::{Header, MessageId};
use crate::address::Mailbox;
use data_encoding::BASE64_NOPAD;
use sha2::{Digest, Sha256};
use std::{collections::HashSet, fmt::Write};

/// Name of the field that carries our seal.
pub const SEAL_FIELD: &str = "X-Onward-Seal";

/// Says who sent a message and which header fields it had when it came, in marks that only we can make.
///
/// A bounce brings header fields back that anybody may have written: the seal tells those of the author from
/// those of others, whatever was put above, below or between them on the way. Each field has a mark of its own,
/// so one that is lost or changed costs no other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seal(Vec<u8>);

/// Fields that have a mark. Those below go out as they came and do not come back.
const MAX_FIELDS: usize = 128;
/// Octets of the mark that names message and author.
const NAME: usize = 8;
/// Octets of the mark of a field. Who guesses it has some hundred tries an hour.
const MARK: usize = 4;
/// Characters on a line, and the octets that they stand for: whole groups of base64.
const WIDTH: usize = 60;
const LINE: usize = WIDTH / 4 * 3;
/// Seals in one message that are looked at: one a passage through here.
const MAX_SEALS: usize = 8;

/// What opens the seal of one message of one author, under one secret.
#[derive(Clone)]
pub struct SealKey([u8; 32]);

impl SealKey {
    /// Keeps the digests of seals apart from others made with the same secrets.
    pub const PURPOSE: &'static str = "seal";

    /// The key made of a digest of what [`SealKey::subject`] says.
    pub fn new(digest: [u8; 32]) -> Self {
        Self(digest)
    }

    /// What the key is a digest of: the id of a message, and its reverse-path without regard to case.
    pub fn subject(id: MessageId, author: &Mailbox) -> String {
        let (local, domain) = (author.local().key(), author.domain().key());
        let mut subject = String::with_capacity(32 + local.len() + domain.len());
        // Writing to a String cannot fail.
        let _ = write!(subject, "{id} {local}@{domain}");
        subject
    }

    fn digest(&self, name: &[u8], value: &[u8]) -> [u8; 32] {
        // Cut to a few octets, it gives away nothing of the state that an extension would need. White space
        // and case of the name are left out: gateways fold fields anew.
        let mut hash = Sha256::new().chain_update(self.0);
        for byte in name {
            hash.update([byte.to_ascii_lowercase()]);
        }
        hash.update(b":");
        for word in value.split(u8::is_ascii_whitespace) {
            hash.update(word);
        }
        hash.finalize().into()
    }

    fn name(&self) -> [u8; NAME] {
        first(&self.digest(b"", b""))
    }

    fn mark(&self, name: &[u8], value: &[u8]) -> [u8; MARK] {
        first(&self.digest(name, value))
    }
}

fn first<const N: usize>(digest: &[u8; 32]) -> [u8; N] {
    digest.first_chunk().copied().unwrap_or([0; N])
}

impl Seal {
    /// The seal under `key` of a message with this header section.
    pub fn new(key: &SealKey, header: &Header<'_>) -> Self {
        let fields = header.fields();
        let mut marks = Vec::with_capacity(NAME + MARK * fields.len().min(MAX_FIELDS));
        marks.extend(key.name());
        for field in fields.iter().take(MAX_FIELDS) {
            marks.extend(key.mark(field.name, field.value));
        }
        Self(marks)
    }

    /// The field, folded, with its line end.
    pub fn field(&self) -> String {
        let lines = self.0.len().div_ceil(LINE);
        let mut text = String::with_capacity(SEAL_FIELD.len() + 1 + lines * (WIDTH + 3));
        text.push_str(SEAL_FIELD);
        text.push(':');
        for line in self.0.chunks(LINE) {
            text.push(' ');
            BASE64_NOPAD.encode_append(line, &mut text);
            text.push_str("\r\n");
        }
        text
    }
}

/// A seal of ours that was found in a header section, and the key that opens it.
pub struct Opened {
    key: SealKey,
    marks: HashSet<[u8; MARK]>,
}

impl Opened {
    /// The seal in `header` that one of `keys` opens.
    pub fn find(header: &Header<'_>, keys: impl IntoIterator<Item = SealKey>) -> Option<Self> {
        let decoded = |value: &[u8]| {
            let text: Vec<u8> =
                value.iter().copied().filter(|b| !b.is_ascii_whitespace()).collect();
            // What is longer than ours is none.
            let fits = text.len() <= (NAME + MAX_FIELDS * MARK).div_ceil(3) * 4;
            fits.then(|| BASE64_NOPAD.decode(&text).ok()).flatten()
        };
        let seals = header.named(SEAL_FIELD).take(MAX_SEALS);
        let seals: Vec<Vec<u8>> = seals.filter_map(|field| decoded(field.value)).collect();
        keys.into_iter().find_map(|key| {
            let seal = seals.iter().find_map(|seal| seal.strip_prefix(&key.name()))?;
            let marks = seal.as_chunks().0.iter().copied().collect();
            Some(Self { key, marks })
        })
    }

    /// Those fields of `header` that the message had when it came, as they stand there. A field that munging has
    /// moved counts too. Each mark is good once.
    pub fn author_fields(mut self, header: &Header<'_>) -> Vec<u8> {
        let mut kept = Vec::new();
        for field in header.fields() {
            let name = match field.name {
                moved if moved.eq_ignore_ascii_case(b"X-Original-From") => &b"From"[..],
                name => name,
            };
            let is_known = |name: &&[u8]| self.marks.remove(&self.key.mark(name, field.value));
            if let Some(name) = [field.name, name].into_iter().find(is_known) {
                kept.extend_from_slice(name);
                kept.push(b':');
                kept.extend_from_slice(field.value);
            }
        }
        kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CAME: &str = "Received: from a\r\n\tby b\r\nFrom: Ann <ann@a.test>\r\nSubject: one two\r\nTo: x@y.test\r\n";

    fn key(n: u8) -> SealKey {
        SealKey::new([n; 32])
    }

    fn sealed(below: &str) -> String {
        Seal::new(&key(1), &Header::scan(CAME.as_bytes())).field() + below
    }

    fn back(message: &str, keys: &[u8]) -> Option<String> {
        let header = Header::scan(message.as_bytes());
        let opened = Opened::find(&header, keys.iter().copied().map(key))?;
        Some(String::from_utf8(opened.author_fields(&header)).unwrap())
    }

    #[test]
    fn what_came_comes_back_and_nothing_else() {
        let hostile = format!(
            "Received: from mailbox.test\r\nSubject: buy\r\n{}X-Spam: buy\r\nSubject: one two\r\n",
            sealed(CAME)
        );
        assert_eq!(back(&hostile, &[2, 1]).unwrap(), CAME);
        assert_eq!(back(&hostile, &[2]), None, "another message, author or secret");
        assert_eq!(back(CAME, &[1]), None, "no seal");
    }

    #[test]
    fn gateways_fold_anew_reorder_and_drop() {
        let below = "SUBJECT:one\r\n two\r\nReceived: from a by b\r\nTo: changed@y.test\r\n";
        assert_eq!(
            back(&sealed(below).replace("\r\n ", "\r\n\t"), &[1]).unwrap(),
            "SUBJECT:one\r\n\ttwo\r\nReceived: from a by b\r\n"
        );
    }

    #[test]
    fn a_munged_from_comes_back_as_it_was() {
        let below = "X-Original-From: Ann <ann@a.test>\r\nFrom: Ann via h <h@e.test>\r\n";
        assert_eq!(back(&sealed(below), &[1]).unwrap(), "From: Ann <ann@a.test>\r\n");
    }

    #[test]
    fn seals_are_bounded() {
        let many = "A: b\r\n".repeat(5000);
        let field = Seal::new(&key(1), &Header::scan(many.as_bytes())).field();
        assert!(field.len() < 800 && field.lines().all(|line| line.len() <= 78), "{field}");
        assert_eq!(back(&(field + &many), &[1]).unwrap(), "A: b\r\n");
        let empty = Seal::new(&key(1), &Header::scan(b"")).field();
        assert_eq!(back(&empty, &[1]).unwrap(), "");
        for bad in ["", "AAAA", "!", &"A".repeat(100_000)] {
            assert_eq!(back(&format!("{SEAL_FIELD}: {bad}\r\n"), &[1]), None);
        }
    }
}
