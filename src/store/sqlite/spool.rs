use super::{
    Sqlite, queue,
    rows::{legs, queue as queue_rows, spool, texts},
    size::{self, DISK},
};
use crate::store::{
    QueueChange, QueueChanged, QueueFilter, QueuePage, QueueSummary, StateLock, StoreError,
    Unreadable,
    spool::{
        Leg, NewMessage, Open, Spool, SpoolError, SpoolFigures, SpoolTaken, Spooled, SpooledWhole,
    },
    whole::Whole,
};
use crate::{message::Source, time::Millis};
use async_trait::async_trait;
use rusqlite::Connection;
use std::sync::Arc;
use tokio::sync::watch;

#[async_trait]
impl Spool for Sqlite {
    async fn spool(&self, messages: Vec<NewMessage>) -> Result<Vec<i64>, SpoolError> {
        match self.try_spool(messages.clone()).await {
            Err(SpoolError::Full(DISK)) => {
                // Much of what the files hold may not be needed any more.
                self.writer.make_room().await;
                self.try_spool(messages).await
            }
            tried => tried,
        }
    }

    async fn spool_begin(&self, seq: i64, legs: Vec<i64>) -> Result<Vec<i64>, StoreError> {
        self.writer.run(move |connection| legs::begin(connection, seq, &legs)).await
    }

    async fn spool_uncertain(&self, seq: i64, legs: Vec<i64>) -> Result<bool, StoreError> {
        self.writer.run(move |connection| legs::make_uncertain(connection, seq, &legs)).await
    }

    async fn spool_conclude(
        &self,
        seq: i64,
        legs: Vec<(i64, Leg)>,
        notices: Vec<NewMessage>,
    ) -> Result<Vec<i64>, StoreError> {
        let conclude = move |connection: &Connection| {
            for (at, leg) in &legs {
                legs::update(connection, seq, *at, leg)?;
            }
            spool::insert(connection, &notices)
        };
        self.writer.run(conclude).await
    }

    async fn spool_delayed(&self, now: Millis, after: i64) -> Result<Vec<i64>, StoreError> {
        self.readers.run(move |connection| legs::delayed(connection, now, after)).await
    }

    async fn spool_told_of_delay(
        &self,
        seq: i64,
        legs: Vec<i64>,
        notice: Option<NewMessage>,
    ) -> Result<Option<i64>, StoreError> {
        let tell = move |connection: &Connection| {
            let is_news = legs::told_of_delay(connection, seq, &legs)?;
            let notice: Vec<NewMessage> = notice.iter().filter(|_| is_news).cloned().collect();
            Ok(spool::insert(connection, &notice)?.pop())
        };
        self.writer.run(tell).await
    }

    async fn spool_bury(&self, messages: Vec<i64>) -> Result<(), StoreError> {
        let bury = move |connection: &Connection| {
            messages.iter().try_for_each(|seq| spool::bury(connection, *seq).map(drop))
        };
        self.writer.run(bury).await
    }

    async fn spool_recover(&self) -> Result<usize, StoreError> {
        self.writer.run(legs::recover).await
    }

    async fn spooled(&self, seq: i64) -> Result<Option<Spooled>, StoreError> {
        let read = move |connection: &Connection| {
            let transaction = connection.unchecked_transaction()?;
            spool::get(&transaction, seq)
        };
        Ok(self.readers.run(read).await?.transpose()?)
    }

    async fn spooled_whole(&self, seq: i64, most: u64) -> Result<Option<SpooledWhole>, StoreError> {
        let read = move |connection: &Connection| {
            let transaction = connection.unchecked_transaction()?;
            let message = match spool::get(&transaction, seq)? {
                Some(Ok(message)) => message,
                Some(Err(unreadable)) => return Ok(Some(Err(unreadable))),
                None => return Ok(None),
            };
            let Some(form) = texts::form(&transaction, seq)? else { return Ok(None) };
            let source = match message.size <= most {
                true => texts::source(&transaction, message.source, message.size)?,
                false => None,
            };
            Ok(Some(Ok(SpooledWhole { message, form, source })))
        };
        Ok(self.readers.run(read).await?.transpose()?)
    }

    async fn spooled_source(
        &self,
        source: i64,
        octets: u64,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        self.readers.run(move |connection| texts::source(connection, source, octets)).await
    }

