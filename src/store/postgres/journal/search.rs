//! Searching the latest records, a bounded number at a time: what SQL can rule out is not read, and what it lets through is
//! looked at as it is shown.

use super::{
    prune::{IS_RARE, IS_REFUSAL},
    record::{COLUMNS, positioned},
};
use crate::{
    store::{
        journal::{Filter, Outcome, Position, Record, as_in_json},
        number::column,
        postgres::ask::{self, Result, get, millis},
    },
    time::Millis,
};
use deadpool_postgres::Transaction;

/// Records that one page looks at, where nobody says how many.
const LOOKED_AT: usize = 10_000;
/// Records between two looks at how far it got.
const STEP: usize = 5_000;

/// How many records are looked at one time after the other.
pub(super) fn steps(filter: &Filter) -> impl Iterator<Item = usize> {
    let mut left = filter.reach.unwrap_or(LOOKED_AT);
    std::iter::from_fn(move || {
        let step = left.min(STEP);
        left -= step;
        (step > 0).then_some(step)
    })
}

/// What SQL is told of a search. Whatever is asked, there are few texts of it, as each connection keeps those that it knows.
pub(super) struct Search {
    /// Not before this, and before that, where that is asked.
    since: i64,
    until: Option<i64>,
    id: Option<String>,
    outcome: Option<&'static str>,
    /// What an index answers besides.
    indexed: &'static str,
    /// In lower case.
    from: Option<String>,
    to: Option<String>,
    /// Those of an owner, as they end recipients in a column.
    domains: Option<Vec<String>>,
}

impl Search {
    pub(super) fn new(filter: &Filter) -> Self {
        // What is older than all of an owner's domains is not looked at.
        let own = filter.domains.iter().filter_map(|own| own.iter().map(|own| own.since).min());
        let since = own.chain(filter.since).max().unwrap_or(Millis::EPOCH);
        // What is not ASCII has more than one form in lower case; it is left to whoever looks at the record.
        let ascii = |text: &Option<String>| {
            text.as_ref().filter(|text| text.is_ascii()).map(|text| text.to_ascii_lowercase())
        };
        Self {
            since: column(since.as_millis()),
            until: filter.until.map(|until| column(until.as_millis())),
            id: filter.id.clone(),
            outcome: filter.outcome.map(Outcome::as_str),
            // In the words of the indexes.
            indexed: match filter.outcome {
                None | Some(Outcome::Forwarded) => "true",
                Some(outcome) if outcome.is_refusal() => IS_REFUSAL,
                Some(_) => IS_RARE,
            },
            from: ascii(&filter.from),
            to: ascii(&filter.to).map(|to| as_in_json(&to)),
            domains: filter
                .domains
                .as_ref()
                .map(|own| own.iter().map(|own| format!("@{}\"", own.domain.to_key())).collect()),
        }
    }

    /// The records between two places, the newest first and so many at most.
    pub(super) async fn records(
        &self,
        tx: &Transaction<'_>,
        from: Option<Position>,
        down_to: Option<Position>,
        limit: i64,
    ) -> Result<Vec<(Position, Record)>> {
        let sender = match self.from {
            Some(_) => "(strpos(lower(sender), $7) > 0 OR strpos(lower(srs_from), $7) > 0)",
            None => "$7::text IS NULL",
        };
        let recipient = match self.to {
            Some(_) => {
                "(strpos(lower(rcpt), $8) > 0 OR EXISTS (SELECT 1 FROM journal_attempts a
                     WHERE a.came = m.time AND a.message = m.seq AND strpos(lower(a.rcpt), $8) > 0))"
            }
            None => "$8::text IS NULL",
        };
        // Recipients are kept as they were given, a domain perhaps in letters that are not ASCII; and an account sends as an
        // address of its own.
        let own = match self.domains {
            Some(_) => {
                "(rcpt ~ '[^ -~]' OR auth LIKE 'account %'
                  OR EXISTS (SELECT 1 FROM unnest($9::text[]) AS d (domain) WHERE strpos(lower(rcpt), d.domain) > 0))"
            }
            None => "$9::text[] IS NULL",
        };
        let outcome = match self.outcome {
            Some(_) => "outcome = $10",
            None => "$10::text IS NULL",
        };
        let sql = format!(
            "SELECT {COLUMNS} FROM journal m WHERE {} AND (time, seq) >= ($11, $12)
             AND {sender} AND {recipient} AND {own} AND {outcome}
             ORDER BY time DESC, seq DESC LIMIT $6",
            self.between()
        );
        let end = down_to.map_or((0, 0), place);
        let (low, high, (time, seq)) = self.bounds(from, end.0);
        let values: &ask::Values<'_> = &[
            &low,
            &high,
            &time,
            &seq,
            &self.id,
            &limit,
            &self.from,
            &self.to,
            &self.domains,
            &self.outcome,
            &end.0,
            &end.1,
        ];
        ask::all(tx, &sql, values, positioned).await
    }

    /// The place of the record that is so many steps before `from`; `None` where there are not as many.
    pub(super) async fn step(
        &self,
        tx: &Transaction<'_>,
        from: Option<Position>,
        step: usize,
    ) -> Result<Option<Position>> {
        let sql = format!(
            "SELECT time, seq FROM journal m WHERE {} ORDER BY time DESC, seq DESC OFFSET $6 LIMIT 1",
            self.between()
        );
        let (low, high, (time, seq)) = self.bounds(from, 0);
        let behind = column(step.saturating_sub(1) as u64);
        let values: &ask::Values<'_> = &[&low, &high, &time, &seq, &self.id, &behind];
        let read = |row: &_| Ok(Position { time: millis(row, 0)?, seq: get(row, 1)? });
        ask::first(tx, &sql, values, read).await
    }

    /// What the indexes answer, of `$1` to `$5`.
    fn between(&self) -> String {
        let id = if self.id.is_some() { "id = $5" } else { "$5::text IS NULL" };
        format!(
            "time >= $1 AND time <= $2 AND (time, seq) < ($3, $4) AND {id} AND {}",
            self.indexed
        )
    }

    fn bounds(&self, from: Option<Position>, down_to: i64) -> (i64, i64, (i64, i64)) {
        let from = from.map_or((i64::MAX, i64::MAX), place);
        let high = self.until.map_or(from.0, |until| from.0.min(until.saturating_sub(1)));
        (self.since.max(down_to), high, from)
    }
}

/// As columns have it.
pub(super) fn place(at: Position) -> (i64, i64) {
    (column(at.time.as_millis()), at.seq)
}
