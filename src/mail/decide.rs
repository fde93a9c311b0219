//! RCPT: what a recipient means, and whether it is taken.

use super::{
    aliases::{Mailboxes, is_role},
    parts::Parts,
    recipient::Recipient,
    returned::{Refusal, is_ours, original_of},
};
use crate::{
    address::{ForwardPath, Mailbox},
    reply::Reply,
    srs::is_srs_shaped,
    time::UnixTime,
};
use std::sync::Arc;

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
