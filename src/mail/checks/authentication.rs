//! Who sent a message, and what the destination will conclude from that.

use super::{Report, Subject, returns};
use crate::{
    address::{Mailbox, ReversePath},
    auth::{self, Checked, Incoming, SenderSpf},
    mail::{parts::Parts, sender::Sender},
    message::{Authors, Header},
    time::UnixTime,
    verdict::{Action, AuthPolicy, Check, Class, Findings, SpfOnly},
};
use std::{fmt::Write, time::Duration};
use tokio::time::{Instant, timeout_at};

/// The share of `delivery.budget` that checks may take.
const SHARE: u32 = 3;
/// Longest time for them: SPF is given up then.
const LONGEST: Duration = Duration::from_secs(20);

/// Nothing but signatures, which are asked for only to know where a bounce would go.
const SIGNATURES: AuthPolicy = AuthPolicy {
    spf: Check::Off,
    dkim: Check::Mark,
    dmarc: Check::Off,
    spf_only: SpfOnly::Pass,
    refuse_quarantine: false,
    refuse_unauthenticated: false,
};

/// Whatever the configuration says: what must be known lest we speak for somebody who does not.
const PROOF: AuthPolicy = AuthPolicy { dmarc: Check::Mark, ..SIGNATURES };

/// Finds out who sent the message of `report`, and what is to be done about it.
pub(super) async fn check(parts: &Parts, subject: &Subject<'_>, report: &mut Report) {
    let auth = &parts.config.auth;
    let message = Read {
        octets: &report.message,
        header: &Header::scan(&report.message),
        authors: report.authors.as_ref(),
    };
    let checked = ask(parts, subject.sender, message, subject.now, &auth.policy).await;
    let findings = &checked.findings;
    report.conclusion = conclusion(findings, auth.policy.dmarc);
    let are_open = subject.recipients.iter().all(|to| to.is_open(auth));
    match auth.policy.decide(findings, are_open) {
        action if returns::is_bounce(subject) => {
            if let Action::Refuse(reply) = action {
                report.take(returns::marked(reply.into()));
            }
        }
        Action::Refuse(reply) => report.objection = Some(reply),
        Action::Munge => report.is_munged = true,
        Action::Forward => {}
    }
    report.authentication = Some(checked);
}

/// A message, and what is read of it.
struct Read<'a> {
    octets: &'a [u8],
    header: &'a Header<'a>,
    authors: Option<&'a Authors>,
}

/// As [`ask`], of a message that is to be read.
async fn read_and_ask(
    parts: &Parts,
    sender: &Sender,
    message: &[u8],
    now: UnixTime,
    policy: &AuthPolicy,
) -> Checked {
    let header = Header::scan(message);
    let authors = Authors::read(&header).ok();
    let message = Read { octets: message, header: &header, authors: authors.as_ref() };
    ask(parts, sender, message, now, policy).await
}

async fn ask(
    parts: &Parts,
    sender: &Sender,
    message: Read<'_>,
    now: UnixTime,
    policy: &AuthPolicy,
) -> Checked {
    let time = LONGEST.min(parts.config.delivery.budget / SHARE);
    let hostname = parts.config.hostname.as_str();
    let deadline = Instant::now() + time;
    let turn = timeout_at(deadline, sender.turn(parts)).await;
    let resolver = match &turn {
        Ok(_) => sender.resolver(parts),
        // As if DNS did not answer: nobody is asked any more.
        Err(_) => parts.outbound.resolver().asking_nobody(),
    };
    let spf = async {
        let (reverse_path, helo) = tokio::join!(sender.spf(parts), sender.spf_of_helo(parts));
        SenderSpf { reverse_path, helo }
    };
    let incoming = Incoming {
        ip: sender.ip(),
        helo: sender.helo(),
        reverse_path: sender.reverse_path(),
        header: message.header,
        authors: message.authors,
        message: message.octets,
        now,
    };
    auth::check(&resolver, incoming, spf, policy, hostname, deadline).await
}

