//! What comes to an alias that is answered by address.

use super::*;
use crate::support::receiver::Message;
use crate::support::verifiers::Arrival;

const REPLY_TO: &str = "\"Bob\" <hello+bob=friend.test@example.org>";

fn message(more: &str) -> String {
    format!(
        "From: Bob <bob@friend.test>\r\nTo: hello@example.org\r\n{more}Subject: hello\r\nMessage-ID: <1@friend.test>\r\n\r\nhello\r\n"
    )
}

impl Site {
    fn came(&self, to: &str, message: &[u8], count: usize) -> Message {
        self.send(FRIEND, "bob@friend.test", to, message).expect_code(250);
        self.home.wait_for_messages(count).pop().unwrap()
    }

    fn expect_dmarc(&self, came: &Message, domain: &str) {
        let found = self.verifiers.verify(self.dns.address(), &Arrival::of(came));
        assert_eq!((&*found.dmarc.result, &*found.dmarc.domain), ("pass", domain), "{found:?}");
    }
}

#[test]
fn a_signature_that_leaves_reply_to_open_stays_and_so_does_from() {
    let Some(site) = Site::start(|builder| builder) else { return };
    let open = Signing::rsa("friend.test").fields(&["from", "to", "subject", "message-id"]);
    for (number, more) in ["", "Reply-To: Bob <bob@friend.test>\r\n"].into_iter().enumerate() {
        let message = site.verifiers.sign(message(more).as_bytes(), &open);
        let came = site.came("hello@example.org", &message, number + 1);
        assert_eq!(came.header("Reply-To").as_deref(), Some(REPLY_TO));
        assert_eq!(came.header("From").as_deref(), Some("Bob <bob@friend.test>"));
        site.expect_dmarc(&came, "friend.test");
        let original = came.header("X-Original-Reply-To");
        assert_eq!(original.is_some(), !more.is_empty());
    }
}

#[test]
fn where_a_signature_covers_reply_to_the_mail_becomes_the_alias_s() {
    let Some(site) = Site::start(|builder| builder) else { return };
    let covers = Signing::rsa("friend.test").fields(&["from", "to", "subject", "reply-to"]);
    let bob = "Reply-To: Bob <bob@friend.test>\r\n";
    for (number, (more, policy)) in
        [("", "reject"), (bob, "reject"), ("", "none")].into_iter().enumerate()
    {
        site.dns.clear("_dmarc.friend.test");
        site.dns.txt("_dmarc.friend.test", &format!("v=DMARC1; p={policy}"));
        let message = site.verifiers.sign(message(more).as_bytes(), &covers);
        let came = site.came("hello@example.org", &message, number + 1);
        assert_eq!(came.header("Reply-To").as_deref(), Some(REPLY_TO));
        let from = came.header("From").unwrap();
        assert_eq!(from, "\"Bob via hello@example.org\" <hello@example.org>");
        site.expect_dmarc(&came, "example.org");
    }
}

#[test]
fn checks_that_are_off_cost_no_mail() {
    let off = |builder: Builder| {
        ["spf", "dkim", "dmarc"]
            .iter()
            .fold(builder, |builder, check| builder.config(&format!("auth.{check} = \"off\"")))
    };
    let Some(site) = Site::start(off) else { return };
    let covers = Signing::rsa("friend.test").fields(&["from", "to", "subject", "reply-to"]);
    let message = site.verifiers.sign(message("").as_bytes(), &covers);
    let came = site.came("hello@example.org", &message, 1);
    assert_eq!(came.header("Reply-To").as_deref(), Some(REPLY_TO));
    assert!(came.header("Authentication-Results").is_none());
    site.expect_dmarc(&came, "example.org");
}

