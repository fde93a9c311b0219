//! What is remembered of deliveries, refusals and TLS.

use crate::place::{Place, at, long_sender, mailbox};
use onward::{
    mta_sts::CachedPolicy,
    reply::{ForeignReply, Status},
    time::UnixTime,
    tls_rpt::{Counts, PolicyType, SessionResult},
};
use std::time::Duration;

pub(crate) async fn what_was_delivered_outlives_the_process(place: &dyn Place) {
    let store = place.open();
    assert!(!store.was_delivered(&[1; 32], at(5)));
    store.remember_delivered(vec![[1; 32]], at(10)).await.unwrap();
    store.remember_delivered(vec![[2; 32]], at(50)).await.unwrap();
    for store in [store.clone(), place.open()] {
        assert!(store.was_delivered(&[1; 32], at(9)));
        assert!(!store.was_delivered(&[1; 32], at(10)));
        assert!(!store.was_delivered(&[3; 32], at(9)));
    }
    store.purge(at(20)).await.unwrap();
    for store in [store, place.open()] {
        assert!(!store.was_delivered(&[1; 32], at(9)));
        assert!(store.was_delivered(&[2; 32], at(20)));
    }
}

pub(crate) async fn of_what_senders_were_told_outlives_the_process(place: &dyn Place) {
    let store = place.open();
    assert!(!store.was_told(&[1; 32], at(5)));
    store.remember_told(vec![[1; 32], [2; 32]], at(10)).await.unwrap();
    store.remember_told(vec![[2; 32]], at(50)).await.unwrap();
    for store in [store.clone(), place.open()] {
        assert!(store.was_told(&[1; 32], at(9)) && !store.was_told(&[1; 32], at(10)));
        assert!(!store.was_told(&[3; 32], at(9)) && !store.was_delivered(&[1; 32], at(9)));
    }
    store.purge(at(20)).await.unwrap();
    for store in [store, place.open()] {
        assert!(!store.was_told(&[1; 32], at(9)) && store.was_told(&[2; 32], at(20)));
    }
}

pub(crate) async fn a_refusal_is_answered_once_and_outlives_the_process_until_then(
    place: &dyn Place,
) {
    let reply = ForeignReply { code: 550, status: Some(Status(5, 7, 515)), text: "no".into() };
    let long = ForeignReply { code: 554, status: None, text: "x".repeat(9_999) };
    let store = place.open();
    let short_lived = vec![([3; 32], reply.clone()), ([5; 32], reply.clone())];
    store.remember_refused(short_lived, at(10)).await.unwrap();
    store.remember_refused(vec![([4; 32], long)], at(50)).await.unwrap();
    assert_eq!(store.take_refused(&[3; 32], at(9)).await.unwrap(), Some(reply));
    assert_eq!(store.take_refused(&[3; 32], at(9)).await.unwrap(), None, "taken");
    let again = place.open();
    assert_eq!(
        again.take_refused(&[3; 32], at(9)).await.unwrap(),
        None,
        "taken before the restart"
    );
    assert_eq!(again.take_refused(&[4; 32], at(10)).await.unwrap().unwrap().text.len(), 500);
    assert_eq!(again.take_refused(&[5; 32], at(10)).await.unwrap(), None, "expired");
}

pub(crate) async fn many_writers_at_once_each_get_their_own_answer(place: &dyn Place) {
    let store = place.open();
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..200u64 {
        let store = store.clone();
        tasks.spawn(async move {
            let sender = long_sender(&format!("t{n}"), &format!("n{n}@y.test"), None, at(1_000));
            (n, store.srs_put(sender, at(1), 300).await)
        });
    }
    let mut evicted = 0;
    while let Some(done) = tasks.join_next().await {
        let (_, put) = done.unwrap();
        let put = put.unwrap();
        assert!(put.is_new && put.evicted <= 1, "{put:?}");
        evicted += put.evicted;
    }
    let mut kept = 0;
    for n in 0..200 {
        let found = store.srs_get(&format!("t{n}"), at(1)).await.unwrap();
        assert!(found.is_none() || found == Some(mailbox(&format!("n{n}@y.test"))), "{found:?}");
        kept += u64::from(found.is_some());
    }
    assert_eq!((kept, evicted), (150, 50));
}

pub(crate) async fn tls_policies_and_results(place: &dyn Place) {
    let store = place.open();
    let policy = |id: &str, expires| CachedPolicy {
        id: id.to_owned(),
        text: "version: STSv1".to_owned(),
        fetched: at(1),
        expires: at(expires),
    };
    store.keep_sts_policy("x.test", policy("1", 10)).await.unwrap();
    store.keep_sts_policy("x.test", policy("2", 20)).await.unwrap();
    for store in [store.clone(), place.open()] {
        assert_eq!(store.sts_policy("x.test", at(19)).await.unwrap(), Some(policy("2", 20)));
        assert_eq!(store.sts_policy("x.test", at(20)).await.unwrap(), None, "expired");
        assert_eq!(store.sts_policy("y.test", at(1)).await.unwrap(), None);
    }
    let day = UnixTime::of_day;
    let outcome = SessionResult {
        domain: "x.test".into(),
        policy: PolicyType::Sts,
        host: String::new(),
        result: None,
    };
    let counts = || Counts::from([(outcome.clone(), 2)]);
    store.add_tls_results(counts(), day(7)).await.unwrap();
    store.add_tls_results(counts(), day(7) + Duration::from_secs(60)).await.unwrap();
    let read = place.open().tls_results(7).await.unwrap();
    assert_eq!(read.iter().map(|row| row.count).collect::<Vec<_>>(), [4]);
    assert_eq!(store.tls_results(8).await.unwrap().len(), 0);
    assert_eq!(store.tls_results_to_report(7).await.unwrap().len(), 1);
    assert_eq!(place.open().tls_results_to_report(7).await.unwrap().len(), 0, "once");
    store.purge(day(37)).await.unwrap();
    assert_eq!(store.tls_results(7).await.unwrap().len(), 1, "for 30 days");
    store.purge(day(38)).await.unwrap();
    assert_eq!(store.tls_results(7).await.unwrap().len(), 0);
}
