//! Where addresses lead: through the aliases to mailboxes, and from those to whoever takes their mail.

use super::refusal::Refusal;
use crate::{
    address::{Domain, LocalPart, Mailbox},
    alias::{Expansion, Named, Passed, Resolution, Rule, Ways},
    config::Route,
    next_hop::{Destination, NextHop, Target},
    reply::Reply,
    store::{Store, StoreError},
};
use std::sync::Arc;

/// The hosted domains with their aliases, and the routes of the configuration.
#[derive(Debug, Clone)]
pub(crate) struct Aliases {
    store: Store,
    routes: Arc<[Route]>,
}

/// The mailboxes that an address leads to; none when its alias discards.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Mailboxes {
    pub(crate) mailboxes: Vec<Mailbox>,
    /// What the aliases name but cannot be delivered to, and why: for the journal.
    pub(crate) lost: Vec<String>,
    /// Those of `mailboxes` that aliases of other domains lead to.
    pub(crate) ways: Ways,
    /// Aliases of other domains that mail comes through.
    pub(crate) passed: Vec<Passed>,
    /// The alias that answers the address, and says something of its mail.
    pub(crate) named: Option<Arc<Named>>,
}

/// Why an address leads nowhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Nowhere {
    pub(crate) reply: Reply,
    /// The alias that answers the address, if one does.
    pub(crate) named: Option<Arc<Named>>,
    /// The rule by which it leads nowhere.
    pub(crate) rule: Option<Box<Rule>>,
}

impl From<Reply> for Nowhere {
    fn from(reply: Reply) -> Self {
        Self { reply, named: None, rule: None }
    }
}

impl From<Nowhere> for Reply {
    fn from(nowhere: Nowhere) -> Self {
        nowhere.reply
    }
}

impl From<Nowhere> for Refusal {
    fn from(Nowhere { reply, named, rule }: Nowhere) -> Self {
        Self { named, rule, ..reply.into() }
    }
}

impl Aliases {
    pub(crate) fn new(store: Store, routes: &[Route]) -> Self {
        Self { store, routes: routes.into() }
    }

    /// True when mail for `domain` is ours to answer.
    pub(crate) fn is_hosted(&self, domain: &Domain) -> bool {
        self.store.is_hosted(domain)
    }

    /// Where the aliases of a hosted domain lead `recipient`.
    ///
    /// # Errors
    /// The reply that refuses it, or puts it off where the store fails.
    pub(crate) async fn resolve(&self, recipient: &Mailbox) -> Result<Mailboxes, Nowhere> {
        Mailboxes::of(self.expand(recipient).await)
    }

    /// Where mail for `<postmaster>` goes, and for the role addresses of an SRS domain that hosts no aliases.
    ///
    /// # Errors
    /// As [`Aliases::resolve`].
    pub(crate) async fn postmaster(&self) -> Result<Mailboxes, Nowhere> {
        Mailboxes::of(self.store.resolve_postmaster().await)
    }

    /// `mailbox` itself, or where its aliases lead if it is hosted here.
    ///
    /// # Errors
    /// As [`Aliases::resolve`].
    pub(crate) async fn final_mailboxes(&self, mailbox: Mailbox) -> Result<Mailboxes, Nowhere> {
        match self.is_hosted(mailbox.domain()) {
            true => self.resolve(&mailbox).await,
            false => Ok(Mailboxes { mailboxes: vec![mailbox], ..Mailboxes::default() }),
        }
    }

    /// What the aliases of a hosted domain say of `recipient`, for whoever makes something else of it than a
    /// reply.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) async fn expand(&self, recipient: &Mailbox) -> Result<Arc<Resolution>, StoreError> {
        match self.store.known(recipient) {
            Some(known) => Ok(known),
            None => self.store.resolve(recipient).await,
        }
    }

    /// Who takes mail for `mailbox`: the first route that fits, else the MX of its domain.
    pub(crate) fn destination(&self, mailbox: Mailbox) -> Destination {
        Destination { next_hop: self.next_hop(mailbox.domain()), mailbox }
    }

    fn next_hop(&self, domain: &Domain) -> NextHop {
        let route = self.routes.iter().find(|route| route.pattern.matches(domain));
        route.map_or_else(|| NextHop::of(domain), |route| route.to.clone())
    }

    /// The domain whose DNS says who takes mail for `domain`; none where that is known here.
    pub(crate) fn asked_for(&self, domain: &Domain) -> Option<Domain> {
        match self.next_hop(domain).target {
            Target::Mx(asked) if !self.is_hosted(domain) => Some(asked),
            _ => None,
        }
    }
}

impl Mailboxes {
    fn of(found: Result<Arc<Resolution>, StoreError>) -> Result<Self, Nowhere> {
        let found = found.map_err(|error| {
            tracing::error!(%error, "cannot look up an alias");
            Reply::store_failed()
        })?;
        let Resolution { expansion, named, ended, behind, .. } = &*found;
        let named = named.clone();
        match expansion {
            Expansion::Deliver { mailboxes, dropped, ways, passed } => {
                let lost = dropped.iter().map(ToString::to_string).collect();
                Ok(Self {
                    mailboxes: mailboxes.clone(),
                    lost,
                    ways: ways.clone(),
                    passed: passed.clone(),
                    named,
                })
            }
            // What is to be made of those who may answer is for whoever takes answers.
            Expansion::Answer { .. } => Err(Reply::no_such_alias().into()),
            Expansion::Discard => Ok(Self { named, ..Self::default() }),
            Expansion::Refuse(reply) => {
                let behind = behind.clone().map(Rule::EndedBehind);
                let rule = ended.map(Rule::Ended).or(behind).map(Box::new);
                Err(Nowhere { reply: reply.clone(), named, rule })
            }
        }
    }
}

/// postmaster and abuse are answered at every domain that mail is taken for (RFC 5321 §4.5.1,
/// RFC 2142).
pub(crate) fn is_role(local: &LocalPart) -> bool {
    matches!(local.key(), "postmaster" | "abuse")
}
