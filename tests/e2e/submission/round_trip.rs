//! A stranger writes to the alias, the mailbox answers as the alias, and bounces find the mailbox: all that the stranger's
//! server ever sees is the alias.

use super::{Host, NAME, begins, starttls};
use crate::support::receiver::{Action, Receiver, Step};

const STRANGER: &str = "alice@stranger.test";
const ANSWER: &str = "Return-Path: <bob@sink.test>\r\nFrom: \"Hello\" <hello@example.org>\r\nTo: alice@stranger.test\r\n\
    Bcc: carol@sink.test\r\nUser-Agent: Bob's program\r\nX-Originating-IP: [192.168.7.7]\r\nSubject: Re: a question\r\n\
    In-Reply-To: <1@stranger.test>\r\nReferences: <1@stranger.test>\r\n\r\nAn answer.\r\n";

/// What would tell the stranger who is behind the alias.
const PRIVATE: &[&str] =
    &["bob@", "bobs-", "Bob's", "sink.test", NAME, "carol@", "192.168.7.7", "127.0.0.1"];

struct Scene {
    host: Host,
    stranger: Receiver,
}

fn scene() -> Scene {
    let stranger = Receiver::smtp().start();
    let route = stranger.route();
    let host = Host::start_with(|builder| builder.route("stranger.test", &route));
    Scene { host, stranger }
}

impl Scene {
    /// The stranger's question, as the mailbox gets it.
    fn question(&self) {
        let before = self.host.sink.count();
        let question = format!(
            "From: Alice <{STRANGER}>\r\nTo: hello@example.org\r\nMessage-ID: <1@stranger.test>\r\nSubject: a question\r\n\r\nWhy?\r\n"
        );
        let mut client = self.host.onward.session();
        let sent = client.transaction(STRANGER, &["hello@example.org"], question.as_bytes());
        sent.expect("250 2.0.0");
        let arrived = self.host.sink.wait_for_messages(before + 1).remove(before);
        assert_eq!(arrived.to, ["bob@sink.test"]);
        assert_eq!(arrived.header("From").unwrap(), format!("Alice <{STRANGER}>"));
    }

    fn answer(&self) {
        self.answer_with("");
    }

    /// An answer with more in front.
    fn answer_with(&self, hop: &str) {
        let mut client = starttls(self.host.starttls);
        begins(&mut client, &super::plain(NAME, &self.host.password), "235");
        begins(&mut client, "MAIL FROM:<hello@example.org>", "250");
        begins(&mut client, &format!("RCPT TO:<{STRANGER}>"), "250");
        begins(&mut client, "DATA", "354");
        begins(&mut client, &format!("{hop}{ANSWER}."), "250 2.0.0");
    }

    /// All octets that went to the stranger's server.
    fn seen(&self) -> String {
        let mut seen = String::new();
        for connection in self.stranger.connections() {
            seen.extend(connection.lines().iter().map(|line| format!("{line}\n")));
        }
        for message in self.stranger.attempts() {
            seen.push_str(&String::from_utf8_lossy(&message.raw));
        }
        seen
    }

    #[track_caller]
    fn nothing_is_known(&self) {
        let seen = self.seen();
        assert!(seen.contains("hello@example.org"), "{seen}");
        for private in PRIVATE {
            let is_there = seen.to_lowercase().contains(&private.to_lowercase());
            assert!(!is_there, "the stranger sees {private:?}:\n{seen}");
        }
    }
}

#[test]
fn an_answer_shows_the_alias_alone() {
    let scene = scene();
    scene.question();
    scene.answer();
    let answer = scene.stranger.wait_for_message();
    assert_eq!(
        (answer.from.as_str(), &answer.to[..]),
        ("hello@example.org", &[STRANGER.to_owned()][..])
    );
    assert_eq!(answer.header("From").unwrap(), "\"Hello\" <hello@example.org>");
    assert_eq!(answer.header("In-Reply-To").unwrap(), "<1@stranger.test>");
    assert_eq!(answer.body(), b"An answer.\r\n");
    scene.nothing_is_known();

    // The stranger's server takes it, and finds later that it cannot keep it.
    let bounce = "From: MAILER-DAEMON@stranger.test\r\nTo: hello@example.org\r\nSubject: Undelivered\r\n\r\nThe mailbox is full.\r\n";
    let before = scene.host.sink.count();
    let mut client = scene.host.onward.session();
    client.transaction("", &["hello@example.org"], bounce.as_bytes()).expect("250 2.0.0");
    let told = scene.host.sink.wait_for_messages(before + 1).remove(before);
    assert_eq!((told.from.as_str(), &told.to[..]), ("", &["bob@sink.test".to_owned()][..]));
    assert!(String::from_utf8_lossy(&told.data).contains("The mailbox is full."));
}

