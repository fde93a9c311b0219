//! Changes of many aliases at once.

use crate::place::{Place, address, domain, forward, mailbox, resolved};
use onward::{
    alias::{
        Alias, Amendment, AutoCreate, Edit, Filter, NewDestination, Rules, SettingsChange,
        SpamAction,
    },
    store::{Apply, ChangeError, Coming, Edited, Many, Progress, Store},
};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};
use tokio::sync::mpsc;

fn replacing(old: &str, new: &str) -> Many {
    Many {
        edit: Edit::Destination(NewDestination::new(mailbox(old), mailbox(new)).unwrap()),
        which: None,
        commits: true,
        told: None,
        progress: Progress::default(),
    }
}

async fn hosting(place: &dyn Place, aliases: &[(&str, &str)]) -> Store {
    let store = place.open();
    store.add_domain(&domain("x.test")).await.unwrap();
    for (address, destinations) in aliases {
        store.add_alias(&forward(address, destinations)).await.unwrap();
    }
    store
}

async fn all(store: &Store) -> Vec<String> {
    let page = store.aliases(None, None).await.unwrap();
    page.aliases.iter().map(ToString::to_string).collect()
}

fn thousands(from: usize, to: usize) -> Coming {
    let aliases = (from..to).map(|n| forward(&format!("a{n}@x.test"), "b@y.test")).collect();
    coming(aliases)
}

fn coming(aliases: Vec<Alias>) -> Coming {
    Coming { aliases: Arc::new(aliases), commits: true, ..Coming::default() }
}

async fn found(store: &Store, text: &str) -> usize {
    let filter = Filter { text: Some(text.into()), ..Filter::default() };
    store.find_aliases(&filter.normal(), None, 1_000).await.unwrap().found.len()
}

pub(crate) async fn what_is_only_planned_does_not_begin_anew_when_others_change_aliases(
    place: &dyn Place,
) {
    let store = hosting(place, &[]).await;
    store.take_in(thousands(0, 1_500)).await.unwrap().whole().unwrap();
    let progress = |what| {
        let (begun, other) = (Arc::new(AtomicU64::new(0)), place.open());
        let (count, runtime) = (Arc::clone(&begun), tokio::runtime::Handle::current());
        let progress = Progress::new(move |far| {
            // The last try of what is done has others wait.
            if far.what == what && far.done == 1_000 && count.fetch_add(1, Ordering::Relaxed) < 3 {
                let n = count.load(Ordering::Relaxed);
                let alias = forward(&format!("{what}{n}@x.test").replace(' ', "-"), "b@y.test");
                runtime.block_on(other.add_alias(&alias)).unwrap();
            }
        });
        (progress, begun)
    };
    let (plan, begun) = progress("read");
    let coming = Coming { commits: false, progress: plan, ..thousands(1_500, 3_000) };
    store.take_in(coming).await.unwrap().whole().unwrap();
    assert_eq!(begun.load(Ordering::Relaxed), 1);
    let (plan, begun) = progress("looked at");
    let many = Many { commits: false, progress: plan, ..replacing("b@y.test", "new@y.test") };
    assert_eq!(store.edit_aliases(many).await.unwrap().changed, 1_501);
    assert_eq!(begun.load(Ordering::Relaxed), 1);
}

