//! The journal's file, whatever happens to it.

use crate::journal::record;
use onward::{
    address::Domain,
    alias::OwnedDomain,
    clock::millis as now,
    store::journal::{Bounds, Filter, Journal, JournalError, Outcome, Span, open_to_read},
    time::{Millis, UnixTime},
};
use std::{fs, path::Path};

async fn ids(state_dir: &Path) -> Vec<String> {
    let page = open_to_read(state_dir).unwrap().page(&Filter::default(), None).await.unwrap();
    page.records.into_iter().map(|record| record.id).collect()
}

/// How many messages are counted in each day.
async fn counted_days(state_dir: &Path) -> Vec<u64> {
    let reading = open_to_read(state_dir).unwrap();
    let days = reading.traffic(None, Span::Day, UnixTime::new(0)).await.unwrap();
    days.iter().map(|day| day.messages).collect()
}

#[tokio::test]
async fn a_corrupt_file_is_set_aside() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("journal.db");
    for n in 1..=2 {
        fs::write(&file, "this is no database ".repeat(1000)).unwrap();
        let journal = Journal::open(dir.path(), Bounds::default()).unwrap();
        journal.record(record("new", now())).await;
        journal.flush().await;
        assert_eq!(ids(dir.path()).await, ["new"]);
        journal.close().await;
        let aside = dir.path().join(format!("journal.db.corrupt-{n}"));
        assert!(fs::read_to_string(aside).unwrap().starts_with("this is no database"));
    }
}

#[tokio::test]
async fn a_file_that_goes_bad_under_the_writer_is_set_aside() {
    let dir = tempfile::tempdir().unwrap();
    let journal = Journal::open(dir.path(), Bounds::default()).unwrap();
    for n in 0..2000 {
        journal.record(record(&n.to_string(), now())).await;
    }
    journal.close().await;
    // Header and schema stay, the tables' pages do not.
    let file = dir.path().join("journal.db");
    let mut bytes = fs::read(&file).unwrap();
    bytes[4096..].fill(0xa5);
    fs::write(&file, bytes).unwrap();

    let journal = Journal::open(dir.path(), Bounds::default()).unwrap();
    journal.record(record("new", now())).await;
    journal.flush().await;
    assert_eq!(ids(dir.path()).await, ["new"]);
    assert!(dir.path().join("journal.db.corrupt-1").exists());
}

#[tokio::test]
async fn a_file_that_is_moved_under_the_writer_is_begun_anew() {
    let dir = tempfile::tempdir().unwrap();
    let journal = Journal::open(dir.path(), Bounds::default()).unwrap();
    journal.record(record("before", now())).await;
    journal.flush().await;
    let away = dir.path().join("away");
    fs::create_dir(&away).unwrap();
    fs::rename(dir.path().join("journal.db"), away.join("journal.db")).unwrap();
    journal.record(record("behind", now())).await;
    journal.flush().await;
    assert_eq!(ids(dir.path()).await, ["behind"]);
    assert_eq!(ids(&away).await, ["before"], "whole where it was moved");
    journal.close().await;
}

#[tokio::test]
async fn a_journal_that_cannot_be_written_loses_records_and_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let journal = Journal::open(dir.path(), Bounds::default()).unwrap();
    let other = rusqlite::Connection::open(dir.path().join("journal.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    journal.record(record("lost", now())).await;
    journal.flush().await;
    other.execute_batch("ROLLBACK").unwrap();
    journal.record(record("kept", now())).await;
    journal.flush().await;
    assert_eq!(ids(dir.path()).await, ["kept"]);
}

#[test]
fn what_is_no_journal_of_ours() {
    let dir = tempfile::tempdir().unwrap();
    assert!(matches!(open_to_read(dir.path()), Err(JournalError::Absent { .. })));
    let later = rusqlite::Connection::open(dir.path().join("journal.db")).unwrap();
    later.pragma_update(None, "user_version", 99).unwrap();
    assert!(matches!(open_to_read(dir.path()), Err(JournalError::TooNew { found: 99, .. })));
    let opened = Journal::open(dir.path(), Bounds::default());
    assert!(matches!(opened, Err(JournalError::TooNew { found: 99, .. })));
    assert!(Journal::open(&dir.path().join("missing"), Bounds::default()).is_err());
}

#[tokio::test]
async fn only_the_owner_can_read_it() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let journal = Journal::open(dir.path(), Bounds::default()).unwrap();
    journal.record(record("a", now())).await;
    journal.flush().await;
    for entry in fs::read_dir(dir.path()).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{entry:?}");
    }
}

