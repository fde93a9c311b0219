//! Places among the messages that an alias takes in all ([`Rules::max_messages`](crate::alias::Rules::max_messages)).

use super::{alias_use::Place, parts::Parts, recipient::Recipient, returned::Refusal};
use crate::{
    alias::{Ended, Key, Named, Rule},
    reply::Reply,
    store::StoreError,
};
use std::{collections::HashMap, sync::Arc};

/// Refuses a recipient whose alias has taken its last message. The aliases know that a moment later, as it is written
/// down.
///
/// # Errors
/// The refusal.
pub(crate) async fn refuse_used_up(parts: &Parts, recipient: &Recipient) -> Result<(), Refusal> {
    let Some(named) = &recipient.named else { return Ok(()) };
    let Some(most) = named.rules.max_messages else { return Ok(()) };
    let taken = parts.alias_uses.taken(&parts.store, &named.key).await.map_err(failed)?;
    if taken >= most { Err(used_up(named, most)) } else { Ok(()) }
}

/// Gives the recipients their places, one for each alias.
///
/// # Errors
/// The refusal where none is left. Where others hold them that may give them back, the message is to come again.
pub(crate) async fn reserve(parts: &Parts, recipients: &mut [Recipient]) -> Result<(), Refusal> {
    let mut places: HashMap<Key, Arc<Place>> = HashMap::new();
    for recipient in recipients {
        let Some(named) = recipient.named.clone() else { continue };
        let Some(most) = named.rules.max_messages else { continue };
        if !places.contains_key(&named.key) {
            let reserved = parts.alias_uses.reserve(&parts.store, &named.key, most).await;
            let Some(place) = reserved.map_err(failed)? else {
                refuse_used_up(parts, recipient).await?;
                return Err(Refusal { named: Some(named), ..Reply::alias_is_taking().into() });
            };
            places.insert(named.key.clone(), Arc::new(place));
        }
        recipient.place = places.get(&named.key).cloned();
    }
    Ok(())
}

fn used_up(named: &Arc<Named>, most: u64) -> Refusal {
    Refusal {
        named: Some(Arc::clone(named)),
        rule: Some(Rule::Ended(Ended::UsedUp(most))),
        ..Reply::no_such_alias().into()
    }
}

fn failed(error: StoreError) -> Refusal {
    tracing::error!(%error, "cannot tell how many messages an alias took");
    Reply::store_failed().into()
}
