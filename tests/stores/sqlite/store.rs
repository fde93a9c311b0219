//! The file: opening it, damage, two processes on it.

use super::{open, raw};
use crate::place::{at, domain, forward, long_sender, mailbox, resolved};
use onward::{
    account::{Account, AccountId, SendAs},
    alias::{Rules, Used},
    store::{Kept, Options, Store, StoreError},
    time::UnixTime,
};
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    time::{Duration, Instant},
};
use tempfile::TempDir;
use tokio::runtime::Builder;

async fn hosting(state: &TempDir, domains: &[&str]) -> Store {
    let store = open(state);
    for name in domains {
        store.add_domain(&domain(name)).await.unwrap();
    }
    store
}

/// What is left in the file by a store that is closed.
async fn left(state: &TempDir, domains: &[&str]) {
    hosting(state, domains).await.close().await;
}

#[tokio::test]
async fn the_command_line_sees_and_keeps_long_senders() {
    let state = TempDir::new().unwrap();
    let day = UnixTime::of_day;
    let store = open(&state);
    store.srs_put(long_sender("tc", "c@y.test", None, day(30)), day(8), 1).await.unwrap();
    let other = open(&state);
    assert_eq!(other.srs_get("TC", day(9)).await.unwrap(), Some(mailbox("c@y.test")));
    let put = other.srs_put(long_sender("td", "a@y.test", None, day(30)), day(9), 1).await;
    assert_eq!(put, Ok(Kept { is_new: true, evicted: 1 }));
    assert_eq!(store.srs_get("td", day(10)).await.unwrap(), Some(mailbox("a@y.test")));
    assert_eq!(store.srs_get("tc", day(10)).await.unwrap(), None, "counted by whoever keeps");
}

#[tokio::test]
async fn a_store_that_was_closed_is_one_file() {
    let state = TempDir::new().unwrap();
    let store = hosting(&state, &["a.test"]).await;
    // A reader's connection stays open for the next.
    assert_eq!(store.domains().await.unwrap(), [domain("a.test")]);
    store.close().await;
    let kept = fs::read_dir(state.path()).unwrap().map(|entry| entry.unwrap().file_name());
    let kept: Vec<_> =
        kept.filter(|name| name.to_string_lossy().starts_with("onward.db")).collect();
    assert_eq!(kept, ["onward.db"]);
}

