//! The rows of the fate table that need more than the table: what is answered, kept, told and remembered.

mod long_senders;
mod own_from;
mod submitted;

use super::{
    decide::decide,
    forward::Forward,
    parts::{Network, Parts},
    recipient::Recipient,
    record::Conclusion,
    sender::Sender,
};
use crate::{
    address::{ForwardPath, HeloName, ReversePath},
    alias::{Alias, AliasAddress},
    auth::spf::Spf,
    clock,
    config::{Config, Machine},
    envelope::{Envelope, MailParameters},
    fate::{DestinationOutcome, Verdict},
    inbound::Peer,
    next_hop::NextHop,
    outbound::{Attempt, Deadline, Outgoing},
    reply::Reply,
    smtp::Transaction,
    store::{journal::Outcome, spool::Spooled},
};
use async_trait::async_trait;
use std::{
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};
use tempfile::TempDir;

const ALICE: &str = "alice@sender.test";
const MESSAGE: &[u8] = b"From: <alice@sender.test>\r\nMessage-ID: <1@sender.test>\r\n\r\nhello\r\n";

/// Destinations that do as their local parts say: `yes`, `no` or `later`.
#[derive(Debug, Default)]
struct Scripted {
    /// The mailboxes that were tried, in order.
    tried: Mutex<Vec<String>>,
}

#[async_trait]
impl Network for Scripted {
    async fn deliver(&self, _: &NextHop, mail: &Outgoing, _: Deadline) -> Vec<Attempt> {
        let attempt = |mailbox: &crate::address::Mailbox| {
            self.tried.lock().unwrap().push(mailbox.to_string());
            let (verdict, reply) = match mailbox.local().as_str() {
                "yes" => (Verdict::Delivered, Reply::ok()),
                "no" => (Verdict::Refused, Reply::no_such_alias()),
                _ => (Verdict::Deferred, Reply::destination_unreachable()),
            };
            Attempt {
                offers_dsn: false,
                outcome: DestinationOutcome { verdict, reply },
                theirs: None,
                remote: None,
                tls: String::new(),
                elapsed: Duration::ZERO,
                uncertain: false,
                is_asleep: false,
                provider: None,
                held: None,
                wait: Duration::ZERO,
            }
        };
        mail.recipients.iter().map(attempt).collect()
    }
}

/// Mail with a store and a network of its own.
struct Scene {
    parts: Arc<Parts>,
    network: Arc<Scripted>,
    _state: TempDir,
}

/// Aliases of example.org, and where they lead.
const ALIASES: [(&str, &[&str]); 6] = [
    ("yes", &["yes@one.test"]),
    ("no", &["no@one.test"]),
    ("later", &["later@one.test"]),
    ("yes+no", &["yes@one.test", "no@one.test"]),
    ("yes+later", &["yes@one.test", "later@one.test"]),
    ("also", &["yes@one.test"]),
];

impl Scene {
    async fn new(more: &str) -> Self {
        let state = tempfile::tempdir().unwrap();
        let secret = state.path().join("secret");
        std::fs::write(&secret, "a secret of the tests\n").unwrap();
        let text = format!(
            "hostname = \"mx.example.org\"\nstate_dir = {:?}\n{more}\n[srs]\n\
             domain = \"example.org\"\nsecret_file = {secret:?}\n[auth]\nspf = \"off\"\n\
             dkim = \"off\"\ndmarc = \"off\"\n[dns]\nservers = [\"127.0.0.1:9\"]\n\
             [[listen]]\nprotocol = \"smtp\"\naddress = \"127.0.0.1:0\"\n",
            state.path()
        );
        let config = Config::parse(&text, Path::new("test"), &Machine::default()).unwrap();
        let network = Arc::<Scripted>::default();
        let (mut parts, _) = Parts::open(config).await.unwrap();
        parts.network = Arc::clone(&network) as Arc<dyn Network>;
        parts.store.add_domain(&"example.org".parse().unwrap()).await.unwrap();
        let address = |name| AliasAddress::parse(&format!("{name}@example.org")).unwrap();
        for (name, destinations) in ALIASES {
            let alias = Alias::forward(address(name), destinations).unwrap();
            parts.store.add_alias(&alias).await.unwrap();
        }
        parts.store.add_alias(&Alias::discard(address("nothing")).unwrap()).await.unwrap();
        Self { parts: Arc::new(parts), network, _state: state }
    }

