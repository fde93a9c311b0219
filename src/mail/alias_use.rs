//! What comes of the mail to aliases (`alias show`), and how many messages are left to those that take a number of
//! them. Counted in memory, and written down a second later, many at once: no message waits for it.

use crate::{
    alias::{Key, Reason, Used},
    store::{Store, StoreError},
    time::UnixTime,
};
use parking_lot::Mutex;
use std::{collections::HashMap, sync::Arc, time::Duration};
use tokio::{sync::Notify, time::sleep};

/// Within how long it is written down.
const KEPT_WITHIN: Duration = Duration::from_secs(1);

/// What came of the mail to aliases since it was written down.
#[derive(Debug, Default)]
pub(crate) struct AliasUses {
    tallies: Mutex<HashMap<Key, Tally>>,
    changed: Notify,
    /// Held while the store is asked or told: what it says is then all that is not here.
    asking: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
struct Tally {
    /// To be written down.
    used: Used,
    /// Messages that are being written down.
    writing: u64,
    /// Places that somebody holds.
    places: u64,
    /// How many messages the store knows of, as of a version of the aliases, if that was asked.
    kept: Option<(i64, u64)>,
}

/// A place among the messages that an alias takes. Given back when it is dropped, unless it is spent.
#[derive(Debug)]
pub(crate) struct Place {
    uses: Arc<AliasUses>,
    alias: Key,
    /// When the message was taken.
    spent: Option<UnixTime>,
}

/// Why no place is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoPlace {
    /// The alias took as many messages as it takes.
    UsedUp,
    /// The last ones are under way: should one not be taken, its place is another's.
    Held,
}

impl AliasUses {
    /// A place for one more message to an alias that takes `most` of them, or why there is none. Of two who ask at once for
    /// the last one, one gets it.
    ///
    /// # Errors
    /// When the store cannot say how many the alias took.
    pub(crate) async fn reserve(
        self: &Arc<Self>,
        store: &Store,
        alias: &Key,
        most: u64,
    ) -> Result<Result<Place, NoPlace>, StoreError> {
        let count = |tally: &mut Tally, taken: u64| {
            let is_left = taken.saturating_add(tally.places) < most;
            tally.places += u64::from(is_left);
            match is_left {
                true => Ok(()),
                false if taken >= most => Err(NoPlace::UsedUp),
                false => Err(NoPlace::Held),
            }
        };
        let is_left = self.with_taken(store, alias, count).await?;
        Ok(is_left.map(|()| Place { uses: Arc::clone(self), alias: alias.clone(), spent: None }))
    }

    /// How many messages an alias took so far.
    ///
    /// # Errors
    /// When the store cannot say.
    pub(crate) async fn taken(&self, store: &Store, alias: &Key) -> Result<u64, StoreError> {
        self.with_taken(store, alias, |_, taken| taken).await
    }

    /// Whether an alias has had all `most` messages that it takes, as far as that is known here.
    pub(crate) fn is_used_up(&self, alias: &Key, most: u64) -> bool {
        let tallies = self.tallies.lock();
        let tally = tallies.get(alias);
        let kept = tally.and_then(|tally| Some((tally, tally.kept?.1)));
        kept.is_some_and(|(tally, kept)| tally.taken(kept) >= most)
    }

    async fn with_taken<T>(
        &self,
        store: &Store,
        alias: &Key,
        work: impl FnOnce(&mut Tally, u64) -> T,
    ) -> Result<T, StoreError> {
        // An alias that was removed and added again begins anew.
        let version = *store.version().borrow();
        if let Some(tally) = self.tallies.lock().get_mut(alias)
            && let Some((of, kept)) = tally.kept
            && of == version
        {
            let taken = tally.taken(kept);
            return Ok(work(tally, taken));
        }
        let _asking = self.asking.lock().await;
        let kept = store.counters(alias).await?.unwrap_or_default().forwarded;
        Ok(self.with(alias, |tally| {
            tally.kept = Some((version, kept));
            let taken = tally.taken(kept);
            work(tally, taken)
        }))
    }

    /// Counts a message that was taken for an alias. One that held a place is counted by [`Place::spend`].
    pub(crate) fn count_taken(&self, alias: &Key, now: UnixTime) {
        self.with(alias, |tally| tally.used.take(now));
        self.changed.notify_one();
    }

    /// Counts a message that was refused.
    pub(crate) fn count_refused(&self, alias: &Key, reason: Reason, now: UnixTime) {
        self.with(alias, |tally| tally.used.refuse(reason, now));
        self.changed.notify_one();
    }

    /// Writes down for ever what comes.
    pub(crate) async fn follow(&self, store: &Store) {
        loop {
            self.changed.notified().await;
            sleep(KEPT_WITHIN).await;
            self.keep(store).await;
        }
    }

    /// Writes it down now.
    pub(crate) async fn keep(&self, store: &Store) {
        let _asking = self.asking.lock().await;
        let used: Vec<Used> = {
            let mut tallies = self.tallies.lock();
            tallies.retain(|_, tally| !tally.used.is_empty() || tally.places > 0);
            let changed = tallies.iter_mut().filter(|(_, tally)| !tally.used.is_empty());
            let out = changed.map(|(key, tally)| {
                tally.writing = tally.used.forwarded;
                std::mem::replace(&mut tally.used, Used::new(key.clone()))
            });
            out.collect()
        };
        if used.is_empty() {
            return;
        }
        let kept = store.keep_counters(used.clone()).await;
        if let Err(error) = &kept {
            tracing::error!(%error, "cannot write down what came of the mail to aliases");
        }
        for one in used {
            self.with(&one.alias.clone(), |tally| {
                tally.writing = 0;
                match &kept {
                    Ok(()) => {
                        tally.kept = tally.kept.map(|(of, kept)| (of, kept + one.forwarded));
                    }
                    Err(_) => tally.not_written(&one),
                }
            });
        }
    }

