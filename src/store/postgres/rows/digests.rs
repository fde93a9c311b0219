//! Rows of `digests`.

use super::aliases::{self, Table};
use crate::{
    address::{Domain, Mailbox},
    alias::{Alias, Key},
    digest::Every,
    store::{
        Told, UnderWay,
        number::column,
        postgres::{
            ask::{self, Result, get, time, time_or_none},
            error::unreadable,
        },
    },
    time::UnixTime,
};
use deadpool_postgres::Transaction;
use std::collections::BTreeSet;
use tokio_postgres::Row;

pub(crate) async fn of(
    tx: &Transaction<'_>,
    domain: &Domain,
    every: Every,
) -> Result<Option<Told>> {
    let sql = "SELECT until, under_way, up_to FROM digests WHERE domain = $1 AND every = $2";
    ask::first(tx, sql, &[&domain.to_key(), &every.as_str()], told).await
}

/// The same, and nobody else tells until the end of the transaction.
pub(crate) async fn lock(
    tx: &Transaction<'_>,
    domain: &Domain,
    every: Every,
) -> Result<Option<Told>> {
    let sql =
        "SELECT until, under_way, up_to FROM digests WHERE domain = $1 AND every = $2 FOR UPDATE";
    ask::first(tx, sql, &[&domain.to_key(), &every.as_str()], told).await
}

fn told(row: &Row) -> Result<Told> {
    let (under_way, up_to) = (time_or_none(row, 1)?, get::<Option<String>>(row, 2)?);
    let under_way = under_way.zip(up_to).map(|(until, up_to)| UnderWay { until, up_to });
    Ok(Told { until: time(row, 0)?, under_way })
}

/// The domains with aliases of whose mail somebody is told so often.
pub(crate) async fn domains(tx: &Transaction<'_>, every: Every) -> Result<Vec<Domain>> {
    let sql = "SELECT domain FROM domain_settings WHERE digest = $1
               UNION SELECT DISTINCT domain FROM aliases WHERE digest = $1 AND domain <> ''";
    let found = ask::all(tx, sql, &[&every.as_str()], domain).await?;
    let mut domains: BTreeSet<Domain> = found.into_iter().collect();
    for alias in aliases::patterns(tx, Table::Stored).await? {
        if alias.rules().digest.and_then(Every::of) == Some(every) {
            domains.extend(alias.address().domain().cloned());
        }
    }
    Ok(domains.into_iter().collect())
}

/// How often owners of aliases in `domain` are told where the alias does not say.
pub(crate) async fn of_domain(tx: &Transaction<'_>, domain: &Domain) -> Result<Option<Every>> {
    let sql = "SELECT digest FROM domain_settings WHERE domain = $1 AND digest <> 'off'";
    ask::first(tx, sql, &[&domain.to_key()], |row| get::<&str>(row, 0)?.parse().map_err(unreadable))
        .await
}

/// The alias that answers `address`, on or off, in the order of [`crate::alias::find`].
pub(crate) async fn answering(
    tx: &Transaction<'_>,
    patterns: &[Alias],
    address: &Mailbox,
) -> Result<Option<Alias>> {
    let key = Key::exact(address);
    if let Some(found) = aliases::get_one(tx, Table::Stored, &key).await? {
        return Ok(Some(found));
    }
    if let Some(untagged) = key.without_tag()
        && let Some(found) = aliases::get_one(tx, Table::Stored, &untagged).await?
    {
        return Ok(Some(found));
    }
    if let Some(found) = patterns.iter().find(|alias| alias.address().matches(address)) {
        return Ok(Some(found.clone()));
    }
    aliases::get_one(tx, Table::Stored, &Key::catch_all(address.domain())).await
}

/// Notes it where nothing is known yet.
pub(crate) async fn begin(
    tx: &Transaction<'_>,
    domain: &Domain,
    every: Every,
    until: UnixTime,
) -> Result<()> {
    let sql =
        "INSERT INTO digests (domain, every, until) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
    let until = column(until.as_secs());
    ask::run(tx, sql, &[&domain.to_key(), &every.as_str(), &until]).await.map(drop)
}

pub(crate) async fn set(
    tx: &Transaction<'_>,
    domain: &Domain,
    every: Every,
    told: &Told,
) -> Result<()> {
    let under_way = told.under_way.as_ref();
    let (under_way, up_to) =
        under_way.map(|it| (column(it.until.as_secs()), it.up_to.as_str())).unzip();
    let sql =
        "INSERT INTO digests VALUES ($1, $2, $3, $4, $5) ON CONFLICT (domain, every) DO UPDATE
               SET until = excluded.until, under_way = excluded.under_way, up_to = excluded.up_to";
    let (key, until) = (domain.to_key(), column(told.until.as_secs()));
    ask::run(tx, sql, &[&key, &every.as_str(), &until, &under_way, &up_to]).await.map(drop)
}

/// The domains of which something is known, though nobody is told of them any more.
pub(crate) async fn left(tx: &Transaction<'_>, every: Every) -> Result<Vec<Domain>> {
    let sql = "SELECT domain FROM digests WHERE every = $1";
    let mut known = ask::all(tx, sql, &[&every.as_str()], domain).await?;
    let told = domains(tx, every).await?;
    known.retain(|domain| !told.contains(domain));
    Ok(known)
}

pub(crate) async fn forget_one(tx: &Transaction<'_>, domain: &Domain, every: Every) -> Result<()> {
    let sql = "DELETE FROM digests WHERE domain = $1 AND every = $2";
    ask::run(tx, sql, &[&domain.to_key(), &every.as_str()]).await.map(drop)
}

/// Forgets what is known of a domain that is not hosted any more.
pub(crate) async fn forget(tx: &Transaction<'_>, domain: &Domain) -> Result<()> {
    ask::run(tx, "DELETE FROM digests WHERE domain = $1", &[&domain.to_key()]).await.map(drop)
}

fn domain(row: &Row) -> Result<Domain> {
    Domain::parse(get(row, 0)?).map_err(unreadable)
}
