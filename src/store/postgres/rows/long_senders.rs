//! Rows of `srs_addresses`.

use crate::{
    address::Mailbox,
    store::{
        Kept, LongSender, SrsPutError,
        long_senders::share,
        number::column,
        postgres::{
            ask::{self, Result, count, get, time},
            error::unreadable,
        },
    },
    time::UnixTime,
};
use deadpool_postgres::Transaction;

/// Rows that go at once, for one more or because they have expired.
const AT_ONCE: u64 = 1_000;

/// A sender behind a token.
#[derive(Debug, Clone)]
pub(crate) struct SrsEntry {
    address: Mailbox,
    client: Vec<u8>,
    expires: UnixTime,
}

pub(crate) async fn of(tx: &Transaction<'_>, token: &str) -> Result<Option<SrsEntry>> {
    let sql = "SELECT address, client, expires FROM srs_addresses WHERE token = $1";
    ask::first(tx, sql, &[&token], |row| {
        let address = Mailbox::parse(get(row, 0)?).map_err(unreadable)?;
        Ok(SrsEntry { address, client: get(row, 1)?, expires: time(row, 2)? })
    })
    .await
}

pub(crate) async fn forget(tx: &Transaction<'_>, token: &str) -> Result<()> {
    lock(tx).await?;
    ask::run(tx, "DELETE FROM srs_addresses WHERE token = $1", &[&token]).await.map(drop)
}

/// The address of an entry that has not expired.
pub(crate) fn unexpired(entry: Option<SrsEntry>, now: UnixTime) -> Option<Mailbox> {
    entry.filter(|entry| entry.expires > now).map(|entry| entry.address)
}

/// Deletes some of what has expired; true when there may be more.
pub(crate) async fn purge(tx: &Transaction<'_>, now: UnixTime) -> Result<bool> {
    lock(tx).await?;
    let sql = "DELETE FROM srs_addresses WHERE token IN (SELECT token FROM srs_addresses
               WHERE (client = '') IN (true, false) AND expires <= $1 LIMIT $2)";
    let deleted = ask::run(tx, sql, &[&column(now.as_secs()), &column(AT_ONCE)]).await?;
    Ok(deleted == AT_ONCE)
}

/// The counts are exact: whoever changes them waits for the other.
async fn lock(tx: &Transaction<'_>) -> Result<()> {
    ask::exists(tx, "SELECT 1 FROM srs_total FOR UPDATE", &[]).await.map(drop)
}

/// What is to be kept.
#[derive(Debug, Clone)]
pub(crate) struct Put {
    sender: LongSender,
    /// The column of `sender.client`: empty for nobody.
    client: Vec<u8>,
    now: UnixTime,
    max_entries: u64,
}

impl Put {
    pub(crate) fn new(sender: LongSender, now: UnixTime, max_entries: u64) -> Self {
        let client = sender.client.map_or_else(Vec::new, |client| client.to_octets());
        let sender = LongSender { token: sender.token.to_lowercase(), ..sender };
        Self { sender, client, now, max_entries }
    }

    pub(crate) fn token(&self) -> &str {
        &self.sender.token
    }

    /// True when it is kept already, and long enough.
    pub(crate) fn is_done(
        &self,
        entry: Option<&SrsEntry>,
    ) -> std::result::Result<bool, SrsPutError> {
        match entry {
            None => Ok(false),
            Some(entry) if entry.address.to_key() != self.sender.address.to_key() => {
                Err(SrsPutError::Taken)
            }
            Some(entry) => Ok(entry.expires >= self.sender.expires
                && (entry.client.is_empty() || entry.client == self.client)),
        }
    }

