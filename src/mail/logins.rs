//! What is known of failed logins.

use crate::rate::Guesses;
use parking_lot::Mutex;

/// Most clients, networks and accounts of which failures are known at once, each.
const CAPACITY: usize = 65_536;

/// What is known of failed logins. Kept in memory only: a restart forgives.
#[derive(Debug)]
pub(crate) struct Logins(pub(crate) Mutex<Guesses>);

impl Default for Logins {
    fn default() -> Self {
        Self(Mutex::new(Guesses::new(CAPACITY)))
    }
}
