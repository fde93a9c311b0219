//! What came of the mail to aliases, and finding aliases among many.

use crate::place::{Place, address, at, domain, forward};
use onward::{
    alias::{Alias, Daily, DayUse, Filter, Key, Reason, Rules, Used},
    store::{Altered, Apply, ChangeError, Cursor, FindError, OneChange, Removed, Store},
};

pub(crate) fn key(text: &str) -> Key {
    address(text).key()
}

pub(crate) fn used(alias: &str, forwarded: u64, refused_by: &[(Reason, u64)], last: u64) -> Used {
    let last_use = (forwarded > 0).then(|| at(last));
    Used {
        forwarded,
        refused_by: refused_by.iter().copied().collect(),
        last_use,
        ..Used::new(key(alias))
    }
}

/// The addresses of all that is found, page by page, and the number of pages.
async fn found(store: &Store, filter: &Filter, limit: usize) -> (Vec<String>, usize) {
    let (mut found, mut next, mut pages) = (Vec::new(), None, 0);
    loop {
        let page = store.find_aliases(filter, next.as_ref(), limit).await.unwrap();
        found.extend(page.found.iter().map(|(alias, _)| alias.address().to_string()));
        assert!(page.found.len() <= limit);
        (next, pages) = (page.next, pages + 1);
        if next.is_none() {
            return (found, pages);
        }
    }
}

fn text(text: &str) -> Filter {
    Filter { text: Some(text.into()), ..Filter::default() }
}

pub(crate) async fn counters_stay_with_their_alias_and_go_with_it(place: &dyn Place) {
    let store = place.open();
    store.add_domain(&domain("x.test")).await.unwrap();
    for (from, to) in
        [("A@x.test", "p@y.test"), ("*@x.test", "p@y.test"), (r"/^s@x\.test$/", "p@y.test")]
    {
        store.add_alias(&forward(from, to)).await.unwrap();
        let counters = store.counters(&key(from)).await.unwrap().unwrap();
        assert_eq!((counters.forwarded, counters.last_use), (0, None));
        assert!(counters.since.is_some());
    }
    let some = [
        used("a@x.test", 2, &[(Reason::Block, 1)], 50),
        used("*@x.test", 0, &[(Reason::Limit, 7)], 0),
        used(r"/^s@x\.test$/", 1, &[], 40),
        used("nobody@x.test", 1, &[], 40),
    ];
    store.keep_counters(some.to_vec()).await.unwrap();
    store
        .keep_counters(vec![used("a@x.test", 1, &[(Reason::Spam, 1), (Reason::Block, 1)], 45)])
        .await
        .unwrap();

    let check = async |store: &Store| {
        let a = store.counters(&key("a@x.test")).await.unwrap().unwrap();
        assert_eq!((a.forwarded, a.refused, a.last_use), (3, 3, Some(at(50))));
        assert_eq!(a.refused_by, [(Reason::Block, 2), (Reason::Spam, 1)].into());
        let all = store.counters(&key("*@x.test")).await.unwrap().unwrap();
        assert_eq!((all.forwarded, all.refused, all.last_use), (0, 7, None));
        assert_eq!(store.counters(&key("nobody@x.test")).await.unwrap(), None);
    };
    check(&store).await;
    let a = address("a@x.test");
    store.replace_alias(&forward("a@x.test", "q@y.test")).await.unwrap();
    store.set_enabled(&a, false).await.unwrap();
    store
        .apply(vec![forward("a@x.test", "r@y.test"), forward("*@x.test", "p@y.test")], Apply::Whole)
        .await
        .unwrap();
    check(&store).await;
    store.close().await;
    let store = place.open();
    check(&store).await;
    assert_eq!(store.counters(&key(r"/^s@x\.test$/")).await.unwrap(), None, "applied away");

    store.remove_alias(&a).await.unwrap();
    store.add_alias(&forward("a@x.test", "p@y.test")).await.unwrap();
    assert_eq!(store.counters(&key("a@x.test")).await.unwrap().unwrap().forwarded, 0);
    store.remove_domain(&domain("x.test"), true).await.unwrap();
    assert_eq!(store.counters(&key("*@x.test")).await.unwrap(), None);
}

pub(crate) async fn counters_change_no_version_and_no_look_up(place: &dyn Place) {
    let store = place.open();
    store.add_domain(&domain("x.test")).await.unwrap();
    store.add_alias(&forward("a@x.test", "p@y.test")).await.unwrap();
    let version = *store.version().borrow();
    store.keep_counters(vec![used("a@x.test", 1, &[], 9)]).await.unwrap();
    store.close().await;
    assert_eq!(*place.open().version().borrow(), version);
}

