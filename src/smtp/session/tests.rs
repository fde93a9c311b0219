mod auth;
mod out_of_step;
mod transaction;

use super::*;
use crate::{
    address::{ForwardPath, HeloName},
    sasl::Credentials,
    smtp::line::MAX_LINE,
};
use proptest::prelude::*;

const MAX: usize = 100;

fn session() -> Session {
    let config = SessionConfig {
        hostname: "mx.test".into(),
        max_message_size: MAX,
        max_recipients: 3,
        max_errors: 10,
        bare_lf: BareLf::Refuse,
        minds_early_talk: false,
    };
    Session::new(Arc::new(config))
}

/// Feeds `wire` and answers recipients by their local part: `no` is refused, `later` deferred,
/// `421` ends the session. The transcript has code and status of each reply, the last line of a
/// multi-line one, and each message as `<from> n recipients: text`.
fn transcript(session: &mut Session, wire: &[u8]) -> Vec<String> {
    let mut events = Vec::new();
    session.receive(wire);
    loop {
        let step = session.poll();
        replies(session, &mut events);
        match step {
            Step::Sender(_) => session.answer(Reply::sender_ok()),
            Step::Aborted(_) => {}
            Step::Data => session.answer(Reply::start_data()),
            Step::Recipient(path, _) => {
                let path = path.to_string();
                session.answer(match path.trim_start_matches('<').split('@').next() {
                    Some("no") => Reply::no_such_alias(),
                    Some("later") => Reply::alias_defers("later"),
                    Some("421") => Reply::shutting_down(),
                    _ => Reply::recipient_ok(),
                });
            }
            Step::Message(transaction) => {
                let Envelope { reverse_path, forward_paths, .. } = &transaction.envelope;
                session.answer(match transaction.message {
                    Ok(message) => {
                        let text = message.escape_ascii();
                        events.push(format!("{reverse_path} {}: {text}", forward_paths.len()));
                        Reply::forwarded("id")
                    }
                    Err(refusal) => refusal,
                });
            }
            Step::StartTls => {
                session.answer(Reply::start_tls());
                replies(session, &mut events);
                return events;
            }
            Step::Authenticate(Credentials { name, password }) => {
                session.answer(match (name.expose(), password.expose()) {
                    ("me@x.test", "right") => Reply::logged_in(),
                    ("later@x.test", _) => Reply::login_unavailable(),
                    _ => Reply::login_refused(),
                });
            }
            Step::NeedInput => return events,
            Step::Close => {
                events.push("closed".into());
                return events;
            }
        }
    }
}

fn replies(session: &mut Session, events: &mut Vec<String>) {
    let out = String::from_utf8(std::mem::take(session.output())).unwrap();
    for line in out.lines().filter(|line| line.as_bytes()[3] == b' ') {
        let mut words = line.split(' ');
        let code = words.next().unwrap();
        let status = words.next().filter(|word| word.as_bytes().get(1) == Some(&b'.'));
        events.push([code, status.unwrap_or("")].join(" ").trim_end().to_owned());
    }
}

/// One session a row.
fn check(rows: &[(&str, &[&str])]) {
    for (wire, expected) in rows {
        let got = transcript(&mut session(), wire.as_bytes());
        assert_eq!(got, *expected, "{}", wire.escape_debug());
    }
}

/// One session a row, after `250`s for EHLO, MAIL and RCPT.
fn check_with_recipient(rows: &[(&str, &[&str])]) {
    for (wire, expected) in rows {
        let mut session = session();
        let opening = "EHLO c.test\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<x@y.z>\r\n";
        assert_eq!(transcript(&mut session, opening.as_bytes()), ["250", "250 2.1.0", "250 2.1.5"]);
        let got = transcript(&mut session, wire.as_bytes());
        assert_eq!(got, *expected, "{}", wire.escape_debug());
    }
}

