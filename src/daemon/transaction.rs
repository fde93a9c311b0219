//! One mail, from its first RCPT to its final reply, in the order of the protocol. Read this first.

use super::{
    clock,
    delivery::{Delivery, Message, fingerprint},
    recipient::{Decision, Recipient, decide},
    services::Services,
    story::Story,
};
use crate::{
    address::{ForwardPath, ReversePath},
    fate::{Fate, RecipientFate},
    message::{Header, LoopMarks, LoopToken, Received, prefix},
    net::{Admission, Handler, Peer},
    reply::Reply,
    smtp::{Session, Transaction},
    store::Fingerprint,
};
use bytes::Bytes;
use std::{sync::Arc, time::Duration};
use tokio::time::Instant;

/// For how long a sender that was asked to come again is given the refusal of one recipient by
/// itself.
const REFUSAL_MEMORY: u64 = 6 * 3600;

const DAY: u64 = 86_400;

/// Forged SRS addresses of a client within an hour that are answered at once. A host that returns the
/// bounces of forgeries makes some; who makes more is guessing, and has to wait for each answer. What
/// is not forged is never delayed.
const FREE_GUESSES: u32 = 100;
const GUESS_DELAY: Duration = Duration::from_secs(1);

/// Answers for the recipients and messages of one session.
#[derive(Debug)]
pub(super) struct Mail {
    services: Arc<Services>,
    client: Peer,
    admission: Arc<Admission>,
    /// Of the transaction under way, in step with the forward-paths of its envelope.
    recipients: Vec<Recipient>,
}

impl Mail {
    pub(super) fn new(services: Arc<Services>, client: Peer, admission: Arc<Admission>) -> Self {
        Self { services, client, admission, recipients: Vec::new() }
    }
}

impl Handler for Mail {
    async fn recipient(&mut self, session: &Session, path: &ForwardPath) -> Reply {
        let Some(envelope) = session.envelope_so_far() else {
            return Reply::out_of_order("MAIL first");
        };
        if envelope.forward_paths.is_empty() {
            self.recipients.clear();
        }
        let reverse_path = &envelope.reverse_path;
        let now = clock::seconds();
        let reply = match decide(&self.services, reverse_path, path, now).await {
            Decision::Refuse(reply) => reply,
            Decision::Forged(reply) => {
                self.admission.count_bad_tag();
                if self.admission.bad_tags() > FREE_GUESSES {
                    tokio::time::sleep(GUESS_DELAY).await;
                }
                reply
            }
            Decision::Accept(recipient) => {
                match self.objection(reverse_path, &recipient, now).await {
                    Some(reply) => reply,
                    None => {
                        self.recipients.push(recipient);
                        return Reply::recipient_ok();
                    }
                }
            }
        };
        self.journal_refused_recipient(session, path, &reply).await;
        reply
    }

    async fn message(&mut self, transaction: Transaction) -> Reply {
        let began = Instant::now();
        let recipients = std::mem::take(&mut self.recipients);
        let mut story = Story::begin(&self.client, &transaction, &recipients);
        let reply = match self.forward(transaction, &recipients, &mut story).await {
            Ok(reply) | Err(reply) => reply,
        };
        story.end(&self.services.journal, &reply, began.elapsed()).await;
        reply
    }

    async fn aborted(&mut self, session: &Session) {
        if let Some(envelope) = session.envelope_so_far() {
            let story = Story::aborted(&self.client, session.helo(), envelope);
            story.tell(&self.services.journal).await;
        }
    }
}

impl Mail {
    /// What stands against a recipient that is fine by itself.
    async fn objection(
        &self,
        reverse_path: &ReversePath,
        recipient: &Recipient,
        now: u64,
    ) -> Option<Reply> {
        // One reply will cover all recipients; those of one destination group mostly share a fate.
        let other_group = |first: &Recipient| first.group() != recipient.group();
        if self.recipients.first().is_some_and(other_group) {
            return Some(Reply::other_destination());
        }
        let key = refusal_key(reverse_path, recipient);
        let kept = self.services.store.take_refused(&key, now).await.unwrap_or_else(|error| {
            tracing::error!(%error, "cannot strike out a refusal");
            None
        });
        if let Some(reply) = kept {
            return Some(reply.as_kept());
        }
        // Last of all: only an accepted recipient is a use.
        let (today, max) = (now / DAY, self.services.config.srs.max_uses_per_day);
        let is_used_up =
            recipient.is_srs_return && !self.services.store.srs_use(&recipient.key(), today, max);
        is_used_up.then(Reply::srs_used_up)
    }

