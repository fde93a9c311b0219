//! Makes the aliases equal to a list, in one transaction.

use super::{
    Live,
    alias_texts::write_texts,
    error::Failure,
    rows::{
        alias_use,
        aliases::{self, COLUMNS, Table},
        domains, events,
    },
    rules::{refuse_cycle, refuse_srs_shaped},
    snapshot,
};
use crate::{
    address::{Domain, Mailbox},
    alias::{Alias, Destination, MAX_PATTERNS},
    store::{Apply, Change, ChangeError, Progress},
};
use rusqlite::{Connection, ErrorCode, Row, TransactionBehavior};
use std::{collections::HashSet, path::Path};

/// Makes the aliases equal to `wanted`, as far as `extent` says, and gives what that changes. The
/// connection's database is at `path`.
pub(super) fn apply(
    mut connection: Connection,
    path: &Path,
    wanted: Vec<Alias>,
    extent: Apply,
) -> Result<Vec<Change>, ChangeError> {
    try_apply(&mut connection, wanted, extent).map_err(|failure| failure.at(path))
}

fn try_apply(
    connection: &mut Connection,
    wanted: Vec<Alias>,
    extent: Apply,
) -> Result<Vec<Change>, Failure> {
    let hosted: HashSet<Domain> = domains::all(connection)?.into_iter().collect();

    // Only the temporary table is written yet, so nobody waits for this.
    let loading = connection.transaction()?;
    loading.execute_batch(&wanted_table())?;
    let chained = load(&loading, wanted, &hosted)?;
    loading.commit()?;

    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    check(&transaction, &chained)?;
    let changes = differences(&transaction)?;
    if extent == Apply::Careful {
        refuse_loss(&changes, aliases::count(&transaction)?)?;
    }
    if !changes.is_empty() && extent != Apply::Plan {
        transaction.execute_batch(&replace())?;
        let made = changes.iter().filter_map(|change| match change {
            Change::Add(alias) => Some(alias),
            Change::Remove(_) | Change::Replace { .. } | Change::Reorder => None,
        });
        events::add_made(&transaction, made)?;
        domains::count_change(&transaction)?;
        alias_use::follow_many(&transaction)?;
        transaction.commit()?;
        write_texts(connection, &Progress::default());
    }
    Ok(changes)
}

pub(super) fn wanted_table() -> String {
    format!(
        "DROP TABLE IF EXISTS temp.wanted;
         CREATE TEMP TABLE wanted (domain, local, {COLUMNS}, position, PRIMARY KEY (domain, local))
         WITHOUT ROWID"
    )
}

/// Makes the aliases those of the temporary table.
fn replace() -> String {
    let upsert = upsert();
    format!(
        "DELETE FROM aliases WHERE NOT EXISTS (
             SELECT 1 FROM temp.wanted w WHERE w.domain = aliases.domain AND w.local = aliases.local);
         {upsert}"
    )
}

/// Puts the aliases of the temporary table among the others, in the place of those of the same address.
fn upsert() -> String {
    let each = |of: fn(&str) -> String| {
        let names = COLUMNS.split(", ").chain(["position"]);
        names.map(of).collect::<Vec<_>>().join(", ")
    };
    let set = each(|name| format!("{name} = excluded.{name}"));
    let (is, new) =
        (each(|name| format!("aliases.{name}")), each(|name| format!("excluded.{name}")));
    format!(
        "INSERT INTO aliases (domain, local, {COLUMNS}, position)
             SELECT domain, local, {COLUMNS}, position FROM temp.wanted WHERE true
             ON CONFLICT (domain, local) DO UPDATE SET {set} WHERE ({is}) IS NOT ({new})"
    )
}

/// The same of a table that is only part of the aliases: a regex keeps its turn, and a new one comes behind all.
pub(super) fn put_in_place(connection: &Connection) -> rusqlite::Result<()> {
    let upsert = upsert();
    connection.execute_batch(&format!(
        "UPDATE temp.wanted SET position = coalesce(
             (SELECT a.position FROM main.aliases a WHERE a.domain = '' AND a.local = wanted.local),
             position + (SELECT coalesce(max(position), 0) FROM main.aliases WHERE domain = ''))
         WHERE domain = '';
         {upsert}"
    ))
}

