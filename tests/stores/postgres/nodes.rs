//! Nodes that share a database: what they see of each other, and to whom a message belongs.

use super::{InDatabase, connect, proxy::Proxy};
use crate::place::{Place, address, at, conclude, domain, forward, leg, message, resolved, states};
use onward::{
    reply::ForeignReply,
    store::{
        Options, Store, StoreError,
        postgres::{Database, Node},
        spool::{Claim, Leg, LegState},
    },
};
use std::time::Duration;
use tokio::time::timeout;

/// Waits until a store has seen a version of the directory, two seconds at most.
async fn seen(store: &Store, version: i64) {
    let mut versions = store.version();
    let wait = versions.wait_for(|now| *now >= version);
    timeout(Duration::from_secs(2), wait).await.expect("seen within two seconds").unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_without_a_notice_is_seen_within_two_seconds() {
    let Some(place) = InDatabase::new() else { return };
    let store = place.node("a.test").await;
    for n in 0..3 {
        let sql = format!(
            "BEGIN; INSERT INTO domains VALUES ('x{n}.test'); UPDATE directory SET version = version + 1; COMMIT"
        );
        place.raw(&sql).await;
        seen(&store, n + 1).await;
        assert!(store.is_hosted(&domain(&format!("x{n}.test"))));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_all_connections_were_lost_everything_is_read_again() {
    let Some(place) = InDatabase::new() else { return };
    let (store, other) = (place.node("a.test").await, place.node("b.test").await);
    store.add_domain(&domain("x.test")).await.unwrap();
    for n in 0..3 {
        place
            .raw(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                  WHERE datname = current_database() AND pid <> pg_backend_pid()",
            )
            .await;
        let alias = format!("a{n}@x.test");
        // Whoever meets a connection that was lost tries again.
        let add = async {
            while let Err(error) = store.replace_alias(&forward(&alias, "p@y.test")).await {
                assert!(error.to_string().contains("it is tried again"), "{error}");
            }
        };
        timeout(Duration::from_secs(10), add).await.unwrap();
        let (version, mut versions) = (*store.version().borrow(), other.version());
        let wait = versions.wait_for(|now| *now >= version);
        timeout(Duration::from_secs(5), wait).await.expect("seen").unwrap();
        assert_eq!(resolved(&other, &alias).await, "p@y.test");
    }
    let mut trouble = store.trouble();
    let wait = trouble.wait_for(Option::is_none);
    timeout(Duration::from_secs(5), wait).await.expect("it is over").unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_node_remembers_the_others_know_soon() {
    let Some(place) = InDatabase::new() else { return };
    let (a, b) = (place.node("a.test").await, place.node("b.test").await);
    a.remember_delivered(vec![[1; 32], [2; 32]], at(10)).await.unwrap();
    a.remember_told(vec![[3; 32]], at(10)).await.unwrap();
    // What is read for any reason is read with all that came before.
    a.add_domain(&domain("x.test")).await.unwrap();
    seen(&b, 1).await;
    assert!(b.was_delivered(&[2; 32], at(9)) && b.was_told(&[3; 32], at(9)));
    assert!(!b.was_delivered(&[3; 32], at(9)) && !b.was_delivered(&[1; 32], at(10)));

    let no = ForeignReply { code: 550, status: None, text: "no".into() };
    let prints: Vec<_> = (0..50).map(|n| [n; 32]).collect();
    let refusals = prints.iter().map(|print| (*print, no.clone())).collect();
    a.remember_refused(refusals, at(10)).await.unwrap();
    a.add_domain(&domain("y.test")).await.unwrap();
    seen(&b, 2).await;
    let mut answered = 0;
    for print in &prints {
        let both = tokio::join!(a.take_refused(print, at(9)), b.take_refused(print, at(9)));
        let told = [both.0.unwrap(), both.1.unwrap()].into_iter().flatten().count();
        assert!(told <= 1, "answered twice");
        answered += told;
    }
    assert_eq!(answered, 50, "each once");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_lost_loses_and_repeats_nothing() {
    let Some(place) = InDatabase::new() else { return };
    let proxy = Proxy::new(place.directory());
    let database = place.by_way_of(proxy.directory());
    let store =
        Store::connect(database, Some(Node::named("a.test")), Options::default()).await.unwrap();
    let seq = store.spool(vec![message("A", 1, &["p@x.test"])]).await.unwrap()[0];
    store.spool_begin(seq, vec![0]).await.unwrap();
    proxy.lose_commits(true);
    let lost = store.spool_uncertain(seq, vec![0]).await.unwrap_err();
    assert!(matches!(lost, StoreError::Unreachable { .. }), "nothing is sent: {lost}");
    let ended = vec![(0, Leg { state: LegState::Failed, ..leg("p@x.test") })];
    let notices = vec![message("N", 1, &["alice@sender.test"])];
    store.spool_conclude(seq, ended.clone(), notices.clone()).await.unwrap_err();
    proxy.lose_commits(false);
    let told = store.spool_conclude(seq, ended, notices).await.unwrap();
    assert_eq!(told.len(), 1);
    assert_eq!(states(&store, seq).await, ["failed"]);
    assert_eq!((place.totals().0, open_messages(&store).await), (2, told));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_whose_commit_nobody_heard_of_is_written_again_and_told_once() {
    let Some(place) = InDatabase::new() else { return };
    let store = place.node("a.test").await;
    let seq = store.spool(vec![message("A", 1, &["p@x.test", "q@x.test"])]).await.unwrap()[0];
    store.spool_begin(seq, vec![0, 1]).await.unwrap();
    let later = (1, Leg { attempts: 2, ..leg("q@x.test") });
    let ended = vec![(0, Leg { state: LegState::Failed, ..leg("p@x.test") }), later];
    let notices = vec![message("N", 1, &["alice@sender.test"])];
    let first = store.spool_conclude(seq, ended.clone(), notices.clone()).await.unwrap();
    assert_eq!(first.len(), 1);
    let again = store.spool_conclude(seq, ended.clone(), notices.clone()).await.unwrap();
    assert_eq!(again, first);
    // Nor is it told again when the notice has gone its way.
    conclude(&store, first[0], 0, LegState::Delivered).await;
    store.spool_bury(first).await.unwrap();
    assert_eq!(store.spool_conclude(seq, ended, notices).await.unwrap(), [0; 0]);
    assert_eq!(open_messages(&store).await, [seq]);
    // The next attempt is another, whatever it comes to.
    store.spool_begin(seq, vec![1]).await.unwrap();
    let failed = vec![(1, Leg { state: LegState::Failed, attempts: 3, ..leg("q@x.test") })];
    let notices = vec![message("N2", 1, &["alice@sender.test"])];
    assert_eq!(store.spool_conclude(seq, failed, notices).await.unwrap().len(), 1);
}

/// As if the node were silent for longer than its lease, until it is heard of again.
async fn falls_silent(place: &InDatabase, name: &str) {
    place
        .raw(&format!(
            "CREATE FUNCTION silent() RETURNS trigger LANGUAGE plpgsql AS $$
             BEGIN
                 new.lease_until := clock_timestamp() - interval '1 s';
                 RETURN new;
             END $$;
             CREATE TRIGGER silent BEFORE UPDATE ON nodes FOR EACH ROW WHEN (new.name = '{name}') EXECUTE FUNCTION silent();
             UPDATE nodes SET lease_until = now() WHERE name = '{name}'"
        ))
        .await;
}

async fn is_heard_again(place: &InDatabase, name: &str) {
    place
        .raw(&format!(
            "DROP TRIGGER silent ON nodes;
             UPDATE nodes SET lease_until = now() + interval '1 minute' WHERE name = '{name}'"
        ))
        .await;
}

/// What a store has in hand, once it has taken all that nobody has.
async fn open_messages(store: &Store) -> Vec<i64> {
    while !store.spool_claim(Claim::ahead(1_000)).await.unwrap().open.is_empty() {}
    store.spool_open().await.unwrap().0.iter().map(|open| open.message).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_belongs_to_the_node_that_takes_it_until_that_is_silent() {
    let Some(place) = InDatabase::new() else { return };
    let (a, b) = (place.node("a.test").await, place.node("b.test").await);
    let seq = a.spool(vec![message("A", 1, &["p@x.test", "q@x.test"])]).await.unwrap()[0];
    let of_b = b.spool(vec![message("B", 1, &["p@x.test"])]).await.unwrap()[0];
    assert_eq!(open_messages(&b).await, [of_b]);
    let taken_over = Err(StoreError::TakenOver { seq });
    assert_eq!(b.spool_begin(seq, vec![0, 1]).await, taken_over, "it is another's");
    assert_eq!(a.spool_begin(seq, vec![0, 1]).await.unwrap(), [0, 1]);
    a.spool_uncertain(seq, vec![0]).await.unwrap();
    assert_eq!(states(&b, seq).await, ["uncertain", "sending"]);

    falls_silent(&place, "a.test").await;
    let lost = a.spool_uncertain(seq, vec![1]).await.unwrap_err();
    assert_eq!(lost, StoreError::TakenOver { seq }, "its lease is over");
    assert_eq!(open_messages(&b).await, [seq, seq, of_b]);
    assert_eq!(states(&b, seq).await, ["uncertain", "queued"], "what was cut off waits again");
    assert_eq!(b.spool_begin(seq, vec![1]).await.unwrap(), [1]);

    // The first goes on, as one that was stopped does: nothing of it counts but what was delivered.
    is_heard_again(&place, "a.test").await;
    assert_eq!(a.spool_uncertain(seq, vec![1]).await.unwrap_err(), StoreError::TakenOver { seq });
    assert_eq!(a.spool_begin(seq, vec![0, 1]).await, taken_over);
    let failed = Leg { state: LegState::Failed, ..leg("q@x.test") };
    let notice = vec![message("N", 1, &["alice@sender.test"])];
    let taken_over = a.spool_conclude(seq, vec![(1, failed)], notice).await.unwrap_err();
    assert_eq!(taken_over, StoreError::TakenOver { seq });
    assert_eq!(states(&b, seq).await, ["uncertain", "sending"], "and nobody is told");
    conclude(&a, seq, 0, LegState::Delivered).await;
    assert_eq!(states(&b, seq).await, ["delivered", "sending"]);
    b.spool_uncertain(seq, vec![1]).await.unwrap();
    conclude(&b, seq, 1, LegState::Delivered).await;
    assert_eq!(b.spool_open().await.unwrap().1, [seq]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_comes_back_is_not_sent_by_an_attempt_of_before() {
    let Some(place) = InDatabase::new() else { return };
    let (a, b) = (place.node("a.test").await, place.node("b.test").await);
    let seq = a.spool(vec![message("A", 1, &["p@x.test"])]).await.unwrap()[0];
    assert_eq!(a.spool_begin(seq, vec![0]).await.unwrap(), [0]);
    falls_silent(&place, "a.test").await;
    assert_eq!(open_messages(&b).await, [seq]);
    b.close().await;
    is_heard_again(&place, "a.test").await;
    assert_eq!(open_messages(&a).await, [seq], "it is its own again");
    assert_eq!(a.spool_uncertain(seq, vec![0]).await.unwrap_err(), StoreError::TakenOver { seq });
    assert_eq!(a.spool_begin(seq, vec![0]).await.unwrap(), [0]);
    a.spool_uncertain(seq, vec![0]).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_of_data_whose_leave_came_behind_the_lease_is_not_sent() {
    let Some(place) = InDatabase::new() else { return };
    let proxy = Proxy::new(place.directory());
    let database = place.by_way_of(proxy.directory());
    let node = Node { lease: Duration::from_secs(2), ..Node::named("a.test") };
    let store = Store::connect(database, Some(node), Options::default()).await.unwrap();
    let seq = store.spool(vec![message("A", 1, &["p@x.test"])]).await.unwrap()[0];
    assert_eq!(store.spool_begin(seq, vec![0]).await.unwrap(), [0]);
    proxy.hold_commits(true);
    let client = connect(&place.url).await;
    let over = "SELECT 1 FROM nodes WHERE name = 'a.test' AND lease_until <= clock_timestamp()";
    let mut looks = tokio::time::interval(Duration::from_millis(50));
    let is_over = async {
        while client.query(over, &[]).await.unwrap().is_empty() {
            looks.tick().await;
        }
        assert_eq!(states(&store, seq).await, ["uncertain"], "leave was given");
        proxy.hold_commits(false);
    };
    let (leave, ()) = tokio::join!(store.spool_uncertain(seq, vec![0]), is_over);
    assert_eq!(leave.unwrap_err(), StoreError::TakenOver { seq });
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_nodes_that_claim_at_once_each_message_has_one() {
    let Some(place) = InDatabase::new() else { return };
    let gone = place.node("gone.test").await;
    let all = (0..2_500).map(|n| message(&format!("M{n}"), 1, &["p@x.test"])).collect();
    let mut all = gone.spool(all).await.unwrap();
    let nodes =
        [place.node("a.test").await, place.node("b.test").await, place.node("c.test").await];
    assert_eq!(open_messages(&nodes[0]).await, [0; 0]);
    falls_silent(&place, "gone.test").await;
    let [a, b, c] = &nodes;
    let (a, b, c) = tokio::join!(open_messages(a), open_messages(b), open_messages(c));
    let mut claimed = [a, b, c].concat();
    claimed.sort_unstable();
    all.sort_unstable();
    assert_eq!(claimed, all, "each once");
    // A node that ends leaves what it has at once.
    let [first, second, _] = nodes;
    let of_second = open_messages(&second).await.len();
    let before = open_messages(&first).await.len();
    second.close().await;
    assert_eq!(open_messages(&first).await.len(), before + of_second);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_node_leaves_is_there_for_the_others_at_once() {
    let Some(place) = InDatabase::new() else { return };
    let (a, b, admin) = (
        place.node("a.test").await,
        place.node("b.test").await,
        place.open_as(None).await.unwrap(),
    );
    // Of one that is silent, of one that stops, and of who does not serve.
    let first = a.spool(vec![message("A", 1, &["p@x.test"])]).await.unwrap()[0];
    falls_silent(&place, "a.test").await;
    assert_eq!(open_messages(&b).await, [first]);
    let c = place.node("c.test").await;
    b.close().await;
    assert_eq!(open_messages(&c).await, [first]);
    let second = admin.spool(vec![message("B", 1, &["p@x.test"])]).await.unwrap()[0];
    assert_eq!(open_messages(&c).await, [first, second]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_serves_keeps_its_lease() {
    let Some(place) = InDatabase::new() else { return };
    let _store = place.node("a.test").await;
    let client = connect(&place.url).await;
    let lease = async || -> bool {
        let sql = "SELECT lease_until > now() + interval '50 s' FROM nodes WHERE name = 'a.test'";
        client.query_one(sql, &[]).await.unwrap().get(0)
    };
    assert!(lease().await);
    place.raw("UPDATE nodes SET lease_until = now() WHERE name = 'a.test'").await;
    let mut looks = tokio::time::interval(Duration::from_millis(100));
    let renewed = async {
        while !lease().await {
            looks.tick().await;
        }
    };
    timeout(Duration::from_secs(20), renewed).await.expect("it says that it serves");
}

/// By which look-ups go on where nobody can reach the database, also of who begins then.
#[tokio::test(flavor = "multi_thread")]
async fn a_nodes_copy_of_the_directory_follows_what_changes() {
    let Some(place) = InDatabase::new() else { return };
    let directory = tempfile::tempdir().unwrap();
    let node = Node { copy: Some(directory.path().join("copy")), ..Node::named("a.test") };
    let connect = async |url: &str| {
        let database = Database::parse(url).unwrap();
        Store::connect(database, Some(node.clone()), Options::default()).await.unwrap()
    };
    let (admin, store) = (place.open_as(None).await.unwrap(), connect(&place.url).await);
    let all_seen = async || seen(&store, *admin.version().borrow()).await;
    admin.add_domain(&domain("x.test")).await.unwrap();
    for (from, to) in [
        ("hello@x.test", "me@y.test"),
        ("gone@x.test", "me@y.test"),
        ("/^s-(.+)@x\\.test$/", "$1@y.test"),
    ] {
        admin.add_alias(&forward(from, to)).await.unwrap();
    }
    all_seen().await;
    assert_eq!(resolved(&store, "gone@x.test").await, "me@y.test");
    admin.remove_alias(&address("gone@x.test")).await.unwrap();
    // As if that were too long ago to be known one by one.
    place.raw("UPDATE directory SET changes_from = version + 1").await;
    admin.replace_alias(&forward("hello@x.test", "you@y.test")).await.unwrap();
    admin.add_alias(&forward("*@x.test", "rest@y.test")).await.unwrap();
    all_seen().await;
    store.close().await;
    drop(store);
    let away = connect("postgresql:///d?host=/nowhere&user=o").await;
    for (recipient, to) in [
        ("hello@x.test", "you@y.test"),
        ("s-one@x.test", "one@y.test"),
        ("gone@x.test", "rest@y.test"),
        ("hello@z.test", "550"),
    ] {
        assert_eq!(resolved(&away, recipient).await, to, "{recipient}");
    }
    assert!(away.spool(vec![message("A", 1, &["bob@sink.test"])]).await.is_err());
    away.is_well().await.unwrap();
    assert!(away.trouble().borrow().is_some());
}

/// What nodes have sealed is kept as it is, and never lost to one who was faster.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_sealed_is_replaced_by_who_knows_what_is_there() {
    let Some(place) = InDatabase::new() else { return };
    let (store, other) = (place.node("a.test").await, place.open_as(None).await.unwrap());
    assert_eq!(store.sealed().await.unwrap(), None);
    assert!(!store.replace_sealed(Some("none"), b"x").await.unwrap());
    assert!(other.replace_sealed(None, b"one").await.unwrap());
    assert!(!store.replace_sealed(None, b"two").await.unwrap(), "there is something by now");
    let one = store.sealed().await.unwrap().unwrap();
    assert_eq!(*one.octets, *b"one");
    assert!(!format!("{one:?}").contains("111"), "{one:?}");
    let both = tokio::join!(
        store.replace_sealed(Some(&one.version), b"three"),
        other.replace_sealed(Some(&one.version), b"four")
    );
    let both = [both.0.unwrap(), both.1.unwrap()];
    assert_eq!(both.iter().filter(|done| **done).count(), 1, "{both:?}");
    let now = other.sealed().await.unwrap().unwrap();
    assert_eq!(*now.octets, if both[0] { b"three".to_vec() } else { b"four".to_vec() }[..]);
    let mut seen = store.sealed_seen();
    let is_now = |seen: &Option<onward::store::Sealed>| seen.as_ref() == Some(&now);
    let wait = seen.wait_for(is_now);
    timeout(Duration::from_secs(5), wait).await.expect("it is seen").unwrap();
}
