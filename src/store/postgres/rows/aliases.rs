//! Rows of `aliases`.

use crate::{
    address::Domain,
    alias::{Alias, AliasAddress, Counted, Key},
    store::{
        AliasPage,
        kept_alias::{AliasColumns, COLUMNS, KeptAlias},
        postgres::{
            ask::{self, Result, count, get},
            error::unreadable,
        },
    },
};
use deadpool_postgres::Transaction;
use tokio_postgres::Row;

/// Aliases read at once.
pub(crate) const PAGE: usize = 1000;

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
            Self::Wanted => "pg_temp.wanted",
        }
    }
}

pub(crate) async fn get_one(
    tx: &Transaction<'_>,
    table: Table,
    key: &Key,
) -> Result<Option<Alias>> {
    let table = table.name();
    let sql = format!("SELECT {COLUMNS} FROM {table} WHERE domain = $1 AND local = $2");
    ask::first(tx, &sql, &[&key.domain, &key.local], |row| from_row(row, 0)).await
}

/// The same of those that answer, with what counting its messages came to: one question, as each waits for the server.
pub(crate) async fn get_counted(tx: &Transaction<'_>, key: &Key) -> Result<Option<Counted>> {
    let sql = format!(
        "SELECT coalesce(u.forwarded >= a.max_messages, false), {} FROM aliases a
         LEFT JOIN alias_use u ON a.max_messages IS NOT NULL AND u.domain = a.domain AND u.local = a.local
         WHERE a.domain = $1 AND a.local = $2",
        columns("a")
    );
    let read = |row: &Row| Ok(Counted { alias: from_row(row, 1)?, is_used_up: get(row, 0)? });
    ask::first(tx, &sql, &[&key.domain, &key.local], read).await
}

/// Those of these keys that are there.
pub(crate) async fn of_keys(tx: &Transaction<'_>, keys: &[&Key]) -> Result<Vec<Alias>> {
    let (domains, locals): (Vec<&str>, Vec<&str>) =
        keys.iter().map(|key| (key.domain.as_str(), key.local.as_str())).unzip();
    let sql = format!(
        "SELECT {} FROM unnest($1::text[], $2::text[]) k (domain, local)
         JOIN aliases a ON a.domain = k.domain AND a.local = k.local ORDER BY a.domain, a.local",
        columns("a")
    );
    ask::all(tx, &sql, &[&domains, &locals], |row| from_row(row, 0)).await
}

/// Aliases to be inserted, by columns.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    domain: Vec<String>,
    local: Vec<String>,
    address: Vec<String>,
    action: Vec<&'static str>,
    destinations: Vec<String>,
    text: Vec<String>,
    enabled: Vec<bool>,
    keep_tag: Vec<Option<bool>>,
    spam: Vec<Option<&'static str>>,
    allow: Vec<String>,
    reply_by_address: Vec<bool>,
    note: Vec<Option<String>>,
    expires: Vec<Option<i64>>,
    max_messages: Vec<Option<i64>>,
    block: Vec<String>,
    message_rate: Vec<Option<String>>,
    digest: Vec<Option<&'static str>>,
    position: Vec<i64>,
}

impl Rows {
    pub(crate) fn push(&mut self, alias: &Alias, position: i64) {
        let (Key { domain, local }, kept) = (alias.address().key(), AliasColumns::of(alias));
        self.domain.push(domain);
        self.local.push(local);
        self.address.push(kept.address);
        self.action.push(kept.action);
        self.destinations.push(kept.destinations);
        self.text.push(kept.text);
        self.enabled.push(kept.enabled);
        self.keep_tag.push(kept.keep_tag);
        self.spam.push(kept.spam);
        self.allow.push(kept.allow);
        self.reply_by_address.push(kept.reply_by_address);
        self.note.push(kept.note);
        self.expires.push(kept.expires);
        self.max_messages.push(kept.max_messages);
        self.block.push(kept.block);
        self.message_rate.push(kept.message_rate);
        self.digest.push(kept.digest);
        self.position.push(position);
    }

    pub(crate) fn len(&self) -> usize {
        self.domain.len()
    }

    /// Inserts them, whose keys are free.
    pub(crate) async fn insert(&self, tx: &Transaction<'_>, table: Table) -> Result<()> {
        self.put(tx, table, "").await.map(drop)
    }

