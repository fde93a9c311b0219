//! Where addresses lead: through the aliases to mailboxes, and from those to whoever takes their mail.

use crate::{
    address::{Domain, LocalPart, Mailbox},
    alias::{Expansion, Rules},
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
    /// What the alias that answers the address says of its mail.
    pub(crate) rules: Arc<Rules>,
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
    pub(crate) async fn resolve(&self, recipient: &Mailbox) -> Result<Mailboxes, Reply> {
        Mailboxes::of(self.expand(recipient).await)
    }

    /// Where mail for `<postmaster>` goes, and for the role addresses of an SRS domain that hosts no aliases.
    ///
    /// # Errors
    /// As [`Aliases::resolve`].
    pub(crate) async fn postmaster(&self) -> Result<Mailboxes, Reply> {
        Mailboxes::of(self.store.resolve_postmaster().await)
    }

    /// `mailbox` itself, or where its aliases lead if it is hosted here.
    ///
    /// # Errors
    /// As [`Aliases::resolve`].
    pub(crate) async fn final_mailboxes(&self, mailbox: Mailbox) -> Result<Mailboxes, Reply> {
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
    pub(crate) async fn expand(&self, recipient: &Mailbox) -> Result<Arc<Expansion>, StoreError> {
        self.store.resolve(recipient).await
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
    fn of(expansion: Result<Arc<Expansion>, StoreError>) -> Result<Self, Reply> {
        match expansion.as_deref() {
            Ok(Expansion::Deliver { mailboxes, dropped, rules }) => {
                let lost = dropped.iter().map(|lost| format!("{}: {}", lost.address, lost.reply));
                let lost = lost.collect();
                Ok(Self { mailboxes: mailboxes.clone(), lost, rules: Arc::clone(rules) })
            }
            // What is to be made of those who may answer is for whoever takes answers.
            Ok(Expansion::Answer { .. }) => Err(Reply::no_such_alias()),
            Ok(Expansion::Discard) => Ok(Self::default()),
            Ok(Expansion::Refuse(reply)) => Err(reply.clone()),
            Err(error) => {
                tracing::error!(%error, "cannot look up an alias");
                Err(Reply::store_failed())
            }
        }
    }
}

/// postmaster and abuse are answered at every domain that mail is taken for (RFC 5321 §4.5.1,
/// RFC 2142).
pub(crate) fn is_role(local: &LocalPart) -> bool {
    matches!(local.to_key().as_str(), "postmaster" | "abuse")
}
