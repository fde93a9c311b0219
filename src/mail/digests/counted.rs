//! What was counted of the aliases of whose mail somebody is told.

use crate::{
    address::{Domain, Mailbox},
    alias::{Alias, Destination},
    digest::{Every, Tally},
};
use std::collections::BTreeMap;

/// Aliases that are counted at once; what comes to others is not told, and the log says so.
const MAX_ALIASES: usize = 50_000;

/// The aliases by their domains, and how often each is told of.
#[derive(Debug, Default)]
pub(super) struct Counted {
    aliases: BTreeMap<(Domain, Every), BTreeMap<String, One>>,
    count: usize,
    pub(super) left_out: u64,
}

/// One alias, or one recipient of an alias whose recipients differ in where they lead.
#[derive(Debug)]
pub(super) struct One {
    pub(super) alias: Alias,
    /// A recipient that it answers, to whom a letter may be addressed.
    pub(super) recipient: Mailbox,
    pub(super) tally: Tally,
}

impl Counted {
    /// Where mail of `recipient` is counted, which `alias` answers.
    pub(super) fn tally(
        &mut self,
        domain: &Domain,
        every: Every,
        alias: &Alias,
        recipient: &Mailbox,
    ) -> Option<&mut Tally> {
        let name = match is_templated(alias) {
            true => recipient.to_key(),
            false => alias.address().to_string(),
        };
        let of_domain = self.aliases.entry((domain.clone(), every)).or_default();
        if !of_domain.contains_key(&name) {
            if self.count >= MAX_ALIASES {
                self.left_out += 1;
                return None;
            }
            self.count += 1;
        }
        let one = of_domain.entry(name).or_insert_with(|| One {
            alias: alias.clone(),
            recipient: recipient.clone(),
            tally: Tally::default(),
        });
        Some(&mut one.tally)
    }

    /// What was counted of a domain.
    pub(super) fn take(&mut self, domain: &Domain, every: Every) -> BTreeMap<String, One> {
        self.aliases.remove(&(domain.clone(), every)).unwrap_or_default()
    }
}

/// Where mail leads depends on the recipient.
pub(super) fn is_templated(alias: &Alias) -> bool {
    alias.destinations().iter().any(|to| !matches!(to, Destination::Mailbox(_)))
}
