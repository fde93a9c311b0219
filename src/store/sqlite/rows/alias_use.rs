//! Rows of `alias_use`, and bringing it and `alias_text` in line with the aliases.

use super::{alias_days, aliases, events};
use crate::{
    alias::{AliasAddress, Counters, Daily, Key, Used},
    clock,
    store::{
        kept_counters::{refused_column, refused_from},
        pieces::pieces_of,
        sqlite::{column, error::unreadable, number},
    },
};
use rusqlite::{Connection, OptionalExtension, Result, Row, params};

/// Changes whose texts are written down with them; those of more are due.
const AT_ONCE: i64 = 500;
/// Texts that are due, of which any other commit writes as many.
const ON_THE_WAY: usize = 50;

/// The columns that make counters, in the order of [`from_row`].
pub(crate) const COLUMNS: &str = "u.forwarded, u.refused, u.last_use, u.made";

pub(crate) fn get(connection: &Connection, key: &Key) -> Result<Option<Counters>> {
    let sql = format!("SELECT {COLUMNS} FROM alias_use u WHERE domain = ?1 AND local = ?2");
    let values = [&key.domain, &key.local];
    connection.prepare_cached(&sql)?.query_row(values, |row| from_row(row, 0)).optional()
}

/// How many messages an alias has taken.
pub(crate) fn taken(connection: &Connection, key: &Key) -> Result<u64> {
    let sql = "SELECT forwarded FROM alias_use WHERE domain = ?1 AND local = ?2";
    let mut statement = connection.prepare_cached(sql)?;
    let taken = statement.query_row([&key.domain, &key.local], |row| row.get(0)).optional()?;
    Ok(taken.map_or(0, number))
}

/// The number under which an alias is counted.
pub(crate) fn number_of(connection: &Connection, key: &Key) -> Result<Option<i64>> {
    let sql = "SELECT number FROM alias_use WHERE domain = ?1 AND local = ?2";
    let mut statement = connection.prepare_cached(sql)?;
    statement.query_row([&key.domain, &key.local], |row| row.get(0)).optional()
}

/// What came of the mail to an alias on the days that are kept on `today`.
pub(crate) fn days(connection: &Connection, key: &Key, today: u64) -> Result<Daily> {
    match number_of(connection, key)? {
        Some(number) => alias_days::of_number(connection, number, today),
        None => Ok(Daily::new()),
    }
}

/// Counts an alias from now on that is there again, as it was counted before.
pub(crate) fn put_back(
    connection: &Connection,
    key: &Key,
    number: i64,
    counters: &Counters,
) -> Result<()> {
    let sql = "INSERT INTO alias_use (number, domain, local, made, forwarded, refused, last_use)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    let made = counters.since.unwrap_or_else(clock::now);
    let values = params![
        number,
        key.domain,
        key.local,
        column(made.as_secs()),
        column(counters.forwarded),
        refused_column(counters).map_err(unreadable)?,
        counters.last_use.map(|time| column(time.as_secs())),
    ];
    connection.prepare_cached(sql)?.execute(values)?;
    aliases::use_up(connection, key, counters.forwarded).map(drop)
}

/// Adds to the counters of an alias, if it is there. True when it has taken its last message thereby.
pub(crate) fn add(connection: &Connection, used: &Used) -> Result<bool> {
    let Key { domain, local } = &used.alias;
    let Some(mut counters) = get(connection, &used.alias)? else { return Ok(false) };
    let (before, was_used) = (counters.forwarded, counters.last_use.is_some());
    counters.add(used);
    events::add_taken(connection, &used.alias, before, counters.forwarded, !was_used)?;
    let refused = refused_column(&counters).map_err(unreadable)?;
    let last_use = counters.last_use.map(|time| column(time.as_secs()));
    let sql = "UPDATE alias_use SET forwarded = ?3, refused = ?4, last_use = ?5
               WHERE domain = ?1 AND local = ?2";
    let values = params![domain, local, column(counters.forwarded), refused, last_use];
    connection.prepare_cached(sql)?.execute(values)?;
    if let Some(number) = number_of(connection, &used.alias)? {
        alias_days::add(connection, number, &used.days)?;
    }
    match before == counters.forwarded {
        true => Ok(false),
        false => aliases::use_up(connection, &used.alias, counters.forwarded),
    }
}

/// Reads [`COLUMNS`], the first of which is number `first` of the row.
pub(crate) fn from_row(row: &Row<'_>, first: usize) -> Result<Counters> {
    let refused_by = refused_from(row.get_ref(first + 1)?.as_str()?).map_err(unreadable)?;
    Ok(Counters {
        forwarded: number(row.get(first)?),
        refused: refused_by.values().fold(0, |sum: u64, count| sum.saturating_add(*count)),
        refused_by,
        last_use: row.get(first + 2)?,
        since: row.get(first + 3)?,
    })
}

/// Brings what is kept beside the aliases in line with them, before changes of theirs are committed.
pub(crate) fn follow_changes(connection: &Connection) -> Result<()> {
    follow(connection)?;
    write_due(connection, ON_THE_WAY).map(drop)
}

