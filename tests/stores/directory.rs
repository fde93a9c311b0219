//! Domains and aliases: look-ups, and changes of several processes.

use crate::place::{
    Place, address, at, domain, expansion, forward, long_sender, mailbox, resolved,
};
use onward::{
    alias::{
        Alias, Amendment, Digest, Ended, Expansion, Rules, SenderPattern, SpamAction, parse_limit,
    },
    store::{Apply, Change, ChangeError, Options, Store},
    time::UnixTime,
};
use std::time::Duration;
use tokio::time::timeout;

/// Makes a change and waits until the store has seen it, a second at most.
async fn seen<T>(store: &Store, change: impl Future<Output = T>) -> T {
    let mut version = store.version();
    version.mark_unchanged();
    let result = change.await;
    timeout(Duration::from_secs(1), version.changed())
        .await
        .expect("seen within a second")
        .unwrap();
    result
}

pub(crate) async fn changes_of_another_process_are_seen_within_a_second(place: &dyn Place) {
    let (store, other) = (place.open(), place.open());
    assert_eq!(resolved(&store, "a@x.test").await, "550");

    let x = domain("x.test");
    seen(&store, other.add_domain(&x)).await.unwrap();
    assert!(store.is_hosted(&domain("X.TEST")));
    assert_eq!(resolved(&store, "a@x.test").await, "550");

    seen(&store, other.add_alias(&forward("a@x.test", "p@y.test"))).await.unwrap();
    assert_eq!(resolved(&store, "A+t@X.test").await, "p@y.test");
    seen(&store, other.add_alias(&forward(r"/^s-(.)@x\.test$/", "$1@y.test"))).await.unwrap();
    assert_eq!(resolved(&store, "s-q@x.test").await, "q@y.test");

    let a = address("a@x.test");
    seen(&store, other.set_enabled(&a, false)).await.unwrap();
    assert_eq!(resolved(&store, "a+t@x.test").await, "550");
    let list = [forward("b@x.test", "p@y.test a@x.test"), forward("a@x.test", "q@y.test")];
    seen(&store, other.apply(list.to_vec(), Apply::Careful)).await.unwrap();
    assert_eq!(resolved(&store, "b@x.test").await, "p@y.test q@y.test");
    assert_eq!(resolved(&store, "s-q@x.test").await, "550");
    seen(&store, other.add_alias(&forward(r"/^s-(.)@x\.test$/", "$1@y.test"))).await.unwrap();

    let removed = seen(&store, other.remove_domain(&x, true)).await.unwrap();
    assert_eq!(removed, 3, "the regex of the domain too");
    assert!(!store.is_hosted(&x));
}

pub(crate) async fn what_one_changed_oneself_is_known_at_once(place: &dyn Place) {
    let store = place.open();
    let (x, a) = (domain("x.test"), address("a@x.test"));
    assert!(store.add_domain(&x).await.unwrap());
    assert!(store.is_hosted(&x));
    assert!(!store.add_domain(&x).await.unwrap(), "again");
    assert_eq!(store.domains().await.unwrap(), std::slice::from_ref(&x));
    assert_eq!(resolved(&store, "a@x.test").await, "550");
    store.add_alias(&forward("a@x.test", "p@y.test")).await.unwrap();
    assert_eq!(resolved(&store, "a@x.test").await, "p@y.test");
    assert!(!store.set_enabled(&a, false).await.unwrap().enabled());
    assert_eq!(resolved(&store, "a@x.test").await, "550");
    assert_eq!(store.alias(&a).await.unwrap().map(|alias| alias.enabled()), Some(false));
    assert!(store.set_enabled(&a, true).await.unwrap().enabled());
    assert_eq!(store.remove_alias(&a).await.unwrap(), forward("a@x.test", "p@y.test"));
    assert_eq!(store.alias(&a).await.unwrap(), None);
    assert_eq!(resolved(&store, "a@x.test").await, "550");
    store.apply(vec![forward("b@x.test", "q@y.test")], Apply::Whole).await.unwrap();
    assert_eq!(resolved(&store, "b@x.test").await, "q@y.test");
    assert_eq!(store.remove_domain(&x, true).await, Ok(1));
    assert!(!store.is_hosted(&x));
}

