//! The journal from outside: what is recorded is found, within bounds, whatever happens to the file.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(missing_docs)]

use onward::{
    address::{Mailbox, ReversePath},
    clock::millis as now,
    store::journal::{Attempt, Bounds, Filter, Journal, JournalError, Outcome, Reader, Record},
    time::{DAY, Millis, whole_millis},
};
use std::{fs, path::Path, time::Duration};

fn record(id: &str, time: Millis) -> Record {
    Record {
        id: id.into(),
        time,
        client: Some("192.0.2.1".parse().unwrap()),
        helo: "mx.example".into(),
        from: ReversePath::Mailbox(Mailbox::parse("Alice@sender.example").unwrap()),
        srs_from: Some("SRS0=abcd=XY=sender.example=alice@fwd.example".into()),
        to: vec!["hello@fwd.example".into(), "sales@fwd.example".into()],
        outcome: Outcome::Forwarded,
        reply: "250 2.0.0 ok".into(),
        size: 1234,
        ms: 56,
        auth: String::new(),
        tls: "TLSv1.3 TLS_AES_256_GCM_SHA384".into(),
        detail: String::new(),
        attempts: vec![Attempt {
            time: time + Duration::from_millis(1),
            to: vec!["me@mailbox.example".into()],
            host: "mx.mailbox.example [198.51.100.1]:25".into(),
            reply: "250 2.0.0 queued".into(),
            ms: 40,
            tls: String::new(),
            verdict: "delivered".into(),
        }],
    }
}

fn read(state_dir: &Path, filter: &Filter) -> Vec<Record> {
    let mut records = Vec::new();
    Reader::open(state_dir)
        .unwrap()
        .read(filter, |record| -> Result<(), JournalError> {
            records.push(record);
            Ok(())
        })
        .unwrap();
    records
}

fn ids(state_dir: &Path, filter: &Filter) -> Vec<String> {
    read(state_dir, filter).into_iter().map(|record| record.id).collect()
}

#[tokio::test]
async fn what_is_recorded_is_read_back_whole_and_survives_reopening() {
    let dir = tempfile::tempdir().unwrap();
    let first = record("a1", now());
    let bounce = Record {
        client: None,
        from: ReversePath::Null,
        srs_from: None,
        outcome: Outcome::Refused,
        attempts: Vec::new(),
        ..record("a2", now())
    };
    let journal = Journal::open(dir.path(), Bounds::default()).unwrap();
    journal.record(first.clone()).await;
    journal.flush().await;
    assert_eq!(read(dir.path(), &Filter::default()), std::slice::from_ref(&first));
    journal.close().await;

    let journal = Journal::open(dir.path(), Bounds::default()).unwrap();
    journal.record(bounce.clone()).await;
    journal.flush().await;
    assert_eq!(read(dir.path(), &Filter::default()), [first, bounce]);
}

#[tokio::test]
async fn filters() {
    let dir = tempfile::tempdir().unwrap();
    let journal = Journal::open(dir.path(), Bounds::default()).unwrap();
    let start = now() - Duration::from_secs(3);
    journal.record(record("a1", start)).await;
    journal
        .record(Record {
            from: ReversePath::Null,
            srs_from: None,
            ..record("a2", start + Duration::from_secs(1))
        })
        .await;
    journal
        .record(Record {
            to: vec!["other@fwd.example".into()],
            attempts: vec![],
            ..record("a3", start + Duration::from_secs(2))
        })
        .await;
    journal.flush().await;

    let some = |text: &str| Some(text.to_owned());
    let all = Filter::default();
    for (filter, expected) in [
        (all.clone(), vec!["a1", "a2", "a3"]),
        (Filter { id: some("a2"), ..all.clone() }, vec!["a2"]),
        (Filter { id: some("zz"), ..all.clone() }, vec![]),
        (Filter { from: some("alice@SENDER.example"), ..all.clone() }, vec!["a1", "a3"]),
        (Filter { from: some("@sender.example"), ..all.clone() }, vec!["a1", "a3"]),
        (Filter { from: some("@ender.example"), ..all.clone() }, vec![]),
        (
            Filter { from: some("SRS0=abcd=XY=sender.example=alice@fwd.example"), ..all.clone() },
            vec!["a1", "a3"],
        ),
        (Filter { from: some("<>"), ..all.clone() }, vec!["a2"]),
        (Filter { to: some("sales@fwd.example"), ..all.clone() }, vec!["a1", "a2"]),
        (Filter { to: some("me@mailbox.example"), ..all.clone() }, vec!["a1", "a2"]),
        (Filter { since: Some(start + Duration::from_secs(1)), ..all.clone() }, vec!["a2", "a3"]),
        (Filter { limit: Some(2), ..all.clone() }, vec!["a2", "a3"]),
        (Filter { limit: Some(1), to: some("sales@fwd.example"), ..all.clone() }, vec!["a2"]),
        (Filter { limit: Some(0), ..all.clone() }, vec![]),
    ] {
        assert_eq!(ids(dir.path(), &filter), expected, "{filter:?}");
    }
}

