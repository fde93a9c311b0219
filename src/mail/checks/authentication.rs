//! Who sent a message, and what the destination will conclude from that.

use super::{Report, Subject, returns};
use crate::{
    address::{ForwardPath, ReversePath},
    auth::{self, Checked, Incoming, SenderSpf},
    mail::{parts::Parts, recipient::Recipient, sender::Sender},
    message::Header,
    time::UnixTime,
    verdict::{Action, AuthPolicy, Check, Class, SpfOnly},
};
use std::time::Duration;
use tokio::time::Instant;

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

/// Finds out who sent the message of `report`, and what is to be done about it.
pub(super) async fn check(parts: &Parts, subject: &Subject<'_>, report: &mut Report) {
    let auth = &parts.config.auth;
    let checked = ask(parts, subject.sender, &report.message, subject.now, &auth.policy).await;
    let findings = &checked.findings;
    report.conclusion = match auth.policy.dmarc {
        Check::Off => findings.to_string(),
        _ => format!("{findings}; class {}", Class::of(&findings.dmarc)),
    };
    let is_open = |to: &Recipient| match &to.path {
        ForwardPath::Mailbox(mailbox) => auth.is_open(mailbox),
        ForwardPath::Postmaster => false,
    };
    match auth.policy.decide(findings, subject.recipients.iter().all(is_open)) {
        action if returns::is_bounce(subject) => {
            if let Action::Refuse(reply) = action {
                report.take(returns::marked(reply.into()));
            }
        }
        Action::Refuse(reply) => report.objection = Some(reply),
        Action::Munge => {
            report.conclusion.push_str(", munged");
            report.is_munged = true;
        }
        Action::Forward => {}
    }
    report.authentication = Some(checked);
}

async fn ask(
    parts: &Parts,
    sender: &Sender,
    message: &[u8],
    now: UnixTime,
    policy: &AuthPolicy,
) -> Checked {
    let time = LONGEST.min(parts.config.delivery.budget / SHARE);
    let (resolver, hostname) = (parts.outbound.resolver(), parts.config.hostname.as_str());
    let spf = async {
        let (reverse_path, helo) = tokio::join!(sender.spf(parts), sender.spf_of_helo(parts));
        SenderSpf { reverse_path, helo }
    };
    let incoming = Incoming {
        ip: sender.ip(),
        helo: sender.helo(),
        reverse_path: sender.reverse_path(),
        header: &Header::scan(message),
        message,
        now,
    };
    auth::check(resolver, incoming, spf, policy, hostname, Instant::now() + time).await
}

/// True when a signature of `message` is that of the reverse-path's domain. `checked`: what was found
/// already; what was let in unchecked is looked at now.
pub(crate) async fn is_signed_by_sender(
    parts: &Parts,
    sender: &Sender,
    message: &[u8],
    now: UnixTime,
    checked: Option<&Checked>,
) -> bool {
    let ReversePath::Mailbox(mailbox) = sender.reverse_path() else { return false };
    let domain = mailbox.domain().to_string();
    match checked {
        Some(checked) => checked.findings.has_signature_for(&domain),
        None => {
            let checked = ask(parts, sender, message, now, &SIGNATURES).await;
            checked.findings.has_signature_for(&domain)
        }
    }
}
