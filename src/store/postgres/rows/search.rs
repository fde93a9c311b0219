//! Aliases by what is in them.

use super::{alias_use, aliases};
use crate::{
    address::Domain,
    alias::{Alias, Counters, Filter, Key},
    store::{
        Cursor, FoundAliases,
        number::{column, number},
        pieces::{pieces_in, sought},
        postgres::ask::{self, Result, get, time},
    },
    time::UnixTime,
};
use deadpool_postgres::Transaction;
use tokio_postgres::Row;

/// Most aliases of a page, and most that are looked at for one.
const PAGE: usize = 1_000;
const LOOKED_AT: usize = 2_500;
/// Aliases by which it is guessed how rare a piece is, and most pieces that are asked for.
const SAMPLE: i64 = 200;
const PIECES: usize = 4;

/// What is read of each alias before it is one: in this order, the columns of an alias behind it.
const BEFORE: &str = "u.number, a.domain, a.local, u.forwarded, u.refused, u.last_use, u.made, coalesce(u.last_use, u.made)";
const COUNTERS: usize = 3;
const IDLE: usize = 7;
const ALIAS: usize = 8;
/// The place of the note among the columns of an alias.
const NOTE: usize = ALIAS + 9;

/// A page of the aliases that `filter`, which is [`normal`](Filter::normal), fits; `None` where `after` is of another search.
pub(crate) async fn find(
    tx: &Transaction<'_>,
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
        (true, _, None) => page.by_text(tx, i64::MIN).await?,
        (true, _, Some(Cursor::Number(number))) => page.by_text(tx, *number).await?,
        (false, Some(since), None) => page.by_idleness(tx, since, (0, i64::MIN)).await?,
        (false, Some(since), Some(Cursor::Idle(time, number))) => {
            page.by_idleness(tx, since, (column(time.as_secs()), *number)).await?;
        }
        (false, None, None) => page.by_address(tx, None).await?,
        (false, None, Some(Cursor::Address(key))) => page.by_address(tx, Some(key)).await?,
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
    async fn by_text(&mut self, tx: &Transaction<'_>, after: i64) -> Result<()> {
        let Filter { domain, destination, text, spelling, note, enabled, .. } = self.filter;
        let behind_at = domain.as_ref().map(|domain| format!("@{}\n", domain.to_key()));
        let line = destination.as_ref().map(|destination| format!("\n{destination}\n"));
        let mut questions = Vec::new();
        let spellings = [text.as_ref(), spelling.as_ref()]
            .into_iter()
            .take(1 + usize::from(spelling.is_some()));
        for text in spellings {
            let all = [line.as_ref(), text, note.as_ref(), behind_at.as_ref()];
            let mut pieces: Vec<&str> =
                all.into_iter().flatten().flat_map(|it| pieces_in(it)).collect();
            pieces.sort_unstable();
            pieces.dedup();
            if pieces.len() > PIECES {
                rarest(tx, &mut pieces).await?;
            }
            questions.push(sought(&pieces, *enabled == Some(false)));
        }
        // There are one or two; the same question twice finds the same.
        let first = questions.first().cloned().unwrap_or_default();
        let second = questions.get(1).unwrap_or(&first).clone();
        let sql = format!(
            "SELECT {BEFORE}, {} FROM alias_text t JOIN alias_use u ON u.number = t.number
             JOIN aliases a ON a.domain = u.domain AND a.local = u.local
             WHERE (t.pieces @> $1::text[] OR t.pieces @> $2::text[]) AND t.number > $3 ORDER BY t.number LIMIT $4",
            aliases::columns("a")
        );
        let next = |row: &Row| Ok(Cursor::Number(get(row, 0)?));
        self.read(tx, &sql, &[&first, &second, &after], next).await.map(drop)
    }

    async fn by_idleness(
        &mut self,
        tx: &Transaction<'_>,
        since: UnixTime,
        (time_after, after): (i64, i64),
    ) -> Result<()> {
        let sql = format!(
            "SELECT {BEFORE}, {} FROM alias_use u
             JOIN aliases a ON a.domain = u.domain AND a.local = u.local
             WHERE (coalesce(u.last_use, u.made), u.number) > ($1, $2) AND coalesce(u.last_use, u.made) < $3
             ORDER BY coalesce(u.last_use, u.made), u.number LIMIT $4",
            aliases::columns("a")
        );
        let next = |row: &Row| Ok(Cursor::Idle(time(row, IDLE)?, get(row, 0)?));
        let since = column(since.as_secs());
        self.read(tx, &sql, &[&time_after, &after, &since], next).await.map(drop)
    }

    /// The aliases of a domain, or of all, and then the regexes in their order.
    async fn by_address(&mut self, tx: &Transaction<'_>, after: Option<&Key>) -> Result<()> {
        let next =
            |row: &Row| Ok(Cursor::Address(Key { domain: get(row, 1)?, local: get(row, 2)? }));
        let from = |which: &str, order: &str, limit: &str| {
            format!(
                "SELECT {BEFORE}, {} FROM aliases a
                 JOIN alias_use u ON u.domain = a.domain AND u.local = a.local
                 WHERE {which} ORDER BY {order} LIMIT {limit}",
                aliases::columns("a")
            )
        };
        let is_in_regexes = after.is_some_and(|key| key.domain.is_empty());
        if !is_in_regexes {
            let domain = self.filter.domain.as_ref().map(Domain::to_key);
            let which = if domain.is_some() { "a.domain = $1" } else { "a.domain <> $1" };
            let which = format!("{which} AND (a.domain, a.local) > ($2, $3)");
            let sql = from(&which, "a.domain, a.local", "$4");
            let (domain_after, local_after) =
                after.map_or(("", ""), |key| (key.domain.as_str(), key.local.as_str()));
            let values: &ask::Values<'_> =
                &[&domain.unwrap_or_default(), &domain_after, &local_after];
            if !self.read(tx, &sql, values, next).await? {
                return Ok(());
            }
        }
        let behind = match after.filter(|_| is_in_regexes) {
            Some(key) => key.local.as_str(),
            None => "",
        };
        let which = "a.domain = '' AND ($1 = '' OR (a.position, a.local) > (SELECT position, local FROM aliases
                     WHERE domain = '' AND local = $1))";
        self.read(tx, &from(which, "a.position, a.local", "$2"), &[&behind], next).await.map(drop)
    }

    /// Looks at what `sql` gives, of which its last value says how much; true when it came to the end of that. There is one
    /// more page otherwise.
    async fn read(
        &mut self,
        tx: &Transaction<'_>,
        sql: &str,
        values: &ask::Values<'_>,
        next: impl Fn(&Row) -> Result<Cursor>,
    ) -> Result<bool> {
        // One more tells whether it is the end.
        let most = column((LOOKED_AT - self.looked_at + 1) as u64);
        let values: Vec<_> = values.iter().copied().chain([&most as _]).collect();
        let statement = tx.prepare_cached(sql).await?;
        for row in tx.query(&statement, &values).await? {
            if self.answer.found.len() == self.limit || self.looked_at == LOOKED_AT {
                self.answer.next = self.last.take();
                return Ok(false);
            }
            self.looked_at += 1;
            self.last = Some(next(&row)?);
            if let Some(found) = self.look(&row)? {
                self.answer.found.push(found);
            }
        }
        Ok(true)
    }

    fn look(&self, row: &Row) -> Result<Option<(Alias, Counters)>> {
        // Cheaper than reading the alias; a regex tells its domain itself.
        let domain: &str = get(row, 1)?;
        if let Some(wanted) = &self.filter.domain
            && !domain.is_empty()
            && !domain.eq_ignore_ascii_case(wanted.as_str())
        {
            return Ok(None);
        }
        let note = get::<Option<&str>>(row, NOTE)?.unwrap_or_default();
        if !self.filter.fits_text(get(row, ALIAS)?, get(row, ALIAS + 2)?, note) {
            return Ok(None);
        }
        let counters = alias_use::from_row(row, COUNTERS)?;
        let alias = aliases::from_row(row, ALIAS)?;
        Ok(self.filter.fits(&alias, &counters).then_some((alias, counters)))
    }
}

