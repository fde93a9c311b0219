//! What an administrator does with the spool.

use crate::place::{Place, at, conclude, domain, mailbox, message, states};
use onward::{
    account::{Account, AccountId, Hold, SendAs, State},
    store::{
        QueueChange, QueueFilter, Store,
        spool::{LegState, NewMessage},
    },
    time::Millis,
};
use std::time::Duration;
use tokio::time::timeout;

/// How many messages of this id were changed, and how many were not as they are being sent.
pub(crate) async fn changed(store: &Store, id: &str, change: QueueChange) -> (usize, usize) {
    let filter = QueueFilter { ids: vec![id.to_owned()], ..QueueFilter::default() };
    let changed = store.queue_change(&filter, change).await.unwrap();
    (changed.ids.len(), changed.sending.len())
}

pub(crate) async fn what_is_being_sent_is_not_dropped_while_somebody_serves(place: &dyn Place) {
    let serving = place.serve();
    let store = place.open();
    let seq = store.spool(vec![message("A", 1, &["a@x.test", "b@y.test"])]).await.unwrap()[0];
    store.spool_begin(seq, vec![0]).await.unwrap();
    assert_eq!(changed(&store, "A", QueueChange::Drop).await, (0, 1));
    store.spool_uncertain(seq, vec![0]).await.unwrap();
    assert_eq!(
        changed(&store, "A", QueueChange::Drop).await,
        (0, 1),
        "not when its end is sent, either"
    );
    assert_eq!(states(&store, seq).await, ["uncertain", "queued"], "nor any part of it");
    conclude(&store, seq, 0, LegState::Uncertain).await;
    assert_eq!(changed(&store, "A", QueueChange::Drop).await, (1, 0), "it waits");
    assert_eq!(states(&store, seq).await, ["dropped", "dropped"]);
    drop(serving);
}

pub(crate) async fn the_administrator_tells_the_daemon_what_was_changed(place: &dyn Place) {
    let (store, other) = (place.open(), place.open());
    let seq = store.spool(vec![message("A", 1, &["a@x.test"])]).await.unwrap()[0];
    let mut changes = store.spool_changes();
    changes.mark_unchanged();
    assert_eq!(changed(&other, "nobody", QueueChange::Retry).await, (0, 0));
    assert_eq!(changed(&other, "A", QueueChange::Retry).await, (1, 0));
    timeout(Duration::from_secs(1), changes.changed()).await.expect("within a second").unwrap();
    assert_eq!(store.spooled(seq).await.unwrap().unwrap().legs[0].next_attempt, Millis::EPOCH);
}

pub(crate) async fn what_waits_page_by_page_by_id_and_in_numbers(place: &dyn Place) {
    let store = place.open();
    let of = |n: usize| {
        let to = if n.is_multiple_of(5) { "a@x.test" } else { "b@y.test" };
        message(&format!("M{n}"), 10, &[to])
    };
    let seqs = store.spool((0..2_500).map(of).collect()).await.unwrap();
    conclude(&store, seqs[0], 0, LegState::Delivered).await;

    let all = async |filter: &QueueFilter| {
        let (mut ids, mut after, mut pages) = (Vec::new(), 0, 0);
        loop {
            let page = store.queue_page(filter, after).await.unwrap();
            assert_eq!(page.unreadable, []);
            ids.extend(page.messages.into_iter().map(|message| message.head.id));
            pages += 1;
            match page.next {
                Some(next) => after = next,
                None => return (ids, pages),
            }
        }
    };
    let every: Vec<String> = (1..2_500).map(|n| format!("M{n}")).collect();
    let (ids, pages) = all(&QueueFilter::default()).await;
    assert_eq!(ids, every, "what waits");
    assert!(pages > 1);
    let to_x = QueueFilter { destination: Some("x.test".to_owned()), ..QueueFilter::default() };
    assert_eq!(all(&to_x).await.0.len(), 499);
    let ids = ["m7", "nobody", "M3", "m0"].map(str::to_owned).to_vec();
    let named = QueueFilter { ids, ..QueueFilter::default() };
    assert_eq!(all(&named).await, (vec!["M3".to_owned(), "M7".to_owned()], 1));
    assert_eq!(store.queue_page(&named, 0).await.unwrap().absent, ["nobody", "m0"]);
    let elsewhere = QueueFilter { destination: Some("x.test".to_owned()), ..named };
    let page = store.queue_page(&elsewhere, 0).await.unwrap();
    assert_eq!((page.messages.len(), page.absent.len()), (0, 2), "M3 waits, if not for that");

    let (found, bytes) = store.queue_get("m0").await.unwrap().unwrap();
    assert_eq!((found.head.id.as_str(), bytes), ("M0", b"x".repeat(10)), "whatever its state");
    assert!(store.queue_get("nobody").await.unwrap().is_none());

    let summary = store.queue_summary().await.unwrap();
    assert_eq!((summary.messages, summary.octets, summary.unreadable), (2_499, 24_990, 0));
    assert_eq!(summary.oldest, Some(Millis::new(1_000)));
    let to = summary.destinations.into_iter().collect::<Vec<_>>();
    assert_eq!(to, [("x.test".to_owned(), 499), ("y.test".to_owned(), 2_000)]);
    let figures = store.spool_figures().await.unwrap();
    assert_eq!((figures.messages, figures.octets, figures.unreadable), (2_499, 24_990, 0));
}