#[tokio::test]
async fn processes_that_start_at_once_make_one_database() {
    for _ in 0..5 {
        let state = TempDir::new().unwrap();
        let start = std::sync::Barrier::new(8);
        std::thread::scope(|scope| {
            for n in 0..8 {
                let (state, start) = (&state, &start);
                scope.spawn(move || {
                    let runtime = Builder::new_current_thread().build().unwrap();
                    start.wait();
                    runtime.block_on(left(state, &[&format!("d{n}.test")]));
                });
            }
        });
        assert_eq!(open(&state).domains().await.unwrap().len(), 8);
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

/// The error of opening, which must be the same for whoever opens only what is there.
fn error(state_dir: &Path) -> StoreError {
    let error = Store::open(state_dir, Options::default()).unwrap_err();
    if state_dir.join("onward.db").exists() {
        let existing = Store::open_existing(state_dir, Options::default());
        assert_eq!(existing.unwrap_err(), error);
    }
    error
}

#[test]
fn what_is_not_there_is_not_made_for_whoever_only_asks() {
    let state = TempDir::new().unwrap();
    let inner = state.path().join("new/state");
    for absent in [state.path(), &inner] {
        assert!(Store::open_existing(absent, Options::default()).unwrap().is_none());
    }
    assert_eq!(fs::read_dir(state.path()).unwrap().count(), 0);
    let made = Store::open(state.path(), Options::default()).unwrap();
    assert!(Store::open_existing(state.path(), Options::default()).unwrap().is_some());
    drop(made);
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

#[tokio::test]
async fn a_file_that_is_damaged_or_no_database() {
    let state = TempDir::new().unwrap();
    let path = state.path().join("onward.db");
    left(&state, &["x.test"]).await;
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
    assert_eq!(open(&state).domains().await.unwrap().len(), 1);
}

#[tokio::test]
async fn damage_found_in_a_look_up_is_an_error_not_an_answer() {
    let state = TempDir::new().unwrap();
    left(&state, &["x.test"]).await;
    let raw = rusqlite::Connection::open(state.path().join("onward.db")).unwrap();
    let row = "INSERT INTO aliases (domain, local, address, action, destinations, text, enabled, position)
               VALUES ('x.test', 'a', 'a@x.test', 'forward', ?1, '', 1, 0)";
    raw.execute(row, ["not an address"]).unwrap();
    let error = open(&state).resolve(&mailbox("a@x.test")).await.unwrap_err();
    assert!(matches!(error, StoreError::Damaged { .. }), "{error:?}");
}

#[tokio::test]
async fn a_database_of_another_version_or_program() {
    let state = TempDir::new().unwrap();
    left(&state, &[]).await;
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
async fn whoever_only_reads_leaves_an_older_database_as_it_is() {
    let state = TempDir::new().unwrap();
    let path = state.path().join("onward.db");
    let reading = || Options { keeps_schema: true, ..Options::default() };
    // What is made now has no older version.
    Store::open(state.path(), reading()).unwrap().close().await;
    left(&state, &["x.test"]).await;
    let raw = rusqlite::Connection::open(&path).unwrap();
    raw.execute_batch(super::VERSION_6).unwrap();
    raw.close().unwrap();
    let before = fs::read(&path).unwrap();
    let refused = Store::open(state.path(), reading()).unwrap_err();
    assert!(matches!(refused, StoreError::Older { found: 6, .. }), "{refused:?}");
    assert!(refused.to_string().contains("systemctl restart onward"), "{refused}");
    assert_eq!(fs::read(&path).unwrap(), before);

    left(&state, &[]).await;
    assert_ne!(fs::read(&path).unwrap(), before, "whoever may change it brings it up to date");
    let store = Store::open(state.path(), reading()).unwrap();
    assert_eq!(store.domains().await.unwrap(), [domain("x.test")]);
}

#[tokio::test]
async fn a_long_change_of_another_process_delays_writes_and_not_look_ups() {
    let state = TempDir::new().unwrap();
    let store = hosting(&state, &["x.test"]).await;
    store.add_alias(&forward("a@x.test", "p@y.test")).await.unwrap();
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
    left(&state, &["x.test"]).await;
    // By hand, because building a million aliases one by one takes longer than all the rest.
    let raw = rusqlite::Connection::open(state.path().join("onward.db")).unwrap();
    raw.execute_batch(
        "INSERT INTO aliases (domain, local, address, action, destinations, text, enabled, position)
         WITH RECURSIVE n (n) AS (SELECT 1000000 UNION ALL SELECT n + 1 FROM n LIMIT 1000000)
         SELECT 'x.test', 'u' || n, 'u' || n || '@x.test', 'forward', 'm' || n || '@y.test', '', 1, 0 FROM n;
         DELETE FROM alias_changes;",
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

/// What docs/OPERATIONS.md says a long sender takes on the disk.
#[tokio::test]
async fn a_long_sender_takes_120_octets_beside_its_address() {
    const SENDERS: u32 = 20_000;
    let state = TempDir::new().unwrap();
    left(&state, &["x.test"]).await;
    let path = state.path().join("onward.db");
    let empty = fs::metadata(&path).unwrap().len();
    let raw = rusqlite::Connection::open(&path).unwrap();
    // By hand, as in `a_million_aliases`: addresses of 100 octets, of 200 clients.
    raw.execute(
        "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n LIMIT ?1)
         INSERT INTO srs_addresses (token, address, client, expires)
         SELECT lower(hex(randomblob(8))), printf('%080d@bounces.mailer.test', n),
             CAST(printf('%04d', n % 200) AS BLOB), 1800000000 + n FROM n",
        [SENDERS],
    )
    .unwrap();
    drop(raw);
    left(&state, &[]).await;
    let each = (fs::metadata(&path).unwrap().len() - empty) / u64::from(SENDERS);
    // Fewer pages are half empty in a large table.
    assert!((200..=260).contains(&each), "{each}");
}

#[tokio::test]
async fn of_an_older_version_the_aliases_that_took_their_messages_take_no_more() {
    let state = TempDir::new().unwrap();
    let store = open(&state);
    store.add_domain(&domain("x.test")).await.unwrap();
    for (name, most) in [("a@x.test", Some(2)), ("b@x.test", Some(3)), ("c@x.test", None)] {
        let rules = Rules { max_messages: most, ..Rules::default() };
        let alias = forward(name, "p@y.test").with_rules(rules).unwrap();
        store.add_alias(&alias).await.unwrap();
        let used = Used { forwarded: 2, ..Used::new(alias.address().key()) };
        store.keep_counters(vec![used]).await.unwrap();
    }
    store.close().await;
    drop(store);
    raw(&state)
        .execute_batch(
            "DROP TRIGGER alias_most_in; DROP TRIGGER alias_most_other; DROP TRIGGER alias_other;
             ALTER TABLE aliases DROP COLUMN used_up;
             CREATE TRIGGER alias_other AFTER UPDATE ON aliases BEGIN
                 INSERT OR IGNORE INTO alias_changes VALUES (new.domain, new.local);
             END;
             PRAGMA user_version = 25;",
        )
        .unwrap();
    let store = open(&state);
    for (name, wanted) in [("a@x.test", "550"), ("b@x.test", "p@y.test"), ("c@x.test", "p@y.test")]
    {
        assert_eq!(resolved(&store, name).await, wanted, "{name}");
    }
}

#[tokio::test]
async fn a_database_from_before_there_were_accounts_gets_them() {
    let state = TempDir::new().unwrap();
    let store = open(&state);
    store.add_domain(&domain("x.test")).await.unwrap();
    store.close().await;
    drop(store);
    raw(&state)
        .execute_batch(concat!(
            include_str!("../../support/version_15.sql"),
            "DROP INDEX spool_legs_by_delay; ALTER TABLE spool_legs DROP COLUMN delay_due;
             ALTER TABLE spool_legs DROP COLUMN orcpt; ALTER TABLE spool_legs DROP COLUMN notify;
             ALTER TABLE spool DROP COLUMN envid; ALTER TABLE spool DROP COLUMN ret;
             DROP TABLE accounts; DROP TABLE account_send_as; DROP TABLE account_passwords;
             DROP TABLE account_usage; DROP TABLE account_recipients;
             ALTER TABLE aliases DROP COLUMN reply_by_address; PRAGMA user_version = 11;",
        ))
        .unwrap();
    let store = open(&state);
    let may = vec![SendAs::parse("*@x.test").unwrap()];
    let account = Account::new(AccountId::new([1; 5]), mailbox("me@y.test"), may, at(1)).unwrap();
    store.add_account(&account).await.unwrap();
    assert_eq!(store.account_of(account.id).await.unwrap(), Some(account));
}
