//! What is remembered is in memory too: a look-up never asks the database. What other nodes remember is read within a second.

use super::{
    Postgres,
    access::{reading, writing},
    ask::Result,
    rows::{
        alias_changes, long_senders,
        memory::{self as rows, Remembered, Seen},
        nodes, tls,
    },
};
use crate::{
    reply::ForeignReply,
    store::{Fingerprint, Memory, StoreError, expiring::Expiring, memory::REFUSED_TEXT},
    time::UnixTime,
};
use async_trait::async_trait;
use deadpool_postgres::Transaction;
use parking_lot::Mutex;

/// What every node remembers.
#[derive(Debug)]
pub(super) struct Memories {
    delivered: Mutex<Expiring<()>>,
    refused: Mutex<Expiring<ForeignReply>>,
    told: Mutex<Expiring<()>>,
    /// What expired before has gone from here, though others may still have it.
    purged: Mutex<UnixTime>,
    /// What was written before is in here.
    seen: Mutex<Seen>,
}

impl Memories {
    pub(super) fn new() -> Self {
        use crate::store::memory::{DELIVERED, REFUSED, TOLD};
        Self {
            delivered: Mutex::new(Expiring::new(DELIVERED)),
            refused: Mutex::new(Expiring::new(REFUSED)),
            told: Mutex::new(Expiring::new(TOLD)),
            purged: Mutex::new(UnixTime::new(0)),
            seen: Mutex::default(),
        }
    }

    /// Reads what was remembered since this was done last.
    pub(super) async fn follow(&self, tx: &Transaction<'_>) -> Result<()> {
        let before = self.seen.lock().clone();
        // What is not done now is read another time, with what is done already.
        let now = Seen::now(tx).await?;
        let delivered = Remembered::Delivered.since(tx, &before).await?;
        let told = Remembered::Told.since(tx, &before).await?;
        let refused = rows::refused(tx, &before).await?;
        for (memory, rows) in [(&self.delivered, delivered), (&self.told, told)] {
            let mut memory = memory.lock();
            for (fingerprint, expires) in rows {
                self.learn(&mut memory, fingerprint, expires, ());
            }
        }
        let mut memory = self.refused.lock();
        for (fingerprint, expires, reply) in refused {
            self.learn(&mut memory, fingerprint, expires, reply);
        }
        *self.seen.lock() = now;
        Ok(())
    }

    /// Adds what was read, which may be older than what is known here.
    fn learn<V>(
        &self,
        memory: &mut Expiring<V>,
        fingerprint: Fingerprint,
        expires: UnixTime,
        value: V,
    ) {
        let is_longer_here = memory.get(&fingerprint, expires).is_some();
        if !is_longer_here && expires > *self.purged.lock() {
            memory.insert(fingerprint, expires, value);
        }
    }

    /// Forgets what has expired.
    fn purge(&self, now: UnixTime) {
        // First, so that whoever reads meanwhile brings nothing of it back.
        *self.purged.lock() = now;
        self.delivered.lock().purge(now);
        self.refused.lock().purge(now);
        self.told.lock().purge(now);
    }
}

#[async_trait]
impl Memory for Postgres {
    async fn remember_delivered(
        &self,
        fingerprints: Vec<Fingerprint>,
        expires: UnixTime,
    ) -> Result<(), StoreError> {
        let memory = &self.memories.delivered;
        self.remember(Remembered::Delivered, memory, fingerprints, expires).await
    }

    fn remembers_deliveries(&self) -> bool {
        !self.memories.delivered.lock().is_empty()
    }

    fn was_delivered(&self, fingerprint: &Fingerprint, now: UnixTime) -> bool {
        self.memories.delivered.lock().get(fingerprint, now).is_some()
    }

