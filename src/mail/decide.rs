//! RCPT: what a recipient means, and whether it is taken.

use super::{
    aliases::{Mailboxes, Nowhere, is_role},
    parts::Parts,
    recipient::{Answered, Recipient},
    refusal::Refusal,
    returned::{is_ours, original_of},
};
use crate::{
    address::{ForwardPath, Mailbox},
    alias::{AnswerAddress, Expansion},
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
    let answered = answered(parts, path).await?;
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
                None if let Some(Answered { to, .. }) = &answered => {
                    answer_leads_to(parts, to).await?
                }
                None => leads_to(parts, mailbox, is_hosted).await?,
            };
            (leads_to, srs_domain, original)
        }
    };
    let Mailboxes { mailboxes, lost, ways, named } = leads_to;
    Ok(Recipient {
        path: path.clone(),
        srs_domain: srs_domain.clone(),
        destinations: mailboxes.into_iter().map(|to| parts.aliases.destination(to)).collect(),
        lost,
        ways,
        // Nobody wrote to an alias that a returning mail comes to.
        named: named.filter(|_| original.is_none() && answered.is_none()),
        original,
        answered: answered.map(Arc::new),
    })
}

/// What `path` stands for, where it is the address of an answer of an alias that is answered so.
async fn answered(parts: &Parts, path: &ForwardPath) -> Result<Option<Answered>, Reply> {
    let ForwardPath::Mailbox(mailbox) = path else { return Ok(None) };
    let Some(AnswerAddress { to, .. }) = AnswerAddress::read(mailbox) else { return Ok(None) };
    if !parts.aliases.is_hosted(mailbox.domain()) || is_srs_shaped(mailbox.local()) {
        return Ok(None);
    }
    match parts.aliases.expand(mailbox).await.as_deref().map(|found| &found.expansion) {
        Ok(Expansion::Answer { alias, mailboxes }) => {
            let (alias, mailboxes) = (alias.clone(), mailboxes.clone());
            Ok(Some(Answered { alias, mailboxes, to }))
        }
        Ok(_) => Ok(None),
        Err(error) => {
            tracing::error!(%error, "cannot look up an alias");
            Err(Reply::store_failed())
        }
    }
}

/// Where an answer to `to` goes. Nothing returns by an answer, and none answers an answer.
async fn answer_leads_to(parts: &Parts, to: &Mailbox) -> Result<Mailboxes, Nowhere> {
    let is_hosted = parts.aliases.is_hosted(to.domain());
    if is_ours(parts, to) {
        return Err(Reply::no_such_alias().into());
    }
    // Behind an address may be whoever trusts this host, as its own Postfix does.
    if to.domain().literal().is_some() {
        return Err(Reply::no_literals().into());
    }
    match is_hosted || *to.domain() == parts.config.srs.settings.domain {
        true => leads_to(parts, to, is_hosted).await,
        false => parts.aliases.final_mailboxes(to.clone()).await,
    }
}

async fn leads_to(parts: &Parts, mailbox: &Mailbox, is_hosted: bool) -> Result<Mailboxes, Nowhere> {
    let is_srs_domain = *mailbox.domain() == parts.config.srs.settings.domain;
    if is_hosted && is_srs_shaped(mailbox.local()) {
        Err(Reply::no_such_alias().into())
    } else if is_hosted {
        parts.aliases.resolve(mailbox).await
    } else if is_srs_domain && is_role(mailbox.local()) {
        parts.aliases.postmaster().await
    } else if is_srs_domain {
        Err(Reply::no_such_alias().into())
    } else {
        Err(Reply::relaying_denied().into())
    }
}
