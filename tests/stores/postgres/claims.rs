//! A queue that is longer than what nodes have in hand: who takes what of it, and when.

use super::InDatabase;
use crate::{
    place::{at, domain, leg, mailbox, message, states},
    queue::changed,
};
use onward::{
    account::{Account, AccountId, SendAs, State},
    retry::{Left, Line},
    slots::Cause,
    store::{
        QueueChange, QueueFilter, Store, StoreError,
        spool::{Claim, Claimed, Leg, LineClaim, LineLeft, NewMessage, Which},
    },
    time::Millis,
};

fn due_at(id: &str, due: u64) -> NewMessage {
    let legs = vec![Leg { next_attempt: Millis::new(due), ..leg("p@x.test") }];
    NewMessage { legs, ..message(id, 1, &[]) }
}

/// Messages that are due at these times, and that nobody has in hand.
async fn left_at<const N: usize>(place: &InDatabase, due: [u64; N]) -> [i64; N] {
    let gone = place.node("gone.test").await;
    let all = due.iter().enumerate().map(|(n, due)| due_at(&format!("M{n}"), *due)).collect();
    let seqs = gone.spool(all).await.unwrap();
    gone.close().await;
    seqs.try_into().unwrap()
}

fn due(now: u64, most: usize) -> Claim {
    Claim { now: Millis::new(now), due: most, ..Claim::default() }
}

fn of(line: &Line, which: Which) -> Claim {
    let lines = vec![LineClaim { line: line.clone(), most: 10, which }];
    Claim { now: Millis::new(100), lines, ..Claim::default() }
}

async fn claim(store: &Store, claim: Claim) -> Claimed {
    store.spool_claim(claim).await.unwrap()
}

async fn claimed(store: &Store, wanted: Claim) -> Vec<i64> {
    claim(store, wanted).await.open.iter().map(|open| open.message).collect()
}

fn to(group: &str) -> Line {
    Line::To(group.into())
}

