//! The store from outside: opening, look-ups, what is remembered, two processes on one file.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use onward::{
    address::{Domain, Mailbox},
    alias::{Alias, AliasAddress, Expansion},
    reply::{ForeignReply, Status},
    store::{ChangeError, Directory, Options, SrsPutError, Store, StoreError},
    time::UnixTime,
};
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    time::{Duration, Instant},
};
use tempfile::TempDir;
use tokio::time::timeout;

fn mailbox(text: &str) -> Mailbox {
    Mailbox::parse(text).unwrap()
}

fn at(seconds: u64) -> UnixTime {
    UnixTime::new(seconds)
}

fn forward(address: &str, to: &str) -> Alias {
    Alias::forward(AliasAddress::parse(address).unwrap(), to.split(' ')).unwrap()
}

fn open(state: &TempDir) -> Store {
    Store::open(state.path(), Options::default()).unwrap()
}

fn directory(state: &TempDir, domains: &[&str]) -> Directory {
    let mut directory = Directory::open(state.path()).unwrap();
    for domain in domains {
        directory.add_domain(&Domain::parse(domain).unwrap()).unwrap();
    }
    directory
}

async fn resolved(store: &Store, recipient: &str) -> String {
    match &*store.resolve(&mailbox(recipient)).await.unwrap() {
        Expansion::Deliver { mailboxes, .. } => {
            mailboxes.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
        }
        Expansion::Refuse(reply) => reply.code().to_string(),
        Expansion::Discard => "discard".into(),
    }
}

/// Makes a change and waits until the store has seen it, a second at most.
async fn seen<T>(store: &Store, change: impl FnOnce() -> T) -> T {
    let mut version = store.version();
    version.mark_unchanged();
    let result = change();
    timeout(Duration::from_secs(1), version.changed())
        .await
        .expect("seen within a second")
        .unwrap();
    result
}

#[tokio::test]
async fn changes_of_another_process_are_seen_within_a_second() {
    let state = TempDir::new().unwrap();
    let store = open(&state);
    let mut directory = directory(&state, &[]);
    assert_eq!(resolved(&store, "a@x.test").await, "550");

    let x = Domain::parse("x.test").unwrap();
    seen(&store, || directory.add_domain(&x).unwrap()).await;
    assert!(store.is_hosted(&Domain::parse("X.TEST").unwrap()));
    assert_eq!(resolved(&store, "a@x.test").await, "550");

    seen(&store, || directory.add(&forward("a@x.test", "p@y.test")).unwrap()).await;
    assert_eq!(resolved(&store, "A+t@X.test").await, "p@y.test");
    seen(&store, || directory.add(&forward(r"/^s-(.)@/", "$1@y.test")).unwrap()).await;
    assert_eq!(resolved(&store, "s-q@x.test").await, "q@y.test");

    let a = AliasAddress::parse("a@x.test").unwrap();
    seen(&store, || directory.set_enabled(&a, false).unwrap()).await;
    assert_eq!(resolved(&store, "a+t@x.test").await, "550");
    let list = [forward("b@x.test", "p@y.test a@x.test"), forward("a@x.test", "q@y.test")];
    let wanted = || list.iter().cloned().map(Ok::<_, ChangeError>);
    seen(&store, || directory.apply(wanted(), false, |_| Ok(())).unwrap()).await;
    assert_eq!(resolved(&store, "b@x.test").await, "p@y.test q@y.test");
    assert_eq!(resolved(&store, "s-q@x.test").await, "550");

    let removed = seen(&store, || directory.remove_domain(&x, true).unwrap()).await;
    assert_eq!(removed, 2);
    assert!(!store.is_hosted(&x));
}

#[tokio::test]
async fn the_stores_own_writes_do_not_empty_its_cache() {
    let state = TempDir::new().unwrap();
    let store = open(&state);
    let mut directory = directory(&state, &[]);
    let before = *store.version().borrow();
    store.remember_delivered(vec![[1; 32]], at(10)).await.unwrap();
    store.srs_put("t", &mailbox("a@y.test"), at(10), at(1), 9).await.unwrap();
    let x = Domain::parse("x.test").unwrap();
    seen(&store, || directory.add_domain(&x).unwrap()).await;
    assert_eq!(*store.version().borrow(), before + 1);
}