pub(crate) async fn the_stores_own_writes_do_not_empty_its_cache(place: &dyn Place) {
    let (store, other) = (place.open(), place.open());
    let before = *store.version().borrow();
    store.remember_delivered(vec![[1; 32]], at(10)).await.unwrap();
    store.srs_put(long_sender("t", "a@y.test", None, at(10)), at(1), 9).await.unwrap();
    seen(&store, other.add_domain(&domain("x.test"))).await.unwrap();
    assert_eq!(*store.version().borrow(), before + 1);
}

pub(crate) async fn what_is_refused_changes_nothing(place: &dyn Place) {
    let store = place.open();
    store.add_domain(&domain("x.test")).await.unwrap();
    store.add_alias(&forward("a@x.test", "b@x.test")).await.unwrap();
    let version = *store.version().borrow();

    let literal = store.add_domain(&domain("[192.0.2.1]")).await.unwrap_err();
    assert!(matches!(literal, ChangeError::Literal(_)), "{literal}");
    let absent = store.remove_domain(&domain("y.test"), true).await.unwrap_err();
    assert!(matches!(absent, ChangeError::NoSuchDomain(_)), "{absent}");
    let used = store.remove_domain(&domain("x.test"), false).await.unwrap_err();
    assert!(matches!(used, ChangeError::HasAliases { aliases: 1, .. }), "{used}");
    for (alias, wanted) in [
        (forward("a@y.test", "p@z.test"), "y.test is not hosted here"),
        (forward("a@x.test", "p@z.test"), "a@x.test exists"),
        (forward("srs0=a=b=c=d@x.test", "p@z.test"), "the form of an SRS address"),
        (forward("b@x.test", "a@x.test"), "the aliases would form a loop"),
    ] {
        let refused = store.add_alias(&alias).await.unwrap_err();
        assert!(refused.to_string().contains(wanted), "{refused}");
    }
    let nobody = store.remove_alias(&address("b@x.test")).await.unwrap_err();
    assert!(matches!(nobody, ChangeError::NoSuchAlias(_)), "{nobody}");
    let nobody = store.set_enabled(&address("b@x.test"), true).await.unwrap_err();
    assert!(matches!(nobody, ChangeError::NoSuchAlias(_)), "{nobody}");
    let twice = vec![forward("c@x.test", "p@y.test"), forward("C@x.test", "q@y.test")];
    let twice = store.apply(twice, Apply::Careful).await.unwrap_err();
    assert!(matches!(twice, ChangeError::Twice(_)), "{twice}");
    assert_eq!(store.remove_domain(&domain("z.test"), false).await.ok(), None);
    assert_eq!(*store.version().borrow(), version);
    assert_eq!(store.aliases(None, None).await.unwrap().aliases.len(), 1);

    // Whatever ends with an error leaves room for what comes with it.
    let (good, bad) = (forward("d@x.test", "p@y.test"), forward("d@y.test", "p@y.test"));
    let (good, bad) = tokio::join!(store.add_alias(&good), store.add_alias(&bad));
    assert!(good.is_ok() && bad.is_err());
    assert_eq!(resolved(&store, "d@x.test").await, "p@y.test");
}

pub(crate) async fn pages_of_aliases(place: &dyn Place) {
    let store = place.open();
    for name in ["x.test", "y.test"] {
        store.add_domain(&domain(name)).await.unwrap();
    }
    let mut list: Vec<Alias> =
        (0..2_500).map(|n| forward(&format!("u{n:04}@x.test"), "p@z.test")).collect();
    list.insert(0, forward("*@x.test", "p@z.test"));
    list.push(forward("a@y.test", "p@z.test"));
    list.push(forward(r"/^z(.)@y\.test$/", "$1@z.test"));
    list.push(forward(r"/^a(.)@x\.test$/", "$1@z.test"));
    store.apply(list.clone(), Apply::Whole).await.unwrap();

    let all = async |of: Option<&str>| {
        let of = of.map(domain);
        let (mut found, mut next, mut pages) = (Vec::new(), None, 0);
        loop {
            let page = store.aliases(of.as_ref(), next.as_ref()).await.unwrap();
            found.extend(page.aliases);
            (next, pages) = (page.next, pages + 1);
            if next.is_none() {
                return (found, pages);
            }
        }
    };
    let (found, pages) = all(None).await;
    assert_eq!(found, list);
    assert!(pages > 1);
    assert_eq!(all(Some("x.test")).await.0, [&list[..2_501], &list[2_503..]].concat());
    assert_eq!(all(Some("y.test")).await.0, list[2_501..2_503]);
    assert_eq!(all(Some("z.test")).await.0, []);
}

