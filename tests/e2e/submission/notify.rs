//! What clients ask of DSNs (RFC 3461), and what they are told.

mod delays;
mod destinations;
mod reading;
mod successes;

use crate::support::certificates::Authority;
use crate::support::client::Client;
use crate::support::onward::{Builder, Onward};
use crate::support::peer;
use crate::support::receiver::{Action, Receiver, Step};
use crate::support::tls::TlsClient;
use crate::support::wait_until;
use data_encoding::BASE64;
use reading::Dsn;
use serde_json::Value;
use std::net::{SocketAddr, TcpStream};

const TEXT: &str = "From: <hello@example.org>\r\nSubject: a question\r\n\r\nthe words";

/// me@example.org sends as hello@example.org, which leads to me@home.test, to friend.test; sales@example.org and
/// both@example.org lead to the mailboxes of others.
struct Scene {
    onward: Onward,
    submission: SocketAddr,
    password: String,
    home: Receiver,
    friend: Receiver,
    others: Receiver,
    _authority: Authority,
}

/// friend.test and the others offer `keywords`; `None` without Python, which reads the DSNs.
fn scene(keywords: &[&str], change: impl FnOnce(Builder) -> Builder) -> Option<Scene> {
    peer::program("python3")?;
    let authority = Authority::new();
    let home = Receiver::smtp().start();
    let [friend, others] = [(); 2].map(|()| Receiver::smtp().keywords(keywords).start());
    let builder = Onward::builder()
        .domain("example.org")
        .alias("hello@example.org", &["me@home.test"])
        .alias("sales@example.org", &["carol@others.test"])
        .alias("both@example.org", &["carol@others.test", "dave@friend.test"])
        .route("home.test", &home.route())
        .route("friend.test", &friend.route())
        .route("others.test", &others.route())
        .toml(&authority.issue("mx.example.org", "a").toml())
        .config("spool.retry = [\"200ms\"]")
        .run_first(&["dkim", "key", "add", "example.org", "--selector", "s1"])
        .run_first(&["account", "add", "me@example.org", "--as", "hello@example.org"]);
    let (builder, submission) = builder.listen("submission", &["tls = \"implicit\""]);
    let onward = change(builder).start();
    let password = super::add_password(&onward, "phone");
    Some(Scene { onward, submission, password, home, friend, others, _authority: authority })
}

impl Scene {
    /// A session that has logged in.
    fn session(&self) -> TlsClient {
        self.session_of("me@example.org", &self.password)
    }

    fn session_of(&self, account: &str, password: &str) -> TlsClient {
        let mut client = TlsClient::over(TcpStream::connect(self.submission).unwrap()).unwrap();
        assert!(client.reply().unwrap().starts_with("220"));
        says(&mut client, "EHLO client.test", "250");
        let login = format!("\0{account}\0{password}");
        says(&mut client, &format!("AUTH PLAIN {}", BASE64.encode(login.as_bytes())), "235");
        client
    }

    /// Sends [`TEXT`]; `mail` and `to` are the parameters of MAIL, and recipients with theirs.
    fn send(&self, mail: &str, to: &[&str]) {
        send(&mut self.session(), "hello@example.org", mail, to);
    }

    /// Waits until nothing is left to be done: all DSNs that follow are in the mailbox.
    fn settle(&self) {
        wait_until("an empty spool", || self.queue().is_empty().then_some(()));
    }