#[tokio::test]
async fn postmaster() {
    let state = TempDir::new().unwrap();
    drop(directory(&state, &["x.test"]));
    let store = open(&state);
    assert_eq!(resolved(&store, "Postmaster@x.test").await, "451");
    assert_eq!(resolved(&store, "abuse@other.test").await, "550");
    let bare = async |store: &Store| match &*store.resolve_postmaster().await.unwrap() {
        Expansion::Deliver { mailboxes, .. } => mailboxes[0].to_string(),
        other => format!("{other:?}"),
    };
    assert!(bare(&store).await.contains("451"));
    drop(store);
    let postmaster = Some(mailbox("me@y.test"));
    let store = Store::open(state.path(), Options { postmaster, ..Options::default() }).unwrap();
    assert_eq!(resolved(&store, "Postmaster@x.test").await, "me@y.test");
    assert_eq!(bare(&store).await, "me@y.test");
}

#[tokio::test]
async fn long_srs_addresses() {
    let state = TempDir::new().unwrap();
    let store = open(&state);
    let day = UnixTime::of_day;
    let (a, b, c) = (mailbox("a@y.test"), mailbox("b@y.test"), mailbox("c@y.test"));
    store.srs_put("Ta", &a, day(20), day(1), 2).await.unwrap();
    store.srs_put("tb", &b, day(5), day(1), 2).await.unwrap();
    assert_eq!(store.srs_put("tc", &c, day(9), day(1), 2).await, Err(SrsPutError::Full));
    assert_eq!(store.srs_put("ta", &b, day(9), day(1), 2).await, Err(SrsPutError::Taken));
    assert_eq!(
        store.srs_get("tA", day(20) - Duration::from_secs(1)).await.unwrap(),
        Some(a.clone())
    );
    assert_eq!(store.srs_get("ta", day(21)).await.unwrap(), None);
    assert_eq!(store.srs_get("tx", day(1)).await.unwrap(), None);

    // Renewed, although the table is full, and never for a shorter time.
    store.srs_put("tb", &b, day(7), day(1), 2).await.unwrap();
    store.srs_put("tb", &b, day(2), day(1), 2).await.unwrap();
    assert_eq!(store.srs_get("tb", day(7) - Duration::from_secs(1)).await.unwrap(), Some(b));
    // What has expired makes room.
    store.srs_put("tc", &c, day(30), day(8), 2).await.unwrap();

    // The command line sees and keeps them too, and they outlive the daemon.
    drop(store);
    let mut directory = directory(&state, &[]);
    assert_eq!(directory.srs_get("TC", day(9)).unwrap(), Some(c));
    assert_eq!(directory.srs_put("td", &a, day(9), day(9), 2), Err(SrsPutError::Full));
    directory.srs_put("td", &a, day(99), day(25), 2).unwrap();
    assert_eq!(open(&state).srs_get("td", day(26)).await.unwrap(), Some(a));
}

#[tokio::test]
async fn what_was_delivered_outlives_the_process() {
    let state = TempDir::new().unwrap();
    let store = open(&state);
    assert!(!store.was_delivered(&[1; 32], at(5)));
    store.remember_delivered(vec![[1; 32]], at(10)).await.unwrap();
    store.remember_delivered(vec![[2; 32]], at(50)).await.unwrap();
    for store in [store.clone(), open(&state)] {
        assert!(store.was_delivered(&[1; 32], at(9)));
        assert!(!store.was_delivered(&[1; 32], at(10)));
        assert!(!store.was_delivered(&[3; 32], at(9)));
    }
    store.purge(at(20)).await.unwrap();
    for store in [store, open(&state)] {
        assert!(!store.was_delivered(&[1; 32], at(9)));
        assert!(store.was_delivered(&[2; 32], at(20)));
    }
}

