//! Events and digests: what is told of aliases.

use super::{
    Sqlite,
    rows::{digests, events, queue, spool},
    size,
};
use crate::{
    address::{Domain, Mailbox},
    alias::Alias,
    clock,
    digest::Every,
    event::{Event, Expiry},
    store::{
        DigestStep, Digests, EventFigures, Outbox, StoreError, Told, WaitingEvent,
        spool::{NewMessage, SpoolError},
    },
    time::{Millis, UnixTime},
};
use async_trait::async_trait;
use rusqlite::Connection;

#[async_trait]
impl Outbox for Sqlite {
    async fn set_event_room(&self, room: u64, now: Millis) -> Result<(), StoreError> {
        let now = now.unix_time();
        self.writer.run(move |connection| events::set_room(connection, room, now)).await
    }

    async fn add_events(&self, events: Vec<Event>) -> Result<(), StoreError> {
        self.writer.run(move |connection| events::add(connection, events.into_iter())).await
    }

    async fn find_expired(&self, now: Millis) -> Result<(), StoreError> {
        let (from, until) = (self.readers.run(events::looked_for_expired).await?, now.unix_time());
        if until <= from {
            return Ok(());
        }
        // Mostly there are none, and a write for nothing is one too many.
        let read = move |connection: &Connection| events::expired(connection, from, until);
        if self.readers.run(read).await?.is_empty() {
            return Ok(());
        }
        let write = move |connection: &Connection| {
            let from = events::looked_for_expired(connection)?;
            let expired = events::expired(connection, from, until)?;
            let event = |alias: &Alias| {
                let id = clock::message_id().to_string();
                Event::expired(id, now, alias.address(), Expiry::Time)
            };
            events::add(connection, expired.iter().map(event))?;
            events::set_looked_for_expired(connection, until)
        };
        self.writer.run(write).await
    }

    async fn waiting_events(&self, limit: usize) -> Result<Vec<WaitingEvent>, StoreError> {
        self.readers.run(move |connection| events::first(connection, limit)).await
    }

    async fn remove_event(&self, seq: i64) -> Result<(), StoreError> {
        self.writer.run(move |connection| events::remove(connection, seq)).await
    }

    async fn event_figures(&self) -> Result<EventFigures, StoreError> {
        self.readers.run(events::figures).await
    }
}

#[async_trait]
impl Digests for Sqlite {
    async fn digest_domains(&self, every: Every) -> Result<Vec<Domain>, StoreError> {
        self.readers.run(move |connection| digests::domains(connection, every)).await
    }

    async fn forget_digests(&self, every: Every) -> Result<(), StoreError> {
        // Mostly there are none, and a write for nothing is one too many.
        let find = move |connection: &Connection| digests::left(connection, every);
        if self.readers.run(find).await?.is_empty() {
            return Ok(());
        }
        let forget = move |connection: &Connection| {
            let left = digests::left(connection, every)?;
            left.iter().try_for_each(|domain| digests::forget_one(connection, domain, every))
        };
        self.writer.run(forget).await
    }

    async fn digest_of_domain(&self, domain: &Domain) -> Result<Option<Every>, StoreError> {
        let domain = domain.clone();
        self.readers.run(move |connection| digests::of_domain(connection, &domain)).await
    }

    async fn answering(&self, addresses: Vec<Mailbox>) -> Result<Vec<Option<Alias>>, StoreError> {
        let snapshot = self.live.snapshot();
        let read = move |connection: &Connection| {
            let transaction = connection.unchecked_transaction()?;
            let answering = |address| digests::answering(&transaction, &snapshot.patterns, address);
            addresses.iter().map(answering).collect()
        };
        self.readers.run(read).await
    }

    async fn told(&self, domain: &Domain, every: Every) -> Result<Option<Told>, StoreError> {
        let domain = domain.clone();
        self.readers.run(move |connection| digests::get(connection, &domain, every)).await
    }

    async fn begin_digests(
        &self,
        domain: &Domain,
        every: Every,
        until: UnixTime,
    ) -> Result<(), StoreError> {
        let domain = domain.clone();
        self.writer.run(move |connection| digests::begin(connection, &domain, every, until)).await
    }

    async fn spool_digests(
        &self,
        step: DigestStep,
        messages: Vec<NewMessage>,
        tells_daemon: bool,
    ) -> Result<Option<Vec<i64>>, SpoolError> {
        let bounds = self.live.spool_bounds();
        let state_dir = self.state_dir.clone();
        let write = move |connection: &Connection| {
            let DigestStep { domain, every, before, after } = &step;
            if digests::get(connection, domain, *every)?.as_ref() != Some(before) {
                return Ok(Ok(None));
            }
            let octets = messages.iter().map(NewMessage::size).sum();
            let count = messages.len() as u64;
            if let Err(full) = size::allow(bounds, connection, &state_dir, count, octets)? {
                return Ok(Err(full));
            }
            digests::set(connection, domain, *every, after)?;
            let numbers = spool::insert(connection, &messages)?;
            if tells_daemon && !numbers.is_empty() {
                queue::count_change(connection)?;
            }
            Ok(Ok(Some(numbers)))
        };
        match self.writer.run(write).await {
            Ok(done) => done,
            Err(StoreError::Full { .. }) => Err(SpoolError::Full(size::DISK)),
            Err(error) => Err(error.into()),
        }
    }
}
