use super::Header;
use mail_parser::{HeaderValue, parsers::MessageStream};

/// True where the message whose header section is `header` says that it is a disposition notification (RFC 8098 §3):
/// the one kind of message that a client sends with a null reverse-path.
pub fn is_disposition_notification(header: &Header<'_>) -> bool {
    let mut types = header.named("Content-Type");
    let (Some(only), None) = (types.next(), types.next()) else { return false };
    let HeaderValue::ContentType(content_type) =
        MessageStream::new(only.value).parse_content_type()
    else {
        return false;
    };
    let is = |text: Option<&str>, wanted: &str| {
        text.is_some_and(|text| text.eq_ignore_ascii_case(wanted))
    };
    is(Some(content_type.ctype()), "multipart")
        && is(content_type.subtype(), "report")
        && is(content_type.attribute("report-type"), "disposition-notification")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_its_content_type_alone() {
        let is = |header: &str| {
            is_disposition_notification(&Header::scan(format!("{header}\r\n\r\n").as_bytes()))
        };
        assert!(is(
            "Content-Type: multipart/report; report-type=disposition-notification; boundary=x"
        ));
        assert!(is(
            "content-type :\r\n Multipart/Report;\r\n\tREPORT-TYPE=\"Disposition-Notification\""
        ));
        for other in [
            "Subject: x",
            "Content-Type: multipart/report; report-type=delivery-status",
            "Content-Type: multipart/report",
            "Content-Type: text/plain; report-type=disposition-notification",
            "Content-Type: multipart/report; report-type=disposition-notification\r\nContent-Type: text/plain",
        ] {
            assert!(!is(other), "{other:?}");
        }
    }
}
