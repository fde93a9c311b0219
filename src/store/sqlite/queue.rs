//! What an administrator asks of the spool, over a connection.

use super::rows::{queue, spool, texts};
use crate::store::{
    QueueChange, QueueChanged, QueueFilter, QueuePage, QueueSummary, Unreadable, spool::Spooled,
};
use rusqlite::{Connection, Result};
use std::{
    collections::{BTreeSet, HashSet},
    sync::Arc,
};

/// A message and its bytes, or what is wrong with it.
type Whole = std::result::Result<(Spooled, Vec<u8>), Unreadable>;

/// As [`Spool::queue_page`](crate::store::spool::Spool::queue_page).
pub(super) fn page(connection: &Connection, filter: &QueueFilter, after: i64) -> Result<QueuePage> {
    let connection = connection.unchecked_transaction()?;
    let (found, next) = if filter.ids.is_empty() {
        let found = spool::page(&connection, after)?;
        let next = found.last().map(spool::seq);
        (found, next)
    } else {
        let numbers = named(&connection, &filter.ids)?;
        let found = numbers.into_iter().filter_map(|seq| spool::get(&connection, seq).transpose());
        (found.collect::<Result<_>>()?, None)
    };
    let mut page = QueuePage { next, absent: filter.ids.clone(), ..QueuePage::default() };
    for message in found {
        page.add(message, filter);
    }
    Ok(page)
}

/// The message of that id, and its bytes as they will leave.
pub(super) fn get(connection: &Connection, id: &str) -> Result<Option<Whole>> {
    let connection = connection.unchecked_transaction()?;
    let Some(seq) = queue::with_id(&connection, &id.to_uppercase())? else { return Ok(None) };
    let Some(message) = spool::get(&connection, seq)? else { return Ok(None) };
    let message = match message {
        Ok(message) => message,
        Err(unreadable) => return Ok(Some(Err(unreadable))),
    };
    let form = texts::form(&connection, seq)?;
    let source = texts::source(&connection, message.source, message.size)?;
    let text = form.zip(source).map(|(form, source)| form.over(Arc::new(source.into())));
    Ok(text.map(|text| Ok((message, text.to_vec()))))
}

/// What is to be changed.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    messages: Vec<(i64, String)>,
    /// Those that are held and were to be tried.
    held: Vec<String>,
    /// Those that cannot be read and are named.
    unreadable: Vec<Unreadable>,
    absent: Vec<String>,
}

impl Wanted {
    /// Looks for it. One that cannot be read cannot be tried again.
    pub(super) fn find(
        connection: &Connection,
        filter: &QueueFilter,
        change: QueueChange,
    ) -> Result<std::result::Result<Self, Unreadable>> {
        let mut wanted = Self::default();
        let mut after = Some(0);
        while let Some(number) = after {
            let page = page(connection, filter, number)?;
            let is_held =
                |message: &Spooled| message.held.is_some() && change == QueueChange::Retry;
            let (held, messages): (Vec<_>, Vec<_>) = page.messages.into_iter().partition(is_held);
            wanted.held.extend(held.into_iter().map(|message| message.head.id));
            let messages = messages.into_iter();
            wanted.messages.extend(messages.map(|message| (message.seq, message.head.id)));
            wanted.unreadable.extend(page.unreadable);
            wanted.absent.extend(page.absent);
            after = page.next;
        }
        if filter.ids.is_empty() {
            wanted.unreadable.clear();
        }
        Ok(match (change, wanted.unreadable.pop()) {
            (QueueChange::Retry, Some(last)) => Err(last),
            (_, last) => {
                wanted.unreadable.extend(last);
                Ok(wanted)
            }
        })
    }

    /// Changes it, in a transaction that is open. Where nobody serves, nothing is being sent.
    pub(super) fn change(
        self,
        connection: &Connection,
        filter: &QueueFilter,
        change: QueueChange,
        is_served: bool,
    ) -> Result<QueueChanged> {
        let (absent, held) = (self.absent, self.held);
        let mut changed = QueueChanged { is_served, absent, held, ..QueueChanged::default() };
        for (seq, id) in self.messages {
            // It may have moved on meanwhile.
            if filter.state.is_some() {
                let message = spool::get(connection, seq)?;
                if !message.is_some_and(|message| message.is_ok_and(|it| filter.wants(&it))) {
                    continue;
                }
            }
            let legs = match change {
                QueueChange::Retry => queue::make_due(connection, seq)?,
                QueueChange::Drop if is_served && queue::is_under_way(connection, seq)? => {
                    changed.sending.push(id);
                    continue;
                }
                QueueChange::Drop => queue::give_up(connection, seq)?,
            };
            if legs > 0 {
                changed.ids.push(id);
            }
        }
        for Unreadable { seq, id, .. } in self.unreadable {
            if is_served && queue::is_under_way(connection, seq)? {
                changed.sending.push(id);
            } else {
                queue::discard(connection, seq)?;
                changed.ids.push(id);
            }
        }
        if !changed.ids.is_empty() {
            queue::count_change(connection)?;
        }
        Ok(changed)
    }
}

/// What waits, in numbers.
pub(super) fn summary(connection: &Connection) -> Result<QueueSummary> {
    let connection = connection.unchecked_transaction()?;
    let mut summary = QueueSummary::default();
    let mut sources = HashSet::new();
    spool::all(&connection, |message| summary.add(message, &mut sources))?;
    Ok(summary)
}

/// The numbers of the messages with these ids, in order, each once.
fn named(connection: &Connection, ids: &[String]) -> Result<BTreeSet<i64>> {
    let seq = |id: &String| queue::with_id(connection, &id.to_uppercase());
    ids.iter().filter_map(|id| seq(id).transpose()).collect()
}
