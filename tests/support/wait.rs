use std::fmt::Display;
use std::thread;
use std::time::{Duration, Instant};

/// How long any test waits for anything before it fails.
pub const DEADLINE: Duration = Duration::from_secs(20);

/// Polls `probe` until it yields a value; panics with `what` when [`DEADLINE`] has passed.
///
/// For things that send no event: a file that appears, a port that opens. All else blocks on a
/// condition variable or a socket.
pub fn wait_until<T>(what: impl Display, probe: impl FnMut() -> Option<T>) -> T {
    wait_until_for(DEADLINE, what, probe)
}

/// [`wait_until`] with a deadline of its own.
pub fn wait_until_for<T>(
    deadline: Duration,
    what: impl Display,
    probe: impl FnMut() -> Option<T>,
) -> T {
    poll(deadline, probe).unwrap_or_else(|| panic!("waited {deadline:?} in vain for {what}"))
}

/// [`wait_until_for`] where it may be in vain, and for a `Drop`, which must not panic.
pub fn poll<T>(deadline: Duration, mut probe: impl FnMut() -> Option<T>) -> Option<T> {
    let started = Instant::now();
    loop {
        let value = probe();
        if value.is_some() || started.elapsed() >= deadline {
            return value;
        }
        thread::sleep(Duration::from_millis(5));
    }
}