#[test]
fn the_form_of_what_comes() {
    let Some(site) = Site::start(|builder| builder) else { return };
    let open = Signing::rsa("friend.test").fields(&["from", "message-id"]);
    let long = format!("Reply-To: {}@{}test\r\n", "r".repeat(190), "dd.".repeat(17));
    for (number, (to, more, reply_to)) in [
        ("hello+shop@example.org", "", REPLY_TO),
        ("Hello@EXAMPLE.org", "", "\"Bob\" <Hello+bob=friend.test@EXAMPLE.org>"),
        (
            "hello@example.org",
            "Reply-To: \"A, B\" <a+b=c@friend.test>,\r\n d@other.test\r\n",
            "\"A, B\" <hello+a+b=c=friend.test@example.org>, <hello+d=other.test@example.org>",
        ),
        // Not past the alias.
        ("hello@example.org", "Reply-To: hello@example.org\r\n", "<hello@example.org>"),
        ("hello@example.org", &format!("Reply-To: {BOB}\r\n"), &format!("<{BOB}>")),
        ("hello@example.org", &long, "<hello@example.org>"),
        ("hello@example.org", "Reply-To: nobody\r\n", REPLY_TO),
    ]
    .into_iter()
    .enumerate()
    {
        let message = message(more).replace("<1@", &format!("<{number}@"));
        let message = site.verifiers.sign(message.as_bytes(), &open);
        let came = site.came(to, &message, number + 1);
        let found = came.header("Reply-To").unwrap();
        assert_eq!(found.split_whitespace().collect::<Vec<_>>().join(" "), reply_to, "{more}");
        assert!(holds(&came.data, "\r\nReply-To:"));
    }
    // Nobody answers a bounce.
    let mut session = site.onward.session();
    let bounce = b"From: MAILER-DAEMON@friend.test\r\nMessage-ID: <b@friend.test>\r\n\r\nx\r\n";
    site.dns.a("client.test", [127, 0, 0, 1].into());
    session.mail("").expect_code(250);
    session.rcpt("sales@example.org").expect_code(250);
    let said = session.data(bounce);
    if said.code == 250 {
        assert_eq!(site.home.messages().pop().unwrap().header("Reply-To"), None);
    }
}

/// From an account of the same host, too: whoever answers it does not write from his mailbox.
#[test]
fn what_comes_from_inside_is_answered_by_address() {
    let mut listener = None;
    let authority = crate::support::certificates::Authority::new();
    let started =
        Site::start(|builder| {
            let builder = builder
                .toml(&authority.issue("mx.example.org", "a").toml())
                .run_first(&["account", "add", "me@example.org", "--as", "plain@example.org"]);
            let (builder, address) = builder.listen("submission", &["tls = \"implicit\""]);
            listener = Some(address);
            builder
        });
    let Some(site) = started else { return };
    let shown = site.onward.run(&["account", "password", "add", "me@example.org", "--label", "x"]);
    let stream = std::net::TcpStream::connect(listener.unwrap()).unwrap();
    let mut client = crate::support::tls::TlsClient::over(stream).unwrap();
    client.reply().unwrap();
    client.command("EHLO client.test");
    let login = format!("\0me@example.org\0{}", shown.trim());
    let login =
        client.command(&format!("AUTH PLAIN {}", data_encoding::BASE64.encode(login.as_bytes())));
    assert!(login.starts_with("235"), "{login}");
    for (number, more) in ["", "Reply-To: else@example.org\r\n"].into_iter().enumerate() {
        let text = format!("From: plain@example.org\r\n{more}Subject: x\r\n\r\nhello");
        let reply = client.message("plain@example.org", "sales@example.org", &text);
        assert!(reply.starts_with("250 2.0.0"), "{reply}");
        let came = site.home.wait_for_messages(number + 1).pop().unwrap();
        let who = if more.is_empty() { "plain" } else { "else" };
        let through = format!("<sales+{who}=example.org@example.org>");
        assert_eq!(came.header("Reply-To").unwrap(), through);
        site.expect_dmarc(&came, "example.org");
    }
}
