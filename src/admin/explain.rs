//! What would happen to a message, without sending it.

use crate::{
    address::{ForwardPath, ReversePath},
    clock,
    config::Config,
    mail::{
        OpenError, Parts,
        checks::{self, Subject},
        plan::plan,
        recipient::decide,
        sender::Sender,
    },
    reply::Reply,
    verdict::Class,
};
use bytes::Bytes;
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
#[derive(Debug, Clone, Default)]
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

/// Answers with the aliases, secrets and DNS of this moment, by the checks and the plan that a message would
/// meet. Nothing is sent and nothing kept.
///
/// # Errors
/// When the daemon could not start either.
pub async fn explain(config: Config, question: &Question) -> Result<Explanation, OpenError> {
    let (parts, _) = Parts::open(config)?;
    let now = clock::now();
    let mut explanation = Explanation::default();
    let sender = Sender::new(Some(question.ip), &question.helo, &question.sender);
    let recipient = match decide(&parts, &question.sender, &question.recipient, now).await {
        Ok(recipient) => recipient,
        Err(refusal) => {
            explanation.refused = Some(refusal.reply);
            return Ok(explanation);
        }
    };
    let destinations = recipient.destinations.iter();
    explanation.destinations =
        destinations.map(|to| (to.mailbox.to_string(), to.next_hop.to_string())).collect();
    explanation.lost = recipient.lost.clone();
    let is_srs_return = recipient.is_srs_return;
    let recipients = std::slice::from_ref(&recipient);
    let message = Bytes::from(question.message.clone());
    let subject = Subject { sender: &sender, recipients, message, now };
    let report = checks::run(&parts, &subject).await;
    if let Some(checked) = &report.authentication {
        explanation.checks = Some(checked.findings.to_string());
        explanation.class = Some(Class::of(&checked.findings.dmarc));
    }
    explanation.is_munged = report.is_munged && !is_srs_return;
    explanation.refused = report.objection;
    match plan(&parts, &question.sender, vec![recipient], now) {
        Ok(planned) => {
            explanation.srs_from = planned.iter().find_map(|planned| match &planned.short {
                Some(_) => Some(format!("a short SRS address at {}", planned.recipient.srs_domain)),
                None => planned.reverse_path.mailbox().map(ToString::to_string),
            });
        }
        Err(reply) => explanation.refused = explanation.refused.or(Some(reply)),
    }
    Ok(explanation)
}