    /// A message from `reverse_path` with this result of SPF, for these aliases.
    async fn send(&self, reverse_path: &str, spf: Spf, aliases: &[&str]) -> Conclusion {
        self.bring(MESSAGE, reverse_path, spf, aliases).await
    }

    async fn bring(
        &self,
        message: &[u8],
        reverse_path: &str,
        spf: Spf,
        aliases: &[&str],
    ) -> Conclusion {
        let reverse_path = match reverse_path {
            "" => ReversePath::Null,
            mailbox => ReversePath::Mailbox(mailbox.parse().unwrap()),
        };
        let now = clock::now();
        let mut recipients = Vec::<Recipient>::new();
        for alias in aliases {
            let path = ForwardPath::Mailbox(format!("{alias}@example.org").parse().unwrap());
            recipients.push(decide(&self.parts, &path, now).await.unwrap());
        }
        let transaction = Transaction {
            helo: HeloName::new("client.test").unwrap(),
            origin: None,
            esmtp: true,
            tls: None,
            envelope: Envelope {
                reverse_path: reverse_path.clone(),
                parameters: MailParameters::default(),
                forward_paths: recipients.iter().map(|to| to.path.clone()).collect(),
            },
            message: Ok(message.to_vec()),
            is_normalized: false,
        };
        let sender = Sender::known(&reverse_path, spf);
        let forward = Forward {
            parts: &self.parts,
            peer: &Peer { ip: None },
            listed: &[],
            sender: &sender,
            id: clock::message_id(),
            now,
        };
        forward.run(transaction, self.parts.memory.reserve(), recipients).await
    }

    /// What is in the spool, by the local parts of its recipients with their states; a DSN has a null sender.
    async fn spooled(&self) -> Vec<String> {
        let (open, finished) = self.parts.store.spool_open().await.unwrap();
        let mut numbers: Vec<i64> = open.iter().map(|open| open.message).chain(finished).collect();
        numbers.sort_unstable();
        numbers.dedup();
        let mut all = Vec::new();
        for number in numbers {
            let Spooled { head, legs, .. } =
                self.parts.store.spooled(number).await.unwrap().unwrap();
            let legs: Vec<_> =
                legs.iter().map(|leg| format!("{} {}", leg.mailbox, leg.state)).collect();
            let notify = if head.sender == ReversePath::Null { "not told" } else { "told" };
            all.push(format!("{} {notify}: {}", head.sender, legs.join(", ")));
        }
        all
    }

    fn tried(&self) -> Vec<String> {
        std::mem::take(&mut *self.network.tried.lock().unwrap())
    }
}

fn told(conclusion: &Conclusion) -> (u16, Outcome) {
    (conclusion.reply.code(), conclusion.outcome)
}

#[tokio::test]
async fn what_is_deferred_is_kept_where_a_bounce_is_safe_or_never_sent() {
    for (from, spf, code, outcome, kept) in [
        (ALICE, Spf::Pass, 250, Outcome::Spooled, Some("<alice@sender.test> told")),
        ("", Spf::None, 250, Outcome::Spooled, Some("<> not told")),
        (ALICE, Spf::Fail, 451, Outcome::Deferred, None),
        (ALICE, Spf::None, 451, Outcome::Deferred, None),
    ] {
        let scene = Scene::new("").await;
        let conclusion = scene.send(from, spf, &["later"]).await;
        assert_eq!(told(&conclusion), (code, outcome), "{from} {spf}");
        let expected: Vec<_> =
            kept.iter().map(|kept| format!("{kept}: later@one.test queued")).collect();
        assert_eq!(scene.spooled().await, expected, "{from} {spf}");
        assert_eq!(conclusion.spooled.len(), expected.len());
        assert!(!scene.parts.store.remembers_deliveries());
    }
}