pub(crate) async fn aliases_are_found_by_what_is_in_them(place: &dyn Place) {
    let store = place.open();
    for name in ["x.test", "y.test", "xn--bcher-kva.test"] {
        store.add_domain(&domain(name)).await.unwrap();
    }
    let noted = |from: &str, to: &str, note: &str| {
        let rules = Rules { note: Some(note.into()), ..Rules::default() };
        forward(from, to).with_rules(rules).unwrap()
    };
    let list = [
        noted("Shop@x.test", "Me@z.test p@z.test", "Für den Laden, 100%"),
        noted("news@x.test", "p@z.test", "shop letters"),
        forward("a_b@y.test", "me@z.test").with_enabled(false),
        forward("*@y.test", "q@z.test"),
        forward(r"/^s-(.+)@y\.test$/", "$1@z.test"),
        Alias::forward(address("hello@xn--bcher-kva.test"), ["\"a b\"@z.test"]).unwrap(),
    ];
    for alias in &list {
        store.add_alias(alias).await.unwrap();
    }
    store.keep_counters(vec![used("news@x.test", 1, &[], 4_000_000_000)]).await.unwrap();
    let of = |domain_name: &str| Filter { domain: Some(domain(domain_name)), ..Filter::default() };
    let to =
        |destination: &str| Filter { destination: Some(destination.into()), ..Filter::default() };
    let noting = |note: &str| Filter { note: Some(note.into()), ..Filter::default() };
    let enabled = |on: bool| Filter { enabled: Some(on), ..Filter::default() };
    let unused = |since: u64| Filter { unused_since: Some(at(since)), ..Filter::default() };
    let regex = r"/^s-(.+)@y\.test$/";
    for (filter, wanted) in [
        (
            Filter::default(),
            &[
                "news@x.test",
                "Shop@x.test",
                "hello@xn--bcher-kva.test",
                "*@y.test",
                "a_b@y.test",
                regex,
            ][..],
        ),
        (of("Y.test"), &["*@y.test", "a_b@y.test", regex]),
        (of("z.test"), &[]),
        (text("SHOP"), &["Shop@x.test", "news@x.test"]),
        (text("für den"), &["Shop@x.test"]),
        (text("FÜR"), &["Shop@x.test"]),
        (text("100%"), &["Shop@x.test"]),
        (text("%"), &["Shop@x.test"]),
        (text("_"), &["a_b@y.test"]),
        (text("*"), &["*@y.test"]),
        (text("\""), &["hello@xn--bcher-kva.test"]),
        (text("a b"), &["hello@xn--bcher-kva.test"]),
        (text("ü"), &["Shop@x.test"]),
        (text("p@"), &["Shop@x.test", "news@x.test"]),
        (text("me@z.test"), &["Shop@x.test", "a_b@y.test"]),
        (text("test\np@"), &["Shop@x.test"]),
        (text("letters me"), &[]),
        (text("nowhere"), &[]),
        (text("q"), &["*@y.test"]),
        (text("' OR 1"), &[]),
        (to("ME@z.test"), &["Shop@x.test", "a_b@y.test"]),
        (to("e@z.test"), &[]),
        (to("$1@z.test"), &[regex]),
        (noting("shop"), &["news@x.test"]),
        (noting("x.test"), &[]),
        (enabled(false), &["a_b@y.test"]),
        (Filter { enabled: Some(true), ..of("y.test") }, &["*@y.test", regex]),
        (Filter { domain: Some(domain("y.test")), ..text("s-(") }, &[regex]),
        (Filter { domain: Some(domain("y.test")), ..to("me@z.test") }, &["a_b@y.test"]),
        (Filter { enabled: Some(true), ..to("me@z.test") }, &["Shop@x.test"]),
        (Filter { unused_since: Some(at(4_000_000_000)), ..text("shop") }, &["Shop@x.test"]),
        (unused(1), &[]),
        (
            Filter { domain: Some(domain("x.test")), ..unused(4_000_000_001) },
            &["Shop@x.test", "news@x.test"],
        ),
    ] {
        for limit in [1, 100] {
            assert_eq!(found(&store, &filter, limit).await.0, wanted, "{filter:?} {limit}");
        }
    }
    store.set_enabled(&address("news@x.test"), false).await.unwrap();
    store.remove_alias(&address("a_b@y.test")).await.unwrap();
    assert_eq!(found(&store, &enabled(false), 9).await.0, ["news@x.test"]);
    store.replace_alias(&forward("shop@x.test", "q@z.test")).await.unwrap();
    assert_eq!(found(&store, &text("laden"), 9).await.0, [""; 0]);
    assert_eq!(found(&store, &to("q@z.test"), 9).await.0, ["shop@x.test", "*@y.test"]);
}