#[test]
fn what_the_strangers_server_refuses_is_told_to_the_mailbox() {
    let scene = scene();
    scene.stranger.on(Step::FinalDot, Action::reply("550 5.2.2 mailbox full"));
    scene.question();
    let before = scene.host.sink.count();
    scene.answer();
    let told = scene.host.sink.wait_for_messages(before + 1).remove(before);
    assert_eq!((told.from.as_str(), &told.to[..]), ("", &["bob@sink.test".to_owned()][..]));
    assert_eq!(told.header("To").unwrap(), "<hello@example.org>");
    let text = String::from_utf8_lossy(&told.data).into_owned();
    // The first line of the text has the reason.
    let (_, reason) = text.split_once("\r\n\r\nNot delivered: ").expect("the reason in front");
    let reason =
        reason.split("\r\n\r\n").next().unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        reason.starts_with(STRANGER)
            && reason.contains("550 5.2.2 ")
            && reason.ends_with("mailbox full"),
        "{reason}"
    );
    assert!(text.contains("<1@stranger.test>"), "the header of what was sent: {text}");
    scene.nothing_is_known();
}

/// To an alias of the same host: what others see of it is the alias too, and its owner gets it inside.
#[test]
fn to_a_neighbour_it_goes_inside_and_shows_the_alias_alone() {
    let scene = scene();
    let mut client = scene.host.session();
    begins(&mut client, "MAIL FROM:<hello@example.org>", "250");
    begins(&mut client, "RCPT TO:<neighbour@example.org>", "250");
    begins(&mut client, &format!("RCPT TO:<{STRANGER}>"), "250");
    begins(&mut client, "DATA", "354");
    begins(&mut client, &format!("{ANSWER}."), "250 2.0.0");
    let inside = scene.host.sink.wait_for_message();
    assert_eq!(
        (inside.from.as_str(), &inside.to[..]),
        ("hello@example.org", &["carol@sink.test".to_owned()][..])
    );
    let text = String::from_utf8_lossy(&inside.data).to_lowercase();
    for private in ["bob@", "bobs-", NAME, "192.168.7.7", "127.0.0.1"] {
        assert!(!text.contains(private), "the neighbour sees {private:?}:\n{text}");
    }
    scene.stranger.wait_for_message();
    // Nobody outside learns that the neighbour got it, and where.
    scene.nothing_is_known();
}

/// Each gets a copy that tells of nobody else, in whatever field.
#[test]
fn aliases_in_bcc_do_not_learn_of_each_other() {
    let scene = scene();
    scene.host.onward.run(&["alias", "add", "third@example.org", "dora@sink.test"]);
    let mut client = scene.host.session();
    begins(&mut client, "MAIL FROM:<hello@example.org>", "250");
    begins(&mut client, "RCPT TO:<neighbour@example.org>", "250");
    begins(&mut client, "RCPT TO:<third@example.org>", "250");
    begins(&mut client, "DATA", "354");
    begins(&mut client, &format!("{ANSWER}."), "250 2.0.0");
    for copy in scene.host.sink.wait_for_messages(2) {
        let text = String::from_utf8_lossy(&copy.data).to_lowercase();
        assert_eq!(text.matches("x-onward-loop:").count(), 1, "{text}");
        for other in ["neighbour@", "third@", "carol@", "dora@"] {
            assert!(!text.contains(other), "{other}: {text}");
        }
    }
}

/// A server between the program and us has its hop in the message: it stays, unless it is to go, too.
#[test]
fn hops_before_ours_go_where_they_are_stripped() {
    let stranger = Receiver::smtp().start();
    let route = stranger.route();
    let host = Host::start_with(|builder| {
        builder
            .route("stranger.test", &route)
            .config("submission.strip = [\"received\", \"User-Agent\", \"X-Originating-IP\"]")
    });
    let scene = Scene { host, stranger };
    let hop = "Received: from bobs-laptop.home ([192.168.7.7])\r\n\tby bobs-router.home; Mon, 23 Nov 2026 08:00:00 +0000\r\n";
    scene.answer_with(hop);
    let answer = scene.stranger.wait_for_message();
    let hops = String::from_utf8_lossy(&answer.data).matches("Received: ").count();
    assert_eq!(hops, 1, "ours alone");
    scene.nothing_is_known();
}
