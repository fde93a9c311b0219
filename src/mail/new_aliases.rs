use crate::{
    alias::Named,
    clock,
    rate::{Buckets, Full, Rate},
    reply::Reply,
    time::Millis,
};
use parking_lot::Mutex;

/// Most domains whose new aliases are counted at once.
const CAPACITY: usize = 65_536;

/// How many aliases domains may still get by mail.
#[derive(Debug)]
pub(crate) struct NewAliases(Mutex<Buckets<String>>);

impl NewAliases {
    pub(crate) fn new(rate: Rate) -> Self {
        Self(Mutex::new(Buckets::new(rate, CAPACITY)))
    }

    /// Goes by another rate from now on.
    pub(crate) fn set_rate(&self, rate: Rate) {
        self.0.lock().set_rate(rate);
    }

    /// Whether mail may make the alias; any that is there is no matter of this.
    ///
    /// # Errors
    /// The reply that puts its mail off.
    pub(crate) fn may_make(&self, alias: &Named) -> Result<(), Reply> {
        let left = self.0.lock().check(&alias.key.domain, clock::steady_millis());
        left.map_err(|Full { wait, .. }| Reply::too_many_new_aliases(wait))
    }

    /// How many aliases the domains got lately, in thousandths.
    pub(super) fn taken(&self, now: Millis) -> Vec<(String, u64)> {
        self.0.lock().taken(now).map(|(domain, taken)| (domain.clone(), taken)).collect()
    }

    /// Goes on from what [`NewAliases::taken`] said at `at`.
    pub(super) fn go_on(&self, taken: &[(String, u64)], at: Millis) {
        let buckets = &mut *self.0.lock();
        taken.iter().for_each(|(domain, taken)| buckets.set_taken(domain, *taken, at));
    }

    /// The alias was not made.
    pub(super) fn give_back(&self, domain: &String) {
        self.0.lock().give_back(domain);
    }

    /// Counts an alias of the domain; false where it got too many lately.
    pub(super) fn take(&self, domain: &String) -> bool {
        self.0.lock().take(domain, clock::steady_millis())
    }
}
