//! Replies as a client reads them (RFC 5321 §4.2), from a peer that is not trusted.
//!
//! Bytes behind a reply are kept for the next one: with pipelining, several come in one read, and a
//! reader that drops them falls out of step. What is not SMTP, or has no end, is an error.

use crate::reply::{Class, ForeignReply, Status};
use ecow::EcoString;

/// Longest line in octets. RFC 5321 §4.5.3.1.5 says 512; servers exceed it.
const MAX_LINE: usize = 4096;
/// Most lines of one reply.
const MAX_LINES: usize = 100;
/// Most octets of one reply.
const MAX_REPLY: usize = 32 * 1024;

/// One whole reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerReply {
    /// The three-digit code, 200 to 599.
    pub code: u16,
    /// The text of its lines, without code and line end, with `\n` between any two.
    pub text: EcoString,
}

/// The peer does not speak SMTP, or without measure; nothing it says later can be told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the reply is not SMTP: {0}")]
pub struct NotSmtp(pub &'static str);

/// Cuts a byte stream into replies.
#[derive(Debug, Default)]
pub struct ReplyReader {
    input: Vec<u8>,
    /// Octets of `input` that are done with.
    used: usize,
    /// Lines of the reply under way, all with this code.
    code: u16,
    lines: usize,
    text: EcoString,
    size: usize,
}

impl ServerReply {
    /// What the first digit says.
    pub fn class(&self) -> Class {
        Class::of(self.code).unwrap_or(Class::Permanent)
    }

    /// The text of each line, at least one.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        self.text.split('\n')
    }

    /// Code and text of the last line.
    pub fn last_line(&self) -> String {
        let text = self.lines().last().unwrap_or_default();
        format!("{} {text}", self.code).trim_end().to_owned()
    }

    /// The reply with its enhanced status code taken out of the text, where it begins every line
    /// (RFC 2034 §4) or only the first.
    pub fn to_foreign(&self) -> ForeignReply {
        let status = self.lines().next().and_then(split_status).map(|(status, _)| status);
        let mut text = String::with_capacity(self.text.len());
        for (number, line) in self.lines().enumerate() {
            text.push_str(if number == 0 { "" } else { "\n" });
            text.push_str(match split_status(line) {
                Some((found, rest)) if Some(found) == status => rest,
                _ => line,
            });
        }
        ForeignReply { code: self.code, status, text }
    }
}

impl ReplyReader {
    /// Takes bytes as they were read. To be called when [`Self::poll`] has nothing more to give, which
    /// bounds what is held.
    pub fn receive(&mut self, bytes: &[u8]) {
        self.input.drain(..self.used);
        self.used = 0;
        self.input.extend_from_slice(bytes);
    }

    /// The next whole reply, if there is one.
    ///
    /// # Errors
    /// When the bytes are no reply or a limit is exceeded; the reader is of no use afterwards.
    pub fn poll(&mut self) -> Result<Option<ServerReply>, NotSmtp> {
        loop {
            let rest = self.input.get(self.used..).unwrap_or_default();
            let Some(end) = memchr::memchr(b'\n', rest) else {
                return if rest.len() > MAX_LINE {
                    Err(NotSmtp("line too long"))
                } else {
                    Ok(None)
                };
            };
            let line = rest.get(..end).unwrap_or_default();
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            let (code, is_last, text) = split_line(line)?;
            self.used += end + 1;
            self.size += end + 1;
            if self.lines == 0 {
                self.code = code;
            } else if self.code != code {
                return Err(NotSmtp("codes differ within one reply"));
            }
            if self.lines >= MAX_LINES || self.size > MAX_REPLY {
                return Err(NotSmtp("reply too long"));
            }
            if self.lines > 0 {
                self.text.push('\n');
            }
            self.text.push_str(&String::from_utf8_lossy(text));
            self.lines += 1;
            if is_last {
                (self.lines, self.size) = (0, 0);
                return Ok(Some(ServerReply { code, text: std::mem::take(&mut self.text) }));
            }
        }
    }

    /// True when nothing is left over: neither a further reply nor the beginning of one.
    pub fn is_idle(&self) -> bool {
        self.lines == 0 && self.used == self.input.len()
    }
}

/// Code, whether the line is the last of its reply, text.
fn split_line(line: &[u8]) -> Result<(u16, bool, &[u8]), NotSmtp> {
    if line.len() > MAX_LINE {
        return Err(NotSmtp("line too long"));
    }
    let (&[a @ b'2'..=b'5', b @ b'0'..=b'9', c @ b'0'..=b'9'], rest) =
        line.split_first_chunk().ok_or(NotSmtp("no reply code"))?
    else {
        return Err(NotSmtp("no reply code"));
    };
    let code = [a, b, c].iter().fold(0, |code, digit| code * 10 + u16::from(digit - b'0'));
    let (is_last, text) = match rest {
        // "250" alone is to be accepted (RFC 5321 §4.2.1).
        [] => (true, rest),
        [b' ', text @ ..] => (true, text),
        [b'-', text @ ..] => (false, text),
        _ => return Err(NotSmtp("no separator behind the reply code")),
    };
    Ok((code, is_last, text))
}

