//! A million aliases with notes, rules and counters beside a million without: look-ups, the first page of a list and of
//! searches, memory.
//!
//! `cargo bench --bench alias_rules`; a number of aliases may follow `--`.

#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout, clippy::indexing_slicing)]

use onward::{
    address::{Domain, Mailbox},
    alias::{Alias, AliasAddress, DayUse, Filter, Key, Reason, Rules, SenderPattern, Used},
    store::{Apply, Options, Store},
    time::UnixTime,
};
use std::{
    path::Path,
    time::{Duration, Instant},
};

const LOOKUPS: usize = 20_000;
const WITHIN: Duration = Duration::from_millis(50);

fn main() {
    let count = std::env::args().filter_map(|arg| arg.parse().ok()).next().unwrap_or(1_000_000);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let (plain, ruled) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let of_plain = runtime.block_on(fill(plain.path(), count, false));
    let of_ruled = runtime.block_on(fill(ruled.path(), count, true));
    println!(
        "{:<34} {:.2}",
        "to bring them in, ratio",
        of_ruled.as_secs_f64() / of_plain.as_secs_f64()
    );

    let open = |state: &Path| Store::open(state, Options::default()).unwrap();
    let before = resident();
    let (plain, ruled) = (open(plain.path()), open(ruled.path()));
    let spread = |n: usize| n.wrapping_mul(7_919) % count;
    for (what, address) in [
        ("not in the cache", &(|n: usize| address(spread(n))) as &dyn Fn(usize) -> String),
        ("in the cache", &|n| address(spread(n % 100))),
        ("unknown", &|n| format!("nobody{n}@d2.test")),
    ] {
        let addresses: Vec<Mailbox> =
            (0..LOOKUPS).map(|n| Mailbox::parse(&address(n)).unwrap()).collect();
        // By turns, so that whatever else the machine does hits both.
        let mut times = [Vec::new(), Vec::new()];
        for part in addresses.chunks(500) {
            for (store, times) in [&plain, &ruled].into_iter().zip(&mut times) {
                times.extend(runtime.block_on(look_up(store, part)));
            }
        }
        let [without, with] = times.map(|mut times| {
            times.sort();
            times[times.len() / 2]
        });
        let ratio = with.as_secs_f64() / without.as_secs_f64();
        println!("look-up, {what:<25} {without:?} without, {with:?} with: {ratio:.2}");
    }

    let text = |text: &str| Filter { text: Some(text.into()), ..Filter::default() };
    let to = |to: String| Filter { destination: Some(to), ..Filter::default() };
    let at = |n: usize| Domain::parse(&format!("d{n}.test")).ok();
    let far = UnixTime::new(u64::MAX / 4);
    for (what, filter) in [
        ("all", Filter::default()),
        ("of a domain", Filter { domain: at(77), ..Filter::default() }),
        ("one of a million", text(&format!("user{}@", count - 3))),
        ("in all", text("mailbox")),
        ("a word of some notes", text("shop")),
        ("nowhere", text("nowhere to be found")),
        ("nowhere, of pieces of all", text("test user test mailbox")),
        ("one character", text("7")),
        ("one character, nowhere", text("q")),
        ("two characters", text("9@")),
        ("two characters, nowhere", text("zq")),
        ("a destination", to(format!("mailbox{}@y.test", count / 2))),
        ("a destination that is none", to("mailbox@y.test".to_owned())),
        ("a note", Filter { note: Some("number 77 ".into()), ..Filter::default() }),
        ("switched off", Filter { enabled: Some(false), ..Filter::default() }),
        (
            "switched off, in a domain",
            Filter { enabled: Some(false), domain: at(3), ..text("user") },
        ),
        ("unused", Filter { unused_since: Some(far), ..Filter::default() }),
        ("unused, none", Filter { unused_since: Some(UnixTime::new(5)), ..Filter::default() }),
        (
            "unused, in a domain",
            Filter { unused_since: Some(far), domain: at(5), ..Filter::default() },
        ),
    ] {
        let mut times = Vec::new();
        let mut found = 0;
        for _ in 0..5 {
            let started = Instant::now();
            let page = runtime.block_on(ruled.find_aliases(&filter, None, 100)).unwrap();
            times.push(started.elapsed());
            found = page.found.len();
        }
        let (first, worst) = (times[0], *times.iter().max().unwrap());
        times.sort();
        let verdict = if worst <= WITHIN { "" } else { "  TOO SLOW" };
        println!("first page, {what:<28} {:?} (first {first:?}), {found} found{verdict}", times[2]);
    }
    let (mut page, today) = (None, onward::clock::now().day());
    let mut times = Vec::new();
    for _ in 0..5 {
        let started = Instant::now();
        let found = runtime.block_on(ruled.find_aliases(&Filter::default(), None, 50)).unwrap();
        let keys = found.found.iter().map(|(alias, _)| alias.address().key()).collect();
        page = Some(runtime.block_on(ruled.daily_uses(keys, today)).unwrap());
        times.push(started.elapsed());
    }
    times.sort();
    let days: usize = page.iter().flatten().map(|days| days.len()).sum();
    println!(
        "{:<40} {:?}, worst {:?}, {days} days",
        "a page of 50 with their days", times[2], times[4]
    );
    let used: Vec<Used> = (0..1_000).map(|n| used(spread(n))).collect();
    let started = Instant::now();
    runtime.block_on(ruled.keep_counters(used)).unwrap();
    println!("{:<40} {:?}", "1000 counters written", started.elapsed());
    println!("{:<40} {} MiB more", "memory of both", resident().saturating_sub(before) >> 20);
}

