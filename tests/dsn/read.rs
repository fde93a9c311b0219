//! A DSN as another mail program takes it apart.

use crate::NOW;
use mail_parser::{
    Encoding, Message, MessageParser, MimeHeaders, PartType,
    decoders::{base64::base64_decode, quoted_printable::quoted_printable_decode},
};
use onward::message::Header;

/// A DSN as mail-parser reads it.
pub(crate) struct Read {
    pub(crate) text: String,
    pub(crate) status: String,
    pub(crate) original: Vec<u8>,
    pub(crate) encoding: Encoding,
}

/// Checks what every DSN must be, and takes it apart.
pub(crate) fn read(message: &[u8]) -> Read {
    assert!(message.is_ascii(), "8-bit octets");
    let text = std::str::from_utf8(message).unwrap();
    assert!(text.ends_with("\r\n"));
    for line in text.split("\r\n") {
        assert!(line.len() <= 998, "{} octets: {line}", line.len());
        assert!(!line.contains(['\r', '\n', '\0']), "{line:?}");
    }
    let parsed = MessageParser::new().parse(message).unwrap();
    let kind = parsed.content_type().unwrap();
    assert_eq!((kind.ctype(), kind.subtype()), ("multipart", Some("report")));
    assert_eq!(kind.attribute("report-type"), Some("delivery-status"));
    let boundary = format!("--{}", kind.attribute("boundary").unwrap());
    assert_eq!(text.matches(&boundary).count(), 4, "the boundary stands in a part");
    for single in ["From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Auto-Submitted"]
    {
        let named =
            parsed.headers().iter().filter(|h| h.name.as_str().eq_ignore_ascii_case(single));
        assert_eq!(named.count(), 1, "{single}");
    }
    assert_eq!(parsed.header_raw("Auto-Submitted").unwrap().trim(), "auto-replied");
    assert_eq!(parsed.date().unwrap().to_timestamp(), i64::try_from(NOW.as_secs()).unwrap());

    let PartType::Multipart(parts) = &parsed.parts[0].body else { panic!("no multipart") };
    let [human, status, original] = parts[..] else { panic!("{} parts", parts.len()) };
    assert_eq!(parsed.parts.len(), 4);
    let original = &parsed.parts[original as usize];
    let kind = original.content_type().unwrap();
    assert_eq!((kind.ctype(), kind.subtype()), ("text", Some("rfc822-headers")));
    let raw = &message[original.offset_body as usize..original.offset_end as usize];
    let decoded = match original.encoding {
        Encoding::None => raw.to_vec(),
        Encoding::QuotedPrintable => quoted_printable_decode(raw).unwrap(),
        Encoding::Base64 => base64_decode(raw).unwrap(),
    };
    Read {
        text: parsed.parts[human as usize].text_contents().unwrap().to_owned(),
        status: part_text(&parsed, status),
        original: decoded,
        encoding: original.encoding,
    }
}

fn part_text(parsed: &Message<'_>, part: u32) -> String {
    let part = &parsed.parts[part as usize];
    let kind = part.content_type().unwrap();
    assert_eq!((kind.ctype(), kind.subtype()), ("message", Some("delivery-status")));
    assert_eq!(part.encoding, Encoding::None);
    String::from_utf8(part.contents().to_vec()).unwrap()
}

/// The groups of fields of a delivery status, unfolded.
pub(crate) fn groups(status: &str) -> Vec<Vec<(String, String)>> {
    let groups = status.trim_end().split("\r\n\r\n");
    let fields = |group: &str| {
        let header = Header::scan(group.as_bytes());
        assert_eq!(header.bytes().len(), group.len(), "{group:?} is not all fields");
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap().replace("\r\n", "");
        header.fields().iter().map(|f| (text(f.name), text(f.value).trim().to_owned())).collect()
    };
    groups.map(fields).collect()
}

pub(crate) fn on_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

pub(crate) fn header_section(message: &[u8]) -> String {
    let end = message.windows(4).position(|w| w == b"\r\n\r\n").unwrap();
    String::from_utf8(message[..end].to_vec()).unwrap().replace("\r\n ", " ")
}
