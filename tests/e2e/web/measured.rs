//! How large the first pages of many aliases are, and how long they take: `PAGE_ALIASES=1000000 cargo test --test e2e --
//! --nocapture first_pages_of_many` tells of a million.

#![allow(clippy::print_stdout)]

use super::site::{Person, Site};
use crate::support::onward::Onward;
use onward::{
    address::Domain,
    alias::{Alias, AliasAddress, DayUse, Rules, Used},
    store::{Apply, Options, Store},
};
use std::time::{Duration, Instant};

/// Aliases, where nobody asks for more.
const ALIASES: usize = 3_000;

#[test]
fn first_pages_of_many_aliases_are_small() {
    let (builder, address) = Onward::builder().listen("http", &["serve = [\"web\"]"]);
    let mut onward = builder.build();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(fill(&onward));
    onward.serve();
    let site = Site { onward, address };
    let (admin, owner) = (site.admin(), site.owner("d7.test"));
    for (who, person, path) in [
        ("administrator", &admin, "/aliases"),
        ("administrator", &admin, "/aliases?q=user77"),
        ("administrator", &admin, "/aliases?q=nowhere+to+be+found"),
        ("administrator", &admin, "/aliases?domain=d7.test&state=off"),
        ("administrator", &admin, "/aliases?unused=30"),
        ("owner", &owner, "/aliases"),
        ("owner", &owner, "/aliases?q=user77"),
        ("owner", &owner, "/aliases?state=off"),
        ("owner", &owner, "/aliases?unused=30"),
        ("owner", &owner, "/aliases/user7@d7.test"),
    ] {
        measure(&site, who, person, path);
    }
}

fn measure(site: &Site, who: &str, person: &Person, path: &str) {
    let mut times: Vec<Duration> = Vec::new();
    let mut octets = 0;
    for _ in 0..9 {
        let started = Instant::now();
        let answer = site.get(person, path);
        times.push(started.elapsed());
        assert_eq!(answer.status, 200, "{path}");
        octets = answer.head.len() + answer.body.len();
    }
    let first = times[0];
    times.sort();
    println!(
        "{who:<14} {path:<36} {:?} (first {first:?}, worst {:?}), {octets} octets",
        times[4], times[8]
    );
    assert!(octets < 100_000, "{path}: {octets}");
}

/// Each alias with a note, and mail on every one of the last 30 days.
async fn fill(onward: &Onward) {
    let store = Store::open(&onward.state_dir(), Options::default()).unwrap();
    for n in 0..100 {
        store.add_domain(&Domain::parse(&format!("d{n}.test")).unwrap()).await.unwrap();
    }
    let address = |n: usize| AliasAddress::parse(&format!("user{n}@d{}.test", n % 100)).unwrap();
    let alias = |n: usize| {
        let rules =
            Rules { note: Some(format!("made for the shop number {n}")), ..Rules::default() };
        let alias = Alias::forward(address(n), [format!("mailbox{n}@sink.test")]).unwrap();
        alias.with_rules(rules).unwrap().with_enabled(n % 1_000 != 7)
    };
    let count = std::env::var("PAGE_ALIASES").map_or(ALIASES, |count| count.parse().unwrap());
    store.apply((0..count).map(alias).collect(), Apply::Whole).await.unwrap();
    let now = onward::clock::now();
    for part in (0..count).step_by(97).collect::<Vec<_>>().chunks(10_000) {
        let used = part.iter().chain(&[7, 107, 207]).map(|n| Used {
            forwarded: 12_345,
            last_use: Some(now),
            days: (0..30)
                .map(|ago| (now.day() - ago, DayUse { forwarded: 411 + ago, refused: 17 }))
                .collect(),
            ..Used::new(address(*n).key())
        });
        store.keep_counters(used.collect()).await.unwrap();
    }
    // Those that the first pages show.
    for domain in [None, Domain::parse("d7.test").ok()] {
        let filter = onward::alias::Filter { domain, ..Default::default() };
        let page = store.find_aliases(&filter, None, 50).await.unwrap();
        let used = page.found.iter().map(|(alias, _)| Used {
            forwarded: 12_345,
            last_use: Some(now),
            days: (0..30)
                .map(|ago| (now.day() - ago, DayUse { forwarded: 411 + ago, refused: 17 }))
                .collect(),
            ..Used::new(alias.address().key())
        });
        store.keep_counters(used.collect()).await.unwrap();
    }
    store.close().await;
}
