//! Whether an alias, its domain or the whole site blocks who sends: [`Judge`] with what is known of a recipient.

use super::{aliases::is_role, parts::Parts, recipient::Recipient, refusal::Refusal};
use crate::{
    address::{Domain, ForwardPath, Mailbox, ReversePath},
    alias::{Blocked, Blocks, Judge, Passed, Rule, SenderPattern},
    message::{Authors, Header},
    reply::Reply,
    store::Standing,
};
use std::sync::Arc;

/// Senders that an alias names.
type Patterns = Vec<SenderPattern>;

/// Refuses a recipient that mail from `reverse_path` does not get to, whoever wrote it. Of its destinations those behind
/// aliases of other domains that block it are left out: by no detour it gets to whom it would not get directly.
///
/// # Errors
/// The refusal, with the block.
pub(crate) fn refuse_recipient(
    parts: &Parts,
    recipient: &mut Recipient,
    reverse_path: &ReversePath,
) -> Result<(), Refusal> {
    let standing = standing(parts);
    let blocks = &standing.blocks;
    let sender = reverse_path.mailbox();
    let blocked = judge(recipient, blocks).and_then(|judge| judge.recipient(sender));
    let rule = blocked
        .map(Rule::Blocked)
        .or_else(|| leave_out(recipient, blocks, |judge| judge.recipient(sender).is_some()));
    match rule {
        Some(rule) => Err(Refusal {
            named: recipient.named.clone(),
            rule: Some(Box::new(rule)),
            ..Reply::sender_blocked().into()
        }),
        None => Ok(()),
    }
}

/// The same by the author, when the message is there: the rule, where one of `recipients` has no destination left. All of a
/// transaction have the same to say ([`differ`]).
pub(crate) fn leave_out_by_author(
    parts: &Parts,
    recipients: &mut [Recipient],
    reverse_path: &ReversePath,
    message: &[u8],
) -> Option<Rule> {
    if recipients.iter().all(|recipient| recipient.passed.is_empty()) {
        return None;
    }
    let standing = standing(parts);
    let authors = Authors::read(&Header::scan(message));
    let authors = authors.as_ref().map_or(&[][..], Authors::mailboxes);
    let is_blocked = |judge: &Judge<'_, _>| {
        judge.waits_for_author() && judge.message(reverse_path.mailbox(), authors).is_some()
    };
    recipients.iter_mut().find_map(|to| leave_out(to, &standing.blocks, is_blocked))
}

/// Leaves out the destinations behind aliases that block; gives the rule, where none is left.
fn leave_out<B: Blocks>(
    recipient: &mut Recipient,
    blocks: &B,
    is_blocked: impl Fn(&Judge<'_, B>) -> bool,
) -> Option<Rule> {
    let blocking = |passed: &&Passed| is_blocked(&judge_behind(passed, blocks));
    let closed: Vec<Passed> = recipient.passed.iter().filter(blocking).cloned().collect();
    if closed.is_empty() || recipient.is_srs_return() || recipient.answered.is_some() {
        return None;
    }
    let is_behind = |mailbox: &Mailbox| closed.iter().any(|it| it.mailboxes.contains(mailbox));
    recipient.destinations.retain(|to| !is_behind(&to.mailbox));
    let lost = closed.iter().map(|it| format!("{}: {}", it.address, Reply::sender_blocked()));
    recipient.lost.extend(lost);
    recipient.destinations.is_empty().then_some(Rule::BlockedBehind)
}

/// Who judges senders to an alias that mail comes to through another one.
fn judge_behind<'a, B: Blocks>(passed: &'a Passed, blocks: &'a B) -> Judge<'a, B> {
    let address = &passed.address;
    let domain = (!is_role(address.local())).then(|| address.domain());
    Judge { rules: &passed.named.rules, domain, blocks }
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
    let behind = [one, other].map(|recipient| {
        let judges = recipient.passed.iter().map(|passed| judge_behind(passed, blocks));
        judges.filter(Judge::waits_for_author).map(|judge| says(&judge)).collect::<Vec<_>>()
    });
    let [one, other] = [one, other].map(|recipient| {
        let judge = judge(recipient, blocks).filter(Judge::waits_for_author)?;
        Some(says(&judge))
    });
    if one != other {
        return true;
    }
    let [one, other] = behind;
    one != other
}

/// All that a judge goes by.
fn says<'a, B: Blocks>(judge: &Judge<'a, B>) -> (&'a Patterns, &'a Patterns, Option<String>) {
    // What others block is the same for all of a domain.
    let domain = judge.domain.filter(|domain| judge.blocks.any_for(domain));
    (&judge.rules.allow, &judge.rules.block, domain.map(Domain::to_key))
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
