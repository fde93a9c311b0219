//! The spool in the file: older versions of it, its size, backups.

use super::{VERSION_6, open, raw, totals};
use crate::place::{address, bytes, domain, forward, leg, message};
use onward::{
    message::{Change, Source, Text},
    store::{
        Options, Store, StoreError, backup,
        spool::{NewMessage, SpoolBounds, SpoolError},
    },
    time::UnixTime,
};
use rusqlite::Connection;
use std::{
    ffi::OsStr,
    fs,
    os::unix::{ffi::OsStrExt, fs::PermissionsExt},
    path::Path,
    sync::Arc,
};
use tempfile::TempDir;

/// Makes a database as the first version did: without a spool, and never smaller.
async fn of_version_1(state: &TempDir) {
    let store = open(state);
    store.add_domain(&domain("example.org")).await.unwrap();
    store.add_alias(&forward("hello@example.org", "bob@sink.test")).await.unwrap();
    store.close().await;
    drop(store);
    let raw = raw(state);
    raw.execute_batch(include_str!("../../support/version_15.sql")).unwrap();
    raw.execute_batch(
        "DROP TABLE spool_texts; DROP TABLE spool; DROP TABLE spool_legs; DROP TABLE spool_totals; DROP TABLE sts_policies;
         DROP TABLE tls_results; DROP TABLE tls_reported; DROP TABLE told;
         DROP TABLE accounts; DROP TABLE account_send_as; DROP TABLE account_passwords;
         DROP TABLE account_usage; DROP TABLE account_recipients;
         DROP TRIGGER srs_in; DROP TRIGGER srs_out; DROP TRIGGER srs_of_another; DROP TABLE srs_shares;
         DROP TABLE srs_total; DROP INDEX srs_addresses_by_client; DROP INDEX srs_addresses_by_group;
         ALTER TABLE srs_addresses DROP COLUMN client;
         CREATE INDEX srs_addresses_by_expiry ON srs_addresses (expires);
         ALTER TABLE aliases DROP COLUMN keep_tag; ALTER TABLE aliases DROP COLUMN spam;
         ALTER TABLE aliases DROP COLUMN allow; ALTER TABLE aliases DROP COLUMN reply_by_address; PRAGMA user_version = 1;
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
    of_version_1(&state).await;
    let store = open(&state);
    store.spool(vec![message("A", 1, &["a@x.test"])]).await.unwrap();
    assert_eq!(totals(&state), (1, 1));
    let alias = store.alias(&address("hello@example.org")).await.unwrap().unwrap();
    assert_eq!(alias.destinations()[0].to_string(), "bob@sink.test");
    assert_eq!(pragma(&raw(&state), "auto_vacuum"), 2, "it can shrink now");
}

#[tokio::test]
async fn messages_that_were_kept_as_whole_copies_are_read_and_end_beside_new_ones() {
    let state = TempDir::new().unwrap();
    open(&state).close().await;
    let older = raw(&state);
    older.execute_batch(VERSION_6).unwrap();
    for (id, text) in [("A", "From: a via b\r\n\r\nbody\r\n"), ("B", "")] {
        let sql = "INSERT INTO spool (id, arrived, helo, sender, notify, eight_bit, smtputf8, has_delivered,
                   has_failed, size, prefix, message) VALUES (?1, 1, '', '', 0, 0, 0, 0, 0, ?2, ?3, ?4)";
        let text = text.as_bytes();
        older
            .execute(sql, rusqlite::params![id, text.len() as i64, &b"X: 1\r\n"[..], text])
            .unwrap();
    }
    older.close().unwrap();
    let store = open(&state);
    assert_eq!(totals(&state), (2, 23));
    let new = store.spool(vec![message("C", 7, &[])]).await.unwrap()[0];
    assert_eq!(bytes(&store, 1).await, b"X: 1\r\nFrom: a via b\r\n\r\nbody\r\n");
    assert_eq!(bytes(&store, 2).await, b"X: 1\r\n");
    assert_eq!(bytes(&store, new).await, b"xxxxxxx");
    assert_eq!(store.queue_get("a").await.unwrap().unwrap().1, bytes(&store, 1).await);
    assert_eq!(totals(&state), (3, 30));
    store.spool_bury(vec![1]).await.unwrap();
    assert_eq!(totals(&state), (2, 7));
    store.spool_bury(vec![2, new]).await.unwrap();
    assert_eq!(totals(&state), (0, 0));
    assert_eq!(integrity(&state.path().join("onward.db")), "ok");
}

