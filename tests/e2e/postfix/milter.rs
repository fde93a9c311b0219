//! Onward as the milter of a Postfix that resolves its aliases itself.

use crate::support::client::Client;
use crate::support::onward::{Builder, Onward};
use crate::support::peer;
use crate::support::postfix::{self, Postfix};
use crate::support::receiver::{Message, Receiver};
use std::fs;
use std::net::SocketAddr;
use std::time::{SystemTime, UNIX_EPOCH};

const ALICE: &str = "alice@sender.test";
/// Of the tests' builder, and hosted by nobody.
const SRS_DOMAIN: &str = "example.org";
const MESSAGE: &[u8] = b"From: <alice@sender.test>\r\nTo: hello@alias.test\r\nSubject: a test\r\n\
      Date: Thu, 26 Nov 2026 18:00:00 +0000\r\nMessage-ID: <1@sender.test>\r\n\
      X-Odd:  two  blanks\r\n\r\n.dot\r\n\r\n  text \xe4\r\n";

/// Postfix's virtual(5) table: what stays, what leaves, and both.
const VIRTUAL: &str = "\
away@alias.test bob@sink.test
chain@alias.test away+x@alias.test
here@alias.test local@mailbox.test
both@alias.test local@mailbox.test, bob@sink.test
@catchall.test bob@sink.test
";

struct Site {
    onward: Onward,
    postfix: Postfix,
    sink: Receiver,
    milter: SocketAddr,
    /// Postfix's virtual_alias_maps.
    table: String,
}

impl Site {
    /// `None`: skip.
    fn start(lines: &[&str]) -> Option<Self> {
        peer::program("postfix").filter(|_| peer::root())?;
        let builder = Onward::builder();
        let table = builder.directory().join("virtual");
        fs::write(&table, VIRTUAL).unwrap();
        let table = format!("texthash:{}", table.display());
        let maps = format!("alias_maps = [\"{table}\"]");
        let local = "local_domains = [\"mailbox.test\"]";
        let (builder, milter) = builder.listen("milter", &[&[&*maps, local], lines].concat());
        let onward = builder.start();
        let sink = Receiver::smtp().start();
        let postfix = with_aliases(milter, &sink, &table)?;
        Some(Self { onward, postfix, sink, milter, table })
    }

    fn send(&self, from: &str, to: &[&str]) -> Client {
        let mut client = Client::session(self.postfix.address());
        client.transaction(from, to, MESSAGE).expect_code(250);
        client
    }

    /// Sends what arrives at the sink.
    fn forward(&self, from: &str, to: &[&str]) -> Message {
        let count = self.sink.count();
        self.send(from, to);
        self.sink.wait_for_messages(count + 1).pop().unwrap()
    }

    fn rcpt(&self, from: &str, to: &str) -> crate::support::client::Reply {
        let mut client = Client::session(self.postfix.address());
        client.mail(from).expect_code(250);
        client.rcpt(to)
    }

    fn return_path_of_local(&self, count: usize) -> String {
        let text = self.postfix.wait_for_deliveries("local@mailbox.test", count).pop().unwrap();
        String::from_utf8_lossy(&text).lines().next().unwrap().to_owned()
    }
}

fn configured(postfix: postfix::Builder, milter: SocketAddr, sink: &Receiver) -> postfix::Builder {
    postfix
        .relay(sink.address())
        .mailbox("local@mailbox.test")
        .set("relay_domains", &format!("{SRS_DOMAIN} foreign.test"))
        .set("relay_transport", "smtp")
        .set("recipient_delimiter", "+")
        .set("smtpd_milters", &format!("inet:{milter}"))
        .set("milter_default_action", "tempfail")
}

/// With the table's aliases, as its own and as the milter's to know.
fn with_aliases(milter: SocketAddr, sink: &Receiver, table: &str) -> Option<Postfix> {
    let postfix = configured(Postfix::builder()?, milter, sink);
    let postfix = postfix.set("virtual_alias_domains", "alias.test catchall.test");
    Some(postfix.set("virtual_alias_maps", table).start())
}

fn srs_of(onward: &Onward, message: &Message) {
    assert!(message.from.starts_with("SRS0="), "{}", message.from);
    assert_eq!(onward.run(&["srs", "reverse", &message.from]).trim(), ALICE);
}

