//! Octets behind a line that is refused, of which nobody can say that they are commands.

use super::*;

const LINE_FAULT: &str = "500 5.5.2";
const TEXT_WITHOUT_DATA: &[&str] = &["503 5.5.1", "554 5.5.1", "closed"];

#[test]
fn what_stands_behind_a_bare_lf_is_thrown_away_up_to_the_next_crlf() {
    check(&[
        ("EHLO c\r\nNOOP\nRSET\r\nNOOP\r\n", &["250", LINE_FAULT, "250 2.0.0"]),
        (
            "EHLO c\r\nMAIL FROM:<a@b.c>\nRCPT TO:<x@y.z>\nDATA\nx\n.\nQUIT\n\r\nNOOP\r\n",
            &["250", LINE_FAULT, "250 2.0.0"],
        ),
        // Said at once, to a client that knows no CRLF at all.
        ("EHLO c\n", &[LINE_FAULT]),
        ("EHLO c\nQUIT\n", &[LINE_FAULT]),
    ]);
}

#[test]
fn a_chunk_of_unreadable_size_ends_the_session_at_once() {
    for size in ["-1", "+1", "0x10", "", "LAST", "1.5", "-1 LAST", "a LAST"] {
        let wire = format!("BDAT {size}\r\nMAIL FROM:<evil@b.c>\r\nNOOP\r\n");
        check(&[(&wire, &["501 5.5.4", "closed"])]);
        check_with_recipient(&[(&wire, &["501 5.5.4", "closed"])]);
    }
}

#[test]
fn a_chunk_of_unholdable_size_ends_the_session_at_once() {
    for size in ["101", "18446744073709551615", "99999999999999999999"] {
        for rest in ["", " LAST"] {
            let wire = format!("BDAT {size}{rest}\r\nMAIL FROM:<evil@b.c>\r\nNOOP\r\n");
            check(&[(&wire, &["552 5.3.4", "closed"])]);
            check_with_recipient(&[(&wire, &["552 5.3.4", "closed"])]);
        }
        check(&[(&format!("BDAT {size} LAST x\r\nNOOP\r\n"), &["501 5.5.4", "closed"])]);
    }
    check_with_recipient(&[(
        "BDAT 1\r\nxBDAT 101\r\nQUIT\r\n",
        &["250 2.0.0", "552 5.3.4", "closed"],
    )]);
}

#[test]
fn text_pipelined_behind_a_refused_data_never_runs() {
    let text = "DATA\r\nMAIL FROM:<evil@b.c>\r\nRCPT TO:<x@y.z>\r\nDATA\r\nevil\r\n.\r\n";
    check(&[
        (text, &TEXT_WITHOUT_DATA[1..]),
        (&format!("EHLO c\r\n{text}"), &["250", "554 5.5.1", "closed"]),
        (
            &format!("EHLO c\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<no@y.z>\r\n{text}"),
            &["250", "250 2.1.0", "550 5.1.1", "554 5.5.1", "closed"],
        ),
    ]);
    check_with_recipient(&[
        (&format!("BDAT 1\r\nx{text}"), &["250 2.0.0", "554 5.5.1", "closed"]),
        // A DATA that is not refused has its text behind it, pipelined or not.
        ("DATA\r\na\r\n.\r\n", &["354", r"<a@b.c> 1: a\r\n", "250 2.0.0"]),
    ]);
}

#[test]
fn text_that_comes_a_moment_behind_a_refused_data_ends_the_session_too() {
    let group = b"EHLO c\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<no@y.z>\r\nDATA\r\n";
    for text in ["From: a@b.c\r\nRSET\r\n", "\r\nRSET\r\n", "x\n", "Received: from x\r\n"] {
        let mut session = session();
        let refused = transcript(&mut session, group);
        assert_eq!(refused, ["250", "250 2.1.0", "550 5.1.1", "503 5.5.1"]);
        assert_eq!(transcript(&mut session, text.as_bytes()), TEXT_WITHOUT_DATA[1..]);
    }
    // Whoever pipelines by the book has ended its group with DATA, and goes on.
    let mut session = session();
    transcript(&mut session, group);
    let next = "MAIL FROM:<bad\r\nRSET\r\nX\r\nMAIL FROM:<a@b.c>\r\n";
    let answers = ["501 5.1.7", "250 2.0.0", LINE_FAULT, "250 2.1.0"];
    assert_eq!(transcript(&mut session, next.as_bytes()), answers);
}

#[test]
fn what_was_normalized_is_told_with_the_message() {
    for (wire, is_normalized) in [
        ("DATA\r\na\nb\r\n.\r\n", true),
        ("BDAT 2\r\na\nBDAT 1 LAST\r\nb", true),
        ("DATA\r\na\r\nb\r\n.\r\n", false),
        ("BDAT 6 LAST\r\na\r\nb\r\n", false),
    ] {
        let mut config = SessionConfig::clone(&session().config);
        config.bare_lf = BareLf::Normalize;
        let mut session = Session::new(Arc::new(config));
        let opening = "EHLO c\r\nMAIL FROM:<>\r\nRCPT TO:<x@y.z>\r\n";
        transcript(&mut session, opening.as_bytes());
        session.receive(wire.as_bytes());
        let mut step = session.poll();
        if matches!(step, Step::Data) {
            session.answer(Reply::start_data());
            step = session.poll();
        }
        let Step::Message(transaction) = step else { panic!("no message") };
        assert_eq!(transaction.message, Ok(b"a\r\nb\r\n".to_vec()));
        assert_eq!(transaction.is_normalized, is_normalized, "{wire:?}");
    }
}
