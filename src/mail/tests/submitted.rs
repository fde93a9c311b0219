//! What becomes of what accounts send.

use super::*;
use crate::envelope::RcptDsn;
use crate::{
    account::{Account, AccountId, SendAs, State},
    address::{Domain, Mailbox},
    auth::dkim::{KeyKind, KeyState, Selector, StoredKey, new_key},
    keys::{self, Keystore},
    mail::{frozen::heard, submission::Submission},
    store::spool::{Leg, LegState},
};

const HEADER: &str = "From: Me <also@example.org>\r\nTo: bob@sink.test\r\nSubject: x\r\n";
const ID: [u8; 5] = [7; 5];

/// A scene in which example.org and other.example are hosted, the one with a key, and an account may send as
/// also@example.org and as all of other.example.
async fn scene(more: &str) -> Scene {
    let mut scene = Scene::new(more).await;
    let (state, domain) = (scene._state.path(), Domain::parse("example.org").unwrap());
    let selector = Selector::parse("s1").unwrap();
    let path = StoredKey::path(state, &domain, &selector, KeyState::Active);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, new_key(KeyKind::Ed25519).unwrap().as_bytes()).unwrap();
    let signing =
        keys::signing(Keystore::Files { srs: state.join("secret"), state_dir: state.to_owned() })
            .unwrap();
    Arc::get_mut(&mut scene.parts).unwrap().signing = signing;
    let store = &scene.parts.store;
    store.add_domain(&"other.example".parse().unwrap()).await.unwrap();
    let may = ["also@example.org", "*@other.example"].map(|one| SendAs::parse(one).unwrap());
    let name = "me@example.org".parse().unwrap();
    let account = Account::new(AccountId::new(ID), name, may.to_vec(), clock::now()).unwrap();
    store.add_account(&account).await.unwrap();
    scene
}

impl Scene {
    async fn account(&self) -> Account {
        self.parts.store.account_of(AccountId::new(ID)).await.unwrap().unwrap()
    }

    async fn submit(&self, from: &str, to: &[&str], header: &str) -> Reply {
        let client = Peer { ip: Some("198.51.100.7".parse().unwrap()) };
        let reverse_path = match from {
            "" => ReversePath::Null,
            mailbox => ReversePath::Mailbox(mailbox.parse().unwrap()),
        };
        let forward_paths: Vec<ForwardPath> =
            to.iter().map(|to| ForwardPath::from_bare(to).unwrap()).collect();
        let parameters = MailParameters::default();
        let envelope = Envelope { reverse_path, parameters, forward_paths };
        let parts = &self.parts;
        let account = self.account().await;
        let begun = Submission::begin(parts, &client, "laptop", account, &envelope).await;
        let mut submission = match begun {
            Ok(submission) => submission,
            Err(reply) => return reply,
        };
        for path in &envelope.forward_paths {
            if let Err(reply) = submission.recipient(parts, path, &RcptDsn::default()).await {
                return reply;
            }
        }
        let transaction = Transaction {
            helo: HeloName::new("laptop.test").unwrap(),
            origin: None,
            esmtp: true,
            tls: None,
            envelope,
            message: Ok(format!("{header}\r\nhello\r\n").into_bytes()),
            is_normalized: false,
        };
        let now = Ok(self.account().await);
        submission.message(parts, &client, now, transaction, parts.memory.reserve()).await
    }

