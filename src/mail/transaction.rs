//! One mail, from its first RCPT to its final reply, in the order of the protocol. Read this first.

use super::{
    checks::{accept, is_signed_after_all},
    delivery::{Delivery, Message, fingerprint},
    parts::Services,
    recipient::{Decision, Recipient, decide, may_be_used},
    record::Story,
    sender::{Letter, Sender},
    spool::{Added, Taking, take},
};
use crate::{
    address::{ForwardPath, ReversePath},
    clock,
    envelope::Envelope,
    fate::{Bounce, Fate, RecipientFate},
    inbound::{Admission, Handler, Peer},
    metrics::Returned,
    reply::Reply,
    smtp::{Aborted, Origin, Session, Transaction},
    store::Fingerprint,
    time::UnixTime,
};
use std::{sync::Arc, time::Duration};
use tokio::time::Instant;

/// For how long a sender that was asked to come again is given the refusal of one recipient by
/// itself.
const REFUSAL_MEMORY: Duration = Duration::from_hours(6);

/// Forged SRS addresses of a client within an hour that are answered at once. A host that returns the
/// bounces of forgeries makes some; who makes more is guessing, and has to wait for each answer. What
/// is not forged is never delayed.
const FREE_GUESSES: u32 = 100;
const GUESS_DELAY: Duration = Duration::from_secs(1);

/// Most destinations have answered by then. For the others it will matter who sent the message, and is
/// found out while they are waited for.
const HEAD_START: Duration = Duration::from_secs(1);

/// Answers for the recipients and messages of one session.
#[derive(Debug)]
pub(crate) struct Mail {
    services: Arc<Services>,
    peer: Peer,
    admission: Arc<Admission>,
    open: Option<Open>,
}

/// The transaction that is open.
#[derive(Debug)]
struct Open {
    sender: Sender,
    /// Those that were accepted.
    recipients: Vec<Recipient>,
}

impl Mail {
    pub(crate) fn new(services: Arc<Services>, peer: Peer, admission: Arc<Admission>) -> Self {
        Self { services, peer, admission, open: None }
    }
}

impl Handler for Mail {
    async fn sender(&mut self, session: &Session, envelope: &Envelope) -> Reply {
        let client = self.client(session.origin());
        let helo = session.helo().unwrap_or_default();
        let sender = Sender::new(client.ip, helo, &envelope.reverse_path);
        if !self.services.config.auth.policy.is_off() {
            // DNS answers while the client goes on.
            let (sender, services) = (sender.clone(), Arc::clone(&self.services));
            tokio::spawn(async move { sender.spf(&services).await });
        }
        self.open = Some(Open { sender, recipients: Vec::new() });
        Reply::sender_ok()
    }

