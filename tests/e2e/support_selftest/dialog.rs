use std::collections::BTreeMap;
use std::path::Path;

use crate::support::dialog::{Dialog, Failure, Stage};
use crate::support::receiver::{Action, Receiver, Step};

/// Plays against a scripted receiver, which is the server and the destination in one.
fn play(text: &str) -> Result<(), Failure> {
    let receiver = Receiver::smtp()
        .on_recipient("off@example.org", Action::reply("550-5.7.1 closed\n550 5.7.1 for good"))
        .on(Step::Rset, Action::Close)
        .start();
    let variables =
        BTreeMap::from([("v", "bob@sink.test"), ("v2", "SRS0=a+b=c@example.org")].map(own));
    let stage = Stage { address: receiver.address(), receiver: Some(&receiver), variables };
    Dialog::parse(Path::new("x.smtp"), text)?.play(&stage)
}

fn own((name, value): (&str, &str)) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

const TRANSACTION: &str = r#"# A whole transaction.
S: 220
C: EHLO client.test
S: 250-receiver.test
S+: PIPELINING
S!: CHUNKING
C: MAIL FROM:<$v2>
S~: ^250 2\.1\.0 \w+$
C: RCPT TO:<off@example.org>
S: 550-5.7.1 closed
S+: for good
C\: "RCPT TO:<${v}>\r\nDATA\r\n"
S: 250 2.1.5
S: 354
C: Subject: x
C:
C\: "..a\x62c\t\"\\\r\n"
C: .
S: 250 2.0.0
R: messages 1
R: attempts 1
R: transactions 1
R: connections 1
R: from <$v2>
R~: from ^$v2$
R: to $v
R~: to ^bob@
R: recipients 1
R: data "Subject: x\r\n\r\n.abc\t\"\\\r\n"
R: data-ends "\\\r\n"
R: data-has "\r\n\r\n.abc"
R: data-lacks "..a"
R~: data (?s)^Subject.*abc
R: command RCPT TO:<off
R: no-command BDAT
R: commands-with RCPT TO:< 2
R=: end data c(\t.*\n)
R: data "Subject: x\r\n\r\n.abc$end"
R=: tag from ^SRS0=(\S+)=
R: from <SRS0=$tag=c@example.org>
R>: rcpt carol@sink.test 452 4.2.2 full
C: MAIL FROM:<>
S: 250
C: RCPT TO:<carol@sink.test>
S: 452 4.2.2 full
R>: accept all
C: RCPT TO:<carol@sink.test>
S: 250
C2: NOOP
S2: 220
S2: 250 2.0.0
C: QUIT
S: 221
S: <eof>
"#;

#[test]
fn a_dialogue_that_goes_as_written_passes() {
    if let Err(failure) = play(TRANSACTION) {
        panic!("{failure}");
    }
}

/// Each line is wrong; it stands behind the transaction above, in place of its last three lines.
#[test]
fn every_expectation_can_fail() {
    let lines = TRANSACTION.lines().count();
    let start: Vec<&str> = TRANSACTION.lines().take(lines - 3).collect();
    for (wrong, reason) in [
        ("S+: 251", "also contains `251`"),
        ("S!: 250", "without `250`"),
        ("R: messages 0", "expected `messages 0`"),
        ("R: attempts 2", "got: 1"),
        ("R: transactions 0", "got: 2"),
        ("R: connections 7", "got: 2"),
        ("R: message 2", "expected a message (2), the receiver has 1"),
        ("R: from <>", "got: SRS0=a+b=c@example.org"),
        ("R~: from ^SRS1", "to match `^SRS1`"),
        ("R: recipients 2", "got: 1"),
        ("R: to alice@sink.test", "bob@sink.test"),
        ("R~: to alice", "to match `alice`"),
        ("R: data \"\"", "got: \"Subject: x\\r\\n"),
        ("R: forwarded \"\\r\\n.abc\"", "expected `forwarded"),
        ("R=: x data ^zzz(.)", "to match `^zzz(.)`, with a group"),
        ("R=: x from @", "to match `@`, with a group"),
        ("R=: x to (.)", "`R=: x to` is not known"),
        ("R: data-ends \".\"", "data-ends"),
        ("R: data-has \"zzz\"", "data-has"),
        ("R: data-lacks \"abc\"", "data-lacks"),
        ("R~: data zzz", "to match `zzz`"),
        ("R: command BDAT", "expected a command `BDAT…`"),
        ("R: commands-with RCPT 7", "expected `commands-with 7`"),
        ("R: no-command DATA", "expected no command `DATA…`"),
        ("R: colour red", "`R: colour` is not known"),
        ("S3: 221", "begins with `221`"),
    ] {
        let text = [&start[..], &[wrong]].concat().join("\n");
        let Err(failure) = play(&text) else { panic!("{wrong} passes") };
        assert_eq!(failure.place, format!("x.smtp:{}", start.len() + 1), "{wrong}");
        assert!(failure.reason.contains(reason), "{wrong}: {failure}");
    }
}

