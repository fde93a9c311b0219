//! Onward as the tables of a Postfix that does the rest itself, in the place of PostSRSd.

use crate::support::client::{Client, Reply};
use crate::support::onward::Onward;
use crate::support::postfix::Postfix;
use crate::support::receiver::{Message, Receiver};
use std::net::SocketAddr;

const ALICE: &str = "alice@sender.test";
const SRS_DOMAIN: &str = "example.org";
const MESSAGE: &[u8] = b"From: <alice@sender.test>\r\nTo: away@alias.test\r\nSubject: a test\r\n\
      Date: Thu, 26 Nov 2026 18:00:00 +0000\r\nMessage-ID: <1@sender.test>\r\n\r\nhello\r\n";

struct Site {
    onward: Onward,
    postfix: Postfix,
    sink: Receiver,
}

/// The tables as Postfix names them.
struct Tables {
    forward: String,
    reverse: String,
}

impl Site {
    /// `None`: skip. The policy service comes before Postfix's own checks.
    fn start(
        tables: impl FnOnce(crate::support::onward::Builder) -> (Onward, Tables),
        policy: Option<SocketAddr>,
    ) -> Option<Self> {
        let postfix = Postfix::builder()?;
        let (onward, tables) =
            tables(Onward::builder().config("srs.exempt_domains = [\"ours.test\"]"));
        let sink = Receiver::smtp().start();
        let check = policy.map_or(String::new(), |at| format!("check_policy_service inet:{at}, "));
        let postfix = postfix
            .relay(sink.address())
            .set("virtual_alias_domains", &format!("alias.test {SRS_DOMAIN}"))
            .set("virtual_alias_maps", "inline:{ away@alias.test=bob@sink.test }")
            .set("sender_canonical_maps", &tables.forward)
            .set("sender_canonical_classes", "envelope_sender")
            .set("recipient_canonical_maps", &tables.reverse)
            .set("recipient_canonical_classes", "envelope_recipient, header_recipient")
            .set("smtpd_recipient_restrictions", &format!("{check}permit_mynetworks, reject"))
            .start();
        Some(Self { onward, postfix, sink })
    }

    fn forward(&self, from: &str, to: &str) -> Message {
        let count = self.sink.count();
        let mut client = Client::session(self.postfix.address());
        client.transaction(from, &[to], MESSAGE).expect_code(250);
        self.sink.wait_for_messages(count + 1).pop().unwrap()
    }

    fn rcpt(&self, from: &str, to: &str) -> Reply {
        let mut client = Client::session(self.postfix.address());
        client.mail(from).expect_code(250);
        client.rcpt(to)
    }

    /// What every mode does, whichever protocol it speaks.
    fn forwards_and_returns(&self) {
        let message = self.forward(ALICE, "away@alias.test");
        assert_eq!(message.to, ["bob@sink.test"]);
        assert_eq!(self.onward.run(&["srs", "reverse", &message.from]).trim(), ALICE);
        assert!(message.data.ends_with(MESSAGE));
        let bounce = self.forward("", &message.from);
        assert_eq!((bounce.from.as_str(), &bounce.to[..]), ("", &[ALICE.to_owned()][..]));
        assert_eq!(self.forward("me@ours.test", "away@alias.test").from, "me@ours.test");
        assert_eq!(self.forward("", "away@alias.test").from, "");
        // Not found, so it stays as it is, and Postfix knows nobody of that name.
        let forged = message.from.replacen("SRS0=", "SRS0=A", 1);
        self.rcpt("", &forged).expect("550 5.1.1");
        // Too long for an address: kept here, and found again.
        let long = format!("{}@{}.test", "x".repeat(50), "y".repeat(40));
        let message = self.forward(&long, "away@alias.test");
        assert!(message.from.contains("=1="), "{}", message.from);
        assert_eq!(self.forward("", &message.from).to, [long]);
    }

    fn postmap(&self, tables: &Tables) {
        let ask = |key: &str, table: &str| self.postfix.postmap(key, table);
        let rewritten = ask(ALICE, &tables.forward).unwrap();
        assert_eq!(rewritten, self.onward.srs_forward(ALICE));
        assert_eq!(ask(&rewritten, &tables.reverse).as_deref(), Some(ALICE));
        assert_eq!(ask(ALICE, &tables.reverse), None);
        assert_eq!(ask("SRS0=A=AA=a.test=b@example.org", &tables.reverse), None);
    }
}

