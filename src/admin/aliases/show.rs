use super::record::Record;
use crate::{
    address::Mailbox,
    admin::{Error, Store},
    alias::{Alias, AliasAddress, Counters, Dropped, Expansion},
    store::ChangeError,
};
use serde::Serialize;

/// An alias, and where it finally leads.
#[derive(Debug, Clone, Serialize)]
pub struct ShownAlias {
    /// The fields of a listing.
    #[serde(flatten)]
    pub record: Record,
    /// What came of its mail so far.
    pub counters: Counters,
    /// Where its mail goes.
    pub leads_to: Vec<String>,
    /// Destinations that get nothing.
    pub refused: Vec<RefusedDestination>,
    /// The answer for all of it, where nothing is delivered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply: Option<String>,
    /// As it is stored.
    #[serde(skip)]
    pub alias: Alias,
    /// So many of `leads_to`, the last, depend on what the regex matches.
    #[serde(skip)]
    pub templates: usize,
    /// Its mail is accepted and thrown away.
    #[serde(skip)]
    pub is_discarded: bool,
}

/// A destination that gets nothing.
#[derive(Debug, Clone, Serialize)]
pub struct RefusedDestination {
    /// Its address.
    pub address: String,
    /// Why, as a client is told.
    pub reply: String,
}

/// Shows the alias of an address, with `postmaster` behind the role addresses.
///
/// # Errors
/// When there is none, or the store fails.
pub async fn show(
    store: &Store,
    address: &AliasAddress,
    postmaster: Option<&Mailbox>,
) -> Result<ShownAlias, Error> {
    let alias = store.alias(address).await?;
    let alias = alias.ok_or_else(|| ChangeError::NoSuchAlias(address.to_string()))?;
    let counters = store.counters(&address.key()).await?.unwrap_or_default();
    let expansion = store.leads_to(&alias, postmaster).await?;
    let templates = templates(&alias);
    let mut shown = ShownAlias {
        record: Record::from(&alias),
        counters,
        leads_to: Vec::new(),
        refused: Vec::new(),
        reply: None,
        alias,
        templates: templates.len(),
        is_discarded: false,
    };
    match expansion {
        // An alias is no address of an answer.
        None | Some(Expansion::Answer { .. }) => {}
        Some(Expansion::Discard) => shown.is_discarded = true,
        Some(Expansion::Refuse(reply)) => shown.reply = Some(reply.to_string()),
        Some(Expansion::Deliver { mailboxes, dropped, .. }) => {
            shown.leads_to.extend(mailboxes.iter().map(ToString::to_string));
            shown.refused.extend(dropped.into_iter().map(|Dropped { address, reply, .. }| {
                RefusedDestination { address, reply: reply.to_string() }
            }));
        }
    }
    shown.leads_to.extend(templates);
    Ok(shown)
}

fn templates(alias: &Alias) -> Vec<String> {
    let destinations = alias.destinations().iter().filter(|_| alias.enabled());
    let templates = destinations.filter(|destination| destination.mailbox().is_none());
    templates.map(ToString::to_string).collect()
}
