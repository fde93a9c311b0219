//! Rows of `aliases`.

use crate::{
    address::Domain,
    alias::{Alias, AliasAddress, Counted, Key},
    store::{
        AliasPage,
        kept_alias::{AliasColumns, KeptAlias},
        sqlite::{column, error::unreadable, number},
    },
};
use rusqlite::{Connection, OptionalExtension, Result, Row, params};

pub(in crate::store) use crate::store::kept_alias::COLUMNS;

/// Aliases read at once.
const PAGE: usize = 1000;

/// Which table is meant.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Table {
    /// The aliases that answer.
    Stored,
    /// Those of a file that is being applied.
    Wanted,
}

impl Table {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Stored => "aliases",
            Self::Wanted => "temp.wanted",
        }
    }
}

pub(crate) fn get(connection: &Connection, table: Table, key: &Key) -> Result<Option<Alias>> {
    let table = table.name();
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM {table} WHERE domain = ?1 AND local = ?2"))?
        .query_row([&key.domain, &key.local], |row| from_row(row, 0))
        .optional()
}

/// The same of those that answer, with what counting its messages came to.
pub(crate) fn get_counted(connection: &Connection, key: &Key) -> Result<Option<Counted>> {
    connection
        .prepare_cached(&format!(
            "SELECT used_up, {COLUMNS} FROM aliases WHERE domain = ?1 AND local = ?2"
        ))?
        .query_row([&key.domain, &key.local], |row| {
            Ok(Counted { alias: from_row(row, 1)?, is_used_up: row.get(0)? })
        })
        .optional()
}

/// Says that an alias has taken its last message, if it takes no more than `taken`. True when that was not said yet.
pub(crate) fn use_up(connection: &Connection, key: &Key, taken: u64) -> Result<bool> {
    let sql = "UPDATE aliases SET used_up = 1
               WHERE domain = ?1 AND local = ?2 AND max_messages <= ?3 AND NOT used_up";
    let values = params![key.domain, key.local, column(taken)];
    Ok(connection.prepare_cached(sql)?.execute(values)? == 1)
}

/// Inserts an alias whose key is free; a regex comes behind all others.
pub(crate) fn insert(connection: &Connection, table: Table, alias: &Alias) -> Result<()> {
    let position = match alias.address() {
        AliasAddress::Regex(_) => last_position(connection, table)? + 1,
        AliasAddress::Exact(_) | AliasAddress::CatchAll(_) => 0,
    };
    let table = table.name();
    let (key, kept) = (alias.address().key(), AliasColumns::of(alias));
    connection
        .prepare_cached(&format!(
            "INSERT INTO {table} (domain, local, {COLUMNS}, position)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)"
        ))?
        .execute(params![
            key.domain,
            key.local,
            kept.address,
            kept.action,
            kept.destinations,
            kept.text,
            kept.enabled,
            kept.keep_tag,
            kept.spam,
            kept.allow,
            kept.reply_by_address,
            kept.note,
            kept.expires,
            kept.max_messages,
            kept.block,
            kept.message_rate,
            kept.digest,
            position
        ])
        .map(drop)
}

/// Puts an alias in the place of the one with its key; a regex keeps its turn.
pub(crate) fn replace(connection: &Connection, alias: &Alias) -> Result<()> {
    let key = alias.address().key();
    let position = position(connection, &key)?;
    delete(connection, &key)?;
    insert(connection, Table::Stored, alias)?;
    set_position(connection, &key, position)
}

/// Where an alias that is there stands among the regexes.
pub(crate) fn position(connection: &Connection, key: &Key) -> Result<i64> {
    let sql = "SELECT position FROM aliases WHERE domain = ?1 AND local = ?2";
    connection.query_row(sql, [&key.domain, &key.local], |row| row.get(0))
}

pub(crate) fn set_position(connection: &Connection, key: &Key, position: i64) -> Result<()> {
    let sql = "UPDATE aliases SET position = ?3 WHERE domain = ?1 AND local = ?2";
    connection.execute(sql, params![key.domain, key.local, position]).map(drop)
}

fn last_position(connection: &Connection, table: Table) -> Result<i64> {
    let table = table.name();
    connection
        .prepare_cached(&format!(
            "SELECT coalesce(max(position), 0) FROM {table} WHERE domain = ''"
        ))?
        .query_row((), |row| row.get(0))
}

pub(crate) fn delete(connection: &Connection, key: &Key) -> Result<bool> {
    let sql = "DELETE FROM aliases WHERE domain = ?1 AND local = ?2";
    Ok(connection.execute(sql, [&key.domain, &key.local])? == 1)
}

pub(crate) fn set_enabled(connection: &Connection, key: &Key, enabled: bool) -> Result<bool> {
    let sql = "UPDATE aliases SET enabled = ?3 WHERE domain = ?1 AND local = ?2";
    Ok(connection.execute(sql, params![key.domain, key.local, enabled])? == 1)
}

pub(crate) fn count(connection: &Connection) -> Result<u64> {
    connection.query_row("SELECT count(*) FROM aliases", (), |row| row.get(0)).map(number)
}

