//! Look-ups among a million aliases: an exact one from the disk and from the cache, a catch-all, an
//! unknown address; and what it costs to bring them in and to open the store.
//!
//! `cargo bench --bench alias_lookup`

#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout, clippy::indexing_slicing)]

use onward::{
    address::{Domain, Mailbox},
    alias::{Alias, AliasAddress},
    store::{Apply, Options, Store},
};
use std::time::{Duration, Instant};

const ALIASES: usize = 1_000_000;
const LOOKUPS: usize = 20_000;

fn main() {
    let state = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().build().unwrap();
    let store = Store::open(state.path(), Options::default()).unwrap();
    for n in 0..100 {
        let domain = Domain::parse(&format!("d{n}.test")).unwrap();
        runtime.block_on(store.add_domain(&domain)).unwrap();
    }
    let exact = (0..ALIASES).map(|n| (address(n), format!("mailbox{n}@y.test")));
    let wanted: Vec<Alias> = exact
        .chain([("*@d1.test".to_owned(), "all@y.test".to_owned())])
        .map(|(from, to)| Alias::forward(AliasAddress::parse(&from).unwrap(), [to]).unwrap())
        .collect();
    let again = wanted.clone();
    timed("apply a million", || runtime.block_on(store.apply(wanted, Apply::Whole)).unwrap());
    timed("apply the same again", || runtime.block_on(store.apply(again, Apply::Whole)).unwrap());
    runtime.block_on(store.close());
    drop(store);
    let size = std::fs::metadata(state.path().join("onward.db")).unwrap().len();
    println!("{:<28} {} MiB", "database", size >> 20);

    let store = timed("open", || Store::open(state.path(), Options::default()).unwrap());
    let before = resident();
    let lookups = |what: &str, address: &dyn Fn(usize) -> String| {
        let addresses: Vec<Mailbox> =
            (0..LOOKUPS).map(|n| Mailbox::parse(&address(n)).unwrap()).collect();
        let mut times: Vec<Duration> = runtime.block_on(async {
            let mut times = Vec::with_capacity(LOOKUPS);
            for address in &addresses {
                let started = Instant::now();
                store.resolve(address).await.unwrap();
                times.push(started.elapsed());
            }
            times
        });
        times.sort();
        let (median, p99) = (times[LOOKUPS / 2], times[LOOKUPS * 99 / 100]);
        println!("{what:<28} median {median:?}, 99 % {p99:?}");
    };
    let spread = |n: usize| n * 7_919 % ALIASES;
    lookups("exact, not in the cache", &|n| address(spread(n)));
    lookups("exact, in the cache", &|n| address(spread(n % 100)));
    lookups("with a tag", &|n| address(spread(n + LOOKUPS)).replace('@', "+tag@"));
    lookups("catch-all", &|n| format!("nobody{n}@d1.test"));
    lookups("unknown", &|n| format!("nobody{n}@d2.test"));
    println!("{:<28} {} MiB more", "memory of the look-ups", (resident() - before) >> 20);
}

fn address(n: usize) -> String {
    format!("user{n}@d{}.test", n % 100)
}

fn timed<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let started = Instant::now();
    let result = work();
    println!("{what:<28} {:?}", started.elapsed());
    result
}

/// Octets of memory the process holds.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() * 1024
}
