//! Makes the aliases equal to a list, in one transaction.

use super::{
    Postgres,
    alias_texts::write_texts,
    ask::{self, Result, get},
    changing::count_change,
    error::{Failure, unreadable},
    rows::{
        aliases::{self, Rows, Table},
        domains, events,
    },
    snapshot::{self, Live},
};
use crate::{
    address::Domain,
    alias::{Alias, AliasAddress, MAX_PATTERNS},
    store::{
        Apply, Change, ChangeError, Progress,
        kept_alias::COLUMNS,
        many::leads_on,
        rules::{refuse_cycle, refuse_srs_shaped},
    },
};
use deadpool::managed::Object;
use deadpool_postgres::Transaction;
use std::collections::HashSet;
use tokio_postgres::Row;

/// Aliases written at once.
pub(super) const AT_ONCE: usize = 1_000;

/// Makes the aliases equal to `wanted`, as far as `extent` says, and gives what that changes.
pub(super) async fn apply(
    store: &Postgres,
    wanted: Vec<Alias>,
    extent: Apply,
) -> Result<Vec<Change>, ChangeError> {
    ask::at_length(apply_at_length(store, wanted, extent)).await
}

async fn apply_at_length(
    store: &Postgres,
    wanted: Vec<Alias>,
    extent: Apply,
) -> Result<Vec<Change>, ChangeError> {
    let (_turn, client) = store.access.long().await?;
    // It ends with this, and the temporary table with it.
    let mut client = Object::take(client);
    let access = &store.access;
    let told = |failure: Failure| failure.at(&access.database);

    // Only the temporary table is written yet, so nobody waits for this.
    let loading = client.transaction().await.map_err(|error| told(error.into()))?;
    let chained = load(&loading, wanted).await;
    let chained = access.finish(loading, chained).await?;

    let turn = access.directory_turn().await?;
    let tx = client.transaction().await.map_err(|error| told(error.into()))?;
    let changes = replace_all(&tx, &chained, extent).await;
    let changes = access.finish(tx, changes).await;
    drop(turn);
    let changes = changes?;
    if extent != Apply::Plan && !changes.is_empty() {
        write_texts(&mut client, &Progress::default()).await.map_err(told)?;
    }
    Ok(changes)
}

async fn replace_all(
    tx: &Transaction<'_>,
    chained: &[Alias],
    extent: Apply,
) -> Result<Vec<Change>, Failure> {
    domains::lock(tx).await?;
    refuse_unhosted(tx).await?;
    check(tx, chained).await?;
    let changes = differences(tx).await?;
    if extent == Apply::Careful {
        refuse_loss(&changes, aliases::count_all(tx).await?)?;
    }
    if changes.is_empty() || extent == Apply::Plan {
        return Ok(changes);
    }
    tx.batch_execute(
        "DELETE FROM aliases a WHERE NOT EXISTS (
             SELECT 1 FROM pg_temp.wanted w WHERE w.domain = a.domain AND w.local = a.local)",
    )
    .await?;
    tx.batch_execute(&upsert()).await?;
    let made = changes.iter().filter_map(|change| match change {
        Change::Add(alias) => Some(alias),
        Change::Remove(_) | Change::Replace { .. } | Change::Reorder => None,
    });
    events::add_made(tx, &made.collect::<Vec<_>>()).await?;
    count_change(tx).await?;
    Ok(changes)
}

/// The table of the aliases that are to be, empty.
pub(super) async fn make_wanted(tx: &Transaction<'_>) -> Result<()> {
    tx.batch_execute(
        "DROP TABLE IF EXISTS pg_temp.wanted;
         CREATE TEMP TABLE wanted (LIKE aliases, PRIMARY KEY (domain, local))",
    )
    .await?;
    Ok(())
}

/// Puts the aliases of the temporary table among the others, in the place of those of the same address.
fn upsert() -> String {
    let each = |of: fn(&str) -> String| {
        let names = COLUMNS.split(", ").map(str::trim).chain(["position"]);
        names.map(of).collect::<Vec<_>>().join(", ")
    };
    let set = each(|name| format!("{name} = excluded.{name}"));
    let (is, new) =
        (each(|name| format!("aliases.{name}")), each(|name| format!("excluded.{name}")));
    format!(
        "INSERT INTO aliases (domain, local, {COLUMNS}, position)
             SELECT domain, local, {COLUMNS}, position FROM pg_temp.wanted ORDER BY domain, local
             ON CONFLICT (domain, local) DO UPDATE SET {set} WHERE ({is}) IS DISTINCT FROM ({new})"
    )
}

