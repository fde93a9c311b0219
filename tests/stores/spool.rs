//! The spool of the store from outside: what is kept, within which bounds, and how states move.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use bytes::Bytes;
use onward::{
    address::{Domain, ForwardPath, Mailbox, ReversePath},
    alias::{Alias, AliasAddress},
    reply::ForeignReply,
    store::{
        Directory, Options, Queue, QueueChange, QueueFilter, Store, StoreError, backup,
        spool::{Head, Leg, LegState, NewMessage, SpoolBounds, SpoolError},
    },
    time::{Millis, UnixTime},
};
use rusqlite::Connection;
use std::{
    ffi::OsStr,
    fs,
    os::unix::{ffi::OsStrExt, fs::PermissionsExt},
    path::Path,
    time::Duration,
};
use tempfile::TempDir;
use tokio::{task::JoinSet, time::timeout};

fn mailbox(text: &str) -> Mailbox {
    Mailbox::parse(text).unwrap()
}

fn leg(to: &str) -> Leg {
    Leg {
        recipient: ForwardPath::Mailbox(mailbox("hello@example.org")),
        mailbox: mailbox(to),
        reverse_path: ReversePath::Mailbox(mailbox("srs0@example.org")),
        state: LegState::Queued,
        was_uncertain: false,
        attempts: 1,
        next_attempt: Millis::new(5_000),
        reply: ForeignReply { code: 451, status: None, text: "busy".into() },
    }
}

fn message(id: &str, octets: usize, legs: &[&str]) -> NewMessage {
    NewMessage {
        head: Head {
            id: id.to_owned(),
            arrived: Millis::new(1_000),
            client: Some("192.0.2.1".parse().unwrap()),
            helo: "client.test".into(),
            sender: ReversePath::Mailbox(mailbox("alice@sender.test")),
            notify: true,
            eight_bit: false,
            smtputf8: false,
            has_delivered: false,
            has_failed: false,
        },
        prefix: Bytes::new(),
        message: vec![b'x'; octets].into(),
        legs: legs.iter().map(|to| leg(to)).collect(),
    }
}

fn open(state: &TempDir) -> Store {
    bounded(state, SpoolBounds::default())
}

fn bounded(state: &TempDir, spool: SpoolBounds) -> Store {
    Store::open(state.path(), Options { spool, ..Options::default() }).unwrap()
}

fn queue(state: &TempDir) -> Queue {
    Queue::open(state.path()).unwrap().expect("a database")
}

fn raw(state: &TempDir) -> Connection {
    Connection::open(state.path().join("onward.db")).unwrap()
}

/// Messages and octets as they are counted, which is as they are.
#[track_caller]
fn totals(state: &TempDir) -> (i64, i64) {
    let raw = raw(state);
    let ask = |sql| raw.query_row(sql, (), |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    let counted = ask("SELECT messages, octets FROM spool_totals");
    assert_eq!(counted, ask("SELECT count(*), coalesce(sum(size), 0) FROM spool"));
    let stray = "SELECT count(*), 0 FROM spool_legs WHERE message NOT IN (SELECT seq FROM spool)";
    assert_eq!(ask(stray), (0, 0), "legs without a message");
    counted
}

async fn states(store: &Store, seq: i64) -> Vec<&'static str> {
    let legs = store.spooled(seq).await.unwrap().unwrap().legs;
    legs.iter().map(|leg| leg.state.as_str()).collect()
}

async fn conclude(store: &Store, seq: i64, at: i64, state: LegState) {
    let leg = Leg { state, attempts: 9, ..leg("bob@sink.test") };
    store.spool_conclude(seq, vec![(at, leg)], Vec::new()).await.unwrap();
}

fn changed(state: &TempDir, id: &str, change: QueueChange) -> (usize, usize) {
    let filter = QueueFilter { ids: vec![id.to_owned()], ..QueueFilter::default() };
    let changed = queue(state).change(&filter, change).unwrap();
    (changed.ids.len(), changed.sending.len())
}

