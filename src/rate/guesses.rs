//! Who guesses passwords: failures are counted against the client, the network around it and the account, and each
//! beyond a few doubles the wait before the next try is looked at.

use super::{AROUND, ClientBlock, recent::Recent};
use crate::time::{DAY, Millis};
use std::{hash::BuildHasher, hash::RandomState, net::IpAddr, time::Duration};

/// Failures of a client, and of an account, that have no wait.
const FREE: u32 = 5;
/// The first wait.
const FIRST_WAIT: Duration = Duration::from_secs(10);
/// The longest.
const LONGEST_WAIT: Duration = Duration::from_hours(1);
/// When as long ago as this, failures are forgotten.
const FORGIVEN: Duration = DAY;
/// How many wrong passwords of a client are known again.
const REPEATS: usize = 16;

/// The failed logins of all clients, and who has logged in. A password that fails again from the same client is no
/// guess: a device whose password was revoked tries on and on.
#[derive(Debug)]
pub struct Guesses {
    clients: Recent<ClientBlock, Failures>,
    networks: Recent<ClientBlock, Failures>,
    accounts: Recent<u64, Failures>,
    /// Clients that have logged in to an account, and what failed from there since. They are none of the strangers,
    /// behind whatever address they share with some.
    known: Recent<(ClientBlock, u64), Failures>,
    hashes: RandomState,
}

#[derive(Debug, Default)]
struct Failures {
    count: u32,
    last: Millis,
    /// What failed last, of a client.
    tried: Vec<u64>,
}

impl Failures {
    /// How long the next try has to wait yet.
    fn wait(&self, free: u32, now: Millis) -> Option<Duration> {
        let doublings = self.count_at(now).checked_sub(free)?;
        let factor = 1_u32.checked_shl(doublings).unwrap_or(u32::MAX);
        let wait = FIRST_WAIT.saturating_mul(factor).min(LONGEST_WAIT);
        // A clock that was set back does not prolong it.
        Some(wait.saturating_sub(now.since(self.last))).filter(|left| !left.is_zero())
    }

    fn count_at(&self, now: Millis) -> u32 {
        if now.since(self.last) < FORGIVEN { self.count } else { 0 }
    }

    fn add(&mut self, now: Millis) {
        self.count = self.count_at(now).saturating_add(1);
        self.last = now;
    }

    /// Adds what was `tried`, unless that failed before: false then.
    fn add_new(&mut self, tried: u64, now: Millis) -> bool {
        let is_new = !self.tried.contains(&tried);
        if is_new {
            self.add(now);
            self.tried.truncate(REPEATS - 1);
            self.tried.insert(0, tried);
        }
        is_new
    }
}

impl Guesses {
    /// Nobody has failed; of at most `capacity` clients, networks, accounts and logins something is kept, each.
    pub fn new(capacity: usize) -> Self {
        Self {
            clients: Recent::new(capacity),
            networks: Recent::new(capacity),
            accounts: Recent::new(capacity),
            known: Recent::new(capacity),
            hashes: RandomState::new(),
        }
    }

    /// How long a client that tries `account` has to wait because of its own failures, if at all: those on this account
    /// alone, where it is known to be the account's.
    pub fn wait_of_client(&self, client: IpAddr, account: &str, now: Millis) -> Option<Duration> {
        let block = ClientBlock::of(client);
        let own = self.known.get(&(block, self.key(account)));
        own.or_else(|| self.clients.get(&block))?.wait(FREE, now)
    }

    /// How long a try on `account` has to wait because of what others failed with: not at all from a client that
    /// is known to be the account's.
    pub fn wait_of_others(
        &self,
        client: Option<IpAddr>,
        account: &str,
        now: Millis,
    ) -> Option<Duration> {
        if client.is_some_and(|client| self.knows(client, account)) {
            return None;
        }
        let network = client.and_then(|client| self.networks.get(&ClientBlock::around(client)));
        let network = network.and_then(|failures| failures.wait(FREE * AROUND.get(), now));
        let account = self.accounts.get(&self.key(account));
        network.max(account.and_then(|failures| failures.wait(FREE, now)))
    }

    /// Counts a failure on `account`, whether there is one or not.
    pub fn failed(&mut self, client: Option<IpAddr>, account: &str, password: &str, now: Millis) {
        let (key, tried) = (self.key(account), self.hashes.hash_one((account, password)));
        if let Some(client) = client {
            let block = ClientBlock::of(client);
            if self.knows(client, account) {
                self.known.change((block, key), |failures| failures.add_new(tried, now));
                return;
            }
            if !self.clients.change(block, |failures| failures.add_new(tried, now)) {
                return;
            }
            self.networks.change(ClientBlock::around(client), |failures| failures.add(now));
        }
        self.accounts.change(key, |failures| failures.add(now));
    }

    /// Knows from now on that `client` is the account's.
    pub fn know(&mut self, client: IpAddr, account: &str) {
        let account = self.key(account);
        self.known.change((ClientBlock::of(client), account), |_failures| ());
    }

    /// Hears that `client` logged in to the account: what failed from there before was a slip.
    pub fn succeeded(&mut self, client: IpAddr, account: &str) {
        let account = self.key(account);
        self.known.change((ClientBlock::of(client), account), |failures| {
            *failures = Failures::default();
        });
    }

    fn knows(&self, client: IpAddr, account: &str) -> bool {
        self.known.get(&(ClientBlock::of(client), self.key(account))).is_some()
    }

