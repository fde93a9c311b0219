//! Command lines out of a byte stream (RFC 5321 §2.3.8).
//!
//! A line ends in CRLF, and only one that is clean text is handed on. What stands behind a bare LF is
//! nobody's command: for a client that sent it within a line, it is part of that line, and perhaps somebody
//! else's text. So all up to the next CRLF is thrown away. Taking a bare LF, a bare CR or a NUL for something
//! else is what smuggling is made of.

use std::fmt;
use zeroize::Zeroize;

/// Longest command line in octets, its CRLF included. RFC 5321 §4.5.3.1.4 asks for 512 and more for
/// extensions; this leaves room for any parameter.
pub const MAX_LINE: usize = 2048;

/// Capacity that an idle buffer keeps.
const KEPT: usize = 4 * MAX_LINE;

/// Why a line is not a command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineFault {
    /// Longer than a line may be.
    TooLong,
    /// Ended by a bare LF.
    NoCrLf,
    /// Holds a bare CR or a NUL.
    Control,
    /// Is not UTF-8.
    NotUtf8,
}

impl LineFault {
    /// In words, for a reply.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::TooLong => "Line too long",
            Self::NoCrLf => "Commands end in CRLF",
            Self::Control => "Bare CR or NUL in a command",
            Self::NotUtf8 => "Command is not UTF-8",
        }
    }
}

/// Bytes of the client that are not used up yet.
///
/// After [`Self::next_line`] gave `None` it holds less than the longest line.
pub struct LineBuffer {
    bytes: Vec<u8>,
    longest: usize,
    /// What stands before is used up.
    start: usize,
    /// Behind a bare LF, or inside a line that is too long: up to the next CRLF.
    skipping: bool,
}

impl Default for LineBuffer {
    fn default() -> Self {
        Self { bytes: Vec::new(), longest: MAX_LINE, start: 0, skipping: false }
    }
}

/// What a client says may be a secret.
impl fmt::Debug for LineBuffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LineBuffer").field("octets", &self.rest().len()).finish_non_exhaustive()
    }
}

impl LineBuffer {
    /// Takes lines of so many octets at most from now on, in the place of [`MAX_LINE`].
    pub fn set_longest(&mut self, longest: usize) {
        self.longest = longest;
    }

    /// Overwrites what is used up.
    pub fn wipe(&mut self) {
        self.bytes.get_mut(..self.start).unwrap_or_default().zeroize();
    }