pub(crate) async fn a_search_goes_on_where_it_was_whatever_changes(place: &dyn Place) {
    let store = place.open();
    store.add_domain(&domain("x.test")).await.unwrap();
    let list: Vec<Alias> =
        (0..30).map(|n| forward(&format!("u{n:02}@x.test"), "p@z.test")).collect();
    store.apply(list, Apply::Whole).await.unwrap();
    for filter in [
        Filter::default(),
        text("p@z"),
        Filter { unused_since: Some(at(u64::MAX / 4)), ..Filter::default() },
    ] {
        let first = store.find_aliases(&filter, None, 10).await.unwrap();
        let last = first.found.last().unwrap().0.address().clone();
        let removed = store.remove_alias(&last).await.unwrap();
        let next: Cursor = first.next.unwrap().to_string().parse().unwrap();
        let second = store.find_aliases(&filter, Some(&next), 10).await.unwrap();
        let addresses = |found: &[(Alias, _)]| -> Vec<String> {
            found.iter().map(|(alias, _)| alias.address().to_string()).collect()
        };
        let (first, second) = (addresses(&first.found), addresses(&second.found));
        assert!(
            second.len() == 10 && !second.iter().any(|alias| first.contains(alias)),
            "{filter:?}"
        );
        store.add_alias(&removed).await.unwrap();
    }
    let wrong = store.find_aliases(&Filter::default(), Some(&Cursor::Number(5)), 9).await;
    assert_eq!(wrong.unwrap_err(), FindError::Cursor);
}

/// Looking at each of many aliases in turn says the same.
pub(crate) async fn among_many_aliases_nothing_is_missed(place: &dyn Place) {
    let store = place.open();
    for name in ["x.test", "y.test"] {
        store.add_domain(&domain(name)).await.unwrap();
    }
    let mut state = 7_u64;
    let mut word = |letters: &str, most: usize| -> String {
        let mut below = |most: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) as usize % most
        };
        let letters: Vec<char> = letters.chars().collect();
        let length = 1 + below(most);
        (0..length).map(|_| letters[below(letters.len())]).collect()
    };
    let mut list: Vec<Alias> = Vec::new();
    for n in 0..6_000 {
        let local = format!("{}{n}", word("abc-", 3));
        let to = format!("{}@{}.test", word("abc", 2), word("yz", 1));
        let rules = Rules { note: Some(word("ab üÄ%", 4)), ..Rules::default() };
        let alias = forward(&format!("{local}@{}.test", word("xy", 1)), &to);
        list.push(alias.with_rules(rules).unwrap().with_enabled(n % 50 != 0));
    }
    store.apply(list.clone(), Apply::Whole).await.unwrap();
    for _ in 0..60 {
        let (texts, notes) = (word("abc@z1", 4), word("abüä", 2));
        let mut some = |of: String| if word("ab", 1) == "a" { Some(of) } else { None };
        let filter = Filter {
            text: some(texts),
            note: some(notes),
            destination: some("a@z.test".to_owned()),
            domain: some("x.test".to_owned()).map(|name| domain(&name)),
            enabled: some(String::new()).map(|_| false),
            ..Filter::default()
        };
        let normal = filter.clone().normal();
        let fits = |alias: &&Alias| {
            let to: Vec<String> = alias.destinations().iter().map(ToString::to_string).collect();
            let note = alias.rules().note.clone().unwrap_or_default();
            normal.fits(alias, &onward::alias::Counters::default())
                && normal.fits_text(&alias.address().to_string(), &to.join("\n"), &note)
        };
        let mut wanted: Vec<String> =
            list.iter().filter(fits).map(|alias| alias.address().to_string()).collect();
        let (mut all, _) = found(&store, &filter, 100).await;
        wanted.sort();
        all.sort();
        assert_eq!(all, wanted, "{filter:?}");
    }
}

pub(crate) async fn what_came_on_each_day_is_kept_for_thirty_days(place: &dyn Place) {
    let store = place.open();
    store.add_domain(&domain("x.test")).await.unwrap();
    for name in ["a@x.test", "b@x.test"] {
        store.add_alias(&forward(name, "p@y.test")).await.unwrap();
    }
    let today = onward::clock::now().day();
    let on = |alias: &str, days: &[(u64, u64, u64)]| {
        let days =
            days.iter().map(|&(day, forwarded, refused)| (day, DayUse { forwarded, refused }));
        let days: Daily = days.collect();
        Used { forwarded: 1, last_use: Some(at(50)), days, ..Used::new(key(alias)) }
    };
    let all = [(today - 30, 9, 9), (today - 29, 1, 0), (today, 2, 1)];
    store.keep_counters(vec![on("a@x.test", &all), on("none@x.test", &all)]).await.unwrap();
    store.keep_counters(vec![on("a@x.test", &[(today, 1, 1)])]).await.unwrap();

    let asked = || vec![key("b@x.test"), key("a@x.test"), key("none@x.test")];
    let kept: Daily = [
        (today - 29, DayUse { forwarded: 1, refused: 0 }),
        (today, DayUse { forwarded: 3, refused: 2 }),
    ]
    .into();
    assert_eq!(
        store.daily_uses(asked(), today).await.unwrap(),
        [Daily::new(), kept.clone(), Daily::new()]
    );
    // What is over is deleted, not only passed over.
    let earlier = store.daily_uses(asked(), today - 1).await.unwrap();
    assert_eq!(earlier[1], [(today - 29, DayUse { forwarded: 1, refused: 0 })].into());
    // It stays with a change, and goes with the alias.
    store.replace_alias(&forward("a@x.test", "q@y.test")).await.unwrap();
    assert_eq!(store.daily_uses(asked(), today).await.unwrap()[1], kept);
    store.remove_alias(&address("a@x.test")).await.unwrap();
    store.add_alias(&forward("a@x.test", "q@y.test")).await.unwrap();
    assert_eq!(store.daily_uses(asked(), today).await.unwrap()[1], Daily::new());
}