pub(crate) async fn while_aliases_are_made_to_be_found_others_make_theirs(place: &dyn Place) {
    let store = hosting(place, &[]).await;
    let other = place.open();
    let made = Arc::new(AtomicU64::new(0));
    let (count, runtime) = (Arc::clone(&made), tokio::runtime::Handle::current());
    let progress = Progress::new(move |far| {
        if far.what == "made to be found" {
            let n = count.fetch_add(1, Ordering::Relaxed);
            let alias = forward(&format!("meanwhile{n}@x.test"), "b@y.test");
            runtime.block_on(other.add_alias(&alias)).unwrap();
        }
    });
    let new = Coming { progress, ..thousands(0, 3_500) };
    store.take_in(new).await.unwrap().whole().unwrap();
    assert!(made.load(Ordering::Relaxed) >= 3, "by turns");
    assert_eq!((found(&store, "a3499@").await, found(&store, "meanwhile1@").await), (1, 1));
    let before = thousands(0, 3_500).aliases;
    let aliases = before.aliases().map(|(_, alias)| {
        let rules = Rules { note: Some("anew".into()), ..Rules::default() };
        alias.with_rules(rules).unwrap()
    });
    let replacing = Coming { replaces: true, ..coming(aliases.collect()) };
    store.take_in(replacing).await.unwrap().whole().unwrap();
    assert_eq!(found(&store, "anew").await, 1_000, "a page of them");
    let left = vec![forward("a7@x.test", "b@y.test")];
    store.apply(left, Apply::Whole).await.unwrap();
    assert_eq!((found(&store, "a7@").await, found(&store, "a8@").await), (1, 0));
    assert_eq!(found(&store, "anew").await, 0);
}

pub(crate) async fn what_a_change_of_many_leaves_unfinished_is_found_after_others(
    place: &dyn Place,
) {
    let store = hosting(place, &[]).await;
    let progress = Progress::new(|far| assert!(far.what != "made to be found", "it dies here"));
    let coming = Coming { progress, ..thousands(0, 1_200) };
    store.take_in(coming).await.unwrap_err();
    assert_eq!(resolved(&store, "a1199@x.test").await, "b@y.test");
    assert!(found(&store, "a99").await < 11, "some are not found yet");
    // Each brings a few along.
    for n in 0..24 {
        store.add_alias(&forward(&format!("later{n}@x.test"), "b@y.test")).await.unwrap();
    }
    assert_eq!(found(&store, "a99").await, 11);
}

pub(crate) async fn one_mailbox_takes_the_place_of_another_everywhere_or_nowhere(
    place: &dyn Place,
) {
    let aliases = [
        ("a@x.test", "Old@Y.test q@y.test"),
        ("b@x.test", "q@y.test"),
        ("c@x.test", "new@y.test old@y.test"),
        ("*@x.test", "old@y.test"),
        (r"/^s-(.)@x\.test$/", "$1@y.test old@y.test"),
        (r"/^t-(.)@x\.test$/", "$1@y.test"),
    ];
    let store = hosting(place, &aliases).await;
    let before = all(&store).await;
    let edited = store.edit_aliases(replacing("old@y.test", "new@y.test")).await.unwrap();
    assert_eq!((edited.changed, edited.unable), (4, 0));
    let after = [
        "*@x.test -> new@y.test",
        "a@x.test -> new@y.test, q@y.test",
        "b@x.test -> q@y.test",
        "c@x.test -> new@y.test",
        r"/^s-(.)@x\.test$/ -> $1@y.test, new@y.test",
        r"/^t-(.)@x\.test$/ -> $1@y.test",
    ];
    assert_eq!(all(&store).await, after, "a regex keeps its turn");
    assert_eq!(resolved(&store, "A@x.test").await, "new@y.test q@y.test");
    let again = store.edit_aliases(replacing("old@y.test", "new@y.test")).await.unwrap();
    assert_eq!(again, Edited::default());
    assert_ne!(all(&store).await, before);

    // One loop among them, and none is changed.
    let looping = store.edit_aliases(replacing("new@y.test", "c@x.test")).await;
    assert!(matches!(looping, Err(ChangeError::Cycle(_))), "{looping:?}");
    assert_eq!(all(&store).await, after);
    let chained = store.edit_aliases(replacing("q@y.test", "c@x.test")).await.unwrap();
    assert_eq!(chained.changed, 2);
    assert_eq!(resolved(&store, "b@x.test").await, "new@y.test");
}