#[tokio::test]
async fn all_messages_of_a_call_are_kept_or_none() {
    let state = TempDir::new().unwrap();
    let store = open(&state);
    let kept = store.spool(vec![message("A", 10, &["a@x.test", "b@y.test"])]).await.unwrap();
    let twice = vec![message("B", 10, &["a@x.test"]), message("A", 10, &["a@x.test"])];
    let refused = store.spool(twice).await.unwrap_err();
    assert!(matches!(refused, SpoolError::Store(StoreError::Failed { .. })), "{refused:?}");
    assert_eq!(totals(&state), (1, 10));
    let (open_legs, finished) = store.spool_open().await.unwrap();
    assert_eq!((open_legs.len(), finished.len()), (2, 0));

    let both = vec![message("C", 1, &["a@x.test"]), message("D", 2, &["a@x.test"])];
    assert_eq!(store.spool(both).await.unwrap().len(), 2);
    assert_eq!(totals(&state), (3, 13));
    drop(store);
    let again = open(&state);
    let kept = again.spooled(kept[0]).await.unwrap().unwrap();
    let new = message("A", 10, &["a@x.test", "b@y.test"]);
    assert_eq!((&kept.head, &kept.legs), (&new.head, &new.legs), "as it was given");

    let changed = Leg { was_uncertain: true, attempts: 2, ..new.legs[1].clone() };
    again.spool_conclude(kept.seq, vec![(1, changed.clone())], Vec::new()).await.unwrap();
    assert_eq!(
        again.spooled(kept.seq).await.unwrap().unwrap().legs,
        [new.legs[0].clone(), changed]
    );
}

#[tokio::test]
async fn beyond_each_bound_nothing_is_kept() {
    let state = TempDir::new().unwrap();
    let many = || vec![message("A", 60, &["a@x.test"]), message("B", 60, &["a@x.test"])];
    for (bounds, says) in [
        (SpoolBounds { messages: 1, ..SpoolBounds::NONE }, "spool.max_messages"),
        (SpoolBounds { octets: 119, ..SpoolBounds::NONE }, "spool.max_bytes"),
        (SpoolBounds { free: Some(u64::MAX), ..SpoolBounds::NONE }, "spool.min_free_disk"),
    ] {
        let store = bounded(&state, bounds);
        let refused = store.spool(many()).await.unwrap_err();
        assert!(matches!(refused, SpoolError::Full(_)), "{refused}");
        assert!(
            refused.to_string().starts_with(&format!("the spool is full: {says}")),
            "{refused}"
        );
        assert_eq!(totals(&state), (0, 0));
        store.close().await;
    }
    let just = SpoolBounds { messages: 2, octets: 120, ..SpoolBounds::NONE };
    let store = bounded(&state, just);
    let kept = store.spool(many()).await.unwrap();
    let one_more = || vec![message("C", 0, &["a@x.test"])];
    assert_eq!(store.spool(one_more()).await, Err(SpoolError::Full("spool.max_messages")));
    // A DSN takes the place of what it is about.
    let failed = Leg { state: LegState::Failed, ..leg("a@x.test") };
    let notice = vec![message("N", 500, &["alice@sender.test"])];
    store.spool_conclude(kept[0], vec![(0, failed)], notice).await.unwrap();
    assert_eq!(totals(&state), (3, 620));
    store.spool_bury(kept.clone()).await.unwrap();
    assert_eq!(totals(&state), (2, 560), "what has something left to do is not buried");
}

