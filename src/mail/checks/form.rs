//! The form of the header section.

use super::Ruling;
use crate::{message::Header, reply::Reply};

/// Fields that must be there once, and a section that ends (RFC 5322 §3.6).
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
        assert!(matches!(header(&Header::scan(b"\r\n")), Ruling::Refuse(_)));
    }
}
