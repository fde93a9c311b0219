//! Rows of `digests`.

use crate::{
    address::{Domain, Mailbox},
    alias::{Alias, Key},
    digest::Every,
    store::{
        Told, UnderWay,
        sqlite::{
            error::unreadable,
            rows::aliases::{self, Table},
        },
    },
    time::UnixTime,
};
use rusqlite::{Connection, OptionalExtension, Result, params};
use std::collections::BTreeSet;

pub(crate) fn get(connection: &Connection, domain: &Domain, every: Every) -> Result<Option<Told>> {
    let sql = "SELECT until, under_way, up_to FROM digests WHERE domain = ?1 AND every = ?2";
    let told = |row: &rusqlite::Row<'_>| {
        let (under_way, up_to): (Option<UnixTime>, Option<String>) = (row.get(1)?, row.get(2)?);
        let under_way = under_way.zip(up_to).map(|(until, up_to)| UnderWay { until, up_to });
        Ok(Told { until: row.get(0)?, under_way })
    };
    connection.prepare_cached(sql)?.query_row([&*domain.to_key(), every.as_str()], told).optional()
}

/// The domains with aliases of whose mail somebody is told so often.
pub(crate) fn domains(connection: &Connection, every: Every) -> Result<Vec<Domain>> {
    let sql = "SELECT domain FROM domain_settings WHERE digest = ?1
               UNION SELECT DISTINCT domain FROM aliases WHERE digest = ?1 AND domain <> ''";
    let mut statement = connection.prepare_cached(sql)?;
    let domain = |text: String| Domain::parse(&text).map_err(unreadable);
    let mut domains: BTreeSet<Domain> =
        statement.query_map([every.as_str()], |row| domain(row.get(0)?))?.collect::<Result<_>>()?;
    for alias in aliases::patterns(connection, Table::Stored)? {
        if alias.rules().digest.and_then(Every::of) == Some(every) {
            domains.extend(alias.address().domain().cloned());
        }
    }
    Ok(domains.into_iter().collect())
}

/// How often owners of aliases in `domain` are told where the alias does not say.
pub(crate) fn of_domain(connection: &Connection, domain: &Domain) -> Result<Option<Every>> {
    let sql = "SELECT digest FROM domain_settings WHERE domain = ?1 AND digest <> 'off'";
    let found: Option<String> = connection
        .prepare_cached(sql)?
        .query_row([domain.to_key()], |row| row.get(0))
        .optional()?;
    found.map(|word| word.parse().map_err(unreadable)).transpose()
}

/// The alias that answers `address`, on or off, in the order of [`crate::alias::find`].
pub(crate) fn answering(
    connection: &Connection,
    patterns: &[Alias],
    address: &Mailbox,
) -> Result<Option<Alias>> {
    let alias = |key: &Key| aliases::get(connection, Table::Stored, key);
    let key = Key::exact(address);
    if let Some(found) = alias(&key)? {
        return Ok(Some(found));
    }
    if let Some(untagged) = key.without_tag()
        && let Some(found) = alias(&untagged)?
    {
        return Ok(Some(found));
    }
    if let Some(found) = patterns.iter().find(|alias| alias.address().matches(address)) {
        return Ok(Some(found.clone()));
    }
    alias(&Key::catch_all(address.domain()))
}

/// Notes it where nothing is known yet.
pub(crate) fn begin(
    connection: &Connection,
    domain: &Domain,
    every: Every,
    until: UnixTime,
) -> Result<()> {
    let sql =
        "INSERT INTO digests (domain, every, until) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
    connection.execute(sql, params![domain.to_key(), every.as_str(), until]).map(drop)
}

pub(crate) fn set(
    connection: &Connection,
    domain: &Domain,
    every: Every,
    told: &Told,
) -> Result<()> {
    let (under_way, up_to) =
        told.under_way.as_ref().map(|it| (it.until, it.up_to.as_str())).unzip();
    connection
        .prepare_cached("INSERT OR REPLACE INTO digests VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute(params![domain.to_key(), every.as_str(), told.until, under_way, up_to])
        .map(drop)
}

/// The domains of which something is known, though nobody is told of them any more.
pub(crate) fn left(connection: &Connection, every: Every) -> Result<Vec<Domain>> {
    let mut statement = connection.prepare_cached("SELECT domain FROM digests WHERE every = ?1")?;
    let domain = |text: String| Domain::parse(&text).map_err(unreadable);
    let known = statement.query_map([every.as_str()], |row| domain(row.get(0)?))?;
    let (mut known, told) = (known.collect::<Result<Vec<_>>>()?, domains(connection, every)?);
    known.retain(|domain| !told.contains(domain));
    Ok(known)
}

pub(crate) fn forget_one(connection: &Connection, domain: &Domain, every: Every) -> Result<()> {
    let sql = "DELETE FROM digests WHERE domain = ?1 AND every = ?2";
    connection.execute(sql, [&*domain.to_key(), every.as_str()]).map(drop)
}

/// Forgets what is known of a domain that is not hosted any more.
pub(crate) fn forget(connection: &Connection, domain: &Domain) -> Result<()> {
    connection.execute("DELETE FROM digests WHERE domain = ?1", [domain.to_key()]).map(drop)
}
