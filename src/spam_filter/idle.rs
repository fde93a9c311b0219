//! Connections that are kept for the next question.

use std::time::{Duration, Instant};

/// Most of them.
const KEPT: usize = 8;
/// How long one is kept without a question: one that died on the way meanwhile (a firewall forgot it, the filter's
/// machine was started anew) does not say so, and costs the message that asks over it the whole time-out.
const LONGEST: Duration = Duration::from_secs(5);

/// Connections, the one that was used last behind.
#[derive(Debug)]
pub(super) struct Idle<C>(Vec<(C, Instant)>);

impl<C> Default for Idle<C> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<C> Idle<C> {
    /// The one that was used last.
    pub(super) fn take(&mut self, now: Instant) -> Option<C> {
        self.0.retain(|(_, since)| now.saturating_duration_since(*since) < LONGEST);
        self.0.pop().map(|(connection, _)| connection)
    }

    /// Keeps one, where there is room.
    pub(super) fn keep(&mut self, connection: C, now: Instant) {
        if self.0.len() < KEPT {
            self.0.push((connection, now));
        }
    }

    /// What was kept may be dead.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_kept_for_a_moment_only() {
        let (mut idle, now) = (Idle::default(), Instant::now());
        for connection in 0..20_usize {
            idle.keep(connection, now + Duration::from_secs(u64::from(connection == 1)));
        }
        assert_eq!(idle.0.len(), KEPT);
        assert_eq!(idle.take(now), Some(KEPT - 1));
        assert_eq!(idle.take(now + LONGEST), Some(1));
        assert_eq!(idle.take(now + LONGEST), None);
    }
}
