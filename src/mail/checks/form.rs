//! The form of the header section.

use super::Ruling;
use crate::{
    message::{Authors, Header},
    reply::Reply,
};

/// Authors whom every reader sees, as policies are those of their domains.
pub(super) fn authors(header: &Header<'_>) -> Ruling {
    Authors::read(header).map_or_else(Ruling::from, |_| Ruling::Pass)
}

/// A section that ends, and fields that may stand only once (RFC 5322 §3.6).
pub(super) fn header(header: &Header<'_>) -> Ruling {
    header.check().map_or_else(Ruling::from, |()| Ruling::Pass)
}

/// RFC 5322 §3.6.4 wants a Message-ID, and some destinations refuse mail without it.
pub(super) fn message_id(header: &Header<'_>, is_demanded: bool) -> Ruling {
    match header.named("Message-ID").next() {
        Some(_) => Ruling::Pass,
        None if is_demanded => {
            Reply::bad_header("Message has no Message-ID (RFC 5322 section 3.6.4)").into()
        }
        None => Ruling::Mark("it has no Message-ID".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_id_is_missed_or_demanded() {
        let without = Header::scan(b"From: <a@b.c>\r\n\r\n");
        assert_eq!(message_id(&without, false), Ruling::Mark("it has no Message-ID".into()));
        assert!(matches!(message_id(&without, true), Ruling::Refuse(_)));
        let with = Header::scan(b"From: <a@b.c>\r\nmessage-id: <1@b.c>\r\n\r\n");
        assert_eq!(message_id(&with, true), Ruling::Pass);
        assert_eq!(header(&with), Ruling::Pass);
        assert_eq!(authors(&with), Ruling::Pass);
        assert!(matches!(authors(&Header::scan(b"\r\n")), Ruling::Refuse(_)));
    }
}
