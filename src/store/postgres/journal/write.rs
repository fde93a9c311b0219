//! Writes records, those of a moment in one transaction.

use super::{
    days::{self, Day},
    prune,
    rows::{self, Change, New},
};
use crate::{
    clock,
    store::{
        StoreError,
        journal::{
            Bounce, Bounds, JournalError, Outcome, Record,
            noted::{Keep, Noted, count_new},
            tally::Tally,
            writer::{Entry, Writes},
        },
        postgres::{
            access::{Access, reading, writing},
            rows::spool::clean,
        },
    },
    time::Millis,
};
use async_trait::async_trait;
use std::{
    collections::{BTreeSet, HashMap},
    mem, process,
};

/// The writing side of a node.
pub(super) struct Writer {
    access: Access,
    node: String,
    /// Days that have partitions, as far as this process knows.
    days: BTreeSet<Day>,
    /// Its name among all that ever wrote, and how many batches it has begun.
    name: String,
    batches: i64,
    /// Of the entries that come again, how many the last batch went up to, where nobody heard whether it was written.
    unheard_of: Option<usize>,
    /// ... and how many are written.
    written: usize,
}

impl Writer {
    pub(super) fn new(access: Access, node: String) -> Self {
        let name = format!("{} {} {}", clean(&node), process::id(), clock::millis().as_millis());
        Self { access, node, days: BTreeSet::new(), name, batches: 0, unheard_of: None, written: 0 }
    }

    /// Writes what of the entries is not written yet.
    async fn write_rest(
        &mut self,
        entries: &[Entry],
        now: Millis,
    ) -> Result<Vec<Bounce>, StoreError> {
        if let Some(count) = self.unheard_of {
            let last: Option<i64> =
                reading!(self.access, tx => rows::last_batch(tx, &self.name).await)?;
            self.unheard_of = None;
            if last == Some(self.batches) {
                self.written = count;
            }
        }
        let rest = entries.get(self.written..).unwrap_or_default();
        let written = match self.try_write(rest, now).await {
            // The day of a record that comes late may have been dropped by another node.
            Err(StoreError::Failed { .. }) => {
                self.days.clear();
                self.try_write(rest, now).await
            }
            written => written,
        };
        if let Err(StoreError::Unreachable { .. }) = written {
            self.unheard_of = Some(entries.len());
        }
        written
    }

    async fn try_write(
        &mut self,
        entries: &[Entry],
        now: Millis,
    ) -> Result<Vec<Bounce>, StoreError> {
        // Before anything fails: that number is then of nothing that was written.
        self.batches += 1;
        let wanted: BTreeSet<Day> =
            entries.iter().filter_map(record).map(|record| Day::of(record.time)).collect();
        let missing: BTreeSet<Day> = wanted.difference(&self.days).copied().collect();
        days::make(&self.access, &missing).await?;
        self.days.extend(missing);
        let node = clean(&self.node);
        writing!(self.access, tx => {
            // A server that breaks down may cost the last records, never the journal; nobody waits for its disk.
            tx.batch_execute("SET LOCAL synchronous_commit = off").await?;
            let again: BTreeSet<&str> = entries.iter().filter_map(looked_up).collect();
            rows::lock(tx, &again).await?;
            let mut batch = Batch { known: rows::find(tx, &again).await?, ..Batch::new(now) };
            let early = batch.take(entries);
            batch.write(tx, &node).await?;
            rows::note_batch(tx, &self.name, self.batches).await?;
            Ok(early)
        })
    }
}

#[async_trait(?Send)]
impl Writes for Writer {
    async fn write(&mut self, entries: &[Entry], now: Millis) -> Result<Vec<Bounce>, JournalError> {
        let written = self.write_rest(entries, now).await;
        // Only then the same entries come again.
        if !matches!(written, Err(StoreError::Unreachable { .. } | StoreError::Busy { .. })) {
            (self.written, self.unheard_of) = (0, None);
        }
        Ok(written?)
    }

    async fn prune(&mut self, bounds: Bounds, now: Millis) -> Result<bool, JournalError> {
        Ok(prune::records(&self.access, bounds, now).await?)
    }

    async fn prune_counts(&mut self, bounds: Bounds, now: Millis) -> Result<(), JournalError> {
        Ok(prune::counts(&self.access, bounds.size, now).await?)
    }
}

fn record(entry: &Entry) -> Option<&Record> {
    match entry {
        Entry::New(record) | Entry::Amendment(record) | Entry::Replacement(record) => Some(record),
        Entry::Bounce(_) => None,
    }
}