    fn key(&self, account: &str) -> u64 {
        self.hashes.hash_one(account)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn second(seconds: u64) -> Millis {
        Millis::new(1_700_000_000_000 + seconds * 1000)
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    const WAITS: [u64; 11] = [10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600];

    #[test]
    fn the_wait_of_a_client_doubles_up_to_an_hour() {
        let (mut guesses, client) = (Guesses::new(9), ip("2001:db8::1"));
        let mut now = 0;
        let fail = |guesses: &mut Guesses, now: u64, n: u32| {
            guesses.failed(Some(client), &format!("{n}@x.test"), "x", second(now));
        };
        for n in 0..FREE - 1 {
            fail(&mut guesses, now, n);
            assert_eq!(guesses.wait_of_client(client, "new@x.test", second(now)), None);
        }
        for (n, wait) in (100..).zip(WAITS) {
            fail(&mut guesses, now, n);
            let neighbour = ip("2001:db8::ffff");
            let left = guesses.wait_of_client(neighbour, "new@x.test", second(now));
            assert_eq!(left, Some(Duration::from_secs(wait)), "the same /64");
            assert!(guesses.wait_of_client(client, "new@x.test", second(now + wait - 1)).is_some());
            now += wait;
            assert_eq!(guesses.wait_of_client(client, "new@x.test", second(now)), None);
        }
        assert_eq!(guesses.wait_of_client(ip("2001:db8:0:1::1"), "new@x.test", second(now)), None);
        fail(&mut guesses, now + DAY.as_secs(), 7);
        let later = second(now + DAY.as_secs());
        assert_eq!(
            guesses.wait_of_client(client, "new@x.test", later),
            None,
            "forgiven after a day"
        );
    }

    #[test]
    fn an_account_waits_too_and_its_own_client_does_not() {
        let mut guesses = Guesses::new(99);
        let (own, account) = (ip("192.0.2.1"), "me@x.test");
        guesses.succeeded(own, account);
        for n in 0..FREE {
            let stranger = ip(&format!("198.51.{n}.7"));
            assert_eq!(guesses.wait_of_others(Some(stranger), account, second(0)), None);
            guesses.failed(Some(stranger), account, &format!("{n}"), second(0));
        }
        let stranger = Some(ip("203.0.113.9"));
        let wait = |client| guesses.wait_of_others(client, account, second(0));
        assert_eq!(wait(stranger), Some(Duration::from_secs(10)));
        assert_eq!(wait(None), Some(Duration::from_secs(10)), "a unix socket");
        assert_eq!(wait(Some(own)), None);
        assert_eq!(guesses.wait_of_others(stranger, "you@x.test", second(0)), None);
    }

    /// Behind one address are an office, or all customers of a carrier.
    #[test]
    fn a_client_that_is_known_does_not_wait_for_its_neighbours() {
        let (mut guesses, shared) = (Guesses::new(99), ip("192.0.2.1"));
        guesses.succeeded(shared, "me@x.test");
        for n in 0..FREE {
            guesses.failed(Some(shared), &format!("{n}@x.test"), "x", second(0));
        }
        let wait = |guesses: &Guesses, account| guesses.wait_of_client(shared, account, second(0));
        assert!(wait(&guesses, "you@x.test").is_some());
        assert_eq!(wait(&guesses, "me@x.test"), None);
        // But for those who guess at its own account.
        for n in 0..FREE {
            guesses.failed(Some(shared), "me@x.test", &format!("{n}"), second(0));
        }
        assert_eq!(wait(&guesses, "me@x.test"), Some(FIRST_WAIT));
        let elsewhere = Some(ip("198.51.100.1"));
        assert_eq!(guesses.wait_of_others(elsewhere, "me@x.test", second(0)), None);
        guesses.succeeded(shared, "me@x.test");
        assert_eq!(wait(&guesses, "me@x.test"), None);
    }

    #[test]
    fn a_password_that_fails_again_is_no_guess() {
        let (mut guesses, client) = (Guesses::new(9), ip("192.0.2.1"));
        for _ in 0..1000 {
            for password in ["old", "older", "oldest"] {
                guesses.failed(Some(client), "me@x.test", password, second(0));
            }
        }
        assert_eq!(guesses.wait_of_client(client, "new@x.test", second(0)), None);
        assert_eq!(guesses.wait_of_others(None, "me@x.test", second(0)), None);
        guesses.failed(Some(client), "me@x.test", "guess", second(0));
        guesses.failed(Some(client), "you@x.test", "guess", second(0));
        assert!(guesses.wait_of_client(client, "new@x.test", second(0)).is_some());
    }

    #[test]
    fn many_neighbours_are_one_network() {
        let mut guesses = Guesses::new(999);
        for n in 0..20_u32 {
            let client = ip(&format!("192.0.2.{n}"));
            assert_eq!(guesses.wait_of_others(Some(client), "new@x.test", second(0)), None);
            guesses.failed(Some(client), &format!("{n}@x.test"), "x", second(0));
            assert_eq!(guesses.wait_of_client(client, "new@x.test", second(0)), None);
        }
        let wait = |client| guesses.wait_of_others(Some(ip(client)), "new@x.test", second(0));
        assert_eq!(wait("192.0.2.200"), Some(Duration::from_secs(10)));
        assert_eq!(wait("192.0.3.200"), None);
    }

    #[test]
    fn tables_are_bounded() {
        let mut guesses = Guesses::new(2);
        for n in 0..100 {
            let client = ip(&format!("10.{n}.0.1"));
            for password in 0..100 {
                guesses.failed(Some(client), &format!("{n}"), &format!("{password}"), second(0));
            }
            assert!(guesses.clients.get(&ClientBlock::of(client)).unwrap().tried.len() <= REPEATS);
        }
        assert_eq!(guesses.clients.get(&ClientBlock::of(ip("10.97.0.1"))).map(|f| f.count), None);
        assert!(guesses.clients.get(&ClientBlock::of(ip("10.98.0.1"))).is_some());
    }
}
