//! RCPT: what a recipient means, and whether it is taken.

use super::{
    aliases::{Mailboxes, is_role},
    parts::Parts,
    returned::{Refusal, is_ours, original_of},
};
use crate::{
    address::{Domain, ForwardPath, Mailbox},
    alias::Rules,
    config::Auth,
    next_hop::{Destination, NextHop},
    reply::Reply,
    srs::is_srs_shaped,
    time::UnixTime,
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
    /// The sender that the recipient stands for, where it is an SRS address of ours.
    pub(crate) original: Option<Mailbox>,
    /// What the owner of the alias that answers says of its mail: nothing for a role address that has no
    /// alias, nor for an SRS address of ours.
    pub(crate) rules: Arc<Rules>,
}

impl Recipient {
    /// True for an SRS address of ours: what comes to it returns.
    pub(crate) fn is_srs_return(&self) -> bool {
        self.original.is_some()
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

    /// The address without regard to case: what loop tokens and memories of refusals go by.
    pub(crate) fn key(&self) -> String {
        self.path.key()
    }
}

/// Decides on `path` at `now`.
///
/// # Errors
/// Why the recipient is not taken.
pub(crate) async fn decide(
    parts: &Parts,
    path: &ForwardPath,
    now: UnixTime,
) -> Result<Recipient, Refusal> {
    let srs = &parts.config.srs.settings;
    let (leads_to, srs_domain, original) = match path {
        ForwardPath::Postmaster => (parts.aliases.postmaster().await?, &srs.domain, None),
        ForwardPath::Mailbox(mailbox) => {
            let is_hosted = parts.aliases.is_hosted(mailbox.domain());
            let srs_domain =
                if is_hosted && srs.per_domain { mailbox.domain() } else { &srs.domain };
            // Never an alias, whatever catch-all or regex exists.
            let original = match is_ours(parts, mailbox) {
                true => Some(original_of(parts, mailbox, now).await?),
                false => None,
            };
            let leads_to = match &original {
                Some(original) => parts.aliases.final_mailboxes(original.clone()).await?,
                None => leads_to(parts, mailbox, is_hosted).await?,
            };
            (leads_to, srs_domain, original)
        }
    };
    let Mailboxes { mailboxes, lost, rules } = leads_to;
    Ok(Recipient {
        path: path.clone(),
        srs_domain: srs_domain.clone(),
        destinations: mailboxes.into_iter().map(|to| parts.aliases.destination(to)).collect(),
        lost,
        // Nobody wrote to an alias that a returning mail comes to.
        rules: if original.is_some() { Arc::default() } else { rules },
        original,
    })
}

async fn leads_to(parts: &Parts, mailbox: &Mailbox, is_hosted: bool) -> Result<Mailboxes, Reply> {
    let is_srs_domain = *mailbox.domain() == parts.config.srs.settings.domain;
    if is_hosted && is_srs_shaped(mailbox.local()) {
        Err(Reply::no_such_alias())
    } else if is_hosted {
        parts.aliases.resolve(mailbox).await
    } else if is_srs_domain && is_role(mailbox.local()) {
        parts.aliases.postmaster().await
    } else if is_srs_domain {
        Err(Reply::no_such_alias())
    } else {
        Err(Reply::relaying_denied())
    }
}