#[tokio::test]
async fn many_records_come_back_in_order_page_by_page() {
    let dir = tempfile::tempdir().unwrap();
    let journal = Journal::open(dir.path(), Bounds::default()).unwrap();
    let time = now();
    for n in 0..2500 {
        // Many share a time stamp.
        journal.record(record(&n.to_string(), time + Duration::from_millis(n / 700))).await;
    }
    journal.flush().await;
    let expected: Vec<String> = (0..2500).map(|n| n.to_string()).collect();
    assert_eq!(ids(dir.path(), &Filter::default()), expected);
    let last = Filter { limit: Some(1200), ..Filter::default() };
    assert_eq!(ids(dir.path(), &last), expected[1300..]);
}

#[tokio::test]
async fn old_records_are_deleted() {
    let dir = tempfile::tempdir().unwrap();
    let journal = Journal::open(dir.path(), Bounds::default()).unwrap();
    for n in 0..1200 {
        journal.record(record(&format!("old{n}"), now() - DAY * 31)).await;
    }
    journal.record(record("kept", now() - DAY * 29)).await;
    journal.flush().await;
    until(|| ids(dir.path(), &Filter::default()) == ["kept"]).await;
}

#[tokio::test]
async fn the_oldest_records_make_room() {
    let dir = tempfile::tempdir().unwrap();
    let bounds = Bounds { size: 1 << 20, ..Bounds::default() };
    let journal = Journal::open(dir.path(), bounds).unwrap();
    let time = now();
    for n in 0..6000 {
        journal.record(record(&n.to_string(), time + Duration::from_millis(n))).await;
    }
    journal.flush().await;
    let mut kept = Vec::new();
    until(|| {
        let before = std::mem::replace(&mut kept, ids(dir.path(), &Filter::default()));
        kept.len() < 6000 && before == kept
    })
    .await;
    assert!(kept.len() > 500, "only what must go is deleted: {} left", kept.len());
    assert_eq!(kept.last().unwrap(), "5999");
    assert_eq!(kept.first().unwrap().parse::<usize>().unwrap(), 6000 - kept.len());
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
        assert_eq!(ids(dir.path(), &Filter::default()), ["new"]);
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
    assert_eq!(ids(dir.path(), &Filter::default()), ["new"]);
    assert!(dir.path().join("journal.db.corrupt-1").exists());
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
    assert_eq!(ids(dir.path(), &Filter::default()), ["kept"]);
}

#[test]
fn what_is_no_journal_of_ours() {
    let dir = tempfile::tempdir().unwrap();
    assert!(matches!(Reader::open(dir.path()), Err(JournalError::Absent { .. })));
    let later = rusqlite::Connection::open(dir.path().join("journal.db")).unwrap();
    later.pragma_update(None, "user_version", 99).unwrap();
    assert!(matches!(Reader::open(dir.path()), Err(JournalError::TooNew { found: 99, .. })));
    let opened = Journal::open(dir.path(), Bounds::default());
    assert!(matches!(opened, Err(JournalError::TooNew { found: 99, .. })));
    assert!(Journal::open(Path::new("/nonexistent"), Bounds::default()).is_err());
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

/// Waits for the writer's thread to have done something only the file shows.
async fn until(mut done: impl FnMut() -> bool) {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(30);
    while !done() {
        assert!(tokio::time::Instant::now() < deadline, "not within 30 s");
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
}

#[tokio::test]
async fn failures_count_from_when_they_failed_not_from_when_the_message_came() {
    let dir = tempfile::tempdir().unwrap();
    let journal = Journal::open(dir.path(), Bounds::default()).unwrap();
    let five_days_ago = |id| Record { outcome: Outcome::Spooled, ..record(id, now() - DAY * 5) };
    for id in ["given up today", "given up long ago", "waits"] {
        journal.record(five_days_ago(id)).await;
    }
    let failed = |id, took: Duration| Record {
        outcome: Outcome::Failed,
        ms: whole_millis(took),
        ..five_days_ago(id)
    };
    journal.amend(failed("given up today", DAY * 5 - Duration::from_secs(1))).await;
    journal.amend(failed("given up long ago", DAY)).await;
    journal.close().await;
    let reader = Reader::open(dir.path()).unwrap();
    assert_eq!(reader.count_failed(now() - DAY).unwrap(), 1);
    assert_eq!(reader.count_failed(Millis::EPOCH).unwrap(), 2);
}

/// A spooled message may end, or be dropped by the operator, before its first record is written.
#[tokio::test]
async fn a_late_first_record_does_not_undo_an_end() {
    let dir = tempfile::tempdir().unwrap();
    let journal = Journal::open(dir.path(), Bounds::default()).unwrap();
    let at = now();
    let ended = Record {
        outcome: Outcome::Forwarded,
        detail: "me may have got it twice".into(),
        attempts: Vec::new(),
        ..record("A", at)
    };
    journal.amend(ended.clone()).await;
    journal.record(Record { outcome: Outcome::Spooled, ..record("A", at) }).await;
    // Told again after a crash: the same words once.
    journal.amend(Record { detail: format!("told; {}", ended.detail), ..ended }).await;
    journal.close().await;
    let read = read(dir.path(), &Filter::default());
    let [record] = read.as_slice() else { panic!("one record, not {read:?}") };
    assert_eq!(record.outcome, Outcome::Forwarded);
    assert_eq!(record.detail, "me may have got it twice; told");
    assert_eq!(record.attempts.len(), 1);
}
