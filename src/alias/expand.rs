mod resolution;

pub use resolution::{Dropped, Expansion, Holds, Resolution};

use super::{Alias, Ended, EndedBehind, Found, Lookup, Named, Passed, Ways, find};
use crate::{
    address::Mailbox,
    reply::{Class, Reply},
};
use std::{collections::HashSet, sync::Arc};

/// How far an expansion may go.
#[derive(Debug, Clone, Copy)]
pub struct ExpansionLimits {
    /// Aliases in a chain.
    pub depth: usize,
    /// Mailboxes in the end.
    pub mailboxes: usize,
    /// Look-ups in all.
    pub lookups: usize,
}

impl Default for ExpansionLimits {
    fn default() -> Self {
        Self { depth: 10, mailboxes: 100, lookups: 1_000 }
    }
}

/// What becomes of a recipient that the client named.
///
/// A deferring member defers the whole recipient, so that nothing is lost; refused members are
/// dropped as long as another one takes the mail.
///
/// # Errors
/// When a look-up fails.
pub async fn expand<L: Lookup>(
    recipient: &Mailbox,
    lookup: &L,
    limits: ExpansionLimits,
) -> Result<Resolution, L::Error> {
    if !lookup.is_hosted(recipient.domain())? {
        return Ok(Resolution::without_alias(Expansion::Refuse(Reply::relaying_denied())));
    }
    let walk = Walk { of_recipient: true, ..Walk::new(lookup, limits) };
    walk.settle(std::slice::from_ref(recipient)).await
}

/// What becomes of mail for all of `destinations`, which need not be hosted here. Mail for a bare
/// `<postmaster>` is mail for the configured mailbox. No alias was written to, so that no rules of one count.
///
/// # Errors
/// When a look-up fails.
pub async fn expand_all<L: Lookup>(
    destinations: &[Mailbox],
    lookup: &L,
    limits: ExpansionLimits,
) -> Result<Resolution, L::Error> {
    Walk::new(lookup, limits).settle(destinations).await
}

/// The cycle that mail for `destinations` runs into: its first and last address are the same.
///
/// # Errors
/// When a look-up fails.
pub async fn find_cycle<L: Lookup>(
    destinations: &[Mailbox],
    lookup: &L,
    limits: ExpansionLimits,
) -> Result<Option<Vec<Mailbox>>, L::Error> {
    let mut walk = Walk::new(lookup, limits);
    walk.defer_stops = false;
    match walk.visit_all(destinations).await {
        Err(Stop::Cycle(chain)) => Ok(Some(chain)),
        Err(Stop::Lookup(error)) => Err(error),
        Ok(()) | Err(Stop::Refuse(_)) => Ok(None),
    }
}

/// One walk down the aliases, depth first.
struct Walk<'a, L> {
    lookup: &'a L,
    limits: ExpansionLimits,
    /// False to look beyond a deferring member.
    defer_stops: bool,
    /// True where it begins with the recipient, whose alias has a say.
    of_recipient: bool,
    named: Option<Alias>,
    /// That alias is not there yet.
    is_new: bool,
    ended: Option<Ended>,
    holds: Holds,
    /// The alias that is answered, where the recipient says so.
    answered: Option<Mailbox>,
    /// The aliases from the recipient down to here.
    path: Vec<Mailbox>,
    /// Keys of all addresses met: each counts once.
    seen: HashSet<String>,
    lookups: usize,
    mailboxes: Vec<Mailbox>,
    ways: Ways,
    passed: Vec<Passed>,
    /// So many of the path go on by the configuration, not by an alias.
    by_operator: usize,
    dropped: Vec<Dropped>,
    discarded: bool,
}

enum Stop<E> {
    Lookup(E),
    Refuse(Reply),
    Cycle(Vec<Mailbox>),
}

