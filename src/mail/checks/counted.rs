//! What a message takes of what its aliases have: messages that they take in all, and in a time.

use crate::{
    alias::{Ended, Named, Rule},
    mail::{
        alias_use::{NoPlace, Place},
        parts::Parts,
        rates::TakenLimits,
        recipient::Recipient,
        refusal::Refusal,
    },
    reply::Reply,
    store::StoreError,
    time::UnixTime,
};
use std::{net::IpAddr, sync::Arc};

/// What a message has taken. Dropped, it is given back: only what is accepted counts.
#[derive(Debug, Default)]
pub(crate) struct Counted {
    limits: Option<TakenLimits>,
    /// Of an alias that takes so many in all.
    places: Vec<(Place, u64)>,
}

impl Counted {
    /// Counts a message of `client` to these recipients.
    ///
    /// # Errors
    /// What refuses it, or puts it off; nothing is counted then.
    pub(crate) async fn of(
        parts: &Parts,
        client: Option<IpAddr>,
        recipients: &[Recipient],
    ) -> Result<Self, Refusal> {
        let mut places: Vec<(Place, u64)> = Vec::new();
        for named in recipients.iter().filter_map(|recipient| recipient.named.as_ref()) {
            let is_there = places.iter().any(|(place, _)| *place.alias() == named.key);
            if let Some(most) = named.rules.max_messages.filter(|_| !is_there) {
                places.push((place(parts, named, most).await?, most));
            }
        }
        let limits = parts.rates.take_recipients(client, recipients)?;
        Ok(Self { limits: Some(limits), places })
    }

    /// The message was accepted. Where it is the last one of an alias, that is written down before anybody hears of it: others
    /// may lead to that alias, and go by what is written.
    pub(crate) async fn spend(self, parts: &Parts, now: UnixTime) {
        let mut is_last = false;
        for (place, most) in self.places {
            let alias = place.alias().clone();
            place.spend(now);
            is_last |= parts.alias_uses.is_used_up(&alias, most);
        }
        if let Some(limits) = self.limits {
            limits.spend();
        }
        if is_last {
            parts.alias_uses.keep(&parts.store).await;
        }
    }
}

/// Refuses a recipient whose alias has taken its last message. The aliases themselves know that a moment later, as it is
/// written down.
///
/// # Errors
/// The refusal.
pub(crate) async fn refuse_used_up(parts: &Parts, recipient: &Recipient) -> Result<(), Refusal> {
    let Some(named) = &recipient.named else { return Ok(()) };
    let Some(most) = named.rules.max_messages else { return Ok(()) };
    match parts.alias_uses.taken(&parts.store, &named.key).await {
        Ok(taken) if taken >= most => Err(used_up(named, most)),
        Ok(_) => Ok(()),
        Err(error) => Err(failed(&error)),
    }
}

/// A place among the messages that an alias takes, `most` in all.
async fn place(parts: &Parts, named: &Arc<Named>, most: u64) -> Result<Place, Refusal> {
    match parts.alias_uses.reserve(&parts.store, &named.key, most).await {
        Ok(Ok(place)) => Ok(place),
        Ok(Err(NoPlace::Held)) => Err(Reply::last_messages_under_way().into()),
        Ok(Err(NoPlace::UsedUp)) => Err(used_up(named, most)),
        Err(error) => Err(failed(&error)),
    }
}

fn used_up(named: &Arc<Named>, most: u64) -> Refusal {
    Refusal {
        named: Some(Arc::clone(named)),
        rule: Some(Box::new(Rule::Ended(Ended::UsedUp(most)))),
        ..Reply::no_such_alias().into()
    }
}

fn failed(error: &StoreError) -> Refusal {
    tracing::error!(%error, "cannot tell how many messages an alias took");
    Reply::store_failed().into()
}
