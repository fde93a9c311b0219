//! Replies of the SMTP server: the only place where they are made. `table` has ours on one screen, `limits` those for
//! what goes beyond one, `filter` those about spam, `lists` those for who is on a list, `login` those about who sends,
//! `submission` those for what accounts send. `foreign` makes those of
//! destinations harmless by what `hidden` and `naming` know of names,
//! `words` what others report of theirs. No text is built from the address of a destination.

mod filter;
mod foreign;
mod hidden;
mod limits;
mod lists;
mod login;
mod naming;
mod submission;
mod table;
mod words;

pub use foreign::ForeignReply;
pub use hidden::Hidden;

use std::{borrow::Cow, fmt, io::Write};

/// An enhanced status code (RFC 3463): class, subject, detail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Status(pub u8, pub u16, pub u16);

impl Status {
    /// What prints so.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        let class = parts.next()?.parse().ok()?;
        Some(Self(class, parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

/// What the first digit of a reply code promises (RFC 5321 §4.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// 2xx: done.
    Positive,
    /// 3xx: go on.
    Intermediate,
    /// 4xx: try again later.
    Transient,
    /// 5xx: do not try again.
    Permanent,
}

impl Class {
    /// The class of a reply code; `None` for a code that is no SMTP reply.
    pub fn of(code: u16) -> Option<Self> {
        match code {
            200..=299 => Some(Self::Positive),
            300..=399 => Some(Self::Intermediate),
            400..=499 => Some(Self::Transient),
            500..=599 => Some(Self::Permanent),
            _ => None,
        }
    }
}

/// Octets of the codes before a text, and blanks.
const CODES: usize = 16;

/// One reply: code, enhanced status code where the reply has one, text of one or more lines.
///
/// The text is printable ASCII; [`Reply::write_to`] can therefore not emit a line of somebody else's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    code: u16,
    status: Option<Status>,
    text: Cow<'static, str>,
}

impl Reply {
    /// A reply of fixed text. `text` separates lines with `\n`.
    pub(crate) const fn new(code: u16, status: (u8, u16, u16), text: &'static str) -> Self {
        let (class, subject, detail) = status;
        Self { code, status: Some(Status(class, subject, detail)), text: Cow::Borrowed(text) }
    }

    /// A reply whose text holds something of ours that was computed.
    pub(crate) fn with_text(code: u16, status: (u8, u16, u16), text: &str) -> Self {
        let mut reply = Self::new(code, status, "");
        reply.text = Cow::Owned(printable(text, 400));
        reply
    }

    /// A reply whose text is somebody else's, of lines that `\n` separates.
    fn with_lines(code: u16, status: (u8, u16, u16), text: &str) -> Self {
        let mut reply = Self::new(code, status, "");
        reply.text = Cow::Owned(printable_lines(text, 490));
        reply
    }

    /// A reply without enhanced status code: greeting, EHLO, 354 (RFC 2034 §3).
    pub(crate) fn plain(code: u16, text: &str) -> Self {
        Self { code, status: None, text: Cow::Owned(printable_lines(text, 400)) }
    }

    /// The three-digit code.
    pub fn code(&self) -> u16 {
        self.code
    }

    /// The enhanced status code, if the reply carries one.
    pub fn status(&self) -> Option<Status> {
        self.status
    }

    /// The text, lines separated by `\n`.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The class of the code.
    pub fn class(&self) -> Class {
        Class::of(self.code).unwrap_or(Class::Permanent)
    }

    /// True for 2xx.
    pub fn is_positive(&self) -> bool {
        self.class() == Class::Positive
    }

    /// What to store, so that the same can be answered later.
    pub fn to_keep(&self) -> ForeignReply {
        ForeignReply { code: self.code, status: self.status, text: self.text.clone().into_owned() }
    }

    /// The reply on one line, as logs and the journal have it.
    pub fn to_line(&self) -> String {
        let mut line = String::with_capacity(CODES + self.text.len());
        // Writing to a String cannot fail.
        let _ = fmt::Write::write_fmt(&mut line, format_args!("{self}"));
        line
    }

    /// Appends the wire form, the enhanced status code on every line (RFC 2034 §4).
    pub fn write_to(&self, out: &mut Vec<u8>) {
        let mut lines = self.text.split('\n').peekable();
        while let Some(line) = lines.next() {
            let mark = if lines.peek().is_some() { '-' } else { ' ' };
            // Writing to a Vec cannot fail.
            let _ = write!(out, "{}{mark}", self.code);
            if let Some(status) = self.status {
                let _ = write!(out, "{status} ");
            }
            out.extend_from_slice(line.as_bytes());
            out.extend_from_slice(b"\r\n");
        }
    }
}

/// `code status text`, lines joined by ` / `: the form in logs and in the journal.
impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        if let Some(status) = self.status {
            write!(f, " {status}")?;
        }
        for (number, line) in self.text.split('\n').enumerate() {
            f.write_str(if number == 0 { " " } else { " / " })?;
            f.write_str(line)?;
        }
        Ok(())
    }
}

/// Printable ASCII of `text`, at most `max` octets; whatever else there was becomes `?`.
fn printable(text: &str, max: usize) -> String {
    let mut out = String::with_capacity(text.len().min(max));
    out.extend(text.chars().take(max).map(|c| if matches!(c, ' '..='~') { c } else { '?' }));
    out
}

/// Each line as [`printable`].
fn printable_lines(text: &str, max: usize) -> String {
    match text.contains('\n') {
        true => text.split('\n').map(|line| printable(line, max)).collect::<Vec<_>>().join("\n"),
        false => printable(text, max),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wire(reply: &Reply) -> String {
        let mut out = Vec::new();
        reply.write_to(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn wire_form() {
        assert_eq!(wire(&Reply::ok()), "250 2.0.0 OK\r\n");
        assert_eq!(
            wire(&Reply::ehlo("h", &["SIZE 1", "CHUNKING"])),
            "250-h\r\n250-SIZE 1\r\n250 CHUNKING\r\n"
        );
        assert!(wire(&Reply::help()).starts_with("214-2.0.0 Commands"));
    }

    #[test]
    fn text_cannot_break_out_of_its_line() {
        let reply = Reply::alias_rejects("gone\r\n250 2.0.0 OK é");
        assert_eq!(wire(&reply), "550 5.7.1 gone??250 2.0.0 OK ?\r\n");
        assert!(wire(&Reply::alias_rejects(&"x".repeat(9999))).len() < 512);
        assert_eq!(wire(&Reply::greeting("a\rb")), "220 a?b ESMTP Onward\r\n");
    }
}
