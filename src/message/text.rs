use bytes::Bytes;
use sha2::{Digest, Sha256};
use std::{ops::Range, sync::Arc, sync::OnceLock};

/// A message in the form in which it leaves: fields of ours, then the octets of its source, of which one field may be
/// replaced. All forms of a message share the source, so a form costs no more than what is its own.
#[derive(Debug, Clone)]
pub struct Text {
    /// Header fields of ours, whole lines.
    pub prefix: Bytes,
    /// The field that is replaced.
    pub change: Option<Change>,
    /// The message as it came.
    pub source: Arc<Source>,
}

/// Octets that stand in the place of others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The place of the others in the source: whole lines.
    pub at: Range<usize>,
    /// Whole lines.
    pub with: Bytes,
}

impl Change {
    /// This change of `source` and another behind it, as one; `None` where the other is not behind it.
    pub fn and(self, behind: Self, source: &[u8]) -> Option<Self> {
        let between = source.get(self.at.end..behind.at.start)?;
        let with = [&self.with[..], between, &behind.with].concat();
        Some(Self { at: self.at.start..behind.at.end, with: with.into() })
    }

    /// Two changes of `source` as one, in whatever order they stand.
    pub fn both(one: Self, other: Self, source: &[u8]) -> Option<Self> {
        match one.at.start <= other.at.start {
            true => one.and(other, source),
            false => other.and(one, source),
        }
    }
}

/// The octets of a message as it came: whole lines, or none.
#[derive(Debug, Default)]
pub struct Source {
    octets: Bytes,
    digest: OnceLock<[u8; 32]>,
    has_whole_lines: OnceLock<bool>,
}

impl Text {
    /// The source behind `prefix`, with nothing replaced.
    pub fn new(prefix: impl Into<Bytes>, source: impl Into<Arc<Source>>) -> Self {
        Self { prefix: prefix.into(), change: None, source: source.into() }
    }

    /// What is sent, in a row: slices of whole lines, some of them empty.
    pub fn pieces(&self) -> [&[u8]; 4] {
        let source = self.source.octets();
        let Some(Change { at, with }) = &self.change else {
            return [&self.prefix, b"", b"", source];
        };
        let before = source.get(..at.start).unwrap_or_default();
        let after = source.get(at.end..).unwrap_or_default();
        [&self.prefix, before, with, after]
    }

    /// Octets of all pieces.
    pub fn octets(&self) -> u64 {
        self.pieces().iter().map(|piece| piece.len() as u64).sum()
    }

    /// Octets that no other form of the message has.
    pub fn own_octets(&self) -> u64 {
        let with = self.change.as_ref().map_or(0, |change| change.with.len());
        (self.prefix.len() + with) as u64
    }

    /// True when all line ends are CRLF and no line of a piece is unfinished: only then is the end of data, as a
    /// lenient peer may see it, where it was put.
    pub fn has_whole_lines(&self) -> bool {
        let [prefix, before, with, _] = self.pieces();
        let at = self.change.as_ref().map_or(0..0, |change| change.at.clone());
        let changed = self.source.octets().get(at);
        self.source.has_whole_lines()
            && has_whole_lines(prefix)
            && has_whole_lines(with)
            && [before, changed.unwrap_or_default()].iter().all(|part| ends_a_line(part))
    }

    /// The pieces as one.
    pub fn to_vec(&self) -> Vec<u8> {
        self.pieces().concat()
    }
}

impl Source {
    fn has_whole_lines(&self) -> bool {
        *self.has_whole_lines.get_or_init(|| has_whole_lines(&self.octets))
    }

    /// The octets.
    pub fn octets(&self) -> &Bytes {
        &self.octets
    }

    /// SHA-256 of the octets, computed once.
    pub fn digest(&self) -> &[u8; 32] {
        self.digest.get_or_init(|| Sha256::digest(&self.octets).into())
    }
}

impl From<Bytes> for Source {
    fn from(octets: Bytes) -> Self {
        Self { octets, ..Self::default() }
    }
}

impl From<Vec<u8>> for Source {
    fn from(octets: Vec<u8>) -> Self {
        Bytes::from(octets).into()
    }
}

fn ends_a_line(text: &[u8]) -> bool {
    text.last().is_none_or(|last| *last == b'\n')
}

fn has_whole_lines(text: &[u8]) -> bool {
    let mut after = 0;
    for lf in memchr::memchr_iter(b'\n', text) {
        let line = text.get(after..lf).unwrap_or_default();
        let Some((b'\r', inside)) = line.split_last() else { return false };
        if memchr::memchr(b'\r', inside).is_some() {
            return false;
        }
        after = lf + 1;
    }
    after == text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_lines() {
        let in_each_place = |text: &'static str| {
            let whole = || Source::from(b"A: 1\r\nB: 2\r\n\r\n".to_vec());
            let change = Change { at: 6..12, with: text.into() };
            [
                Text::new(text, whole()),
                Text::new("", Source::from(text.as_bytes().to_vec())),
                Text { change: Some(change), ..Text::new("", whole()) },
            ]
        };
        for text in ["", "\r\n", "a\r\n", "a\r\n\r\n.\r\nb\r\n"] {
            assert!(in_each_place(text).iter().all(Text::has_whole_lines), "{text:?}");
        }
        for text in
            ["a", "\n", "\r", "a\n", "a\r", "a\r\nb", "a\rb\r\n", "a\r\r\n", "a\r\n\n", "\n\r\n"]
        {
            assert!(!in_each_place(text).iter().any(Text::has_whole_lines), "{text:?}");
        }
        for at in [5..12, 6..11, 0..4] {
            let text = Text::new("", Source::from(b"A: 1\r\nB: 2\r\n\r\n".to_vec()));
            let change = Some(Change { at: at.clone(), with: "C\r\n".into() });
            assert!(!Text { change, ..text }.has_whole_lines(), "{at:?}");
        }
    }

    #[test]
    fn forms_share_their_source() {
        let source = Arc::new(Source::from(b"A: 1\r\nFrom: a\r\n\r\nbody\r\n".to_vec()));
        let plain = Text::new("X: 1\r\n", Arc::clone(&source));
        let change = Change { at: 6..15, with: "From: bb\r\n".into() };
        let changed = Text { change: Some(change), ..plain.clone() };
        assert_eq!(plain.to_vec(), b"X: 1\r\nA: 1\r\nFrom: a\r\n\r\nbody\r\n");
        assert_eq!(changed.to_vec(), b"X: 1\r\nA: 1\r\nFrom: bb\r\n\r\nbody\r\n");
        for text in [plain, changed] {
            assert_eq!(text.octets(), text.to_vec().len() as u64);
            let [.., last] = text.pieces();
            let end = source.octets().as_ptr_range().end;
            assert_eq!(last.as_ptr_range().end, end, "not a copy");
        }
    }
}
