//! What is kept of senders too long for an SRS address.

use super::*;
use crate::{
    mail::srs::{KeptSender, Own, Rewritten, ShortAddress},
    srs::Returns,
};

fn long(name: char) -> String {
    format!("{}@sender.test", String::from(name).repeat(64))
}

impl Scene {
    /// Where the short address of a long sender leads.
    async fn leads_to(&self, sender: &str) -> Option<String> {
        let short = self.short(sender);
        let found = self.parts.srs.reverse(&short.address, clock::now()).await;
        found.ok().map(|sender| sender.to_string())
    }

    fn short(&self, sender: &str) -> ShortAddress {
        let (sender, domain) = (sender.parse().unwrap(), "example.org".parse().unwrap());
        let now = clock::now();
        match self.parts.srs.forward(&sender, &domain, Own::Kept, Returns::Taken, now) {
            Ok(Rewritten::Short(short)) => short,
            other => panic!("{other:?}"),
        }
    }

    async fn keep(&self, sender: &str) -> KeptSender {
        self.parts.srs.keep(&self.short(sender), None, clock::now()).await.unwrap()
    }
}

#[tokio::test]
async fn a_long_sender_is_kept_for_what_left_or_is_spooled_and_for_nothing_else() {
    for (name, spf, aliases, code, is_kept) in [
        ('a', Spf::None, &["yes"][..], 250, true),
        ('b', Spf::None, &["yes+later"], 451, true),
        ('c', Spf::Pass, &["later"], 250, true),
        ('d', Spf::None, &["later"], 451, false),
        ('e', Spf::None, &["no"], 550, false),
        ('f', Spf::Pass, &["no"], 550, false),
        ('g', Spf::None, &["nothing"], 250, false),
        ('h', Spf::Pass, &["yes", "no"], 250, true),
    ] {
        let scene = Scene::new("").await;
        let sender = long(name);
        let conclusion = scene.send(&sender, spf, aliases).await;
        assert_eq!(conclusion.reply.code(), code, "{name}: {}", conclusion.reply);
        assert_eq!(scene.leads_to(&sender).await, is_kept.then_some(sender), "{name}");
    }
}

#[tokio::test]
async fn a_message_that_is_refused_takes_no_long_sender_from_others() {
    let scene = Scene::new("").await;
    let sender = long('a');
    assert_eq!(scene.send(&sender, Spf::None, &["yes"]).await.reply.code(), 250);
    assert_eq!(scene.send(&sender, Spf::None, &["no"]).await.reply.code(), 550);
    assert_eq!(scene.leads_to(&sender).await, Some(sender), "there before");

    // Two at once, whichever ends first.
    let sender = long('b');
    let (one, two) = (scene.keep(&sender).await, scene.keep(&sender).await);
    one.take_back().await;
    assert_eq!(scene.leads_to(&sender).await.as_ref(), Some(&sender), "the other needs it");
    two.take_back().await;
    assert_eq!(scene.leads_to(&sender).await, None);
    let (one, two) = (scene.keep(&sender).await, scene.keep(&sender).await);
    drop(two);
    one.take_back().await;
    assert_eq!(scene.leads_to(&sender).await, Some(sender), "the other has left");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_sender_that_is_needed_is_never_on_its_way_out() {
    let scene = Arc::new(Scene::new("").await);
    let mut tasks = tokio::task::JoinSet::new();
    for task in 0..8 {
        let scene = Arc::clone(&scene);
        tasks.spawn(async move {
            for turn in 0..20 {
                let sender = long(['a', 'b'][(task + turn) % 2]);
                let kept = scene.keep(&sender).await;
                assert!(scene.leads_to(&sender).await.is_some(), "{task} {turn}");
                kept.take_back().await;
            }
        });
    }
    tasks.join_all().await;
    for name in ['a', 'b'] {
        assert_eq!(scene.leads_to(&long(name)).await, None, "nobody needed it");
    }
}

#[tokio::test]
async fn where_no_long_sender_may_be_kept_only_their_mail_is_put_off() {
    let scene = Scene::new("[limits]\nsrs_entries = 0").await;
    assert_eq!(scene.send(&long('a'), Spf::None, &["yes"]).await.reply.code(), 452);
    assert_eq!(scene.send(ALICE, Spf::None, &["yes"]).await.reply.code(), 250);
}
