//! What is said to a host that wants a login, and what is not said again.

use super::{ALIAS, PASSWORD, TEXT, USER, forwarding, is_nowhere};
use crate::support::{
    client::Reply,
    dns::Dns,
    onward::{Builder, Onward},
    receiver::{Action, Receiver, Step},
};
use data_encoding::BASE64;
use std::{fs, sync::Barrier, thread};

const OFFER: &[&str] = &["PIPELINING", "8BITMIME", "AUTH PLAIN LOGIN"];
const WRONG: &str = "535 5.7.8 Error: authentication failed";

fn plain(password: &str) -> String {
    format!("AUTH PLAIN {}", BASE64.encode(format!("\0{USER}\0{password}").as_bytes()))
}

#[track_caller]
fn send(onward: &Onward) -> Reply {
    onward.session().transaction("alice@sender.test", &[ALIAS], TEXT)
}

/// All commands that begin so.
fn said(sink: &Receiver, verb: &str) -> Vec<String> {
    let lines = sink.connections().iter().flat_map(|one| one.lines()).collect::<Vec<_>>();
    lines.into_iter().filter(|line| line.starts_with(verb)).collect()
}

#[test]
fn once_for_each_connection_and_before_the_mail() {
    let sink = Receiver::smtp().keywords(OFFER).start();
    let (builder, _) = forwarding(&sink.route(), &["hello = \"client.example.org\""]);
    let onward = builder.start();
    for _ in 0..3 {
        send(&onward).expect("250 2.0.0");
    }
    let connections = sink.connections();
    assert_eq!(connections.len(), 1, "it is kept");
    let lines = connections[0].lines();
    assert_eq!(lines[..2], ["EHLO client.example.org".to_owned(), plain(PASSWORD)]);
    assert_eq!(said(&sink, "AUTH").len(), 1);
    is_nowhere(&onward, &[PASSWORD, &BASE64.encode(PASSWORD.as_bytes()), &plain(PASSWORD)[11..]]);
}

#[test]
fn by_login_where_that_is_all_there_is() {
    let sink = Receiver::smtp().keywords(&["AUTH CRAM-MD5 LOGIN"]).start();
    let (builder, _) = forwarding(&sink.route(), &[]);
    let onward = builder.start();
    send(&onward).expect("250 2.0.0");
    let lines = sink.connections()[0].lines();
    let encoded = |text: &str| BASE64.encode(text.as_bytes());
    assert_eq!(lines[1..4], ["AUTH LOGIN".to_owned(), encoded(USER), encoded(PASSWORD)]);
}

#[test]
fn a_host_that_offers_no_login_gets_no_mail_and_no_password() {
    let sink = Receiver::smtp().keywords(&["PIPELINING", "AUTH CRAM-MD5"]).start();
    let (builder, _) = forwarding(&sink.route(), &[]);
    let onward = builder.start();
    send(&onward).expect("451 4.7.0");
    assert_eq!((sink.transactions(), said(&sink, "AUTH").len()), (0, 0));
    onward.wait_for_log("it offers neither AUTH PLAIN nor AUTH LOGIN");
}

#[test]
fn a_wrong_password_is_said_once_however_much_mail_comes_and_the_right_one_at_once() {
    let sink = Receiver::smtp().keywords(OFFER).start();
    // Some hosts say what they heard.
    let echo = format!("{WRONG}: {} {PASSWORD}", &plain(PASSWORD)[11..]);
    sink.on(Step::Auth, Action::reply(&echo));
    let (builder, file) = forwarding(&sink.route(), &[]);
    let onward = builder.start();
    let barrier = Barrier::new(6);
    thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                let mut client = onward.session();
                barrier.wait();
                client.transaction("alice@sender.test", &[ALIAS], TEXT).expect("451 4.7.0");
            });
        }
    });
    send(&onward).expect("451 4.7.0");
    assert_eq!(said(&sink, "AUTH").len(), 1, "hosts lock the accounts of who tries on");
    assert_eq!(sink.transactions(), 0);
    let told = |text: &str| onward.log().iter().filter(|line| line.contains(text)).count();
    assert_eq!(told("a smart host cannot be used"), 1, "{:?}", onward.log());
    let trace = onward.wait_for_trace(&[], 7);
    let replies: Vec<String> =
        trace.iter().map(|record| record["attempts"][0]["reply"].to_string()).collect();
    assert!(replies.iter().any(|reply| reply.contains("535 5.7.8")), "{replies:?}");
    is_nowhere(&onward, &[PASSWORD, &plain(PASSWORD)[11..]]);

    let doctor = onward.cli(&["doctor"]);
    let findings = doctor.stdout;
    let of_host = format!("the smart host {} spoke of our login", sink.route());
    assert!(findings.contains(&of_host) && !findings.contains(PASSWORD), "{findings}");

    // Another password is no longer the one that was refused.
    fs::write(&file, "another one\n").unwrap();
    sink.rule(|at| {
        let is_right = at.step == Step::Auth && at.line == plain("another one");
        is_right.then(|| Action::reply("235 2.7.0 welcome"))
    });
    send(&onward).expect("250 2.0.0");
    assert_eq!(said(&sink, "AUTH").len(), 2);
    assert_eq!(told("the smart host can be used again"), 1);
    is_nowhere(&onward, &["another one", PASSWORD]);
}

