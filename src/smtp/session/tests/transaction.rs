//! What DATA and BDAT bring, and how a transaction ends.

use super::*;
use crate::{address::ReversePath, envelope::Body};

#[test]
fn data() {
    let too_big = format!("DATA\r\n{}\r\n.\r\nNOOP\r\n", "x".repeat(MAX));
    check_with_recipient(&[
        (
            "DATA\r\n..a\r\nQUIT\r\n.\r\nMAIL FROM:<>\r\n",
            &["354", r"<a@b.c> 1: .a\r\nQUIT\r\n", "250 2.0.0", "250 2.1.0"],
        ),
        ("DATA\r\n.\r\nDATA\r\n", &["354", "<a@b.c> 1: ", "250 2.0.0", "503 5.5.1"]),
        ("DATA\r\na\nb\r\n.\r\nDATA\r\n", &["354", "550 5.6.0", "503 5.5.1"]),
        (&too_big, &["354", "552 5.3.4", "250 2.0.0"]),
        ("DATA x\r\nDATA\r\n", &["501 5.5.4", "354"]),
    ]);
}

#[test]
fn bdat() {
    let bytes_of_a_message = "BDAT 9\r\nFrom: a\r\nBDAT 0 LAST\r\nBDAT 2 LAST\r\nx\nNOOP\r\n";
    check_with_recipient(&[
        (
            bytes_of_a_message,
            &["250 2.0.0", r"<a@b.c> 1: From: a\r\n", "250 2.0.0", "503 5.5.1", "250 2.0.0"],
        ),
        ("BDAT 3 LAST\r\n.\r\nNOOP\r\n", &[r"<a@b.c> 1: .\r\n", "250 2.0.0", "250 2.0.0"]),
        (
            "BDAT 1\r\nxRCPT TO:<2@y.z>\r\nMAIL FROM:<>\r\nBDAT 2 LAST\r\n\r\n",
            &["250 2.0.0", "503 5.5.1", "503 5.5.1", r"<a@b.c> 1: x\r\n", "250 2.0.0"],
        ),
        ("BDAT 1\r\nxRSET\r\nDATA\r\n", &["250 2.0.0", "250 2.0.0", "503 5.5.1"]),
        ("BDAT 6 LAST x\r\nNOOP\r\nNOOP\r\n", &["501 5.5.4", "250 2.0.0"]),
        ("BDAT 3\r\na\nbBDAT 0 LAST\r\n", &["250 2.0.0", "550 5.6.0"]),
    ]);
    check(&[
        ("BDAT 6 LAST\r\nQUIT\r\nNOOP\r\n", &["503 5.5.1", "250 2.0.0"]),
        ("EHLO c\r\nBDAT 6\r\nQUIT\r\nNOOP\r\n", &["250", "503 5.5.1", "250 2.0.0"]),
        (
            "EHLO c\r\nMAIL FROM:<>\r\nBDAT 6\r\nQUIT\r\nNOOP\r\n",
            &["250", "250 2.1.0", "503 5.5.1", "250 2.0.0"],
        ),
        (
            "HELO c\r\nMAIL FROM:<>\r\nRCPT TO:<x@y.z>\r\nBDAT 6\r\nQUIT\r\nNOOP\r\n",
            &["250", "250 2.1.0", "250 2.1.5", "503 5.5.1", "250 2.0.0"],
        ),
    ]);
}

#[test]
fn a_failed_chunk_fails_those_behind_it_alike() {
    let over = format!("BDAT 99\r\n{}BDAT 2\r\n\r\n", "x".repeat(99));
    check_with_recipient(&[
        (
            &format!("{over}BDAT 1\r\nxBDAT 6 LAST\r\nQUIT\r\nMAIL FROM:<>\r\n"),
            &["250 2.0.0", "552 5.3.4", "552 5.3.4", "552 5.3.4", "250 2.1.0"],
        ),
        (
            &format!("{over}RSET\r\nMAIL FROM:<>\r\n"),
            &["250 2.0.0", "552 5.3.4", "250 2.0.0", "250 2.1.0"],
        ),
    ]);
}