/// Fills the temporary table; gives the aliases that lead to hosted domains.
fn load(
    connection: &Connection,
    wanted: Vec<Alias>,
    hosted: &HashSet<Domain>,
) -> Result<Vec<Alias>, Failure> {
    let mut chained = Vec::new();
    for alias in wanted {
        refuse_srs_shaped(&alias)?;
        if let Some(domain) = alias.address().domain()
            && !hosted.contains(domain)
        {
            return Err(ChangeError::UnknownDomain(domain.clone()).into());
        }
        aliases::insert(connection, Table::Wanted, &alias).map_err(|error| {
            match error.sqlite_error_code() {
                Some(ErrorCode::ConstraintViolation) => {
                    ChangeError::Twice(alias.address().to_string()).into()
                }
                _ => Failure::from(error),
            }
        })?;
        let is_ours = |mailbox: &Mailbox| hosted.contains(mailbox.domain());
        if alias.destinations().iter().filter_map(Destination::mailbox).any(is_ours) {
            chained.push(alias);
        }
    }
    Ok(chained)
}

fn check(connection: &Connection, chained: &[Alias]) -> Result<(), Failure> {
    let snapshot = snapshot::within(connection, Table::Wanted)?;
    if snapshot.patterns.len() > MAX_PATTERNS {
        return Err(ChangeError::TooManyPatterns.into());
    }
    let live = Live::of(connection, Table::Wanted, &snapshot);
    chained.iter().try_for_each(|alias| refuse_cycle(&live, alias))
}

fn refuse_loss(changes: &[Change], all: u64) -> Result<(), ChangeError> {
    let removed = changes.iter().filter_map(|change| match change {
        Change::Remove(alias) => Some(alias.address().to_string()),
        Change::Add(_) | Change::Replace { .. } | Change::Reorder => None,
    });
    let removed: Vec<String> = removed.collect();
    if removed.len() as u64 > all / 2 {
        return Err(ChangeError::Removes { removed, all });
    }
    Ok(())
}

fn differences(connection: &Connection) -> rusqlite::Result<Vec<Change>> {
    type Read = fn(&Row<'_>) -> rusqlite::Result<Change>;
    let find = |sql: &str, read: Read| -> rusqlite::Result<Vec<Change>> {
        connection.prepare(sql)?.query_map((), read)?.collect()
    };
    let removed: Read = |row| Ok(Change::Remove(aliases::from_row(row, 0)?));
    let added: Read = |row| Ok(Change::Add(aliases::from_row(row, 0)?));
    let replaced: Read = |row| {
        let second = COLUMNS.split(", ").count();
        Ok(Change::Replace {
            old: Box::new(aliases::from_row(row, 0)?),
            new: aliases::from_row(row, second)?,
        })
    };
    let mut changes = find(&only_in(Table::Stored, Table::Wanted), removed)?;
    changes.extend(find(&only_in(Table::Wanted, Table::Stored), added)?);
    changes.extend(find(&in_both(), replaced)?);
    if is_reordered(connection)? {
        changes.push(Change::Reorder);
    }
    Ok(changes)
}

fn only_in(table: Table, other: Table) -> String {
    let (table, other) = (table.name(), other.name());
    format!(
        "SELECT {COLUMNS} FROM {table} t WHERE NOT EXISTS
         (SELECT 1 FROM {other} o WHERE o.domain = t.domain AND o.local = t.local)
         ORDER BY domain, local"
    )
}

fn in_both() -> String {
    let of = |table: &str| {
        COLUMNS.split(", ").map(|name| format!("{table}.{name}")).collect::<Vec<_>>().join(", ")
    };
    let (old, new) = (of("a"), of("w"));
    format!(
        "SELECT {old}, {new} FROM aliases a JOIN temp.wanted w USING (domain, local)
         WHERE ({old}) IS NOT ({new}) ORDER BY domain, local"
    )
}

fn is_reordered(connection: &Connection) -> rusqlite::Result<bool> {
    let order = |table: Table, other: Table| {
        let (table, other) = (table.name(), other.name());
        connection
            .prepare(&format!(
                "SELECT local FROM {table} WHERE domain = ''
                 AND local IN (SELECT local FROM {other} WHERE domain = '') ORDER BY position"
            ))?
            .query_map((), |row| row.get(0))?
            .collect::<rusqlite::Result<Vec<String>>>()
    };
    Ok(order(Table::Stored, Table::Wanted)? != order(Table::Wanted, Table::Stored)?)
}