#[tokio::test]
async fn totals_follow_whatever_goes() {
    let state = TempDir::new().unwrap();
    let store = open(&state);
    let of = |id: &str, octets| vec![message(id, octets, &["a@x.test", "b@y.test"])];
    let a = store.spool(of("A", 1)).await.unwrap()[0];
    let b = store.spool(of("B", 20)).await.unwrap()[0];
    store.spool(of("C", 300)).await.unwrap();
    assert_eq!(totals(&state), (3, 321));
    assert_eq!(changed(&state, "b", QueueChange::Drop), (1, 0));
    assert_eq!(states(&store, b).await, ["dropped", "dropped"]);
    assert_eq!(totals(&state), (3, 321), "until the journal has it");
    conclude(&store, a, 0, LegState::Delivered).await;
    store.spool_bury(vec![a, b]).await.unwrap();
    assert_eq!(totals(&state), (2, 301));
    conclude(&store, a, 1, LegState::Failed).await;
    assert_eq!(store.spool_open().await.unwrap().1, [a]);
    store.spool_bury(vec![a, b, 99]).await.unwrap();
    assert_eq!(totals(&state), (1, 300));
}

#[tokio::test]
async fn states_only_move_forward() {
    use LegState::{Delivered, Dropped, Failed, Queued, Uncertain};
    let state = TempDir::new().unwrap();
    let store = open(&state);
    let to = ["a@x.test", "b@x.test", "c@x.test", "d@x.test"];
    let seq = store.spool(vec![message("A", 1, &to)]).await.unwrap()[0];
    assert_eq!(store.spool_begin(seq, vec![0, 1, 2, 3]).await.unwrap(), [0, 1, 2, 3]);
    store.spool_uncertain(seq, vec![0, 1, 2, 3]).await.unwrap();
    conclude(&store, seq, 0, Delivered).await;
    conclude(&store, seq, 1, Failed).await;
    conclude(&store, seq, 3, Uncertain).await;
    // Nobody serves here, so what is under way is what a crash left behind.
    assert_eq!(changed(&state, "A", QueueChange::Drop), (1, 0));
    let ended = ["delivered", "failed", "dropped", "dropped"];
    assert_eq!(states(&store, seq).await, ended);

    store.spool_uncertain(seq, vec![0, 1, 2, 3]).await.unwrap();
    assert_eq!(store.spool_begin(seq, vec![0, 1, 2, 3]).await.unwrap(), [0; 0]);
    store.spool_recover().await.unwrap();
    for late in [Queued, Uncertain, Failed, Dropped] {
        for at in 0..4 {
            conclude(&store, seq, at, late).await;
        }
        assert_eq!(states(&store, seq).await, ended, "a late {late}");
    }
    assert_eq!(changed(&state, "A", QueueChange::Retry), (0, 0), "nothing of it waits");
    for at in [1, 2] {
        conclude(&store, seq, at, Delivered).await;
    }
    let ended = ["delivered", "failed", "delivered", "dropped"];
    assert_eq!(states(&store, seq).await, ended, "what is delivered was not dropped");
}

#[tokio::test]
async fn an_uncertain_leg_stays_uncertain_and_what_was_cut_off_waits_again() {
    let state = TempDir::new().unwrap();
    let store = open(&state);
    let seq = store.spool(vec![message("A", 1, &["a@x.test", "b@x.test"])]).await.unwrap()[0];
    store.spool_begin(seq, vec![0, 1]).await.unwrap();
    store.spool_uncertain(seq, vec![0]).await.unwrap();
    assert_eq!(states(&store, seq).await, ["uncertain", "sending"]);
    assert_eq!(store.spool_recover().await.unwrap(), 1);
    assert_eq!(states(&store, seq).await, ["uncertain", "queued"]);
    assert_eq!(store.spool_begin(seq, vec![0, 1, 2]).await.unwrap(), [0, 1]);
    assert_eq!(states(&store, seq).await, ["uncertain", "sending"], "in its next attempt, too");
}

