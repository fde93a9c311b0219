//! What comes of the mail to aliases is counted here, and aliases are made of addresses by their first mail.

use super::{made, parts::Parts, recipient::Recipient, record::Conclusion, refusal::Refusal};
use crate::{
    address::Mailbox,
    alias::{Ended, Named, Reason, Rule},
    digest,
    reply::{Class, Reply, Status},
    store::journal::Outcome,
    time::UnixTime,
};
use std::sync::Arc;

/// The aliases that a message is for: each once, whatever the number of recipients.
#[derive(Debug)]
pub(super) struct Addressed(Vec<Arc<Named>>);

impl Addressed {
    pub(super) fn of(recipients: &[Recipient]) -> Self {
        let named = recipients.iter().filter_map(|recipient| recipient.named.clone());
        let mut named: Vec<Arc<Named>> = named.collect();
        named.sort_by(|one, other| one.key.cmp(&other.key));
        named.dedup_by(|one, other| one.key == other.key);
        Self(named)
    }

    /// Counts what came of the message from `sender`, and notes which aliases it made. A message that took a place of its
    /// alias is counted by that.
    pub(super) async fn conclude(
        self,
        parts: &Parts,
        sender: Option<&Mailbox>,
        conclusion: &mut Conclusion,
        now: UnixTime,
    ) {
        let is_taken = matches!(
            conclusion.outcome,
            Outcome::Forwarded | Outcome::Partial | Outcome::Spooled | Outcome::Discarded
        );
        let rule = conclusion.rule.as_ref();
        let reason = reason_of(&conclusion.reply, rule).map(|reason| match reason {
            Reason::Other if !conclusion.attempts.is_empty() => Reason::Destination,
            Reason::Other if conclusion.filter.is_some() => Reason::Spam,
            reason => reason,
        });
        if is_taken {
            conclusion.notes.extend(self.taken(parts, sender, now).await);
            return;
        }
        let Some(reason) = reason else { return };
        for named in self.0.into_iter().filter(|named| !named.is_new) {
            parts.alias_uses.count_refused(&named.key, reason, now);
            let by_destination = reason == Reason::Destination;
            tell(parts, &named, sender, (&conclusion.reply, rule), by_destination);
        }
    }

    /// Counts a message from `sender` that was taken; gives notes on the aliases that it made.
    pub(super) async fn taken(
        self,
        parts: &Parts,
        sender: Option<&Mailbox>,
        now: UnixTime,
    ) -> Vec<String> {
        let mut notes = Vec::new();
        for named in self.0 {
            if named.is_new {
                notes.extend(made::make(parts, &named, sender, now).await);
            }
            if named.rules.max_messages.is_none() {
                parts.alias_uses.count_taken(&named.key, now);
            }
        }
        notes
    }
}

/// Tells of a message of `sender` to an alias that was refused, whoever wants to hear of it.
fn tell(
    parts: &Parts,
    named: &Named,
    sender: Option<&Mailbox>,
    (reply, rule): (&Reply, Option<&Rule>),
    by_destination: bool,
) {
    if parts.hook.is_none() {
        return;
    }
    let words = match rule {
        Some(rule) => rule.to_string(),
        None => format!(
            "refused, because {}",
            digest::reason(&reply.to_string(), None, by_destination).why
        ),
    };
    let sender = sender.map_or_else(|| "<>".to_owned(), ToString::to_string);
    parts.events.refused(&named.address, &sender, &words);
}

/// Counts a recipient that is refused to `sender`, where an alias is there.
pub(super) fn count_refused(
    parts: &Parts,
    sender: Option<&Mailbox>,
    refusal: &Refusal,
    now: UnixTime,
) {
    let reason = reason_of(&refusal.reply, refusal.rule.as_deref());
    if let (Some(named), Some(reason)) = (&refusal.named, reason)
        && !named.is_new
    {
        let reason = match reason {
            _ if refusal.is_verdict => Reason::Destination,
            Reason::Other => Reason::Alias,
            reason => reason,
        };
        parts.alias_uses.count_refused(&named.key, reason, now);
        let why = (&refusal.reply, refusal.rule.as_deref());
        tell(parts, named, sender, why, refusal.is_verdict);
    }
}

/// Why `reply` refuses; `None` for one after which the client comes again, but for the alias's own limit.
fn reason_of(reply: &Reply, rule: Option<&Rule>) -> Option<Reason> {
    let ended = |ended: Ended| match ended {
        Ended::Disabled => Reason::Disabled,
        Ended::Expired(_) => Reason::Expired,
        Ended::UsedUp(_) => Reason::UsedUp,
    };
    match rule {
        Some(Rule::Blocked(_) | Rule::BlockedBehind) => return Some(Reason::Block),
        Some(Rule::Limit(_)) => return Some(Reason::Limit),
        Some(Rule::Ended(how)) => return Some(ended(*how)),
        Some(Rule::EndedBehind(behind)) => return Some(ended(behind.ended)),
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