pub(crate) async fn a_plan_changes_nothing_and_tells_each(place: &dyn Place) {
    let store = hosting(place, &[("a@x.test", "old@y.test"), ("b@x.test", "old@y.test")]).await;
    let before = (all(&store).await, *store.version().borrow());
    let (told, mut listening) = mpsc::channel(1);
    let far = Arc::new(AtomicU64::new(0));
    let seen = Arc::clone(&far);
    let many = Many {
        commits: false,
        told: Some(told),
        progress: Progress::new(move |far| seen.store(far.done, Ordering::Relaxed)),
        ..replacing("old@y.test", "new@y.test")
    };
    let listen = async {
        let mut changes = Vec::new();
        while let Some(change) = listening.recv().await {
            changes.push(change.to_string());
        }
        changes
    };
    let (edited, changes) = tokio::join!(store.edit_aliases(many), listen);
    assert_eq!(edited.unwrap().changed, 2);
    let named = ["a", "b"]
        .map(|name| format!("~ {name}@x.test -> new@y.test (was: {name}@x.test -> old@y.test)"));
    assert_eq!(changes, named);
    assert_eq!((all(&store).await, *store.version().borrow()), before);
}

pub(crate) async fn words_for_many(place: &dyn Place) {
    let aliases = [("a@x.test", "p@y.test"), ("b@x.test", "p@y.test"), ("*@x.test", "p@y.test")];
    let store = hosting(place, &aliases).await;
    let keys = ["a@x.test", "*@x.test", "gone@x.test"].map(|text| address(text).key());
    let amendment = Amendment {
        keep_tag: Some(Some(true)),
        spam: Some(Some(SpamAction::Mark)),
        ..Amendment::default()
    };
    let words = |amendment, enabled| Many {
        edit: Edit::Words { amendment, enabled },
        which: Some(keys.to_vec()),
        ..replacing("old@y.test", "new@y.test")
    };
    let edited = store.edit_aliases(words(amendment, Some(false))).await.unwrap();
    assert_eq!((edited.changed, edited.unable), (1, 1));
    assert_eq!(edited.first_unable[0].0, address("*@x.test"));
    let off = "a@x.test -> p@y.test (keeps the tag) (spam: mark) (disabled)";
    let wanted = ["*@x.test -> p@y.test", off, "b@x.test -> p@y.test"];
    assert_eq!(all(&store).await, wanted);

    // What was off is looked at for loops when it comes on.
    store.add_alias(&forward("c@x.test", "a@x.test")).await.unwrap();
    let fine = store.edit_aliases(replacing("p@y.test", "c@x.test")).await.unwrap();
    assert_eq!(fine.changed, 3, "what is off leads nowhere");
    let on = store.edit_aliases(words(Amendment::default(), Some(true))).await;
    assert!(matches!(on, Err(ChangeError::Cycle(_))), "{on:?}");
}

