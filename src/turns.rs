//! Whose turn it is where not all can go on at once. So many at once, so many of each: who has fewer under way goes
//! first, and the last ones are for who has none ([`allowance`]), so that whoever has much to do waits for himself and
//! not others for him.

use crate::slots::allowance;
use parking_lot::Mutex;
use std::{
    collections::{HashMap, VecDeque},
    fmt,
    hash::Hash,
    sync::Arc,
};
use tokio::sync::oneshot;

/// Hands out turns to whoever `K` names. Clones share them.
pub(crate) struct Turns<K: Key>(Arc<Mutex<State<K>>>);

/// Something may be under way as long as this lives.
pub(crate) struct Turn<K: Key> {
    turns: Turns<K>,
    /// `None` once it is given back.
    key: Option<K>,
}

/// By what turns are counted.
pub(crate) trait Key: Clone + Eq + Hash {}

impl<K: Clone + Eq + Hash> Key for K {}

struct State<K: Key> {
    /// Most at once.
    most: usize,
    under_way: usize,
    lines: HashMap<K, Line<K>>,
    /// How many have waited so far.
    order: u64,
}

/// Those of one key.
struct Line<K: Key> {
    /// Most at once.
    most: usize,
    under_way: usize,
    waiting: VecDeque<(u64, oneshot::Sender<Turn<K>>)>,
}

impl<K: Key> Turns<K> {
    /// At most `most` at once.
    pub(crate) fn new(most: usize) -> Self {
        let state = State { most, under_way: 0, lines: HashMap::new(), order: 0 };
        Self(Arc::new(Mutex::new(state)))
    }

    /// Changes how many there are at once.
    pub(crate) fn set_most(&self, most: usize) {
        let state = &mut *self.0.lock();
        state.most = most;
        state.go_on(self);
    }

    /// Waits for a turn of `key`, which has at most `most` of them at once.
    pub(crate) async fn take(&self, key: K, most: usize) -> Turn<K> {
        loop {
            let turn = {
                let state = &mut *self.0.lock();
                match state.begin(&key, most) {
                    true => return Turn { turns: self.clone(), key: Some(key) },
                    false => state.wait(&key),
                }
            };
            // A sender is dropped only when nobody waits any more.
            if let Ok(turn) = turn.await {
                return turn;
            }
        }
    }

    /// How many are under way.
    #[cfg(test)]
    fn under_way(&self) -> usize {
        self.0.lock().under_way
    }
}

impl<K: Key> State<K> {
    /// How many one key may have under way to be given one more.
    fn allowance(&self) -> usize {
        match self.most.saturating_sub(self.under_way) {
            0 => 0,
            free => allowance(self.most, free),
        }
    }

    /// True when one more may go on at once. Then nobody waits who might: they are at the most of their key.
    fn begin(&mut self, key: &K, most: usize) -> bool {
        let allowance = self.allowance();
        let line = self.lines.entry(key.clone()).or_insert_with(Line::new);
        line.most = most;
        let may = line.under_way < most.min(allowance);
        line.under_way += usize::from(may);
        self.under_way += usize::from(may);
        may
    }

    fn wait(&mut self, key: &K) -> oneshot::Receiver<Turn<K>> {
        let (sender, receiver) = oneshot::channel();
        self.order += 1;
        let line = self.lines.entry(key.clone()).or_insert_with(Line::new);
        // Those who have given up take no room.
        line.waiting.retain(|(_, sender)| !sender.is_closed());
        line.waiting.push_back((self.order, sender));
        receiver
    }

    fn end(&mut self, key: &K) {
        self.under_way = self.under_way.saturating_sub(1);
        if let Some(line) = self.lines.get_mut(key) {
            line.under_way = line.under_way.saturating_sub(1);
            if line.under_way == 0 && line.waiting.is_empty() {
                self.lines.remove(key);
            }
        }
    }

    /// Hands out what is left: to who has fewest under way, of these to who has waited longest.
    fn go_on(&mut self, turns: &Turns<K>) {
        loop {
            let allowance = self.allowance();
            let may = |line: &Line<K>| line.under_way < line.most.min(allowance);
            let waiting = self.lines.iter().filter(|(_, line)| may(line));
            let next = waiting
                .filter_map(|(key, line)| Some((line.under_way, line.waiting.front()?.0, key)))
                .min_by_key(|(under_way, order, _)| (*under_way, *order));
            let Some((_, _, key)) = next else { return };
            let key = key.clone();
            let Some(line) = self.lines.get_mut(&key) else { return };
            let Some((_, sender)) = line.waiting.pop_front() else { return };
            line.under_way += 1;
            self.under_way += 1;
            let turn = Turn { turns: turns.clone(), key: Some(key.clone()) };
            if let Err(mut unheard) = sender.send(turn) {
                // Not by its drop, which would wait for us.
                unheard.key = None;
                self.end(&key);
            }
        }
    }
}