    /// Keeps it. The outer error is the database's.
    pub(crate) async fn run(
        &self,
        tx: &Transaction<'_>,
    ) -> Result<std::result::Result<Kept, SrsPutError>> {
        lock(tx).await?;
        let entry = of(tx, self.token()).await?;
        match self.is_done(entry.as_ref()) {
            Ok(true) => return Ok(Ok(Kept::default())),
            Err(error) => return Ok(Err(error)),
            Ok(false) if self.max_entries == 0 => return Ok(Err(SrsPutError::Full)),
            Ok(false) => {}
        }
        let (client, owner) = match &entry {
            // Else a stranger who writes its name would have it, and could make it go with his own.
            Some(entry) if entry.client != self.client => (&[][..], None),
            _ => (&*self.client, self.sender.client.as_ref()),
        };
        let mut evicted = 0;
        if entry.as_ref().is_none_or(|entry| entry.client != client) {
            let entries = entries_of(tx, client).await?;
            let beyond = beyond(entries, share(owner, self.max_entries));
            evicted += evict(tx, Oldest::Of(client), beyond).await?;
        }
        if entry.is_none() {
            evicted += self.make_room(tx).await?;
        }
        self.put(tx, client).await?;
        Ok(Ok(Kept { is_new: entry.is_none(), evicted }))
    }

    /// Makes room in the table where it is full, without touching the half that is nobody's: strangers may bring as
    /// many as they like, and only each other's go.
    async fn make_room(&self, tx: &Transaction<'_>) -> Result<u64> {
        let beyond = beyond(entries(tx).await?, self.max_entries);
        if beyond == 0 {
            return Ok(0);
        }
        let of_nobody = entries_of(tx, &[]).await?;
        let too_many = of_nobody.saturating_sub(share(None, self.max_entries)).min(beyond);
        let mut evicted = evict(tx, Oldest::Of(&[]), too_many).await?;
        evicted += evict(tx, Oldest::OfClients, beyond.saturating_sub(evicted)).await?;
        // Of a table for one or two there is no half.
        Ok(evicted + evict(tx, Oldest::Of(&[]), beyond.saturating_sub(evicted)).await?)
    }

    async fn put(&self, tx: &Transaction<'_>, client: &[u8]) -> Result<()> {
        let LongSender { token, address, expires, .. } = &self.sender;
        // All of a day expire at once. By the time of the day they go in the order in which they were used, to the
        // second, and a busy sender costs one write a day.
        let until = *expires + self.now.since(UnixTime::of_day(self.now.day()));
        let sql = "INSERT INTO srs_addresses AS s (token, address, client, expires)
                   VALUES ($1, $2, $3, $4) ON CONFLICT (token) DO UPDATE
                   SET client = excluded.client, expires = greatest(s.expires, excluded.expires)";
        let values: &ask::Values<'_> =
            &[token, &address.to_string(), &client, &column(until.as_secs())];
        ask::run(tx, sql, values).await.map(drop)
    }
}

async fn entries(tx: &Transaction<'_>) -> Result<u64> {
    ask::one(tx, "SELECT entries FROM srs_total", &[], |row| count(row, 0)).await
}

async fn entries_of(tx: &Transaction<'_>, client: &[u8]) -> Result<u64> {
    let sql = "SELECT entries FROM srs_shares WHERE client = $1";
    Ok(ask::first(tx, sql, &[&client], |row| count(row, 0)).await?.unwrap_or_default())
}

/// How many have to go of `entries`, so that with one more they are no more than `most`.
fn beyond(entries: u64, most: u64) -> u64 {
    entries.saturating_add(1).saturating_sub(most)
}

/// Among whose senders the one that was used longest ago goes.
enum Oldest<'a> {
    /// Those of a client, or of nobody.
    Of(&'a [u8]),
    /// Those that some client has.
    OfClients,
}

/// Deletes what was used longest ago. Where the table became smaller, a part at a time.
async fn evict(tx: &Transaction<'_>, oldest: Oldest<'_>, count: u64) -> Result<u64> {
    if count == 0 {
        return Ok(0);
    }
    let count = column(count.min(AT_ONCE));
    let sql = |of: &str| {
        format!(
            "DELETE FROM srs_addresses WHERE token IN
             (SELECT token FROM srs_addresses WHERE {of} ORDER BY expires LIMIT $1)"
        )
    };
    match oldest {
        Oldest::Of(client) => ask::run(tx, &sql("client = $2"), &[&count, &client]).await,
        Oldest::OfClients => ask::run(tx, &sql("(client = '') = false"), &[&count]).await,
    }
}