    /// What is in the spool: the legs, and the bytes that will leave.
    async fn leaving(&self) -> Vec<(Vec<Leg>, String)> {
        let (open, _) = self.parts.store.spool_open().await.unwrap();
        let mut numbers: Vec<i64> = open.iter().map(|open| open.message).collect();
        numbers.dedup();
        let mut leaving = Vec::new();
        for number in numbers {
            let spooled = self.parts.store.spooled(number).await.unwrap().unwrap();
            let (_, bytes) = self.parts.store.queue_get(&spooled.head.id).await.unwrap().unwrap();
            leaving.push((spooled.legs, String::from_utf8(bytes).unwrap()));
        }
        leaving
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_writes_to_whom_the_address_of_an_answer_stands_for() {
    let scene = scene("").await;
    let store = &scene.parts.store;
    let rules = crate::alias::Rules { reply_by_address: true, ..Default::default() };
    let alias = crate::alias::AliasAddress::parse("team@example.org").unwrap();
    let alias = crate::alias::Alias::forward(alias, ["jo@home.test"]).unwrap();
    store.add_alias(&alias.with_rules(rules).unwrap()).await.unwrap();
    let to = ["team+eve=sink.test@example.org", "team+also=example.org@example.org"];
    let reply = scene.submit("also@example.org", &to, HEADER).await;
    assert_eq!(reply.code(), 250, "{reply}");
    let legs: Vec<Leg> = scene.leaving().await.into_iter().flat_map(|(legs, _)| legs).collect();
    assert_eq!(legs[0].mailbox.to_string(), "eve@sink.test");
    assert_eq!(legs[0].recipient.bare(), "eve@sink.test");
    assert_eq!(legs[1].recipient.bare(), "also@example.org");
}

#[tokio::test]
async fn the_sender_is_the_accounts_own() {
    let scene = scene("").await;
    for (from, header) in [
        ("also@example.org", HEADER.to_owned()),
        ("also+tag@example.org", HEADER.to_owned()),
        ("any@other.example", HEADER.to_owned()),
        ("also@example.org", format!("{HEADER}Sender: also+x@example.org\r\n")),
    ] {
        let reply = scene.submit(from, &["bob@sink.test"], &header).await;
        assert_eq!(reply.code(), 250, "{from}: {reply}");
    }
    for (from, named) in [
        ("me@example.org", "MAIL FROM:<me@example.org> is not yours"),
        ("yes@example.org", "MAIL FROM:<yes@example.org> is not yours"),
        ("bob@sink.test", "MAIL FROM:<bob@sink.test> is not yours"),
        ("also@example.org.sink.test", "is not yours"),
    ] {
        let reply = scene.submit(from, &["bob@sink.test"], HEADER).await;
        assert!(reply.to_string().starts_with("553 5.7.1 "), "{from}: {reply}");
        assert!(reply.text().contains(named), "{reply}");
        assert!(reply.text().contains("also@example.org, *@other.example"), "{reply}");
    }
    for (more, named) in [
        ("Sender: yes@example.org\r\n", "Sender: yes@example.org is not yours"),
        ("Resent-From: ceo@bank.test\r\n", "Resent-From: ceo@bank.test is not yours"),
        ("From: ceo@bank.test\r\n", "From: ceo@bank.test is not yours"),
        ("X: 1\r\n From: ceo@bank.test\r\n", "From: ceo@bank.test is not yours"),
    ] {
        let header = format!("{HEADER}{more}");
        let reply = scene.submit("also@example.org", &["bob@sink.test"], &header).await;
        assert!(reply.to_string().starts_with("553 5.7.1 "), "{more}: {reply}");
        assert!(reply.text().contains(named), "{reply}");
    }
    let reply = scene.submit("also@example.org", &["bob@sink.test"], "Subject: x\r\n").await;
    assert!(reply.to_string().starts_with("550 5.6.0 "), "{reply}");
}

#[tokio::test]
async fn a_message_leaves_with_all_that_it_needs_and_nothing_private() {
    let scene = scene("").await;
    let header = format!(
        "Return-Path: <x@y.test>\r\nbcc: carol@sink.test,\r\n dave@sink.test\r\n{HEADER}\
         X-Mailer: Thing 1\r\nUser-Agent: Other\r\nX-Originating-IP: [198.51.100.7]\r\n"
    );
    let reply = scene.submit("also@example.org", &["bob@sink.test"], &header).await;
    assert_eq!(reply.code(), 250, "{reply}");
    assert!(scene.network.tried.lock().unwrap().is_empty(), "spooled first");
    let [(legs, text)] = &scene.leaving().await[..] else { panic!("one message") };
    assert_eq!(legs[0].mailbox.to_string(), "bob@sink.test");
    assert_eq!(legs[0].reverse_path.to_string(), "<also@example.org>");
    let lower = text.to_lowercase();
    for gone in [
        "return-path",
        "bcc",
        "dave",
        "x-mailer",
        "user-agent",
        "198.51.100.7",
        "laptop",
        "me@example.org",
    ] {
        assert!(!lower.contains(gone), "{gone}: {text}");
    }
    assert!(text.starts_with("Received: from submission (account 0W3GE1R7)\r\n\tby mx.example.org (Onward) with ESMTPA id "), "{text}");
    for there in [
        "\r\nDate: ",
        "\r\nMessage-ID: <",
        "@example.org>\r\n",
        "\r\nDKIM-Signature: v=1; a=ed25519-sha256; s=s1; d=example.org;",
    ] {
        assert!(text.contains(there), "{there}: {text}");
    }
    assert!(!text.contains("X-Onward-Loop"), "{text}");
    assert!(text.ends_with(&format!("{HEADER}\r\nhello\r\n")), "{text}");
}

#[tokio::test]
async fn mail_to_an_alias_goes_through_the_alias_table() {
    let scene = scene("").await;
    let to = ["yes+later@example.org", "bob@sink.test"];
    let reply = scene.submit("also@example.org", &to, HEADER).await;
    assert_eq!(reply.code(), 250, "{reply}");
    let leaving = scene.leaving().await;
    let [(outside, to_bob), (inside, to_alias)] = &leaving[..] else { panic!("two forms") };
    assert_eq!(outside.len(), 1);
    assert!(!to_bob.contains("X-Onward-Loop"), "{to_bob}");
    assert!(to_alias.contains("\r\nX-Onward-Loop: "), "{to_alias}");
    let legs: Vec<_> = inside
        .iter()
        .map(|leg| (leg.recipient.bare(), leg.mailbox.to_string(), leg.reverse_path.to_string()))
        .collect();
    let leg = |mailbox: &str| {
        ("yes+later@example.org".to_owned(), mailbox.to_owned(), "<also@example.org>".to_owned())
    };
    assert_eq!(legs, [leg("yes@one.test"), leg("later@one.test")], "never SRS");
    let reply = scene.submit("also@example.org", &["nobody@example.org"], HEADER).await;
    assert!(reply.to_string().starts_with("550 5.1.1 "), "{reply}");
    let srs = "SRS0=aaaaaaaa=aa=x.test=b@example.org";
    let reply = scene.submit("also@example.org", &[srs], HEADER).await;
    assert_eq!(reply.class(), crate::reply::Class::Permanent, "{reply}");
    let reply = scene.submit("also@example.org", &["nothing@example.org"], HEADER).await;
    assert_eq!(reply.code(), 250, "{reply}");
    assert_eq!(scene.leaving().await.len(), 2, "an alias that discards");
}

#[tokio::test]
async fn a_null_reverse_path_is_for_notifications_only() {
    let scene = scene("").await;
    let reply = scene.submit("", &["bob@sink.test"], HEADER).await;
    assert!(reply.to_string().starts_with("553 5.7.1 MAIL FROM:<> is for disposition"), "{reply}");
    let kind =
        "Content-Type: multipart/report; report-type=disposition-notification; boundary=x\r\n";
    let reply = scene.submit("", &["bob@sink.test"], &format!("{HEADER}{kind}")).await;
    assert_eq!(reply.code(), 250, "{reply}");
    let reply = scene.submit("", &["bob@sink.test"], &format!("From: x@y.test\r\n{kind}")).await;
    assert_eq!(reply.code(), 553, "{reply}");
}

#[tokio::test]
async fn a_domain_without_a_key_sends_nothing() {
    let scene = scene("").await;
    let reply =
        scene.submit("a@other.example", &["bob@sink.test"], "From: a@other.example\r\n").await;
    assert!(reply.to_string().starts_with("554 5.7.5 "), "{reply}");
    assert!(reply.text().contains("onward dkim key add other.example"), "{reply}");
    assert!(scene.leaving().await.is_empty());
}

#[tokio::test]
async fn an_account_that_is_off_or_over_its_limits_sends_nothing() {
    let more =
        "[submission]\nmessages_per_account = \"2/1h\"\nnew_recipients_per_account = \"2/1d\"";
    let scene = scene(more).await;
    let send = async |to: &[&str]| scene.submit("also@example.org", to, HEADER).await.to_string();
    let too_many = send(&["a@sink.test", "b@sink.test", "c@sink.test"]).await;
    assert!(
        too_many.starts_with("450 4.7.1 Too many new recipients of this account (2/1d)"),
        "{too_many}"
    );
    assert!(send(&["a@sink.test", "b@sink.test"]).await.starts_with("250 "));
    assert!(send(&["a@sink.test", "b@sink.test"]).await.starts_with("250 "));
    let too_many = send(&["a@sink.test"]).await;
    assert!(
        too_many.starts_with("450 4.7.1 Too many messages of this account (2/1h)"),
        "{too_many}"
    );
    let name = scene.account().await.name;
    scene.parts.store.set_account_state(&name, State::Disabled).await.unwrap();
    assert!(send(&["a@sink.test"]).await.starts_with("535 5.7.8 "));
}

#[tokio::test]
async fn an_account_whose_recipients_refuse_is_frozen() {
    let scene = scene("").await;
    let reply = scene.submit("also@example.org", &["bob@sink.test"], HEADER).await;
    assert_eq!(reply.code(), 250, "{reply}");
    let (open, _) = scene.parts.store.spool_open().await.unwrap();
    let spooled = scene.parts.store.spooled(open[0].message).await.unwrap().unwrap();
    let mut leg = spooled.legs[0].clone();
    (leg.state, leg.reply) = (LegState::Failed, Reply::no_such_alias().to_keep());
    let one = [(0, leg)];
    for _ in 0..19 {
        assert_eq!(heard(&scene.parts, &spooled.head, &one).await, None);
    }
    let told = heard(&scene.parts, &spooled.head, &one).await.unwrap();
    assert!(
        told.starts_with("account 0W3GE1R7 frozen: 20 of 20 recipients within 10 minutes"),
        "{told}"
    );
    let reply = scene.submit("also@example.org", &["bob@sink.test"], HEADER).await;
    assert!(
        reply.to_string().starts_with("450 4.7.1 This account is frozen: 20 of 20 "),
        "{reply}"
    );
    let name: Mailbox = scene.account().await.name;
    scene.parts.store.set_account_state(&name, State::Enabled).await.unwrap();
    let reply = scene.submit("also@example.org", &["bob@sink.test"], HEADER).await;
    assert_eq!(reply.code(), 250, "{reply}");
}