/// Nobody who wrote can mend a login.
#[test]
fn whatever_refuses_a_login_bounces_nothing() {
    for (step, reply) in [
        (Step::Auth, "535 5.7.8 wrong"),
        (Step::Auth, "534 5.7.9 too weak"),
        (Step::Auth, "538 5.7.11 not without TLS"),
        (Step::Auth, "454 4.7.0 for now"),
        (Step::Auth, "500 5.5.1 what"),
        (Step::Auth, "334 bW9yZQ=="),
        (Step::Auth, "421 4.7.0 going"),
        (Step::Mail, "530 5.7.0 log in first"),
        (Step::Mail, "535 5.7.8 no longer"),
        (Step::Rcpt, "530 5.7.1 log in first"),
        (Step::Rcpt, "553 5.7.1 <x@example.org>: Sender address rejected: not owned by user u"),
        (Step::Rcpt, "550 5.7.1 Relaying denied"),
        (Step::FinalDot, "554 Message rejected: Email address is not verified."),
    ] {
        let dns = Dns::start();
        dns.txt("spf.test", "v=spf1 ip4:127.0.0.1 -all");
        let sink = Receiver::smtp().keywords(OFFER).start();
        sink.on(step, Action::reply(reply));
        let (builder, _) = forwarding(&sink.route(), &[]);
        let onward = builder.dns(&dns).config("spool.retry = [\"1h\"]").start();
        let text = b"From: <alice@spf.test>\r\nSubject: a test\r\n\r\nhello\r\n";
        let reply = onward.session().transaction("alice@spf.test", &[ALIAS], text);
        reply.expect("250 2.0.0");
        let queue = onward.run(&["queue", "list", "--json"]);
        assert_eq!(queue.lines().count(), 1, "{step:?}: the mail, and no DSN: {queue}");
        // And who cannot be bounced to keeps it.
        send(&onward).expect_code(451);
    }
}

#[test]
fn a_password_that_cannot_be_read_is_told_before_anything_starts() {
    let sink = Receiver::smtp().keywords(OFFER).start();
    for (text, why) in [("\n", "its first line is no password"), ("a\u{0}b\n", "no password")] {
        let (builder, file) = forwarding(&sink.route(), &[]);
        fs::write(&file, text).unwrap();
        let onward = builder.build();
        for refused in [onward.cli(&["check"]), onward.serve_refused()] {
            let told = refused.stderr;
            assert!(told.contains("route.password_file") && told.contains(why), "{told}");
        }
    }
    assert_eq!(sink.connections().len(), 0);
}

#[test]
fn check_says_who_lets_us_in_and_who_does_not() {
    let sink = Receiver::smtp().keywords(OFFER).start();
    let check = |builder: Builder| {
        let onward = builder.build();
        let done = onward.cli(&["check", "--login"]);
        (done.code, done.stdout)
    };
    let (code, told) = check(forwarding(&sink.route(), &[]).0);
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains(&format!("{} lets us in: ", sink.route())), "{told}");
    assert_eq!((sink.transactions(), said(&sink, "AUTH").len()), (0, 1), "no mail");
    sink.wait_for_all_closed();
    assert_eq!(said(&sink, "QUIT").len(), 1);
    sink.on(Step::Auth, Action::reply(&format!("{WRONG} {PASSWORD}")));
    let (code, told) = check(forwarding(&sink.route(), &[]).0);
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains("does not let us in: ") && told.contains(WRONG), "{told}");
    assert!(!told.contains(PASSWORD), "{told}");
    // Without being asked it tries nothing.
    let onward = forwarding(&sink.route(), &[]).0.build();
    let told = onward.run(&["check"]);
    assert!(told.contains("with a login") && !told.contains(USER), "{told}");
    assert!(told.contains("relay.password (mode 644): whoever has it can send mail as you"));
    assert_eq!(said(&sink, "AUTH").len(), 2);
}

#[test]
fn from_the_address_that_the_route_names() {
    let sink = Receiver::smtp().keywords(OFFER).start();
    let (builder, _) = forwarding(&sink.route(), &["source = \"127.0.0.7\""]);
    let onward = builder.start();
    send(&onward).expect("250 2.0.0");
    let peer = sink.connections()[0].peer.unwrap();
    assert_eq!(peer.ip().to_string(), "127.0.0.7");
}

#[test]
fn the_password_may_be_a_credential_of_systemd() {
    let sink = Receiver::smtp().keywords(OFFER).start();
    let builder = Onward::builder().without_commands();
    let builder = builder.route_with(
        "*",
        &sink.route(),
        &["username = \"u\"", "password_file = \"credential:relay\""],
    );
    let directory = builder.directory().join("credentials");
    fs::create_dir(&directory).unwrap();
    fs::write(directory.join("relay"), "from systemd\n").unwrap();
    let mut onward = builder.build();
    onward.env("CREDENTIALS_DIRECTORY", &directory.display().to_string());
    onward.run(&["domain", "add", "example.org"]);
    onward.run(&["alias", "add", ALIAS, "bob@sink.test"]);
    onward.serve();
    send(&onward).expect("250 2.0.0");
    let expected = BASE64.encode(b"\0u\0from systemd");
    assert_eq!(said(&sink, "AUTH"), [format!("AUTH PLAIN {expected}")]);
}
