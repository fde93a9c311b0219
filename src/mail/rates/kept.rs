//! Limits of which it counts beyond a restart what was taken: those that aliases have of their own, and how many aliases domains
//! get by mail. Others look at them here too, to explain what would be put off.

use super::Rates;
use crate::{
    alias::Key,
    clock,
    mail::new_aliases::NewAliases,
    rate::{parse_rate, print_rate},
    time::Millis,
};
use serde::{Deserialize, Serialize};

/// What was taken of the limits, in thousandths.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptLimits {
    /// When that was so.
    at: u64,
    aliases: Vec<OfAlias>,
    /// Domains with the new aliases that they got.
    domains: Vec<(String, u64)>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct OfAlias {
    domain: String,
    local: String,
    rate: String,
    taken: u64,
}

impl KeptLimits {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.aliases.len() + self.domains.len()
    }

    /// True where nothing was taken.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// What is taken now.
pub(crate) fn kept(rates: &Rates, new_aliases: &NewAliases) -> KeptLimits {
    let now = clock::steady_millis();
    let own = rates.tables.lock().own.taken(now);
    let aliases = own.into_iter().map(|(Key { domain, local }, rate, taken)| OfAlias {
        domain,
        local,
        rate: print_rate(rate),
        taken,
    });
    KeptLimits { at: now.as_millis(), aliases: aliases.collect(), domains: new_aliases.taken(now) }
}

/// Goes on from what was kept. Where the clock was set back since then, as if it were of now.
pub(crate) fn go_on(rates: &Rates, new_aliases: &NewAliases, kept: &KeptLimits) {
    let at = Millis::new(kept.at).min(clock::steady_millis());
    let tables = &mut *rates.tables.lock();
    for OfAlias { domain, local, rate, taken } in &kept.aliases {
        // What is no rate was not written here.
        let Ok(rate) = parse_rate(rate) else { continue };
        let key = Key { domain: domain.clone(), local: local.clone() };
        tables.own.go_on(key, rate, *taken, at);
    }
    new_aliases.go_on(&kept.domains, at);
}