pub(crate) async fn what_an_account_sent_is_held_while_it_must_not_send(place: &dyn Place) {
    let (store, other) = (place.open(), place.open());
    store.add_domain(&domain("x.test")).await.unwrap();
    let (id, name) = (AccountId::new([9; 5]), mailbox("me@x.test"));
    let may = vec![SendAs::parse("*@x.test").unwrap()];
    store.add_account(&Account::new(id, name.clone(), may, at(1)).unwrap()).await.unwrap();
    let caused = |mut new: NewMessage| {
        new.head.caused_by = Some(id.cause());
        new
    };
    let mut notice = caused(message("N", 1, &["a@x.test"]));
    (notice.head.client, notice.head.helo) = (None, String::new());
    let sent = caused(message("S", 1, &["a@x.test"]));
    let kept = store.spool(vec![sent, notice, message("O", 1, &["a@x.test"])]).await.unwrap();
    let held = async || {
        let mut held = Vec::new();
        for seq in &kept {
            held.push(store.spooled(*seq).await.unwrap().unwrap().held);
        }
        let (open, _) = store.spool_open().await.unwrap();
        assert!(open.iter().zip(&held).all(|(open, held)| open.is_held == held.is_some()));
        held
    };
    assert_eq!(held().await, [None; 3]);
    let mut changes = store.spool_changes();
    let frozen = State::Frozen { reason: "spam".to_owned(), since: at(2) };
    for (state, hold) in
        [(frozen, Hold::Frozen), (State::Enabled, Hold::Frozen), (State::Disabled, Hold::Disabled)]
    {
        changes.mark_unchanged();
        other.set_account_state(&name, state.clone()).await.unwrap();
        timeout(Duration::from_secs(1), changes.changed()).await.expect("it is told").unwrap();
        if state == State::Enabled {
            assert_eq!(held().await, [None; 3]);
            continue;
        }
        assert_eq!(held().await, [Some(hold), None, None], "what we tell the account is ours");
        assert_eq!(store.spool_begin(kept[0], vec![0]).await.unwrap(), [0; 0]);
        assert!(!store.spool_uncertain(kept[0], vec![0]).await.unwrap(), "nor without that");
        assert_eq!(states(&store, kept[0]).await, ["queued"]);
    }
    assert_eq!(store.spool_begin(kept[1], vec![0]).await.unwrap(), [0]);
    let of = QueueFilter { account: Some(id), ..QueueFilter::default() };
    let page = store.queue_page(&of, 0).await.unwrap();
    assert_eq!(page.messages.iter().map(|it| it.head.id.as_str()).collect::<Vec<_>>(), ["S"]);
    let retried = store.queue_change(&of, QueueChange::Retry).await.unwrap();
    assert_eq!((retried.ids.len(), retried.held), (0, vec!["S".to_owned()]));

    other.remove_account(&name).await.unwrap();
    assert_eq!(held().await, [Some(Hold::Removed), None, None]);
    let dropped = store.queue_change(&of, QueueChange::Drop).await.unwrap();
    assert_eq!(dropped.ids, ["S"]);
}
