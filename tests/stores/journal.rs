//! The journal: what is recorded is found, within bounds.

use crate::place::JournalPlace;
use onward::{
    address::{Mailbox, ReversePath},
    clock::millis as now,
    rspamd::{Action, Symbol, Verdict},
    store::journal::{AttemptLine, Bounce, Bounds, Filter, Journal, Outcome, Record},
    time::{DAY, Millis, whole_millis},
};
use std::time::Duration;

pub(crate) fn record(id: &str, time: Millis) -> Record {
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
        filter: Some(Verdict {
            action: Action::AddHeader,
            score: 7.25.into(),
            required: Some(15.0.into()),
            symbols: vec![Symbol { name: "BAYES_SPAM".into(), score: 5.1.into() }],
        }),
        detail: String::new(),
        attempts: vec![AttemptLine {
            time: time + Duration::from_millis(1),
            to: vec!["me@mailbox.example".into()],
            host: "mx.mailbox.example [198.51.100.1]:25".into(),
            reply: "250 2.0.0 queued".into(),
            ms: 40,
            tls: String::new(),
            verdict: "delivered".into(),
        }],
        ways: Some(crate::place::ways("me@mailbox.example")),
        node: None,
    }
}

pub(crate) async fn read(place: &dyn JournalPlace, filter: &Filter) -> Vec<Record> {
    let reading = place.reading();
    let (mut records, mut after) = (Vec::new(), None);
    loop {
        let page = reading.page(filter, after).await.unwrap();
        // Who wrote it is the kind of store's to tell.
        records.extend(page.records.into_iter().map(|record| Record { node: None, ..record }));
        match page.next {
            Some(next) => after = Some(next),
            None => return records,
        }
    }
}

pub(crate) async fn ids(place: &dyn JournalPlace, filter: &Filter) -> Vec<String> {
    read(place, filter).await.into_iter().map(|record| record.id).collect()
}

/// Waits for the writer's thread to have done something only the journal shows, one of its turns after the
/// other.
async fn until(journal: &Journal, mut done: impl AsyncFnMut() -> bool) {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(30);
    while !done().await {
        assert!(tokio::time::Instant::now() < deadline, "not within 30 s");
        journal.flush().await;
    }
}

pub(crate) async fn what_is_recorded_is_read_back_whole_and_survives_reopening(
    place: &dyn JournalPlace,
) {
    let first = record("a1", now());
    let bounce = Record {
        client: None,
        from: ReversePath::Null,
        srs_from: None,
        outcome: Outcome::Refused,
        attempts: Vec::new(),
        ..record("a2", now())
    };
    let journal = place.journal();
    journal.record(first.clone()).await;
    journal.flush().await;
    assert_eq!(read(place, &Filter::default()).await, std::slice::from_ref(&first));
    journal.close().await;

    let journal = place.journal();
    journal.record(bounce.clone()).await;
    journal.flush().await;
    assert_eq!(read(place, &Filter::default()).await, [first, bounce]);
}

pub(crate) async fn filters(place: &dyn JournalPlace) {
    let journal = place.journal();
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
        (Filter { until: Some(start + Duration::from_secs(1)), ..all.clone() }, vec!["a1"]),
        (Filter { limit: Some(2), ..all.clone() }, vec!["a2", "a3"]),
        (Filter { limit: Some(1), to: some("sales@fwd.example"), ..all.clone() }, vec!["a2"]),
        (Filter { limit: Some(0), ..all.clone() }, vec![]),
    ] {
        assert_eq!(ids(place, &filter).await, expected, "{filter:?}");
    }
}

pub(crate) async fn many_records_come_back_in_order_page_by_page(place: &dyn JournalPlace) {
    let journal = place.journal();
    let time = now();
    for n in 0..2500 {
        // Many share a time stamp.
        journal.record(record(&n.to_string(), time + Duration::from_millis(n / 700))).await;
    }
    journal.flush().await;
    let expected: Vec<String> = (0..2500).map(|n| n.to_string()).collect();
    assert_eq!(ids(place, &Filter::default()).await, expected);
    let last = Filter { limit: Some(1200), ..Filter::default() };
    assert_eq!(ids(place, &last).await, expected[1300..]);
}