#[test]
fn only_what_leaves_is_rewritten() {
    let Some(site) = Site::start(&[]) else { return };
    for alias in ["away@alias.test", "chain@alias.test", "AWAY+ext@alias.test", "x@catchall.test"] {
        let message = site.forward(ALICE, &[alias]);
        srs_of(&site.onward, &message);
        // Postfix puts the extension of an alias behind what it leads to.
        assert!(
            ["bob@sink.test", "bob+x@sink.test", "bob+ext@sink.test"].contains(&&*message.to[0])
        );
        // Nothing but what Postfix itself adds.
        let received = message.header("Received").unwrap();
        assert!(received.contains("postfix.test"), "{received}");
        assert!(message.data.ends_with(MESSAGE));
        let added = message.data.len() - MESSAGE.len();
        let added = String::from_utf8_lossy(&message.data[..added]).into_owned();
        assert!(added.lines().skip(1).all(|line| line.starts_with([' ', '\t'])), "{added}");
    }
    site.send(ALICE, &["here@alias.test"]);
    assert_eq!(site.return_path_of_local(1), format!("Return-Path: <{ALICE}>"));
    // Mail to a mailbox here, and what is relayed as it is: no alias, no forward.
    site.send(ALICE, &["local@mailbox.test"]);
    assert_eq!(site.return_path_of_local(2), format!("Return-Path: <{ALICE}>"));
    assert_eq!(site.forward(ALICE, &["carl@elsewhere.test"]).from, ALICE);
    // One message has one sender, whoever gets it.
    for to in [&["both@alias.test"][..], &["here@alias.test", "away@alias.test"]] {
        srs_of(&site.onward, &site.forward(ALICE, to));
    }
    assert_eq!(site.forward("", &["away@alias.test"]).from, "", "null stays null");
    let ours = format!("me@{SRS_DOMAIN}");
    assert_eq!(site.forward(&ours, &["away@alias.test"]).from, ours);
}

#[test]
fn bounces_are_turned_back_and_forgeries_refused() {
    let Some(site) = Site::start(&[]) else { return };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let ours = site.onward.srs_forward(ALICE);
    let bounce = site.forward("", &[&ours]);
    assert_eq!((bounce.from.as_str(), &bounce.to[..]), ("", &[ALICE.to_owned()][..]));
    assert!(bounce.data.ends_with(MESSAGE));

    // Two of them, and a mailbox.
    let other = site.onward.srs_forward("carol@sender.test");
    let mut to = site.forward("", &[&ours, "away@alias.test", &other]).to;
    to.sort();
    assert_eq!(to, [ALICE, "bob@sink.test", "carol@sender.test"]);

    let forged = ours.replacen("SRS0=", "SRS0=A", 1);
    let expired = site.onward.srs_forward_at(ALICE, now - 40 * 86_400);
    for (from, to, reply) in [
        ("", &forged, "550 5.7.1 "),
        ("", &expired, "550 5.7.1 SRS address has expired"),
        // Whoever asks is answered; what is sent is refused at its end.
        (ALICE, &ours, "250 2.1.5 "),
        ("", &format!("SRS0=x@{SRS_DOMAIN}"), "550 5.1.3 "),
        // Not by the letter of RFC 5321; Postfix takes both, and so do we.
        ("", &ours.replace("alice@", "a..b@"), "550 5.7.1 "),
        ("a..b@sender.test", &ours, "250 2.1.5 "),
    ] {
        site.rcpt(from, to).expect(reply);
    }
    let mut client = Client::session(site.postfix.address());
    let refused = client.transaction("a..b@sender.test", &[&ours], MESSAGE).expect("550 5.7.1");
    assert!(refused.text().contains("bounces only"), "{}", refused.text());
    // Somebody else's.
    let foreign = "SRS0=AAAA=XY=sender.test=alice@foreign.test";
    assert_eq!(site.forward("", &[foreign]).to, [foreign]);
    site.onward.wait_for_log("milter: recipient refused");
}

