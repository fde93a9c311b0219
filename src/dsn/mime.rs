//! As much of MIME as a report needs: parts side by side, and what one holds. Within bounds, and each octet is gone
//! through a few times at most.

use crate::message::Header;
use mail_parser::{
    ContentType, HeaderValue,
    decoders::{base64::base64_decode, quoted_printable::quoted_printable_decode},
    parsers::MessageStream,
};
use std::borrow::Cow;

/// Parts of one multipart. Reports have three; what has more than this is none.
const MAX_PARTS: usize = 20;
/// Octets of a part that are decoded.
const MAX_DECODED: usize = 256 * 1024;

/// An entity (RFC 2045 §2.4): a message, or a part of one.
#[derive(Debug)]
pub(super) struct Entity<'a> {
    kind: Option<ContentType<'a>>,
    encoding: Vec<u8>,
    body: &'a [u8],
}

impl<'a> Entity<'a> {
    /// Splits an entity into its header section, of which two fields count, and its body.
    pub(super) fn read(bytes: &'a [u8]) -> Self {
        let header = Header::scan(bytes);
        let value = |name| header.named(name).next().map(|field| field.value);
        let kind = value("Content-Type").and_then(|value| {
            match MessageStream::new(value).parse_content_type() {
                HeaderValue::ContentType(kind) => Some(kind),
                _ => None,
            }
        });
        let encoding = value("Content-Transfer-Encoding").unwrap_or_default();
        let encoding = encoding.trim_ascii().to_ascii_lowercase();
        let rest = bytes.get(header.bytes().len()..).unwrap_or_default();
        Self { kind, encoding, body: without_line_end(rest) }
    }

    /// True for the media type of this name, such as `text/plain`.
    pub(super) fn is(&self, kind: &str) -> bool {
        let Some(ContentType { c_type, c_subtype: Some(subtype), .. }) = &self.kind else {
            return false;
        };
        kind.split_once('/').is_some_and(|(left, right)| {
            c_type.eq_ignore_ascii_case(left) && subtype.eq_ignore_ascii_case(right)
        })
    }

    /// A parameter of the media type.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        let attributes = self.kind.as_ref()?.attributes.as_ref()?;
        let found = attributes.iter().find(|it| it.name.eq_ignore_ascii_case(name))?;
        Some(&found.value)
    }

    /// The parts of a multipart; none where it has no boundary, or more parts than a report can have.
    pub(super) fn parts(&self) -> Vec<Entity<'a>> {
        let Some(boundary) = self.parameter("boundary").filter(|it| !it.is_empty()) else {
            return Vec::new();
        };
        let delimiter = [b"--", boundary.as_bytes()].concat();
        // A boundary at the start of a line (RFC 2046 §5.1.1): the line end before it belongs to it.
        let (mut parts, mut begin) = (Vec::new(), None);
        for at in memchr::memmem::find_iter(self.body, &delimiter) {
            let (before, from) = self.body.split_at_checked(at).unwrap_or_default();
            let behind = from.get(delimiter.len()..).unwrap_or_default();
            let (end, line) = match behind.strip_prefix(b"--") {
                Some(behind) => (true, behind),
                None => (false, behind),
            };
            let padding = line.iter().take_while(|b| matches!(b, b' ' | b'\t' | b'\r')).count();
            let after = line.get(padding..).unwrap_or_default();
            let is_line = (before.is_empty() || before.ends_with(b"\n"))
                && (after.is_empty() || after.starts_with(b"\n"));
            if !is_line {
                continue;
            }
            if let Some(begin) = begin.take() {
                if parts.len() == MAX_PARTS {
                    return Vec::new();
                }
                let content = self.body.get(begin..at).unwrap_or_default();
                parts.push(Entity::read(without_last_line_end(content)));
            }
            if end {
                return parts;
            }
            begin = Some(self.body.len() - after.len() + usize::from(!after.is_empty()));
        }
        // Cut off on the way: what is there counts.
        parts.extend(begin.and_then(|begin| self.body.get(begin..)).map(Entity::read));
        parts
    }

    /// The content, decoded, as far as [`MAX_DECODED`]; as it stands where it is not what it says.
    pub(super) fn content(&self) -> Cow<'a, [u8]> {
        let (most, _) = self.body.split_at_checked(MAX_DECODED).unwrap_or((self.body, &[]));
        match self.encoding.as_slice() {
            b"base64" => {
                let text: Vec<u8> =
                    most.iter().copied().filter(|b| !b.is_ascii_whitespace()).collect();
                let whole = text.len() / 4 * 4;
                let text = if most.len() < self.body.len() { text.get(..whole) } else { None }
                    .unwrap_or(&text);
                base64_decode(text).map_or(most.into(), Cow::Owned)
            }
            b"quoted-printable" => quoted_printable_decode(most).map_or(most.into(), Cow::Owned),
            _ => most.into(),
        }
    }
}

