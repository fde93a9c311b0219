//! What is remembered is in memory too: a look-up never touches the disk.

use super::{
    Sqlite,
    rows::{long_senders, memory as rows, memory::Remembered, tls},
    size,
};
use crate::{
    reply::ForeignReply,
    store::{
        Fingerprint, Memory, StoreError,
        expiring::Expiring,
        memory::{DELIVERED, REFUSED, REFUSED_TEXT, TOLD},
    },
    time::UnixTime,
};
use async_trait::async_trait;
use parking_lot::Mutex;
use rusqlite::Connection;

pub(super) fn delivered(connection: &Connection) -> rusqlite::Result<Expiring<()>> {
    all(Remembered::Delivered, connection, DELIVERED)
}

pub(super) fn told(connection: &Connection) -> rusqlite::Result<Expiring<()>> {
    all(Remembered::Told, connection, TOLD)
}

fn all(
    table: Remembered,
    connection: &Connection,
    capacity: usize,
) -> rusqlite::Result<Expiring<()>> {
    let mut memory = Expiring::new(capacity);
    for (fingerprint, expires) in table.all(connection)? {
        memory.insert(fingerprint, expires, ());
    }
    Ok(memory)
}

pub(super) fn refused(connection: &Connection) -> rusqlite::Result<Expiring<ForeignReply>> {
    let mut memory = Expiring::new(REFUSED);
    for (fingerprint, expires, reply) in rows::refused(connection)? {
        memory.insert(fingerprint, expires, reply);
    }
    Ok(memory)
}

#[async_trait]
impl Memory for Sqlite {
    async fn remember_delivered(
        &self,
        fingerprints: Vec<Fingerprint>,
        expires: UnixTime,
    ) -> Result<(), StoreError> {
        self.remember(Remembered::Delivered, &self.delivered, fingerprints, expires).await
    }

    fn remembers_deliveries(&self) -> bool {
        !self.delivered.lock().is_empty()
    }

    fn was_delivered(&self, fingerprint: &Fingerprint, now: UnixTime) -> bool {
        self.delivered.lock().get(fingerprint, now).is_some()
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
        let refusals: Vec<_> = refusals.into_iter().map(bounded).collect();
        let gone: Vec<Fingerprint> = {
            let mut memory = self.refused.lock();
            let insert = |(print, reply): &(Fingerprint, ForeignReply)| {
                memory.insert(*print, expires, reply.clone())
            };
            refusals.iter().filter_map(insert).collect()
        };
        let write = self.writer.run(move |connection| {
            for (print, reply) in &refusals {
                rows::put_refused(connection, print, reply, expires)?;
            }
            for gone in &gone {
                Remembered::Refused.forget(connection, gone)?;
            }
            Ok(())
        });
        write.await
    }

    fn remembers_refusals(&self) -> bool {
        !self.refused.lock().is_empty()
    }

    async fn take_refused(
        &self,
        fingerprint: &Fingerprint,
        now: UnixTime,
    ) -> Result<Option<ForeignReply>, StoreError> {
        let Some(reply) = self.refused.lock().take(fingerprint, now) else { return Ok(None) };
        let fingerprint = *fingerprint;
        let write =
            self.writer.run(move |connection| Remembered::Refused.forget(connection, &fingerprint));
        write.await.map(|()| Some(reply))
    }

    async fn remember_told(
        &self,
        fingerprints: Vec<Fingerprint>,
        expires: UnixTime,
    ) -> Result<(), StoreError> {
        self.remember(Remembered::Told, &self.told, fingerprints, expires).await
    }

    fn was_told(&self, fingerprint: &Fingerprint, now: UnixTime) -> bool {
        self.told.lock().get(fingerprint, now).is_some()
    }

    async fn purge(&self, now: UnixTime) -> Result<(), StoreError> {
        self.delivered.lock().purge(now);
        self.refused.lock().purge(now);
        self.told.lock().purge(now);
        let write = self.writer.run(move |connection| {
            Remembered::Delivered.purge(connection, now)?;
            Remembered::Refused.purge(connection, now)?;
            Remembered::Told.purge(connection, now)?;
            tls::purge(connection, now).map(drop)
        });
        write.await?;
        // In parts, so that others get their turns.
        while self.writer.run(move |connection| long_senders::purge(connection, now)).await? {}
        while self.writer.run(size::give_back).await? {}
        Ok(())
    }
}

impl Sqlite {
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
        let write = self.writer.run(move |connection| {
            for print in &fingerprints {
                table.put(connection, print, expires)?;
            }
            for gone in &gone {
                table.forget(connection, gone)?;
            }
            Ok(())
        });
        write.await
    }
}
