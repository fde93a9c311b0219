//! Events and digests: what is told of aliases.

use super::{
    Postgres,
    access::{reading, trying, writing},
    error::Failure,
    rows::{digests, events, queue, spool},
    spool::allow,
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

#[async_trait]
impl Outbox for Postgres {
    async fn set_event_room(&self, room: u64, now: Millis) -> Result<(), StoreError> {
        writing!(self.access, tx => Ok(events::set_room(tx, room, now.unix_time()).await?))
    }

    async fn add_events(&self, events: Vec<Event>) -> Result<(), StoreError> {
        writing!(self.access, tx => Ok(events::add(tx, &events).await?))
    }

    async fn find_expired(&self, now: Millis) -> Result<(), StoreError> {
        let until = now.unix_time();
        // Mostly there are none, and a write for nothing is one too many.
        let is_news = reading!(self.access, tx => {
            let from = events::looked_for_expired(tx).await?;
            Ok(until > from && !events::expired(tx, from, until).await?.is_empty())
        });
        if !is_news? {
            return Ok(());
        }
        writing!(self.access, tx => {
            let from = events::lock_looked_for_expired(tx).await?;
            let expired = events::expired(tx, from, until).await?;
            let event = |alias: &Alias| {
                let id = clock::message_id().to_string();
                Event::expired(id, now, alias.address(), Expiry::Time)
            };
            events::add(tx, &expired.iter().map(event).collect::<Vec<_>>()).await?;
            if until > from {
                events::set_looked_for_expired(tx, until).await?;
            }
            Ok(())
        })
    }

    async fn waiting_events(&self, limit: usize) -> Result<Vec<WaitingEvent>, StoreError> {
        reading!(self.access, tx => events::first(tx, limit).await)
    }

    async fn remove_event(&self, seq: i64) -> Result<(), StoreError> {
        writing!(self.access, tx => Ok(events::remove(tx, seq).await?))
    }

    async fn event_figures(&self) -> Result<EventFigures, StoreError> {
        reading!(self.access, tx => events::figures(tx).await)
    }
}

#[async_trait]
impl Digests for Postgres {
    async fn digest_domains(&self, every: Every) -> Result<Vec<Domain>, StoreError> {
        reading!(self.access, tx => digests::domains(tx, every).await)
    }

    async fn forget_digests(&self, every: Every) -> Result<(), StoreError> {
        // Mostly there are none, and a write for nothing is one too many.
        if reading!(self.access, tx => digests::left(tx, every).await)?.is_empty() {
            return Ok(());
        }
        writing!(self.access, tx => {
            for domain in digests::left(tx, every).await? {
                digests::forget_one(tx, &domain, every).await?;
            }
            Ok(())
        })
    }

    async fn digest_of_domain(&self, domain: &Domain) -> Result<Option<Every>, StoreError> {
        reading!(self.access, tx => digests::of_domain(tx, domain).await)
    }

    async fn answering(&self, addresses: Vec<Mailbox>) -> Result<Vec<Option<Alias>>, StoreError> {
        let snapshot = self.live.snapshot();
        reading!(self.access, tx => {
            let mut answering = Vec::with_capacity(addresses.len());
            for address in &addresses {
                answering.push(digests::answering(tx, &snapshot.patterns, address).await?);
            }
            Ok(answering)
        })
    }

    async fn told(&self, domain: &Domain, every: Every) -> Result<Option<Told>, StoreError> {
        reading!(self.access, tx => digests::of(tx, domain, every).await)
    }

    async fn begin_digests(
        &self,
        domain: &Domain,
        every: Every,
        until: UnixTime,
    ) -> Result<(), StoreError> {
        writing!(self.access, tx => Ok(digests::begin(tx, domain, every, until).await?))
    }

    async fn spool_digests(
        &self,
        step: DigestStep,
        messages: Vec<NewMessage>,
        tells_daemon: bool,
    ) -> Result<Option<Vec<i64>>, SpoolError> {
        let (bounds, owner) = (self.live.spool_bounds(), self.owner().await?);
        trying!(self.access, tx => {
            let DigestStep { domain, every, before, after } = &step;
            if digests::lock(tx, domain, *every).await?.as_ref() != Some(before) {
                return Ok(None);
            }
            allow(tx, bounds, &messages).await?;
            digests::set(tx, domain, *every, after).await?;
            let numbers = spool::insert(tx, &messages, owner).await.map_err(Failure::from)?;
            if tells_daemon && !numbers.is_empty() {
                queue::count_change(tx).await?;
            }
            Ok(Some(numbers))
        })
    }
}