    /// Appends bytes as they were read.
    pub fn extend(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// What is not used up, whatever it is.
    pub fn rest(&self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or_default()
    }

    /// Throws away what is to be thrown away; true when there is more of it to come, so that what
    /// [`Self::rest`] begins with is no start of a line.
    pub fn is_skipping(&mut self) -> bool {
        self.skipping && !self.skip()
    }

    /// Uses up `count` bytes.
    pub fn consume(&mut self, count: usize) {
        self.start = self.start.saturating_add(count).min(self.bytes.len());
    }

    /// Uses up all bytes.
    pub fn clear(&mut self) {
        *self = Self { longest: self.longest, ..Self::default() };
    }

    /// Gives back the memory of what is used up.
    pub fn compact(&mut self) {
        self.bytes.drain(..self.start);
        self.start = 0;
        if self.bytes.capacity() > KEPT {
            self.bytes.shrink_to(KEPT);
        }
    }

    /// Uses up the next whole line and gives it without its CRLF; `None` when its end is not there yet. A
    /// fault is told as soon as it is found, once for all that is thrown away because of it.
    pub fn next_line(&mut self) -> Option<Result<&str, LineFault>> {
        if self.is_skipping() {
            return None;
        }
        let rest = self.rest();
        let whole = rest.get(..self.longest);
        let Some(length) = memchr::memchr(b'\n', whole.unwrap_or(rest)) else {
            self.skipping = whole.is_some();
            return self.skipping.then_some(Err(LineFault::TooLong));
        };
        let line = self.start..self.start + length;
        self.consume(length + 1);
        let line = self.bytes.get(line).unwrap_or_default();
        self.skipping = !line.ends_with(b"\r");
        Some(checked(line))
    }

    /// Throws away all up to the next CRLF; false when that is not there yet.
    fn skip(&mut self) -> bool {
        let rest = self.rest();
        let end = memchr::memmem::find(rest, b"\r\n");
        // A CR at the end may be half of it.
        let none = rest.len() - usize::from(rest.ends_with(b"\r"));
        self.consume(end.map_or(none, |at| at + 2));
        self.skipping = end.is_none();
        end.is_some()
    }
}

/// `line` comes without its LF.
fn checked(line: &[u8]) -> Result<&str, LineFault> {
    let line = line.strip_suffix(b"\r").ok_or(LineFault::NoCrLf)?;
    if memchr::memchr2(b'\r', 0, line).is_some() {
        return Err(LineFault::Control);
    }
    std::str::from_utf8(line).map_err(|_| LineFault::NotUtf8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(wire: &[u8], cut: usize) -> (Vec<Result<String, LineFault>>, Vec<u8>) {
        let mut buffer = LineBuffer::default();
        let mut lines = Vec::new();
        for part in wire.chunks(cut) {
            buffer.extend(part);
            while let Some(line) = buffer.next_line() {
                lines.push(line.map(str::to_owned));
            }
            buffer.compact();
            assert!(buffer.rest().len() < MAX_LINE);
        }
        (lines, buffer.rest().to_vec())
    }

    #[test]
    fn a_line_is_clean_text_up_to_crlf() {
        type Row = (&'static [u8], &'static [Result<&'static str, LineFault>], &'static [u8]);
        let rows: &[Row] = &[
            (b"", &[], b""),
            (b"NOOP", &[], b"NOOP"),
            (b"NOOP\r", &[], b"NOOP\r"),
            (b"NOOP\r\nQ", &[Ok("NOOP")], b"Q"),
            (b"\r\n\r\n", &[Ok(""), Ok("")], b""),
            (b"a\nb\r\nc\r\n", &[Err(LineFault::NoCrLf), Ok("c")], b""),
            (b"a\nb\nc\rd\r\re\r\n\r\n", &[Err(LineFault::NoCrLf), Ok("")], b""),
            (b"a\nRSET\r", &[Err(LineFault::NoCrLf)], b"\r"),
            (b"\n", &[Err(LineFault::NoCrLf)], b""),
            (b"\n\r\nb\r\n", &[Err(LineFault::NoCrLf), Ok("b")], b""),
            (b"a\rb\r\n", &[Err(LineFault::Control)], b""),
            (b"a\r\r\n", &[Err(LineFault::Control)], b""),
            (b"a\rb\n", &[Err(LineFault::NoCrLf)], b""),
            (b"a\0b\r\nc\r\n", &[Err(LineFault::Control), Ok("c")], b""),
            (b"\xff\r\n", &[Err(LineFault::NotUtf8)], b""),
            ("é\r\n".as_bytes(), &[Ok("é")], b""),
        ];
        for (wire, expected, rest) in rows {
            for cut in 1..=wire.len().max(1) {
                let (got, left) = lines(wire, cut);
                let expected: Vec<_> = expected.iter().map(|l| l.map(str::to_owned)).collect();
                assert_eq!(got, expected, "{}", wire.escape_ascii());
                assert_eq!(left, *rest);
            }
        }
    }

    #[test]
    fn a_line_too_long_is_skipped_up_to_its_end() {
        let longest = "a".repeat(MAX_LINE - 2);
        for cut in [1, 7, MAX_LINE - 1, MAX_LINE, MAX_LINE + 1, 100_000] {
            assert_eq!(
                lines(format!("{longest}\r\nX\r\n").as_bytes(), cut).0,
                [Ok(longest.clone()), Ok("X".into())]
            );
            for line in [format!("{longest}a"), "b\0\r".repeat(30_000)] {
                assert_eq!(
                    lines(format!("{line}\r\nX\r\n").as_bytes(), cut).0,
                    [Err(LineFault::TooLong), Ok("X".into())]
                );
            }
            let with_lf = format!("{longest}aa\nRSET\r\nX\r\n");
            assert_eq!(
                lines(with_lf.as_bytes(), cut).0,
                [Err(LineFault::TooLong), Ok("X".into())],
                "what stands behind a bare LF in it is no line either"
            );
        }
    }

    #[test]
    fn an_idle_buffer_is_small() {
        let mut buffer = LineBuffer::default();
        buffer.extend(&b"NOOP\r\n".repeat(10_000));
        while buffer.next_line().is_some() {}
        buffer.compact();
        assert!(buffer.bytes.capacity() <= KEPT);
    }
}
