use crate::message::Header;

/// True when a message says that it wants no notification, or when one might go round in circles: it
/// comes from a mailing list (RFC 2919, RFC 2369), is sent to many (`Precedence`), was not written by a
/// person (RFC 3834 §2 and §5), or is a report itself (RFC 6522 §3).
///
/// List-Unsubscribe alone makes no list: shops put it into mail to one customer. X-Loop and its kin are
/// no standard, and who reads them differs. A null reverse-path is not looked for here.
pub fn is_unwanted(header: &Header<'_>) -> bool {
    let values = |name| header.named(name).map(|field| first_item(field.value));
    header.named("List-Id").next().is_some()
        || header.named("List-Post").next().is_some()
        || values("Precedence").any(|it| matches!(&*it, b"list" | b"bulk" | b"junk"))
        || values("Auto-Submitted").any(|it| !it.is_empty() && it != b"no")
        || values("Content-Type").any(|it| it == b"multipart/report")
}

/// What stands before the first `;`, in lower case, without comments and white space (RFC 5322 §3.2.2).
fn first_item(value: &[u8]) -> Vec<u8> {
    let mut item = Vec::new();
    let (mut depth, mut escaped) = (0_usize, false);
    for b in value {
        match b {
            _ if escaped => escaped = false,
            b'\\' if depth > 0 => escaped = true,
            b'(' => depth += 1,
            b')' => depth = depth.saturating_sub(1),
            _ if depth > 0 || b.is_ascii_whitespace() => {}
            b';' => break,
            b => item.push(b.to_ascii_lowercase()),
        }
    }
    item
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table() {
        for (field, unwanted) in [
            ("Subject: hello", false),
            ("List-Id: <list.example.org>", true),
            ("list-id : The list\r\n <list.example.org>", true),
            ("List-Post: NO", true),
            ("List-Unsubscribe: <https://shop.example/u>", false),
            ("X-List-Id: x", false),
            ("Precedence: bulk", true),
            ("PRECEDENCE: List", true),
            ("Precedence:\r\n\t(sent (to \\) many)) JUNK", true),
            ("Precedence: first-class", false),
            ("Precedence: (bulk) special-delivery", false),
            ("Auto-Submitted: no", false),
            ("Auto-Submitted: (auto-replied) No (a person wrote it)", false),
            ("Auto-Submitted: no; because=\"auto-replied\"", false),
            ("Auto-Submitted:", false),
            ("Auto-Submitted: auto-generated", true),
            ("auto-submitted: Auto-Replied (vacation)", true),
            ("Auto-Submitted: auto-notified; owner-email=\"a@b.c\"", true),
            ("Auto-Submitted: nobody-knows", true),
            ("Auto-Submitted: no\r\nAuto-Submitted: auto-replied", true),
            ("Content-Type: multipart/report; report-type=delivery-status", true),
            ("Content-Type: (x) Multipart / Report\r\n ;boundary=b", true),
            ("Content-Type: multipart/mixed; x=\"multipart/report\"", false),
            ("Content-Type: text/plain; name=multipart/report", false),
            ("X-Loop: a@b.c", false),
            ("Subject: x\r\n\r\nPrecedence: bulk", false),
        ] {
            let message = format!("From: a@b.c\r\n{field}\r\n\r\nbody\r\n");
            assert_eq!(is_unwanted(&Header::scan(message.as_bytes())), unwanted, "{field:?}");
        }
    }
}