pub(crate) async fn a_list_is_applied_whole_or_planned(place: &dyn Place) {
    let store = place.open();
    store.add_domain(&domain("x.test")).await.unwrap();
    let (a, b, c) = (
        forward("a@x.test", "p@y.test"),
        forward("b@x.test", "p@y.test"),
        forward("c@x.test", "p@y.test"),
    );
    store.apply(vec![a.clone(), b.clone()], Apply::Whole).await.unwrap();
    let changed = forward("b@x.test", "q@y.test");
    let wanted = vec![changed.clone(), c.clone()];
    let changes =
        [Change::Remove(a), Change::Add(c), Change::Replace { old: Box::new(b), new: changed }];
    assert_eq!(store.apply(wanted.clone(), Apply::Plan).await.unwrap(), changes, "planned");
    assert_eq!(resolved(&store, "b@x.test").await, "p@y.test");
    assert_eq!(store.apply(wanted.clone(), Apply::Whole).await.unwrap(), changes);
    assert_eq!(resolved(&store, "b@x.test").await, "q@y.test");
    assert_eq!(store.apply(wanted, Apply::Whole).await.unwrap(), [], "again");
}

pub(crate) async fn a_list_that_removes_most_aliases_is_refused(place: &dyn Place) {
    let store = place.open();
    store.add_domain(&domain("x.test")).await.unwrap();
    let all: Vec<Alias> = (0..5).map(|n| forward(&format!("a{n}@x.test"), "p@y.test")).collect();
    // Where there are none yet, nothing is lost.
    store.apply(all.clone(), Apply::Careful).await.unwrap();
    for kept in 0..3 {
        let refused = store.apply(all[..kept].to_vec(), Apply::Careful).await.unwrap_err();
        assert!(matches!(refused, ChangeError::Removes { all: 5, .. }), "{refused:?}");
        let text = refused.to_string();
        let more = if kept == 2 { "a2@x.test, a3@x.test, a4@x.test)" } else { "more)" };
        assert!(text.contains(more) && text.contains("--delete"), "{text}");
        assert_eq!(store.aliases(None, None).await.unwrap().aliases, all);
        assert_eq!(store.apply(all[..kept].to_vec(), Apply::Plan).await.unwrap().len(), 5 - kept);
    }
    store.apply(all[..3].to_vec(), Apply::Careful).await.unwrap();
    store.apply(Vec::new(), Apply::Whole).await.unwrap();
    assert_eq!(store.aliases(None, None).await.unwrap().aliases, []);
}

pub(crate) async fn an_alias_takes_the_place_of_another(place: &dyn Place) {
    let store = place.open();
    store.add_domain(&domain("x.test")).await.unwrap();
    let (first, second) =
        (forward(r"/^a.*@x\.test$/", "p@y.test"), forward(r"/^.*@x\.test$/", "q@y.test"));
    assert_eq!(store.replace_alias(&first).await.unwrap(), None, "there is none yet");
    store.add_alias(&second).await.unwrap();
    assert!(matches!(store.add_alias(&first).await, Err(ChangeError::Exists { .. })));
    let changed = forward(r"/^a.*@x\.test$/", "r@y.test");
    assert_eq!(store.replace_alias(&changed).await.unwrap(), Some(first));
    assert_eq!(resolved(&store, "ab@x.test").await, "r@y.test", "it keeps its turn");

    let off = forward("b@x.test", "p@y.test");
    store.add_alias(&off).await.unwrap();
    store.set_enabled(&address("b@x.test"), false).await.unwrap();
    let new = forward("B@x.test", "s@y.test");
    assert_eq!(store.replace_alias(&new).await.unwrap(), Some(off.with_enabled(false)));
    assert_eq!(resolved(&store, "b@x.test").await, "s@y.test");
    // What is refused leaves the one before.
    let looped = store.replace_alias(&forward("b@x.test", "b@x.test")).await;
    assert!(matches!(looped, Err(ChangeError::Cycle(_))), "{looped:?}");
    assert_eq!(resolved(&store, "b@x.test").await, "s@y.test");
}

