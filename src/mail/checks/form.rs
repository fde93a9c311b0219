//! The form of the header section.

use super::Ruling;
use crate::{
    message::{Authors, Header, MAX_HEADER},
    reply::Reply,
};

/// A section of few enough fields: each costs many times its octets, so they are counted before any is kept.
pub(super) fn fields(message: &[u8], most: usize) -> Ruling {
    match Header::has_more_than(message, most) {
        true => Reply::too_many_fields().into(),
        false => Ruling::Pass,
    }
}

/// Authors whom every reader sees, as policies are those of their domains; they are put into `authors`.
pub(super) fn authors(header: &Header<'_>, authors: &mut Option<Authors>) -> Ruling {
    match Authors::read(header) {
        Ok(read) => {
            *authors = Some(read);
            Ruling::Pass
        }
        Err(reply) => reply.into(),
    }
}

/// A section that was read whole. What fields are in it, and how often, is for the destination to judge.
pub(super) fn header(header: &Header<'_>) -> Ruling {
    match header.bytes().len() > MAX_HEADER {
        true => Reply::header_too_big().into(),
        false => Ruling::Pass,
    }
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
    fn a_section_without_end_is_refused_before_it_is_read_through() {
        let longest = format!("From: a@b.c\r\nX: {}\r\n", "x".repeat(MAX_HEADER - 18));
        assert_eq!(longest.len(), MAX_HEADER);
        let ruling = |text: &str| header(&Header::scan(text.as_bytes()));
        assert_eq!(ruling(&longest), Ruling::Pass);
        assert_eq!(
            ruling(&(longest.clone() + "\r\n" + &longest)),
            Ruling::Pass,
            "bodies are longer"
        );
        let too_big = Ruling::Refuse(Reply::header_too_big());
        assert_eq!(ruling(&(longest + "A:\r\n")), too_big);
        assert_eq!(ruling(&"A:\r\n".repeat(MAX_HEADER)), too_big);
    }

    #[test]
    fn two_dates_two_message_ids_two_recipients_pass() {
        let doubled = Header::scan(
            b"To: x@y.z\r\nDate: 1\r\nMessage-ID: <1@b.c>\r\nFrom: <a@b.c>\r\nTO: u@v.w\r\nDate: 2\r\n\
              message-id : <2@b.c>\r\nSubject: x\r\nSubject: y\r\n\r\n",
        );
        assert_eq!(header(&doubled), Ruling::Pass);
        assert_eq!(authors(&doubled, &mut None), Ruling::Pass);
        assert_eq!(message_id(&doubled, true), Ruling::Pass);
    }

    #[test]
    fn a_message_id_is_missed_or_demanded() {
        let without = Header::scan(b"From: <a@b.c>\r\n\r\n");
        assert_eq!(message_id(&without, false), Ruling::Mark("it has no Message-ID".into()));
        assert!(matches!(message_id(&without, true), Ruling::Refuse(_)));
        let with = Header::scan(b"From: <a@b.c>\r\nmessage-id: <1@b.c>\r\n\r\n");
        assert_eq!(message_id(&with, true), Ruling::Pass);
        assert_eq!(header(&with), Ruling::Pass);
        assert_eq!(authors(&with, &mut None), Ruling::Pass);
        assert!(matches!(authors(&Header::scan(b"\r\n"), &mut None), Ruling::Refuse(_)));
    }
}