async fn fill(state: &Path, count: usize, ruled: bool) -> Duration {
    let store = Store::open(state, Options::default()).unwrap();
    for n in 0..100 {
        store.add_domain(&Domain::parse(&format!("d{n}.test")).unwrap()).await.unwrap();
    }
    let wanted: Vec<Alias> = (0..count).map(|n| alias(n, ruled)).collect();
    let started = Instant::now();
    store.apply(wanted, Apply::Whole).await.unwrap();
    let took = started.elapsed();
    if ruled {
        for part in (0..count).collect::<Vec<_>>().chunks(100_000) {
            let used = part.iter().map(|n| used(*n)).collect();
            store.keep_counters(used).await.unwrap();
        }
    }
    store.close().await;
    let size = std::fs::metadata(state.join("onward.db")).unwrap().len() >> 20;
    println!(
        "{:<34} {took:?}, {size} MiB",
        if ruled { "with rules, notes, counters" } else { "without" }
    );
    took
}

fn alias(n: usize, ruled: bool) -> Alias {
    let from = AliasAddress::parse(&address(n)).unwrap();
    let alias = Alias::forward(from, [format!("mailbox{n}@y.test")]).unwrap();
    if !ruled {
        return alias;
    }
    let word = ["shop", "bank", "club", "news", "work"][n % 5];
    let note = format!("made for the {word} number {} in town", n % 1_000);
    let allow = vec![SenderPattern::parse("@friend.test").unwrap()];
    let block = vec![SenderPattern::parse(&format!("@s{n}.test")).unwrap()];
    let rules =
        Rules { note: Some(note), allow, block, max_messages: Some(9_999), ..Rules::default() };
    alias.with_rules(rules).unwrap().with_enabled(n % 1_000 != 999)
}

fn used(n: usize) -> Used {
    let alias: Key = AliasAddress::parse(&address(n)).unwrap().key();
    Used {
        forwarded: 1,
        refused_by: [(Reason::Block, 1)].into(),
        last_use: Some(UnixTime::new(1_700_000_000 + n as u64)),
        // Ten of the last days, of thirty that are kept.
        days: (0..10).map(|ago| (today() - 3 * ago, DayUse { forwarded: 1, refused: 1 })).collect(),
        ..Used::new(alias)
    }
}

async fn look_up(store: &Store, addresses: &[Mailbox]) -> Vec<Duration> {
    let mut times = Vec::with_capacity(addresses.len());
    for address in addresses {
        let started = Instant::now();
        store.resolve(address).await.unwrap();
        times.push(started.elapsed());
    }
    times
}

fn address(n: usize) -> String {
    format!("user{n}@d{}.test", n % 100)
}

/// Octets of memory the process holds.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() * 1024
}

fn today() -> u64 {
    static TODAY: std::sync::OnceLock<u64> = std::sync::OnceLock::new();
    *TODAY.get_or_init(|| onward::clock::now().day())
}