/// Forms of one message, each with another From.
fn forms(octets: usize, count: usize) -> Vec<NewMessage> {
    let head = b"A: 1\r\nFrom: x\r\n\r\n";
    let mut whole = head.to_vec();
    whole.extend((head.len()..octets).map(|at| (at % 251) as u8));
    let source = Arc::new(Source::from(whole));
    let form = |number: usize| {
        let change = Change { at: 6..15, with: format!("From: {number}\r\n").into() };
        let text = Text::new(format!("X: {number}\r\n"), Arc::clone(&source));
        let text = Text { change: Some(change), ..text };
        NewMessage { text, legs: vec![leg("a@x.test")], ..message(&number.to_string(), 0, &[]) }
    };
    (0..count).map(form).collect()
}

#[tokio::test]
async fn forms_of_a_message_take_the_room_of_one() {
    let state = TempDir::new().unwrap();
    let octets = 1_000_000;
    let bounds = SpoolBounds { octets: 1_100_000, ..SpoolBounds::NONE };
    let bounded = Options { spool: bounds, ..Options::default() };
    let store = Store::open(state.path(), bounded).unwrap();
    let forms = forms(octets, 100);
    let whole: Vec<Vec<u8>> = forms.iter().map(|form| form.text.to_vec()).collect();
    let kept = store.spool(forms.clone()).await.unwrap();
    assert_eq!(store.spool(forms).await, Err(SpoolError::Full("spool.max_bytes")));
    let size = fs::metadata(state.path().join("onward.db-wal")).unwrap().len();
    assert!(size < 1_500_000, "{size}");
    let (messages, counted) = totals(&state);
    assert_eq!(messages, 100);
    assert!((1_000_000..1_010_000).contains(&counted), "{counted}");
    let figures = store.spool_figures().await.unwrap();
    assert_eq!((figures.messages, figures.octets), (100, octets as u64));
    assert_eq!(store.queue_summary().await.unwrap().octets, octets as u64);
    for (seq, whole) in kept.iter().zip(&whole) {
        assert!(bytes(&store, *seq).await == *whole, "{seq}");
    }
    let (last, others) = kept.split_last().unwrap();
    let end = async |seqs: &[i64]| {
        for seq in seqs {
            crate::place::conclude(&store, *seq, 0, onward::store::spool::LegState::Delivered)
                .await;
        }
        store.spool_bury(seqs.to_vec()).await.unwrap();
    };
    end(others).await;
    assert!(bytes(&store, *last).await == whole[99], "the last form has all octets still");
    end(&[*last]).await;
    assert_eq!(totals(&state), (0, 0));
    assert_eq!(
        raw(&state).query_row("SELECT count(*) FROM spool_texts", (), |row| row.get(0)),
        Ok(0)
    );
}

#[tokio::test]
async fn octets_that_are_not_whole_are_not_sent() {
    let state = TempDir::new().unwrap();
    let store = open(&state);
    let seq = store.spool(vec![message("A", 600_000, &["a@x.test"])]).await.unwrap()[0];
    let Some(kept) = store.spooled(seq).await.unwrap() else { panic!("gone") };
    raw(&state).execute("DELETE FROM spool_texts WHERE at > 0 AND at < 500000", ()).unwrap();
    store.spooled_source(kept.source, kept.size).await.unwrap_err();
    raw(&state).execute("DELETE FROM spool_texts", ()).unwrap();
    assert_eq!(store.spooled_source(kept.source, kept.size).await, Ok(None));
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
    let bytes = bytes(&store, stays).await;
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

    drop(open(&state));
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