fn without_line_end(text: &[u8]) -> &[u8] {
    let rest = text.strip_prefix(b"\r").unwrap_or(text);
    rest.strip_prefix(b"\n").unwrap_or(text)
}

fn without_last_line_end(text: &[u8]) -> &[u8] {
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    text.strip_suffix(b"\r").unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contents(message: &str) -> Vec<String> {
        let entity = Entity::read(message.as_bytes());
        let text = |part: &Entity<'_>| String::from_utf8_lossy(&part.content()).into_owned();
        entity.parts().iter().map(text).collect()
    }

    #[test]
    fn parts_are_cut_at_whole_lines() {
        let message = "Content-Type: Multipart/X; BOUNDARY=\"b c\"\r\n\r\npreamble\r\n--b c\r\n\r\none\r\n--b cx\r\nx--b c\r\n\
             --b c \t\r\nContent-Type: text/plain\r\n\r\ntwo\r\n\r\n--b c--\r\n\r\nepilogue\r\n--b c\r\n\r\nthree\r\n";
        assert_eq!(contents(message), ["one\r\n--b cx\r\nx--b c", "two\r\n"]);
        let entity = Entity::read(message.as_bytes());
        assert!(entity.is("multipart/x") && !entity.is("multipart/y"));
        assert!(entity.parts()[1].is("text/plain"));
    }

    #[test]
    fn odd_ones() {
        for (message, expected) in [
            ("Content-Type: multipart/x; boundary=b\r\n\r\n--b\r\n\r\ncut off", vec!["cut off"]),
            ("Content-Type: multipart/x; boundary=b\r\n\r\n--b", vec![""]),
            ("Content-Type: multipart/x; boundary=b\r\n\r\n--b--", vec![]),
            ("Content-Type: multipart/x; boundary=\r\n\r\n--\r\n\r\na\r\n----", vec![]),
            ("Content-Type: multipart/x\r\n\r\n--b\r\n\r\na\r\n--b--\r\n", vec![]),
            ("Content-Type: multipart/x; boundary=b\n\n--b\n\na\n--b--\n", vec!["a"]),
            ("\r\n", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(contents(message), expected, "{message:?}");
        }
        let part = "--b\r\n\r\na\r\n";
        let many = |n: usize| {
            format!("Content-Type: multipart/x; boundary=b\r\n\r\n{}--b--\r\n", part.repeat(n))
        };
        assert_eq!(contents(&many(MAX_PARTS)).len(), MAX_PARTS);
        assert_eq!(contents(&many(MAX_PARTS + 1)).len(), 0);
        assert_eq!(contents(&many(100_000)).len(), 0);
    }

    #[test]
    fn contents_are_decoded_within_bounds() {
        let part = |encoding: &str, body: &str| {
            let part = format!("Content-Transfer-Encoding: {encoding}\r\n\r\n{body}");
            String::from_utf8(Entity::read(part.as_bytes()).content().into_owned()).unwrap()
        };
        assert_eq!(part("BASE64", "U3ViamVj\r\ndDogeA0K\r\n"), "Subject: x\r\n");
        assert_eq!(part("base64", "YQ==\r\n"), "a");
        assert_eq!(part(" Quoted-Printable ", "a=3D=\r\nb"), "a=b");
        assert_eq!(part("8bit", "a=3D"), "a=3D");
        assert_eq!(part("quoted-printable", "u=bob"), "u=bob");
        assert_eq!(part("base64", "Subject: x"), "Subject: x");
        assert_eq!(part("7bit", &"x".repeat(2 * MAX_DECODED)).len(), MAX_DECODED);
        let long = part("base64", &"YWFh".repeat(MAX_DECODED));
        assert!(long.len() > MAX_DECODED / 2 && long.bytes().all(|b| b == b'a'), "{}", long.len());
    }
}
