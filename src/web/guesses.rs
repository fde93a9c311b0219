use crate::{clock, http::Client, rate};
use parking_lot::Mutex;
use std::time::Duration;

/// Clients of which something is kept.
const KEPT: usize = 10_000;

/// Nobody's account: what is guessed at is any token.
const ANY: &str = "";

/// Who shows what is no token. A token that is good is never put off, whoever else is behind the same address.
#[derive(Debug)]
pub(super) struct Guesses(Mutex<rate::Guesses>);

impl Default for Guesses {
    fn default() -> Self {
        Self(Mutex::new(rate::Guesses::new(KEPT)))
    }
}

impl Guesses {
    /// Counts what a client showed in vain, unless it did so before; gives how long it has to wait, if it has to. The
    /// program whose token was revoked shows it on and on, and that is no guess.
    pub(super) fn failed(&self, client: Client, shown: &str) -> Option<Duration> {
        let client = client.0?;
        let (mut guesses, now) = (self.0.lock(), clock::steady_millis());
        if let Some(wait) = guesses.wait_of_client(client, ANY, now) {
            return Some(wait);
        }
        guesses.failed(Some(client), ANY, shown, now);
        guesses.wait_of_client(client, ANY, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_guesses_waits_and_who_repeats_does_not() {
        let guesses = Guesses::default();
        let client = |text: &str| Client(Some(text.parse().unwrap()));
        for _ in 0..100 {
            assert_eq!(guesses.failed(client("192.0.2.1"), "onw_old"), None);
        }
        let waits = (0..10).filter_map(|n| guesses.failed(client("192.0.2.1"), &format!("{n}")));
        assert!(waits.count() >= 5);
        assert_eq!(guesses.failed(client("198.51.100.1"), "x"), None, "strangers do not wait");
        for n in 0..100 {
            assert_eq!(guesses.failed(Client(None), &format!("{n}")), None, "a unix socket");
        }
    }
}