impl<'a, L: Lookup> Walk<'a, L> {
    fn new(lookup: &'a L, limits: ExpansionLimits) -> Self {
        Self {
            lookup,
            limits,
            defer_stops: true,
            of_recipient: false,
            named: None,
            is_new: false,
            ended: None,
            holds: Holds::Always,
            answered: None,
            path: Vec::new(),
            seen: HashSet::new(),
            lookups: 0,
            mailboxes: Vec::new(),
            ways: Ways::default(),
            passed: Vec::new(),
            by_operator: 0,
            dropped: Vec::new(),
            discarded: false,
        }
    }

    async fn settle(mut self, addresses: &[Mailbox]) -> Result<Resolution, L::Error> {
        let stopped = match self.visit_all(addresses).await {
            Ok(()) => None,
            Err(Stop::Refuse(reply)) => Some(reply),
            Err(Stop::Cycle(_)) => Some(Reply::alias_cycle()),
            Err(Stop::Lookup(error)) => return Err(error),
        };
        let behind = match (&stopped, self.ended) {
            (None, None) => self.ended_behind(),
            _ => None,
        };
        let is_new = self.is_new;
        let named = self.named.take().map(|alias| Arc::new(Named { is_new, ..Named::of(&alias) }));
        let (ended, holds) = (self.ended, self.holds);
        let expansion = stopped.map_or_else(|| self.finish(), Expansion::Refuse);
        Ok(Resolution { expansion, named, ended, behind, holds })
    }

    /// Keeps in mind for how long what `alias` says holds, and the first alias of a recipient.
    fn meet(&mut self, alias: Option<Alias>, found: &Found) {
        let Some(alias) = alias else { return };
        let rules = alias.rules();
        match (found, rules.expires) {
            // What has ended by the clock does not begin again.
            (Found::Ended(Ended::Disabled | Ended::Expired(_)), _) | (_, None) => {}
            (_, Some(expires)) => self.holds = self.holds.and(expires),
        }
        if self.of_recipient && self.path.is_empty() {
            if let Found::Ended(ended) = found {
                self.ended = Some(*ended);
            }
            self.is_new = matches!(found, Found::Makes { .. });
            self.named = Some(alias);
        }
    }

    async fn visit_all(&mut self, addresses: &[Mailbox]) -> Result<(), Stop<L::Error>> {
        for address in addresses {
            self.visit(address).await?;
        }
        Ok(())
    }

    async fn visit(&mut self, address: &Mailbox) -> Result<(), Stop<L::Error>> {
        let key = address.to_key();
        if !self.seen.insert(key.clone()) {
            return match self.path.iter().position(|above| above.to_key() == key) {
                Some(at) => Err(Stop::Cycle(self.chain_from(at, address))),
                None => Ok(()),
            };
        }
        self.lookups += 1;
        if self.lookups > self.limits.lookups {
            return Err(Stop::Refuse(Reply::alias_too_many()));
        }
        let (found, alias) = find(address, self.lookup).await.map_err(Stop::Lookup)?;
        let by_operator = usize::from(alias.is_none());
        let passed = alias.as_ref().filter(|_| self.is_of_others(address));
        let passed = passed.map(|alias| Arc::new(Named::of(alias)));
        self.meet(alias, &found);
        let mut why = None;
        let refusal = match found {
            Found::NotHosted => return self.arrive(address),
            Found::Makes { mailboxes } => {
                return self.descend(address, &mailboxes, Vec::new()).await;
            }
            Found::Forward { mailboxes, unusable } => {
                self.by_operator += by_operator;
                let before = self.mailboxes.len();
                self.descend(address, &mailboxes, unusable).await?;
                self.by_operator -= by_operator;
                if let (Some(named), Some(behind)) = (passed, self.mailboxes.get(before..)) {
                    let (address, mailboxes) = (address.clone(), behind.to_vec());
                    self.passed.push(Passed { named, address, mailboxes });
                }
                return Ok(());
            }
            Found::Answer { alias, mailboxes } if self.of_recipient && self.path.is_empty() => {
                self.answered = Some(alias);
                return self.descend(address, &mailboxes, Vec::new()).await;
            }
            Found::Discard => {
                self.discarded = true;
                return Ok(());
            }
            Found::Defer(text) => Reply::alias_defers(&text),
            Found::Unsafe => Reply::alias_unsafe(),
            Found::NoPostmaster => Reply::no_postmaster(),
            Found::Reject(text) => Reply::alias_rejects(&text),
            Found::Ended(ended) => {
                why = Some(ended);
                Reply::no_such_alias()
            }
            // No alias leads to an answer: nobody would have proven whose it is.
            Found::Answer { .. } | Found::NoAlias => Reply::no_such_alias(),
        };
        if refusal.class() == Class::Transient && self.defer_stops {
            return Err(Stop::Refuse(refusal));
        }
        if by_operator == 0 {
            let on_the_way = self.path.iter().chain([address]).map(Mailbox::domain);
            self.ways.add(address, on_the_way);
        }
        let address = address.to_string();
        self.dropped.push(Dropped { address, reply: refusal, ended: why });
        Ok(())
    }

