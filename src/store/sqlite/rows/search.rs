//! Aliases by what is in them.

use super::{alias_use, aliases};
use crate::{
    address::Domain,
    alias::{Alias, Counters, Filter, Key},
    store::{
        Cursor, FoundAliases,
        pieces::{pieces_in, question},
        sqlite::{column, number},
    },
    time::UnixTime,
};
use rusqlite::{Connection, OptionalExtension, Result, Row, ToSql, params};

/// Most aliases of a page, and most that are looked at for one.
const PAGE: usize = 1_000;
const LOOKED_AT: usize = 2_500;
/// Aliases by which it is guessed how rare a piece is, and most pieces that are asked for.
const SAMPLE: u64 = 200;
const PIECES: usize = 4;

/// What is read of each alias before it is one: in this order, [`aliases::COLUMNS`] behind it.
const BEFORE: &str =
    "u.number, a.domain, a.local, u.forwarded, u.refused, u.last_use, u.made, a.note";
const COUNTERS: usize = 3;
const NOTE: usize = 7;
const ALIAS: usize = 8;

/// A page of the aliases that `filter`, which is [`normal`](Filter::normal), fits; `None` where `after` is of another search.
pub(crate) fn find(
    connection: &Connection,
    filter: &Filter,
    after: Option<&Cursor>,
    limit: usize,
) -> Result<Option<FoundAliases>> {
    let mut page = Page {
        filter,
        limit: limit.clamp(1, PAGE),
        looked_at: 0,
        last: None,
        answer: FoundAliases::default(),
    };
    let is_off = filter.enabled == Some(false);
    match (filter.has_text() || is_off, filter.unused_since, after) {
        (true, _, None) => page.by_text(connection, i64::MIN)?,
        (true, _, Some(Cursor::Number(number))) => page.by_text(connection, *number)?,
        (false, Some(since), None) => page.by_idleness(connection, since, (0, i64::MIN))?,
        (false, Some(since), Some(Cursor::Idle(time, number))) => {
            page.by_idleness(connection, since, (column(time.as_secs()), *number))?;
        }
        (false, None, None) => page.by_address(connection, None)?,
        (false, None, Some(Cursor::Address(key))) => page.by_address(connection, Some(key))?,
        _ => return Ok(None),
    }
    Ok(Some(page.answer))
}

struct Page<'a> {
    filter: &'a Filter,
    limit: usize,
    looked_at: usize,
    /// The place of the last one that was looked at.
    last: Option<Cursor>,
    answer: FoundAliases,
}

