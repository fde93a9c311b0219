//! What a command changes, the daemon knows within a second; no session is lost by it.
use crate::support::client::{Client, Reply};
use crate::support::onward::Onward;
use crate::support::receiver::Receiver;
use crate::support::wait_until;
use std::time::{Duration, Instant};

const ALICE: &str = "alice@sender.test";
const MESSAGE: &[u8] = b"From: <alice@sender.test>\r\n\r\nhello\r\n";

/// Sessions that ask again and again, one after the other, and how long each change took to show.
struct Asker {
    client: Client,
    asked: usize,
    took: Vec<Duration>,
}

impl Asker {
    fn rcpt(&mut self, from: &str, to: &str) -> Reply {
        self.asked += 1;
        if self.asked.is_multiple_of(20) {
            // A session has no more transactions without a message.
            let client = Client::session(self.client.peer_address());
            std::mem::replace(&mut self.client, client).quit().expect_code(221);
        }
        self.client.mail(from).expect_code(250);
        let reply = self.client.rcpt(to);
        self.client.command("RSET").expect_code(250);
        reply
    }

    /// Waits until RCPT is answered so, from the end of the command on.
    fn until(&mut self, from: &str, to: &str, answer: &str) {
        let began = Instant::now();
        wait_until(format!("{answer} to {to}"), || {
            self.rcpt(from, to).text().starts_with(answer).then_some(())
        });
        self.took.push(began.elapsed());
    }

    /// Half of the changes within a second: the other half may meet a machine out of breath.
    fn finish(mut self) {
        self.took.sort_unstable();
        let median = self.took[self.took.len() / 2];
        assert!(median < Duration::from_secs(1), "{:?}", self.took);
        self.client.quit().expect_code(221);
    }
}

fn asking(receiver: &Receiver) -> (Onward, Asker) {
    let onward = Onward::forwarding_to(receiver.name())
        .route("sender.test", receiver.name())
        .config("limits.errors = 10000")
        .config("limits.unknown_recipients_per_client = \"10000/1h\"")
        .config("limits.forged_srs_per_client = \"10000/1h\"")
        .start();
    let client = onward.session();
    (onward, Asker { client, asked: 0, took: Vec::new() })
}

#[test]
fn domains_and_aliases() {
    let receiver = Receiver::smtp().start();
    let (onward, mut asker) = asking(&receiver);
    let mut in_data = onward.session();
    in_data.mail(ALICE).expect_code(250);
    in_data.rcpt("hello@example.org").expect_code(250);
    in_data.command("DATA").expect_code(354);
    in_data.send(&MESSAGE[..10]);

    let new = "new@other.test";
    asker.rcpt(ALICE, new).expect("550 5.7.1");
    onward.run(&["domain", "add", "other.test"]);
    asker.until(ALICE, new, "550 5.1.1");
    onward.run(&["alias", "add", new, "bob@sink.test"]);
    asker.until(ALICE, new, "250 2.1.5");
    onward.run(&["alias", "disable", new]);
    asker.until(ALICE, new, "550 5.1.1");
    onward.run(&["alias", "enable", new]);
    asker.until(ALICE, new, "250 2.1.5");
    onward.run(&["alias", "remove", new]);
    asker.until(ALICE, new, "550 5.1.1");
    onward.run(&["alias", "add", "*@other.test", "--defer", "moving house"]);
    asker.until(ALICE, new, "450 4.2.1 moving house");
    onward.run(&["alias", "remove", "*@other.test"]);
    onward.run(&["domain", "remove", "other.test"]);
    asker.until(ALICE, new, "550 5.7.1");
    // The alias of a message under way is gone; the message was taken for it all the same.
    onward.run(&["alias", "remove", "hello@example.org"]);
    asker.until(ALICE, "hello@example.org", "550 5.1.1");
    in_data.send(&[&MESSAGE[10..], b".\r\n"].concat());
    in_data.reply().expect("250 2.0.0");
    assert_eq!(receiver.wait_for_message().to, ["bob@sink.test"]);
    asker.finish();
}

#[test]
fn srs_keys() {
    let receiver = Receiver::smtp().start();
    let (onward, mut asker) = asking(&receiver);
    let old = onward.srs_forward(ALICE);
    asker.rcpt("", &old).expect("250 2.1.5");

    onward.run(&["srs", "key", "add"]);
    let new = onward.srs_forward(ALICE);
    assert_ne!(old, new, "the new key signs");
    asker.until("", &new, "250 2.1.5");
    asker.rcpt("", &old).expect("250 2.1.5");
    asker.client.transaction(ALICE, &["hello@example.org"], MESSAGE).expect("250 2.0.0");
    assert_eq!(receiver.wait_for_message().from, new, "signed with the new key");

    let keys = onward.run(&["srs", "key", "list", "--json"]);
    let keys: Vec<serde_json::Value> =
        keys.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let signs: Vec<_> = keys.iter().map(|key| key["signs"].as_bool().unwrap()).collect();
    assert_eq!(signs, [true, false], "{keys:?}");
    onward.run(&["srs", "key", "retire", keys[1]["fingerprint"].as_str().unwrap()]);
    asker.until("", &old, "550 5.7.1 SRS address with an invalid signature");
    asker.rcpt("", &new).expect("250 2.1.5");
    asker.finish();
}