#[tokio::test]
async fn a_refusal_is_answered_once_and_outlives_the_process_until_then() {
    let state = TempDir::new().unwrap();
    let reply = ForeignReply { code: 550, status: Some(Status(5, 7, 515)), text: "no".into() };
    let long = ForeignReply { code: 554, status: None, text: "x".repeat(9_999) };
    let store = open(&state);
    let short_lived = vec![([3; 32], reply.clone()), ([5; 32], reply.clone())];
    store.remember_refused(short_lived, at(10)).await.unwrap();
    store.remember_refused(vec![([4; 32], long)], at(50)).await.unwrap();
    assert_eq!(store.take_refused(&[3; 32], at(9)).await.unwrap(), Some(reply));
    assert_eq!(store.take_refused(&[3; 32], at(9)).await.unwrap(), None, "taken");
    let again = open(&state);
    assert_eq!(
        again.take_refused(&[3; 32], at(9)).await.unwrap(),
        None,
        "taken before the restart"
    );
    assert_eq!(again.take_refused(&[4; 32], at(10)).await.unwrap().unwrap().text.len(), 500);
    assert_eq!(again.take_refused(&[5; 32], at(10)).await.unwrap(), None, "expired");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_writers_at_once_each_get_their_own_answer() {
    let state = TempDir::new().unwrap();
    let store = open(&state);
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..200u64 {
        let store = store.clone();
        tasks.spawn(async move {
            let address = mailbox(&format!("n{n}@y.test"));
            (n, store.srs_put(&format!("t{n}"), &address, at(1_000), at(1), 150).await)
        });
    }
    let mut full = 0;
    while let Some(done) = tasks.join_next().await {
        let (n, put) = done.unwrap();
        let kept = store.srs_get(&format!("t{n}"), at(1)).await.unwrap();
        match put {
            Ok(()) => assert_eq!(kept, Some(mailbox(&format!("n{n}@y.test")))),
            Err(SrsPutError::Full) => {
                full += 1;
                assert_eq!(kept, None);
            }
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!(full, 50);
}

#[test]
fn processes_that_start_at_once_make_one_database() {
    for _ in 0..5 {
        let state = TempDir::new().unwrap();
        let start = std::sync::Barrier::new(8);
        std::thread::scope(|scope| {
            for n in 0..8 {
                let (state, start) = (&state, &start);
                scope.spawn(move || {
                    start.wait();
                    directory(state, &[&format!("d{n}.test")]);
                });
            }
        });
        assert_eq!(directory(&state, &[]).domains().unwrap().len(), 8);
    }
}

#[test]
fn only_its_owner_may_read_it() {
    let state = TempDir::new().unwrap();
    let inner = state.path().join("new/state");
    drop(Store::open(&inner, Options::default()).unwrap());
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&inner), 0o700);
    assert_eq!(mode(&inner.join("onward.db")), 0o600);
}

/// The error of opening, which must be the same for the daemon and the command line.
fn error(state_dir: &Path) -> StoreError {
    let error = Store::open(state_dir, Options::default()).unwrap_err();
    assert_eq!(Directory::open(state_dir).unwrap_err(), error);
    error
}

#[test]
fn a_directory_that_cannot_be_made_or_written() {
    let state = TempDir::new().unwrap();
    let file = state.path().join("file");
    fs::write(&file, "").unwrap();
    let made = error(&file.join("state"));
    assert!(matches!(made, StoreError::Directory { .. }), "{made}");
    assert!(made.to_string().contains("cannot create the state directory /"), "{made}");

    // Nobody, not even root, can make a file there.
    let written = error(Path::new("/proc/self"));
    assert!(matches!(written, StoreError::Access { .. }), "{written}");
    assert!(written.to_string().contains("cannot open /proc/self/onward.db"), "{written}");
}

#[test]
fn a_file_that_is_damaged_or_no_database() {
    let state = TempDir::new().unwrap();
    let path = state.path().join("onward.db");
    drop(directory(&state, &["x.test"]));
    let good = fs::read(&path).unwrap();

    let mut no_header = good.clone();
    no_header[..16].fill(b'x');
    let mut no_schema = good.clone();
    no_schema[100..200].fill(0xff);
    let truncated = good[..good.len() / 2].to_vec();
    for (bytes, what) in [
        (b"hello, I am a text\n".repeat(200), "a text"),
        (no_header, "header overwritten"),
        (no_schema, "first page overwritten"),
        (truncated, "truncated"),
    ] {
        fs::write(&path, bytes).unwrap();
        let error = error(state.path());
        assert!(matches!(error, StoreError::Damaged { .. }), "{what}: {error:?}");
        assert!(
            error.to_string().contains("a file made by `onward backup`: see docs/OPERATIONS.md"),
            "{error}"
        );
    }
    fs::write(&path, good).unwrap();
    assert_eq!(directory(&state, &[]).domains().unwrap().len(), 1);
}

#[tokio::test]
async fn damage_found_in_a_look_up_is_an_error_not_an_answer() {
    let state = TempDir::new().unwrap();
    drop(directory(&state, &["x.test"]));
    let raw = rusqlite::Connection::open(state.path().join("onward.db")).unwrap();
    let row = "INSERT INTO aliases VALUES ('x.test', 'a', 'a@x.test', 'forward', ?1, '', 1, 0)";
    raw.execute(row, ["not an address"]).unwrap();
    let error = open(&state).resolve(&mailbox("a@x.test")).await.unwrap_err();
    assert!(matches!(error, StoreError::Damaged { .. }), "{error:?}");
}

#[test]
fn a_database_of_another_version_or_program() {
    let state = TempDir::new().unwrap();
    drop(directory(&state, &[]));
    let raw = rusqlite::Connection::open(state.path().join("onward.db")).unwrap();
    raw.pragma_update(None, "user_version", 999).unwrap();
    let newer = error(state.path());
    assert!(matches!(newer, StoreError::Newer { found: 999, .. }), "{newer}");

    let state = TempDir::new().unwrap();
    let raw = rusqlite::Connection::open(state.path().join("onward.db")).unwrap();
    raw.execute_batch("CREATE TABLE customers (name TEXT)").unwrap();
    let foreign = error(state.path());
    assert!(matches!(foreign, StoreError::Foreign { .. }), "{foreign}");
}

#[tokio::test]
async fn a_long_change_of_another_process_delays_writes_and_not_look_ups() {
    let state = TempDir::new().unwrap();
    let mut directory = directory(&state, &["x.test"]);
    directory.add(&forward("a@x.test", "p@y.test")).unwrap();
    let store = open(&state);
    let mut raw = rusqlite::Connection::open(state.path().join("onward.db")).unwrap();
    let transaction =
        raw.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).unwrap();
    transaction.execute("DELETE FROM aliases", ()).unwrap();

    let write = tokio::spawn({
        let store = store.clone();
        async move { store.remember_delivered(vec![[1; 32]], at(10)).await }
    });
    assert_eq!(resolved(&store, "a@x.test").await, "p@y.test");
    assert!(!write.is_finished());
    transaction.rollback().unwrap();
    write.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_million_aliases() {
    const ALIASES: usize = 1_000_000;
    let state = TempDir::new().unwrap();
    drop(directory(&state, &["x.test"]));
    // By hand, because building a million aliases one by one takes longer than all the rest.
    let raw = rusqlite::Connection::open(state.path().join("onward.db")).unwrap();
    raw.execute(
        "WITH RECURSIVE n (n) AS (SELECT 1000000 UNION ALL SELECT n + 1 FROM n LIMIT 1000000)
         INSERT INTO aliases SELECT 'x.test', 'u' || n, 'u' || n || '@x.test', 'forward',
             'm' || n || '@y.test', '', 1, 0 FROM n",
        (),
    )
    .unwrap();
    drop(raw);

    let started = Instant::now();
    let store = open(&state);
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());

    // Spread over the table, none of them in the cache.
    let addresses: Vec<usize> = (0..2_000).map(|n| ALIASES + n * 7_919 % ALIASES).collect();
    let started = Instant::now();
    for n in &addresses {
        assert_eq!(resolved(&store, &format!("U{n}@x.test")).await, format!("m{n}@y.test"));
    }
    let mean = started.elapsed() / 2_000;
    assert!(mean < Duration::from_millis(1), "{mean:?}");
    assert_eq!(resolved(&store, "u999999@x.test").await, "550");
}
