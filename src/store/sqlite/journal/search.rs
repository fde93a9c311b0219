//! Searching the latest records, a bounded number at a time: what SQL can rule out is not read, and what it lets through is
//! looked at as it is shown.

use super::{
    database::{IS_RARE, IS_REFUSAL},
    reader::{Reader, positioned},
};
use crate::{
    alias::OwnedDomain,
    store::{
        journal::{Filter, JournalError, Outcome, Page, Position, as_in_json},
        sqlite::column,
    },
    time::Millis,
};
use rusqlite::{OptionalExtension, ToSql, types::Value};

/// Records that one page looks at, where nobody says how many.
const LOOKED_AT: usize = 10_000;

/// Records between two looks at how far it got. Nothing is held from one to the next.
const STEP: usize = 5_000;

impl Reader {
    /// As [`Reading::latest`](crate::store::journal::Reading::latest).
    pub(super) fn latest(
        &self,
        filter: &Filter,
        before: Option<Position>,
        limit: usize,
    ) -> Result<Page, JournalError> {
        self.search(filter, before, limit).map_err(|error| self.failed(&error))
    }

    fn search(
        &self,
        filter: &Filter,
        before: Option<Position>,
        limit: usize,
    ) -> rusqlite::Result<Page> {
        let search = Search::new(filter, self.auth);
        let mut page = Page { records: Vec::new(), next: before };
        let mut left = filter.reach.unwrap_or(LOOKED_AT);
        while left > 0 {
            let step = left.min(STEP);
            left -= step;
            let end = self.step(&search, page.next, step)?;
            let query = search.records(&self.columns());
            let mut statement = self.connection.prepare_cached(&query)?;
            let bounds = [place(page.next), end.map_or((0, 0), |end| place(Some(end)))];
            let values = search.values(bounds);
            let known = named_in(&query, &values);
            let mut rows = statement.query(&*known)?;
            while let Some(row) = rows.next()? {
                let (position, mut record) = positioned(row)?;
                record.attempts = self.attempts(position)?;
                page.next = Some(position);
                page.records.extend(filter.shown(record));
                if page.records.len() >= limit {
                    return Ok(page);
                }
            }
            page.next = end;
            if end.is_none() {
                break;
            }
        }
        Ok(page)
    }

    /// The place of the record that is so many steps before `from`; `None` where there are not as many. The index knows it.
    fn step(
        &self,
        search: &Search,
        from: Option<Position>,
        step: usize,
    ) -> rusqlite::Result<Option<Position>> {
        let query = search.step(step);
        let values = search.values([place(from), (0, 0)]);
        let known = named_in(&query, &values);
        let mut statement = self.connection.prepare_cached(&query)?;
        let found = statement.query_row(&*known, |row| {
            Ok(Position { time: row.get("time")?, seq: row.get("seq")? })
        });
        found.optional()
    }
}

/// What SQL is told of a search.
#[derive(Debug)]
struct Search {
    /// Not before this, and before that, where that is asked.
    since: i64,
    until: Option<i64>,
    /// What an index answers besides.
    indexed: String,
    /// What rules rows out that are not wanted; it may let others through.
    narrow: String,
    values: Vec<(&'static str, Value)>,
}

impl Search {
    fn new(filter: &Filter, auth: &str) -> Self {
        // What is older than all of an owner's domains is not looked at.
        let own = filter.domains.iter().filter_map(|own| own.iter().map(|own| own.since).min());
        let since = own.chain(filter.since).max().unwrap_or(Millis::EPOCH);
        let mut search = Self {
            since: column(since.as_millis()),
            until: filter.until.map(|until| column(until.as_millis())),
            indexed: String::new(),
            narrow: String::new(),
            values: Vec::new(),
        };
        if let Some(id) = &filter.id {
            search.indexed += " AND id = :id";
            search.values.push((":id", id.clone().into()));
        }
        if let Some(outcome) = filter.outcome {
            // In the words of the indexes.
            let index = match outcome {
                Outcome::Forwarded => None,
                outcome if outcome.is_refusal() => Some(IS_REFUSAL),
                _ => Some(IS_RARE),
            };
            search.indexed += &index.map(|words| format!(" AND {words}")).unwrap_or_default();
            search.narrow += &format!(" AND outcome = '{}'", outcome.as_str());
        }
        // What is not ASCII has more than one form in lower case; it is left to whoever looks at the record.
        if let Some(from) = filter.from.as_ref().filter(|text| text.is_ascii()) {
            search.narrow +=
                " AND (instr(lower(sender), :from) > 0 OR instr(lower(srs_from), :from) > 0)";
            search.values.push((":from", from.to_ascii_lowercase().into()));
        }
        if let Some(to) = filter.to.as_ref().filter(|text| text.is_ascii()) {
            search.narrow +=
                " AND (instr(lower(rcpt), :to) > 0 OR EXISTS (SELECT 1 FROM attempt AS a
                WHERE a.message = m.seq AND instr(lower(a.rcpt), :to) > 0))";
            search.values.push((":to", as_in_json(&to.to_ascii_lowercase()).into()));
        }
        if let Some(domains) = &filter.domains {
            search.narrow += &of_domains(domains, auth);
        }
        search
    }

    /// The records between two places, the newest first.
    fn records(&self, columns: &str) -> String {
        let Self { indexed, narrow, .. } = self;
        format!(
            "SELECT {columns} FROM message AS m WHERE {BETWEEN} {indexed} {narrow}
             AND (+time, seq) >= (:end_time, :end_seq) ORDER BY time DESC, seq DESC"
        )
    }

    /// The place that is so many steps before another.
    fn step(&self, step: usize) -> String {
        format!(
            "SELECT time, seq FROM message AS m WHERE {BETWEEN} {} ORDER BY time DESC, seq DESC LIMIT 1 OFFSET {}",
            self.indexed,
            step.saturating_sub(1)
        )
    }

    /// What stands for the names in both, `from` a place down to another.
    fn values(&self, [from, down_to]: [(i64, i64); 2]) -> Vec<(&'static str, Value)> {
        let mut all = self.values.clone();
        let high = self.until.map_or(from.0, |until| from.0.min(until.saturating_sub(1)));
        all.extend([(":low", self.since.max(down_to.0).into()), (":high", high.into())]);
        all.extend([(":time", from.0.into()), (":seq", from.1.into())]);
        all.extend([(":end_time", down_to.0.into()), (":end_seq", down_to.1.into())]);
        all
    }
}