#[test]
fn greeting_and_extensions() {
    let mut session = session();
    session.greet();
    session.receive(b"EHLO c.test\r\n");
    assert_eq!(session.poll(), Step::NeedInput);
    assert_eq!(
        String::from_utf8(std::mem::take(session.output())).unwrap(),
        "220 mx.test ESMTP Onward\r\n250-mx.test\r\n250-PIPELINING\r\n250-SIZE 100\r\n\
         250-8BITMIME\r\n250-SMTPUTF8\r\n250-ENHANCEDSTATUSCODES\r\n250 CHUNKING\r\n"
    );
    assert_eq!((session.helo(), session.is_esmtp()), (Some("c.test"), true));
    session.receive(b"HELO d.test\r\n");
    assert_eq!(session.poll(), Step::NeedInput);
    assert_eq!(session.output(), b"250 mx.test\r\n");
    assert_eq!((session.helo(), session.is_esmtp()), (Some("d.test"), false));
}

#[test]
fn order_of_commands() {
    check(&[
        ("MAIL FROM:<a@b.c>\r\n", &["503 5.5.1"]),
        ("RCPT TO:<a@b.c>\r\n", &["503 5.5.1"]),
        ("DATA\r\n", &["503 5.5.1"]),
        ("EHLO c\r\nRCPT TO:<a@b.c>\r\nDATA\r\n", &["250", "503 5.5.1", "503 5.5.1"]),
        (
            "EHLO c\r\nMAIL FROM:<>\r\nMAIL FROM:<>\r\nDATA\r\n",
            &["250", "250 2.1.0", "503 5.5.1", "503 5.5.1"],
        ),
        (
            "EHLO c\r\nMAIL FROM:<>\r\nRCPT TO:<no@y.z>\r\nRCPT TO:<later@y.z>\r\nDATA\r\n",
            &["250", "250 2.1.0", "550 5.1.1", "450 4.2.1", "503 5.5.1"],
        ),
        (
            "NOOP\r\nHELP\r\nVRFY x\r\nEXPN x\r\nRSET\r\nSTARTTLS\r\nQUIT\r\nNOOP\r\n",
            &[
                "250 2.0.0",
                "214 2.0.0",
                "252 2.1.5",
                "502 5.5.1",
                "250 2.0.0",
                "500 5.5.2",
                "221 2.0.0",
                "closed",
            ],
        ),
        ("EHLO\r\nMAIL FROM:<>\r\n", &["501 5.5.4", "503 5.5.1"]),
        ("EHLO c\r\nEHLO\r\nMAIL FROM:<>\r\n", &["250", "501 5.5.4", "250 2.1.0"]),
    ]);
    check_with_recipient(&[
        ("RSET\r\nDATA\r\n", &["250 2.0.0", "503 5.5.1"]),
        ("EHLO c\r\nDATA\r\n", &["250", "503 5.5.1"]),
        ("HELO c\r\nMAIL FROM:<>\r\n", &["250", "250 2.1.0"]),
    ]);
}

#[test]
fn parameters_and_limits_of_mail_and_rcpt() {
    check(&[
        ("EHLO c\r\nMAIL FROM:<> SIZE=100\r\n", &["250", "250 2.1.0"]),
        ("EHLO c\r\nMAIL FROM:<> SIZE=101\r\n", &["250", "552 5.3.4"]),
        ("EHLO c\r\nMAIL FROM:<> SIZE=99999999999999999999\r\n", &["250", "552 5.3.4"]),
        ("HELO c\r\nMAIL FROM:<> BODY=7BIT\r\n", &["250", "501 5.5.4"]),
        ("EHLO c\r\nMAIL FROM:<> BODY=BINARYMIME\r\n", &["250", "501 5.5.4"]),
        ("EHLO c\r\nMAIL FROM:<> X\r\n", &["250", "555 5.5.4"]),
        (
            "EHLO c\r\nMAIL FROM:<>\r\nRCPT TO:<é@y.z>\r\nRCPT TO:<a@é.z>\r\n",
            &["250", "250 2.1.0", "553 5.6.7", "553 5.6.7"],
        ),
        (
            "EHLO c\r\nMAIL FROM:<é@é.z> SMTPUTF8\r\nRCPT TO:<é@y.z>\r\n",
            &["250", "250 2.1.0", "250 2.1.5"],
        ),
    ]);
    check_with_recipient(&[(
        "RCPT TO:<2@y.z>\r\nRCPT TO:<no@y.z>\r\nRCPT TO:<3@y.z>\r\nRCPT TO:<4@y.z>\r\n",
        &["250 2.1.5", "550 5.1.1", "250 2.1.5", "452 4.5.3"],
    )]);
}