/// Where root runs the daemon by hand, the service's user could not open the journal afterwards.
#[tokio::test]
async fn roots_goes_to_the_owner_of_the_directory() {
    use std::os::unix::fs::{MetadataExt, chown};
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("journal.db");
    fs::write(&file, "").unwrap();
    if chown(dir.path(), Some(65_534), Some(65_534)).is_err() {
        eprintln!("skipped: only root can give files away");
        return;
    }
    for _ in ["there already", "new"] {
        let journal = Journal::open(dir.path(), Bounds::default()).unwrap();
        journal.record(record("a", now())).await;
        journal.flush().await;
        for entry in fs::read_dir(dir.path()).unwrap() {
            let entry = entry.unwrap();
            assert_eq!(entry.metadata().unwrap().uid(), 65_534, "{entry:?}");
        }
        journal.close().await;
        fs::remove_file(&file).unwrap();
    }
}

/// Before the daemon of this version has opened it, and behind that.
#[tokio::test]
async fn a_journal_of_an_older_version_is_read_and_taken_over() {
    let older = [
        "PRAGMA user_version = 4;",
        "DROP INDEX message_refused; ALTER TABLE message DROP COLUMN filter; PRAGMA user_version = 3;",
        "DROP INDEX message_refused; ALTER TABLE message DROP COLUMN filter; ALTER TABLE message DROP COLUMN tls;
         ALTER TABLE attempt DROP COLUMN tls; PRAGMA user_version = 2;",
        "DROP INDEX message_refused; ALTER TABLE message DROP COLUMN filter; ALTER TABLE message DROP COLUMN tls;
         ALTER TABLE attempt DROP COLUMN tls; ALTER TABLE message DROP COLUMN auth; PRAGMA user_version = 1;",
    ];
    for older in older {
        let dir = tempfile::tempdir().unwrap();
        let journal = Journal::open(dir.path(), Bounds::default()).unwrap();
        journal.record(record("old", now())).await;
        journal.close().await;
        let file = rusqlite::Connection::open(dir.path().join("journal.db")).unwrap();
        let since_then = "DROP TABLE traffic; ALTER TABLE message DROP COLUMN class;
            DROP INDEX message_rare; ALTER TABLE message DROP COLUMN ways;";
        file.execute_batch(&format!("{since_then} {older}")).unwrap();
        drop(file);
        assert_eq!(ids(dir.path()).await, ["old"], "{older}");
        assert_eq!(counted_days(dir.path()).await, [0; 0], "{older}");
        let journal = Journal::open(dir.path(), Bounds::default()).unwrap();
        journal.record(record("new", now())).await;
        journal.flush().await;
        assert_eq!(ids(dir.path()).await, ["old", "new"], "{older}");
        assert_eq!(counted_days(dir.path()).await, [1], "{older}");
    }
}

