//! What comes of the mail to aliases is counted here, and aliases are made of addresses by their first mail.

use super::{
    alias_use::Place, made, parts::Parts, recipient::Recipient, record::Conclusion,
    returned::Refusal,
};
use crate::{
    address::Mailbox,
    alias::{Ended, Key, Named, Reason, Rule},
    reply::{Class, Reply, Status},
    store::journal::Outcome,
    time::UnixTime,
};
use std::{collections::HashMap, sync::Arc};

/// The aliases that a message is for: each once, whatever the number of recipients.
#[derive(Debug)]
pub(super) struct Counted(HashMap<Key, (Arc<Named>, Option<Arc<Place>>)>);

impl Counted {
    pub(super) fn of(recipients: &[Recipient]) -> Self {
        let named = recipients.iter().filter_map(|recipient| {
            let named = recipient.named.as_ref()?;
            Some((named.key.clone(), (Arc::clone(named), recipient.place.clone())))
        });
        Self(named.collect())
    }

    /// Counts what came of the message from `sender`, and notes which aliases it made. `rule` is that by which it was not
    /// taken.
    pub(super) async fn conclude(
        self,
        parts: &Parts,
        sender: Option<&Mailbox>,
        conclusion: &mut Conclusion,
        rule: Option<&Rule>,
        now: UnixTime,
    ) {
        let is_taken = matches!(
            conclusion.outcome,
            Outcome::Forwarded | Outcome::Partial | Outcome::Spooled | Outcome::Discarded
        );
        let reason = reason_of(&conclusion.reply, rule).map(|reason| match reason {
            Reason::Other if !conclusion.attempts.is_empty() => Reason::Destination,
            Reason::Other if conclusion.filter.is_some() => Reason::Spam,
            reason => reason,
        });
        for (key, (named, place)) in self.0 {
            match (is_taken, place) {
                (true, Some(place)) => place.spend(now),
                (true, None) => {
                    if named.is_new {
                        conclusion.notes.extend(made::make(parts, &named, sender, now).await);
                    }
                    parts.alias_uses.count_taken(&key, now);
                }
                (false, _) => {
                    if let Some(reason) = reason.filter(|_| !named.is_new) {
                        parts.alias_uses.count_refused(&key, reason);
                    }
                }
            }
        }
    }

    /// Counts a message of `sender` that was taken; gives notes on the aliases that it made.
    pub(super) async fn taken(
        self,
        parts: &Parts,
        sender: Option<&Mailbox>,
        now: UnixTime,
    ) -> Vec<String> {
        let mut notes = Vec::new();
        for (key, (named, place)) in self.0 {
            if named.is_new {
                notes.extend(made::make(parts, &named, sender, now).await);
            }
            match place {
                Some(place) => place.spend(now),
                None => parts.alias_uses.count_taken(&key, now),
            }
        }
        notes
    }
}

/// Counts a recipient that is refused, where an alias is there.
pub(super) fn count_refused(parts: &Parts, refusal: &Refusal) {
    let reason = reason_of(&refusal.reply, refusal.rule.as_ref());
    if let (Some(named), Some(reason)) = (&refusal.named, reason)
        && !named.is_new
    {
        let reason = match reason {
            _ if refusal.is_verdict => Reason::Destination,
            Reason::Other => Reason::Alias,
            reason => reason,
        };
        parts.alias_uses.count_refused(&named.key, reason);
    }
}

/// Why `reply` refuses; `None` for one after which the client comes again, but for the alias's own limit.
fn reason_of(reply: &Reply, rule: Option<&Rule>) -> Option<Reason> {
    match rule {
        Some(Rule::Blocked(_)) => return Some(Reason::Block),
        Some(Rule::Limit(_)) => return Some(Reason::Limit),
        Some(Rule::Ended(Ended::Disabled)) => return Some(Reason::Disabled),
        Some(Rule::Ended(Ended::Expired(_))) => return Some(Reason::Expired),
        Some(Rule::Ended(Ended::UsedUp(_))) => return Some(Reason::UsedUp),
        None => {}
    }
    if reply.class() != Class::Permanent {
        return None;
    }
    let of_authentication = [Reply::dmarc_failed(), Reply::own_from_unreadable()];
    Some(match reply.status() {
        _ if reply.tells_listing() => Reason::List,
        _ if *reply == Reply::filter_finds_spam() => Reason::Spam,
        Some(Status(5, 7, 20 | 23 | 24 | 26)) => Reason::Authentication,
        _ if of_authentication.contains(reply) => Reason::Authentication,
        _ => Reason::Other,
    })
}
