use super::{
    reader::Table,
    schema,
    units::{parse_duration, print_duration},
};
use std::time::Duration;

/// `[spool]`: messages that wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spool {
    /// The waits between attempts; the last one repeats. Never empty.
    pub retry: Vec<Duration>,
    /// What is older is given up.
    pub max_age: Duration,
    /// Octets of all messages.
    pub max_bytes: usize,
    /// Messages.
    pub max_messages: u64,
    /// What stays free on the disk; `None`: what is sensible for its size.
    pub min_free_disk: Option<usize>,
    /// Attempts at once, in all.
    pub concurrency: usize,
    /// Attempts at once to one destination.
    pub concurrency_per_destination: usize,
}

const SHORTEST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_hours(24);

pub(super) fn read(root: &Table<'_>) -> Option<Spool> {
    let table = root.table(&schema::SPOOL);
    let retry = table.list("retry", wait).and_then(|waits| {
        if waits.is_empty() {
            table.refuse_value("retry", "the list is empty");
            return None;
        }
        Some(waits)
    });
    let max_age = table.duration("max_age");
    let max_bytes = table.size("max_bytes");
    let max_messages = table.integer("max_messages");
    let min_free_disk = table.optional_size("min_free_disk");
    let concurrency = table.integer("concurrency");
    let concurrency_per_destination = table.integer("concurrency_per_destination");
    Some(Spool {
        retry: retry?,
        max_age: max_age?,
        max_bytes: max_bytes?,
        max_messages: max_messages?,
        min_free_disk: min_free_disk?,
        concurrency: concurrency?,
        concurrency_per_destination: concurrency_per_destination?,
    })
}

fn wait(text: &str) -> Result<Duration, String> {
    let wait = parse_duration(text)?;
    if (SHORTEST_WAIT..=LONGEST_WAIT).contains(&wait) {
        Ok(wait)
    } else {
        Err(format!("{:?} is out of range", print_duration(wait)))
    }
}
