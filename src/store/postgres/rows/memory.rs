//! Rows of `delivered`, `refused` and `told`.

use crate::{
    reply::{ForeignReply, Status},
    store::{
        Fingerprint,
        number::column,
        postgres::{
            ask::{self, Result, get, time},
            error::unreadable,
        },
    },
    time::UnixTime,
};
use deadpool_postgres::Transaction;
use tokio_postgres::Row;

/// A table whose rows are kept in memory as well.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Remembered {
    Delivered,
    Refused,
    Told,
}

/// A transaction that was not done yet when something was read, or the next that begins: what is written from it on is new.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Seen(String);

impl Seen {
    /// As of this transaction.
    pub(crate) async fn now(tx: &Transaction<'_>) -> Result<Self> {
        let sql = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text";
        ask::one(tx, sql, &[], |row| get(row, 0)).await.map(Self)
    }

    /// From the beginning.
    fn text(&self) -> &str {
        if self.0.is_empty() { "0" } else { &self.0 }
    }
}

pub(crate) async fn refused(
    tx: &Transaction<'_>,
    since: &Seen,
) -> Result<Vec<(Fingerprint, UnixTime, ForeignReply)>> {
    let sql =
        "SELECT fingerprint, expires, code, status, text FROM refused WHERE tx >= $1::text::xid8";
    ask::all(tx, sql, &[&since.text()], |row| {
        let reply = ForeignReply {
            code: u16::try_from(get::<i32>(row, 2)?).map_err(unreadable)?,
            status: Status::parse(get(row, 3)?),
            text: get(row, 4)?,
        };
        Ok((fingerprint(row)?, time(row, 1)?, reply))
    })
    .await
}

pub(crate) async fn put_refused(
    tx: &Transaction<'_>,
    fingerprint: &Fingerprint,
    reply: &ForeignReply,
    expires: UnixTime,
) -> Result<()> {
    let status = reply.status.map(|status| status.to_string()).unwrap_or_default();
    let sql = "INSERT INTO refused (fingerprint, code, status, text, expires) VALUES ($1, $2, $3, $4, $5)
               ON CONFLICT (fingerprint) DO UPDATE SET code = excluded.code, status = excluded.status,
               text = excluded.text, expires = excluded.expires, tx = excluded.tx";
    // A text of PostgreSQL has no NUL.
    let text = reply.text.replace('\0', "\u{fffd}");
    let (code, expires) = (i32::from(reply.code), column(expires.as_secs()));
    ask::run(tx, sql, &[&&fingerprint[..], &code, &status, &text, &expires]).await.map(drop)
}

impl Remembered {
    fn name(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Refused => "refused",
            Self::Told => "told",
        }
    }

    /// All that the table has had since then.
    pub(crate) async fn since(
        self,
        tx: &Transaction<'_>,
        since: &Seen,
    ) -> Result<Vec<(Fingerprint, UnixTime)>> {
        let sql =
            format!("SELECT fingerprint, expires FROM {} WHERE tx >= $1::text::xid8", self.name());
        ask::all(tx, &sql, &[&since.text()], |row| Ok((fingerprint(row)?, time(row, 1)?))).await
    }

    /// Adds rows of nothing but that to `delivered` or `told`.
    pub(crate) async fn put(
        self,
        tx: &Transaction<'_>,
        fingerprints: &[Fingerprint],
        expires: UnixTime,
    ) -> Result<()> {
        let sql = format!(
            "INSERT INTO {} (fingerprint, expires) SELECT DISTINCT f, $2::bigint FROM unnest($1::bytea[]) f
             ORDER BY f ON CONFLICT (fingerprint) DO UPDATE SET expires = excluded.expires, tx = excluded.tx",
            self.name()
        );
        let fingerprints: Vec<&[u8]> = fingerprints.iter().map(|print| &print[..]).collect();
        ask::run(tx, &sql, &[&fingerprints, &column(expires.as_secs())]).await.map(drop)
    }

    /// Gives how many of them were there.
    pub(crate) async fn forget(
        self,
        tx: &Transaction<'_>,
        fingerprints: &[Fingerprint],
    ) -> Result<u64> {
        let fingerprints: Vec<&[u8]> = fingerprints.iter().map(|print| &print[..]).collect();
        let sql = format!("DELETE FROM {} WHERE fingerprint = ANY ($1)", self.name());
        ask::run(tx, &sql, &[&fingerprints]).await
    }

    pub(crate) async fn purge(self, tx: &Transaction<'_>, now: UnixTime) -> Result<()> {
        let sql = format!("DELETE FROM {} WHERE expires <= $1", self.name());
        ask::run(tx, &sql, &[&column(now.as_secs())]).await.map(drop)
    }
}

fn fingerprint(row: &Row) -> Result<Fingerprint> {
    get::<&[u8]>(row, 0)?.try_into().map_err(unreadable)
}
