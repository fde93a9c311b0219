//! Rows of the spool that hold what is no address, no state, no number: they stop nothing but themselves.

use super::{open, raw, totals};
use crate::{
    place::{conclude, message, states},
    queue::changed,
};
use onward::store::{
    Options, QueueChange, QueueFilter, Store, StoreError, Unreadable, spool::LegState,
};
use tempfile::TempDir;

/// What is done to a row of a message of two legs, what is then said of it, and whether its head can be read.
const CASES: [(&str, &str, bool); 9] = [
    (
        "UPDATE spool_legs SET mailbox = 'no address' WHERE leg = 1",
        "address \"no address\": ",
        true,
    ),
    ("UPDATE spool_legs SET recipient = '' WHERE leg = 0", "recipient \"\": ", true),
    ("UPDATE spool_legs SET reverse_path = 'x' WHERE leg = 1", "address \"x\": ", true),
    ("UPDATE spool_legs SET state = 'qeued'", "state \"qeued\": unknown", true),
    ("UPDATE spool_legs SET attempts = -1 WHERE leg = 0", "out of range", true),
    ("UPDATE spool_legs SET text = CAST(x'ff' AS TEXT)", "utf-8", true),
    ("UPDATE spool SET sender = '@'", "address \"@\": ", false),
    ("UPDATE spool SET client = '192.0.2'", "client \"192.0.2\": ", false),
    ("UPDATE spool SET helo = CAST(x'ff' AS TEXT)", "utf-8", false),
];

/// A spool of three messages, the second of which cannot be read.
async fn spoiled(state: &TempDir, sql: &str) -> (Store, [i64; 3]) {
    let store = open(state);
    let three = ["A", "B", "C"].map(|id| message(id, 10, &["a@x.test", "b@x.test"]));
    let seqs: [i64; 3] = store.spool(three.to_vec()).await.unwrap().try_into().unwrap();
    let column = if sql.starts_with("UPDATE spool_legs") { "message" } else { "seq" };
    let only = if sql.contains(" WHERE ") { "AND" } else { "WHERE" };
    raw(state).execute(&format!("{sql} {only} {column} = {}", seqs[1]), ()).unwrap();
    (store, seqs)
}

#[tokio::test]
async fn an_unreadable_message_is_left_aside_and_all_others_go_on() {
    for (sql, says, _) in CASES {
        let state = TempDir::new().unwrap();
        let (store, [a, b, c]) = spoiled(&state, sql).await;
        drop(store);
        let store = open(&state);
        store.spool_recover().await.unwrap();
        let (legs, finished) = store.spool_open().await.unwrap();
        let open_legs: Vec<i64> = legs.iter().map(|leg| leg.message).collect();
        assert_eq!((open_legs, finished), (vec![a, a, c, c], vec![]), "{sql}");
        assert_eq!(states(&store, c).await, ["queued", "queued"]);
        let error = store.spooled(b).await.unwrap_err();
        let StoreError::Unreadable(Unreadable { seq, id, reason }) = &error else {
            panic!("{sql}: {error}")
        };
        assert_eq!((*seq, id.as_str()), (b, "B"));
        assert!(reason.contains(says), "{sql}: {reason}");
        assert!(error.to_string().ends_with("to remove it: onward queue drop B"), "{error}");
        assert!(store.queue_get("B").await.is_err());

        let figures = store.spool_figures().await.unwrap();
        assert_eq!((figures.messages, figures.octets, figures.unreadable), (2, 20, 1), "{sql}");
        let summary = store.queue_summary().await.unwrap();
        assert_eq!((summary.messages, summary.octets, summary.unreadable), (2, 20, 1), "{sql}");
        assert_eq!(summary.destinations["x.test"], 2);
        let page = store.queue_page(&QueueFilter::default(), 0).await.unwrap();
        let ids: Vec<&str> = page.messages.iter().map(|message| &*message.head.id).collect();
        assert_eq!((ids, page.unreadable.len()), (vec!["A", "C"], 1), "{sql}");
        assert_eq!(
            &page.unreadable[0],
            &Unreadable { seq: b, id: id.clone(), reason: reason.clone() }
        );

        // It is neither forgotten nor tried, by whatever name.
        store.spool_bury(vec![a, b, c]).await.unwrap();
        assert_eq!(totals(&state), (3, 30), "{sql}");
        let all = store.queue_change(&QueueFilter::default(), QueueChange::Retry).await.unwrap();
        assert_eq!(all.ids, ["A", "C"]);
        let named = QueueFilter { ids: vec!["b".to_owned()], ..QueueFilter::default() };
        assert_eq!(store.queue_page(&named, 0).await.unwrap().absent, [""; 0], "it is there");
        let refused = store.queue_change(&named, QueueChange::Retry).await.unwrap_err();
        assert_eq!(refused, error, "{sql}");
    }
}