/// Leaves those pieces that seem to be in the fewest texts: the others are in most, and would cost and bring nothing.
async fn rarest(tx: &Transaction<'_>, pieces: &mut Vec<&str>) -> Result<()> {
    let sql = "SELECT coalesce(max(number), 0) FROM alias_use";
    let most = ask::one(tx, sql, &[], |row| get::<i64>(row, 0)).await?;
    let step = (most / SAMPLE).max(1);
    // Not all at the same distance: what is made by counting has pieces at every hundredth.
    let step_up = usize::try_from(step).unwrap_or(usize::MAX);
    let sample: Vec<i64> =
        (1..=most).step_by(step_up).map(|at| at + column(number(at) * 7_919) % step).collect();
    let sql = "SELECT a.address, a.destinations, a.note FROM alias_use u
               JOIN aliases a ON a.domain = u.domain AND a.local = u.local WHERE u.number = ANY ($1)";
    let text = |row: &Row| {
        let note = get::<Option<&str>>(row, 2)?.unwrap_or_default();
        let (address, destinations): (&str, &str) = (get(row, 0)?, get(row, 1)?);
        Ok(format!("{address}\n{destinations}\n{note}\n").to_lowercase())
    };
    let texts = ask::all(tx, sql, &[&sample], text).await?;
    let count = |piece: &str| texts.iter().filter(|text| text.contains(piece)).count();
    let mut counted: Vec<(usize, &str)> =
        pieces.iter().map(|piece| (count(piece), *piece)).collect();
    counted.sort();
    *pieces = counted.into_iter().take(PIECES).map(|(_, piece)| piece).collect();
    Ok(())
}