/// The same of a change of many: the texts by which they are found are due then, for [`write_due`], as they would hold up
/// other changes.
pub(crate) fn follow_many(connection: &Connection) -> Result<()> {
    let sql = "SELECT count(*) FROM (SELECT 1 FROM alias_changes LIMIT ?1)";
    let count: i64 = connection.query_row(sql, [AT_ONCE + 1], |row| row.get(0))?;
    if count <= AT_ONCE {
        return follow_changes(connection);
    }
    let gone = "SELECT u.number FROM alias_changes c JOIN alias_use u ON u.domain = c.domain AND u.local = c.local
                WHERE NOT EXISTS (SELECT 1 FROM aliases a WHERE a.domain = c.domain AND a.local = c.local)";
    connection.execute(&format!("DELETE FROM alias_text WHERE rowid IN ({gone})"), ())?;
    connection.execute(&format!("DELETE FROM alias_use WHERE number IN ({gone})"), ())?;
    connection.execute(
        "INSERT INTO alias_use (domain, local, made)
         SELECT a.domain, a.local, ?1 FROM alias_changes c JOIN aliases a ON a.domain = c.domain AND a.local = c.local
         WHERE NOT EXISTS (SELECT 1 FROM alias_use u WHERE u.domain = c.domain AND u.local = c.local)
         ORDER BY c.domain, c.local",
        [column(clock::now().as_secs())],
    )?;
    connection.execute(
        "INSERT OR IGNORE INTO alias_text_due SELECT u.number FROM alias_changes c
         JOIN alias_use u ON u.domain = c.domain AND u.local = c.local",
        (),
    )?;
    connection.execute("DELETE FROM alias_changes", ()).map(drop)
}

/// How many texts are due.
pub(crate) fn due(connection: &Connection) -> Result<u64> {
    connection.query_row("SELECT count(*) FROM alias_text_due", (), |row| row.get(0)).map(number)
}

/// Writes up to `most` texts that are due, and gives how many those were.
pub(crate) fn write_due(connection: &Connection, most: usize) -> Result<usize> {
    let mut due = connection.prepare_cached("SELECT number FROM alias_text_due LIMIT ?1")?;
    let due = due.query_map([column(most as u64)], |row| row.get::<_, i64>(0))?;
    let due = due.collect::<Result<Vec<_>>>()?;
    if due.is_empty() {
        return Ok(0);
    }
    let mut alias = connection.prepare_cached(
        "SELECT a.domain, a.address, a.destinations, a.note, a.enabled FROM alias_use u
         JOIN aliases a ON a.domain = u.domain AND a.local = u.local WHERE u.number = ?1",
    )?;
    let mut drop_text = connection.prepare_cached("DELETE FROM alias_text WHERE rowid = ?1")?;
    let mut add_text =
        connection.prepare_cached("INSERT INTO alias_text (rowid, pieces) VALUES (?1, ?2)")?;
    let mut done = connection.prepare_cached("DELETE FROM alias_text_due WHERE number = ?1")?;
    for number in &due {
        drop_text.execute([number])?;
        let pieces = alias.query_row([number], |row| pieces_from(row, [0, 1, 2, 3, 4]));
        if let Some(pieces) = pieces.optional()? {
            add_text.execute(params![number, pieces])?;
        }
        done.execute([number])?;
    }
    Ok(due.len())
}

/// The pieces of an alias of which a row has domain, address, destinations, note and whether it is on, in these columns.
fn pieces_from(row: &Row<'_>, columns: [usize; 5]) -> Result<String> {
    let text = |at: usize| Ok::<_, rusqlite::Error>(row.get_ref(at)?.as_str_or_null()?);
    let [domain, address, destinations, note, enabled] = columns;
    let address = text(address)?.unwrap_or_default();
    let (destinations, note) = (text(destinations)?, text(note)?);
    let mut all =
        format!("{address}\n{}\n{}\n", destinations.unwrap_or_default(), note.unwrap_or_default());
    // Of a regex, the domain is not to be read in its address.
    if text(domain)? == Some("")
        && let Ok(address) = AliasAddress::parse(address)
        && let Some(domain) = address.domain()
    {
        all.push_str(&format!("@{}\n", domain.to_key()));
    }
    Ok(pieces_of(&all, row.get(enabled)?))
}

fn follow(connection: &Connection) -> Result<()> {
    if !connection.prepare_cached("SELECT 1 FROM alias_changes LIMIT 1")?.exists(())? {
        return Ok(());
    }
    let now = column(clock::now().as_secs());
    let mut changed = connection.prepare_cached(
        "SELECT c.domain, c.local, u.number, a.address, a.destinations, a.note, a.enabled
         FROM alias_changes c LEFT JOIN aliases a ON a.domain = c.domain AND a.local = c.local
         LEFT JOIN alias_use u ON u.domain = c.domain AND u.local = c.local",
    )?;
    let mut drop_use = connection.prepare_cached("DELETE FROM alias_use WHERE number = ?1")?;
    let mut drop_text = connection.prepare_cached("DELETE FROM alias_text WHERE rowid = ?1")?;
    let mut add_use = connection
        .prepare_cached("INSERT INTO alias_use (domain, local, made) VALUES (?1, ?2, ?3)")?;
    let mut add_text =
        connection.prepare_cached("INSERT INTO alias_text (rowid, pieces) VALUES (?1, ?2)")?;
    let mut rows = changed.query(())?;
    while let Some(row) = rows.next()? {
        let known: Option<i64> = row.get(2)?;
        if let Some(known) = known {
            drop_text.execute([known])?;
        }
        if row.get_ref(3)?.as_str_or_null()?.is_none() {
            if let Some(known) = known {
                drop_use.execute([known])?;
            }
            continue;
        }
        let (domain, local) = (row.get_ref(0)?.as_str()?, row.get_ref(1)?.as_str()?);
        let number = match known {
            Some(known) => known,
            None => {
                add_use.execute(params![domain, local, now])?;
                connection.last_insert_rowid()
            }
        };
        add_text.execute(params![number, pieces_from(row, [0, 3, 4, 5, 6])?])?;
    }
    connection.prepare_cached("DELETE FROM alias_changes")?.execute(()).map(drop)
}