    /// Puts them in the places of those with their keys.
    async fn replace(&self, tx: &Transaction<'_>) -> Result<()> {
        let set = COLUMNS.split(", ").map(str::trim).chain(["position"]);
        let set: Vec<String> = set.map(|name| format!("{name} = excluded.{name}")).collect();
        let conflict = format!("ON CONFLICT (domain, local) DO UPDATE SET {}", set.join(", "));
        self.put(tx, Table::Stored, &conflict).await.map(drop)
    }

    async fn put(&self, tx: &Transaction<'_>, table: Table, conflict: &str) -> Result<u64> {
        if self.len() == 0 {
            return Ok(0);
        }
        let table = table.name();
        let sql = format!(
            "INSERT INTO {table} (domain, local, {COLUMNS}, position)
             SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::boolean[],
                 $8::boolean[], $9::text[], $10::text[], $11::boolean[], $12::text[], $13::bigint[], $14::bigint[],
                 $15::text[], $16::text[], $17::text[], $18::bigint[]) {conflict}"
        );
        let values: &ask::Values<'_> = &[
            &self.domain,
            &self.local,
            &self.address,
            &self.action,
            &self.destinations,
            &self.text,
            &self.enabled,
            &self.keep_tag,
            &self.spam,
            &self.allow,
            &self.reply_by_address,
            &self.note,
            &self.expires,
            &self.max_messages,
            &self.block,
            &self.message_rate,
            &self.digest,
            &self.position,
        ];
        ask::run(tx, &sql, values).await
    }
}

/// Inserts an alias whose key is free; a regex comes behind all others.
pub(crate) async fn insert(tx: &Transaction<'_>, alias: &Alias) -> Result<()> {
    let position = match alias.address() {
        AliasAddress::Regex(_) => last_position(tx).await? + 1,
        AliasAddress::Exact(_) | AliasAddress::CatchAll(_) => 0,
    };
    let mut rows = Rows::default();
    rows.push(alias, position);
    rows.insert(tx, Table::Stored).await
}

/// Puts an alias in the place of the one with its key; a regex keeps its turn.
pub(crate) async fn replace(tx: &Transaction<'_>, alias: &Alias) -> Result<()> {
    let position = position(tx, &alias.address().key()).await?;
    let mut rows = Rows::default();
    rows.push(alias, position);
    rows.replace(tx).await
}

/// Where an alias that is there stands among the regexes.
pub(crate) async fn position(tx: &Transaction<'_>, key: &Key) -> Result<i64> {
    let sql = "SELECT position FROM aliases WHERE domain = $1 AND local = $2";
    ask::one(tx, sql, &[&key.domain, &key.local], |row| get(row, 0)).await
}

pub(crate) async fn set_position(tx: &Transaction<'_>, key: &Key, position: i64) -> Result<()> {
    let sql = "UPDATE aliases SET position = $3 WHERE domain = $1 AND local = $2";
    ask::run(tx, sql, &[&key.domain, &key.local, &position]).await.map(drop)
}

async fn last_position(tx: &Transaction<'_>) -> Result<i64> {
    let sql = "SELECT coalesce(max(position), 0) FROM aliases WHERE domain = ''";
    ask::one(tx, sql, &[], |row| get(row, 0)).await
}

pub(crate) async fn delete(tx: &Transaction<'_>, key: &Key) -> Result<bool> {
    let sql = "DELETE FROM aliases WHERE domain = $1 AND local = $2";
    Ok(ask::run(tx, sql, &[&key.domain, &key.local]).await? == 1)
}

pub(crate) async fn set_enabled(tx: &Transaction<'_>, key: &Key, enabled: bool) -> Result<()> {
    let sql = "UPDATE aliases SET enabled = $3 WHERE domain = $1 AND local = $2";
    ask::run(tx, sql, &[&key.domain, &key.local, &enabled]).await.map(drop)
}

pub(crate) async fn count_all(tx: &Transaction<'_>) -> Result<u64> {
    ask::one(tx, "SELECT count(*) FROM aliases", &[], |row| count(row, 0)).await
}

pub(crate) async fn count_in(tx: &Transaction<'_>, domain: &Domain) -> Result<u64> {
    let sql = "SELECT count(*) FROM aliases WHERE domain = $1";
    let exact = ask::one(tx, sql, &[&domain.to_key()], |row| count(row, 0)).await?;
    Ok(exact + patterns_of(tx, domain).await?.len() as u64)
}

pub(crate) async fn delete_in(tx: &Transaction<'_>, domain: &Domain) -> Result<usize> {
    let patterns = patterns_of(tx, domain).await?;
    for alias in &patterns {
        delete(tx, &alias.address().key()).await?;
    }
    let sql = "DELETE FROM aliases WHERE domain = $1";
    let others = ask::run(tx, sql, &[&domain.to_key()]).await?;
    Ok(usize::try_from(others).unwrap_or(usize::MAX) + patterns.len())
}