/// Who sent `message`, DMARC included, whatever the configuration says.
pub(crate) async fn proof(
    parts: &Parts,
    sender: &Sender,
    message: &[u8],
    now: UnixTime,
) -> Checked {
    read_and_ask(parts, sender, message, now, &PROOF).await
}

/// What is found of `message` with DMARC, or without it, whatever the configuration says.
pub(crate) async fn findings(
    parts: &Parts,
    sender: &Sender,
    message: &[u8],
    now: UnixTime,
    with_dmarc: bool,
) -> Findings {
    let policy = if with_dmarc { &PROOF } else { &SIGNATURES };
    read_and_ask(parts, sender, message, now, policy).await.findings
}

/// True when `message` shows by itself that the reverse-path is that of whoever wrote it: its author is the
/// reverse-path, and a signature of the author's domain verifies. Who replays it under another reverse-path,
/// though one of that domain, shows nothing. `checked`: what was found already; what was let in unchecked is
/// looked at now.
pub(crate) async fn is_signed_by_sender(
    parts: &Parts,
    sender: &Sender,
    message: &[u8],
    now: UnixTime,
    checked: Option<&Checked>,
) -> bool {
    let ReversePath::Mailbox(mailbox) = sender.reverse_path() else { return false };
    if !author(&Header::scan(message)).is_some_and(|author| is_same(&author, mailbox)) {
        return false;
    }
    let domain = mailbox.domain().to_string();
    match checked {
        Some(checked) => checked.findings.has_signature_for(&domain),
        None => findings(parts, sender, message, now, false).await.has_signature_for(&domain),
    }
}

/// The address of the one author that From names; `None` where there are several, or none.
fn author(header: &Header<'_>) -> Option<Mailbox> {
    match Authors::read(header).ok()?.mailboxes() {
        [author] => Some(author.clone()),
        _ => None,
    }
}

/// Local parts that differ in the case of ASCII letters only are one mailbox (RFC 5321 §2.4 has no use for
/// others), and senders often write the two in different case.
fn is_same(one: &Mailbox, other: &Mailbox) -> bool {
    one.domain() == other.domain()
        && one.local().as_str().eq_ignore_ascii_case(other.local().as_str())
}

/// Octets that most conclusions have.
const CONCLUSION: usize = 128;

/// What is found, and what comes of it with DMARC: for the journal.
fn conclusion(findings: &Findings, dmarc: Check) -> String {
    let mut text = String::with_capacity(CONCLUSION);
    // Writing to a String cannot fail.
    let _ = write!(text, "{findings}");
    if dmarc != Check::Off {
        let _ = write!(text, "; class {}", Class::of(&findings.dmarc));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_author_and_the_reverse_path_are_the_same_or_not() {
        for (from, path, is) in [
            ("alice@big.test", "alice@big.test", true),
            ("\"Alice\" <Alice@BIG.test>", "alice@big.test", true),
            ("Alice <\"alice\"@big.test> (work)", "alice@big.test", true),
            ("alice@big.test", "bob@big.test", false),
            ("alice@big.test", "alice+x@big.test", false),
            ("alice@big.test", "alice@bounces.big.test", false),
            ("alice@big.test, bob@big.test", "alice@big.test", false),
            ("\u{212a}evin@big.test", "kevin@big.test", false),
            ("team: alice@big.test;", "alice@big.test", false),
            ("alice@big.test\r\nFrom: bob@big.test", "alice@big.test", false),
            ("\"alice@big.test\" <bob@big.test>", "alice@big.test", false),
            ("", "alice@big.test", false),
        ] {
            let message = format!("Subject: x\r\nFrom: {from}\r\n\r\n");
            let path = Mailbox::parse(path).unwrap();
            let author = author(&Header::scan(message.as_bytes()));
            assert_eq!(author.is_some_and(|author| is_same(&author, &path)), is, "{from} {path}");
        }
    }
}