#[test]
fn socketmap_over_tcp() {
    let mut names = None;
    let site = Site::start(
        |builder| {
            let (builder, map) = builder.listen("socketmap", &[]);
            let name = |table| format!("socketmap:inet:{map}:{table}");
            names = Some(map);
            (builder.start(), Tables { forward: name("forward"), reverse: name("reverse") })
        },
        None,
    );
    let (Some(site), Some(map)) = (site, names) else { return };
    let name = |table: &str| format!("socketmap:inet:{map}:{table}");
    site.postmap(&Tables { forward: name("forward"), reverse: name("reverse") });
    site.forwards_and_returns();
    site.onward.run(&["domain", "add", "hosted.test"]);
    site.onward.run(&["alias", "add", "hello@hosted.test", "bob@sink.test", "carl@sink.test"]);
    let alias = crate::support::wait_until("the new alias", || {
        site.postfix.postmap("hello@hosted.test", &name("alias"))
    });
    assert_eq!(alias, "bob@sink.test,carl@sink.test");
    assert_eq!(
        site.postfix.postmap("hosted.test", &name("domains")).as_deref(),
        Some("hosted.test")
    );
    let smtp = format!("smtp:[127.0.0.1]:{}", site.onward.address().port());
    assert_eq!(site.postfix.postmap("hosted.test", &name("transport")), Some(smtp));
    for table in ["alias", "domains", "transport"] {
        assert_eq!(site.postfix.postmap("other.test", &name(table)), None);
    }
}

#[test]
fn socketmap_on_a_unix_socket() {
    let directory = tempfile::tempdir().unwrap();
    // smtpd(8) and cleanup(8) run as `postfix`.
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(directory.path(), open).unwrap();
    let socket = directory.path().join("srs").display().to_string();
    let name = |table: &str| format!("socketmap:unix:{socket}:{table}");
    let tables = || Tables { forward: name("forward"), reverse: name("reverse") };
    let site = Site::start(
        |builder| {
            let listen = format!(
                "[[listen]]\nprotocol = \"socketmap\"\naddress = \"unix:{socket}\"\ngroup = \"postfix\"\n"
            );
            (builder.toml(&listen).start(), tables())
        },
        None,
    );
    let Some(site) = site else { return };
    site.postmap(&tables());
    site.forwards_and_returns();
}

#[test]
fn tcp_tables() {
    let mut tables = None;
    let site = Site::start(
        |builder| {
            let (builder, forward) = builder.listen("tcp-table", &["direction = \"forward\""]);
            let (builder, reverse) = builder.listen("tcp-table", &["direction = \"reverse\""]);
            let names =
                || Tables { forward: format!("tcp:{forward}"), reverse: format!("tcp:{reverse}") };
            tables = Some(names());
            (builder.start(), names())
        },
        None,
    );
    let (Some(site), Some(tables)) = (site, tables) else { return };
    site.postmap(&tables);
    site.forwards_and_returns();
}

/// With the tables alone a forgery is an unknown user; with the policy service it is told what it is.
#[test]
fn the_policy_service_refuses() {
    let (builder, policy) = Onward::builder().listen("policy", &[]);
    let (builder, map) = builder.listen("socketmap", &[]);
    let name = |table: &str| format!("socketmap:inet:{map}:{table}");
    let site = Site::start(
        |_| (builder.start(), Tables { forward: name("forward"), reverse: name("reverse") }),
        Some(policy),
    );
    let Some(site) = site else { return };
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let message = site.forward(ALICE, "away@alias.test");
    assert_eq!(site.forward("", &message.from).to, [ALICE]);
    let forged = message.from.replacen("SRS0=", "SRS0=A", 1);
    let expired = site.onward.srs_forward_at(ALICE, now - 40 * 86_400);
    for (from, to, reply) in [
        ("", &*forged, "550 5.7.1 "),
        ("", &expired, "550 5.7.1 "),
        // Whoever asks is answered; what is sent is refused at DATA.
        (ALICE, &message.from, "250 2.1.5 "),
        ("", "SRS0=x@example.org", "550 5.1.3 "),
        (ALICE, "away@alias.test", "250 2.1.5 "),
    ] {
        site.rcpt(from, to).expect(reply);
    }
    let refused = site.rcpt("", &expired).text();
    assert!(refused.contains("SRS address has expired"), "{refused}");
}