impl Page<'_> {
    fn by_text(&mut self, connection: &Connection, after: i64) -> Result<()> {
        let Filter { domain, destination, text, spelling, note, enabled, .. } = self.filter;
        let behind_at = domain.as_ref().map(|domain| format!("@{}\n", domain.to_key()));
        let line = destination.as_ref().map(|destination| format!("\n{destination}\n"));
        let mut questions = Vec::new();
        let spellings = [text.as_ref(), spelling.as_ref()]
            .into_iter()
            .take(1 + usize::from(spelling.is_some()));
        for text in spellings {
            let sought = [line.as_ref(), text, note.as_ref(), behind_at.as_ref()];
            let mut pieces: Vec<&str> =
                sought.into_iter().flatten().flat_map(|it| pieces_in(it)).collect();
            pieces.sort_unstable();
            pieces.dedup();
            if pieces.len() > PIECES {
                rarest(connection, &mut pieces)?;
            }
            questions.push(format!("({})", question(&pieces, *enabled == Some(false))));
        }
        let sql = format!(
            "SELECT {BEFORE}, {} FROM alias_text JOIN alias_use u ON u.number = alias_text.rowid
             JOIN aliases a ON a.domain = u.domain AND a.local = u.local
             WHERE alias_text MATCH ?1 AND alias_text.rowid > ?2 ORDER BY alias_text.rowid",
            columns()
        );
        let asked = questions.join(" OR ");
        let next = |row: &Row<'_>| Ok(Cursor::Number(row.get(0)?));
        self.read(connection, &sql, params![asked, after], next).map(drop)
    }

    fn by_idleness(
        &mut self,
        connection: &Connection,
        since: UnixTime,
        (time, after): (i64, i64),
    ) -> Result<()> {
        let sql = format!(
            "SELECT {BEFORE}, {} FROM alias_use u INDEXED BY alias_use_by_idleness
             JOIN aliases a ON a.domain = u.domain AND a.local = u.local
             WHERE (coalesce(u.last_use, u.made), u.number) > (?1, ?2) AND coalesce(u.last_use, u.made) < ?3
             ORDER BY coalesce(u.last_use, u.made), u.number",
            columns()
        );
        let next = |row: &Row<'_>| {
            let time: Option<i64> = row.get(COUNTERS + 2)?;
            let time = time.map_or_else(|| row.get(COUNTERS + 3), Ok)?;
            Ok(Cursor::Idle(UnixTime::new(number(time)), row.get(0)?))
        };
        let values = params![time, after, column(since.as_secs())];
        self.read(connection, &sql, values, next).map(drop)
    }

    /// The aliases of a domain, or of all, and then the regexes in their order.
    fn by_address(&mut self, connection: &Connection, after: Option<&Key>) -> Result<()> {
        let next =
            |row: &Row<'_>| Ok(Cursor::Address(Key { domain: row.get(1)?, local: row.get(2)? }));
        let from = |which: &str, order: &str| {
            format!(
                "SELECT {BEFORE}, {} FROM aliases a
                 JOIN alias_use u ON u.domain = a.domain AND u.local = a.local
                 WHERE {which} ORDER BY {order}",
                columns()
            )
        };
        let is_in_regexes = after.is_some_and(|key| key.domain.is_empty());
        if !is_in_regexes {
            let domain = self.filter.domain.as_ref().map(Domain::to_key);
            let which = if domain.is_some() { "a.domain = ?1" } else { "a.domain <> ?1" };
            let sql =
                from(&format!("{which} AND (a.domain, a.local) > (?2, ?3)"), "a.domain, a.local");
            let (domain_after, local_after) =
                after.map_or(("", ""), |key| (key.domain.as_str(), key.local.as_str()));
            let values = params![domain.unwrap_or_default(), domain_after, local_after];
            if !self.read(connection, &sql, values, next)? {
                return Ok(());
            }
        }
        let behind = match after.filter(|_| is_in_regexes) {
            Some(key) => key.local.as_str(),
            None => "",
        };
        let which = "a.domain = '' AND (?1 = '' OR (a.position, a.local) > (SELECT position, local FROM aliases
                     WHERE domain = '' AND local = ?1))";
        self.read(connection, &from(which, "a.position, a.local"), params![behind], next).map(drop)
    }

    /// Looks at what `sql` gives; true when it came to the end of that. There is one more page otherwise.
    fn read(
        &mut self,
        connection: &Connection,
        sql: &str,
        values: &[&dyn ToSql],
        next: impl Fn(&Row<'_>) -> Result<Cursor>,
    ) -> Result<bool> {
        let mut statement = connection.prepare_cached(sql)?;
        let mut rows = statement.query(values)?;
        while let Some(row) = rows.next()? {
            if self.answer.found.len() == self.limit || self.looked_at == LOOKED_AT {
                self.answer.next = self.last.take();
                return Ok(false);
            }
            self.looked_at += 1;
            self.last = Some(next(row)?);
            if let Some(found) = self.look(row)? {
                self.answer.found.push(found);
            }
        }
        Ok(true)
    }

    fn look(&self, row: &Row<'_>) -> Result<Option<(Alias, Counters)>> {
        let text = |at: usize| {
            Ok::<_, rusqlite::Error>(row.get_ref(at)?.as_str_or_null()?.unwrap_or_default())
        };
        // Cheaper than reading the alias; a regex tells its domain itself.
        let domain = text(1)?;
        if let Some(wanted) = &self.filter.domain
            && !domain.is_empty()
            && !domain.eq_ignore_ascii_case(wanted.as_str())
        {
            return Ok(None);
        }
        if !self.filter.fits_text(text(ALIAS)?, text(ALIAS + 2)?, text(NOTE)?) {
            return Ok(None);
        }
        let counters = alias_use::from_row(row, COUNTERS)?;
        let alias = aliases::from_row(row, ALIAS)?;
        Ok(self.filter.fits(&alias, &counters).then_some((alias, counters)))
    }
}

/// The columns of an alias, of the table `a`.
fn columns() -> String {
    aliases::COLUMNS
        .split(", ")
        .map(|name| format!("a.{}", name.trim()))
        .collect::<Vec<_>>()
        .join(", ")
}

/// Leaves those pieces that seem to be in the fewest texts: the others are in most, and would cost and bring nothing.
fn rarest(connection: &Connection, pieces: &mut Vec<&str>) -> Result<()> {
    let most: Option<i64> =
        connection.query_row("SELECT max(number) FROM alias_use", (), |row| row.get(0))?;
    let most = most.unwrap_or_default();
    let mut sample = connection.prepare_cached(
        "SELECT a.address, a.destinations, a.note FROM alias_use u
         JOIN aliases a ON a.domain = u.domain AND a.local = u.local WHERE u.number >= ?1 LIMIT 1",
    )?;
    let mut counted: Vec<(usize, &str)> = pieces.iter().map(|piece| (0, *piece)).collect();
    let step = (number(most) / SAMPLE).max(1);
    for at in (1..=number(most)).step_by(usize::try_from(step).unwrap_or(usize::MAX)) {
        // Not all at the same distance: what is made by counting has pieces at every hundredth.
        let at = at + (at * 7_919) % step;
        let text = sample.query_row([column(at)], |row| {
            let note: Option<String> = row.get(2)?;
            let (address, destinations): (String, String) = (row.get(0)?, row.get(1)?);
            Ok(format!("{address}\n{destinations}\n{}\n", note.unwrap_or_default()).to_lowercase())
        });
        let Some(text) = text.optional()? else { continue };
        for (count, piece) in &mut counted {
            *count += usize::from(text.contains(*piece));
        }
    }
    counted.sort();
    *pieces = counted.into_iter().take(PIECES).map(|(_, piece)| piece).collect();
    Ok(())
}
