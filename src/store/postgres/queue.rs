//! What an administrator asks of the spool.

use super::{
    ask::Result,
    rows::{nodes, queue, spool, texts},
};
use crate::store::{
    QueueChange, QueueChanged, QueueFilter, QueuePage, QueueSummary, Unreadable, spool::Spooled,
};
use deadpool_postgres::Transaction;
use std::{
    collections::{BTreeSet, HashSet},
    sync::Arc,
};

/// A message and its bytes, or what is wrong with it.
type Whole = std::result::Result<(Spooled, Vec<u8>), Unreadable>;

/// As [`Spool::queue_page`](crate::store::spool::Spool::queue_page).
pub(super) async fn page(
    tx: &Transaction<'_>,
    filter: &QueueFilter,
    after: i64,
) -> Result<QueuePage> {
    let (found, next) = if filter.ids.is_empty() {
        let found = spool::page(tx, after).await?;
        let next = found.last().map(spool::seq);
        (found, next)
    } else {
        let mut found = Vec::new();
        for seq in named(tx, &filter.ids).await? {
            found.extend(spool::of(tx, seq).await?);
        }
        (found, None)
    };
    let mut page = QueuePage { next, absent: filter.ids.clone(), ..QueuePage::default() };
    for message in found {
        page.add(message, filter);
    }
    Ok(page)
}

/// The message of that id, and its bytes as they will leave.
pub(super) async fn get(tx: &Transaction<'_>, id: &str) -> Result<Option<Whole>> {
    let Some(seq) = queue::with_id(tx, &id.to_uppercase()).await? else { return Ok(None) };
    let Some(message) = spool::of(tx, seq).await? else { return Ok(None) };
    let message = match message {
        Ok(message) => message,
        Err(unreadable) => return Ok(Some(Err(unreadable))),
    };
    let form = texts::form(tx, seq).await?;
    let source = texts::source(tx, message.source, message.size).await?;
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
    pub(super) async fn find(
        tx: &Transaction<'_>,
        filter: &QueueFilter,
        change: QueueChange,
    ) -> Result<std::result::Result<Self, Unreadable>> {
        let mut wanted = Self::default();
        let mut after = Some(0);
        while let Some(number) = after {
            let page = page(tx, filter, number).await?;
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

    /// Changes it. Where nobody serves who owns a message, it is not being sent.
    pub(super) async fn change(
        self,
        tx: &Transaction<'_>,
        filter: &QueueFilter,
        change: QueueChange,
    ) -> Result<QueueChanged> {
        let (absent, held) = (self.absent, self.held);
        let is_served = nodes::any_serves(tx).await?;
        let mut changed = QueueChanged { is_served, absent, held, ..QueueChanged::default() };
        for (seq, id) in self.messages {
            // It may have moved on meanwhile.
            if filter.state.is_some() {
                let message = spool::of(tx, seq).await?;
                if !message.is_some_and(|message| message.is_ok_and(|it| filter.wants(&it))) {
                    continue;
                }
            }
            let legs = match change {
                QueueChange::Retry => queue::make_due(tx, seq).await?,
                QueueChange::Drop if queue::is_under_way(tx, seq).await? => {
                    changed.sending.push(id);
                    continue;
                }
                QueueChange::Drop => queue::give_up(tx, seq).await?,
            };
            if legs > 0 {
                changed.ids.push(id);
            }
        }
        for Unreadable { seq, id, .. } in self.unreadable {
            if queue::is_under_way(tx, seq).await? {
                changed.sending.push(id);
            } else {
                queue::discard(tx, seq).await?;
                changed.ids.push(id);
            }
        }
        if !changed.ids.is_empty() {
            queue::count_change(tx).await?;
        }
        Ok(changed)
    }
}

/// What waits, in numbers.
pub(super) async fn summary(tx: &Transaction<'_>) -> Result<QueueSummary> {
    let mut summary = QueueSummary::default();
    let mut sources = HashSet::new();
    let mut after = 0;
    loop {
        let page = spool::page(tx, after).await?;
        let Some(last) = page.last() else { return Ok(summary) };
        after = spool::seq(last);
        for message in page {
            summary.add(message, &mut sources);
        }
    }
}

/// The numbers of the messages with these ids, in order, each once.
async fn named(tx: &Transaction<'_>, ids: &[String]) -> Result<BTreeSet<i64>> {
    let mut found = BTreeSet::new();
    for id in ids {
        found.extend(queue::with_id(tx, &id.to_uppercase()).await?);
    }
    Ok(found)
}
