//! SMTP smuggling, in and out at once: whatever is sent for an end of data, in either mode of
//! `delivery.bare_lf`, by DATA or BDAT, no server sees two messages where one was sent, however lenient.

use crate::support::client::Client;
use crate::support::onward::Onward;
use crate::support::receiver::{Builder, Message, Receiver};

const HEAD: &str = "From: alice@sender.test\r\n\r\nfirst";
const SMUGGLED: &str = "MAIL FROM:<mallory@sender.test>\r\nRCPT TO:<bob@sink.test>\r\nDATA\r\n\
                        From: mallory@sender.test\r\n\r\nsmuggled\r\n";

/// What some server was ever found to take for a line end, or for none.
const BEFORE: &[&str] = &["", "\n", "\r", "\r\n", "\r\r\n", "\n\r", "\n\n", "\r\n\0", "\n\0"];
const BEHIND: &[&str] = &["\n", "\r", "\r\n", "\r\r\n", "\n\r", "\0\r\n", "\0\n", " \n", ""];

/// Receivers: one by the letter, one that takes a dot between any two of CR, LF and NUL for the end, and so
/// each of LF.LF, LF.CRLF, CR.CR and CRLF.LF.
fn receivers() -> [Builder; 2] {
    [Receiver::smtp(), Receiver::smtp().lenient()]
}

fn by_data(client: &mut Client, text: &str) {
    client.command("DATA").expect_code(354);
    client.send(format!("{text}.\r\n").as_bytes());
}

fn by_chunk(client: &mut Client, text: &str) {
    client.send(format!("BDAT {} LAST\r\n{text}", text.len()).as_bytes());
}

/// The octets of the end in chunks of their own.
fn by_chunks(client: &mut Client, text: &str) {
    let (head, rest) = text.split_at(HEAD.len());
    let (end, tail) = rest.split_at(rest.len() - SMUGGLED.len());
    client.send(format!("BDAT {}\r\n{head}", head.len()).as_bytes());
    client.reply().expect_code(250);
    for octet in end.chars() {
        client.send(format!("BDAT 1\r\n{octet}").as_bytes());
        client.reply();
    }
    client.send(format!("BDAT {} LAST\r\n{tail}", tail.len()).as_bytes());
}

#[test]
fn no_variant_makes_two_messages_of_one_in_any_mode_by_any_way_for_any_receiver() {
    for mode in ["normalize", "refuse"] {
        for receiver in receivers() {
            let sink = receiver.start();
            let onward = Onward::forwarding_to(&sink.route())
                .config(&format!("delivery.bare_lf = \"{mode}\""))
                .config("limits.errors = 1")
                .start();
            let mut client = onward.session();
            let mut taken = 0;
            for before in BEFORE {
                for behind in BEHIND {
                    let end = format!("{before}.{behind}");
                    let text = format!("{HEAD}{end}{SMUGGLED}");
                    for (way, send) in [
                        ("DATA", by_data as fn(&mut Client, &str)),
                        ("BDAT", by_chunk),
                        ("BDAT, cut", by_chunks),
                    ] {
                        // Its end is right.
                        if way == "DATA" && end.contains("\r\n.\r\n") {
                            continue;
                        }
                        let case = format!("{end:?} by {way}, {mode}");
                        client.mail("alice@sender.test").expect_code(250);
                        client.rcpt("hello@example.org").expect_code(250);
                        send(&mut client, &text);
                        let reply = client.reply();
                        client.command("NOOP").expect_code(250);
                        if is_to_be_taken(&end, mode) {
                            assert_eq!(reply.code, 250, "{case}: {reply}");
                            taken += 1;
                        } else {
                            assert!(reply.text().starts_with("550 5.6.0"), "{case}: {reply}");
                        }
                        let messages = sink.attempts();
                        assert_eq!((messages.len(), sink.transactions()), (taken, taken), "{case}");
                        if reply.code == 250 {
                            // A dot behind CRLF is a stuffed one, if there is more in its line.
                            let is_stuffed =
                                way == "DATA" && *before == "\r\n" && !behind.starts_with('\n');
                            let text = if is_stuffed {
                                text.replacen("\r\n.", "\r\n", 1)
                            } else {
                                text.clone()
                            };
                            check(&messages[taken - 1], &text, &case);
                        }
                    }
                }
            }
            let least = if mode == "normalize" { 40 } else { 5 };
            assert!(taken >= least, "{mode}: {taken}");
        }
    }
}

fn is_to_be_taken(end: &str, mode: &str) -> bool {
    let bare = end.replace("\r\n", "");
    !bare.contains(['\r', '\0']) && (mode == "normalize" || !bare.contains('\n'))
}

/// What came is what was sent, in lines that end in CRLF, and no other CR or LF went over the wire.
fn check(message: &Message, text: &str, case: &str) {
    assert!(message.from.starts_with("SRS0="), "{case}: {}", message.from);
    // The lenient one stops reading within the last CRLF.
    let raw = String::from_utf8_lossy(&message.raw);
    let bare = raw.trim_end_matches(['\r', '\n']).replace("\r\n", "");
    assert!(!bare.contains(['\r', '\n', '\0']), "{case}: {raw:?}");
    let lines = text.replace("\r\n", "\n").replace('\n', "\r\n");
    let came = message.data.escape_ascii().to_string();
    assert!(came.ends_with(&lines.as_bytes().escape_ascii().to_string()), "{case}: {came}");
}

/// Devices send bare LF by DATA, Exchange Online by BDAT; the owner of the alias sees it in the journal.
#[test]
fn bare_lf_arrives_as_crlf_with_every_dot_and_is_noted() {
    let sink = Receiver::smtp().start();
    let onward = Onward::forwarding_to(&sink.route()).start();
    let mut client = onward.session();
    let text = "From: scanner@device.test\nSubject: scan\n\nline\n.hidden\n..stuffed\n.\n\nend\n";
    let arrives = "From: scanner@device.test\r\nSubject: scan\r\n\r\nline\r\n.hidden\r\n{}\r\n.\r\n\r\nend\r\n";
    client.mail("scanner@device.test").expect_code(250);
    client.rcpt("hello@example.org").expect_code(250);
    client.command("DATA").expect_code(354);
    client.send(format!("{text}\r\n.\r\n").as_bytes());
    client.reply().expect_code(250);
    client.mail("exchange@device.test").expect_code(250);
    client.rcpt("hello@example.org").expect_code(250);
    by_chunk(&mut client, text);
    client.reply().expect_code(250);
    client
        .transaction("tidy@device.test", &["hello@example.org"], b"From: a@device.test\r\n\r\n")
        .expect_code(250);
    let messages = sink.wait_for_messages(3);
    let data = format!("{}\r\n", arrives.replace("{}", ".stuffed"));
    assert!(messages[0].data.ends_with(data.as_bytes()), "{}", messages[0].data.escape_ascii());
    let chunk = arrives.replace("{}", "..stuffed");
    assert!(messages[1].data.ends_with(chunk.as_bytes()), "{}", messages[1].data.escape_ascii());
    let noted: Vec<bool> = onward
        .wait_for_trace(&[], 3)
        .iter()
        .map(|record| record["note"].as_str().unwrap_or_default().contains("bare LF"))
        .collect();
    assert_eq!(noted.iter().filter(|noted| **noted).count(), 2, "{noted:?}");
}