pub(crate) async fn aliases_come_whole_or_not_at_all(place: &dyn Place) {
    let store = hosting(place, &[("a@x.test", "p@y.test"), (r"/^r@x\.test$/", "p@y.test")]).await;
    let coming = |aliases: &[(&str, &str)]| Coming {
        domains: vec![domain("z.test")],
        ..coming(aliases.iter().map(|(address, to)| forward(address, to)).collect())
    };
    let bad = coming(&[
        ("a@x.test", "q@y.test"),
        ("b@z.test", "c@z.test"),
        ("c@z.test", "b@z.test"),
        ("d@w.test", "q@y.test"),
        ("e@z.test", "q@y.test"),
        ("e@z.test", "r@y.test"),
        ("SRS0=aaaa=bb=c.test=d@z.test", "q@y.test"),
    ]);
    let before = all(&store).await;
    let taken = store.take_in(bad).await.unwrap();
    let mut refused: Vec<String> =
        taken.refused.iter().map(|refused| refused.address.to_string()).collect();
    refused.sort();
    let srs = "SRS0=aaaa=bb=c.test=d@z.test";
    assert_eq!(refused, [srs, "a@x.test", "b@z.test", "c@z.test", "d@w.test", "e@z.test"]);
    let why = |address: &str| {
        let found = taken.refused.iter().find(|refused| refused.address.to_string() == address);
        found.map(|refused| refused.why.clone()).unwrap()
    };
    assert!(matches!(why("a@x.test"), ChangeError::Exists { .. }));
    assert!(matches!(why("b@z.test"), ChangeError::Cycle(_)));
    assert!(matches!(why("d@w.test"), ChangeError::UnknownDomain(_)));
    assert!(matches!(why("e@z.test"), ChangeError::Twice(_)));
    let numbers: Vec<usize> = taken.refused.iter().map(|refused| refused.number).collect();
    assert_eq!(numbers, [0, 3, 5, 6, 1, 2], "loops are looked for last");
    assert_eq!(all(&store).await, before);
    assert!(!store.is_hosted(&domain("z.test")));

    let good =
        [("b@z.test", "a@x.test"), (r"/^(.)@z\.test$/", "$1@y.test"), ("a@x.test", "p@y.test")];
    let planned = store.take_in(Coming { commits: false, ..coming(&good) }).await.unwrap();
    assert!(planned.refused.is_empty() && all(&store).await == before);
    assert_eq!(planned.unchanged, [2], "it is there already");
    assert!(!store.is_hosted(&domain("z.test")));
    store.take_in(coming(&good)).await.unwrap().whole().unwrap();
    assert!(store.is_hosted(&domain("z.test")));
    assert_eq!(resolved(&store, "b@z.test").await, "p@y.test");
    let listed = all(&store).await;
    let last = [r"/^r@x\.test$/ -> p@y.test", r"/^(.)@z\.test$/ -> $1@y.test"];
    assert_eq!(listed[listed.len() - 2..], last, "behind the others");

    let replacing = Coming { replaces: true, ..coming(&[("a@x.test", "q@y.test")]) };
    let taken = store.take_in(replacing).await.unwrap();
    assert_eq!(taken.replaced, [(0, forward("a@x.test", "p@y.test"))]);
    taken.whole().unwrap();
    assert_eq!(resolved(&store, "b@z.test").await, "q@y.test");
}

pub(crate) async fn what_mail_makes_follows_a_new_destination(place: &dyn Place) {
    let store = hosting(place, &[("a@x.test", "q@y.test")]).await;
    let x = domain("x.test");
    let made = AutoCreate::new("shop-.*", ["old@y.test", "q@y.test"]).unwrap();
    let change = SettingsChange { auto_create: Some(Some(made)), ..SettingsChange::default() };
    store.set_domain(&x, &change).await.unwrap();
    let leads = || {
        let made = store.standing().settings_of(&x).auto_create.unwrap();
        made.destinations().iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let planned = Many { commits: false, ..replacing("OLD@y.test", "new@y.test") };
    let planned = store.edit_aliases(planned).await.unwrap();
    assert_eq!((planned.changed, planned.domains), (0, vec![x.clone()]));
    assert_eq!(leads(), ["old@y.test", "q@y.test"]);
    store.edit_aliases(replacing("OLD@y.test", "new@y.test")).await.unwrap();
    assert_eq!(leads(), ["new@y.test", "q@y.test"]);
    let both = store.edit_aliases(replacing("q@y.test", "new@y.test")).await.unwrap();
    assert_eq!((both.changed, both.domains.len()), (1, 1));
    assert_eq!(leads(), ["new@y.test"]);
}

/// Aliases that another store adds all the while are there afterwards.
pub(crate) async fn what_others_change_meanwhile_stays(place: &dyn Place) {
    let names: Vec<String> = (0..200).map(|n| format!("a{n}@x.test")).collect();
    let aliases: Vec<_> = names.iter().map(|name| (name.as_str(), "old@y.test")).collect();
    let store = hosting(place, &aliases[..20]).await;
    let other = place.open();
    let adding = async {
        for (name, _) in &aliases[20..60] {
            other.add_alias(&forward(name, "mine@y.test")).await.unwrap();
        }
    };
    let replacing = async {
        let (mut from, mut to) = ("old@y.test", "new@y.test");
        for _ in 0..10 {
            let edited = store.edit_aliases(replacing(from, to)).await.unwrap();
            assert_eq!(edited.changed, 20);
            (from, to) = (to, from);
        }
    };
    tokio::join!(adding, replacing);
    let listed = all(&other).await;
    assert_eq!(listed.len(), 60);
    assert_eq!(listed.iter().filter(|line| line.ends_with("mine@y.test")).count(), 40);
}
