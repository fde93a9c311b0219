//! What a message must be to be forwarded, and in which forms it then is.

use super::{
    delivery::Message,
    dress::{Forms, Making},
    parts::Services,
    recipient::Recipient,
    record::Story,
    sender::Sender,
};
use crate::{
    address::{ForwardPath, ReversePath},
    auth::{self, Checked, Incoming, SenderSpf},
    dsn,
    inbound::Peer,
    message::{Header, LoopMarks, LoopToken, Received, prefix, without_own_results},
    reply::Reply,
    smtp::Transaction,
    verdict::{Action, Check, Class, Policy},
};
use bytes::Bytes;
use std::time::Duration;
use tokio::time::Instant;

/// The share of `delivery.budget` that checks may take.
const SHARE: u32 = 3;
/// Longest time for them: SPF is given up then.
const LONGEST: Duration = Duration::from_secs(20);

/// Nothing but signatures, which are asked for only to know where a bounce would go.
const SIGNATURES: Policy = Policy {
    spf: Check::Off,
    dkim: Check::Mark,
    dmarc: Check::Off,
    spf_only: crate::verdict::SpfOnly::Pass,
    refuse_quarantine: false,
    refuse_unauthenticated: false,
};

/// Refuses what must not be forwarded, finds out who sent it, and puts our fields before the rest.
pub(super) async fn accept(
    services: &Services,
    peer: &Peer,
    transaction: Transaction,
    recipients: &[Recipient],
    sender: &Sender,
    story: &mut Story,
) -> Result<Message, Reply> {
    let helo = transaction.author_helo().to_owned();
    let origin = transaction.origin.as_ref().and_then(|origin| origin.ip);
    let bytes = Bytes::from(transaction.message?);
    let header = Header::scan(&bytes);
    header.check()?;
    if header.named("Message-ID").next().is_none() {
        if services.config.auth.refuse_without_id {
            return Err(Reply::bad_header("Message has no Message-ID (RFC 5322 section 3.6.4)"));
        }
        story.note("it has no Message-ID");
    }
    if header.named("Received").count() > services.config.limits.received_hops {
        return Err(Reply::mail_loop());
    }
    let tokens = loop_tokens(services, &header, recipients)?;
    let hostname = services.config.hostname.as_str();
    let bytes = match without_own_results(&header, &bytes, hostname) {
        Some(kept) => Bytes::from(kept),
        None => bytes.clone(),
    };
    let header = Header::scan(&bytes);

    let policy = &services.config.auth.policy;
    let incoming = Incoming {
        ip: origin.or(peer.ip),
        helo: &helo,
        reverse_path: &transaction.envelope.reverse_path,
        header: &header,
        message: &bytes,
        now: story.arrived,
    };
    let checked = match policy.is_off() {
        true => None,
        false => Some(check(services, incoming, sender, policy).await),
    };
    let is_munged = match &checked {
        Some(checked) => judge(services, checked, recipients, story)?,
        None => false,
    };
    let received = Received {
        helo: &transaction.helo,
        client: &peer.to_string(),
        hostname,
        esmtp: transaction.esmtp,
        tls: transaction.tls.as_ref().map(ToString::to_string),
        smtputf8: transaction.envelope.parameters.smtputf8,
        id: story.id,
        forward_paths: &transaction.envelope.forward_paths,
        now: story.arrived,
    };
    let making = Making {
        id: &story.record.id,
        bytes: bytes.clone(),
        checked: checked.as_ref(),
        is_munged,
        trace: prefix(&received, &tokens),
        now: story.arrived,
    };
    let forms = Forms::make(services, &making, recipients).await?;
    let is_ascii = |to: &ForwardPath| match to {
        ForwardPath::Postmaster => true,
        ForwardPath::Mailbox(mailbox) => mailbox.local().is_ascii(),
    };
    let needs_utf8 =
        !header.bytes().is_ascii() || is_munged && !recipients.iter().all(|to| is_ascii(&to.path));
    Ok(Message {
        // Asked for and not used, SMTPUTF8 need not bar a destination that lacks it.
        smtputf8: transaction.envelope.parameters.smtputf8 && needs_utf8,
        eight_bit: !bytes.is_ascii(),
        wants_no_notice: dsn::is_unwanted(&header),
        is_signed: checked.map(|checked| is_signed(&checked, &transaction.envelope.reverse_path)),
        reverse_path: transaction.envelope.reverse_path,
        forms,
        bytes,
        now: story.arrived,
    })
}

/// One token for each recipient.
///
/// # Errors
/// When the message has one of them already: it has come round in a circle.
fn loop_tokens(
    services: &Services,
    header: &Header<'_>,
    recipients: &[Recipient],
) -> Result<Vec<LoopToken>, Reply> {
    let rewriter = services.rewriter();
    let marks = LoopMarks::of(header);
    let mut tokens = Vec::with_capacity(recipients.len());
    for recipient in recipients {
        let key = recipient.key();
        // Under retired secrets too: a mail may be on its way for days.
        let mut known =
            rewriter.keyring().digests(LoopToken::PURPOSE, &key).map(LoopToken::new).peekable();
        tokens.extend(known.peek().cloned());
        if known.any(|token| marks.contains(&token)) {
            return Err(Reply::mail_loop());
        }
    }
    Ok(tokens)
}

pub(crate) async fn check(
    services: &Services,
    incoming: Incoming<'_>,
    sender: &Sender,
    policy: &Policy,
) -> Checked {
    let time = LONGEST.min(services.config.delivery.budget / SHARE);
    let (resolver, hostname) = (services.outbound.resolver(), services.config.hostname.as_str());
    let spf = async {
        let (reverse_path, helo) = tokio::join!(sender.spf(services), sender.spf_of_helo(services));
        SenderSpf { reverse_path, helo }
    };
    auth::check(resolver, incoming, spf, policy, hostname, Instant::now() + time).await
}

/// True when the message must be munged.
///
/// # Errors
/// The reply when it must not be forwarded.
fn judge(
    services: &Services,
    checked: &Checked,
    recipients: &[Recipient],
    story: &mut Story,
) -> Result<bool, Reply> {
    let auth = &services.config.auth;
    let is_open = |to: &Recipient| match &to.path {
        ForwardPath::Mailbox(mailbox) => auth.is_open(mailbox),
        ForwardPath::Postmaster => false,
    };
    let findings = &checked.findings;
    let action = auth.policy.decide(findings, recipients.iter().all(is_open));
    story.record.auth = match auth.policy.dmarc {
        Check::Off => findings.to_string(),
        _ => format!("{findings}; class {}", Class::of(&findings.dmarc)),
    };
    match action {
        Action::Refuse(reply) => Err(reply),
        Action::Munge => {
            story.record.auth.push_str(", munged");
            Ok(true)
        }
        Action::Forward => Ok(false),
    }
}

/// True when a signature of the message is that of the reverse-path's domain.
fn is_signed(checked: &Checked, reverse_path: &ReversePath) -> bool {
    let domain = reverse_path.mailbox().map(|mailbox| mailbox.domain().to_string());
    domain.is_some_and(|domain| checked.findings.has_signature_for(&domain))
}

/// The same for a message that was let in unchecked.
pub(super) async fn is_signed_after_all(
    services: &Services,
    message: &Message,
    sender: &Sender,
) -> bool {
    let incoming = Incoming {
        ip: None,
        helo: "",
        reverse_path: &message.reverse_path,
        header: &Header::scan(&message.bytes),
        message: &message.bytes,
        now: message.now,
    };
    is_signed(&check(services, incoming, sender, &SIGNATURES).await, &message.reverse_path)
}