fn left(message: i64, due: u64, line: Option<&Line>) -> Left {
    Left { message, due: Millis::new(due), line: line.cloned() }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_due_first_is_taken_first_and_others_get_the_rest() {
    let Some(place) = InDatabase::new() else { return };
    let [third, first, later, second] = left_at(&place, [30, 10, 900, 20]).await;
    let (a, b) = (place.node("a.test").await, place.node("b.test").await);
    assert_eq!(claimed(&a, due(5, 10)).await, [0; 0], "nothing is due");
    let some = claim(&a, due(100, 2)).await;
    assert!(some.is_full, "there may be more");
    assert_eq!(some.open.iter().map(|open| open.message).collect::<Vec<_>>(), [first, second]);
    let rest = claim(&b, due(100, 2)).await;
    assert!(!rest.is_full);
    assert_eq!(rest.open.iter().map(|open| open.message).collect::<Vec<_>>(), [third]);
    assert_eq!(claimed(&b, Claim::ahead(10)).await, [later], "where there is room");
    assert_eq!(b.spooled(later).await.unwrap().unwrap().node.as_deref(), Some("b.test"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_left_in_a_line_stands_before_nobody() {
    let Some(place) = InDatabase::new() else { return };
    let seqs = left_at(&place, [1, 2, 3, 4]).await;
    let (a, b) = (place.node("a.test").await, place.node("b.test").await);
    assert_eq!(claimed(&a, due(100, 10)).await, seqs);
    let (busy, flood) = (to("busy"), Line::By(Cause::named("192.0.2.0/24")));
    let all = vec![
        left(seqs[0], 50, Some(&busy)),
        left(seqs[1], 500, Some(&busy)),
        left(seqs[2], 60, Some(&flood)),
        left(seqs[3], 900, None),
    ];
    b.spool_leave(all.clone()).await.unwrap();
    assert_eq!(claimed(&b, Claim::ahead(10)).await, [0; 0], "it is not for others to leave it");
    a.spool_leave(all).await.unwrap();
    let in_none = claim(&b, due(100, 10)).await;
    assert_eq!(in_none.open.len(), 0);
    let line = |line: &Line, due| LineLeft { line: line.clone(), due: Millis::new(due) };
    assert_eq!(in_none.lines, [line(&flood, 60), line(&busy, 50)]);
    assert_eq!(claimed(&b, of(&busy, Which::Due)).await, [seqs[0]]);
    let hastened = claim(&b, of(&busy, Which::AtOnce)).await;
    assert_eq!(hastened.open[0].message, seqs[1]);
    assert_eq!(hastened.lines, [line(&flood, 60)]);
    assert_eq!(claimed(&b, of(&flood, Which::All)).await, [seqs[2]]);
    assert_eq!(claimed(&b, due(100, 10)).await, [0; 0], "what has its own time waits for that");
    assert_eq!(claimed(&b, due(900, 10)).await, [seqs[3]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_left_a_message_sends_no_end_of_it_that_began_before() {
    let Some(place) = InDatabase::new() else { return };
    let (a, b) = (place.node("a.test").await, place.node("b.test").await);
    let seq = a.spool(vec![message("A", 1, &["p@x.test"])]).await.unwrap()[0];
    assert_eq!(a.spool_begin(seq, vec![0]).await.unwrap(), [0]);
    a.spool_leave(vec![left(seq, 5, None)]).await.unwrap();
    assert_eq!(a.spool_uncertain(seq, vec![0]).await, Err(StoreError::TakenOver { seq }));
    assert_eq!(claimed(&b, due(100, 10)).await, [seq]);
    assert_eq!(states(&b, seq).await, ["queued"], "what was cut off waits again");
    assert_eq!(a.spool_begin(seq, vec![0]).await, Err(StoreError::TakenOver { seq }));
    assert_eq!(b.spool_begin(seq, vec![0]).await.unwrap(), [0]);
    b.spool_uncertain(seq, vec![0]).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_operator_asks_for_is_taken_at_once_by_whoever_has_room() {
    let Some(place) = InDatabase::new() else { return };
    let (a, b) = (place.node("a.test").await, place.node("b.test").await);
    let admin = place.open_as(None).await.unwrap();
    admin.add_domain(&domain("x.test")).await.unwrap();
    let (id, name) = (AccountId::new([9; 5]), mailbox("me@x.test"));
    let may = vec![SendAs::parse("*@x.test").unwrap()];
    admin.add_account(&Account::new(id, name.clone(), may, at(1)).unwrap()).await.unwrap();
    let mut of_account = message("S", 1, &["p@x.test"]);
    of_account.head.caused_by = Some(id.cause());
    let kept = vec![message("R", 1, &["p@x.test"]), message("D", 1, &["p@x.test"]), of_account];
    let seqs = a.spool(kept).await.unwrap();
    let later = |seq: &i64| left(*seq, 1_000_000, Some(&to("busy")));
    a.spool_leave(seqs.iter().map(later).collect()).await.unwrap();
    assert_eq!(claimed(&b, due(100, 10)).await, [0; 0]);

    assert_eq!(changed(&admin, "R", QueueChange::Retry).await, (1, 0));
    assert_eq!(changed(&admin, "D", QueueChange::Drop).await, (1, 0));
    let taken = claim(&b, due(100, 10)).await;
    assert_eq!(taken.open.iter().map(|open| open.message).collect::<Vec<_>>(), [seqs[0]]);
    assert_eq!(taken.open[0].next_attempt, Millis::EPOCH);
    assert_eq!(taken.finished, [seqs[1]], "and it is told and struck out");
    let nobodys = admin.queue_page(&QueueFilter::default(), 0).await.unwrap();
    let nobodys: Vec<_> = nobodys.messages.iter().filter(|it| it.node.is_none()).collect();
    assert_eq!(nobodys.iter().map(|it| it.seq).collect::<Vec<_>>(), [seqs[2]]);

    for state in [State::Disabled, State::Enabled] {
        admin.set_account_state(&name, state).await.unwrap();
    }
    assert_eq!(claimed(&b, due(100, 10)).await, [seqs[2]]);
}
