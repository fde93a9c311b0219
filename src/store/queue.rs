use super::{
    StateLock, StoreError,
    spool::{LegState, Spooled},
    sqlite::{self, queue, spool},
};
use crate::time::Millis;
use rusqlite::{Connection, TransactionBehavior};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

/// The spool as the command line sees it, whether a daemon runs or not: changes reach a running one
/// within a second. Blocks.
#[derive(Debug)]
pub struct Queue {
    connection: Connection,
    state_dir: PathBuf,
    path: PathBuf,
}

/// Which messages are meant: those with an open leg that fits all of it.
#[derive(Debug, Clone, Default)]
pub struct QueueFilter {
    /// Only these ids; empty: all.
    pub ids: Vec<String>,
    /// Only those from this mailbox or domain, as [`crate::address::Mailbox::to_key`] has them, or `<>`.
    pub from: Option<String>,
    /// Only those that wait for this mailbox or domain, in the same form.
    pub destination: Option<String>,
    /// Only those with a leg in this state.
    pub state: Option<LegState>,
    /// Only those that came before.
    pub before: Option<Millis>,
}

/// What is to be done with messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QueueChange {
    /// They are tried at once, before all others.
    Retry,
    /// They are given up, and nobody is told.
    Drop,
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct QueueChanged {
    /// Ids of the messages that were changed.
    pub ids: Vec<String>,
    /// Ids of those that could not be dropped, because they are being sent.
    pub sending: Vec<String>,
    /// A daemon serves from this state directory.
    pub is_served: bool,
}

/// What waits, in numbers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct QueueSummary {
    /// Messages.
    pub messages: u64,
    /// Their octets.
    pub octets: u64,
    /// When the oldest came.
    pub oldest: Option<Millis>,
    /// Messages by domain of their destination.
    pub destinations: BTreeMap<String, u64>,
}

impl Queue {
    /// Opens the spool of the store in `state_dir`; `None` when nothing was ever kept there.
    ///
    /// # Errors
    /// As [`super::Store::open`].
    pub fn open(state_dir: &Path) -> Result<Option<Self>, StoreError> {
        let path = sqlite::path(state_dir);
        if !sqlite::exists(&path)? {
            return Ok(None);
        }
        let connection = sqlite::open_writer(state_dir)?;
        Ok(Some(Self { connection, state_dir: state_dir.to_owned(), path }))
    }

    /// Hands the messages that `filter` wants to `each`, the oldest first. Nothing is locked meanwhile,
    /// however long `each` takes.
    ///
    /// # Errors
    /// When the store fails, or `each` does.
    pub fn for_each<E: From<StoreError>>(
        &self,
        filter: &QueueFilter,
        mut each: impl FnMut(Spooled) -> Result<(), E>,
    ) -> Result<(), E> {
        if !filter.ids.is_empty() {
            for seq in self.named(&filter.ids)? {
                let found = self.stored(spool::get(&self.connection, seq))?;
                if let Some(message) = found.filter(|message| filter.wants(message)) {
                    each(message)?;
                }
            }
            return Ok(());
        }
        let mut after = 0;
        loop {
            let page = self.stored(queue::page(&self.connection, after))?;
            let Some(last) = page.last() else { return Ok(()) };
            after = last.seq;
            page.into_iter().filter(|message| filter.wants(message)).try_for_each(&mut each)?;
        }
    }

    /// The message of that id, whatever its state, and its bytes as they will leave.
    ///
    /// # Errors
    /// When the store fails.
    pub fn get(&self, id: &str) -> Result<Option<(Spooled, Vec<u8>)>, StoreError> {
        let get = || -> rusqlite::Result<_> {
            let connection = self.connection.unchecked_transaction()?;
            let Some(seq) = queue::with_id(&connection, &id.to_uppercase())? else {
                return Ok(None);
            };
            Ok(spool::get(&connection, seq)?.zip(spool::bytes(&connection, seq)?))
        };
        let found = self.stored(get())?;
        Ok(found.map(|(message, (prefix, bytes))| (message, [prefix, bytes].concat())))
    }