pub(crate) async fn an_alias_that_is_brought_back_is_what_it_was(place: &dyn Place) {
    let store = place.open();
    store.add_domain(&domain("x.test")).await.unwrap();
    let rules = Rules { note: Some("shop".into()), ..Rules::default() };
    let alias = forward("Shop@x.test", "p@y.test").with_rules(rules).unwrap();
    store.add_alias(&alias).await.unwrap();
    let regexes = [r"/^a.*@x\.test$/", r"/^ab.*@x\.test$/"];
    for regex in regexes {
        store.add_alias(&forward(regex, "p@y.test")).await.unwrap();
    }
    let today = onward::clock::now().day();
    let days: Daily = [(today, DayUse { forwarded: 5, refused: 2 })].into();
    let kept = Used { days: days.clone(), ..used("shop@x.test", 5, &[(Reason::Spam, 2)], 70) };
    store.keep_counters(vec![kept]).await.unwrap();
    let shop = key("shop@x.test");
    let before = store.counters(&shop).await.unwrap();
    let numbers = store.alias_numbers(vec![shop.clone()]).await.unwrap();

    // One that is another by now stays.
    let not = store.take_out(&address("shop@x.test"), Box::new(|_| false)).await.unwrap();
    assert_eq!(not, None);
    let seen = alias.clone();
    let removed = store.take_out(&address("shop@x.test"), Box::new(move |it| *it == seen)).await;
    let removed = removed.unwrap().unwrap();
    assert_eq!(store.counters(&shop).await.unwrap(), None);
    store.add_alias(&forward("next@x.test", "p@y.test")).await.unwrap();
    let bring_back = async |removed: Removed| {
        let came = store.change_each(vec![OneChange::BringBack(Box::new(removed))]).await.unwrap();
        came.into_iter().next().unwrap()
    };
    bring_back(removed.clone()).await.unwrap();
    assert_eq!(store.alias(&address("shop@x.test")).await.unwrap(), Some(alias));
    assert_eq!(store.counters(&shop).await.unwrap(), before);
    assert_eq!(store.alias_numbers(vec![shop.clone()]).await.unwrap(), numbers);
    assert_eq!(store.daily_uses(vec![shop], today).await.unwrap(), [days]);
    assert_eq!(found(&store, &text("shop"), 9).await.0, ["Shop@x.test"]);
    // What cannot be done keeps none of the others from it, and leaves nothing of itself.
    let (other, noted) = (address("next@x.test"), forward("next@x.test", "noted@y.test"));
    let alteration = Box::new(|_: &Alias| Altered::Replaced(Box::new(noted)));
    let both = vec![
        OneChange::BringBack(Box::new(removed)),
        OneChange::Alter(address("none@x.test"), Box::new(|_| Altered::Removed)),
        OneChange::Alter(other.clone(), alteration),
    ];
    let came = store.change_each(both).await.unwrap();
    assert!(matches!(came[0], Err(ChangeError::Exists { .. })), "it is there: {came:?}");
    assert!(matches!(came[1], Err(ChangeError::NoSuchAlias(_))) && came[2].is_ok(), "{came:?}");
    let noted = store.alias(&other).await.unwrap();
    assert_eq!(noted, Some(forward("next@x.test", "noted@y.test")));

    // A regex comes to its own turn.
    let first = store.take_out(&address(regexes[0]), Box::new(|_| true)).await.unwrap().unwrap();
    bring_back(first).await.unwrap();
    let page = store.aliases(Some(&domain("x.test")), None).await.unwrap();
    let order: Vec<String> = page.aliases.iter().map(|it| it.address().to_string()).collect();
    assert_eq!(order, ["next@x.test", "Shop@x.test", regexes[0], regexes[1]]);
}