#[test]
fn a_wrong_reply_is_shown_with_the_dialogue_so_far() {
    let failure = play("S: 220\n\nC: EHLO x\nS: 550 5.5.1\n").unwrap_err().to_string();
    let expected = "x.smtp:4: expected a reply that begins with `550 5.5.1`
  got: 250-receiver.test
250-PIPELINING
250-8BITMIME
250-SMTPUTF8
250-SIZE 104857600
250 ENHANCEDSTATUSCODES
  the dialogue so far:
    S: 220 receiver.test ESMTP
    C: EHLO x
    S: 250-receiver.test
    S: 250-PIPELINING
    S: 250-8BITMIME
    S: 250-SMTPUTF8
    S: 250-SIZE 104857600
    S: 250 ENHANCEDSTATUSCODES
";
    assert_eq!(failure, expected);
}

#[test]
fn the_end_of_the_connection_is_told_from_a_reply() {
    let closed = play("S: 220\nC: RSET\nS: 250").unwrap_err().to_string();
    assert!(closed.contains("x.smtp:3") && closed.contains("was closed"), "{closed}");
    assert!(play("S: 220\nC: RSET\nS: <eof>").is_ok());
    let out_of_step = play("S: 220\nC: NOOP\nC: QUIT\nS: 250\nS: <eof>").unwrap_err().to_string();
    assert!(out_of_step.contains("got first: \"221 2.0.0 bye\\r\\n\""), "{out_of_step}");
}

#[test]
fn a_file_that_is_wrong_says_where() {
    for (text, place, reason) in [
        ("# nothing", "x.smtp:1", "no dialogue"),
        ("S: 220\nX: what", "x.smtp:2", "neither"),
        ("S: 220\nno colon", "x.smtp:2", "neither"),
        ("S: 220\n! config a = 1", "x.smtp:2", "behind the first line"),
        ("C\\: no quotes", "x.smtp:1", "not between double quotes"),
        ("C\\: \"\\q\"", "x.smtp:1", "unknown escape"),
        ("S: 220\nR>: rcpt maybe", "x.smtp:2", "no action of a receiver"),
        ("S: 220\nR=: x from", "x.smtp:2", "`R=: NAME ITEM REGEX`"),
        ("S: 220\nS~: (", "x.smtp:2", "unclosed group"),
    ] {
        let failure = play(text).unwrap_err();
        assert_eq!(failure.place, place, "{text}");
        assert!(failure.reason.contains(reason), "{text}: {failure}");
    }
}

#[test]
fn a_directive_that_is_wrong_says_where() {
    for (directive, reason) in [
        ("! colour red", "`! colour` is not known"),
        ("! receiver lunch hang", "no step of a receiver"),
        ("! receiver rcpt maybe", "no action of a receiver"),
        ("! dns sink.test MX", "`! dns NAME"),
        ("! repeat x = a many", "not a number"),
        ("! srs x alice@sender.test", "`! srs NAME = ADDRESS`"),
    ] {
        let dialog = Dialog::parse(Path::new("x.smtp"), &format!("{directive}\nS: 220")).ok();
        let failure = dialog.unwrap().perform().unwrap_err();
        assert_eq!(failure.place, "x.smtp:1", "{directive}");
        assert!(failure.reason.contains(reason), "{directive}: {failure}");
    }
}