    /// Those of `ids` that are not of a message that waits.
    ///
    /// # Errors
    /// When the store fails.
    pub fn absent(&self, ids: &[String]) -> Result<Vec<String>, StoreError> {
        let filter = QueueFilter { ids: ids.to_vec(), ..QueueFilter::default() };
        let mut present = BTreeSet::new();
        self.for_each(&filter, |message| {
            present.insert(message.head.id);
            Ok::<_, StoreError>(())
        })?;
        Ok(ids.iter().filter(|id| !present.contains(&id.to_uppercase())).cloned().collect())
    }

    /// Changes the messages that `filter` wants, all or none. A message that is being sent is not
    /// dropped.
    ///
    /// # Errors
    /// When the store fails.
    pub fn change(
        &mut self,
        filter: &QueueFilter,
        change: QueueChange,
    ) -> Result<QueueChanged, StoreError> {
        let mut wanted = Vec::new();
        self.for_each(filter, |message| {
            wanted.push((message.seq, message.head.id));
            Ok::<_, StoreError>(())
        })?;
        let path = self.path.clone();
        let failed = |error| StoreError::sqlite(&path, &error);
        // Held until it is done, so that no daemon begins to send what is being dropped.
        let stopped = StateLock::keep_stopped(&self.state_dir)
            .map_err(|error| StoreError::access(&self.state_dir, &error))?;
        let mut changed = QueueChanged { is_served: stopped.is_none(), ..QueueChanged::default() };
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(failed)?;
        for (seq, id) in wanted {
            // It may have moved on meanwhile.
            if filter.state.is_some() {
                let message = spool::get(&transaction, seq).map_err(failed)?;
                if !message.is_some_and(|message| filter.wants(&message)) {
                    continue;
                }
            }
            let legs = match change {
                QueueChange::Retry => queue::make_due(&transaction, seq).map_err(failed)?,
                QueueChange::Drop => {
                    let is_under_way = changed.is_served
                        && queue::is_under_way(&transaction, seq).map_err(failed)?;
                    if is_under_way {
                        changed.sending.push(id);
                        continue;
                    }
                    queue::give_up(&transaction, seq).map_err(failed)?
                }
            };
            if legs > 0 {
                changed.ids.push(id);
            }
        }
        if !changed.ids.is_empty() {
            queue::count_change(&transaction).map_err(failed)?;
        }
        transaction.commit().map_err(failed)?;
        Ok(changed)
    }

    /// What waits, in numbers.
    ///
    /// # Errors
    /// When the store fails.
    pub fn summary(&self) -> Result<QueueSummary, StoreError> {
        let summary = || -> rusqlite::Result<_> {
            let connection = self.connection.unchecked_transaction()?;
            let (messages, octets, oldest) = queue::summary(&connection)?;
            let destinations = queue::destinations(&connection)?;
            Ok(QueueSummary { messages, octets, oldest, destinations })
        };
        self.stored(summary())
    }

    /// The numbers of the messages with these ids, in order, each once.
    fn named(&self, ids: &[String]) -> Result<BTreeSet<i64>, StoreError> {
        let seq = |id: &String| queue::with_id(&self.connection, &id.to_uppercase());
        self.stored(ids.iter().filter_map(|id| seq(id).transpose()).collect())
    }

    fn stored<T>(&self, result: rusqlite::Result<T>) -> Result<T, StoreError> {
        result.map_err(|error| StoreError::sqlite(&self.path, &error))
    }
}

impl QueueFilter {
    /// Ids are looked up, and not looked at here.
    fn wants(&self, message: &Spooled) -> bool {
        let head = &message.head;
        let is_old = self.before.is_none_or(|before| head.arrived < before);
        let is_from = self.from.as_deref().is_none_or(|from| match head.sender.mailbox() {
            None => from == "<>",
            Some(sender) => from == sender.to_key() || from == sender.domain().to_key(),
        });
        let fits = message.legs.iter().any(|leg| {
            leg.state.is_open()
                && self.state.is_none_or(|state| leg.state == state)
                && self.destination.as_deref().is_none_or(|to| {
                    to == leg.mailbox.to_key() || to == leg.mailbox.domain().to_key()
                })
        });
        is_old && is_from && fits
    }
}
