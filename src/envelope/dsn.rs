//! What a sender asks of delivery status notifications (RFC 3461 §4).

use std::fmt;

/// Longest ENVID and ORCPT, as they are written (RFC 3461 §5.4).
const MAX_ENVELOPE_ID: usize = 100;
const MAX_ORIGINAL: usize = 500;

/// What MAIL says of DSNs: RET and ENVID.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MailDsn {
    /// RET: how much of the message comes back with a failure.
    pub returned: Option<Returned>,
    /// ENVID.
    pub envelope_id: Option<EnvelopeId>,
}

/// What RCPT says of DSNs: NOTIFY and ORCPT.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RcptDsn {
    /// NOTIFY; without it see [`RcptDsn::wants`].
    pub notify: Option<Notify>,
    /// ORCPT.
    pub original: Option<OriginalRecipient>,
}

/// How much of a message comes back (RFC 3461 §4.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Returned {
    /// All of it.
    Full,
    /// Its header section.
    Headers,
}

/// What may become of a message for a recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occasion {
    /// The recipient has it, or somebody who tells no more of it.
    Success,
    /// The recipient will not get it.
    Failure,
    /// It takes its time.
    Delay,
}

/// On which occasions the sender wants to hear (RFC 3461 §4.1): on none with NEVER.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Notify {
    success: bool,
    failure: bool,
    delay: bool,
}

/// A name that the sender gave to the transaction (RFC 3461 §4.4), written as xtext.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvelopeId(String);

/// Whom the sender wrote to first, behind the type of the address (RFC 3461 §4.2), written as xtext or, for the type
/// `utf-8`, as RFC 6533 §3 has it for lines of ASCII.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OriginalRecipient(String);

impl RcptDsn {
    /// True where the sender is told of `occasion`. RFC 3461 §4.1 leaves the default to us: failures and delays.
    pub fn wants(&self, occasion: Occasion) -> bool {
        match (self.notify, occasion) {
            (None, Occasion::Success) => false,
            (None, Occasion::Failure | Occasion::Delay) => true,
            (Some(notify), Occasion::Success) => notify.success,
            (Some(notify), Occasion::Failure) => notify.failure,
            (Some(notify), Occasion::Delay) => notify.delay,
        }
    }
}

impl Returned {
    /// Reads the value of RET.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Full, Self::Headers].into_iter().find(|it| it.as_str().eq_ignore_ascii_case(text))
    }

    /// The value of RET.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Full => "FULL",
            Self::Headers => "HDRS",
        }
    }
}

impl Notify {
    /// The sender wants to hear nothing.
    pub const NEVER: Self = Self { success: false, failure: false, delay: false };

    /// Reads the value of NOTIFY: NEVER alone, or a list without repetition.
    pub fn parse(text: &str) -> Option<Self> {
        if text.eq_ignore_ascii_case("NEVER") {
            return Some(Self::NEVER);
        }
        let mut notify = Self::NEVER;
        for word in text.split(',') {
            let mut keywords = notify.keywords();
            let (_, is_wanted) =
                keywords.iter_mut().find(|(keyword, _)| word.eq_ignore_ascii_case(keyword))?;
            if std::mem::replace(*is_wanted, true) {
                return None;
            }
        }
        Some(notify)
    }

    fn keywords(&mut self) -> [(&'static str, &mut bool); 3] {
        let Self { success, failure, delay } = self;
        [("SUCCESS", success), ("FAILURE", failure), ("DELAY", delay)]
    }
}

impl EnvelopeId {
    /// Reads the value of ENVID.
    pub fn parse(text: &str) -> Option<Self> {
        let fits = text.len() <= MAX_ENVELOPE_ID && decoded(text).is_some();
        fits.then(|| Self(text.to_owned()))
    }