/// The id of the message of which there may be a record already.
fn looked_up(entry: &Entry) -> Option<&str> {
    match entry {
        // A spooled message may have ended before this is written.
        Entry::New(record) if record.outcome != Outcome::Spooled => None,
        Entry::New(record) | Entry::Amendment(record) | Entry::Replacement(record) => {
            Some(&record.id)
        }
        Entry::Bounce(bounce) => Some(&bounce.id),
    }
}

/// What comes of the entries, worked out before anything is written.
pub(super) struct Batch<'a> {
    /// What is there, by the ids of messages.
    known: HashMap<String, Change>,
    /// Where in `new` the record of a message is, by its id.
    at: HashMap<&'a str, usize>,
    new: Vec<New<'a>>,
    /// Records in whose places others come.
    gone: Vec<Change>,
    tally: Tally,
}

impl<'a> Batch<'a> {
    fn new(now: Millis) -> Self {
        Self {
            known: HashMap::new(),
            at: HashMap::new(),
            new: Vec::new(),
            gone: Vec::new(),
            tally: Tally::new(now),
        }
    }

    /// Gives the bounces whose message is not known.
    fn take(&mut self, entries: &'a [Entry]) -> Vec<Bounce> {
        for entry in entries {
            match entry {
                Entry::New(record) if record.outcome == Outcome::Spooled => {
                    self.merge(record, Keep::Outcome);
                }
                Entry::New(record) => self.insert(record),
                Entry::Amendment(record) => self.merge(record, Keep::Nothing),
                Entry::Replacement(record) => {
                    if let Some(known) = self.known.remove(&record.id) {
                        known.noted.uncount(&mut self.tally);
                        self.gone.push(known);
                    }
                    if let Some(new) =
                        self.at.remove(record.id.as_str()).and_then(|at| self.new.get_mut(at))
                    {
                        new.noted.uncount(&mut self.tally);
                        new.is_gone = true;
                    }
                    self.insert(record);
                }
                Entry::Bounce(_) => {}
            }
        }
        // Behind the messages, as a destination may be faster with its bounce than the client with its next word.
        let mut early = Vec::new();
        for entry in entries {
            let Entry::Bounce(bounce) = entry else { continue };
            match self.noted(&bounce.id) {
                Some((noted, tally)) => noted.bounce(bounce, tally),
                None => early.push(bounce.clone()),
            }
        }
        early
    }

    fn noted(&mut self, id: &str) -> Option<(&mut Noted, &mut Tally)> {
        let noted = match self.known.get_mut(id) {
            Some(known) => {
                known.is_changed = true;
                &mut known.noted
            }
            None => &mut self.new.get_mut(*self.at.get(id)?)?.noted,
        };
        Some((noted, &mut self.tally))
    }

    fn insert(&mut self, record: &'a Record) {
        let class = count_new(record, &mut self.tally);
        self.at.entry(&record.id).or_insert(self.new.len());
        self.new.push(New::of(record, class.into_owned()));
    }

    fn merge(&mut self, record: &'a Record, keep: Keep) {
        if let Some(known) = self.known.get_mut(&record.id) {
            known.is_changed = true;
            known.noted.add(record, keep, &mut self.tally);
            known.ms = known.ms.max(record.ms);
            known.added.extend(record.attempts.iter().cloned());
        } else if let Some(new) =
            self.at.get(record.id.as_str()).and_then(|at| self.new.get_mut(*at))
        {
            new.noted.add(record, keep, &mut self.tally);
            new.ms = new.ms.max(record.ms);
            new.attempts.extend(&record.attempts);
        } else {
            self.insert(record);
        }
    }

    async fn write(
        mut self,
        tx: &deadpool_postgres::Transaction<'_>,
        node: &str,
    ) -> super::super::ask::Result<()> {
        let mut days = rows::DayCounts::default();
        let new: Vec<New<'_>> =
            mem::take(&mut self.new).into_iter().filter(|new| !new.is_gone).collect();
        let changed: Vec<Change> =
            self.known.into_values().filter(|change| change.is_changed).collect();
        rows::delete(tx, &self.gone, &mut days).await?;
        rows::insert(tx, &new, node, &mut days).await?;
        rows::update(tx, &changed, &mut days).await?;
        rows::add_counts(tx, self.tally).await?;
        days.write(tx).await
    }
}