    fn queue(&self) -> Vec<Value> {
        let lines = self.onward.run(&["queue", "list", "--json"]);
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The DSNs in the mailbox behind the alias, as Python reads them. Nobody but the alias is their recipient, and no
    /// mailbox of others is in them.
    fn told(&self) -> Vec<Dsn> {
        let told = self.home.messages().into_iter().map(|message| {
            assert_eq!(
                (message.from.as_str(), &message.to[..]),
                ("", &["me@home.test".to_owned()][..])
            );
            let dsn = Dsn::read(self.onward.state_dir(), &message.data);
            assert_eq!(dsn.to.trim_matches(['<', '>']), "hello@example.org");
            let text = String::from_utf8_lossy(&message.data);
            assert!(!text.contains("others.test") && !text.contains("carol"), "{text}");
            dsn
        });
        told.collect()
    }
}

fn send(client: &mut TlsClient, from: &str, mail: &str, to: &[&str]) {
    says(client, &format!("MAIL FROM:<{from}> {mail}"), "250");
    for to in to {
        says(client, &format!("RCPT TO:{to}"), "250");
    }
    says(client, "DATA", "354");
    let text = TEXT.replace("hello@example.org", from);
    says(client, &format!("{text}\r\n."), "250 2.0.0");
}

fn says(client: &mut TlsClient, line: &str, with: &str) {
    let said = client.command(line);
    assert!(said.starts_with(with), "{line}: {said}");
}

fn offers_dsn(client: &mut Client) -> bool {
    client.ehlo("client.test").lines.iter().any(|line| line.get(4..) == Some("DSN"))
}

/// The commands that a receiver got that begin so.
fn commands(receiver: &Receiver, start: &str) -> Vec<String> {
    let lines = receiver.connections().into_iter().flat_map(|it| it.lines());
    lines.filter(|line| line.starts_with(start)).collect()
}

#[test]
fn dsn_is_offered_to_accounts_alone() {
    let Some(scene) = scene(&[], |onward| onward) else { return };
    let mut public = scene.onward.connect();
    public.reply().expect_code(220);
    assert!(!offers_dsn(&mut public));
    public.command("MAIL FROM:<a@b.test> RET=HDRS").expect("555 5.5.4");
    public.command("MAIL FROM:<a@b.test> ENVID=1").expect("555 5.5.4");
    public.mail("a@b.test").expect("250");
    public.command("RCPT TO:<hello@example.org> NOTIFY=NEVER").expect("555 5.5.4");
    public.command("RCPT TO:<hello@example.org> ORCPT=rfc822;a@b.test").expect("555 5.5.4");

    let (builder, starttls) = Onward::builder().listen("submission", &[]);
    let authority = Authority::new();
    let toml = authority.issue("mx.example.org", "a").toml();
    let _other = builder.domain("example.org").toml(&toml).start();
    let mut client = Client::connect(starttls);
    client.reply().expect_code(220);
    assert!(offers_dsn(&mut client));

    let mut client = scene.session();
    for wrong in ["RET=ALL", "RET=FULL RET=FULL", "ENVID=a=b", "ENVID=", "RET", "ENVID=+0A"] {
        says(&mut client, &format!("MAIL FROM:<hello@example.org> {wrong}"), "501 5.5.4");
    }
    let long = format!("ENVID={}", "x".repeat(101));
    says(&mut client, &format!("MAIL FROM:<hello@example.org> {long}"), "501 5.5.4");
    says(&mut client, "MAIL FROM:<hello@example.org> NOTIFY=NEVER", "555 5.5.4");
    // Many errors end a session.
    let mut client = scene.session();
    says(&mut client, "MAIL FROM:<hello@example.org> RET=FULL ENVID=a+2Bb", "250");
    for wrong in [
        "NOTIFY=NEVER,DELAY",
        "NOTIFY=",
        "NOTIFY=ALWAYS",
        "NOTIFY=NEVER NOTIFY=NEVER",
        "ORCPT=a@b.test",
        "ORCPT=rfc822;a=b",
        "ORCPT=utf-8;\\x{fc}",
    ] {
        says(&mut client, &format!("RCPT TO:<bob@friend.test> {wrong}"), "501 5.5.4");
    }
    let long = format!("ORCPT=rfc822;{}@b.test", "x".repeat(500));
    says(&mut client, &format!("RCPT TO:<bob@friend.test> {long}"), "501 5.5.4");
    says(&mut client, "RCPT TO:<bob@friend.test> RET=FULL", "555 5.5.4");
    says(&mut client, "RCPT TO:<bob@friend.test> NOTIFY=NEVER", "250");
}

#[test]
fn a_failure_is_told_with_the_names_that_the_sender_gave() {
    let Some(scene) = scene(&["DSN"], |onward| onward) else { return };
    scene.friend.on(Step::Rcpt, Action::reply("550 5.1.1 unknown"));
    scene.send("ENVID=QQ+2B314159", &["<bob@friend.test> ORCPT=rfc822;Bob+2BX@friend.test"]);
    scene.settle();
    let dsn = Dsn::only(scene.told());
    assert!(dsn.first.starts_with("Not delivered: bob@friend.test: 550 5.1.1"), "{}", dsn.first);
    assert_eq!(dsn.field(0, "Original-Envelope-Id"), Some("QQ+314159"));
    assert_eq!(dsn.field(1, "Original-Recipient"), Some("rfc822; Bob+X@friend.test"));
    assert_eq!(dsn.field(1, "Final-Recipient"), Some("rfc822; bob@friend.test"));
    assert_eq!((dsn.field(1, "Action"), dsn.field(1, "Status")), (Some("failed"), Some("5.1.1")));
    assert_eq!(dsn.back_kind, "text/rfc822-headers");
    assert!(dsn.back.contains("Subject: a question") && !dsn.back.contains("the words"));
}

#[test]
fn a_failure_brings_back_as_much_as_is_asked_for() {
    let Some(scene) = scene(&[], |onward| onward) else { return };
    scene.friend.on(Step::Rcpt, Action::reply("550 5.1.1 unknown"));
    scene.send("RET=FULL", &["<bob@friend.test>"]);
    scene.settle();
    scene.send("RET=HDRS", &["<bob@friend.test>"]);
    scene.settle();
    let told = scene.told();
    let [full, headers] = &told[..] else { panic!("{} DSNs", told.len()) };
    assert_eq!(full.back_kind, "message/rfc822");
    assert!(full.back.contains("Subject: a question") && full.back.contains("the words"));
    assert_eq!(headers.back_kind, "text/rfc822-headers");
    assert!(!headers.back.contains("the words"));
}

/// Of two recipients that fail, one is told; of a third, who is to be told of success alone, nothing.
#[test]
fn who_asks_to_hear_nothing_hears_nothing() {
    let Some(scene) = scene(&[], |onward| onward) else { return };
    scene.friend.on(Step::Rcpt, Action::reply("550 5.1.1 unknown"));
    scene.send("", &["<never@friend.test> NOTIFY=NEVER", "<success@friend.test> NOTIFY=SUCCESS"]);
    scene.settle();
    assert_eq!(scene.home.count(), 0);
    scene.send(
        "",
        &[
            "<never@friend.test> NOTIFY=NEVER",
            "<told@friend.test> NOTIFY=FAILURE",
            "<delay@friend.test> NOTIFY=DELAY",
        ],
    );
    scene.settle();
    let dsn = Dsn::only(scene.told());
    assert_eq!(dsn.recipients(), ["rfc822; told@friend.test failed"]);
}