/// The same of a table that is only part of the aliases: a regex keeps its turn, and a new one comes behind all.
pub(super) async fn put_in_place(tx: &Transaction<'_>) -> Result<()> {
    tx.batch_execute(&format!(
        "UPDATE pg_temp.wanted w SET position = coalesce(
             (SELECT a.position FROM aliases a WHERE a.domain = '' AND a.local = w.local),
             w.position + (SELECT coalesce(max(position), 0) FROM aliases WHERE domain = ''))
         WHERE w.domain = '';
         {}",
        upsert()
    ))
    .await?;
    Ok(())
}

/// Fills the temporary table; gives the aliases that lead to hosted domains.
async fn load(tx: &Transaction<'_>, wanted: Vec<Alias>) -> Result<Vec<Alias>, Failure> {
    make_wanted(tx).await?;
    let hosted: HashSet<Domain> = domains::all(tx).await?.into_iter().collect();
    let (mut chained, mut seen, mut rows) = (Vec::new(), HashSet::new(), Rows::default());
    let mut position = 0;
    for alias in wanted {
        refuse_srs_shaped(&alias)?;
        if let Some(domain) = alias.address().domain()
            && !hosted.contains(domain)
        {
            return Err(ChangeError::UnknownDomain(domain.clone()).into());
        }
        if !seen.insert(alias.address().key()) {
            return Err(ChangeError::Twice(alias.address().to_string()).into());
        }
        push(&mut rows, &alias, &mut position);
        if rows.len() == AT_ONCE {
            std::mem::take(&mut rows).insert(tx, Table::Wanted).await?;
        }
        if leads_on(&alias, &hosted) {
            chained.push(alias);
        }
    }
    rows.insert(tx, Table::Wanted).await?;
    tx.batch_execute("ANALYZE pg_temp.wanted").await?;
    Ok(chained)
}

/// Adds an alias to be written; a regex comes behind those before.
pub(super) fn push(rows: &mut Rows, alias: &Alias, position: &mut i64) {
    let is_regex = matches!(alias.address(), AliasAddress::Regex(_));
    *position += i64::from(is_regex);
    rows.push(alias, if is_regex { *position } else { 0 });
}

/// A domain may have gone since the table was filled.
async fn refuse_unhosted(tx: &Transaction<'_>) -> Result<(), Failure> {
    let sql = "SELECT w.domain FROM pg_temp.wanted w WHERE w.domain <> ''
               AND NOT EXISTS (SELECT 1 FROM domains d WHERE d.domain = w.domain) LIMIT 1";
    let gone = ask::first(tx, sql, &[], |row| Domain::parse(get(row, 0)?).map_err(unreadable));
    gone.await?.map_or(Ok(()), |domain| Err(ChangeError::UnknownDomain(domain).into()))
}

async fn check(tx: &Transaction<'_>, chained: &[Alias]) -> Result<(), Failure> {
    let snapshot = snapshot::within(tx, Table::Wanted).await?;
    if snapshot.patterns.len() > MAX_PATTERNS {
        return Err(ChangeError::TooManyPatterns.into());
    }
    let live = Live::of(tx, Table::Wanted, &snapshot);
    for alias in chained {
        refuse_cycle(&live, alias).await?;
    }
    Ok(())
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

async fn differences(tx: &Transaction<'_>) -> Result<Vec<Change>> {
    let removed = only_in(Table::Stored, Table::Wanted);
    let mut changes =
        ask::all(tx, &removed, &[], |row| Ok(Change::Remove(aliases::from_row(row, 0)?))).await?;
    let added = only_in(Table::Wanted, Table::Stored);
    changes.extend(
        ask::all(tx, &added, &[], |row| Ok(Change::Add(aliases::from_row(row, 0)?))).await?,
    );
    let replaced = |row: &Row| {
        let second = COLUMNS.split(", ").count();
        Ok(Change::Replace {
            old: Box::new(aliases::from_row(row, 0)?),
            new: aliases::from_row(row, second)?,
        })
    };
    changes.extend(ask::all(tx, &in_both(), &[], replaced).await?);
    let order = order(tx, Table::Stored, Table::Wanted).await?;
    if order != self::order(tx, Table::Wanted, Table::Stored).await? {
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
    let (old, new) = (aliases::columns("a"), aliases::columns("w"));
    format!(
        "SELECT {old}, {new} FROM aliases a JOIN pg_temp.wanted w ON w.domain = a.domain AND w.local = a.local
         WHERE ({old}) IS DISTINCT FROM ({new}) ORDER BY a.domain, a.local"
    )
}

/// The regexes of `table` that are in `other` too.
async fn order(tx: &Transaction<'_>, table: Table, other: Table) -> Result<Vec<String>> {
    let (table, other) = (table.name(), other.name());
    let sql = format!(
        "SELECT local FROM {table} WHERE domain = ''
         AND local IN (SELECT local FROM {other} WHERE domain = '') ORDER BY position"
    );
    ask::all(tx, &sql, &[], |row| get(row, 0)).await
}
