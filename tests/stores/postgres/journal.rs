//! The journal that nodes share: what they write of the same messages, and when the server is away.

use super::{InDatabase, proxy::Proxy};
use crate::{
    journal::{ids, read, record},
    place::JournalPlace,
};
use onward::{
    clock::millis as now,
    store::journal::{Bounds, Filter, Journal, Outcome, Record, Span},
    time::{DAY, UnixTime},
};
use std::{collections::BTreeSet, os::unix::fs::symlink, path::Path, time::Duration};
use tokio::time::{Instant, timeout};

async fn all(place: &InDatabase) -> Vec<String> {
    ids(place, &Filter::default()).await
}

/// Waits until the journal holds nothing but these, whose writers have their turns meanwhile.
async fn holds(place: &InDatabase, journals: &[&Journal], expected: &[&str]) {
    let deadline = Instant::now() + Duration::from_secs(30);
    let mut found = all(place).await;
    while found != expected {
        assert!(Instant::now() < deadline, "{found:?} and not {expected:?}");
        for journal in journals {
            journal.flush().await;
        }
        found = all(place).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_two_nodes_write_of_a_message_at_once_is_one_record() {
    let Some(place) = InDatabase::new() else { return };
    let (a, b) = (place.journal(), place.journal());
    let time = now();
    let of = |n: usize, outcome| Record { outcome, ..record(&format!("M{n}"), time) };
    for round in 0..4 {
        let some = round * 50..(round + 1) * 50;
        let first = async {
            for n in some.clone() {
                a.record(of(n, Outcome::Spooled)).await;
            }
            a.flush().await;
        };
        let end = async {
            for n in some.clone().rev() {
                b.amend(of(n, Outcome::Forwarded)).await;
            }
            b.flush().await;
        };
        tokio::join!(first, end);
    }
    let records = read(&place, &Filter::default()).await;
    let named: BTreeSet<&str> = records.iter().map(|record| record.id.as_str()).collect();
    assert_eq!((records.len(), named.len()), (200, 200));
    for record in &records {
        assert_eq!((record.outcome, record.attempts.len()), (Outcome::Forwarded, 2), "{record:?}");
    }
    let counts = place.reading().traffic(None, Span::Day, UnixTime::new(0)).await.unwrap();
    let counts = counts.iter().map(|it| format!("{} {}", it.class.to_key(), it.messages));
    assert_eq!(counts.collect::<Vec<_>>(), ["forwarded 200"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_writes_late_does_not_turn_back_what_became_of_a_message() {
    let Some(place) = InDatabase::new() else { return };
    let (a, b) = (place.journal(), place.journal());
    let time = now();
    let ends = [Outcome::Forwarded, Outcome::Failed, Outcome::Partial, Outcome::Dropped];
    for (n, end) in ends.into_iter().enumerate() {
        let of = |outcome| Record { outcome, ..record(&format!("M{n}"), time) };
        a.record(of(Outcome::Spooled)).await;
        a.flush().await;
        b.amend(of(end)).await;
        b.flush().await;
        a.amend(of(Outcome::Spooled)).await;
        a.flush().await;
    }
    let records = read(&place, &Filter::default()).await;
    assert_eq!(records.len(), ends.len());
    for record in &records {
        let at: usize = record.id.trim_start_matches('M').parse().unwrap();
        assert_eq!((record.outcome, record.attempts.len()), (ends[at], 3), "{record:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_that_another_node_deleted_begins_again() {
    let Some(place) = InDatabase::new() else { return };
    let journal = place.journal_with(Bounds { age: DAY * 90, ..Bounds::default() });
    let old = |id| record(id, now() - DAY * 40);
    journal.record(old("first")).await;
    journal.record(record("new", now())).await;
    holds(&place, &[&journal], &["first", "new"]).await;
    let other = place.journal();
    holds(&place, &[&journal, &other], &["new"]).await;
    other.close().await;
    journal.record(old("second")).await;
    journal.flush().await;
    assert_eq!(all(&place).await, ["second", "new"]);
}

async fn by_way_of(place: &InDatabase, directory: &Path) -> Journal {
    let database = place.by_way_of(directory);
    Journal::connect(database, "mx1.test".into(), Bounds::default()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_written_and_nobody_heard_of_is_not_written_again() {
    let Some(place) = InDatabase::new() else { return };
    let proxy = Proxy::new(place.directory());
    let journal = by_way_of(&place, proxy.directory()).await;
    let time = now();
    journal.record(record("A", time)).await;
    journal.flush().await;
    for round in 0..3 {
        proxy.lose_commits(true);
        journal.record(record(&format!("B{round}"), time)).await;
        journal.amend(record("A", time)).await;
        journal.flush().await;
        // Lost too, with what was lost before.
        journal.record(record(&format!("C{round}"), time)).await;
        journal.flush().await;
        proxy.lose_commits(false);
        journal.record(record(&format!("D{round}"), time)).await;
        journal.flush().await;
    }
    let records = read(&place, &Filter::default()).await;
    let found: Vec<&str> = records.iter().map(|record| record.id.as_str()).collect();
    let expected = (0..3).flat_map(|n| ["B", "C", "D"].map(|id| format!("{id}{n}")));
    let expected: Vec<String> = ["A".to_owned()].into_iter().chain(expected).collect();
    assert_eq!(found, expected);
    assert_eq!(records[0].attempts.len(), 4, "one, and one more in each round");
    let counts = place.reading().traffic(None, Span::Day, UnixTime::new(0)).await.unwrap();
    assert_eq!(counts[0].messages, 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_recorded_while_the_server_is_away_is_written_when_it_is_back() {
    let Some(place) = InDatabase::new() else { return };
    let directory = tempfile::tempdir().unwrap();
    let way = directory.path().join("way");
    symlink(place.directory(), &way).unwrap();
    let journal = by_way_of(&place, &way).await;
    journal.record(record("A", now())).await;
    journal.flush().await;

    std::fs::remove_file(&way).unwrap();
    place
        .raw(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
              WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )
        .await;
    let kept: Vec<String> = (0..1_500).map(|n| format!("B{n}")).collect();
    for id in &kept {
        journal.record(record(id, now())).await;
    }
    journal.amend(Record { outcome: Outcome::Failed, ..record("B7", now()) }).await;
    timeout(Duration::from_secs(30), journal.flush()).await.expect("nobody waits for the server");
    assert_eq!(all(&place).await, ["A"]);

    symlink(place.directory(), &way).unwrap();
    let expected: Vec<&str> = ["A"].into_iter().chain(kept.iter().map(String::as_str)).collect();
    holds(&place, &[&journal], &expected).await;
    let filter = Filter { id: Some("B7".into()), ..Filter::default() };
    assert_eq!(read(&place, &filter).await[0].outcome, Outcome::Failed);
}