pub(crate) async fn old_records_are_deleted(place: &dyn JournalPlace) {
    let journal = place.journal();
    for n in 0..1200 {
        journal.record(record(&format!("old{n}"), now() - DAY * 31)).await;
    }
    journal.record(record("kept", now() - DAY * 29)).await;
    journal.flush().await;
    until(&journal, async || ids(place, &Filter::default()).await == ["kept"]).await;
}

pub(crate) async fn the_oldest_records_make_room(place: &dyn JournalPlace) {
    let bounds = Bounds { size: 1 << 20, ..Bounds::default() };
    let journal = place.journal_with(bounds);
    let time = now();
    for n in 0..6000 {
        journal.record(record(&n.to_string(), time + Duration::from_millis(n))).await;
    }
    journal.flush().await;
    let mut kept = Vec::new();
    until(&journal, async || {
        let before = std::mem::replace(&mut kept, ids(place, &Filter::default()).await);
        kept.len() < 6000 && before == kept
    })
    .await;
    assert!(kept.len() > 500, "only what must go is deleted: {} left", kept.len());
    assert_eq!(kept.last().unwrap(), "5999");
    assert_eq!(kept.first().unwrap().parse::<usize>().unwrap(), 6000 - kept.len());
}

fn refused(id: &str, time: Millis) -> Record {
    Record { outcome: Outcome::Refused, attempts: Vec::new(), ..record(id, time) }
}

pub(crate) async fn what_was_refused_is_deleted_first(place: &dyn JournalPlace) {
    let small = Bounds { size: 1 << 20, ..Bounds::default() };
    let journal = place.journal_with(small);
    let time = now();
    journal.record(refused("week old", time - DAY * 8)).await;
    for n in 0..100 {
        journal.record(record(&format!("delivered {n}"), time - DAY * 20)).await;
    }
    for n in 0..5000 {
        journal.record(refused(&n.to_string(), time + Duration::from_millis(n))).await;
    }
    journal.flush().await;
    journal.set_bounds(small).await;
    let mut kept = Vec::new();
    until(&journal, async || {
        let before = std::mem::replace(&mut kept, ids(place, &Filter::default()).await);
        kept.len() < 5000 && before == kept
    })
    .await;
    let (delivered, refused): (Vec<_>, Vec<_>) =
        kept.iter().partition(|id| id.starts_with("delivered"));
    assert_eq!(delivered.len(), 100, "a flood of refusals takes nothing from what was delivered");
    assert!(refused.len() > 500 && refused.last().unwrap().as_str() == "4999");
    assert!(!kept.contains(&"week old".to_owned()));
    // Bounds that change are obeyed at once.
    let bounds = Bounds { refused_age: Duration::ZERO, ..Bounds::default() };
    journal.set_bounds(Bounds { age: DAY * 21, ..bounds }).await;
    until(&journal, async || ids(place, &Filter::default()).await.len() == 100).await;
    journal.set_bounds(Bounds { age: DAY * 19, ..bounds }).await;
    until(&journal, async || ids(place, &Filter::default()).await.is_empty()).await;
}

pub(crate) async fn a_record_takes_the_place_of_another(place: &dyn JournalPlace) {
    let journal = place.journal();
    journal.record(refused("A", now())).await;
    let to = vec!["other@fwd.example".to_owned()];
    let better = Record { to, detail: "3 recipients".into(), ..refused("A", now()) };
    journal.replace(better.clone()).await;
    journal.replace(refused("B", now())).await;
    journal.close().await;
    let read = read(place, &Filter::default()).await;
    assert_eq!(read.iter().map(|record| record.id.as_str()).collect::<Vec<_>>(), ["A", "B"]);
    assert_eq!(read[0], better);
}