pub(crate) async fn where_an_alias_leads(place: &dyn Place) {
    let store = place.open();
    store.add_domain(&domain("x.test")).await.unwrap();
    store.add_alias(&forward("a@x.test", "p@y.test q@y.test")).await.unwrap();
    let postmaster = mailbox("me@y.test");
    let leads = async |alias: &Alias| {
        let end = store.leads_to(alias, Some(&postmaster)).await.unwrap();
        end.as_ref().map(expansion)
    };
    assert_eq!(leads(&forward("*@x.test", "a@x.test")).await.unwrap(), "p@y.test q@y.test");
    assert_eq!(leads(&forward(r"/^s-(.)@x\.test$/", "$1@y.test")).await, None);
    assert_eq!(leads(&Alias::discard(address("*@x.test")).unwrap()).await.unwrap(), "discard");
    assert_eq!(leads(&forward("postmaster@x.test", "b@x.test")).await.unwrap(), "me@y.test");
    let off = forward("*@x.test", "a@x.test").with_enabled(false);
    assert_eq!(leads(&off).await.unwrap(), "550");
}

pub(crate) async fn postmaster(place: &dyn Place) {
    let store = place.open();
    store.add_domain(&domain("x.test")).await.unwrap();
    assert_eq!(resolved(&store, "Postmaster@x.test").await, "451");
    assert_eq!(resolved(&store, "abuse@other.test").await, "550");
    let bare = async |store: &Store| match &store.resolve_postmaster().await.unwrap().expansion {
        Expansion::Deliver { mailboxes, .. } => mailboxes[0].to_string(),
        other => format!("{other:?}"),
    };
    assert!(bare(&store).await.contains("451"));
    drop(store);
    let postmaster = Some(mailbox("me@y.test"));
    let store = place.open_with(Options { postmaster, ..Options::default() });
    assert_eq!(resolved(&store, "Postmaster@x.test").await, "me@y.test");
    assert_eq!(bare(&store).await, "me@y.test");
}