pub(crate) fn count_in(connection: &Connection, domain: &Domain) -> Result<u64> {
    let sql = "SELECT count(*) FROM aliases WHERE domain = ?1";
    let count = connection.query_row(sql, [domain.to_key()], |row| row.get(0)).map(number)?;
    Ok(count + patterns_of(connection, domain)?.len() as u64)
}

pub(crate) fn delete_in(connection: &Connection, domain: &Domain) -> Result<usize> {
    let patterns = patterns_of(connection, domain)?;
    for alias in &patterns {
        delete(connection, &alias.address().key())?;
    }
    let others = connection.execute("DELETE FROM aliases WHERE domain = ?1", [domain.to_key()])?;
    Ok(others + patterns.len())
}

/// The regex aliases of one domain, in the order in which they are tried.
fn patterns_of(connection: &Connection, domain: &Domain) -> Result<Vec<Alias>> {
    let mut patterns = patterns(connection, Table::Stored)?;
    patterns.retain(|alias| alias.address().domain() == Some(domain));
    Ok(patterns)
}

/// The regex aliases in the order in which they are tried.
pub(crate) fn patterns(connection: &Connection, table: Table) -> Result<Vec<Alias>> {
    let table = table.name();
    let sql = format!("SELECT {COLUMNS} FROM {table} WHERE domain = '' ORDER BY position, local");
    connection.prepare(&sql)?.query_map((), |row| from_row(row, 0))?.collect()
}

/// Gives each alias of `table` to `work`, in the order of keys.
pub(crate) fn each_of<E: From<rusqlite::Error>>(
    connection: &Connection,
    table: Table,
    work: &mut dyn FnMut(&Alias) -> std::result::Result<(), E>,
) -> std::result::Result<(), E> {
    let table = table.name();
    let mut found =
        connection.prepare(&format!("SELECT {COLUMNS} FROM {table} ORDER BY domain, local"))?;
    let mut rows = found.query(())?;
    while let Some(row) = rows.next()? {
        work(&from_row(row, 0)?)?;
    }
    Ok(())
}

/// Gives each alias that may lead into `domain` to `work`.
pub(crate) fn leading_into<E: From<rusqlite::Error>>(
    connection: &Connection,
    domain: &Domain,
    work: &mut dyn FnMut(&Alias) -> std::result::Result<(), E>,
) -> std::result::Result<(), E> {
    // What is written differs in case at most: domains are kept as A-labels.
    let mut found = connection.prepare(&format!(
        "SELECT {COLUMNS} FROM aliases WHERE instr(lower(destinations), '@' || ?1) > 0"
    ))?;
    let mut rows = found.query([domain.to_key()])?;
    while let Some(row) = rows.next()? {
        work(&from_row(row, 0)?)?;
    }
    Ok(())
}

/// The aliases behind `after` of one domain, or of all; then the regexes.
pub(crate) fn page(
    connection: &Connection,
    domain: Option<&Domain>,
    after: Option<&Key>,
) -> Result<AliasPage> {
    let which = if domain.is_some() { "domain = ?1" } else { "domain <> ?1" };
    let sql = format!(
        "SELECT {COLUMNS} FROM aliases WHERE {which} AND (domain, local) > (?2, ?3)
         ORDER BY domain, local LIMIT {PAGE}"
    );
    let domain_key = domain.map(Domain::to_key).unwrap_or_default();
    // Every domain sorts behind the empty one.
    let (after_domain, after_local) =
        after.map_or(("", ""), |key| (key.domain.as_str(), key.local.as_str()));
    let mut aliases = connection
        .prepare_cached(&sql)?
        .query_map([&*domain_key, after_domain, after_local], |row| from_row(row, 0))?
        .collect::<Result<Vec<_>>>()?;
    if aliases.len() == PAGE {
        let next = aliases.last().map(|alias| alias.address().key());
        return Ok(AliasPage { aliases, next });
    }
    aliases.extend(match domain {
        Some(domain) => patterns_of(connection, domain)?,
        None => patterns(connection, Table::Stored)?,
    });
    Ok(AliasPage { aliases, next: None })
}

/// Reads [`COLUMNS`], the first of which is number `first` of the row.
pub(crate) fn from_row(row: &Row<'_>, first: usize) -> Result<Alias> {
    let text = |offset: usize| -> Result<&str> { Ok(row.get_ref(first + offset)?.as_str()?) };
    let word = |offset: usize| -> Result<Option<&str>> {
        row.get_ref(first + offset)?.as_str_or_null().map_err(Into::into)
    };
    let kept = KeptAlias {
        address: text(0)?,
        action: text(1)?,
        destinations: text(2)?,
        text: text(3)?,
        enabled: row.get(first + 4)?,
        keep_tag: row.get(first + 5)?,
        spam: word(6)?,
        allow: text(7)?,
        reply_by_address: row.get(first + 8)?,
        note: word(9)?,
        expires: row.get(first + 10)?,
        max_messages: row.get(first + 11)?,
        block: text(12)?,
        message_rate: word(13)?,
        digest: word(14)?,
    };
    kept.alias().map_err(unreadable)
}
