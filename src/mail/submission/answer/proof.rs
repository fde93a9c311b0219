//! Whether whoever sends an answer is a mailbox of the alias.

use crate::{
    address::{Domain, Mailbox, ReversePath},
    mail::{
        checks,
        parts::Parts,
        recipient::{Answered, Recipient},
        sender::Sender,
    },
    message::{Authors, Header, addressees, is_signed_as_answer, submitted::is_exact},
    reply::Reply,
    time::UnixTime,
    verdict::{Dmarc, DmarcResult, Findings, Proof, is_one_owner},
};
use std::collections::HashSet;

/// Who sends an answer.
pub(crate) struct Proven {
    /// The mailbox.
    pub(crate) mailbox: Mailbox,
    /// Its own server brings the message. Else a signature shows whose it is: whoever got a copy can bring it, too.
    pub(crate) is_live: bool,
}

/// Whose `message` to `recipients`, addresses of answers of one alias, is: the mailbox; and what is found of who sent it.
///
/// Nobody learns by trying which mailbox it is: DMARC is asked first, whoever the author claims to be, and whoever is not
/// proven to be the mailbox is told the same.
///
/// # Errors
/// The reply that refuses the answer.
pub(crate) async fn judge(
    parts: &Parts,
    sender: &Sender,
    message: &[u8],
    now: UnixTime,
    recipients: &[Recipient],
) -> (Findings, Result<Proven, Reply>) {
    let findings = checks::proof(parts, sender, message, now).await.findings;
    let judged = judge_by(parts, sender, message, &findings, recipients).await;
    (findings, judged)
}

async fn judge_by(
    parts: &Parts,
    sender: &Sender,
    message: &[u8],
    findings: &Findings,
    recipients: &[Recipient],
) -> Result<Proven, Reply> {
    if *sender.reverse_path() == ReversePath::Null {
        return Err(Reply::answer_is_no_bounce());
    }
    let header = Header::scan(message);
    let author = only_author(&header).ok_or_else(Reply::answer_not_proven)?;
    let (proof, is_live) = proof(parts, sender, findings, &header, author.domain()).await;
    // What was not asked any more is not to be told from what is not there.
    if proof != Proof::Proven
        && let Some(reply) = sender.over_budget()
    {
        return Err(reply);
    }
    let may = |answered: &Answered| answered.mailboxes.iter().any(|one| is_same(one, &author));
    let may = recipients.iter().all(|to| to.answered.as_deref().is_some_and(may));
    match proof {
        Proof::Unanswered => return Err(Reply::auth_unanswered()),
        Proof::Proven if may => {}
        Proof::Proven | Proof::Unproven => return Err(Reply::answer_not_proven()),
    }
    // A message that the mailbox sent to somebody else is none to be sent on to whomever he likes; and whoever tries is not
    // told that the mailbox was the right one.
    let is_alone = ["To", "Cc"].iter().all(|name| header.named(name).nth(1).is_none());
    let named: HashSet<String> = addressees(&header).iter().map(Mailbox::to_key).collect();
    match is_alone && recipients.iter().all(|to| named.contains(&to.key())) {
        true => Ok(Proven { mailbox: author, is_live }),
        false => Err(Reply::answer_not_proven()),
    }
}

/// The one author that everybody sees.
fn only_author(header: &Header<'_>) -> Option<Mailbox> {
    let from = Authors::read(header).ok()?;
    match (from.mailboxes(), from.domains()) {
        ([author], [_]) if is_exact(author) => Some(author.clone()),
        _ => None,
    }
}

/// By a policy of the domain alone, and by what nobody else has: not by SPF of a record that passes everybody, nor by a
/// signature that leaves the end of the body, or a field that an answer has something of, to whoever likes.
async fn proof(
    parts: &Parts,
    sender: &Sender,
    findings: &Findings,
    header: &Header<'_>,
    domain: &Domain,
) -> (Proof, bool) {
    let is_it = |author: &&Dmarc| author.domain.eq_ignore_ascii_case(domain.as_str());
    let Some(author) = findings.authors.iter().find(is_it) else {
        return (Proof::Unproven, false);
    };
    match author.result {
        DmarcResult::Pass { .. } => {
            let is_own = |signer: &str| is_one_owner(&author.domain, signer);
            let by_signature = match is_signed_as_answer(header, is_own) {
                true => findings.proof_by_signature(&author.domain),
                false => Proof::Unproven,
            };
            let by_path = match findings.is_aligned_with_path(&author.domain) {
                true => sender.proof(parts).await,
                false => Proof::Unproven,
            };
            (by_path.max(by_signature), by_path == Proof::Proven)
        }
        DmarcResult::TempError => (Proof::Unanswered, false),
        DmarcResult::None | DmarcResult::Fail | DmarcResult::PermError => (Proof::Unproven, false),
    }
}

/// Whether `author` is the destination `mailbox`, or that without the `+tag` that it gets the alias's mail by.
fn is_same(mailbox: &Mailbox, author: &Mailbox) -> bool {
    let key = author.to_key();
    mailbox.to_key() == key || untagged(mailbox) == Some(key)
}

pub(super) fn untagged(mailbox: &Mailbox) -> Option<String> {
    let local = mailbox.local().to_key();
    let (local, _) = local.split_once('+').filter(|(local, _)| !local.is_empty())?;
    Some(format!("{local}@{}", mailbox.domain().to_key()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_author_is_the_mailbox_or_not() {
        for (mailbox, author, is) in [
            ("jo@home.test", "Jo@HOME.test", true),
            ("jo+alias@home.test", "jo@home.test", true),
            ("jo+alias@home.test", "jo+alias@home.test", true),
            ("jo@home.test", "jo+alias@home.test", false),
            ("jo+a@home.test", "jo+b@home.test", false),
            ("jo@home.test", "jo@mail.home.test", false),
            ("+a@home.test", "a@home.test", false),
        ] {
            let parse = |text| Mailbox::parse(text).unwrap();
            assert_eq!(is_same(&parse(mailbox), &parse(author)), is, "{mailbox} {author}");
        }
    }

    #[test]
    fn one_author_whom_everybody_sees() {
        for (from, is) in [
            ("jo@home.test", true),
            ("Jo Doe <jo@home.test>", true),
            ("jo@home.test, bob@home.test", false),
            ("jo@home.test\r\nFrom: jo@home.test", false),
            ("team: jo@home.test;", false),
            ("<@evil.test:jo@home.test>", false),
            ("ceo@evil.test <jo@home.test>", false),
            ("\u{212a}im@home.test", false),
            ("", false),
        ] {
            let message = format!("From: {from}\r\n\r\n");
            let author = only_author(&Header::scan(message.as_bytes()));
            assert_eq!(author.is_some(), is, "{from}");
        }
    }
}