#[tokio::test]
async fn what_all_destinations_say_alike_is_answered_and_nothing_is_kept() {
    for spf in [Spf::Pass, Spf::None] {
        let scene = Scene::new("").await;
        let taken = scene.send(ALICE, spf, &["yes", "also"]).await;
        assert_eq!(told(&taken), (250, Outcome::Forwarded));
        assert_eq!(scene.tried(), ["yes@one.test"], "a mailbox that both lead to gets one copy");
        assert!(taken.srs_from.is_some_and(|from| from.starts_with("SRS0=")));
        let refused = scene.send(ALICE, spf, &["no"]).await;
        assert_eq!(told(&refused), (550, Outcome::Refused));
        assert_eq!(scene.spooled().await, [""; 0]);
        assert!(!scene.parts.store.remembers_deliveries());
    }
}

#[tokio::test]
async fn an_authenticated_sender_is_told_of_those_that_refused() {
    let scene = Scene::new("").await;
    let conclusion = scene.send(ALICE, Spf::Pass, &["yes", "no"]).await;
    assert_eq!(told(&conclusion), (250, Outcome::Partial));
    assert_eq!(conclusion.notes, ["refused, and the sender is told: no@example.org"]);
    let dsn = "<> not told: alice@sender.test queued".to_owned();
    assert_eq!(scene.spooled().await, std::slice::from_ref(&dsn));
    let other = [MESSAGE, b"again\r\n"].concat();
    let conclusion = scene.bring(&other, ALICE, Spf::Pass, &["no", "later"]).await;
    assert_eq!(told(&conclusion), (250, Outcome::Spooled));
    let kept = "<alice@sender.test> told: later@one.test queued".to_owned();
    assert_eq!(scene.spooled().await, [dsn.clone(), dsn, kept]);
    assert_eq!(conclusion.spooled.len(), 2);
}

/// Whoever has a message of somebody's replays it in vain; what was promised before is kept.
#[tokio::test]
async fn a_message_whose_sender_was_told_of_it_is_answered_for_no_more() {
    let scene = Scene::new("").await;
    let taken = scene.send(ALICE, Spf::Pass, &["yes", "no"]).await;
    assert_eq!(told(&taken), (250, Outcome::Partial));
    let dsn = ["<> not told: alice@sender.test queued".to_owned()];
    let note = "not answered for: its sender was told of this very message already";
    for (from, to) in [(ALICE, &["yes", "no"][..]), ("ALICE@Sender.test", &["later"])] {
        let replayed = scene.send(from, Spf::Pass, to).await;
        assert_eq!(
            (told(&replayed), &replayed.notes[..]),
            ((451, Outcome::Deferred), &[note.to_owned()][..])
        );
        assert_eq!(scene.spooled().await, dsn);
    }
    // Of what is delivered or refused whole nobody need be told later.
    assert_eq!(told(&scene.send(ALICE, Spf::Pass, &["no"]).await), (550, Outcome::Refused));
    assert_eq!(told(&scene.send("", Spf::None, &["later"]).await), (250, Outcome::Spooled));
    assert_eq!(told(&scene.send("bob@sender.test", Spf::Pass, &["later"]).await).0, 250);
}

/// Whoever is faster is told, and the others keep it: nobody is answered 250 in between.
#[tokio::test]
async fn replays_at_once_are_one_dsn() {
    let scene = Scene::new("").await;
    let replay = || scene.send(ALICE, Spf::Pass, &["yes", "no"]);
    let (a, b, c, d) = tokio::join!(replay(), replay(), replay(), replay());
    let mut codes = [a, b, c, d].map(|conclusion| conclusion.reply.code());
    codes.sort_unstable();
    assert_eq!(codes, [250, 451, 451, 451]);
    assert_eq!(scene.spooled().await, ["<> not told: alice@sender.test queued"]);
    let metrics =
        scene.parts.metrics.text(&crate::metrics::Now::default(), crate::metrics::Format::Text);
    for line in ["result=\"sent\"} 1", "result=\"replayed\"} 3", "result=\"over_limit\"} 0"] {
        assert!(metrics.contains(&format!("onward_notices_total{{{line}\n")), "{line}: {metrics}");
    }
}

