//! What earlier attempts brought, so that a retry of the sender repeats none of it.
//!
//! All of it is in memory too: a look-up never touches the disk.

use super::{Fingerprint, Memory, Store, StoreError, expiring, lock, sqlite};
use crate::{reply::ForeignReply, time::UnixTime};
use expiring::Remembered;

/// Most deliveries and most refusals that are remembered; beyond, the oldest go.
const DELIVERED: usize = 200_000;
const REFUSED: usize = 20_000;
/// Longest text of a refusal that is kept, in characters.
const REFUSED_TEXT: usize = 500;

pub(super) fn load_delivered(rows: Vec<(Fingerprint, UnixTime)>) -> Memory<()> {
    let mut memory = Memory::new(DELIVERED);
    for (fingerprint, expires) in rows {
        memory.insert(fingerprint, expires, ());
    }
    memory
}

pub(super) fn load_refused(
    rows: Vec<(Fingerprint, UnixTime, ForeignReply)>,
) -> Memory<ForeignReply> {
    let mut memory = Memory::new(REFUSED);
    for (fingerprint, expires, reply) in rows {
        memory.insert(fingerprint, expires, reply);
    }
    memory
}

impl Store {
    /// Remembers deliveries until `expires`. Known at once, durable when this answers.
    ///
    /// # Errors
    /// When it cannot be written; it is then known until the end of the process.
    pub async fn remember_delivered(
        &self,
        fingerprints: Vec<Fingerprint>,
        expires: UnixTime,
    ) -> Result<(), StoreError> {
        let gone: Vec<Fingerprint> = {
            let mut memory = lock(&self.0.delivered);
            fingerprints.iter().filter_map(|print| memory.insert(*print, expires, ())).collect()
        };
        let write = self.0.writer.run(move |connection| {
            for print in &fingerprints {
                expiring::put_delivered(connection, print, expires)?;
            }
            for gone in &gone {
                Remembered::Delivered.forget(connection, gone)?;
            }
            Ok(())
        });
        write.await
    }

    /// False when no delivery is remembered at all, as it is most of the time.
    pub fn remembers_deliveries(&self) -> bool {
        !lock(&self.0.delivered).is_empty()
    }

    /// True when this delivery was made and is remembered.
    pub fn was_delivered(&self, fingerprint: &Fingerprint, now: UnixTime) -> bool {
        lock(&self.0.delivered).get(fingerprint, now).is_some()
    }

    /// Remembers how destinations refused until `expires`. Known at once, durable when this answers.
    ///
    /// # Errors
    /// When it cannot be written; it is then known until the end of the process.
    pub async fn remember_refused(
        &self,
        refusals: Vec<(Fingerprint, ForeignReply)>,
        expires: UnixTime,
    ) -> Result<(), StoreError> {
        let bounded = |(print, reply): (Fingerprint, ForeignReply)| {
            let text = reply.text.chars().take(REFUSED_TEXT).collect();
            (print, ForeignReply { text, ..reply })
        };
        let refusals: Vec<_> = refusals.into_iter().map(bounded).collect();
        let gone: Vec<Fingerprint> = {
            let mut memory = lock(&self.0.refused);
            let insert = |(print, reply): &(Fingerprint, ForeignReply)| {
                memory.insert(*print, expires, reply.clone())
            };
            refusals.iter().filter_map(insert).collect()
        };
        let write = self.0.writer.run(move |connection| {
            for (print, reply) in &refusals {
                expiring::put_refused(connection, print, reply, expires)?;
            }
            for gone in &gone {
                Remembered::Refused.forget(connection, gone)?;
            }
            Ok(())
        });
        write.await
    }

    /// How the destination refused, if that is remembered. It is answered once: what comes after that
    /// is a new message, to be judged by itself.
    ///
    /// # Errors
    /// When it cannot be struck out on disk; a restart then remembers it again.
    pub async fn take_refused(
        &self,
        fingerprint: &Fingerprint,
        now: UnixTime,
    ) -> Result<Option<ForeignReply>, StoreError> {
        let Some(reply) = lock(&self.0.refused).take(fingerprint, now) else { return Ok(None) };
        let fingerprint = *fingerprint;
        let write = self
            .0
            .writer
            .run(move |connection| Remembered::Refused.forget(connection, &fingerprint));
        write.await.map(|()| Some(reply))
    }

    /// Forgets whatever has expired, and gives room that nothing needs any more back to the disk. To be
    /// called now and then.
    ///
    /// # Errors
    /// When it cannot be written; nothing expired is ever answered all the same.
    pub async fn purge(&self, now: UnixTime) -> Result<(), StoreError> {
        lock(&self.0.delivered).purge(now);
        lock(&self.0.refused).purge(now);
        let srs_count = self.0.srs_count.clone();
        let write = self.0.writer.run(move |connection| {
            Remembered::Delivered.purge(connection, now)?;
            Remembered::Refused.purge(connection, now)?;
            super::tls::purge(connection, now)?;
            super::srs::purge(connection, &srs_count, now)
        });
        write.await?;
        // In parts, so that others get their turns.
        while self.0.writer.run(sqlite::give_back).await? {}
        Ok(())
    }
}