#[test]
fn bad_lines() {
    let long = format!("NOOP {}\r\nNOOP\r\n", "x".repeat(5000));
    check(&[
        ("NOOP\nNOOP\r\n", &["500 5.5.2"]),
        ("NOOP\r\r\nNOOP\r\n", &["500 5.5.2", "250 2.0.0"]),
        ("NO\0OP\r\n\r\n", &["500 5.5.2", "500 5.5.2"]),
        (&long, &["500 5.5.2", "250 2.0.0"]),
    ]);
    assert_eq!(transcript(&mut session(), b"NOOP \xff\r\n"), ["500 5.5.2"]);
}

#[test]
fn the_error_after_the_last_ends_the_session() {
    let all: Vec<&str> = [&["500 5.5.2"; 10][..], &["421 4.7.0", "closed"]].concat();
    assert_eq!(transcript(&mut session(), "X\r\n".repeat(20).as_bytes()), all);

    let mut unknown_recipients = session();
    let opening = "EHLO c\r\nMAIL FROM:<>\r\n";
    transcript(&mut unknown_recipients, opening.as_bytes());
    let got = transcript(&mut unknown_recipients, "RCPT TO:<no@y.z>\r\n".repeat(20).as_bytes());
    assert_eq!(got.len(), 12);
    assert_eq!(got[9..], ["550 5.1.1", "421 4.7.0", "closed"]);
}

#[test]
fn a_refused_message_is_no_error_of_the_dialogue() {
    let mut session = session();
    transcript(&mut session, b"EHLO c\r\n");
    for _ in 0..20 {
        let message = "MAIL FROM:<>\r\nRCPT TO:<x@y.z>\r\nDATA\r\n\n\r\n.\r\n";
        let got = transcript(&mut session, message.as_bytes());
        assert_eq!(got, ["250 2.1.0", "250 2.1.5", "354", "550 5.6.0"]);
    }
    assert_eq!(session.tally.errors, 0);
}

#[test]
fn commands_without_a_message_are_limited() {
    for command in ["NOOP", "RSET", "VRFY x", "HELP", "EHLO c"] {
        let wire = format!("{command}\r\n").repeat(2000);
        let got = transcript(&mut session(), wire.as_bytes());
        assert_eq!(got.len(), 1002, "{command}");
        assert_eq!(got[1000..], ["421 4.7.0", "closed"]);
    }
    let mut session = session();
    transcript(&mut session, b"EHLO c\r\n");
    for _ in 0..300 {
        let message = "RSET\r\nNOOP\r\nMAIL FROM:<>\r\nRCPT TO:<x@y.z>\r\nDATA\r\n.\r\n";
        assert_eq!(transcript(&mut session, message.as_bytes()).last().unwrap(), "250 2.0.0");
    }
}

#[test]
fn transactions_without_a_message_are_limited() {
    let mut session = session();
    transcript(&mut session, b"EHLO c\r\n");
    for _ in 0..20 {
        let asked = transcript(&mut session, b"MAIL FROM:<>\r\nRCPT TO:<x@y.z>\r\nRSET\r\n");
        assert_eq!(asked, ["250 2.1.0", "250 2.1.5", "250 2.0.0"]);
    }
    let message = "MAIL FROM:<>\r\nRCPT TO:<x@y.z>\r\nDATA\r\n.\r\n";
    assert_eq!(transcript(&mut session, message.as_bytes()).last().unwrap(), "250 2.0.0");
    let wire = "MAIL FROM:<>\r\nRSET\r\n".repeat(30);
    let got = transcript(&mut session, wire.as_bytes());
    assert_eq!((got.len(), &*got[42]), (44, "421 4.7.0"), "after another twenty-one");
}

#[test]
fn other_protocols_end_the_session() {
    check(&[
        ("GET / HTTP/1.1\r\nNOOP\r\n", &["421 4.7.0", "closed"]),
        ("EHLO c\r\nPOST ", &["250", "421 4.7.0", "closed"]),
        ("\x16\x03\x01", &["421 4.7.0", "closed"]),
    ]);
    check_with_recipient(&[(
        "DATA\r\nGET / HTTP/1.1\r\n.\r\n",
        &["354", r"<a@b.c> 1: GET / HTTP/1.1\r\n", "250 2.0.0"],
    )]);
}