/// 250 would be a promise that nobody keeps.
#[tokio::test]
async fn nothing_is_answered_for_of_whose_sender_was_told_often_enough() {
    let scene = Scene::new("spool.max_notices = \"1/1d\"").await;
    let other = [MESSAGE, b"again\r\n"].concat();
    assert_eq!(told(&scene.send(ALICE, Spf::Pass, &["yes", "no"]).await).0, 250);
    for to in [&["yes", "no"][..], &["later"], &["no", "later"]] {
        let conclusion = scene.bring(&other, ALICE, Spf::Pass, to).await;
        let note = "not answered for: its sender was told as often as spool.max_notices allows";
        assert_eq!(
            (told(&conclusion), &conclusion.notes[..]),
            ((451, Outcome::Deferred), &[note.to_owned()][..])
        );
    }
    assert_eq!(scene.spooled().await.len(), 1);
    let bob = scene.bring(&other, "bob@sender.test", Spf::Pass, &["yes", "no"]).await;
    assert_eq!(told(&bob).0, 250, "the limit is for one address");
}

#[tokio::test]
async fn others_come_again_and_the_next_try_gets_a_true_answer_for_each() {
    for (from, spf) in [(ALICE, Spf::None), (ALICE, Spf::Fail), ("", Spf::None)] {
        let scene = Scene::new("").await;
        let conclusion = scene.send(from, spf, &["yes", "no"]).await;
        assert_eq!(told(&conclusion), (451, Outcome::Deferred), "{from} {spf}");
        assert_eq!(
            conclusion.reply.status().map(|status| status.to_string()).as_deref(),
            Some("4.5.3")
        );
        assert_eq!(scene.spooled().await, [""; 0]);
        assert_eq!(scene.tried(), ["yes@one.test", "no@one.test"]);
        // The recipient that refused is answered at RCPT; the other has its mail.
        let again = scene.send(from, spf, &["yes"]).await;
        assert_eq!(told(&again), (250, Outcome::Forwarded));
        assert_eq!(scene.tried(), [""; 0]);
    }
}

#[tokio::test]
async fn one_alias_with_several_destinations_is_tried_only_where_it_is_missing() {
    let scene = Scene::new("").await;
    let lost = scene.send(ALICE, Spf::None, &["yes+no"]).await;
    assert_eq!(told(&lost), (250, Outcome::Partial), "the loss is in the journal");
    scene.tried();
    let first = scene.send(ALICE, Spf::None, &["yes+later"]).await;
    assert_eq!(told(&first), (451, Outcome::Deferred));
    assert_eq!(scene.tried(), ["yes@one.test", "later@one.test"]);
    let again = scene.send(ALICE, Spf::None, &["yes+later"]).await;
    assert_eq!(told(&again), (451, Outcome::Deferred));
    assert_eq!(scene.tried(), ["later@one.test"]);
    let taken = scene.send(ALICE, Spf::Pass, &["yes+later"]).await;
    assert_eq!(told(&taken), (250, Outcome::Spooled));
    let kept = "<alice@sender.test> told: yes@one.test delivered, later@one.test queued";
    assert_eq!(scene.spooled().await, [kept]);
}

#[tokio::test]
async fn what_finds_no_room_in_the_spool_stays_with_its_sender() {
    let scene = Scene::new("spool.max_messages = 1").await;
    assert_eq!(told(&scene.send(ALICE, Spf::Pass, &["later"]).await), (250, Outcome::Spooled));
    let full = scene.send(ALICE, Spf::Pass, &["yes", "later"]).await;
    assert_eq!(told(&full), (452, Outcome::Deferred));
    assert_eq!(scene.spooled().await.len(), 1);
    assert!(scene.parts.store.remembers_deliveries(), "the sender's retry reaches only the other");
}

#[tokio::test]
async fn a_spool_that_is_off_takes_nothing() {
    let scene = Scene::new("spool.max_messages = 0").await;
    for from in [ALICE, ""] {
        assert_eq!(told(&scene.send(from, Spf::Pass, &["later"]).await), (451, Outcome::Deferred));
    }
}

#[tokio::test]
async fn what_an_alias_throws_away_is_taken_and_tried_nowhere() {
    let scene = Scene::new("").await;
    let conclusion = scene.send(ALICE, Spf::None, &["nothing"]).await;
    assert_eq!(told(&conclusion), (250, Outcome::Discarded));
    assert_eq!(scene.tried(), [""; 0]);
    let mixed = scene.send(ALICE, Spf::Pass, &["nothing", "no"]).await;
    assert_eq!(
        told(&mixed),
        (250, Outcome::Partial),
        "nothing is delivered, and the sender is told"
    );
}
