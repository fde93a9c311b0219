use super::{
    define::section,
    reader::Table,
    units::{DAY, SECOND, parse_duration, print_duration},
};
use crate::rate::Rate;
use std::time::Duration;

section! {
    /// Messages that could not be handed on at once and that Onward answers for: those whose reverse-path is
    /// authenticated, so that a later bounce reaches whoever wrote.
    table "spool", Keys => pub struct Spool {}

    /// The waits between attempts, each strayed by up to a tenth; the last one repeats. A provider whose
    /// hosts do not answer is asked by one message at a time, at these waits.
    pub retry: Vec<Duration> = list("durations from \"100ms\" to \"1d\", at least one", wait),
        default ["1m", "5m", "15m", "30m", "1h", "2h", "4h"];
    /// What is older is given up, and its sender told.
    pub max_age: Duration = duration(SECOND, 30 * DAY), default "5d";
    /// Octets of all spooled messages, those that the forms of one share counted once; beyond: 452 4.3.1.
    pub max_bytes: usize = size(0, 1 << 50), default "4GiB";
    /// Spooled messages; beyond: 452 4.3.1. 0 turns the spool off: senders keep what cannot be handed on at
    /// once.
    pub max_messages: u64 = integer(0, 100_000_000), default 200000;
    /// What stays free on the disk of the state directory; beyond: 452 4.3.1.
    pub min_free_disk: Option<usize> = size(0, 1 << 50),
        absent "256MiB, or a twentieth of the disk if that is less";
    /// Attempts under way at once with mail that somebody wrote. One sender has half of them at most, and beyond
    /// a tenth only while more than half are free.
    pub concurrency: usize = integer(1, 10_000), default 50;
    /// The same with notices: DSNs, and bounces that return. They have places of their own, as where they go is
    /// up to whoever wrote a reverse-path. One sender's share counts the notices that the sender caused.
    pub concurrency_of_notices: usize = integer(1, 10_000), default 50;
    /// Attempts under way at once to one provider, all domains that it has together: whose a domain is says its MX.
    pub concurrency_per_destination: usize = integer(1, 1000), default 5;
    /// How long the hosts of a destination may take, all together, until one of them has taken a connection,
    /// greeted, and answered EHLO. What waits longer is tried again later.
    pub greeting_timeout: Duration = duration(SECOND, 600 * SECOND), default "1m";
    /// DSNs to one address. Beyond, what is not yet answered 250 stays with its sender; of what was, the
    /// journal tells. A restart forgives. One message causes one DSN about each of its recipients, however
    /// often it is replayed within a week.
    pub max_notices: Rate = rate, default "20/1d";
}

const SHORTEST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_hours(24);

pub(super) fn read(root: &Table<'_>) -> Option<Spool> {
    let keys: Keys<'_> = root.table();
    if keys.retry.value.as_ref().is_some_and(Vec::is_empty) {
        keys.retry.refuse_value("the list is empty");
    }
    keys.checked()
}

fn wait(text: &str) -> Result<Duration, String> {
    let wait = parse_duration(text)?;
    if (SHORTEST_WAIT..=LONGEST_WAIT).contains(&wait) {
        Ok(wait)
    } else {
        Err(format!("{:?} is out of range", print_duration(wait)))
    }
}
