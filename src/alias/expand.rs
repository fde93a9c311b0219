use super::{Alias, Ended, Found, Lookup, Named, Ways, find};
use crate::{
    address::Mailbox,
    reply::{Class, Reply},
    time::UnixTime,
};
use std::{collections::HashSet, fmt, sync::Arc};

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

/// What becomes of a recipient, by which alias, and for how long that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolution {
    /// What becomes of it.
    pub expansion: Expansion,
    /// The alias that answers the recipient, whatever it answers: the one that the sender wrote to. `None` where none
    /// does, and for role addresses without an alias of their own.
    pub named: Option<Arc<Named>>,
    /// Why that one takes no mail any more.
    pub ended: Option<Ended>,
    /// For how long that holds, if aliases do not change, and none of them takes its last message.
    pub holds: Holds,
}

/// For how long something holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// As long as aliases do not change.
    Always,
    /// Until then.
    Until(UnixTime),
}

impl Holds {
    fn and(self, expires: UnixTime) -> Self {
        match self {
            Self::Always => Self::Until(expires),
            Self::Until(earlier) => Self::Until(earlier.min(expires)),
        }
    }
}

impl Resolution {
    /// Something that no alias has a part in.
    pub fn without_alias(expansion: Expansion) -> Self {
        Self { expansion, named: None, ended: None, holds: Holds::Always }
    }
}

/// What becomes of a recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expansion {
    /// The mail goes to these mailboxes, each once, in the order of the aliases.
    Deliver {
        /// At least one, none of them ours to answer.
        mailboxes: Vec<Mailbox>,
        /// Destinations that are refused: a loss the owner of the alias should hear of.
        dropped: Vec<Dropped>,
        /// Those of `mailboxes`, and of those who get nothing, that aliases of other domains lead to.
        ways: Ways,
    },
    /// The recipient is the [`AnswerAddress`](super::AnswerAddress) of an alias that is answered so.
    Answer {
        /// The alias, as it was added.
        alias: Mailbox,
        /// Where it finally leads: those may answer. At least one, none of them ours to answer.
        mailboxes: Vec<Mailbox>,
    },
    /// The mail is accepted and forgotten.
    Discard,
    /// The recipient is refused with this reply.
    Refuse(Reply),
}

/// A destination that gets nothing, while others do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dropped {
    /// The address, or the text that a template gave instead of one.
    pub address: String,
    /// How this destination alone would have been answered.
    pub reply: Reply,
    /// Why its alias takes no mail any more, where it does not.
    pub ended: Option<Ended>,
}

/// `old@example.org: 550 5.1.1 No such address here (the alias expired at 2026-12-31T23:00:00Z)`: the form in journals.
impl fmt::Display for Dropped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.address, self.reply)?;
        match self.ended {
            Some(ended) => write!(f, " (the alias {ended})"),
            None => Ok(()),
        }
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
        let is_new = self.is_new;
        let named = self.named.take().map(|alias| Arc::new(Named { is_new, ..Named::of(&alias) }));
        let (ended, holds) = (self.ended, self.holds);
        let expansion = stopped.map_or_else(|| self.finish(), Expansion::Refuse);
        Ok(Resolution { expansion, named, ended, holds })
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
        self.meet(alias, &found);
        let mut why = None;
        let refusal = match found {
            Found::NotHosted => return self.arrive(address),
            Found::Makes { mailboxes } => {
                return self.descend(address, &mailboxes, Vec::new()).await;
            }
            Found::Forward { mailboxes, unusable } => {
                self.by_operator += by_operator;
                self.descend(address, &mailboxes, unusable).await?;
                self.by_operator -= by_operator;
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

    fn chain_from(&self, at: usize, last: &Mailbox) -> Vec<Mailbox> {
        self.path.iter().skip(at).chain([last]).cloned().collect()
    }

    fn finish(self) -> Expansion {
        let Self { mailboxes, ways, dropped, discarded, answered, .. } = self;
        if !mailboxes.is_empty()
            && let Some(alias) = answered
        {
            return Expansion::Answer { alias, mailboxes };
        }
        if !mailboxes.is_empty() {
            return Expansion::Deliver { mailboxes, dropped, ways };
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
