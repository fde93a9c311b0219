//! Messages counted by the hour and by the day as they are written, whoever keeps the counts.

use super::Span;
use crate::{store::number::column, time::Millis};
use ecow::EcoString;
use std::collections::BTreeMap;

/// Octets of the journal for each of which one row of counts is kept: with 512 MiB half a million rows, a tenth of it.
const OCTETS_FOR_ROW: u64 = 1024;

/// What one transaction adds to the counts.
pub(in crate::store) struct Tally {
    now: Millis,
    /// By length and start of the span, by domain, by class: whoever counts has texts and need make none.
    counts: BTreeMap<(i64, i64), OfSpan>,
}

/// Counts of one span, by domain and class.
type OfSpan = BTreeMap<String, BTreeMap<String, i64>>;

/// Of what messages are counted together, as columns: of all where there is no domain, else of those that count for it.
/// `start`: seconds since 1970; `span`: its length in seconds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::store) struct Counted {
    pub(in crate::store) domain: String,
    pub(in crate::store) span: i64,
    pub(in crate::store) start: i64,
    pub(in crate::store) class: String,
}

impl Tally {
    pub(in crate::store) fn new(now: Millis) -> Self {
        Self { now, counts: BTreeMap::new() }
    }

    /// Counts a message that came at `time`, for these domains and among all.
    pub(in crate::store) fn add(&mut self, time: Millis, class: &str, domains: &[EcoString]) {
        self.count(time, class, domains, 1);
    }

    /// Counts it no more.
    pub(in crate::store) fn take(&mut self, time: Millis, class: &str, domains: &[EcoString]) {
        self.count(time, class, domains, -1);
    }

    /// What is to be added to each count, in one order.
    pub(in crate::store) fn changes(self) -> impl Iterator<Item = (Counted, i64)> {
        let mut changes = Vec::new();
        for ((span, start), domains) in self.counts {
            for (domain, classes) in domains {
                changes.extend(classes.into_iter().filter(|(_, by)| *by != 0).map(
                    |(class, by)| (Counted { domain: domain.clone(), span, start, class }, by),
                ));
            }
        }
        changes.sort_unstable();
        changes.into_iter()
    }

    fn count(&mut self, time: Millis, class: &str, domains: &[EcoString], by: i64) {
        if class.is_empty() {
            return;
        }
        for span in Span::ALL {
            let start = span.start(time.unix_time());
            // Messages of a span that is over for long are counted no more.
            if self.now.unix_time().since(start) > span.kept() + span.length() {
                continue;
            }
            let span = (length(span), column(start.as_secs()));
            let counts = self.counts.entry(span).or_default();
            for domain in domains.iter().map(EcoString::as_str).chain([""]) {
                match counts.get_mut(domain) {
                    Some(classes) => add(classes, class, by),
                    None => add(counts.entry(domain.to_owned()).or_default(), class, by),
                }
            }
        }
    }
}

fn add(counts: &mut BTreeMap<String, i64>, class: &str, by: i64) {
    match counts.get_mut(class) {
        Some(count) => *count += by,
        None => drop(counts.insert(class.to_owned(), by)),
    }
}

/// What a column has of a span.
pub(in crate::store) fn length(span: Span) -> i64 {
    column(span.length().as_secs())
}

/// Counts of a span that began before this are deleted.
pub(in crate::store) fn kept_since(span: Span, now: Millis) -> i64 {
    let kept = (span.kept() + span.length()).as_secs();
    column(now.unix_time().as_secs().saturating_sub(kept))
}

/// How many rows of counts a journal of that size has at most.
pub(in crate::store) fn most_rows(size: u64) -> u64 {
    size / OCTETS_FOR_ROW
}