    async fn spool_open(&self) -> Result<(Vec<Open>, Vec<i64>), StoreError> {
        let read = |connection: &Connection| {
            let transaction = connection.unchecked_transaction()?;
            let mut whole = Whole::default();
            spool::all(&transaction, |message| match message {
                Ok(message) => whole.add(message),
                Err(unreadable) => whole.unreadable.push(unreadable),
            })?;
            Ok(whole)
        };
        let Whole { open, finished, unreadable } = self.readers.run(read).await?;
        self.leave_aside(unreadable);
        Ok((open, finished))
    }

    fn spool_changes(&self) -> watch::Receiver<i64> {
        self.spool_changes.subscribe()
    }

    async fn spool_figures(&self) -> Result<SpoolFigures, StoreError> {
        let unreadable: Vec<i64> = self.unreadable.lock().keys().copied().collect();
        self.readers.run(move |connection| queue_rows::figures(connection, &unreadable)).await
    }

    async fn spool_taken(&self) -> Result<SpoolTaken, StoreError> {
        let read = |connection: &Connection| {
            let spool::Totals { messages, octets, .. } = spool::totals(connection)?;
            Ok(SpoolTaken { messages, octets })
        };
        self.readers.run(read).await
    }

    async fn queue_summary(&self) -> Result<QueueSummary, StoreError> {
        self.readers.run(queue::summary).await
    }

    async fn queue_page(&self, filter: &QueueFilter, after: i64) -> Result<QueuePage, StoreError> {
        let filter = filter.clone();
        self.readers.run(move |connection| queue::page(connection, &filter, after)).await
    }

    async fn queue_get(&self, id: &str) -> Result<Option<(Spooled, Vec<u8>)>, StoreError> {
        let id = id.to_owned();
        let found = self.readers.run(move |connection| queue::get(connection, &id)).await?;
        Ok(found.transpose()?)
    }

    async fn queue_change(
        &self,
        filter: &QueueFilter,
        change: QueueChange,
    ) -> Result<QueueChanged, StoreError> {
        let asked = filter.clone();
        let find = move |connection: &Connection| queue::Wanted::find(connection, &asked, change);
        let wanted = self.readers.run(find).await??;
        // Held until it is done, so that no daemon begins to send what is being dropped.
        let stopped = StateLock::keep_stopped(&self.state_dir)
            .map_err(|error| StoreError::access(&self.state_dir, &error))?;
        let (is_served, asked) = (stopped.is_none(), filter.clone());
        let write =
            move |connection: &Connection| wanted.change(connection, &asked, change, is_served);
        self.writer.run(write).await
    }
}

impl Sqlite {
    async fn try_spool(&self, messages: Vec<NewMessage>) -> Result<Vec<i64>, SpoolError> {
        let bounds = self.live.spool_bounds();
        let state_dir = self.state_dir.clone();
        let insert = move |connection: &Connection| {
            let size = octets(&messages);
            let count = messages.len() as u64;
            if let Err(full) = size::allow(bounds, connection, &state_dir, count, size)? {
                return Ok(Err(full));
            }
            spool::insert(connection, &messages).map(Ok)
        };
        match self.writer.run(insert).await {
            Ok(kept) => kept,
            Err(StoreError::Full { .. }) => Err(SpoolError::Full(DISK)),
            Err(error) => Err(error.into()),
        }
    }

    /// Notes which messages cannot be read, and tells of each once.
    fn leave_aside(&self, unreadable: Vec<Unreadable>) {
        let mut known = self.unreadable.lock();
        for one in unreadable.iter().filter(|one| !known.contains_key(&one.seq)) {
            tracing::error!(id = one.id, "{one}");
        }
        *known = unreadable.into_iter().map(|one| (one.seq, one)).collect();
    }
}

/// What messages take of the spool, those of one source together.
fn octets(messages: &[NewMessage]) -> u64 {
    let mut seen: Vec<&Arc<Source>> = Vec::new();
    let mut octets = 0;
    for new in messages {
        let text = &new.text;
        if spool::has_text(messages, new) {
            octets += text.own_octets();
        }
        if !seen.iter().any(|seen| Arc::ptr_eq(seen, &text.source)) {
            seen.push(&text.source);
            octets += text.source.octets().len() as u64;
        }
    }
    octets
}
