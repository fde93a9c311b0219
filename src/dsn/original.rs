//! What of the original goes back: its header section and the id that threads the notice to it.

use crate::message::Header;
use mail_builder::{
    encoders::{base64::Base64Encoder, quoted_printable::QuotedPrintableEncoder},
    headers::content_type::ContentType,
    mime::MimePart,
};

/// Longest header section that goes back, and longest message, in octets.
const MAX_BACK: usize = 64 * 1024;
/// Longest line (RFC 5322 §2.1.1), its CRLF not counted.
const MAX_LINE: usize = 998;
/// Longest Message-ID that fits into one line of In-Reply-To.
const MAX_ID: usize = MAX_LINE - "In-Reply-To: <>".len();

/// What goes back of the header section: whole fields.
pub(super) fn section<'a>(header: &Header<'a>) -> &'a [u8] {
    whole_fields(header.bytes(), MAX_BACK)
}

/// True for a message that can come back as it is, which message/rfc822 has to be (RFC 2046 §5.2.1): a short one in lines
/// that mail can carry, whose header section needs no encoding.
pub(super) fn can_come_back(header: &Header<'_>, message: &[u8]) -> bool {
    let is_carried = |line: &[u8]| line.len() <= MAX_LINE && line.iter().all(|b| !is_control(*b));
    message.len() <= MAX_BACK && header.bytes().is_ascii() && lines(message).all(is_carried)
}

/// The section as text/rfc822-headers (RFC 6522 §4): as it is where mail can carry that. Decoded, it has
/// the octets that came.
pub(super) fn part(section: &[u8]) -> MimePart<'_> {
    let mut kind = ContentType::new("text/rfc822-headers");
    if !section.is_ascii() && std::str::from_utf8(section).is_ok() {
        // RFC 2046 §4.1.2; without it, text is taken for ASCII.
        kind = kind.attribute("charset", "utf-8");
    }
    if lines(section).all(is_plain) {
        return MimePart::new(kind, section).transfer_encoding("7bit");
    }
    let mut encoded = Vec::new();
    // Quoted-printable keeps what can be read readable, but leaves control characters alone.
    let encoding = if lines(section).all(|line| line.iter().all(|b| !is_control(*b))) {
        QuotedPrintableEncoder::new().preserve_line_breaks().encode_into(section, &mut encoded);
        "quoted-printable"
    } else {
        Base64Encoder::new().wrap_lines().encode_into(section, &mut encoded);
        "base64"
    };
    MimePart::new(kind, encoded).transfer_encoding(encoding)
}

/// The Message-ID without its brackets, if there is one and it is one (RFC 5322 §3.6.4): it is written
/// into our header.
pub(super) fn message_id<'a>(header: &Header<'a>) -> Option<&'a str> {
    let mut fields = header.named("Message-ID");
    let (Some(field), None) = (fields.next(), fields.next()) else { return None };
    let value = std::str::from_utf8(field.value.trim_ascii()).ok()?;
    let id = value.strip_prefix('<')?.strip_suffix('>')?;
    let (left, right) = id.split_once('@')?;
    let is_word = |part: &str| {
        let fits = |b: u8| b.is_ascii_graphic() && !b"<>()@,;\"\\".contains(&b);
        !part.is_empty() && part.bytes().all(fits)
    };
    (id.len() <= MAX_ID && is_word(left) && is_word(right)).then_some(id)
}

/// As many fields of `section` as `max` octets hold.
fn whole_fields(section: &[u8], max: usize) -> &[u8] {
    let Some((head, _)) = section.split_at_checked(max).filter(|(_, tail)| !tail.is_empty()) else {
        return section;
    };
    let is_border = |at: &usize| !matches!(section.get(at + 1), Some(b' ' | b'\t'));
    let end = memchr::memrchr_iter(b'\n', head).find(is_border).map_or(0, |at| at + 1);
    section.get(..end).unwrap_or_default()
}

/// What stands between one CRLF and the next. A bare CR or LF stays in its line.
fn lines(section: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(section);
    std::iter::from_fn(move || {
        let all = rest?;
        let end = memchr::memmem::find(all, b"\r\n");
        rest = end.and_then(|end| all.get(end + 2..));
        end.map_or(Some(all), |end| all.get(..end))
    })
}

fn is_plain(line: &[u8]) -> bool {
    line.len() <= MAX_LINE && line.iter().all(|b| matches!(b, b'\t' | b' '..=b'~'))
}

fn is_control(b: u8) -> bool {
    b != b'\t' && b.is_ascii_control()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn message_ids() {
        let id = |value: &str| {
            let message = format!("From: a@b.c\r\n{value}\r\n\r\n");
            message_id(&Header::scan(message.as_bytes())).map(str::to_owned)
        };
        for good in ["a@b", "a.b$c=d/e+f@[192.0.2.1]", "x:y@b.example"] {
            assert_eq!(id(&format!("message-id: <{good}>")).as_deref(), Some(good));
        }
        assert_eq!(id("Message-ID:\r\n <a@b>\r\n ").as_deref(), Some("a@b"));
        let long = |n: usize| format!("Message-ID: <{}@b>", "a".repeat(n));
        assert!(id(&long(MAX_ID - 2)).is_some());
        assert!(id(&long(MAX_ID - 1)).is_none());
        for bad in [
            "Subject: <a@b>",
            "Message-ID:",
            "Message-ID: a@b",
            "Message-ID: <>",
            "Message-ID: <@b>",
            "Message-ID: <a@>",
            "Message-ID: <ab>",
            "Message-ID: <a@b> <c@d>",
            "Message-ID: <a@b>\r\nMessage-ID: <a@b>",
            "Message-ID: <a\r\n @b>",
            "Message-ID: <a\0@b>",
            "Message-ID: <a@b\rBcc: x@y.z>",
            "Message-ID: <a@ü>",
            "Message-ID: <a(@b>",
            "Message-ID: <\"a@b\"@c>",
        ] {
            assert_eq!(id(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_long_section_is_cut_between_fields() {
        let section = b"A: 1\r\nB: 2\r\n 3\r\nC: 4\r\n";
        for (max, kept) in [(0, 0), (5, 0), (6, 6), (15, 6), (16, 16), (21, 16), (22, 22), (99, 22)]
        {
            assert_eq!(whole_fields(section, max).len(), kept, "{max}");
        }
    }

    #[test]
    fn encodings() {
        let encoding = |section: &[u8]| {
            let mut out = Vec::new();
            part(section).write_part(&mut out);
            let text = String::from_utf8(out).unwrap();
            let (_, after) = text.split_once("Content-Transfer-Encoding: ").unwrap();
            after.split_once("\r\n").unwrap().0.to_owned()
        };
        let long = |n: usize| format!("A: {}\r\n", "x".repeat(n));
        for (section, expected) in [
            (&b""[..], "7bit"),
            (b"A: b\r\n\tc\r\n", "7bit"),
            (b"A: b", "7bit"),
            (long(MAX_LINE - 3).as_bytes(), "7bit"),
            (long(MAX_LINE - 2).as_bytes(), "quoted-printable"),
            ("A: ü\r\n".as_bytes(), "quoted-printable"),
            (b"A: \xff\r\n", "quoted-printable"),
            (b"A: \0\r\n", "base64"),
            (b"A: b\nC: d\r\n", "base64"),
            (b"A: b\rC\r\n", "base64"),
        ] {
            assert_eq!(encoding(section), expected, "{:?}", String::from_utf8_lossy(section));
        }
    }
}