    fn with<T>(&self, alias: &Key, work: impl FnOnce(&mut Tally) -> T) -> T {
        let mut tallies = self.tallies.lock();
        if let Some(tally) = tallies.get_mut(alias) {
            return work(tally);
        }
        work(tallies.entry(alias.clone()).or_insert_with(|| Tally {
            used: Used::new(alias.clone()),
            writing: 0,
            places: 0,
            kept: None,
        }))
    }
}

impl Tally {
    /// Messages in all, of which the store knows `kept`.
    fn taken(&self, kept: u64) -> u64 {
        kept.saturating_add(self.writing).saturating_add(self.used.forwarded)
    }

    fn not_written(&mut self, used: &Used) {
        self.used.merge(used);
        // Perhaps some of it was: what the store knows is asked again.
        self.kept = None;
    }
}

impl Place {
    /// The alias that it is a place of.
    pub(crate) fn alias(&self) -> &Key {
        &self.alias
    }

    /// The message was taken, and counts.
    pub(crate) fn spend(mut self, now: UnixTime) {
        self.spent = Some(now);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // In one step, or the message would count twice for a moment.
        self.uses.with(&self.alias, |tally| {
            tally.places = tally.places.saturating_sub(1);
            if let Some(now) = self.spent {
                tally.used.take(now);
            }
        });
        if self.spent.is_some() {
            self.uses.changed.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        address::Domain,
        alias::{Alias, AliasAddress, DayUse},
        store::Options,
    };
    use std::path::Path;

    const NOW: UnixTime = UnixTime::new(100);

    async fn store(state: &Path) -> (Store, Key) {
        let store = Store::open(state, Options::default()).unwrap();
        store.add_domain(&Domain::parse("x.test").unwrap()).await.unwrap();
        let alias = Alias::forward(AliasAddress::parse("a@x.test").unwrap(), ["b@y.test"]).unwrap();
        store.add_alias(&alias).await.unwrap();
        (store, alias.address().key())
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn of_many_at_once_as_many_get_a_place_as_there_are() {
        let state = tempfile::tempdir().unwrap();
        let (store, key) = store(state.path()).await;
        let uses = Arc::new(AliasUses::default());
        let mut asking = tokio::task::JoinSet::new();
        for n in 0..64 {
            let (store, key, uses) = (store.clone(), key.clone(), Arc::clone(&uses));
            asking.spawn(async move {
                if n % 8 == 0 {
                    uses.keep(&store).await;
                }
                let place = uses.reserve(&store, &key, 10).await.unwrap();
                // Every second one is not taken in the end, and another gets its place.
                let Ok(place) = place else { return false };
                tokio::task::yield_now().await;
                if n % 2 == 0 {
                    place.spend(NOW)
                } else {
                    drop(place)
                }
                n % 2 == 0
            });
        }
        let spent = asking.join_all().await.into_iter().filter(|spent| *spent).count() as u64;
        assert!(spent <= 10, "{spent}");
        let mut more = 0;
        while let Ok(place) = uses.reserve(&store, &key, 10).await.unwrap() {
            place.spend(NOW);
            more += 1;
        }
        assert_eq!(spent + more, 10);
        uses.keep(&store).await;
        assert_eq!(store.counters(&key).await.unwrap().unwrap().forwarded, 10);
        assert_eq!(uses.tallies.lock().values().map(|tally| tally.places).sum::<u64>(), 0);
        // Another process begins with what was written down.
        let uses = Arc::new(AliasUses::default());
        assert_eq!(uses.reserve(&store, &key, 10).await.unwrap().err(), Some(NoPlace::UsedUp));
        let place = uses.reserve(&store, &key, 11).await.unwrap().unwrap();
        assert_eq!(uses.reserve(&store, &key, 11).await.unwrap().err(), Some(NoPlace::Held));
        drop(place);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn an_alias_that_is_added_again_begins_anew() {
        let state = tempfile::tempdir().unwrap();
        let (store, key) = store(state.path()).await;
        let uses = Arc::new(AliasUses::default());
        uses.reserve(&store, &key, 1).await.unwrap().unwrap().spend(NOW);
        uses.count_refused(&key, Reason::Block, NOW);
        uses.keep(&store).await;
        assert!(uses.reserve(&store, &key, 1).await.unwrap().is_err());
        let alias = store.remove_alias(&AliasAddress::parse("a@x.test").unwrap()).await.unwrap();
        assert_eq!(store.counters(&key).await.unwrap(), None);
        store.add_alias(&alias).await.unwrap();
        assert!(uses.reserve(&store, &key, 1).await.unwrap().is_ok());
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_cannot_be_written_is_written_later() {
        let state = tempfile::tempdir().unwrap();
        let (store, key) = store(state.path()).await;
        let uses = Arc::new(AliasUses::default());
        store.close().await;
        uses.count_taken(&key, NOW);
        uses.count_refused(&key, Reason::Spam, NOW);
        uses.keep(&store).await;
        let store = Store::open(state.path(), Options::default()).unwrap();
        uses.keep(&store).await;
        uses.keep(&store).await;
        let counters = store.counters(&key).await.unwrap().unwrap();
        assert_eq!((counters.forwarded, counters.refused, counters.last_use), (1, 1, Some(NOW)));
        let days = store.daily_uses(vec![key], NOW.day()).await.unwrap();
        assert_eq!(days, [[(NOW.day(), DayUse { forwarded: 1, refused: 1 })].into()]);
        assert!(uses.tallies.lock().is_empty());
    }
}