/// The regex aliases of one domain, in the order in which they are tried.
async fn patterns_of(tx: &Transaction<'_>, domain: &Domain) -> Result<Vec<Alias>> {
    let mut patterns = patterns(tx, Table::Stored).await?;
    patterns.retain(|alias| alias.address().domain() == Some(domain));
    Ok(patterns)
}

/// The regex aliases in the order in which they are tried.
pub(crate) async fn patterns(tx: &Transaction<'_>, table: Table) -> Result<Vec<Alias>> {
    let table = table.name();
    let sql = format!("SELECT {COLUMNS} FROM {table} WHERE domain = '' ORDER BY position, local");
    ask::all(tx, &sql, &[], |row| from_row(row, 0)).await
}

/// Which aliases are read page by page.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Which<'a> {
    /// All of a table.
    All(Table),
    /// Those that may lead into a domain.
    LeadingInto(&'a Domain),
}

/// Some of the aliases behind `after`, in the order of keys; fewer than [`PAGE`] are the last.
pub(crate) async fn some(
    tx: &Transaction<'_>,
    which: Which<'_>,
    after: Option<&Key>,
) -> Result<Vec<Alias>> {
    // What is written differs in case at most: domains are kept as A-labels.
    let (table, behind_at) = match which {
        Which::All(table) => (table, String::new()),
        Which::LeadingInto(domain) => (Table::Stored, format!("@{}", domain.to_key())),
    };
    let table = table.name();
    let sql = format!(
        "SELECT {COLUMNS} FROM {table} WHERE (domain, local) > ($1, $2)
         AND strpos(lower(destinations), $3) > 0 ORDER BY domain, local LIMIT {PAGE}"
    );
    // No key is empty as a whole.
    let (after_domain, after_local) =
        after.map_or(("", ""), |key| (key.domain.as_str(), key.local.as_str()));
    ask::all(tx, &sql, &[&after_domain, &after_local, &behind_at], |row| from_row(row, 0)).await
}

/// The aliases behind `after` of one domain, or of all; then the regexes.
pub(crate) async fn page(
    tx: &Transaction<'_>,
    domain: Option<&Domain>,
    after: Option<&Key>,
) -> Result<AliasPage> {
    let which = if domain.is_some() { "domain = $1" } else { "domain <> $1" };
    let sql = format!(
        "SELECT {COLUMNS} FROM aliases WHERE {which} AND (domain, local) > ($2, $3)
         ORDER BY domain, local LIMIT {PAGE}"
    );
    let domain_key = domain.map(Domain::to_key).unwrap_or_default();
    // Every domain sorts behind the empty one.
    let (after_domain, after_local) =
        after.map_or(("", ""), |key| (key.domain.as_str(), key.local.as_str()));
    let values: &ask::Values<'_> = &[&domain_key, &after_domain, &after_local];
    let mut aliases = ask::all(tx, &sql, values, |row| from_row(row, 0)).await?;
    if aliases.len() == PAGE {
        let next = aliases.last().map(|alias| alias.address().key());
        return Ok(AliasPage { aliases, next });
    }
    aliases.extend(match domain {
        Some(domain) => patterns_of(tx, domain).await?,
        None => patterns(tx, Table::Stored).await?,
    });
    Ok(AliasPage { aliases, next: None })
}

/// The columns of an alias, of that table.
pub(crate) fn columns(table: &str) -> String {
    let names = COLUMNS.split(", ").map(|name| format!("{table}.{}", name.trim()));
    names.collect::<Vec<_>>().join(", ")
}

/// Reads the [`COLUMNS`], the first of which is number `first` of the row.
pub(crate) fn from_row(row: &Row, first: usize) -> Result<Alias> {
    let kept = KeptAlias {
        address: get(row, first)?,
        action: get(row, first + 1)?,
        destinations: get(row, first + 2)?,
        text: get(row, first + 3)?,
        enabled: get(row, first + 4)?,
        keep_tag: get(row, first + 5)?,
        spam: get(row, first + 6)?,
        allow: get(row, first + 7)?,
        reply_by_address: get(row, first + 8)?,
        note: get(row, first + 9)?,
        expires: get(row, first + 10)?,
        max_messages: get(row, first + 11)?,
        block: get(row, first + 12)?,
        message_rate: get(row, first + 13)?,
        digest: get(row, first + 14)?,
    };
    kept.alias().map_err(unreadable)
}
