use crate::{
    address::{Domain, ForwardPath, LocalPart, Mailbox, ReversePath},
    alias::{Named, Rules, Ways},
    config::Auth,
    next_hop::{Destination, NextHop},
};
use std::sync::Arc;

/// A recipient that was accepted, and where it leads.
#[derive(Debug, Clone)]
pub(crate) struct Recipient {
    /// The recipient as the client named it.
    pub(crate) path: ForwardPath,
    /// Domain of the reverse-path rewritten for this recipient.
    pub(crate) srs_domain: Domain,
    /// Where the recipient leads; none when the alias discards.
    pub(crate) destinations: Vec<Destination>,
    /// What the aliases name but cannot be delivered to, and why: for the journal.
    pub(crate) lost: Vec<String>,
    /// Those of the destinations that aliases of other domains lead to.
    pub(crate) ways: Ways,
    /// The sender that the recipient stands for, where it is an SRS address of ours.
    pub(crate) original: Option<Mailbox>,
    /// The alias that answers: none for a role address that has no alias, nor for an SRS address of ours.
    pub(crate) named: Option<Arc<Named>>,
    /// What the recipient stands for, where it is the address of an answer.
    pub(crate) answered: Option<Arc<Answered>>,
}

/// Whom a mailbox answers by address, and as which alias.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answered {
    pub(crate) alias: Mailbox,
    /// Those who may.
    pub(crate) mailboxes: Vec<Mailbox>,
    pub(crate) to: Mailbox,
}

impl Recipient {
    /// What the owner of the alias that answers says of its mail.
    pub(crate) fn rules(&self) -> &Rules {
        self.named.as_ref().map_or(Rules::none(), |named| &named.rules)
    }

    /// How mail for `recipients` gets to their destinations, for whoever reads what became of it. Behind the address of an
    /// answer the alias of somebody else may be: whoever answers is not its owner.
    pub(crate) fn ways_of<'r>(recipients: impl IntoIterator<Item = &'r Self>) -> Ways {
        let mut ways = Ways::default();
        for recipient in recipients {
            ways.add_all(&recipient.ways);
            if let Some(Answered { alias, to, .. }) = recipient.answered.as_deref() {
                let beyond = recipient.destinations.iter().filter(|it| it.mailbox != *to);
                beyond.for_each(|it| ways.add(&it.mailbox, [alias.domain(), to.domain()]));
            }
        }
        ways
    }

    /// True for an SRS address of ours: what comes to it returns.
    pub(crate) fn is_srs_return(&self) -> bool {
        self.original.is_some()
    }

    /// The alias that is answered.
    pub(crate) fn answered_alias(&self) -> Option<&Mailbox> {
        self.answered.as_ref().map(|answered| &answered.alias)
    }

    /// The next hops of its destinations, sorted: recipients that share them may share a transaction.
    pub(crate) fn group(&self) -> Vec<&NextHop> {
        let mut hops: Vec<_> = self.destinations.iter().map(|to| &to.next_hop).collect();
        hops.sort_unstable();
        hops.dedup();
        hops
    }

    /// True when mail for it need not be authenticated.
    pub(crate) fn is_open(&self, auth: &Auth) -> bool {
        matches!(&self.path, ForwardPath::Mailbox(mailbox) if auth.is_open(mailbox))
    }

    /// The alias that mail from `reverse_path` is answered as by address: without the tag of the recipient. Nobody answers
    /// a bounce.
    pub(crate) fn answered_as(&self, reverse_path: &ReversePath) -> Option<Mailbox> {
        match &self.path {
            ForwardPath::Mailbox(mailbox)
                if self.rules().reply_by_address && *reverse_path != ReversePath::Null =>
            {
                let local = mailbox.local().as_str();
                let local = LocalPart::new(local.split('+').next().unwrap_or(local)).ok()?;
                Mailbox::new(local, mailbox.domain().clone()).ok()
            }
            _ => None,
        }
    }

    /// The address without regard to case: what loop tokens and memories of refusals go by.
    pub(crate) fn key(&self) -> String {
        self.path.key()
    }
}
