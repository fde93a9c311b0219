//! The header section of an answer becomes the alias's.

use super::proof::untagged;
use crate::{
    address::Mailbox,
    alias::{AnswerAddress, Expansion},
    mail::{parts::Parts, recipient::Recipient},
    message::{Answer, Header, Shown, addressees},
    provider::Provider,
    reply::Reply,
    verdict::is_one_owner,
};
use data_encoding::BASE32_NOPAD;
use std::collections::HashMap;

/// Keeps the digests of message ids apart from others made with the same secrets.
const PURPOSE: &str = "answer";
/// Octets of a digest that are in a message id.
const ID: usize = 15;

/// Makes the header section of `message`, which `mailbox` has sent, that of `alias`. The body stays as it is.
pub(super) async fn rewrite(
    parts: &Parts,
    alias: &Mailbox,
    mailbox: &Mailbox,
    recipients: &[Recipient],
    message: &mut Vec<u8>,
) -> Result<(), Reply> {
    let header = Header::scan(message);
    let others = others(parts, addressees(&header)).await?;
    let mailboxes: Vec<&Mailbox> = recipients
        .iter()
        .flat_map(|to| to.answered.iter().flat_map(|answered| &answered.mailboxes))
        .chain([mailbox])
        .collect();
    let keys: Vec<String> = mailboxes.iter().map(|mailbox| mailbox.to_key()).collect();
    let names_mailbox = |text: &str| {
        let text = text.to_lowercase();
        keys.iter().any(|key| text.contains(key))
    };
    let shown = |shown: &Mailbox| {
        let other = others.get(&shown.to_key());
        let shown = other.unwrap_or(shown);
        // By its tags too, which may be other aliases'.
        match mailboxes.iter().any(|one| bare(one) == bare(shown)) {
            true => Shown::Gone,
            false => other.map_or(Shown::Kept, |other| Shown::As(other.clone())),
        }
    };
    // Of a large provider an id tells nothing of one mailbox, and whoever is answered may be there too.
    let owner = mailbox.domain().to_key();
    let owner = Some(owner).filter(|owner| Provider::of(owner).is_none());
    let is_own_id = |id: &str| {
        let (_, host) = id.rsplit_once('@').unwrap_or(("", id));
        names_mailbox(id) || owner.as_ref().is_some_and(|owner| is_one_owner(owner, host))
    };
    let rewriter = parts.srs.rewriter();
    let other_id = |id: &str| {
        let digest = rewriter.keyring().digests(PURPOSE, id).next().unwrap_or_default();
        let short = digest.get(..ID).unwrap_or_default();
        format!("{}@{}", BASE32_NOPAD.encode(short).to_lowercase(), alias.domain())
    };
    let (names_mailbox, shown) = (&names_mailbox, &shown);
    let (is_own_id, other_id) = (&is_own_id, &other_id);
    let answer = Answer { alias, shown, names_mailbox, is_own_id, other_id };
    let new = answer.header(&header);
    let end = header.bytes().len();
    drop(message.splice(..end, new));
    Ok(())
}

fn bare(mailbox: &Mailbox) -> String {
    untagged(mailbox).unwrap_or_else(|| mailbox.to_key())
}

/// For each that is an address of an answer, whom it stands for.
async fn others(
    parts: &Parts,
    addressees: Vec<Mailbox>,
) -> Result<HashMap<String, Mailbox>, Reply> {
    let mut others = HashMap::new();
    for mailbox in addressees {
        let Some(AnswerAddress { to, .. }) = AnswerAddress::read(&mailbox) else { continue };
        if !parts.aliases.is_hosted(mailbox.domain()) {
            continue;
        }
        let found = parts.aliases.expand(&mailbox).await.map_err(|error| {
            tracing::error!(%error, "cannot look up an alias");
            Reply::store_failed()
        })?;
        if matches!(found.expansion, Expansion::Answer { .. }) {
            others.insert(mailbox.to_key(), to);
        }
    }
    Ok(others)
}
