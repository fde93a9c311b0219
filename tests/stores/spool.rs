//! What is kept in the spool, within which bounds, and how states move.

use crate::{
    place::{Place, bytes, conclude, leg, message, states},
    queue::changed,
};
use onward::{
    envelope::{EnvelopeId, MailDsn, Notify, OriginalRecipient, Returned},
    store::{
        Options, QueueChange, Store, StoreError,
        spool::{Leg, LegState, SpoolBounds, SpoolError},
    },
    time::Millis,
};
use tokio::task::JoinSet;

fn bounded(place: &dyn Place, spool: SpoolBounds) -> Store {
    place.open_with(Options { spool, ..Options::default() })
}

pub(crate) async fn all_messages_of_a_call_are_kept_or_none(place: &dyn Place) {
    let store = place.open();
    let kept = store.spool(vec![message("A", 10, &["a@x.test", "b@y.test"])]).await.unwrap();
    let twice = vec![message("B", 10, &["a@x.test"]), message("A", 10, &["a@x.test"])];
    let refused = store.spool(twice).await.unwrap_err();
    assert!(matches!(refused, SpoolError::Store(StoreError::Failed { .. })), "{refused:?}");
    assert_eq!(place.totals(), (1, 10));
    let (open_legs, finished) = store.spool_open().await.unwrap();
    assert_eq!((open_legs.len(), finished.len()), (2, 0));

    let both = vec![message("C", 1, &["a@x.test"]), message("D", 2, &["a@x.test"])];
    assert_eq!(store.spool(both).await.unwrap().len(), 2);
    assert_eq!(place.totals(), (3, 13));
    drop(store);
    let again = place.open();
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

pub(crate) async fn what_is_asked_of_dsns_is_kept(place: &dyn Place) {
    let mut new = message("A", 10, &["a@x.test", "b@y.test", "c@z.test"]);
    new.head.dsn =
        MailDsn { returned: Some(Returned::Full), envelope_id: EnvelopeId::parse("QQ+20314159") };
    let asked =
        [(None, None), (Some("NEVER"), Some("rfc822;b+2Bc@y.test")), (Some("DELAY,SUCCESS"), None)];
    for (leg, (notify, original)) in new.legs.iter_mut().zip(asked) {
        leg.dsn.notify = notify.map(|text| Notify::parse(text).unwrap());
        leg.dsn.original = original.map(|text| OriginalRecipient::parse(text).unwrap());
    }
    let store = place.open();
    let kept = store.spool(vec![new.clone()]).await.unwrap()[0];
    drop(store);
    let again = place.open();
    let kept = again.spooled(kept).await.unwrap().unwrap();
    assert_eq!((kept.head, kept.legs), (new.head, new.legs));
}

pub(crate) async fn a_delay_is_told_once(place: &dyn Place) {
    let store = place.open();
    let at = |due: u64, id: &str| {
        let mut new = message(id, 10, &["a@x.test", "b@y.test"]);
        new.legs[0].delay_due = Some(Millis::new(due));
        new
    };
    let mut kept = Vec::new();
    for (due, id) in [(100, "A"), (200, "B"), (100, "C"), (100, "D")] {
        kept.push(store.spool(vec![at(due, id)]).await.unwrap()[0]);
    }
    // Of what is at its end there is nothing to tell.
    conclude(&store, kept[3], 0, LegState::Delivered).await;
    let delayed =
        async |now: u64, after: i64| store.spool_delayed(Millis::new(now), after).await.unwrap();
    assert!(delayed(99, 0).await.is_empty());
    assert_eq!(delayed(199, 0).await, [kept[0], kept[2]]);
    assert_eq!(delayed(199, kept[0]).await, [kept[2]]);
    assert_eq!(delayed(200, 0).await, kept[..3]);

    let notice = || Some(message("N", 5, &["alice@sender.test"]));
    let told = store.spool_told_of_delay(kept[0], vec![0], notice()).await.unwrap().unwrap();
    assert_eq!(bytes(&store, told).await.len(), 5);
    assert_eq!(store.spool_told_of_delay(kept[0], vec![0], notice()).await, Ok(None));
    assert_eq!(store.spool_told_of_delay(kept[2], vec![0], None).await, Ok(None));
    assert_eq!(delayed(200, 0).await, [kept[1]]);
    // An attempt that began before ends without bringing it back.
    conclude(&store, kept[0], 0, LegState::Queued).await;
    assert_eq!(delayed(200, 0).await, [kept[1]]);
}

pub(crate) async fn beyond_each_bound_nothing_is_kept(place: &dyn Place) {
    let many = || vec![message("A", 60, &["a@x.test"]), message("B", 60, &["a@x.test"])];
    for (bounds, says) in [
        (SpoolBounds { messages: 1, ..SpoolBounds::NONE }, "spool.max_messages"),
        (SpoolBounds { octets: 119, ..SpoolBounds::NONE }, "spool.max_bytes"),
        (SpoolBounds { free: Some(u64::MAX), ..SpoolBounds::NONE }, "spool.min_free_disk"),
    ] {
        if bounds.free == Some(u64::MAX) && !place.knows_its_disk() {
            continue;
        }
        let store = bounded(place, bounds);
        let refused = store.spool(many()).await.unwrap_err();
        assert!(matches!(refused, SpoolError::Full(_)), "{refused}");
        assert!(
            refused.to_string().starts_with(&format!("the spool is full: {says}")),
            "{refused}"
        );
        assert_eq!(place.totals(), (0, 0));
        store.close().await;
    }
    let just = SpoolBounds { messages: 2, octets: 120, ..SpoolBounds::NONE };
    let store = bounded(place, just);
    let kept = store.spool(many()).await.unwrap();
    let one_more = || vec![message("C", 0, &["a@x.test"])];
    assert_eq!(store.spool(one_more()).await, Err(SpoolError::Full("spool.max_messages")));
    // A DSN takes the place of what it is about.
    let failed = Leg { state: LegState::Failed, ..leg("a@x.test") };
    let notice = vec![message("N", 500, &["alice@sender.test"])];
    store.spool_conclude(kept[0], vec![(0, failed)], notice).await.unwrap();
    assert_eq!(place.totals(), (3, 620));
    store.spool_bury(kept.clone()).await.unwrap();
    assert_eq!(place.totals(), (2, 560), "what has something left to do is not buried");
}

pub(crate) async fn totals_follow_whatever_goes(place: &dyn Place) {
    let store = place.open();
    let of = |id: &str, octets| vec![message(id, octets, &["a@x.test", "b@y.test"])];
    let a = store.spool(of("A", 1)).await.unwrap()[0];
    let b = store.spool(of("B", 20)).await.unwrap()[0];
    store.spool(of("C", 300)).await.unwrap();
    assert_eq!(place.totals(), (3, 321));
    assert_eq!(changed(&store, "b", QueueChange::Drop).await, (1, 0));
    assert_eq!(states(&store, b).await, ["dropped", "dropped"]);
    assert_eq!(place.totals(), (3, 321), "until the journal has it");
    conclude(&store, a, 0, LegState::Delivered).await;
    store.spool_bury(vec![a, b]).await.unwrap();
    assert_eq!(place.totals(), (2, 301));
    conclude(&store, a, 1, LegState::Failed).await;
    assert_eq!(store.spool_open().await.unwrap().1, [a]);
    store.spool_bury(vec![a, b, 99]).await.unwrap();
    assert_eq!(place.totals(), (1, 300));
}

pub(crate) async fn states_only_move_forward(place: &dyn Place) {
    use LegState::{Delivered, Dropped, Failed, Queued, Uncertain};
    let store = place.open();
    let to = ["a@x.test", "b@x.test", "c@x.test", "d@x.test"];
    let seq = store.spool(vec![message("A", 1, &to)]).await.unwrap()[0];
    assert_eq!(store.spool_begin(seq, vec![0, 1, 2, 3]).await.unwrap(), [0, 1, 2, 3]);
    store.spool_uncertain(seq, vec![0, 1, 2, 3]).await.unwrap();
    conclude(&store, seq, 0, Delivered).await;
    conclude(&store, seq, 1, Failed).await;
    conclude(&store, seq, 3, Uncertain).await;
    // Nobody serves here, so what is under way is what a crash left behind.
    assert_eq!(changed(&store, "A", QueueChange::Drop).await, (1, 0));
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
    assert_eq!(changed(&store, "A", QueueChange::Retry).await, (0, 0), "nothing of it waits");
    for at in [1, 2] {
        conclude(&store, seq, at, Delivered).await;
    }
    let ended = ["delivered", "failed", "delivered", "dropped"];
    assert_eq!(states(&store, seq).await, ended, "what is delivered was not dropped");
}

pub(crate) async fn an_uncertain_leg_stays_uncertain_and_what_was_cut_off_waits_again(
    place: &dyn Place,
) {
    let store = place.open();
    let seq = store.spool(vec![message("A", 1, &["a@x.test", "b@x.test"])]).await.unwrap()[0];
    store.spool_begin(seq, vec![0, 1]).await.unwrap();
    store.spool_uncertain(seq, vec![0]).await.unwrap();
    assert_eq!(states(&store, seq).await, ["uncertain", "sending"]);
    assert_eq!(store.spool_recover().await.unwrap(), 1);
    assert_eq!(states(&store, seq).await, ["uncertain", "queued"]);
    assert_eq!(store.spool_begin(seq, vec![0, 1, 2]).await.unwrap(), [0, 1]);
    assert_eq!(states(&store, seq).await, ["uncertain", "sending"], "in its next attempt, too");
}

pub(crate) async fn an_attempt_that_was_left_out_begins_before_its_end_of_data_or_not_at_all(
    place: &dyn Place,
) {
    let store = place.open();
    let to = ["a@x.test", "b@x.test", "c@x.test"];
    let seq = store.spool(vec![message("A", 1, &to)]).await.unwrap()[0];
    assert!(store.spool_uncertain(seq, vec![0]).await.unwrap());
    assert_eq!(states(&store, seq).await, ["uncertain", "queued", "queued"]);
    conclude(&store, seq, 0, LegState::Delivered).await;
    assert!(!store.spool_uncertain(seq, vec![0, 1]).await.unwrap(), "one of them is at its end");
    assert_eq!(states(&store, seq).await, ["delivered", "queued", "queued"], "noted of none");
    assert_eq!(changed(&store, "A", QueueChange::Drop).await, (1, 0));
    assert!(!store.spool_uncertain(seq, vec![1, 2]).await.unwrap());
    assert_eq!(states(&store, seq).await, ["delivered", "dropped", "dropped"]);
    assert!(
        !store.spool_uncertain(99, vec![0]).await.unwrap_or_default(),
        "there is no such message"
    );
}

pub(crate) async fn of_500_at_once_only_the_impossible_one_is_not_kept(place: &dyn Place) {
    let store = place.open();
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
            assert_eq!(bytes(&store, kept[0]).await.len(), 100);
        }
    }
    assert_eq!(place.totals(), (499, 49_900));
}
