//! Rows of `srs_addresses`.

use crate::{
    address::Mailbox,
    store::{
        Kept, LongSender, SrsPutError,
        long_senders::share,
        sqlite::{column, error::unreadable, number},
    },
    time::UnixTime,
};
use rusqlite::{Connection, OptionalExtension, Result, params};

/// Rows that go at once, for one more or because they have expired: others wait for the same connection.
const AT_ONCE: u64 = 1_000;

/// A sender behind a token.
#[derive(Debug, Clone)]
pub(crate) struct SrsEntry {
    address: Mailbox,
    client: Vec<u8>,
    expires: UnixTime,
}

pub(crate) fn get(connection: &Connection, token: &str) -> Result<Option<SrsEntry>> {
    connection
        .prepare_cached("SELECT address, client, expires FROM srs_addresses WHERE token = ?1")?
        .query_row([token], |row| {
            let address = Mailbox::parse(row.get_ref(0)?.as_str()?).map_err(unreadable)?;
            Ok(SrsEntry { address, client: row.get(1)?, expires: row.get(2)? })
        })
        .optional()
}

pub(crate) fn forget(connection: &Connection, token: &str) -> Result<()> {
    let sql = "DELETE FROM srs_addresses WHERE token = ?1";
    connection.prepare_cached(sql)?.execute([token]).map(drop)
}

/// The address of an entry that has not expired.
pub(crate) fn unexpired(entry: Option<SrsEntry>, now: UnixTime) -> Option<Mailbox> {
    entry.filter(|entry| entry.expires > now).map(|entry| entry.address)
}

/// Deletes some of what has expired; true when there may be more.
pub(crate) fn purge(connection: &Connection, now: UnixTime) -> Result<bool> {
    let sql = "DELETE FROM srs_addresses WHERE token IN (SELECT token FROM srs_addresses
               WHERE (client = x'') IN (0, 1) AND expires <= ?1 LIMIT ?2)";
    let deleted = connection.prepare_cached(sql)?.execute(params![now, column(AT_ONCE)])?;
    Ok(deleted as u64 == AT_ONCE)
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
    pub(crate) fn run(
        &self,
        connection: &Connection,
    ) -> Result<std::result::Result<Kept, SrsPutError>> {
        let entry = get(connection, self.token())?;
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
            let entries = entries_of(connection, client)?;
            let beyond = beyond(entries, share(owner, self.max_entries));
            evicted += evict(connection, Oldest::Of(client), beyond)?;
        }
        if entry.is_none() {
            evicted += self.make_room(connection)?;
        }
        self.put(connection, client)?;
        Ok(Ok(Kept { is_new: entry.is_none(), evicted }))
    }

    /// Makes room in the table where it is full, without touching the half that is nobody's: strangers may bring as
    /// many as they like, and only each other's go.
    fn make_room(&self, connection: &Connection) -> Result<u64> {
        let beyond = beyond(entries(connection)?, self.max_entries);
        if beyond == 0 {
            return Ok(0);
        }
        let of_nobody = entries_of(connection, &[])?;
        let too_many = of_nobody.saturating_sub(share(None, self.max_entries)).min(beyond);
        let mut evicted = evict(connection, Oldest::Of(&[]), too_many)?;
        evicted += evict(connection, Oldest::OfClients, beyond.saturating_sub(evicted))?;
        // Of a table for one or two there is no half.
        Ok(evicted + evict(connection, Oldest::Of(&[]), beyond.saturating_sub(evicted))?)
    }

    fn put(&self, connection: &Connection, client: &[u8]) -> Result<()> {
        let LongSender { token, address, expires, .. } = &self.sender;
        // All of a day expire at once. By the time of the day they go in the order in which they were used, to the
        // second, and a busy sender costs one write a day.
        let until = *expires + self.now.since(UnixTime::of_day(self.now.day()));
        let sql = "INSERT INTO srs_addresses (token, address, client, expires)
                   VALUES (?1, ?2, ?3, ?4) ON CONFLICT (token) DO UPDATE
                   SET client = excluded.client, expires = max(expires, excluded.expires)";
        let row = params![token, address.to_string(), client, until];
        connection.prepare_cached(sql)?.execute(row).map(drop)
    }
}

fn entries(connection: &Connection) -> Result<u64> {
    let sql = "SELECT entries FROM srs_total";
    connection.prepare_cached(sql)?.query_row((), |row| row.get(0)).map(number)
}

fn entries_of(connection: &Connection, client: &[u8]) -> Result<u64> {
    let sql = "SELECT entries FROM srs_shares WHERE client = ?1";
    let found = connection.prepare_cached(sql)?.query_row([client], |row| row.get(0)).optional()?;
    Ok(found.map_or(0, number))
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
fn evict(connection: &Connection, oldest: Oldest<'_>, count: u64) -> Result<u64> {
    if count == 0 {
        return Ok(0);
    }
    let (of, client) = match oldest {
        Oldest::Of(client) => ("client = ?1", Some(client)),
        Oldest::OfClients => ("?1 IS NULL AND (client = x'') = 0", None),
    };
    let sql = format!(
        "DELETE FROM srs_addresses WHERE token IN
         (SELECT token FROM srs_addresses WHERE {of} ORDER BY expires LIMIT ?2)"
    );
    let count = column(count.min(AT_ONCE));
    connection.prepare_cached(&sql)?.execute(params![client, count]).map(|gone| gone as u64)
}
