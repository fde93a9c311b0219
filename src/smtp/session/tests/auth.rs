//! AUTH, where only accounts may send, and where it is not offered.

use super::*;
use data_encoding::BASE64;

/// Where only accounts may send, behind EHLO, within TLS or before it.
fn submission(is_encrypted: bool) -> Session {
    let mut session = session();
    session.require_login();
    session.offer_tls();
    if is_encrypted {
        session.secured(tls());
    }
    transcript(&mut session, b"EHLO c.test\r\n");
    session
}

fn plain(name: &str, password: &str) -> String {
    BASE64.encode(format!("\0{name}\0{password}").as_bytes())
}

/// The replies to `lines`, each sent when the one before was answered, in a session within TLS.
fn said(session: &mut Session, lines: &[&str]) -> Vec<String> {
    lines.iter().flat_map(|line| transcript(session, format!("{line}\r\n").as_bytes())).collect()
}

fn offer(session: &mut Session) -> String {
    session.receive(b"EHLO c.test\r\n");
    assert_eq!(session.poll(), Step::NeedInput);
    String::from_utf8(std::mem::take(session.output())).unwrap()
}

#[test]
fn it_is_offered_within_tls_alone() {
    assert!(!offer(&mut submission(false)).contains("AUTH"));
    assert!(offer(&mut submission(true)).contains("250 AUTH PLAIN LOGIN\r\n"));
    let mut encrypted = session();
    encrypted.secured(tls());
    assert!(!offer(&mut encrypted).contains("AUTH"), "for everybody");
    let auth = format!("AUTH PLAIN {}", plain("me@x.test", "right"));
    assert_eq!(said(&mut encrypted, &[&auth, "AUTH", "AUTH X"]), ["500 5.5.2"; 3]);
    let before = said(&mut submission(false), &[&auth, "AUTH X", "MAIL FROM:<me@x.test>"]);
    assert_eq!(before, ["530 5.7.0"; 3]);
}

#[test]
fn each_mechanism_lets_send() {
    let both = plain("me@x.test", "right");
    let (name, password) = (BASE64.encode(b"me@x.test"), BASE64.encode(b"right"));
    for lines in [
        &[&*format!("AUTH PLAIN {both}")][..],
        &["auth plain", &both],
        &["AUTH LOGIN", &name, &password],
        &[&*format!("AUTH LOGIN {name}"), &password],
    ] {
        let mut session = submission(true);
        assert_eq!(said(&mut session, &["MAIL FROM:<a@x.test>"]), ["530 5.7.0"]);
        let mut expected = vec!["334"; lines.len() - 1];
        expected.push("235 2.7.0");
        assert_eq!(said(&mut session, lines), expected, "{lines:?}");
        assert!(session.is_logged_in());
        let after = [&*format!("AUTH PLAIN {both}"), "RSET", "EHLO c.test", "MAIL FROM:<a@x.test>"];
        assert_eq!(said(&mut session, &after), ["503 5.5.1", "250 2.0.0", "250", "250 2.1.0"]);
        assert_eq!(said(&mut session, &["AUTH PLAIN"]), ["503 5.5.1"], "inside a transaction");
    }
}

#[test]
fn what_is_refused_lets_nobody_send() {
    let wrong = format!("AUTH PLAIN {}", plain("me@x.test", "wrong"));
    let as_other = BASE64.encode(b"you@x.test\0me@x.test\0right");
    for (lines, expected) in [
        (&["AUTH CRAM-MD5"][..], &["504 5.5.4"][..]),
        (&["AUTH"], &["504 5.5.4"]),
        (&["AUTH PLAIN ="], &["501 5.5.2"]),
        (&["AUTH PLAIN", "*"], &["334", "501 5.7.0"]),
        (&["AUTH LOGIN", "bWU=", "*"], &["334", "334", "501 5.7.0"]),
        (&["AUTH PLAIN", "%"], &["334", "501 5.5.2"]),
        (&["AUTH PLAIN", "NOOP\0"], &["334", "501 5.5.2"]),
        (&["AUTH PLAIN", "NOOP"], &["334", "501 5.5.2"]),
        (&[&wrong], &["535 5.7.8"]),
        (&[&*format!("AUTH PLAIN {as_other}")], &["535 5.7.8"]),
        (&[&*format!("AUTH PLAIN {}", plain("later@x.test", "right"))], &["454 4.7.0"]),
        (&["XCLIENT LOGIN=me@x.test", "XFORWARD NAME=a"], &["500 5.5.2", "500 5.5.2"]),
    ] {
        let mut session = submission(true);
        assert_eq!(said(&mut session, lines), expected, "{lines:?}");
        let after = said(&mut session, &["MAIL FROM:<me@x.test>", "NOOP"]);
        assert_eq!(after, ["530 5.7.0", "250 2.0.0"], "{lines:?}");
    }
    let mut helo = submission(true);
    assert_eq!(said(&mut helo, &["HELO c.test", &wrong]), ["250", "503 5.5.1"]);
}

