//! Aliases that the first mail to their address makes, where its domain says so.

use super::parts::Parts;
use crate::{
    address::Mailbox,
    alias::{Alias, AliasAddress, Named, Rules},
    store::ChangeError,
    time::UnixTime,
};

/// Most of a sender's address that a note has, in characters.
const MAX_SENDER: usize = 300;

/// Makes the alias that `named` stands for, after a message from `sender` was taken for it. Gives what the journal is to
/// say of it.
pub(super) async fn make(
    parts: &Parts,
    named: &Named,
    sender: Option<&Mailbox>,
    now: UnixTime,
) -> Option<String> {
    let Named { address, key, .. } = named;
    let alias = new_alias(parts, named, sender, now)?;
    if !parts.new_aliases.take(&key.domain) {
        return Some(format!("{address} is no alias yet: its domain got too many of them lately"));
    }
    parts.rates.note_taken();
    let added = parts.store.add_alias(&alias).await;
    if added.is_err() {
        parts.new_aliases.give_back(&key.domain);
    }
    match added {
        Ok(()) => {
            tracing::info!(alias = address, "the first mail to an address made an alias");
            Some(format!("made the alias {address}"))
        }
        // Somebody was faster.
        Err(ChangeError::Exists { .. }) => None,
        Err(error) => {
            tracing::error!(alias = address, %error, "cannot make an alias of an address");
            Some(format!("{address} could not be made an alias"))
        }
    }
}

/// `None` where the domain no longer says so.
fn new_alias(
    parts: &Parts,
    named: &Named,
    sender: Option<&Mailbox>,
    now: UnixTime,
) -> Option<Alias> {
    let Ok(AliasAddress::Exact(mailbox)) = AliasAddress::parse(&named.address) else { return None };
    let settings = parts.store.standing().settings_of(mailbox.domain());
    let alias = settings.auto_create?.alias_for(&mailbox)?;
    let sender = sender.map_or_else(|| "<>".to_owned(), ToString::to_string);
    let shown: String = sender.chars().take(MAX_SENDER).collect();
    let note = |from: &str| Rules {
        note: Some(format!("made by the first mail, from {from}, at {now}")),
        ..Rules::default()
    };
    // A sender may be of characters that no note has.
    let noted = alias.clone().with_rules(note(&shown));
    noted.or_else(|_| alias.with_rules(note("a sender that cannot be shown"))).ok()
}