#[tokio::test]
async fn what_is_being_sent_is_not_dropped_while_somebody_serves() {
    let state = TempDir::new().unwrap();
    let store = open(&state);
    let serving = onward::store::StateLock::take(state.path()).unwrap().unwrap();
    let seq = store.spool(vec![message("A", 1, &["a@x.test", "b@y.test"])]).await.unwrap()[0];
    store.spool_begin(seq, vec![0]).await.unwrap();
    assert_eq!(changed(&state, "A", QueueChange::Drop), (0, 1));
    store.spool_uncertain(seq, vec![0]).await.unwrap();
    assert_eq!(changed(&state, "A", QueueChange::Drop), (0, 1), "not when its end is sent, either");
    assert_eq!(states(&store, seq).await, ["uncertain", "queued"], "nor any part of it");
    conclude(&store, seq, 0, LegState::Uncertain).await;
    assert_eq!(changed(&state, "A", QueueChange::Drop), (1, 0), "it waits");
    assert_eq!(states(&store, seq).await, ["dropped", "dropped"]);
    drop(serving);
}

#[tokio::test]
async fn the_command_line_tells_the_daemon_what_it_changed() {
    let state = TempDir::new().unwrap();
    let store = open(&state);
    let seq = store.spool(vec![message("A", 1, &["a@x.test"])]).await.unwrap()[0];
    let mut changes = store.spool_changes();
    changes.mark_unchanged();
    assert_eq!(changed(&state, "nobody", QueueChange::Retry), (0, 0));
    assert_eq!(changed(&state, "A", QueueChange::Retry), (1, 0));
    timeout(Duration::from_secs(1), changes.changed()).await.expect("within a second").unwrap();
    assert_eq!(store.spooled(seq).await.unwrap().unwrap().legs[0].next_attempt, Millis::EPOCH);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_500_at_once_only_the_impossible_one_is_not_kept() {
    let state = TempDir::new().unwrap();
    let store = open(&state);
    let mut tasks = JoinSet::new();
    for n in 0..500 {
        let store = store.clone();
        tasks.spawn(async move {
            // One is refused after the first of its messages was written.
            let mut messages = vec![message(&format!("{n}"), 100, &["a@x.test", "b@y.test"])];
            if n == 250 {
                messages.extend([message("twice", 7, &[]), message("twice", 7, &[])]);
            }
            (n, store.spool(messages).await)
        });
    }
    while let Some(done) = tasks.join_next().await {
        let (n, kept) = done.unwrap();
        assert_eq!(kept.is_ok(), n != 250, "{n}: {kept:?}");
        if let Ok(kept) = kept {
            let whole = store.spooled(kept[0]).await.unwrap().unwrap();
            assert_eq!((whole.head.id, whole.legs.len()), (n.to_string(), 2));
            assert_eq!(store.spooled_bytes(kept[0]).await.unwrap().unwrap().1.len(), 100);
        }
    }
    assert_eq!(totals(&state), (499, 49_900));
}

/// Makes a database as the first version did: without a spool, and never smaller.
fn of_version_1(state: &TempDir) {
    let mut directory = Directory::open(state.path()).unwrap();
    directory.add_domain(&Domain::parse("example.org").unwrap()).unwrap();
    let address = AliasAddress::parse("hello@example.org").unwrap();
    directory.add(&Alias::forward(address, ["bob@sink.test"]).unwrap()).unwrap();
    drop(directory);
    let raw = raw(state);
    raw.execute_batch(
        "DROP TABLE spool; DROP TABLE spool_legs; DROP TABLE spool_totals; DROP TABLE sts_policies;
         DROP TABLE tls_results; DROP TABLE tls_reported; PRAGMA user_version = 1;
         PRAGMA auto_vacuum = 0; VACUUM;",
    )
    .unwrap();
    assert_eq!(pragma(&raw, "auto_vacuum"), 0);
}

fn pragma(raw: &Connection, name: &str) -> i64 {
    raw.pragma_query_value(None, name, |row| row.get(0)).unwrap()
}

#[tokio::test]
async fn a_database_of_the_first_version_keeps_its_aliases_and_gets_a_spool() {
    let state = TempDir::new().unwrap();
    of_version_1(&state);
    let store = open(&state);
    store.spool(vec![message("A", 1, &["a@x.test"])]).await.unwrap();
    assert_eq!(totals(&state), (1, 1));
    let directory = Directory::open(state.path()).unwrap();
    let alias = directory.get(&AliasAddress::parse("hello@example.org").unwrap()).unwrap().unwrap();
    assert_eq!(alias.destinations()[0].to_string(), "bob@sink.test");
    assert_eq!(pragma(&raw(&state), "auto_vacuum"), 2, "it can shrink now");
}

#[tokio::test]
async fn the_room_of_messages_that_went_is_given_back_to_the_disk() {
    let state = TempDir::new().unwrap();
    let store = open(&state);
    let octets = 100_000;
    let mut kept = Vec::new();
    for n in 0..200 {
        kept.extend(store.spool(vec![message(&format!("{n}"), octets, &[])]).await.unwrap());
    }
    // The last one stays, at the end of the file.
    let stays = store.spool(vec![message("stays", octets, &["a@x.test"])]).await.unwrap()[0];
    let size = || {
        raw(&state).query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |_| Ok(())).unwrap();
        fs::metadata(state.path().join("onward.db")).unwrap().len()
    };
    assert!(size() > 20_000_000);
    store.spool_bury(kept).await.unwrap();
    assert!(size() > 20_000_000, "free pages are used again first");
    store.purge(UnixTime::new(0)).await.unwrap();
    assert!(size() < 1_000_000, "{}", size());
    assert_eq!(pragma(&raw(&state), "freelist_count"), 0);
    let (_, bytes) = store.spooled_bytes(stays).await.unwrap().unwrap();
    assert!(bytes.len() == octets && bytes.iter().all(|byte| *byte == b'x'));
    assert_eq!(integrity(&state.path().join("onward.db")), "ok");
}