pub(crate) async fn failures_count_from_when_they_failed_not_from_when_the_message_came(
    place: &dyn JournalPlace,
) {
    let journal = place.journal();
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
    let reader = place.reading();
    assert_eq!(reader.count_failed(now() - DAY).await.unwrap(), 1);
    assert_eq!(reader.count_failed(Millis::EPOCH).await.unwrap(), 2);
}

/// A spooled message may end, or be dropped by the operator, before its first record is written.
pub(crate) async fn a_late_first_record_does_not_undo_an_end(place: &dyn JournalPlace) {
    let journal = place.journal();
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
    let read = read(place, &Filter::default()).await;
    let [record] = read.as_slice() else { panic!("one record, not {read:?}") };
    assert_eq!(record.outcome, Outcome::Forwarded);
    assert_eq!(record.detail, "me may have got it twice; told");
    assert_eq!(record.attempts.len(), 1);
}

fn bounce(id: &str, is_final: bool, detail: &str) -> Bounce {
    Bounce { id: id.into(), time: now(), is_final, detail: detail.into() }
}

pub(crate) async fn a_bounce_is_joined_to_its_message_and_stays(place: &dyn JournalPlace) {
    let journal = place.journal();
    for (id, outcome) in [
        ("forwarded", Outcome::Forwarded),
        ("late", Outcome::Forwarded),
        ("waits", Outcome::Spooled),
        ("fails", Outcome::Spooled),
        ("refused", Outcome::Refused),
    ] {
        journal.record(Record { outcome, attempts: Vec::new(), ..record(id, now()) }).await;
    }
    for id in ["forwarded", "waits", "fails", "refused"] {
        journal.bounced(bounce(id, true, "bounced by R1: a@b.test failed 5.1.1")).await;
    }
    journal.bounced(bounce("late", false, "bounced by R2: a@b.test delayed 4.2.1")).await;
    journal.bounced(bounce("forwarded", true, "bounced by R1: a@b.test failed 5.1.1")).await;
    for (id, outcome) in [("waits", Outcome::Forwarded), ("fails", Outcome::Failed)] {
        journal.amend(Record { outcome, attempts: Vec::new(), ..record(id, now()) }).await;
    }
    journal.close().await;
    let read = read(place, &Filter::default()).await;
    let told: Vec<_> =
        read.iter().map(|it| (it.id.as_str(), it.outcome.as_str(), it.detail.as_str())).collect();
    let (failed, late) =
        ("bounced by R1: a@b.test failed 5.1.1", "bounced by R2: a@b.test delayed 4.2.1");
    assert_eq!(
        told,
        [
            ("forwarded", "bounced", failed),
            ("late", "forwarded", late),
            ("waits", "bounced", failed),
            ("fails", "failed", failed),
            ("refused", "refused", failed),
        ]
    );
}

pub(crate) async fn a_bounce_may_be_faster_than_the_record_of_its_message(
    place: &dyn JournalPlace,
) {
    let journal = place.journal();
    journal.bounced(bounce("A", true, "bounced by R1")).await;
    let long_ago = now() - Duration::from_secs(120);
    journal.bounced(Bounce { time: long_ago, ..bounce("B", true, "bounced by R2") }).await;
    journal.flush().await;
    for id in ["A", "B"] {
        journal.record(record(id, now())).await;
    }
    for n in 0..500 {
        journal.bounced(bounce("A", true, &format!("bounced by {n}"))).await;
    }
    journal.close().await;
    let read = read(place, &Filter::default()).await;
    let [a, b] = read.as_slice() else { panic!("two records, not {read:?}") };
    assert_eq!((a.outcome, b.outcome), (Outcome::Bounced, Outcome::Forwarded));
    assert!(a.detail.contains("bounced by R1") && a.detail.len() < 3000, "{}", a.detail.len());
    assert_eq!(b.detail, "", "what nobody knows is not waited for in vain");
}

pub(crate) async fn a_journal_that_keeps_nothing(place: &dyn JournalPlace) {
    let journal = Journal::nowhere();
    journal.record(record("a", now())).await;
    journal.flush().await;
    journal.close().await;
    place.journal().flush().await;
    assert_eq!(ids(place, &Filter::default()).await, [""; 0]);
}