    /// Checks and delivers a message. `Ok` is the one 250 of this file: every recipient's mail is
    /// with its destination, or was discarded because the alias says so.
    async fn forward(
        &self,
        transaction: Transaction,
        recipients: &[Recipient],
        story: &mut Story,
    ) -> Result<Reply, Reply> {
        let services = &*self.services;
        let deadline = Instant::now() + services.config.delivery.budget;
        let message = self.accept(transaction, recipients, story)?;
        let mut delivery = Delivery::plan(services, &message, recipients).await?;
        story.record.srs_from = delivery.srs_from();
        delivery.run(services, &message, deadline).await;
        story.record.attempts = std::mem::take(&mut delivery.attempts);

        let fates = delivery.fates();
        let fate = Fate::of(&fates);
        story.partial |= fates.contains(&RecipientFate::Delivered { lost: true });
        if fate.remember_delivered {
            delivery.remember(services, &message).await;
        }
        let refusals: Vec<_> = fate
            .refuse_next_time
            .into_iter()
            .filter_map(|(at, reply)| Some((recipients.get(at)?, reply.to_keep())))
            .map(|(to, reply)| (refusal_key(&message.reverse_path, to), reply))
            .collect();
        if !refusals.is_empty() {
            let expires = message.now + REFUSAL_MEMORY;
            // Not kept means that the sender is asked to split once more.
            if let Err(error) = services.store.remember_refused(refusals, expires).await {
                tracing::error!(%error, "cannot remember refusals");
            }
        }
        match fate.refusal {
            Some(reply) => Err(reply),
            None if story.discarded => Ok(Reply::discarded(&story.record.id)),
            None => Ok(Reply::forwarded(&story.record.id)),
        }
    }

    /// Refuses what must not be forwarded, and puts our fields before the rest.
    fn accept(
        &self,
        transaction: Transaction,
        recipients: &[Recipient],
        story: &Story,
    ) -> Result<Message, Reply> {
        let services = &*self.services;
        let bytes = Bytes::from(transaction.message?);
        let header = Header::scan(&bytes);
        header.check()?;
        if header.named("Received").count() > services.config.limits.received_hops {
            return Err(Reply::mail_loop());
        }
        let rewriter = services.rewriter();
        let marks = LoopMarks::of(&header);
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
        let received = Received {
            helo: &transaction.helo,
            client: &self.client.to_string(),
            hostname: services.config.hostname.as_str(),
            esmtp: transaction.esmtp,
            smtputf8: transaction.envelope.parameters.smtputf8,
            id: story.id,
            forward_paths: &transaction.envelope.forward_paths,
            now: story.arrived,
        };
        let prefix = Bytes::from(prefix(&received, &tokens));
        // Asked for and not used, it need not bar a destination that lacks it.
        let smtputf8 = transaction.envelope.parameters.smtputf8 && !header.bytes().is_ascii();
        Ok(Message {
            reverse_path: transaction.envelope.reverse_path,
            prefix,
            eight_bit: !bytes.is_ascii(),
            smtputf8,
            bytes,
            now: story.arrived,
        })
    }

    async fn journal_refused_recipient(
        &self,
        session: &Session,
        path: &ForwardPath,
        reply: &Reply,
    ) {
        let story = Story::refused_recipient(&self.client, session, path);
        story.end(&self.services.journal, reply, Duration::ZERO).await;
    }
}

/// Under which a refusal is kept for the sender's next try.
fn refusal_key(reverse_path: &ReversePath, recipient: &Recipient) -> Fingerprint {
    let sender = reverse_path.mailbox().map_or_else(String::new, ToString::to_string);
    fingerprint([sender.as_bytes(), recipient.key().as_bytes()])
}
