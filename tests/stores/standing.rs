//! What stands for all aliases, or for those of a domain.

use crate::place::{Place, at, domain, forward, mailbox, resolved};
use onward::{
    alias::{AutoCreate, Block, Digest, DomainSettings, SenderPattern, SettingsChange},
    store::{ChangeError, Store},
};
use std::time::Duration;
use tokio::time::timeout;

fn pattern(text: &str) -> SenderPattern {
    SenderPattern::parse(text).unwrap()
}

fn block(of: Option<&str>, senders: &str) -> Block {
    Block::new(of.map(domain), pattern(senders), Some("why"), at(7)).unwrap()
}

fn check(store: &Store, of: &str, sender: &str) -> Option<String> {
    store.standing().blocks.check(&domain(of), &mailbox(sender)).map(ToString::to_string)
}

async fn changed(store: &Store, version: i64) {
    let mut versions = store.version();
    let wait = versions.wait_for(|now| *now > version);
    timeout(Duration::from_secs(1), wait).await.expect("seen within a second").unwrap();
}

pub(crate) async fn blocks_of_another_process_are_seen_within_a_second(place: &dyn Place) {
    let (store, other) = (place.open(), place.open());
    other.add_domain(&domain("x.test")).await.unwrap();
    assert!(other.add_block(&block(None, "@shop.test")).await.unwrap());
    assert!(other.add_block(&block(Some("x.test"), "*.spam.test")).await.unwrap());
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
    assert!(!other.add_block(&block(None, "*@SHOP.test")).await.unwrap(), "the same");
    assert_eq!(
        other.blocks().await.unwrap(),
        [block(None, "@SHOP.test"), block(Some("x.test"), "*.spam.test")]
    );
    other.remove_block(None, &pattern("@shop.test")).await.unwrap();
    assert_eq!(check(&other, "y.test", "a@shop.test"), None);
    let nobody = other.remove_block(None, &pattern("@shop.test")).await.unwrap_err();
    assert!(matches!(nobody, ChangeError::NoSuchBlock { .. }), "{nobody}");
    let version = *other.version().borrow();
    changed(&store, version - 1).await;
    assert_eq!(check(&store, "y.test", "a@shop.test"), None);
    // Other changes read nothing of it again, and lose nothing.
    other.add_alias(&forward("a@x.test", "b@y.test")).await.unwrap();
    assert!(check(&other, "x.test", "a@b.spam.test").is_some());
}

pub(crate) async fn with_a_domain_goes_what_stands_for_it(place: &dyn Place) {
    let store = place.open();
    let x = domain("x.test");
    for refused in [
        store.add_block(&block(Some("x.test"), "@b.test")).await.unwrap_err(),
        store.set_domain(&x, &SettingsChange::default()).await.unwrap_err(),
    ] {
        assert!(matches!(refused, ChangeError::NoSuchDomain(_)), "{refused}");
    }
    store.add_domain(&x).await.unwrap();
    let everything = store.add_block(&block(None, "*")).await.unwrap_err();
    assert!(matches!(everything, ChangeError::BlocksEverything), "{everything}");
    store.add_block(&block(Some("x.test"), "@b.test")).await.unwrap();
    store.add_block(&block(None, "@shop.test")).await.unwrap();
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