#[test]
fn a_421_ends_the_session_whoever_says_it() {
    check_with_recipient(&[("RCPT TO:<421@y.z>\r\nNOOP\r\n", &["421 4.3.2", "closed"])]);

    let mut session = session();
    transcript(&mut session, b"EHLO c\r\nMAIL FROM:<>\r\nRCPT TO:<x@y.z>\r\nDATA\r\nx");
    session.shut_down(Reply::timeout());
    session.shut_down(Reply::timeout());
    assert_eq!((session.held(), session.in_data()), (0, false));
    assert_eq!(transcript(&mut session, b"\r\n.\r\n"), ["421 4.4.2", "closed"]);
}

fn tls() -> Tls {
    Tls { version: "TLSv1.3", cipher: "TLS_AES_256_GCM_SHA384".to_owned() }
}

#[test]
fn starttls_forgets_what_came_before_it() {
    let mut session = session();
    session.offer_tls();
    // Whoever stands in between may add commands in plaintext: none of them is obeyed.
    let wire = b"EHLO a\r\nSTARTTLS\r\nEHLO evil\r\nMAIL FROM:<evil@b.c>\r\n";
    assert_eq!(transcript(&mut session, wire), ["250", "220 2.0.0"]);
    assert_eq!(session.poll(), Step::NeedInput, "until the handshake");
    assert_eq!(transcript(&mut session, b"MAIL FROM:<evil@b.c>\r\n"), [""; 0]);
    session.secured(tls());
    assert_eq!(session.poll(), Step::NeedInput);
    assert_eq!((session.helo(), session.tls()), (None, Some(&tls())));
    assert_eq!(transcript(&mut session, b"MAIL FROM:<a@b.c>\r\n"), ["503 5.5.1"]);
    let wire = b"EHLO a\r\nSTARTTLS\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<x@y.z>\r\n";
    assert_eq!(transcript(&mut session, wire), ["250", "503 5.5.1", "250 2.1.0", "250 2.1.5"]);
    session.receive(b"DATA\r\n.\r\n");
    assert_eq!(session.poll(), Step::Data);
    session.answer(Reply::start_data());
    let Step::Message(transaction) = session.poll() else { panic!("no message") };
    assert_eq!(transaction.tls, Some(tls()));
}

#[test]
fn starttls_where_it_is_not_to_be() {
    let mut stranger = session();
    assert_eq!(transcript(&mut stranger, b"EHLO a\r\nSTARTTLS\r\n"), ["250", "500 5.5.2"]);
    let mut session = session();
    session.offer_tls();
    let wire = b"EHLO a\r\nSTARTTLS now\r\nMAIL FROM:<a@b.c>\r\nSTARTTLS\r\nRSET\r\n";
    assert_eq!(
        transcript(&mut session, wire),
        ["250", "501 5.5.4", "250 2.1.0", "503 5.5.1", "250 2.0.0"]
    );
    session.receive(b"STARTTLS\r\nNOOP\r\n");
    assert_eq!(session.poll(), Step::StartTls);
    session.answer(Reply::tls_unavailable());
    let mut events = transcript(&mut session, b"");
    assert_eq!(events.pop().as_deref(), Some("250 2.0.0"), "the dialogue goes on");
    assert_eq!(events.pop().as_deref(), Some("454 4.7.0"));
}

proptest! {
    #[test]
    fn what_waits_in_the_buffer_is_less_than_a_line(
        parts in prop::collection::vec(prop::sample::select(vec![
            &b"NOOP\r\n"[..],
            b"EHLO c\r\nMAIL FROM:<>\r\nRCPT TO:<x@y.z>\r\n",
            b"DATA\r\n",
            b"BDAT 5000\r\n",
            b".\r\n",
            &[b'x'; 1500],
            &[b'\r'; 70_000],
        ]), 0..12),
    ) {
        let mut session = session();
        for part in parts {
            transcript(&mut session, part);
            prop_assert!(session.input.rest().len() < MAX_LINE);
            prop_assert!(!session.in_data() || session.input.rest().is_empty());
            prop_assert!(session.held() <= MAX);
        }
    }
}
