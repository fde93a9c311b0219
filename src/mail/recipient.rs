//! RCPT: what a recipient means, and whether it is taken.

use super::{
    aliases::{Mailboxes, is_role},
    parts::Parts,
    returned::{Refusal, is_ours, original_of},
};
use crate::{
    address::{Domain, ForwardPath, Mailbox, ReversePath},
    config::Auth,
    next_hop::{Destination, NextHop},
    reply::Reply,
    srs::is_srs_shaped,
    time::UnixTime,
};

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
    /// An SRS address of ours: its uses are counted.
    pub(crate) is_srs_return: bool,
}

impl Recipient {
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
        match &self.path {
            ForwardPath::Postmaster => "postmaster".to_owned(),
            ForwardPath::Mailbox(mailbox) => mailbox.to_key(),
        }
    }
}

/// Decides on `path` in a transaction from `reverse_path` at `now`.
///
/// # Errors
/// Why the recipient is not taken.
pub(crate) async fn decide(
    parts: &Parts,
    reverse_path: &ReversePath,
    path: &ForwardPath,
    now: UnixTime,
) -> Result<Recipient, Refusal> {
    let srs = &parts.config.srs.settings;
    let (leads_to, srs_domain, is_srs_return) = match path {
        ForwardPath::Postmaster => (parts.aliases.postmaster().await?, &srs.domain, false),
        ForwardPath::Mailbox(mailbox) => {
            let is_hosted = parts.aliases.is_hosted(mailbox.domain());
            let srs_domain =
                if is_hosted && srs.per_domain { mailbox.domain() } else { &srs.domain };
            let leads_to = leads_to(parts, reverse_path, mailbox, is_hosted, now).await?;
            (leads_to, srs_domain, is_ours(parts, mailbox))
        }
    };
    let Mailboxes { mailboxes, lost } = leads_to;
    Ok(Recipient {
        path: path.clone(),
        srs_domain: srs_domain.clone(),
        destinations: mailboxes.into_iter().map(|to| parts.aliases.destination(to)).collect(),
        lost,
        is_srs_return,
    })
}

async fn leads_to(
    parts: &Parts,
    reverse_path: &ReversePath,
    mailbox: &Mailbox,
    is_hosted: bool,
    now: UnixTime,
) -> Result<Mailboxes, Refusal> {
    let is_srs_domain = *mailbox.domain() == parts.config.srs.settings.domain;
    // Never an alias, whatever catch-all or regex exists.
    if is_ours(parts, mailbox) {
        let is_bounce = *reverse_path == ReversePath::Null;
        let original = original_of(parts, is_bounce, mailbox, now).await?;
        Ok(parts.aliases.final_mailboxes(original).await?)
    } else if is_hosted && is_srs_shaped(mailbox.local()) {
        Err(Reply::no_such_alias().into())
    } else if is_hosted {
        Ok(parts.aliases.resolve(mailbox).await?)
    } else if is_srs_domain && is_role(mailbox.local()) {
        Ok(parts.aliases.postmaster().await?)
    } else if is_srs_domain {
        Err(Reply::no_such_alias().into())
    } else {
        Err(Reply::relaying_denied().into())
    }
}
