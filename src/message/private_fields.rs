use super::{Field, Header, own_results::take_out};

/// What never leaves with the mail of an account: those whom the others are not to see, and what only the last server
/// may write (RFC 5321 §4.4).
const PRIVATE: [&str; 3] = ["Bcc", "Resent-Bcc", "Return-Path"];

/// Takes out of `message`, which is our own user's, the fields that nobody else is to see, those of the names in
/// `strip` among them: what stands before them moves up. Gives how many octets at the start are no part of it any more.
pub fn without_private_fields(message: &mut [u8], strip: &[String]) -> usize {
    let is_gone = |field: &Field<'_>| {
        let is_it = |name: &str| field.name.eq_ignore_ascii_case(name.as_bytes());
        PRIVATE.into_iter().any(is_it) || strip.iter().any(|name| is_it(name))
    };
    let header = Header::scan(message);
    let gone = header.fields().iter().filter(|field| is_gone(field)).copied().collect::<Vec<_>>();
    let places = super::own_results::places(message, gone);
    take_out(message, &places)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_private_goes_and_nothing_else() {
        let strip = ["User-Agent".to_owned(), "X-Mailer".to_owned()];
        let left = |message: &str| {
            let mut octets = message.as_bytes().to_vec();
            let start = without_private_fields(&mut octets, &strip);
            String::from_utf8(octets.split_off(start)).unwrap()
        };
        for (message, kept) in [
            ("A: 1\r\n\r\nBcc: x\r\n", "A: 1\r\n\r\nBcc: x\r\n"),
            ("Bcc: a@b.test,\r\n c@d.test\r\nA: 1\r\n\r\nx\r\n", "A: 1\r\n\r\nx\r\n"),
            (
                "A: 1\r\nbcc : x\r\nTo: y\r\n z\r\nReturn-Path: <>\r\nRESENT-BCC:\r\nx-mailer: 1\r\nuser-agent:2\r\nB: 2\r\n\r\nx",
                "A: 1\r\nTo: y\r\n z\r\nB: 2\r\n\r\nx",
            ),
            ("Bcc-X: 1\r\nX-Bcc: 2\r\n\r\n", "Bcc-X: 1\r\nX-Bcc: 2\r\n\r\n"),
            ("A: 1\r\nBcc: x\r\n\r\n", "A: 1\r\n\r\n"),
            ("Bcc: x", ""),
        ] {
            assert_eq!(left(message), kept, "{message:?}");
        }
    }
}