impl<K: Key> Line<K> {
    fn new() -> Self {
        Self { most: 0, under_way: 0, waiting: VecDeque::new() }
    }
}

impl<K: Key> Drop for Turn<K> {
    fn drop(&mut self) {
        if let Some(key) = self.key.take() {
            let state = &mut *self.turns.0.lock();
            state.end(&key);
            state.go_on(&self.turns);
        }
    }
}

impl<K: Key> Clone for Turns<K> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K: Key> fmt::Debug for Turns<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Turns")
    }
}

impl<K: Key> fmt::Debug for Turn<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Turn")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{future::Future, pin::pin, task::Poll};

    /// The result of one poll.
    async fn now<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
        let mut future = pin!(future);
        std::future::poll_fn(|cx| match future.as_mut().poll(cx) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending => Poll::Ready(None),
        })
        .await
    }

    #[tokio::test]
    async fn each_has_its_share_and_waits_for_itself() {
        let turns = Turns::new(5);
        let first = turns.take("busy", 2).await;
        let _second = turns.take("busy", 2).await;
        let mut third = Box::pin(turns.take("busy", 2));
        assert!(now(&mut third).await.is_none());
        let _other =
            now(&mut Box::pin(turns.take("other", 2))).await.expect("nobody waits for busy");
        drop(first);
        assert!(now(&mut third).await.is_some(), "and busy for himself");
    }

    #[tokio::test]
    async fn who_has_fewest_under_way_goes_first_where_all_are_taken() {
        let turns = Turns::new(3);
        let _busy = turns.take("busy", 9).await;
        let (one, other) = (turns.take("one", 9).await, turns.take("other", 9).await);
        let mut second = Box::pin(turns.take("busy", 9));
        assert!(now(&mut second).await.is_none());
        let mut late = Box::pin(turns.take("late", 9));
        assert!(now(&mut late).await.is_none());
        drop(one);
        assert!(now(&mut second).await.is_none());
        let late = now(&mut late).await.expect("before the one that waited longer");
        drop((late, other));
        assert!(now(&mut second).await.is_some());
    }

    #[tokio::test]
    async fn sixteen_who_take_all_they_can_leave_some_for_whoever_comes() {
        let turns = Turns::new(200);
        let mut under_way = Vec::new();
        for busy in 0..16 {
            for _ in 0..20 {
                under_way.extend(now(&mut Box::pin(turns.take(busy, 20))).await);
            }
        }
        assert!(under_way.len() >= 150, "{} of 200 are used", under_way.len());
        for late in 100..110 {
            let turn = now(&mut Box::pin(turns.take(late, 20))).await;
            under_way.push(turn.expect("at once"));
        }
    }

    #[tokio::test]
    async fn who_gives_up_takes_nothing_along() {
        let turns = Turns::new(1);
        let only = turns.take("a", 1).await;
        let mut gone = Box::pin(turns.take("b", 1));
        assert!(now(&mut gone).await.is_none());
        let mut stays = Box::pin(turns.take("c", 1));
        assert!(now(&mut stays).await.is_none());
        drop(gone);
        drop(only);
        let turn = now(&mut stays).await.expect("the next one's");
        // And where the turn was handed over and nobody took it.
        let mut unseen = Box::pin(turns.take("d", 1));
        assert!(now(&mut unseen).await.is_none());
        drop(turn);
        drop(unseen);
        assert_eq!(turns.under_way(), 0);
        assert!(turns.0.lock().lines.is_empty(), "nothing is kept of whoever is gone");
    }

    #[tokio::test]
    async fn more_at_once_by_a_reload() {
        let turns = Turns::new(1);
        let _first = turns.take("a", 1).await;
        let mut second = Box::pin(turns.take("b", 1));
        assert!(now(&mut second).await.is_none());
        turns.set_most(2);
        assert!(now(&mut second).await.is_some());
    }
}
