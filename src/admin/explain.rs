//! What would happen to a message, without sending it.

use crate::{
    address::{ForwardPath, ReversePath},
    auth::Incoming,
    clock,
    config::Config,
    mail::OpenError,
    mail::{
        Services,
        checks::check,
        recipient::{Decision, decide},
        sender::Sender,
    },
    message::Header,
    reply::Reply,
    srs::Forwarded,
    verdict::{Action, Class},
};
use std::net::IpAddr;

/// A message that might come.
#[derive(Debug, Clone)]
pub struct Question {
    /// To whom.
    pub recipient: ForwardPath,
    /// From whom.
    pub sender: ReversePath,
    /// Who brings it.
    pub ip: IpAddr,
    /// What the client calls itself.
    pub helo: String,
    /// The message, lines ending in CRLF.
    pub message: Vec<u8>,
}

/// What would happen to it.
#[derive(Debug, Clone)]
pub struct Explanation {
    /// The mailboxes it leads to, each with who takes mail for it. Empty when it is refused at RCPT, or
    /// thrown away.
    pub destinations: Vec<(String, String)>,
    /// What the alias names and what does not get it, and why.
    pub lost: Vec<String>,
    /// The reverse-path it leaves with.
    pub srs_from: Option<String>,
    /// What the checks find; `None` when none is made.
    pub checks: Option<String>,
    /// What the destination will conclude.
    pub class: Option<Class>,
    /// From becomes that of the alias.
    pub is_munged: bool,
    /// The reply that refuses it, if one does.
    pub refused: Option<Reply>,
}

/// Answers with the aliases, secrets and DNS of this moment.
///
/// # Errors
/// When the daemon could not start either.
pub async fn explain(config: Config, question: &Question) -> Result<Explanation, OpenError> {
    let (services, _) = Services::open(config)?;
    let now = clock::now();
    let mut explanation = Explanation {
        destinations: Vec::new(),
        lost: Vec::new(),
        srs_from: None,
        checks: None,
        class: None,
        is_munged: false,
        refused: None,
    };
    let Question { recipient, sender, ip, helo, message } = question;
    let recipient = match decide(&services, sender, recipient, now).await {
        Decision::Accept(recipient) => recipient,
        Decision::Refuse(reply) | Decision::Forged(reply) => {
            explanation.refused = Some(reply);
            return Ok(explanation);
        }
    };
    let destinations = recipient.destinations.iter();
    explanation.destinations =
        destinations.map(|to| (to.mailbox.to_string(), to.next_hop.to_string())).collect();
    explanation.lost = recipient.lost.clone();
    explanation.srs_from = sender.mailbox().map(|mailbox| {
        match services.rewriter().forward(mailbox, &recipient.srs_domain, now) {
            Forwarded::Unchanged => mailbox.to_string(),
            Forwarded::Rewritten(rewritten) => rewritten.to_string(),
            Forwarded::TooLong => format!("a short SRS address at {}", recipient.srs_domain),
        }
    });

    let header = Header::scan(message);
    let auth = &services.config.auth;
    if let Err(reply) = header.check() {
        explanation.refused = Some(reply);
    } else if !auth.policy.is_off() {
        let incoming =
            Incoming { ip: Some(*ip), helo, reverse_path: sender, header: &header, message, now };
        let asked = Sender::new(Some(*ip), helo, sender);
        let findings = check(&services, incoming, &asked, &auth.policy).await.findings;
        let is_open = match &recipient.path {
            ForwardPath::Mailbox(mailbox) => auth.is_open(mailbox),
            ForwardPath::Postmaster => false,
        };
        explanation.checks = Some(findings.to_string());
        explanation.class = Some(Class::of(&findings.dmarc));
        match auth.policy.decide(&findings, is_open) {
            Action::Forward => {}
            Action::Munge => explanation.is_munged = !recipient.is_srs_return,
            Action::Refuse(reply) => explanation.refused = Some(reply),
        }
    }
    Ok(explanation)
}
