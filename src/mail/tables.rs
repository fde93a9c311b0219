//! What Postfix is told: addresses rewritten and reversed, aliases, hosted domains.

use super::{
    checks::{count, is_not_a_bounce},
    decide::decide,
    makings::OpenError,
    parts::Parts,
    policed::Policed,
    returned::{returned, returned_again},
    senders::refuse_recipient,
    srs::{NotReversed, Own, Rewritten},
};
use crate::{
    address::{Domain, ForwardPath, Mailbox, ReversePath},
    alias::Expansion,
    clock,
    config::Config,
    lookup::{Answer, Question, Table},
    metrics::{Forwarded as Forward, Returned},
    milter, policy,
    postfix::Service,
    rate::ClientBlock,
    reply::{Class, Reply},
    srs::{Returns, ReverseError, Use, is_srs_shaped, missing_part},
    store::SrsPutError,
    time::UnixTime,
};
use std::{net::SocketAddr, str, sync::Arc};

/// Answers from the store, the secrets and the aliases.
#[derive(Debug, Clone)]
pub struct Tables {
    parts: Arc<Parts>,
    /// Our SMTP listener, for `transport`.
    smtp: Option<SocketAddr>,
    policed: Arc<Policed>,
}

impl Tables {
    pub(crate) fn new(parts: Arc<Parts>, smtp: Option<SocketAddr>) -> Self {
        Self { parts, smtp, policed: Arc::default() }
    }