/// Splits `5.7.515 text` (RFC 3463 §2: details have up to three digits).
fn split_status(line: &str) -> Option<(Status, &str)> {
    let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
    let mut numbers = word.split('.');
    let mut next = || {
        let digits = numbers.next().filter(|n| (1..=3).contains(&n.len()))?;
        digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse::<u16>().ok())?
    };
    let (class, subject, detail) = (next()?, next()?, next()?);
    if numbers.next().is_some() || !matches!(class, 2 | 4 | 5) {
        return None;
    }
    Some((Status(class.try_into().ok()?, subject, detail), rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// All replies in `wire`, fed in pieces of `cut` octets, and how it ended.
    fn read(wire: &[u8], cut: usize) -> (Vec<ServerReply>, Result<bool, NotSmtp>) {
        let (mut reader, mut replies) = (ReplyReader::default(), Vec::new());
        for piece in wire.chunks(cut) {
            reader.receive(piece);
            loop {
                match reader.poll() {
                    Ok(Some(reply)) => replies.push(reply),
                    Ok(None) => break,
                    Err(error) => return (replies, Err(error)),
                }
            }
        }
        (replies, Ok(reader.is_idle()))
    }

    fn reply(code: u16, lines: &[&str]) -> ServerReply {
        ServerReply { code, text: lines.join("\n").into() }
    }

    #[test]
    fn replies_however_they_are_cut() {
        let wire = b"220 hi\r\n250-a\r\n250-b\r\n250 c\r\n250\r\n354 go\n451 \r\n";
        let expected = vec![
            reply(220, &["hi"]),
            reply(250, &["a", "b", "c"]),
            reply(250, &[""]),
            reply(354, &["go"]),
            reply(451, &[""]),
        ];
        for cut in 1..wire.len() {
            assert_eq!(read(wire, cut), (expected.clone(), Ok(true)));
        }
    }

    #[test]
    fn a_reply_that_is_cut_off_is_none() {
        for wire in ["2", "250", "250 ok", "250 ok\r", "250-ok\r\n", "250-ok\r\n250"] {
            assert_eq!(read(wire.as_bytes(), 3), (vec![], Ok(false)), "{wire:?}");
        }
    }

    #[test]
    fn not_smtp() {
        for wire in [
            "HTTP/1.1 400 Bad Request\r\n",
            "\r\n",
            "25\r\n",
            "2500 ok\r\n",
            "250_ok\r\n",
            "150 wait\r\n",
            "650 no\r\n",
            "250-a\r\n550 b\r\n",
        ] {
            let (replies, end) = read(wire.as_bytes(), 5);
            assert!(replies.is_empty() && end.is_err(), "{wire:?}");
        }
    }

    #[test]
    fn without_measure() {
        assert!(read(&b"2".repeat(MAX_LINE + 1), 100).1.is_err());
        assert!(read(format!("250 {}\r\n", "x".repeat(MAX_LINE)).as_bytes(), 9999).1.is_err());
        assert!(read(format!("250 {}\r\n", "x".repeat(MAX_LINE - 4)).as_bytes(), 9).1.is_ok());
        assert!(read("250-x\r\n".repeat(MAX_LINES + 1).as_bytes(), 99).1.is_err());
        assert!(read(format!("250-{}\r\n", "x".repeat(4000)).repeat(9).as_bytes(), 99).1.is_err());
    }

    #[test]
    fn enhanced_status_codes() {
        for (lines, status, text) in [
            (&["5.7.515 Access denied"][..], Some(Status(5, 7, 515)), "Access denied"),
            (&["5.1.1 no", "5.1.1 user"], Some(Status(5, 1, 1)), "no\nuser"),
            (&["5.1.1 no", "see 5.1.1"], Some(Status(5, 1, 1)), "no\nsee 5.1.1"),
            (&["2.0.0"], Some(Status(2, 0, 0)), ""),
            (&["no"], None, "no"),
            (&["5.1 no"], None, "5.1 no"),
            (&["5.1.1.1 no"], None, "5.1.1.1 no"),
            (&["3.1.1 no"], None, "3.1.1 no"),
            (&["5.1.1000 no"], None, "5.1.1000 no"),
            (&["5.+1.1 no"], None, "5.+1.1 no"),
            (&["5..1 no"], None, "5..1 no"),
        ] {
            let foreign = reply(550, lines).to_foreign();
            assert_eq!((foreign.status, foreign.text.as_str()), (status, text));
        }
    }

    proptest! {
        #[test]
        fn any_bytes_in_any_pieces_read_the_same(
            wire in prop::collection::vec(prop::sample::select(&b"250- \r\n.x"[..]), 0..80),
            cut in 1usize..9,
        ) {
            prop_assert_eq!(read(&wire, cut), read(&wire, wire.len().max(1)));
        }
    }
}