#[test]
fn out_of_memory_is_said_at_the_end() {
    for (begin, end) in [("DATA\r\nx", "\r\n.\r\n"), ("BDAT 2\r\nx", "xBDAT 0 LAST\r\n")] {
        let mut session = session();
        let opening = "EHLO c\r\nMAIL FROM:<>\r\nRCPT TO:<x@y.z>\r\n";
        transcript(&mut session, opening.as_bytes());
        transcript(&mut session, begin.as_bytes());
        assert_eq!(session.held(), 1);
        assert!(session.in_data());
        session.out_of_memory();
        assert_eq!(session.held(), 0);
        let got = transcript(&mut session, end.as_bytes());
        assert_eq!(got.last().unwrap(), "452 4.3.1");
        assert!(!got.iter().any(|event| event.starts_with('2')), "{got:?}");
        assert!(!session.in_data());
    }
}

fn take_sender(session: &mut Session) {
    let Step::Sender(envelope) = session.poll() else { panic!("no sender") };
    assert!(envelope.forward_paths.is_empty() && session.envelope_so_far().is_none());
    session.answer(Reply::sender_ok());
}

#[test]
fn a_sender_that_is_refused_opens_no_transaction() {
    let mut session = session();
    session.receive(b"EHLO c\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<x@y.z>\r\n");
    assert!(matches!(session.poll(), Step::Sender(_)));
    session.answer(Reply::relaying_denied());
    assert_eq!(session.envelope_so_far(), None);
    assert_eq!(session.tally.errors, 1);
    assert_eq!(transcript(&mut session, b""), ["250", "550 5.7.1", "503 5.5.1"]);
}

#[test]
fn a_refused_data_takes_no_text_and_leaves_the_transaction_open() {
    let mut session = session();
    session.receive(b"EHLO c\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<x@y.z>\r\nDATA\r\n");
    take_sender(&mut session);
    assert!(matches!(session.poll(), Step::Recipient(..)));
    session.answer(Reply::recipient_ok());
    assert!(matches!(session.poll(), Step::Data));
    session.answer(Reply::srs_bounces_only());
    assert!(!session.in_data() && session.tally.errors == 1);
    assert_eq!(session.envelope_so_far().unwrap().forward_paths.len(), 1);
    session.receive(b"RSET\r\n");
    assert!(matches!(session.poll(), Step::Aborted(Aborted { in_message: false, .. })));
    let output = String::from_utf8(std::mem::take(session.output())).unwrap();
    assert!(output.contains("\r\n550 5.7.1 SRS address takes bounces only"), "{output}");
}

/// How each transaction ended, `text` for one whose text was under way.
fn ends(session: &mut Session, wire: &[u8]) -> Vec<&'static str> {
    session.receive(wire);
    let mut ends = Vec::new();
    loop {
        match session.poll() {
            Step::Sender(_) => session.answer(Reply::sender_ok()),
            Step::Recipient(..) => session.answer(Reply::recipient_ok()),
            Step::Data => session.answer(Reply::start_data()),
            Step::Message(_) => {
                ends.push("message");
                session.answer(Reply::forwarded("id"));
            }
            Step::Aborted(aborted) => {
                ends.push(if aborted.in_message { "text" } else { "aborted" })
            }
            Step::NeedInput | Step::StartTls | Step::Authenticate(_) | Step::Close => return ends,
        }
    }
}