/// One bound on each side: of several, SQLite goes by one, and reads what the others rule out, be it millions of rows. What a
/// `+` stands before is no bound to it.
const BETWEEN: &str = "time >= :low AND time <= :high AND (+time, seq) < (:time, :seq)";

/// Those of the values that the query names: SQLite takes no others.
fn named_in<'a>(
    query: &str,
    values: &'a [(&'static str, Value)],
) -> Vec<(&'static str, &'a dyn ToSql)> {
    let named = values.iter().filter(|(name, _)| query.contains(name));
    named.map(|(name, value)| (*name, value as &dyn ToSql)).collect()
}

/// Recipients are kept as they were given, a domain perhaps in letters that are not ASCII; and an account sends as an address of
/// its own.
fn of_domains(domains: &[OwnedDomain], auth: &str) -> String {
    let mut any = vec!["rcpt GLOB '*[^ -~]*'".to_owned(), format!("{auth} LIKE 'account %'")];
    // The key of a domain is of letters, digits, dots and hyphens.
    let keys = domains.iter().map(|own| own.domain.to_key());
    let keys =
        keys.filter(|key| key.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b)));
    any.extend(keys.map(|key| format!("instr(lower(rcpt), '@{key}\"') > 0")));
    format!(" AND ({})", any.join(" OR "))
}

fn place(at: Option<Position>) -> (i64, i64) {
    at.map_or((i64::MAX, i64::MAX), |at| (column(at.time.as_millis()), at.seq))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::Domain;
    use crate::store::sqlite::journal::database::{Database, path};

    /// How SQLite goes about a query.
    fn plan(reader: &Reader, query: &str) -> String {
        let mut statement =
            reader.connection.prepare(&format!("EXPLAIN QUERY PLAN {query}")).unwrap();
        let mut rows = statement.raw_query();
        let mut plan = String::new();
        while let Some(row) = rows.next().unwrap() {
            plan += &format!("{}\n", row.get::<_, String>("detail").unwrap());
        }
        plan
    }

    #[test]
    fn every_search_goes_by_an_index_between_two_bounds() {
        let state = tempfile::tempdir().unwrap();
        let database = Database::open(&path(state.path())).unwrap();
        let reader = Reader::open(state.path()).unwrap();
        let some = |text: &str| Some(text.to_owned());
        let since = Some(Millis::new(5));
        let domain = Domain::parse("example.org").unwrap();
        let domains = Some(vec![OwnedDomain { domain, since: Millis::EPOCH }]);
        for (filter, index) in [
            (Filter::default(), "message_time"),
            (Filter { since, until: since, ..Filter::default() }, "message_time"),
            (Filter { id: some("x"), ..Filter::default() }, "message_id"),
            (Filter { from: some("a@b.test"), ..Filter::default() }, "message_time"),
            (Filter { to: some("a@b.test"), ..Filter::default() }, "message_time"),
            (Filter { domains: domains.clone(), ..Filter::default() }, "message_time"),
            (
                Filter { outcome: Some(Outcome::Forwarded), domains, ..Filter::default() },
                "message_time",
            ),
            (Filter { outcome: Some(Outcome::Refused), ..Filter::default() }, "message_refused"),
            (Filter { outcome: Some(Outcome::Deferred), ..Filter::default() }, "message_refused"),
            (Filter { outcome: Some(Outcome::Spooled), ..Filter::default() }, "message_rare"),
            (Filter { outcome: Some(Outcome::Bounced), ..Filter::default() }, "message_rare"),
        ] {
            let search = Search::new(&filter, "auth");
            for query in [search.records(&reader.columns()), search.step(7)] {
                let plan = plan(&reader, &query);
                let by_time = match index {
                    "message_id" => "(id=?)",
                    _ => "(time>? AND time<?)",
                };
                assert!(plan.contains(index) && plan.contains(by_time), "{filter:?}: {plan}");
                assert!(index == "message_id" || !plan.contains("B-TREE"), "{query}: {plan}");
            }
        }
        drop(database);
    }
}
