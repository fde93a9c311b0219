//! What stands for all aliases, or for those of a domain.

use crate::place::{Place, at, domain, forward, mailbox, resolved};
use onward::{
    alias::{AutoCreate, Block, Digest, DomainSettings, MAX_BLOCKS, SenderPattern, SettingsChange},
    store::{ChangeError, Progress, Store},
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::time::timeout;

fn pattern(text: &str) -> SenderPattern {
    SenderPattern::parse(text).unwrap()
}

pub(crate) fn block(of: Option<&str>, senders: &str) -> Block {
    Block::new(of.map(domain), pattern(senders), Some("why"), at(7)).unwrap()
}

fn check(store: &Store, of: &str, sender: &str) -> Option<String> {
    store.standing().blocks.check(&domain(of), &mailbox(sender)).map(ToString::to_string)
}

async fn add(store: &Store, blocks: Vec<Block>) -> Result<Vec<bool>, ChangeError> {
    store.add_blocks(blocks, Progress::default()).await
}

async fn remove(store: &Store, patterns: &[&str]) -> Result<Vec<Block>, ChangeError> {
    let patterns = patterns.iter().map(|text| pattern(text)).collect();
    store.remove_blocks(None, patterns, Progress::default()).await
}

async fn changed(store: &Store, version: i64) {
    let mut versions = store.version();
    let wait = versions.wait_for(|now| *now > version);
    timeout(Duration::from_secs(1), wait).await.expect("seen within a second").unwrap();
}

pub(crate) async fn blocks_of_another_process_are_seen_within_a_second(place: &dyn Place) {
    let (store, other) = (place.open(), place.open());
    other.add_domain(&domain("x.test")).await.unwrap();
    assert_eq!(add(&other, vec![block(None, "@shop.test")]).await, Ok(vec![true]));
    assert_eq!(add(&other, vec![block(Some("x.test"), "*.spam.test")]).await, Ok(vec![true]));
    let version = *other.version().borrow();
    changed(&store, version - 1).await;
    for store in [&store, &other] {
        assert_eq!(
            check(store, "y.test", "a@Shop.test").as_deref(),
            Some("@shop.test for all (note: why)")
        );
        assert_eq!(
            check(store, "x.test", "a@b.spam.test").as_deref(),
            Some("*.spam.test for x.test (note: why)")
        );
        assert_eq!(check(store, "y.test", "a@b.spam.test"), None);
    }
    assert_eq!(add(&other, vec![block(None, "*@SHOP.test")]).await, Ok(vec![false]), "the same");
    assert_eq!(
        other.blocks().await.unwrap(),
        [block(None, "@SHOP.test"), block(Some("x.test"), "*.spam.test")]
    );
    remove(&other, &["@shop.test"]).await.unwrap();
    assert_eq!(check(&other, "y.test", "a@shop.test"), None);
    let nobody = remove(&other, &["@shop.test"]).await.unwrap_err();
    assert!(matches!(nobody, ChangeError::NoSuchBlock { .. }), "{nobody}");
    let version = *other.version().borrow();
    changed(&store, version - 1).await;
    assert_eq!(check(&store, "y.test", "a@shop.test"), None);
    // Other changes read nothing of it again, and lose nothing.
    other.add_alias(&forward("a@x.test", "b@y.test")).await.unwrap();
    assert!(check(&other, "x.test", "a@b.spam.test").is_some());
}

pub(crate) async fn many_blocks_come_and_go_as_one_change(place: &dyn Place) {
    let (store, other) = (place.open(), place.open());
    let many = |from: usize, to: usize| (from..to).map(|n| block(None, &format!("@s{n}.test")));
    let version = *store.version().borrow();
    let told = Arc::new(AtomicU64::new(0));
    let last = Arc::clone(&told);
    let progress = Progress::new(move |far| {
        assert_eq!((far.what, far.of), ("blocked", Some(3_000)));
        last.store(far.done, Ordering::Relaxed);
    });
    let are_new = other.add_blocks(many(0, 3_000).collect(), progress).await.unwrap();
    assert!(are_new.len() == 3_000 && are_new.iter().all(|is_new| *is_new));
    assert_eq!(told.load(Ordering::Relaxed), 3_000);
    assert_eq!(*other.version().borrow(), version + 1);
    changed(&store, version).await;
    assert_eq!(store.standing().blocks.len(), 3_000);

    // One that is refused takes all of them with it.
    let with_all = many(2_999, 3_005).chain([block(None, "*")]).collect();
    let everything = add(&other, with_all).await.unwrap_err();
    assert!(matches!(everything, ChangeError::BlocksEverything), "{everything}");
    let nowhere = many(2_999, 3_005).chain([block(Some("x.test"), "@b.test")]).collect();
    assert!(matches!(add(&other, nowhere).await, Err(ChangeError::NoSuchDomain(_))));
    let missing = remove(&other, &["@s1.test", "@s2.test", "@nobody.test"]).await.unwrap_err();
    assert!(missing.to_string().contains("@nobody.test is not blocked for all"), "{missing}");
    for (from, to, would) in [(3_000, MAX_BLOCKS + 1, 10_001), (0, MAX_BLOCKS + 2, 10_002)] {
        let error = add(&other, many(from, to).collect()).await.unwrap_err();
        assert!(matches!(error, ChangeError::TooManyBlocks(all) if all == would), "{error}");
        let says = format!("there would be {would} blocks, and 10000 is the most");
        assert!(error.to_string().contains(&says), "{error}");
    }
    assert_eq!(other.blocks().await.unwrap().len(), 3_000);
    let removed = remove(&other, &["@s1.test", "*@S2.test"]).await.unwrap();
    assert_eq!(removed, [block(None, "@s1.test"), block(None, "@s2.test")]);
    let twice = add(&other, vec![block(None, "@s1.test"), block(None, "*@S1.test")]).await;
    assert_eq!(twice, Ok(vec![true, false]));
}

pub(crate) async fn of_what_stands_only_what_changed_is_read_again(place: &dyn Place) {
    let (store, other) = (place.open(), place.open());
    other.add_domain(&domain("x.test")).await.unwrap();
    let old = vec![block(None, "@old.test"), block(Some("x.test"), "@old.test")];
    add(&other, old).await.unwrap();
    let digest = SettingsChange { digest: Some(Some(Digest::Daily)), ..SettingsChange::default() };
    other.set_domain(&domain("x.test"), &digest).await.unwrap();
    changed(&store, *other.version().borrow() - 1).await;
    let found = |store: &Store, sender| {
        let standing = store.standing();
        standing.blocks.check(&domain("x.test"), &mailbox(sender)).map(Arc::clone)
    };
    let known = found(&store, "a@old.test").unwrap();
    add(&other, vec![block(None, "@new.test"), block(None, "@gone.test")]).await.unwrap();
    remove(&other, &["@gone.test", "@old.test"]).await.unwrap();
    let again = Block { note: Some("again".into()), ..block(None, "@new.test") };
    add(&other, vec![again]).await.unwrap();
    let weekly = SettingsChange { digest: Some(Some(Digest::Weekly)), ..SettingsChange::default() };
    other.set_domain(&domain("x.test"), &weekly).await.unwrap();
    changed(&store, *other.version().borrow() - 1).await;
    for store in [&store, &other, &place.open()] {
        assert_eq!(store.standing().blocks.len(), 2);
        assert_eq!(found(store, "a@new.test").unwrap().note.as_deref(), Some("again"));
        assert_eq!(found(store, "a@gone.test"), None);
        assert_eq!(store.standing().settings_of(&domain("x.test")).digest, Some(Digest::Weekly));
    }
    let same = found(&store, "a@old.test").unwrap();
    assert!(Arc::ptr_eq(&known, &same), "what did not change is not read again");
}

pub(crate) async fn with_a_domain_goes_what_stands_for_it(place: &dyn Place) {
    let store = place.open();
    let x = domain("x.test");
    for refused in [
        add(&store, vec![block(Some("x.test"), "@b.test")]).await.unwrap_err(),
        store.set_domain(&x, &SettingsChange::default()).await.unwrap_err(),
    ] {
        assert!(matches!(refused, ChangeError::NoSuchDomain(_)), "{refused}");
    }
    store.add_domain(&x).await.unwrap();
    let everything = add(&store, vec![block(None, "*")]).await.unwrap_err();
    assert!(matches!(everything, ChangeError::BlocksEverything), "{everything}");
    add(&store, vec![block(Some("x.test"), "@b.test")]).await.unwrap();
    add(&store, vec![block(None, "@shop.test")]).await.unwrap();
    let digest = SettingsChange { digest: Some(Some(Digest::Daily)), ..SettingsChange::default() };
    store.set_domain(&x, &digest).await.unwrap();
    assert_eq!(store.standing().settings_of(&x).digest, Some(Digest::Daily));
    assert!(check(&store, "x.test", "a@b.test").is_some());
    store.remove_domain(&x, false).await.unwrap();
    store.add_domain(&x).await.unwrap();
    assert_eq!(check(&store, "x.test", "a@b.test"), None);
    assert!(store.standing().settings_of(&x).is_empty());
    assert_eq!(store.blocks().await.unwrap(), [block(None, "@shop.test")]);
}

pub(crate) async fn an_address_without_an_alias_leads_where_its_domain_says(place: &dyn Place) {
    let (store, other) = (place.open(), place.open());
    let x = domain("x.test");
    store.add_domain(&x).await.unwrap();
    store.add_alias(&forward("shop-old@x.test", "old@y.test")).await.unwrap();
    store.add_alias(&forward(r"/^shop-re.*@x\.test$/", "regex@y.test")).await.unwrap();
    store.add_alias(&forward("*@x.test", "all@y.test")).await.unwrap();
    assert_eq!(resolved(&store, "shop-new@x.test").await, "all@y.test");
    let auto_create = AutoCreate::new("shop-.*", ["new@y.test", "shop-old@x.test"]).unwrap();
    let on = SettingsChange {
        auto_create: Some(Some(auto_create.clone())),
        ..SettingsChange::default()
    };
    store.set_domain(&x, &on).await.unwrap();
    for (recipient, wanted) in [
        ("Shop-New@x.test", "new@y.test old@y.test"),
        ("shop-new+tag@x.test", "new@y.test old@y.test"),
        ("shop-old@x.test", "old@y.test"),
        ("shop-old+tag@x.test", "old@y.test"),
        ("shop-regex@x.test", "regex@y.test"),
        ("other@x.test", "all@y.test"),
        ("shop-a*@x.test", "all@y.test"),
    ] {
        assert_eq!(resolved(&store, recipient).await, wanted, "{recipient}");
    }
    changed(&other, *store.version().borrow() - 1).await;
    assert_eq!(other.standing().settings_of(&x).auto_create, Some(auto_create));
    assert_eq!(resolved(&other, "shop-new@x.test").await, "new@y.test old@y.test");
    // What mail makes would lead back to itself, straight or by an alias on the way.
    store.add_alias(&forward("round@x.test", "shop-round@x.test")).await.unwrap();
    for (to, chain) in [
        ("shop-b@x.test", "shop-b@x.test -> shop-b@x.test"),
        ("round@x.test", "round@x.test -> shop-round@x.test -> round@x.test"),
    ] {
        let made = AutoCreate::new("shop-.*", [to]).unwrap();
        let round = SettingsChange { auto_create: Some(Some(made)), ..SettingsChange::default() };
        let error = store.set_domain(&x, &round).await.unwrap_err().to_string();
        assert!(error.contains(chain), "{error}");
    }
    let seen = store.standing().settings_of(&x);
    let stale = SettingsChange {
        digest: Some(None),
        only_if: Some(DomainSettings::default()),
        ..SettingsChange::default()
    };
    assert!(matches!(store.set_domain(&x, &stale).await, Err(ChangeError::SettingsChanged(_))));
    store.set_domain(&x, &SettingsChange { only_if: Some(seen), ..stale }).await.unwrap();
    let off = SettingsChange { auto_create: Some(None), ..SettingsChange::default() };
    store.set_domain(&x, &off).await.unwrap();
    assert_eq!(resolved(&store, "shop-new@x.test").await, "all@y.test");
}