    async fn remember_refused(
        &self,
        refusals: Vec<(Fingerprint, ForeignReply)>,
        expires: UnixTime,
    ) -> Result<(), StoreError> {
        let bounded = |(print, reply): (Fingerprint, ForeignReply)| {
            let text = reply.text.chars().take(REFUSED_TEXT).collect();
            (print, ForeignReply { text, ..reply })
        };
        let mut refusals: Vec<_> = refusals.into_iter().map(bounded).collect();
        // In one order, so that two nodes do not wait for each other.
        refusals.sort_by_key(|(print, _)| *print);
        let gone: Vec<Fingerprint> = {
            let mut memory = self.memories.refused.lock();
            let insert = |(print, reply): &(Fingerprint, ForeignReply)| {
                memory.insert(*print, expires, reply.clone())
            };
            refusals.iter().filter_map(insert).collect()
        };
        writing!(self.access, tx => {
            for (print, reply) in &refusals {
                rows::put_refused(tx, print, reply, expires).await?;
            }
            Remembered::Refused.forget(tx, &gone).await?;
            Ok(())
        })
    }

    fn remembers_refusals(&self) -> bool {
        !self.memories.refused.lock().is_empty()
    }

    async fn take_refused(
        &self,
        fingerprint: &Fingerprint,
        now: UnixTime,
    ) -> Result<Option<ForeignReply>, StoreError> {
        let Some(reply) = self.memories.refused.lock().take(fingerprint, now) else {
            return Ok(None);
        };
        // Of two nodes that answer at once one has it.
        let there: u64 = writing!(self.access, tx => {
            Ok(Remembered::Refused.forget(tx, &[*fingerprint]).await?)
        })?;
        Ok((there > 0).then_some(reply))
    }

    async fn remember_told(
        &self,
        fingerprints: Vec<Fingerprint>,
        expires: UnixTime,
    ) -> Result<(), StoreError> {
        self.remember(Remembered::Told, &self.memories.told, fingerprints, expires).await
    }

    fn was_told(&self, fingerprint: &Fingerprint, now: UnixTime) -> bool {
        self.memories.told.lock().get(fingerprint, now).is_some()
    }

    async fn purge(&self, now: UnixTime) -> Result<(), StoreError> {
        self.memories.purge(now);
        let purged: Result<(), StoreError> = writing!(self.access, tx => {
            Remembered::Delivered.purge(tx, now).await?;
            Remembered::Refused.purge(tx, now).await?;
            Remembered::Told.purge(tx, now).await?;
            tls::purge(tx, now).await?;
            nodes::purge(tx).await?;
            alias_changes::purge(tx).await?;
            Ok(())
        });
        purged?;
        // In parts, so that others get their turns. Room is given back by the server's own vacuum.
        loop {
            let more: Result<bool, StoreError> =
                writing!(self.access, tx => Ok(long_senders::purge(tx, now).await?));
            if !more? {
                return Ok(());
            }
        }
    }
}

impl Postgres {
    async fn remember(
        &self,
        table: Remembered,
        memory: &Mutex<Expiring<()>>,
        fingerprints: Vec<Fingerprint>,
        expires: UnixTime,
    ) -> Result<(), StoreError> {
        let gone: Vec<Fingerprint> = {
            let mut memory = memory.lock();
            fingerprints.iter().filter_map(|print| memory.insert(*print, expires, ())).collect()
        };
        writing!(self.access, tx => {
            table.put(tx, &fingerprints, expires).await?;
            table.forget(tx, &gone).await?;
            Ok(())
        })
    }

    /// Reads what was remembered before this process began.
    pub(super) async fn recall(&self) -> Result<(), StoreError> {
        reading!(self.access, tx => self.memories.follow(tx).await)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_before_a_purge_does_not_come_back_with_it() {
        let memories = Memories::new();
        let learn = |print, expires| {
            let mut memory = memories.told.lock();
            memories.learn(&mut memory, [print; 32], UnixTime::new(expires), ());
        };
        let has = |print, at| memories.told.lock().get(&[print; 32], UnixTime::new(at)).is_some();
        learn(1, 10);
        learn(2, 50);
        learn(2, 30);
        assert!(has(1, 9) && has(2, 40), "what is known longer here stays so");
        memories.purge(UnixTime::new(20));
        learn(1, 10);
        assert!(!has(1, 9) && has(2, 40));
    }
}