pub(crate) async fn the_owners_rules_are_kept_amended_and_seen_within_a_second(place: &dyn Place) {
    let (store, other) = (place.open(), place.open());
    store.add_domain(&domain("x.test")).await.unwrap();
    let amend = |spam, allow: &[&str], no_allow: &[&str]| {
        let patterns =
            |texts: &[&str]| texts.iter().map(|text| SenderPattern::parse(text).unwrap()).collect();
        let (allow, no_allow) = (patterns(allow), patterns(no_allow));
        Amendment { spam, allow, no_allow, ..Amendment::default() }
    };
    let rules = async |recipient: &str| {
        let found = store.resolve(&mailbox(recipient)).await.unwrap();
        found.named.as_ref().unwrap().rules.to_string()
    };
    let regexes = [r"/^s-(.+)@x\.test$/", r"/^t-(.+)@x\.test$/"];
    for alias in ["a@x.test", "*@x.test", regexes[0], regexes[1]] {
        store.add_alias(&forward(alias, "p@y.test")).await.unwrap();
    }
    for (alias, recipient) in
        [("a@x.test", "a+t@x.test"), ("*@x.test", "z@x.test"), (regexes[0], "s-1@x.test")]
    {
        assert_eq!(rules(recipient).await, "", "{alias}");
        let first = amend(Some(Some(SpamAction::Refuse)), &["@shop.test", "n@b.test"], &[]);
        let set = seen(&store, other.amend_alias(&address(alias), &first)).await.unwrap();
        assert_eq!(rules(recipient).await, " (spam: refuse) (allows @shop.test, n@b.test)");
        assert_eq!(store.alias(&address(alias)).await.unwrap(), Some(set));
        let second = amend(None, &["*.b.test"], &["@shop.test"]);
        seen(&store, other.amend_alias(&address(alias), &second)).await.unwrap();
        assert_eq!(rules(recipient).await, " (spam: refuse) (allows n@b.test, *.b.test)");
    }
    let page = store.aliases(None, None).await.unwrap().aliases;
    let patterns: Vec<_> = page.iter().skip(2).map(|alias| alias.address().to_string()).collect();
    assert_eq!(patterns, regexes, "each keeps its turn");

    // What is switched off and on again is as it was, and so is what is applied.
    store.set_enabled(&address("a@x.test"), false).await.unwrap();
    store.set_enabled(&address("a@x.test"), true).await.unwrap();
    assert_eq!(rules("a@x.test").await, " (spam: refuse) (allows n@b.test, *.b.test)");
    assert_eq!(store.apply(page.clone(), Apply::Whole).await.unwrap(), []);
    let mut wanted = page;
    let none = wanted.remove(1).with_rules(Rules::default()).unwrap();
    wanted.insert(1, none.clone());
    let changes = store.apply(wanted, Apply::Whole).await.unwrap();
    assert!(matches!(&*changes, [Change::Replace { new, .. }] if *new == none), "{changes:?}");
    assert_eq!(rules("a@x.test").await, "");
    assert_eq!(rules("z@x.test").await, " (spam: refuse) (allows n@b.test, *.b.test)");

    let version = *store.version().borrow();
    let nobody = store.amend_alias(&address("n@x.test"), &amend(None, &[], &[])).await.unwrap_err();
    assert!(matches!(nobody, ChangeError::NoSuchAlias(_)), "{nobody}");
    let unknown = amend(Some(None), &["@a.test"], &["@c.test"]);
    let unknown = store.amend_alias(&address("*@x.test"), &unknown).await.unwrap_err();
    assert!(unknown.to_string().contains("does not allow @c.test"), "{unknown}");
    let many: Vec<String> = (0..99).map(|n| format!("@{n}.test")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let many = store.amend_alias(&address("*@x.test"), &amend(None, &many, &[])).await.unwrap_err();
    assert!(many.to_string().contains("at most 100 senders"), "{many}");
    assert_eq!(*store.version().borrow(), version);

    for (on, wanted) in [(true, "an answer of a@x.test"), (false, "p@y.test")] {
        let by_address = Amendment { reply_by_address: Some(on), ..Amendment::default() };
        seen(&store, other.amend_alias(&address("a@x.test"), &by_address)).await.unwrap();
        assert_eq!(resolved(&store, "a+u=v.test@x.test").await, wanted);
    }
}

pub(crate) async fn aliases_that_end_are_over_at_once_and_all_their_words_are_kept(
    place: &dyn Place,
) {
    let (store, other) = (place.open(), place.open());
    store.add_domain(&domain("x.test")).await.unwrap();
    let pattern = |text| SenderPattern::parse(text).unwrap();
    let amendment = Amendment {
        note: Some(Some("Büro's \"shop\"".into())),
        expires: Some(Some(UnixTime::new(4_000_000_000))),
        max_messages: Some(Some(3)),
        allow: vec![pattern("a@b.test")],
        block: vec![pattern("*"), pattern("*.b.test")],
        limit: Some(parse_limit("30/1h").ok()),
        spam: Some(Some(SpamAction::Mark)),
        digest: Some(Some(Digest::Weekly)),
        ..Amendment::default()
    };
    for alias in ["a@x.test", "*@x.test", r"/^s-(.+)@x\.test$/"] {
        store.add_alias(&forward(alias, "p@y.test")).await.unwrap();
        let told = store.amend_alias(&address(alias), &amendment).await.unwrap();
        assert_eq!(told, amendment.of(forward(alias, "p@y.test")).unwrap());
        assert_eq!(store.alias(&address(alias)).await.unwrap(), Some(told));
    }
    let all = store.aliases(None, None).await.unwrap().aliases;
    assert_eq!(store.apply(all.clone(), Apply::Whole).await.unwrap(), []);
    let less = Amendment { no_block: vec![pattern("*")], ..Amendment::default() };
    let mut wanted = all;
    let first = less.of(wanted.remove(0)).unwrap();
    wanted.insert(0, first.clone());
    let changes = store.apply(wanted, Apply::Whole).await.unwrap();
    assert!(matches!(&*changes, [Change::Replace { new, .. }] if *new == first), "{changes:?}");
    assert_eq!(resolved(&store, "a@x.test").await, "p@y.test");
    let over = Amendment { expires: Some(Some(UnixTime::new(1))), ..Amendment::default() };
    seen(&store, other.amend_alias(&address("a@x.test"), &over)).await.unwrap();
    let found = store.resolve(&mailbox("a+t@x.test")).await.unwrap();
    assert_eq!(found.ended, Some(Ended::Expired(UnixTime::new(1))));
    assert_eq!(resolved(&store, "a@x.test").await, "550");
    assert_eq!(resolved(&store, "b@x.test").await, "p@y.test");
    let again = Amendment { expires: Some(None), ..Amendment::default() };
    seen(&store, other.amend_alias(&address("a@x.test"), &again)).await.unwrap();
    assert_eq!(resolved(&store, "a@x.test").await, "p@y.test");
}