#[test]
fn aliases_of_ours_by_the_alias_map() {
    let Some(postfix) = Postfix::builder() else { return };
    let (builder, milter) =
        Onward::builder().listen("milter", &["local_domains = [\"mailbox.test\"]"]);
    let (builder, map) = builder.listen("socketmap", &[]);
    let builder = builder.domain("hosted.test");
    let onward = builder
        .alias("away@hosted.test", &["bob@sink.test"])
        .alias("here@hosted.test", &["local@mailbox.test"])
        .start();
    let sink = Receiver::smtp().start();
    let table = format!("socketmap:inet:{map}:alias");
    let postfix = configured(postfix, milter, &sink)
        .set("virtual_alias_domains", &format!("socketmap:inet:{map}:domains"))
        .set("virtual_alias_maps", &table)
        .start();
    let site = Site { onward, postfix, sink, milter, table };
    srs_of(&site.onward, &site.forward(ALICE, &["away@hosted.test"]));
    site.send(ALICE, &["here@hosted.test"]);
    assert_eq!(site.return_path_of_local(1), format!("Return-Path: <{ALICE}>"));
    site.rcpt(ALICE, "nobody@hosted.test").expect("550 5.1.1");
    // An alias that is added is one at once.
    site.onward.run(&["alias", "add", "new@hosted.test", "carl@sink.test"]);
    crate::support::wait_until("the new alias", || {
        (site.rcpt(ALICE, "new@hosted.test").code == 250).then_some(())
    });
    let message = site.forward(ALICE, &["new@hosted.test"]);
    srs_of(&site.onward, &message);
    assert_eq!(message.to, ["carl@sink.test"]);
}

#[test]
fn in_the_shadow_nothing_happens_but_in_the_log() {
    in_the_shadow(Site::start(&["shadow = true"]));
    let mut by_option = Site::start(&[]);
    if let Some(site) = &mut by_option {
        site.onward.terminate();
        site.onward.serve_with(&["--shadow"]);
    }
    in_the_shadow(by_option);
}

fn in_the_shadow(site: Option<Site>) {
    let Some(site) = site else { return };
    assert_eq!(site.forward(ALICE, &["away@alias.test"]).from, ALICE);
    site.onward.wait_for_log("milter: sender rewritten mode=Shadow");
    let ours = site.onward.srs_forward(ALICE);
    assert_eq!(site.forward("", &[&ours]).to, std::slice::from_ref(&ours));
    site.onward.wait_for_log("milter: SRS address reversed mode=Shadow");
    let forged = ours.replacen("SRS0=", "SRS0=A", 1);
    site.rcpt("", &forged).expect_code(250);
    site.onward.wait_for_log("milter: recipient refused mode=Shadow");
    site.send(ALICE, &[&ours]);
    site.onward.wait_for_log("milter: message refused mode=Shadow");
}

#[test]
fn each_may_be_started_again() {
    let Some(mut site) = Site::start(&[]) else { return };
    srs_of(&site.onward, &site.forward(ALICE, &["away@alias.test"]));
    // A session of Postfix's outlives the milter that it began with.
    let mut client = site.send(ALICE, &["away@alias.test"]);
    site.sink.wait_for_messages(2);
    site.onward.terminate();
    client.command("RSET").expect_code(250);
    let reply = client.mail(ALICE);
    assert!([250, 451].contains(&reply.code), "{reply}");
    site.rcpt_deferred();
    site.onward.serve();
    srs_of(&site.onward, &site.forward(ALICE, &["away@alias.test"]));
    site.postfix.stop();
    site.onward.run(&["status"]);
    // And another one, for the milter that was there before it.
    site.postfix = with_aliases(site.milter, &site.sink, &site.table).unwrap();
    srs_of(&site.onward, &site.forward(ALICE, &["away@alias.test"]));
}

impl Site {
    /// Without the milter Postfix takes nothing.
    fn rcpt_deferred(&self) {
        let mut client = Client::connect(self.postfix.address());
        client.reply();
        client.ehlo("client.test");
        let reply = client.mail(ALICE);
        assert_eq!(reply.code / 100, 4, "{reply}");
    }
}

/// With a builder of its own for what Postfix cannot be made to do.
#[test]
fn half_open_connections_end() {
    let builder: Builder = Onward::builder().config("limits.map_timeout = \"1s\"");
    let (builder, milter) = builder.listen("milter", &[]);
    let _onward = builder.start();
    let mut silent = Client::connect(milter);
    let mut half = Client::connect(milter);
    half.send(b"\0\0\0\x0dO\0\0");
    let mut wrong = Client::connect(milter);
    wrong.send(b"GET / HTTP/1.0\r\n\r\n");
    for client in [&mut wrong, &mut half, &mut silent] {
        assert_eq!(client.eof().unwrap(), b"");
    }
}
