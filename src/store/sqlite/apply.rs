//! Makes the aliases equal to a list, in one transaction.

use super::{
    Live, Snapshot,
    error::Failure,
    rows::{
        aliases::{self, COLUMNS, Table},
        domains,
    },
    rules::{refuse_cycle, refuse_srs_shaped},
};
use crate::{
    address::{Domain, Mailbox},
    alias::{Alias, Destination, MAX_PATTERNS},
    store::{Change, ChangeError},
};
use rusqlite::{Connection, ErrorCode, TransactionBehavior};
use std::{collections::HashSet, path::Path};

/// Makes the aliases equal to `wanted` and tells `report` what that changes; with `plan` it only
/// tells. Everything is checked before the first report. The connection is used by nobody else, and its
/// database is at `path`.
///
/// The error is whatever `wanted` or `report` give, or why that cannot be.
pub(super) fn apply<E: From<ChangeError>>(
    connection: &mut Connection,
    path: &Path,
    wanted: impl IntoIterator<Item = Result<Alias, E>>,
    plan: bool,
    report: impl FnMut(Change) -> Result<(), E>,
) -> Result<(), E> {
    let failed = |failure: Failure| E::from(failure.at(path));
    let sqlite = |error| failed(Failure::Sqlite(error));
    let hosted: HashSet<Domain> = domains::all(connection).map_err(sqlite)?.into_iter().collect();

    // Only the temporary table is written yet, so nobody waits for this.
    let loading = connection.transaction().map_err(sqlite)?;
    loading.execute_batch(WANTED).map_err(sqlite)?;
    let chained = load(&loading, wanted, &hosted, failed)?;
    loading.commit().map_err(sqlite)?;

    let transaction =
        connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(sqlite)?;
    check(&transaction, &chained).map_err(failed)?;
    let changed = report_differences(&transaction, report).map_err(sqlite)??;
    if changed && !plan {
        transaction.execute_batch(REPLACE).map_err(sqlite)?;
        domains::count_change(&transaction).map_err(sqlite)?;
        transaction.commit().map_err(sqlite)?;
    }
    Ok(())
}

const WANTED: &str = "
    DROP TABLE IF EXISTS temp.wanted;
    CREATE TEMP TABLE wanted (
        domain TEXT, local TEXT, address TEXT, action TEXT, destinations TEXT, text TEXT,
        enabled INTEGER, position INTEGER, PRIMARY KEY (domain, local)
    ) WITHOUT ROWID";

const REPLACE: &str = "
    DELETE FROM aliases WHERE NOT EXISTS (
        SELECT 1 FROM temp.wanted w WHERE w.domain = aliases.domain AND w.local = aliases.local);
    INSERT INTO aliases (domain, local, address, action, destinations, text, enabled, position)
        SELECT domain, local, address, action, destinations, text, enabled, position
        FROM temp.wanted WHERE true
        ON CONFLICT (domain, local) DO UPDATE SET
            address = excluded.address, action = excluded.action,
            destinations = excluded.destinations, text = excluded.text,
            enabled = excluded.enabled, position = excluded.position
        WHERE (address, action, destinations, text, enabled, position)
            <> (excluded.address, excluded.action, excluded.destinations, excluded.text,
                excluded.enabled, excluded.position)";

/// Fills the temporary table; gives the aliases that lead to hosted domains.
fn load<E: From<ChangeError>>(
    connection: &Connection,
    wanted: impl IntoIterator<Item = Result<Alias, E>>,
    hosted: &HashSet<Domain>,
    failed: impl Fn(Failure) -> E,
) -> Result<Vec<Alias>, E> {
    let mut chained = Vec::new();
    for alias in wanted {
        let alias = alias?;
        refuse_srs_shaped(&alias)?;
        if let Some(domain) = alias.address().domain()
            && !hosted.contains(domain)
        {
            return Err(ChangeError::UnknownDomain(domain.clone()).into());
        }
        aliases::insert(connection, Table::Wanted, &alias).map_err(|error| {
            let twice = error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation);
            failed(if twice {
                ChangeError::Twice(alias.address().to_string()).into()
            } else {
                error.into()
            })
        })?;
        let is_ours = |mailbox: &Mailbox| hosted.contains(mailbox.domain());
        if alias.destinations().iter().filter_map(Destination::mailbox).any(is_ours) {
            chained.push(alias);
        }
    }
    Ok(chained)
}

fn check(connection: &Connection, chained: &[Alias]) -> Result<(), Failure> {
    let snapshot = Snapshot::within(connection, Table::Wanted)?;
    if snapshot.patterns.len() > MAX_PATTERNS {
        return Err(ChangeError::TooManyPatterns.into());
    }
    let live = Live::of(connection, Table::Wanted, &snapshot);
    chained.iter().try_for_each(|alias| refuse_cycle(&live, alias))
}

/// True when there is any. The outer error is ours, the inner one that of `report`.
fn report_differences<E>(
    connection: &Connection,
    mut report: impl FnMut(Change) -> Result<(), E>,
) -> rusqlite::Result<Result<bool, E>> {
    let mut changed = false;
    for (sql, differs) in [
        (only_in(Table::Stored, Table::Wanted), Differs::Removed),
        (only_in(Table::Wanted, Table::Stored), Differs::Added),
        (in_both(), Differs::Replaced),
    ] {
        let mut statement = connection.prepare(&sql)?;
        let mut rows = statement.query(())?;
        while let Some(row) = rows.next()? {
            let first = aliases::from_row(row, 0)?;
            let change = match differs {
                Differs::Removed => Change::Remove(first),
                Differs::Added => Change::Add(first),
                Differs::Replaced => {
                    Change::Replace { old: first, new: aliases::from_row(row, 5)? }
                }
            };
            changed = true;
            if let Err(error) = report(change) {
                return Ok(Err(error));
            }
        }
    }
    if is_reordered(connection)? {
        changed = true;
        if let Err(error) = report(Change::Reorder) {
            return Ok(Err(error));
        }
    }
    Ok(Ok(changed))
}

#[derive(Clone, Copy)]
enum Differs {
    Removed,
    Added,
    Replaced,
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
         WHERE ({old}) <> ({new}) ORDER BY domain, local"
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
