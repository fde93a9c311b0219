//! What Postfix is told: addresses rewritten and reversed, aliases, hosted domains.

use super::{
    parts::Services,
    recipient::{may_be_used, returned},
};
use crate::{
    address::{Domain, Mailbox},
    alias::Expansion,
    clock,
    config::Config,
    lookup::{Answer, Question, Table},
    mail::parts::OpenError,
    metrics::{Forwarded as Forward, Returned},
    milter, policy,
    postfix::Service,
    reply::{Class, Reply},
    srs::{Forwarded, ReverseError, Reversed, is_srs_shaped, missing_part},
    time::UnixTime,
};
use std::{net::SocketAddr, str, sync::Arc};

/// Answers from the store, the secrets and the aliases.
#[derive(Debug, Clone)]
pub struct Tables {
    services: Arc<Services>,
    /// Our SMTP listener, for `transport`.
    smtp: Option<SocketAddr>,
}

impl Tables {
    pub(crate) fn new(services: Arc<Services>, smtp: Option<SocketAddr>) -> Self {
        Self { services, smtp }
    }

    /// Without a daemon.
    ///
    /// # Errors
    /// When the daemon could not start either.
    pub fn open(config: Config) -> Result<Self, OpenError> {
        let (services, _) = Services::open(config)?;
        Ok(Self::new(Arc::new(services), None))
    }

    /// Answers as of `now`.
    pub async fn look_up_at(&self, question: Question<'_>, now: UnixTime) -> Answer {
        let key = str::from_utf8(question.key).ok();
        let mailbox = || match key.filter(|key| key.contains('@')) {
            None => Err(Answer::NoDomain),
            Some(key) => Mailbox::parse(key).map_err(|_| Answer::NoAddress),
        };
        let hosted = |key: Option<&str>| {
            let domain = key.and_then(|key| Domain::parse(key).ok());
            domain.filter(|domain| self.services.store.is_hosted(domain))
        };
        match question.table {
            Table::Forward => match mailbox() {
                Ok(sender) => {
                    let answer = self.forward(&sender, now).await;
                    self.services.metrics.srs_forward(match &answer {
                        Answer::Found(_) => Forward::Rewritten,
                        Answer::Failed(_) => Forward::Failed,
                        _ => Forward::Unchanged,
                    });
                    answer
                }
                Err(answer) => answer,
            },
            Table::Reverse => match mailbox() {
                Ok(recipient) => {
                    let answer = self.reverse(&recipient, now).await;
                    let result = match &answer {
                        Answer::Found(_) => Some(Returned::Reversed),
                        Answer::BadTag => Some(Returned::BadTag),
                        Answer::Expired => Some(Returned::Expired),
                        Answer::Malformed(_) => Some(Returned::Malformed),
                        _ => None,
                    };
                    if let Some(result) = result {
                        self.services.metrics.srs_reverse(result);
                    }
                    answer
                }
                Err(Answer::NoDomain) => Answer::NotSrs,
                Err(answer) => answer,
            },
            Table::Alias => match mailbox() {
                Ok(recipient) => self.alias(&recipient).await,
                Err(_) => Answer::Nothing,
            },
            Table::Domains => {
                hosted(key).map_or(Answer::Nothing, |domain| Answer::Found(domain.to_string()))
            }
            Table::Transport => {
                // Postfix asks a socketmap for the whole recipient, and for that alone.
                let domain = key.map(|key| key.rsplit_once('@').map_or(key, |(_, domain)| domain));
                hosted(domain).and_then(|_| self.transport()).unwrap_or(Answer::Nothing)
            }
        }
    }