    /// Of a configuration by itself, without a daemon.
    ///
    /// # Errors
    /// When the daemon could not start either.
    pub async fn open(config: Config) -> Result<Self, OpenError> {
        let (parts, _) = Parts::open(config).await?;
        Ok(Self::new(Arc::new(parts), None))
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
            domain.filter(|domain| self.parts.aliases.is_hosted(domain))
        };
        match question.table {
            Table::Forward => match mailbox() {
                Ok(sender) => {
                    let answer = self.forward(&sender, now).await;
                    self.parts.metrics.srs_forward(match &answer {
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
                        Answer::NoReturns => Some(Returned::NoReturns),
                        Answer::Expired => Some(Returned::Expired),
                        Answer::Malformed(_) => Some(Returned::Malformed),
                        _ => None,
                    };
                    if let Some(result) = result {
                        self.parts.metrics.srs_reverse(result);
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
            Table::Recipients => match mailbox() {
                Ok(recipient) => self.known(recipient, now).await,
                Err(_) => Answer::Nothing,
            },
        }
    }

    async fn forward(&self, sender: &Mailbox, now: UnixTime) -> Answer {
        const NOT_KEPT: Answer = Answer::Failed("a long sender cannot be kept now");
        let srs = &self.parts.srs;
        match srs.forward(
            sender,
            &self.parts.config.srs.settings.domain,
            Own::Kept,
            Returns::Taken,
            now,
        ) {
            Ok(Rewritten::Whole(address)) => Answer::Found(address.to_string()),
            // Postfix does not say who the client is, nor what becomes of its mail.
            Ok(Rewritten::Short(short)) => match srs.keep(&short, None, now).await {
                Ok(_) => Answer::Found(short.address.to_string()),
                Err(SrsPutError::Full) => NOT_KEPT,
                Err(error) => {
                    tracing::error!(%error, "cannot keep a long sender address");
                    NOT_KEPT
                }
            },
            Ok(Rewritten::Unchanged) => match srs.rewriter() {
                rewriter if rewriter.is_exempt(sender.domain()) => Answer::Exempt,
                rewriter if rewriter.reverse(sender, now).is_ok() => Answer::AlreadyRewritten,
                _ => Answer::Own(sender.to_string()),
            },
            Err(error) => {
                tracing::warn!(%sender, %error, "cannot rewrite a sender");
                NOT_KEPT
            }
        }
    }

    async fn reverse(&self, recipient: &Mailbox, now: UnixTime) -> Answer {
        let is_hosted = || self.parts.aliases.is_hosted(recipient.domain());
        if !self.parts.srs.is_domain(recipient.domain(), is_hosted) {
            return Answer::NotSrs;
        }
        match self.parts.srs.reverse(recipient, now).await {
            Ok(sender) => Answer::Found(sender.to_string()),
            Err(NotReversed::Address(ReverseError::NotSrs)) => Answer::NotSrs,
            Err(NotReversed::Address(ReverseError::Malformed)) => {
                Answer::Malformed(missing_part(recipient.local()))
            }
            Err(NotReversed::Address(ReverseError::BadTag)) => Answer::BadTag,
            Err(NotReversed::Address(ReverseError::NoReturns)) => Answer::NoReturns,
            Err(NotReversed::Address(ReverseError::Expired) | NotReversed::Forgotten) => {
                Answer::Expired
            }
            Err(NotReversed::Store(error)) => {
                tracing::error!(%error, "cannot look up a long SRS address");
                Answer::Failed("the database cannot be read now")
            }
        }
    }

    async fn alias(&self, recipient: &Mailbox) -> Answer {
        if !self.parts.aliases.is_hosted(recipient.domain()) || is_srs_shaped(recipient.local()) {
            return Answer::Nothing;
        }
        match self.parts.aliases.expand(recipient).await.as_deref().map(|found| &found.expansion) {
            Ok(Expansion::Deliver { mailboxes, .. }) => {
                let mailboxes: Vec<_> = mailboxes.iter().map(ToString::to_string).collect();
                Answer::Found(mailboxes.join(","))
            }
            Ok(Expansion::Refuse(reply)) if reply.class() == Class::Transient => {
                Answer::Failed("the alias takes no mail for now")
            }
            // A map has no word for "accept and throw away", and an answer is for our SMTP listener.
            Ok(Expansion::Answer { .. } | Expansion::Refuse(_) | Expansion::Discard) => {
                Answer::Nothing
            }
            Err(error) => {
                tracing::error!(%error, "cannot look up an alias");
                Answer::Failed("the database cannot be read now")
            }
        }
    }

    /// Found is what RCPT at our SMTP listener is answered with 250: what that refuses, Postfix is to refuse as
    /// well, or has to bounce.
    async fn known(&self, recipient: Mailbox, now: UnixTime) -> Answer {
        match decide(&self.parts, &ForwardPath::Mailbox(recipient), now).await {
            Ok(_) => Answer::Found("OK".to_owned()),
            Err(refusal) if refusal.reply.class() == Class::Transient => {
                Answer::Failed("the recipient takes no mail for now")
            }
            Err(_) => Answer::Nothing,
        }
    }

    /// The reply that refuses an address in a hosted domain whose mail Postfix hands over to our SMTP listener.
    /// Without one Postfix delivers it, and may have other recipients there than we. What is refused later, it bounces, so
    /// that what the sender's name decides is told here.
    async fn handed_over(&self, sender: &[u8], recipient: &[u8], now: UnixTime) -> Option<Reply> {
        self.smtp?;
        let recipient = Mailbox::parse(str::from_utf8(recipient).ok()?).ok()?;
        if !self.parts.aliases.is_hosted(recipient.domain()) {
            return None;
        }
        let sender = str::from_utf8(sender).ok().and_then(|sender| Mailbox::parse(sender).ok());
        let reverse_path = sender.map_or(ReversePath::Null, ReversePath::Mailbox);
        let refusal = match decide(&self.parts, &ForwardPath::Mailbox(recipient), now).await {
            Ok(mut recipient) => {
                refuse_recipient(&self.parts, &mut recipient, &reverse_path).err()?
            }
            Err(refusal) => refusal,
        };
        Some(refusal.reply)
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
        let policy::Question { protocol_state, instance, client_address, sender, recipient } =
            question;
        let now = clock::now();
        let is_bounce = matches!(sender, b"" | b"<>");
        match protocol_state {
            b"RCPT" => {
                let returned = returned(&self.parts, recipient, now).await;
                let is_srs = returned.is_some();
                if let Some(Err(reply)) = returned {
                    return Some(reply);
                }
                if !is_srs && let Some(reply) = self.handed_over(sender, recipient, now).await {
                    return Some(reply);
                }
                let is_added = self.policed.add(instance, recipient, is_srs);
                (!is_added).then(Reply::other_destination)
            }
            b"DATA" => {
                returned_again(&self.parts, recipient, now).await?;
                is_not_a_bounce(&self.parts, is_bounce)
            }
            b"END-OF-MESSAGE" => {
                let original = returned_again(&self.parts, recipient, now).await?.to_string();
                let client = str::from_utf8(client_address).ok();
                let client = client.and_then(|address| address.parse().ok());
                let sender = if is_bounce { b"" } else { sender };
                let originals = vec![&*original];
                self.refusal_of_return(milter::Returning { client, sender, originals }).await
            }
            _ => None,
        }
    }

    async fn recipient(&self, _recipient: &[u8]) -> milter::Recipient {
        milter::Recipient::Stays
    }

    async fn refusal_of_return(&self, returning: milter::Returning<'_>) -> Option<Reply> {
        let milter::Returning { client, sender, originals } = returning;
        let originals = originals.iter().filter_map(|original| Mailbox::parse(original).ok());
        let senders = originals.map(|original| original.to_key()).collect();
        let client = client.map(ClientBlock::of);
        is_not_a_bounce(&self.parts, sender.is_empty())
            .or_else(|| count(&self.parts, &Use { client, senders }).err())
    }
}