fn integrity(file: &Path) -> String {
    let connection = Connection::open(file).unwrap();
    connection.query_row("PRAGMA integrity_check", (), |row| row.get(0)).unwrap()
}

#[tokio::test]
async fn backups_of_any_name() {
    let state = TempDir::new().unwrap();
    let store = open(&state);
    store.spool(vec![message("A", 5_000, &["a@x.test"])]).await.unwrap();
    let place = TempDir::new().unwrap();
    let names: [&[u8]; 6] =
        [b"plain.db", b"it's \"50%\" new\nline?mode=memory#x", b"file:x", b"-", b".x", b"\xff\xfe"];
    for name in names {
        let file = place.path().join(OsStr::from_bytes(name));
        backup(state.path(), &file).unwrap();
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        let count = |file| {
            let connection = Connection::open(file).unwrap();
            assert_eq!(pragma(&connection, "auto_vacuum"), 2, "it can shrink, too");
            connection.query_row("SELECT count(*) FROM spool", (), |row| row.get::<_, i64>(0))
        };
        assert_eq!(count(&file), Ok(1), "{file:?}");
    }
    let made = fs::read_dir(place.path()).unwrap().count();
    assert_eq!(made, names.len(), "and nothing beside them");
}

#[test]
fn a_backup_makes_and_overwrites_nothing() {
    let state = TempDir::new().unwrap();
    let to = state.path().join("copy");
    let absent = backup(state.path(), &to).unwrap_err();
    assert!(matches!(absent, StoreError::Absent { .. }), "{absent}");
    assert_eq!(fs::read_dir(state.path()).unwrap().count(), 0, "no database is made");

    drop(Directory::open(state.path()).unwrap());
    fs::write(&to, "somebody's").unwrap();
    std::os::unix::fs::symlink("nowhere", state.path().join("link")).unwrap();
    for taken in ["copy", "link", "."] {
        let refused = backup(state.path(), &state.path().join(taken)).unwrap_err();
        assert!(refused.to_string().contains("it exists"), "{refused}");
    }
    assert_eq!(fs::read_to_string(&to).unwrap(), "somebody's");
    let nowhere = backup(state.path(), Path::new("/proc/self/copy")).unwrap_err();
    assert!(nowhere.to_string().starts_with("cannot write the backup /proc/"), "{nowhere}");
}