    async fn recipient(&mut self, session: &Session, path: &ForwardPath) -> Reply {
        let (Some(envelope), Some(open)) = (session.envelope_so_far(), &self.open) else {
            return Reply::out_of_order("MAIL first");
        };
        let reverse_path = &envelope.reverse_path;
        let now = clock::now();
        let reply = match decide(&self.services, reverse_path, path, now).await {
            Decision::Refuse(reply) => reply,
            Decision::Forged(reply) => {
                // What a relay brings is not its own.
                if session.origin().is_none() {
                    self.admission.count_bad_tag();
                }
                if self.admission.bad_tags() > FREE_GUESSES {
                    tokio::time::sleep(GUESS_DELAY).await;
                }
                reply
            }
            Decision::Accept(recipient) => {
                match self.objection(open, reverse_path, &recipient, now).await {
                    Some(reply) => reply,
                    None => {
                        if let Some(open) = &mut self.open {
                            open.recipients.push(recipient);
                        }
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
        let Some(Open { sender, recipients }) = self.open.take() else {
            return Reply::out_of_order("MAIL first");
        };
        let client = self.client(transaction.origin.as_ref());
        let mut story = Story::begin(&client, &transaction, &recipients);
        let mut spooled = Vec::new();
        let forwarded =
            self.forward(transaction, &recipients, &sender, &mut story, &mut spooled).await;
        let (Ok(reply) | Err(reply)) = forwarded;
        story.end(&self.services, &reply, began.elapsed()).await;
        // Not before the journal knows of the message: what becomes of it is added there.
        for added in spooled {
            self.services.spool.added(added);
        }
        reply
    }

    async fn aborted(&mut self, Aborted { transaction, in_message }: Aborted) {
        self.open = None;
        if in_message {
            let client = self.client(transaction.origin.as_ref());
            Story::aborted(&client, &transaction).tell(&self.services).await;
        }
    }
}

impl Mail {
    /// From whom a message is: the peer, or the client that a relay names.
    fn client(&self, origin: Option<&Origin>) -> Peer {
        let ip = origin.and_then(|origin| origin.ip);
        Peer { ip: ip.or(self.peer.ip) }
    }

    /// What stands against a recipient that is fine by itself.
    async fn objection(
        &self,
        open: &Open,
        reverse_path: &ReversePath,
        recipient: &Recipient,
        now: UnixTime,
    ) -> Option<Reply> {
        // One reply will cover all recipients; those of one destination group mostly share a fate. Where
        // they do not, a DSN tells the difference, if one may leave.
        let other_group = |first: &Recipient| first.group() != recipient.group();
        if open.recipients.first().is_some_and(other_group)
            && open.sender.bounce(&self.services, None).await != Bounce::Safe
        {
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
        let is_used_up =
            recipient.is_srs_return && !may_be_used(&self.services, &recipient.key(), now);
        is_used_up.then(|| {
            self.services.metrics.srs_reverse(Returned::UsedUp);
            Reply::srs_used_up()
        })
    }

    /// Checks and delivers a message. `Ok` is the 250 of a message that went through: every recipient's
    /// mail is with its destination, or was discarded because the alias says so.
    async fn forward(
        &self,
        transaction: Transaction,
        recipients: &[Recipient],
        sender: &Sender,
        story: &mut Story,
        spooled: &mut Vec<Added>,
    ) -> Result<Reply, Reply> {
        let services = &*self.services;
        let deadline = Instant::now() + services.config.delivery.budget;
        let client = self.client(transaction.origin.as_ref());
        let helo = transaction.author_helo().to_owned();
        let message = accept(services, &self.peer, transaction, recipients, sender, story).await?;
        let mut delivery = Delivery::plan(services, &message, recipients).await?;
        story.record.srs_from = delivery.srs_from();
        let ask_meanwhile = async {
            tokio::time::sleep(HEAD_START).await;
            sender.is_authenticated(services).await;
            std::future::pending().await
        };
        tokio::select! {
            () = delivery.run(services, &message, deadline) => {}
            () = ask_meanwhile => {}
        }
        story.record.attempts = std::mem::take(&mut delivery.attempts);

        let fates = delivery.fates();
        story.partial |= fates.contains(&RecipientFate::Delivered { lost: true });
        let bounce = match Fate::hangs_on_bounce(&fates) {
            true => sender.bounce(services, Some(self.letter(&message, sender).await)).await,
            false => Bounce::Unsafe,
        };
        let (reply, refuse_next_time) = match Fate::of(&fates, bounce) {
            Fate::Delivered if story.discarded => return Ok(Reply::discarded(&story.record.id)),
            Fate::Delivered => return Ok(Reply::forwarded(&story.record.id)),
            Fate::Refused(reply) => return Err(reply),
            Fate::Taken { spool, notify } => {
                let taking = Taking {
                    id: story.id,
                    client: &client,
                    helo: &helo,
                    message: &message,
                    recipients,
                    delivery: &delivery,
                    fates: &fates,
                    notify: bounce == Bounce::Safe,
                    partial: story.partial,
                };
                match take(services, &taking, &spool, &notify).await {
                    Ok(added) => {
                        *spooled = added;
                        return Ok(story.taken(&spool, &notify));
                    }
                    Err(error) => {
                        tracing::warn!(id = %story.id, %error, "not spooled");
                        (error.reply(), Fate::of(&fates, Bounce::Unsafe).refuse_next_time())
                    }
                }
            }
            Fate::Returned { reply, refuse_next_time } => (reply, refuse_next_time),
        };
        self.remember(&message, recipients, &delivery, refuse_next_time).await;
        Err(reply)
    }

    /// What the message itself says about bounces.
    async fn letter(&self, message: &Message, sender: &Sender) -> Letter {
        let services = &*self.services;
        let is_signed = match message.is_signed {
            Some(is_signed) => is_signed,
            // SPF is asked first: it says the same and costs less.
            None if sender.is_authenticated(services).await => false,
            None => is_signed_after_all(services, message, sender).await,
        };
        Letter { is_signed, wants_no_notice: message.wants_no_notice }
    }

    /// The sender will come again with this message: who has it and who refused need not be asked then.
    async fn remember(
        &self,
        message: &Message,
        recipients: &[Recipient],
        delivery: &Delivery,
        refused: Vec<(usize, Reply)>,
    ) {
        let services = &*self.services;
        delivery.remember(services, message).await;
        let refusals: Vec<_> = refused
            .into_iter()
            .filter_map(|(at, reply)| Some((recipients.get(at)?, reply.to_keep())))
            .map(|(to, reply)| (refusal_key(&message.reverse_path, to), reply))
            .collect();
        if refusals.is_empty() {
            return;
        }
        let expires = message.now + REFUSAL_MEMORY;
        // Not kept means that the sender is asked to split once more.
        if let Err(error) = services.store.remember_refused(refusals, expires).await {
            tracing::error!(%error, "cannot remember refusals");
        }
    }

    async fn journal_refused_recipient(
        &self,
        session: &Session,
        path: &ForwardPath,
        reply: &Reply,
    ) {
        let client = self.client(session.origin());
        let story = Story::refused_recipient(&client, session, path);
        story.end(&self.services, reply, Duration::ZERO).await;
    }
}

/// Under which a refusal is kept for the sender's next try.
fn refusal_key(reverse_path: &ReversePath, recipient: &Recipient) -> Fingerprint {
    let sender = reverse_path.mailbox().map_or_else(String::new, ToString::to_string);
    fingerprint([sender.as_bytes(), recipient.key().as_bytes()])
}
