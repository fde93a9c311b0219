//! Whether an alias, its domain or the whole site blocks who sends: [`Judge`] with what is known of a recipient.

use super::{aliases::is_role, parts::Parts, recipient::Recipient, refusal::Refusal};
use crate::{
    address::{ForwardPath, ReversePath},
    alias::{Blocked, Blocks, Judge, Rule},
    message::{Authors, Header},
    reply::Reply,
    store::Standing,
};
use std::sync::Arc;

/// Refuses a recipient that mail from `reverse_path` does not get to, whoever wrote it.
///
/// # Errors
/// The refusal, with the block.
pub(crate) fn refuse_recipient(
    parts: &Parts,
    recipient: &Recipient,
    reverse_path: &ReversePath,
) -> Result<(), Refusal> {
    let standing = standing(parts);
    let blocks = &standing.blocks;
    let judge = judge(recipient, blocks);
    match judge.and_then(|judge| judge.recipient(reverse_path.mailbox())) {
        Some(blocked) => Err(Refusal {
            named: recipient.named.clone(),
            rule: Some(Box::new(Rule::Blocked(blocked))),
            ..Reply::sender_blocked().into()
        }),
        None => Ok(()),
    }
}

/// The block by which one of `recipients` does not take a message for its author. All of a transaction have the same to
/// say ([`differ`]).
pub(crate) fn author_blocked(
    parts: &Parts,
    recipients: &[Recipient],
    reverse_path: &ReversePath,
    message: &[u8],
) -> Option<Blocked> {
    let standing = standing(parts);
    let blocks = &standing.blocks;
    let judges = recipients.iter().filter_map(|recipient| judge(recipient, blocks));
    let waiting: Vec<_> = judges.filter(Judge::waits_for_author).collect();
    if waiting.is_empty() {
        return None;
    }
    let authors = Authors::read(&Header::scan(message));
    let authors = authors.as_ref().map_or(&[][..], Authors::mailboxes);
    waiting.iter().find_map(|judge| judge.message(reverse_path.mailbox(), authors))
}

/// By what the sender, or an author, is let in, where blocks are asked.
pub(crate) fn let_in(
    parts: &Parts,
    recipient: &Recipient,
    reverse_path: &ReversePath,
    message: &[u8],
) -> Option<String> {
    let standing = standing(parts);
    let blocks = &standing.blocks;
    judge(recipient, blocks).filter(Judge::waits_for_author)?;
    let authors = Authors::read(&Header::scan(message));
    let authors = authors.as_ref().map_or(&[][..], Authors::mailboxes);
    let of_path = reverse_path.mailbox().map(|sender| (sender, "as it is from"));
    let mut named = of_path.into_iter().chain(authors.iter().map(|author| (author, "as From is")));
    named.find_map(|(sender, how)| {
        let pattern = recipient.rules().allowed_by(sender)?;
        Some(format!("let in by the alias's allow {pattern}, {how} {sender}"))
    })
}

/// Whether an author could mean two things for the recipients of one transaction, which has one reply for all.
pub(crate) fn differ(parts: &Parts, one: &Recipient, other: &Recipient) -> bool {
    let standing = standing(parts);
    let blocks = &standing.blocks;
    let [one, other] = [one, other].map(|recipient| {
        let judge = judge(recipient, blocks).filter(Judge::waits_for_author)?;
        // What others block is the same for all of a domain.
        let domain = judge.domain.filter(|domain| blocks.any_for(domain));
        Some((&judge.rules.allow, &judge.rules.block, domain.map(|domain| domain.to_key())))
    });
    one != other
}

/// Who judges senders to `recipient`; nobody where no alias is written to, as by what returns.
fn judge<'a, B: Blocks>(recipient: &'a Recipient, blocks: &'a B) -> Option<Judge<'a, B>> {
    let ForwardPath::Mailbox(mailbox) = &recipient.path else { return None };
    if recipient.is_srs_return() || recipient.answered.is_some() {
        return None;
    }
    // Whoever is blocked wrongly can say so there (RFC 5321 §4.5.1).
    let domain = (!is_role(mailbox.local())).then(|| mailbox.domain());
    Some(Judge { rules: recipient.rules(), domain, blocks })
}

/// What is blocked for whole domains, and for all of them, as it is now.
fn standing(parts: &Parts) -> Arc<Standing> {
    parts.store.standing()
}