#[tokio::test]
async fn it_is_dropped_by_its_name_and_told_where_its_head_can_be_read() {
    for (sql, _, has_head) in CASES {
        let state = TempDir::new().unwrap();
        let (store, [a, b, c]) = spoiled(&state, sql).await;
        store.spool_open().await.unwrap();
        assert_eq!(changed(&store, "b", QueueChange::Drop).await, (1, 0), "{sql}");
        let (legs, finished) = store.spool_open().await.unwrap();
        assert_eq!(legs.len(), 4, "{sql}");
        if has_head {
            // As others that are dropped: its end goes to the journal first.
            assert_eq!(finished, [b], "{sql}");
            let message = store.spooled(b).await.unwrap().unwrap();
            assert_eq!(message.head.id, "B");
            assert!(message.legs.iter().all(|leg| leg.state == LegState::Dropped), "{sql}");
            store.spool_bury(vec![a, b, c]).await.unwrap();
        } else {
            assert_eq!(finished, [0; 0], "{sql}");
        }
        assert!(store.spooled(b).await.unwrap().is_none());
        assert_eq!(totals(&state), (2, 20), "{sql}");
        assert_eq!(store.spool_figures().await.unwrap().unreadable, 0);
    }
}

#[tokio::test]
async fn what_was_delivered_of_it_stays_so() {
    let state = TempDir::new().unwrap();
    let (store, [_, b, _]) = spoiled(&state, CASES[0].0).await;
    conclude(&store, b, 0, LegState::Delivered).await;
    assert_eq!(changed(&store, "B", QueueChange::Drop).await, (1, 0));
    assert_eq!(states(&store, b).await, ["delivered"]);
}

#[tokio::test]
async fn the_command_line_goes_on_too() {
    for (sql, _, _) in CASES {
        let state = TempDir::new().unwrap();
        let (store, _) = spoiled(&state, sql).await;
        let other = Store::open_existing(state.path(), Options::default()).unwrap().unwrap();
        let page = other.queue_page(&QueueFilter::default(), 0).await.unwrap();
        let ids: Vec<&str> = page.messages.iter().map(|message| &*message.head.id).collect();
        assert_eq!(ids, ["A", "C"], "{sql}");
        assert_eq!(page.unreadable.iter().map(|one| &*one.id).collect::<Vec<_>>(), ["B"]);
        assert_eq!(other.queue_summary().await.unwrap().unreadable, 1);
        let named = QueueFilter { ids: vec!["B".to_owned()], ..QueueFilter::default() };
        let dropped = other.queue_change(&named, QueueChange::Drop).await.unwrap();
        assert_eq!(dropped.ids, ["B"], "{sql}");
        assert_eq!(other.queue_summary().await.unwrap().unreadable, 0);
        other.close().await;
        drop((store, other));
        let store = open(&state);
        assert_eq!(store.spool_open().await.unwrap().0.len(), 4, "{sql}");
    }
}