#[test]
fn each_transaction_ends_once() {
    let open = "EHLO c\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<x@y.z>\r\n";
    for (wire, expected) in [
        ("", &[][..]),
        ("RSET\r\nRSET\r\n", &["aborted"]),
        ("EHLO d\r\n", &["aborted"]),
        ("MAIL FROM:<>\r\n", &[]),
        ("QUIT\r\n", &["aborted"]),
        ("DATA\r\nx\r\n.\r\nRSET\r\nQUIT\r\n", &["message"]),
        ("DATA\r\nx\r\n.\r\nMAIL FROM:<>\r\nRSET\r\n", &["message", "aborted"]),
        ("BDAT 3\r\nabcRSET\r\n", &["aborted"]),
    ] {
        let mut session = session();
        assert_eq!(ends(&mut session, [open, wire].concat().as_bytes()), expected, "{wire:?}");
    }
    for (wire, expected) in [("", "aborted"), ("DATA\r\nx", "text"), ("BDAT 9\r\nx", "text")] {
        for is_gone in [false, true] {
            let mut session = session();
            assert_eq!(ends(&mut session, [open, wire].concat().as_bytes()), [""; 0]);
            match is_gone {
                true => session.hang_up(),
                false => session.shut_down(Reply::timeout()),
            }
            assert_eq!(ends(&mut session, b""), [expected], "{wire:?}");
            session.hang_up();
            assert_eq!(ends(&mut session, b""), [""; 0], "told once");
        }
    }
}

#[test]
fn nothing_goes_on_while_an_answer_is_owed() {
    let mut session = session();
    session.receive(
        b"EHLO c\r\nMAIL FROM:<>\r\nRCPT TO:<x@y.z>\r\nRSET\r\nMAIL FROM:<>\r\nRCPT TO:<x@y.z>\r\n",
    );
    take_sender(&mut session);
    assert!(matches!(session.poll(), Step::Recipient(..)));
    let said = session.output().len();
    assert_eq!(session.poll(), Step::NeedInput);
    assert_eq!(session.output().len(), said);
    session.answer(Reply::recipient_ok());
    assert!(matches!(session.poll(), Step::Aborted(_)));
    take_sender(&mut session);
    assert!(matches!(session.poll(), Step::Recipient(..)));
    assert_eq!(session.envelope_so_far().unwrap().forward_paths.len(), 0);
    session.answer(Reply::recipient_ok());
    assert_eq!(session.envelope_so_far().unwrap().forward_paths.len(), 1);
    session.receive(b"DATA\r\nx\r\n.\r\nQUIT\r\n");
    assert!(matches!(session.poll(), Step::Data));
    assert_eq!(session.poll(), Step::NeedInput);
    assert!(!session.in_data());
    session.answer(Reply::start_data());
    assert!(matches!(session.poll(), Step::Message(_)));
    assert_eq!(session.poll(), Step::NeedInput);
    session.shut_down(Reply::shutting_down());
    session.answer(Reply::forwarded("late"));
    assert_eq!(session.poll(), Step::Close);
    let output = String::from_utf8(std::mem::take(session.output())).unwrap();
    assert!(output.ends_with("421 4.3.2 Shutting down, try again later\r\n"), "{output}");
}

#[test]
fn a_message_comes_with_what_was_said_about_it() {
    let mut session = session();
    session.receive(
        "EHLO c\r\nMAIL FROM:<a@b.c> SMTPUTF8 BODY=8BITMIME SIZE=4\r\nRCPT TO:<é@y.z>\r\n"
            .as_bytes(),
    );
    take_sender(&mut session);
    assert!(matches!(session.poll(), Step::Recipient(..)));
    session.answer(Reply::recipient_ok());
    session.receive(b"DATA\r\nab\r\n.\r\n");
    assert!(matches!(session.poll(), Step::Data));
    session.answer(Reply::start_data());
    let Step::Message(transaction) = session.poll() else { panic!("no message") };
    assert_eq!(
        *transaction,
        Transaction {
            helo: HeloName::new("c").unwrap(),
            origin: None,
            esmtp: true,
            tls: None,
            envelope: Envelope {
                reverse_path: ReversePath::parse("<a@b.c>").unwrap().0,
                parameters: crate::envelope::MailParameters {
                    size: Some(4),
                    body: Body::EightBitMime,
                    smtputf8: true,
                    dsn: crate::envelope::MailDsn::default(),
                },
                forward_paths: vec![ForwardPath::parse("<é@y.z>").unwrap().0],
            },
            message: Ok(b"ab\r\n".to_vec()),
            is_normalized: false,
        }
    );
}