/// What the first page of a search finds among many records, and how long it takes: `JOURNAL_ROWS=10000000 cargo test --test
/// stores -- --nocapture first_pages_among_many` tells of ten million, or with `JOURNAL_DIR` of a journal that is there.
#[tokio::test]
async fn first_pages_among_many() {
    let (made, given) = (tempfile::tempdir().unwrap(), std::env::var_os("JOURNAL_DIR"));
    let dir = given.as_deref().map_or(made.path(), Path::new);
    if given.is_none() {
        Journal::open(dir, Bounds { size: u64::MAX, ..Bounds::default() }).unwrap().close().await;
        let journal = rusqlite::Connection::open(dir.join("journal.db")).unwrap();
        let rows = std::env::var("JOURNAL_ROWS").unwrap_or_else(|_| "20000".into());
        journal.execute_batch(&MANY.replace("10000000", &rows)).unwrap();
    }
    let some = |text: &str| Some(text.to_owned());
    let all = Filter::default();
    let domain = |name: &str| {
        let domain = Domain::parse(name).unwrap();
        Some(vec![OwnedDomain { domain, since: Millis::EPOCH }])
    };
    for (what, filter) in [
        ("all", all.clone()),
        ("an id", Filter { id: some(&format!("{:026}", 5_000)), ..all.clone() }),
        ("a sender", Filter { from: some("news1@sender1.test"), ..all.clone() }),
        ("a sender who is not there", Filter { from: some("nobody@nowhere.test"), ..all.clone() }),
        ("a recipient", Filter { to: some("alias1@d1.test"), ..all.clone() }),
        ("a recipient who is not there", Filter { to: some("nobody@nowhere.test"), ..all.clone() }),
        ("forwarded", Filter { outcome: Some(Outcome::Forwarded), ..all.clone() }),
        ("refused", Filter { outcome: Some(Outcome::Refused), ..all.clone() }),
        ("failed", Filter { outcome: Some(Outcome::Failed), ..all.clone() }),
        (
            "bounced, of which there is none",
            Filter { outcome: Some(Outcome::Bounced), ..all.clone() },
        ),
        ("of a domain", Filter { domains: domain("d1.test"), ..all.clone() }),
        ("of a domain without mail", Filter { domains: domain("nowhere.test"), ..all.clone() }),
    ] {
        let mut times = Vec::new();
        let mut found = 0;
        for _ in 0..5 {
            let began = std::time::Instant::now();
            let journal = open_to_read(dir).unwrap();
            found = journal.latest(&filter, None, 50).await.unwrap().records.len();
            times.push(began.elapsed());
        }
        let first = times[0];
        times.sort();
        match what {
            "all" | "forwarded" | "refused" => assert_eq!(found, 50, "{what}"),
            "an id" => assert_eq!(found, 1),
            what if what.contains("not there")
                || what.contains("none")
                || what.contains("without") =>
            {
                assert_eq!(found, 0, "{what}");
            }
            _ => {}
        }
        println!("{what:<34} {found:>3} found, first {first:?}, median {:?}", times[2]);
    }
}

/// A month of mail: seven in ten are forwarded, most others refused.
const MANY: &str = "
    PRAGMA synchronous = OFF;
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000000)
    INSERT INTO message SELECT i, printf('%026d', i), 1790000000000 + i * 259, '192.0.2.' || (i * 7 % 250),
        'mx' || (i * 31 % 5000) || '.sender.test', 'news' || (i * 7919 % 200000) || '@sender' || (i * 31 % 5000) || '.test',
        CASE WHEN i % 10 < 7 THEN 'SRS0=AbCd=XY=sender' || (i * 31 % 5000) || '.test=news@d.test' END,
        '[\"alias' || (i % 100) || '@d' || (i * 104729 % 10000) || '.test\"]',
        CASE WHEN i % 10 < 7 THEN 'forwarded' WHEN i % 1000 = 7 THEN 'failed' WHEN i % 1000 = 8 THEN 'spooled' ELSE 'refused' END,
        CASE WHEN i % 10 < 7 THEN '250 2.0.0 x forwarded, the destination said 2xx' ELSE '550 5.1.1 No such address here' END,
        5000, 100, '', CASE WHEN i % 10 < 7 THEN 'spf=pass dkim=pass (sender.test) dmarc=none; class b (no DMARC policy is enforced)'
        ELSE '' END, 'TLSv1.3 TLS_AES_256_GCM_SHA384', '', '{}', '' FROM n;
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000000)
    INSERT INTO attempt SELECT i, 1790000000000 + i * 259, '[\"user' || (i % 1000) || '@gmail.com\"]',
        'gmail-smtp-in.l.google.com [192.0.2.27]:25', '250 2.0.0 OK 1234 - gsmtp', 90, 'delivered', 'TLSv1.3'
        FROM n WHERE i % 10 < 7;
";