    async fn forward(&self, sender: &Mailbox, now: UnixTime) -> Answer {
        let rewriter = self.services.rewriter();
        let domain = &rewriter.settings().domain;
        match rewriter.forward(sender, domain, now) {
            Forwarded::Rewritten(rewritten) => Answer::Found(rewritten.to_string()),
            Forwarded::Unchanged if rewriter.is_exempt(sender.domain()) => Answer::Exempt,
            Forwarded::Unchanged if rewriter.reverse(sender, now).is_ok() => {
                Answer::AlreadyRewritten
            }
            Forwarded::Unchanged => Answer::Own(sender.to_string()),
            Forwarded::TooLong => {
                match self.services.shorten(&rewriter, sender, domain, now).await {
                    Ok(short) => Answer::Found(short.to_string()),
                    Err(_) => Answer::Failed("a long sender cannot be kept now"),
                }
            }
        }
    }

    async fn reverse(&self, recipient: &Mailbox, now: UnixTime) -> Answer {
        let rewriter = self.services.rewriter();
        let settings = rewriter.settings();
        let is_hosted = || self.services.store.is_hosted(recipient.domain());
        if *recipient.domain() != settings.domain && !(settings.per_domain && is_hosted()) {
            return Answer::NotSrs;
        }
        match rewriter.reverse(recipient, now) {
            Ok(Reversed::Mailbox(sender)) => Answer::Found(sender.to_string()),
            Ok(Reversed::Token(token)) => {
                match self.services.store.srs_get(token.as_str(), now).await {
                    Ok(Some(sender)) => Answer::Found(sender.to_string()),
                    Ok(None) => Answer::Expired,
                    Err(error) => {
                        tracing::error!(%error, "cannot look up a long SRS address");
                        Answer::Failed("the database cannot be read now")
                    }
                }
            }
            Err(ReverseError::NotSrs) => Answer::NotSrs,
            Err(ReverseError::Malformed) => Answer::Malformed(missing_part(recipient.local())),
            Err(ReverseError::BadTag) => Answer::BadTag,
            Err(ReverseError::Expired) => Answer::Expired,
        }
    }

    async fn alias(&self, recipient: &Mailbox) -> Answer {
        if !self.services.store.is_hosted(recipient.domain()) || is_srs_shaped(recipient.local()) {
            return Answer::Nothing;
        }
        match self.services.store.resolve(recipient).await.as_deref() {
            Ok(Expansion::Deliver { mailboxes, .. }) => {
                let mailboxes: Vec<_> = mailboxes.iter().map(ToString::to_string).collect();
                Answer::Found(mailboxes.join(","))
            }
            Ok(Expansion::Refuse(reply)) if reply.class() == Class::Transient => {
                Answer::Failed("the alias takes no mail for now")
            }
            // A map has no word for "accept and throw away".
            Ok(Expansion::Refuse(_) | Expansion::Discard) => Answer::Nothing,
            Err(error) => {
                tracing::error!(%error, "cannot look up an alias");
                Answer::Failed("the database cannot be read now")
            }
        }
    }

    /// In brackets, so that Postfix asks for no MX.
    fn transport(&self) -> Option<Answer> {
        let smtp = self.smtp?;
        let host = match smtp {
            SocketAddr::V4(v4) if v4.ip().is_unspecified() => "127.0.0.1".to_owned(),
            SocketAddr::V6(v6) if v6.ip().is_unspecified() => "::1".to_owned(),
            address => address.ip().to_string(),
        };
        Some(Answer::Found(format!("smtp:[{host}]:{}", smtp.port())))
    }
}

impl Service for Tables {
    async fn look_up(&self, question: Question<'_>) -> Answer {
        self.look_up_at(question, clock::now()).await
    }

    async fn refusal(&self, question: policy::Question<'_>) -> Option<Reply> {
        if question.protocol_state != b"RCPT" {
            return None;
        }
        let now = clock::now();
        match returned(&self.services, question.sender, question.recipient, now).await? {
            Err(reply) => Some(reply),
            Ok(returned) if may_be_used(&self.services, &returned.key, now) => None,
            Ok(_) => Some(Reply::srs_used_up()),
        }
    }

    async fn recipient(&self, _sender: &[u8], _recipient: &[u8]) -> milter::Recipient {
        milter::Recipient::Stays
    }
}