    /// The value of ENVID.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name itself: printable ASCII.
    pub fn text(&self) -> String {
        decoded(&self.0).unwrap_or_default()
    }
}

impl OriginalRecipient {
    /// Reads the value of ORCPT. An address of the type `utf-8` may hold other characters than those of ASCII.
    pub fn parse(text: &str) -> Option<Self> {
        let (kind, address) = text.split_once(';')?;
        let is_atom = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*-/?^_`{|}~".contains(&b);
        if kind.is_empty() || !kind.bytes().all(is_atom) {
            return None;
        }
        let written = if kind.eq_ignore_ascii_case("utf-8") {
            format!("{kind};{}", escaped(address)?)
        } else {
            decoded(address)?;
            text.to_owned()
        };
        (written.len() <= MAX_ORIGINAL).then_some(Self(written))
    }

    /// The value of ORCPT, in ASCII.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The value of Original-Recipient (RFC 3464 §2.3.1): printable ASCII.
    pub fn typed(&self) -> String {
        let (kind, address) = self.0.split_once(';').unwrap_or(("rfc822", &self.0));
        let address = match kind.eq_ignore_ascii_case("utf-8") {
            true => address.to_owned(),
            false => decoded(address).unwrap_or_default(),
        };
        format!("{kind}; {address}")
    }
}

/// What xtext stands for (RFC 3461 §4), if that is printable, and more than blanks.
fn decoded(xtext: &str) -> Option<String> {
    let mut text = String::new();
    let mut rest = xtext.chars();
    while let Some(c) = rest.next() {
        let c = match c {
            '+' => {
                let digits = [rest.next()?, rest.next()?];
                let is_upper = |digit: &char| matches!(digit, '0'..='9' | 'A'..='F');
                if !digits.iter().all(is_upper) {
                    return None;
                }
                let code = u8::from_str_radix(&String::from_iter(digits), 16).ok()?;
                char::from(code)
            }
            '=' => return None,
            '!'..='~' => c,
            _ => return None,
        };
        if !matches!(c, ' '..='~') {
            return None;
        }
        text.push(c);
    }
    (!text.trim().is_empty()).then_some(text)
}

/// An address of the type `utf-8` in ASCII (RFC 6533 §3, utf-8-addr-xtext): what is not, in hexadecimal digits.
fn escaped(address: &str) -> Option<String> {
    let mut text = String::new();
    let mut rest = address;
    while let Some(c) = rest.chars().next() {
        rest = rest.get(c.len_utf8()..)?;
        match c {
            '\\' => {
                let (digits, behind) = rest.strip_prefix("x{")?.split_once('}')?;
                let is_upper = |b: u8| matches!(b, b'0'..=b'9' | b'A'..=b'F');
                let code = u32::from_str_radix(digits, 16).ok().and_then(char::from_u32)?;
                if !(2..=6).contains(&digits.len())
                    || !digits.bytes().all(is_upper)
                    || code.is_control()
                {
                    return None;
                }
                text.push_str(&format!("\\x{{{digits}}}"));
                rest = behind;
            }
            '+' | '=' => return None,
            '!'..='~' => text.push(c),
            _ if c.is_ascii() || c.is_control() => return None,
            _ => text.push_str(&format!("\\x{{{:X}}}", u32::from(c))),
        }
    }
    (!text.is_empty()).then_some(text)
}

/// As parameters of MAIL, each behind a blank.
impl fmt::Display for MailDsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(returned) = self.returned {
            write!(f, " RET={}", returned.as_str())?;
        }
        if let Some(id) = &self.envelope_id {
            write!(f, " ENVID={}", id.as_str())?;
        }
        Ok(())
    }
}

/// As parameters of RCPT, each behind a blank.
impl fmt::Display for RcptDsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(notify) = self.notify {
            write!(f, " NOTIFY={notify}")?;
        }
        if let Some(original) = &self.original {
            write!(f, " ORCPT={}", original.as_str())?;
        }
        Ok(())
    }
}

/// The value of NOTIFY.
impl fmt::Display for Notify {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut notify = *self;
        let wanted = notify.keywords().into_iter().filter(|(_, is_wanted)| **is_wanted);
        let words: Vec<&str> = wanted.map(|(keyword, _)| keyword).collect();
        f.write_str(&if words.is_empty() { "NEVER".to_owned() } else { words.join(",") })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_stands_alone_and_nothing_twice() {
        for (text, written) in [
            ("NEVER", "NEVER"),
            ("never", "NEVER"),
            ("SUCCESS", "SUCCESS"),
            ("delay,Failure,SUCCESS", "SUCCESS,FAILURE,DELAY"),
        ] {
            assert_eq!(Notify::parse(text).unwrap().to_string(), written, "{text}");
        }
        for text in
            ["", ",", "NEVER,DELAY", "DELAY,NEVER", "SUCCESS,", "DELAY,DELAY", "ALWAYS", " DELAY"]
        {
            assert_eq!(Notify::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn failures_and_delays_are_told_unless_the_sender_says_otherwise() {
        let told = |notify: Option<&str>| {
            let dsn = RcptDsn { notify: notify.and_then(Notify::parse), original: None };
            [Occasion::Success, Occasion::Failure, Occasion::Delay].map(|it| dsn.wants(it))
        };
        assert_eq!(told(None), [false, true, true]);
        assert_eq!(told(Some("NEVER")), [false, false, false]);
        assert_eq!(told(Some("SUCCESS,DELAY")), [true, false, true]);
        assert_eq!(told(Some("FAILURE")), [false, true, false]);
    }

    #[test]
    fn envelope_ids() {
        for (written, text) in [("a", "a"), ("QQ314159", "QQ314159"), ("a+20b+2B+3D", "a b+=")] {
            let id = EnvelopeId::parse(written).unwrap();
            assert_eq!((id.as_str(), id.text().as_str()), (written, text));
        }
        let most = "x".repeat(MAX_ENVELOPE_ID);
        assert!(EnvelopeId::parse(&most).is_some());
        assert_eq!(EnvelopeId::parse(&format!("{most}x")), None);
        for text in [
            "", "a=b", "a+", "a+4", "a+4g", "a+4a", "a b", "+0D+0A", "+00", "+80", "+20", "ü",
            "+É1",
        ] {
            assert_eq!(EnvelopeId::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn original_recipients() {
        for (given, written, typed) in [
            ("rfc822;bob+2Bx@sink.test", "rfc822;bob+2Bx@sink.test", "rfc822; bob+x@sink.test"),
            ("X-LOCAL;a+20b", "X-LOCAL;a+20b", "X-LOCAL; a b"),
            ("utf-8;jürgen@x.test", "utf-8;j\\x{FC}rgen@x.test", "utf-8; j\\x{FC}rgen@x.test"),
            ("UTF-8;j\\x{FC}r\\x{2B}@x", "UTF-8;j\\x{FC}r\\x{2B}@x", "UTF-8; j\\x{FC}r\\x{2B}@x"),
        ] {
            let original = OriginalRecipient::parse(given).unwrap();
            assert_eq!((original.as_str(), original.typed().as_str()), (written, typed));
            assert_eq!(OriginalRecipient::parse(written), Some(original));
        }
        let most = format!("rfc822;{}", "x".repeat(MAX_ORIGINAL - 7));
        assert!(OriginalRecipient::parse(&most).is_some());
        assert_eq!(OriginalRecipient::parse(&format!("{most}x")), None);
        // What would grow too long for the host that it is passed on to.
        assert_eq!(OriginalRecipient::parse(&format!("utf-8;{}", "ü".repeat(90))), None);
        for text in [
            "",
            ";",
            "rfc822",
            "rfc822;",
            ";a@b",
            "rfc822;ü@b.test",
            "rfc822;a=b",
            "rfc822;+0D+0A",
            "rf c;a",
            "a;+20",
            "utf-8;",
            "utf-8;a+b",
            "utf-8;a=b",
            "utf-8;\\",
            "utf-8;\\x{}",
            "utf-8;\\x{fc}",
            "utf-8;\\x{0A}",
            "utf-8;\\x{D800}",
            "utf-8;\\x{1}",
            "utf-8;a\u{85}b",
        ] {
            assert_eq!(OriginalRecipient::parse(text), None, "{text:?}");
        }
    }
}
