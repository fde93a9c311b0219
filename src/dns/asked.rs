//! How many look-ups there were.

use super::answers::{Answer, LookupError};
use hickory_resolver::proto::rr::RecordType;
use std::sync::atomic::{AtomicU64, Ordering};

/// Look-ups so far, by kind and by what came of them.
#[derive(Debug, Default)]
pub(super) struct Asked([[AtomicU64; RESULTS.len()]; KINDS.len()]);

const KINDS: [&str; 5] = ["mx", "address", "txt", "ptr", "other"];
const RESULTS: [&str; 3] = ["found", "none", "unanswered"];

impl Asked {
    /// Counts one.
    pub(super) fn count(&self, kind: RecordType, answer: &Answer) {
        let kind = match kind {
            RecordType::MX => 0,
            RecordType::A | RecordType::AAAA => 1,
            RecordType::TXT => 2,
            RecordType::PTR => 3,
            _ => 4,
        };
        let result = match answer {
            Ok(_) => 0,
            Err(LookupError::Nonexistent | LookupError::Empty) => 1,
            Err(LookupError::Unanswered) => 2,
        };
        let counter = self.0.get(kind).and_then(|counts| counts.get(result));
        if let Some(counter) = counter {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The kind, what came of the look-ups, how many.
    pub(super) fn counts(&self) -> Vec<(&'static str, &'static str, u64)> {
        let kinds = KINDS.iter().zip(&self.0);
        let counts = kinds.flat_map(|(kind, counts)| {
            RESULTS.iter().zip(counts).map(move |(result, count)| (*kind, *result, count))
        });
        counts.map(|(kind, result, count)| (kind, result, count.load(Ordering::Relaxed))).collect()
    }
}
