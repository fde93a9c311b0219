use super::Header;

/// `message` without the line of a mailbox file that stands before its header section, `From alice@example.test Mon
/// Nov 23 …` or `>From …`, which programs that read such files leave there. `None` where there is none, as mostly.
///
/// Behind the fields that are put in front, the line would end the header section for some readers, and be passed
/// over by others. A From field with blanks before its colon is no such line, and only the first line can be one.
pub fn without_mbox_line(message: &[u8]) -> Option<&[u8]> {
    let text = message.iter().position(|byte| *byte != b'>')?;
    let is_mbox_line = message.get(text..)?.starts_with(b"From ");
    if !is_mbox_line || !Header::scan(message).fields().is_empty() {
        return None;
    }
    let end = memchr::memmem::find(message, b"\r\n")?;
    // A folded line would continue the last of our fields.
    message.get(end + 2..).filter(|rest| !matches!(rest.first(), Some(b' ' | b'\t')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_first_line_of_a_mailbox_file_goes_and_nothing_else() {
        for (message, kept) in [
            (
                "From alice@example.test Mon Nov 23 09:00:00 2026\r\nA: 1\r\n\r\nx",
                Some("A: 1\r\n\r\nx"),
            ),
            (">From alice@example.test Mon Nov 23\r\nA: 1\r\n", Some("A: 1\r\n")),
            (">>From \r\n\r\nFrom x\r\n", Some("\r\nFrom x\r\n")),
            ("From a\r\nFrom b\r\nA: 1\r\n", Some("From b\r\nA: 1\r\n")),
            ("From a\r\n folded\r\nA: 1\r\n", None),
            ("From a\r\n", Some("")),
            ("From a", None),
            // Fields.
            ("From: a@b.c\r\n\r\n", None),
            ("From : a@b.c\r\n\r\n", None),
            ("From \t : a@b.c\r\n\r\n", None),
            (">From : a@b.c\r\nFrom: a@b.c\r\n\r\n", None),
            // Other lines.
            ("from alice\r\nA: 1\r\n", None),
            ("From\talice\r\nA: 1\r\n", None),
            (" From alice\r\nA: 1\r\n", None),
            ("\r\nFrom alice\r\nA: 1\r\n", None),
            ("A: 1\r\nFrom alice\r\nB: 1\r\n", None),
            (">", None),
            ("", None),
        ] {
            let found = without_mbox_line(message.as_bytes());
            assert_eq!(found, kept.map(str::as_bytes), "{message:?}");
        }
    }
}
