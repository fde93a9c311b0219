//! The spool in the file: older versions of it, its size, backups.

use super::{open, raw, totals};
use crate::place::{address, domain, forward, message};
use onward::{
    store::{StoreError, backup},
    time::UnixTime,
};
use rusqlite::Connection;
use std::{
    ffi::OsStr,
    fs,
    os::unix::{ffi::OsStrExt, fs::PermissionsExt},
    path::Path,
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
    raw.execute_batch(
        "DROP TABLE spool; DROP TABLE spool_legs; DROP TABLE spool_totals; DROP TABLE sts_policies;
         DROP TABLE tls_results; DROP TABLE tls_reported; DROP TABLE told;
         DROP TRIGGER srs_in; DROP TRIGGER srs_out; DROP TRIGGER srs_of_another; DROP TABLE srs_shares;
         DROP TABLE srs_total; DROP INDEX srs_addresses_by_client;
         ALTER TABLE srs_addresses DROP COLUMN client;
         ALTER TABLE aliases DROP COLUMN keep_tag; ALTER TABLE aliases DROP COLUMN spam;
         ALTER TABLE aliases DROP COLUMN allow; PRAGMA user_version = 1;
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
