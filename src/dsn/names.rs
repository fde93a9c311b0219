//! Addresses in the three forms a notice needs, each of them ASCII.

use crate::address::{Domain, ForwardPath, Mailbox};
use mail_builder::headers::{HeaderType, address::Address, raw::Raw};
use std::fmt::Write;

/// Longest text inside an encoded word, so that the whole has 75 characters at most (RFC 2047 §2).
const MAX_WORD: usize = 63;

/// A recipient for people to read; `<postmaster>` is the one of this host (RFC 5321 §2.3.5).
pub(super) fn readable(path: &ForwardPath, hostname: &Domain) -> String {
    match path {
        ForwardPath::Postmaster => format!("postmaster@{hostname}"),
        ForwardPath::Mailbox(mailbox) => mailbox.to_string(),
    }
}

/// A recipient for programs: `rfc822; ADDRESS` (RFC 3464 §2.3.2), or where that is not ASCII
/// `utf-8; ADDRESS` in the 7-bit form of RFC 6533 §3.
pub(super) fn typed(path: &ForwardPath, hostname: &Domain) -> String {
    let address = readable(path, hostname);
    if address.is_ascii() {
        return format!("rfc822; {address}");
    }
    let mut typed = "utf-8; ".to_owned();
    for c in address.chars() {
        if matches!(c, '!'..='~') && !matches!(c, '+' | '=' | '\\') {
            typed.push(c);
        } else {
            let _ = write!(typed, "\\x{{{:02X}}}", u32::from(c));
        }
    }
    typed
}

/// The value of From or To. Display names are ours.
pub(super) fn field(name: Option<&'static str>, mailbox: &Mailbox) -> HeaderType<'static> {
    let address = mailbox.to_string();
    if address.is_ascii() {
        return Address::new_address(name, address).into();
    }
    Raw::new(format!("{} :;", encoded_words(&address))).into()
}

/// Text for an unstructured field such as Subject. What looks like an encoded word is encoded too, so
/// that it is read as it was written.
pub(super) fn unstructured(text: &str) -> String {
    let is_plain = text.bytes().all(|b| matches!(b, b' '..=b'~')) && !text.contains("=?");
    if is_plain { text.to_owned() } else { encoded_words(text) }
}

/// RFC 2047 §4.2, with the characters that may stand in a phrase (§5).
fn encoded_words(text: &str) -> String {
    let mut words = Vec::new();
    let mut word = String::new();
    for c in text.chars() {
        let mut encoded = String::new();
        if c.is_ascii_alphanumeric() {
            encoded.push(c);
        } else {
            for b in c.encode_utf8(&mut [0; 4]).bytes() {
                let _ = write!(encoded, "={b:02X}");
            }
        }
        if word.len() + encoded.len() > MAX_WORD {
            words.push(std::mem::take(&mut word));
        }
        word.push_str(&encoded);
    }
    words.push(word);
    words.iter().map(|word| format!("=?utf-8?Q?{word}?=")).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use mail_builder::headers::Header;

    fn mailbox(text: &str) -> Mailbox {
        Mailbox::parse(text).unwrap()
    }

    #[test]
    fn typed_addresses() {
        let hostname = Domain::parse("mx.example.org").unwrap();
        assert_eq!(typed(&ForwardPath::Postmaster, &hostname), "rfc822; postmaster@mx.example.org");
        for (address, expected) in [
            ("a+b=c@example.org", "rfc822; a+b=c@example.org"),
            ("\"a b\"@example.org", "rfc822; \"a b\"@example.org"),
            ("jürgen+x=y@example.org", "utf-8; j\\x{FC}rgen\\x{2B}x\\x{3D}y@example.org"),
            ("\"ü \\\\\"@example.org", "utf-8; \"\\x{FC}\\x{20}\\x{5C}\\x{5C}\"@example.org"),
            ("用户😀@bücher.example", "utf-8; \\x{7528}\\x{6237}\\x{1F600}@xn--bcher-kva.example"),
        ] {
            assert_eq!(typed(&ForwardPath::Mailbox(mailbox(address)), &hostname), expected);
        }
    }

    #[test]
    fn fields() {
        let written = |name, address| {
            let mut out = Vec::new();
            field(name, &mailbox(address)).write_header(&mut out, 4);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(written(None, "a@b.example"), "<a@b.example>\r\n");
        assert_eq!(
            written(Some("M S"), "\"a>, <x\"@b.example"),
            "\"M S\" <\"a>, <x\"@b.example>\r\n"
        );
        assert_eq!(
            written(Some("M S"), "jürgen@b.example"),
            "=?utf-8?Q?j=C3=BCrgen=40b=2Eexample?= :;\r\n"
        );
        let long = written(None, &format!("{}@b.example", "ü".repeat(32)));
        assert!(long.split("\r\n").all(|line| line.len() <= 78), "{long}");
        assert_eq!(long.matches("=C3=BC").count(), 32, "no character is split: {long}");
    }

    #[test]
    fn unstructured_text() {
        assert_eq!(unstructured("to a@b.example"), "to a@b.example");
        assert_eq!(unstructured("to ü"), "=?utf-8?Q?to=20=C3=BC?=");
        assert_eq!(unstructured("=?utf-8?Q?x?="), "=?utf-8?Q?=3D=3Futf=2D8=3FQ=3Fx=3F=3D?=");
    }
}