#[test]
fn the_fourth_try_ends_the_session() {
    let wrong = format!("AUTH PLAIN {}", plain("me@x.test", "wrong"));
    let right = format!("AUTH PLAIN {}", plain("me@x.test", "right"));
    let mut session = submission(true);
    let got = said(&mut session, &[&wrong, "EHLO c.test", &wrong, "AUTH PLAIN", "*", &wrong]);
    assert_eq!(got, ["535 5.7.8", "250", "535 5.7.8", "334", "501 5.7.0", "535 5.7.8"]);
    assert_eq!(said(&mut session, &[&right]), ["421 4.7.0", "closed"]);
}

#[test]
fn what_comes_before_a_reply_to_auth_is_nobodys_command() {
    let right = format!("AUTH PLAIN {}\r\nMAIL FROM:<a@x.test>\r\n", plain("me@x.test", "right"));
    for wire in [&right, "AUTH LOGIN\r\nbWU=\r\n", "AUTH PLAIN\r\nx", "AUTH X\r\nNOOP\r\n"] {
        let mut session = submission(true);
        assert_eq!(transcript(&mut session, wire.as_bytes()), ["421 4.7.0", "closed"], "{wire}");
        assert!(!session.is_logged_in());
    }
    let mut session = submission(true);
    assert_eq!(said(&mut session, &["AUTH LOGIN"]), ["334"]);
    assert_eq!(transcript(&mut session, b"bWU=\r\nbWU=\r\n"), ["421 4.7.0", "closed"]);
}

#[test]
fn starttls_forgets_a_login_and_no_failure() {
    let mut session = submission(true);
    let wrong = format!("AUTH PLAIN {}", plain("me@x.test", "wrong"));
    said(&mut session, &[&wrong, &wrong, &wrong]);
    session.secured(tls());
    assert_eq!(said(&mut session, &["EHLO c", &wrong]), ["250", "421 4.7.0", "closed"]);
}

#[test]
fn lines_of_an_exchange_are_bounded() {
    let line = |length: usize| format!("{}\r\n", "A".repeat(length - 2)).into_bytes();
    for (length, expected) in [(12_286, "501 5.5.2"), (12_288, "501 5.5.2"), (12_289, "500 5.5.6")]
    {
        let mut session = submission(true);
        assert_eq!(said(&mut session, &["AUTH PLAIN"]), ["334"]);
        assert_eq!(transcript(&mut session, &line(length)), [expected], "{length}");
        assert_eq!(said(&mut session, &["NOOP"]), ["250 2.0.0"]);
    }
    let mut endless = submission(true);
    said(&mut endless, &["AUTH PLAIN"]);
    for _ in 0..1000 {
        endless.receive(&[b'A'; 1000]);
        endless.poll();
        assert!(endless.input.rest().len() < crate::sasl::MAX_LINE);
    }
}

#[test]
fn nothing_of_a_password_shows_in_a_session() {
    let secret = plain("me@x.test", "right");
    let mut session = submission(true);
    session.receive(format!("AUTH PLAIN {secret}\r\n").as_bytes());
    let before = format!("{session:?}");
    let step = session.poll();
    for shown in [before, format!("{step:?}"), format!("{session:?}")] {
        let bytes = format!("{:?}", secret.as_bytes());
        assert!(!shown.contains(&secret) && !shown.contains(bytes.trim_matches(['[', ']'])));
        assert!(!shown.contains("right"), "{shown}");
    }
    assert!(matches!(step, Step::Authenticate(_)));
}

proptest! {
    /// Whatever a client sends, nobody sends mail who has not logged in within TLS.
    #[test]
    fn no_mail_without_a_login(
        lines in prop::collection::vec(prop::sample::select(vec![
            "EHLO c", "HELO c", "MAIL FROM:<a@x.test>", "RCPT TO:<x@y.z>", "DATA", "BDAT 1 LAST", "AUTH PLAIN",
            "AUTH PLAIN AG1lQHgudGVzdAB3cm9uZw==", "AUTH LOGIN", "bWVAeC50ZXN0", "cmlnaHQ", "*", "=", "RSET", "NOOP",
            "STARTTLS", "XCLIENT LOGIN=me@x.test", "\0", "",
        ]), 0..30),
        is_encrypted: bool,
    ) {
        let mut session = submission(is_encrypted);
        for line in lines {
            let got = said(&mut session, &[line]);
            prop_assert!(!got.iter().any(|reply| reply.starts_with("235") || reply == "250 2.1.0"));
            prop_assert!(session.envelope_so_far().is_none());
        }
    }
}