    /// Whether mail comes to the alias of `address` from that of another domain. What the configuration sends the operator is
    /// not for others to block (RFC 5321 §4.5.1).
    fn is_of_others(&self, address: &Mailbox) -> bool {
        self.by_operator == 0
            && self.path.last().is_some_and(|from| from.domain() != address.domain())
    }

    fn arrive(&mut self, address: &Mailbox) -> Result<(), Stop<L::Error>> {
        if self.mailboxes.len() == self.limits.mailboxes {
            return Err(Stop::Refuse(Reply::alias_too_many()));
        }
        match self.path.first() {
            Some(first) if self.by_operator > 0 => {
                self.ways.add_operators(address, first.domain());
            }
            _ => self.ways.add(address, self.path.iter().map(Mailbox::domain)),
        }
        self.mailboxes.push(address.clone());
        Ok(())
    }

    async fn descend(
        &mut self,
        address: &Mailbox,
        mailboxes: &[Mailbox],
        unusable: Vec<String>,
    ) -> Result<(), Stop<L::Error>> {
        if self.path.len() == self.limits.depth {
            // A regex that makes ever new addresses is a cycle without a repetition.
            return Err(Stop::Cycle(self.chain_from(0, address)));
        }
        let refused = |address| Dropped { address, reply: Reply::no_such_alias(), ended: None };
        self.dropped.extend(unusable.into_iter().map(refused));
        self.path.push(address.clone());
        // A future cannot hold itself: one box for each alias of the chain.
        Box::pin(self.visit_all(mailboxes)).await?;
        self.path.pop();
        Ok(())
    }

    /// What refuses the recipient, where that is an alias that his leads to, and that has ended.
    fn ended_behind(&self) -> Option<EndedBehind> {
        let first = self.dropped.first().filter(|_| self.mailboxes.is_empty())?;
        let ended = first.ended?;
        let alias = Mailbox::parse(&first.address).ok();
        let own = self.named.as_ref().and_then(|named| named.address().domain());
        Some(EndedBehind { alias: alias.filter(|alias| Some(alias.domain()) == own), ended })
    }

    fn chain_from(&self, at: usize, last: &Mailbox) -> Vec<Mailbox> {
        self.path.iter().skip(at).chain([last]).cloned().collect()
    }

    fn finish(self) -> Expansion {
        let Self { mailboxes, ways, passed, dropped, discarded, answered, .. } = self;
        if !mailboxes.is_empty()
            && let Some(alias) = answered
        {
            return Expansion::Answer { alias, mailboxes };
        }
        if !mailboxes.is_empty() {
            return Expansion::Deliver { mailboxes, dropped, ways, passed };
        }
        match dropped.into_iter().next() {
            Some(first) => Expansion::Refuse(first.reply),
            None if discarded => Expansion::Discard,
            None => Expansion::Refuse(Reply::no_such_alias()),
        }
    }
}

#[cfg(test)]
mod tests;
