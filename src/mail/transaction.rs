//! One mail, from the greeting of its client to its final reply, in the order of the protocol. Read this
//! first.

use super::{
    checks::{differ, refuse_unless_bounce, refuse_used_up},
    counts::{Addressed, count_refused},
    decide::decide,
    dnsbl::{self, Inquiry, Said, refusal, refusal_at_once},
    forward::{Forward, refusal_key},
    late::Announcement,
    login::log_in,
    parts::Parts,
    prints::remember_prints,
    rates::Miss,
    recipient::Recipient,
    record::Entry,
    refusal::Refusal,
    sender::Sender,
    senders,
    submission::{Came, LoggedIn, Submission, answer},
};
use crate::{
    address::{ForwardPath, ReversePath},
    clock,
    config::ReturnsTo,
    envelope::{Envelope, RcptDsn},
    fate::Bounce,
    inbound::{Handler, Peer, Reservation},
    reply::Reply,
    sasl::Credentials,
    smtp::{Aborted, Origin, Session, Transaction},
    time::UnixTime,
};
use std::{
    future::{Future, poll_fn},
    net::IpAddr,
    sync::Arc,
    task::Poll,
};
use tokio::{task::JoinSet, time::Instant};

/// Answers for the transactions of one session.
#[derive(Debug)]
pub(crate) struct Mail {
    parts: Arc<Parts>,
    peer: Peer,
    /// What lists say of the peer.
    lists: Option<Inquiry>,
    open: Option<Open>,
    /// Who has logged in, where only accounts may send.
    login: Option<LoggedIn>,
    /// The transaction of an account that is open.
    submission: Option<Submission>,
    /// The copies of the last message, where they took long: its client may not hear what became of them.
    last: Option<Announcement>,
}

/// The transaction that is open.
#[derive(Debug)]
struct Open {
    sender: Sender,
    /// What lists say of the reverse-path, and of the client that a relay names.
    lists: [Option<Inquiry>; 2],
    /// What they and those of the peer have said that matters, once the first recipient is decided: what comes later
    /// is for the next transaction, as one reply covers all recipients.
    listed: Option<Vec<Said>>,
    /// The recipients that were accepted.
    recipients: Vec<Recipient>,
    /// What is asked about the sender in advance; it ends with the transaction.
    _asking: Option<JoinSet<()>>,
}

impl Mail {
    pub(crate) fn new(parts: Arc<Parts>, peer: Peer) -> Self {
        Self { parts, peer, lists: None, open: None, login: None, submission: None, last: None }
    }
}

impl Handler for Mail {
    /// The greeting waits for what lists say of the client. Whose mail a relay brings is told later; accounts
    /// send from anywhere.
    async fn connected(&mut self, session: &Session) -> Result<(), Reply> {
        if !session.may_xforward() && !session.requires_login() {
            self.lists = self.ask_client(self.peer.ip);
            if let Some(inquiry) = &mut self.lists {
                inquiry.wait_to_greet().await;
            }
        }
        Ok(())
    }

    async fn authenticate(&mut self, _session: &Session, credentials: Credentials) -> Reply {
        match log_in(&self.parts, &self.peer, &credentials).await {
            Ok(login) => {
                self.login = Some(login);
                Reply::logged_in()
            }
            Err(reply) => reply,
        }
    }

    async fn sender(&mut self, session: &Session, envelope: &Envelope) -> Reply {
        if let Some(login) = &self.login {
            return match login.begin(&self.parts, &self.peer, session, envelope).await {
                Ok(submission) => {
                    self.submission = Some(submission);
                    Reply::sender_ok()
                }
                Err(reply) => reply,
            };
        }
        // Nobody gets past by what is asked of others.
        if session.requires_login() {
            return Reply::needs_login();
        }
        let client = self.client(session.origin());
        if let Err(reply) = self.parts.rates.may_send(client.ip) {
            return reply;
        }
        let helo = session.helo().unwrap_or_default();
        let sender = Sender::new(client.ip, helo, &envelope.reverse_path);
        let config = &self.parts.config;
        let is_rewritten = envelope.reverse_path != ReversePath::Null;
        let decides_returns = config.srs.returns == ReturnsTo::NotFailed && is_rewritten;
        let mut asking = None;
        if !config.auth.policy.is_off() || decides_returns {
            // DNS answers while the client goes on.
            let (sender, parts) = (sender.clone(), Arc::clone(&self.parts));
            asking = in_advance(async move {
                sender.spf(&parts).await;
            })
            .await;
        }
        if self.lists.as_ref().is_some_and(Inquiry::was_over_budget) {
            self.lists = self.ask_client(self.peer.ip);
        }
        let named = session.origin().and_then(|origin| origin.ip);
        let (parts, path) = (&self.parts, &envelope.reverse_path);
        let of_path = parts.lists.ask_reverse_path(&parts.rates, client.ip, path);
        let (lists, recipients) = ([self.ask_client(named), of_path], Vec::new());
        self.open = Some(Open { sender, lists, listed: None, recipients, _asking: asking });
        self.last = None;
        Reply::sender_ok()
    }

    async fn recipient(&mut self, session: &Session, path: &ForwardPath, dsn: &RcptDsn) -> Reply {
        if let Some(submission) = &mut self.submission {
            let Err(reply) = submission.recipient(&self.parts, path, dsn).await else {
                return Reply::recipient_ok();
            };
            let entry = Entry::of_recipient(&self.peer, session, path);
            let entry = entry.by_account(submission.account());
            entry.refuse_recipient(&self.parts, &reply, &reply.clone().into()).await;
            return reply;
        }
        let refusal = match self.taken(session, path).await {
            Ok(recipient) => {
                if let Some(open) = &mut self.open {
                    open.recipients.push(recipient);
                }
                return Reply::recipient_ok();
            }
            Err(refusal) => refusal,
        };
        let sender = self.open.as_ref().and_then(|open| open.sender.reverse_path().mailbox());
        count_refused(&self.parts, sender, &refusal, clock::now());
        let client = self.client(session.origin());
        // What a relay brings is not its own, and others have their part in its session.
        let is_relayed = session.origin().is_some();
        let counted = miss(&refusal)
            .map_or(Ok(()), |miss| self.parts.rates.take_miss(client.ip, miss, is_relayed));
        let entry = Entry::of_recipient(&client, session, path);
        let reply = counted.err().unwrap_or_else(|| refusal.reply.clone());
        entry.refuse_recipient(&self.parts, &reply, &refusal).await;
        reply
    }

    async fn data(&mut self, session: &Session) -> Result<(), Reply> {
        let Some(Open { sender, recipients, .. }) = &self.open else { return Ok(()) };
        let refusal = refuse_unless_bounce(&self.parts, sender.reverse_path(), recipients);
        let Some(reply) = refusal else { return Ok(()) };
        let client = self.client(session.origin());
        if let Some(entry) = Entry::of_refused_data(&client, session) {
            entry.refuse(&self.parts, &reply).await;
        }
        Err(reply)
    }

    async fn message(&mut self, mut transaction: Transaction, memory: Reservation) -> Reply {
        if let Some(submission) = self.submission.take() {
            let now = match &self.login {
                Some(login) => login.account(&self.parts).await,
                None => Err(Reply::needs_login()),
            };
            return submission.message(&self.parts, &self.peer, now, transaction, memory).await;
        }
        let began = Instant::now();
        let Some(open) = self.open.take() else {
            return Reply::out_of_order("Send MAIL first");
        };
        let client = self.client(transaction.origin.as_ref());
        let entry = Entry::of_message(&client, &transaction);
        if let Err(reply) = self.parts.rates.take_message(client.ip) {
            transaction.message = Err(reply);
        }
        let Open { sender, recipients, listed, .. } = open;
        let listed = listed.unwrap_or_default();
        let (parts, peer, sender) = (&self.parts, &self.peer, &sender);
        let (id, now) = (entry.id, entry.arrived);
        let addressed = Addressed::of(&recipients);
        // Recipients are addresses of answers, or none is.
        let mut conclusion = match recipients.first().and_then(Recipient::answered_alias) {
            Some(_) => {
                let came = Came { sender, id, now, transaction, memory };
                answer(parts, came, recipients).await
            }
            None => {
                let forward = Forward { parts, peer, sender, listed: &listed, id, now };
                forward.run(transaction, memory, recipients).await
            }
        };
        addressed.conclude(parts, sender.reverse_path().mailbox(), &mut conclusion, now).await;
        self.last = Some(Arc::clone(&conclusion.announced));
        entry.conclude(&self.parts, conclusion, began.elapsed()).await
    }

    async fn unheard(&mut self) {
        let last = self.last.take();
        if let Some(copies) = last.as_ref().and_then(|last| last.get()) {
            remember_prints(&self.parts, copies.delivered(), clock::now()).await;
        }
    }

    async fn aborted(&mut self, Aborted { transaction, in_message }: Aborted) {
        (self.open, self.submission) = (None, None);
        if in_message {
            let client = self.client(transaction.origin.as_ref());
            Entry::of_aborted(&client, &transaction).tell(&self.parts).await;
        }
    }
}

impl Mail {
    /// From whom a message is: the peer, or the client that a relay names.
    fn client(&self, origin: Option<&Origin>) -> Peer {
        let ip = origin.and_then(|origin| origin.ip);
        Peer { ip: ip.or(self.peer.ip) }
    }

    fn ask_client(&self, ip: Option<IpAddr>) -> Option<Inquiry> {
        self.parts.lists.ask_client(&self.parts.rates, ip)
    }

    /// Waits for what lists say, as long as that is worth it: it is what counts for the transaction.
    async fn hear_lists(&mut self) {
        let Some(open) = self.open.as_mut().filter(|open| open.listed.is_none()) else { return };
        let mut listed = Vec::new();
        for inquiry in self.lists.iter_mut().chain(open.lists.iter_mut().flatten()) {
            inquiry.wait().await;
            listed.extend(inquiry.all().into_iter().filter(Said::matters));
        }
        open.listed = Some(listed);
    }

    /// The recipient that `path` means, if it is taken.
    async fn taken(&mut self, session: &Session, path: &ForwardPath) -> Result<Recipient, Refusal> {
        let now = clock::now();
        let recipient = decide(&self.parts, path, now).await?;
        let named = recipient.named.clone();
        self.admitted(session, recipient, now)
            .await
            .map_err(|refusal| Refusal { named: refusal.named.or(named), ..refusal })
    }

    /// `recipient`, if this client may write to it in this transaction.
    async fn admitted(
        &mut self,
        session: &Session,
        mut recipient: Recipient,
        now: UnixTime,
    ) -> Result<Recipient, Refusal> {
        if let Some(open) = &self.open {
            senders::refuse_recipient(&self.parts, &mut recipient, open.sender.reverse_path())?;
        }
        refuse_used_up(&self.parts, &recipient).await?;
        self.hear_lists().await;
        let Some(open) = &self.open else {
            return Err(Reply::out_of_order("Send MAIL first").into());
        };
        let listed = open.listed.as_deref().unwrap_or_default();
        if let Some(reply) = refusal_at_once(&recipient, open.sender.reverse_path(), listed) {
            return Err(reply.into());
        }
        let client = self.client(session.origin());
        self.parts.rates.may_receive(client.ip, &recipient)?;
        if let Some(named) = recipient.named.as_ref().filter(|named| named.is_new) {
            self.parts.new_aliases.may_make(named)?;
        }
        match self.objection(open, &recipient, now).await {
            Some(refusal) => Err(refusal),
            None => Ok(recipient),
        }
    }

    /// Whether lists may yet refuse the message for one of two recipients alone.
    fn differ_by_lists(&self, open: &Open, one: &Recipient, other: &Recipient) -> bool {
        let sender = &open.sender;
        let may_refuse = refusal(open.listed.iter().flatten()).is_some()
            || self.parts.lists.may_refuse_authors(sender.ip());
        may_refuse && dnsbl::differ(one, other, sender.reverse_path())
    }

    /// What stands against a recipient that is fine by itself.
    async fn objection(
        &self,
        open: &Open,
        recipient: &Recipient,
        now: UnixTime,
    ) -> Option<Refusal> {
        let parts = &*self.parts;
        // An answer is from one alias, and nobody else's mail.
        let answered = recipient.answered_alias();
        if let Some(first) = open.recipients.first()
            && first.answered_alias() != answered
        {
            return Some(Reply::other_destination().into());
        }
        if answered.is_some() {
            return None;
        }
        // What returns has rules of its own, by which the others are not to be judged. One reply will cover all
        // recipients; those of one destination group mostly share a fate. Where they do not, a DSN tells the
        // difference, if one may leave.
        if let Some(first) = open.recipients.first()
            && (first.is_srs_return() != recipient.is_srs_return()
                || self.differ_by_lists(open, first, recipient)
                || differ(parts, first, recipient)
                || senders::differ(parts, first, recipient)
                || is_counted_apart(first, recipient)
                || first.group() != recipient.group()
                    && open.sender.bounce(parts, None).await != Bounce::Safe)
        {
            return Some(Reply::other_destination().into());
        }
        if !parts.store.remembers_refusals() {
            return None;
        }
        let key = refusal_key(open.sender.reverse_path(), recipient);
        let kept = parts.store.take_refused(&key, now).await.unwrap_or_else(|error| {
            tracing::error!(%error, "cannot strike out a refusal");
            None
        });
        kept.map(|reply| Refusal { is_verdict: true, ..reply.as_kept().into() })
    }
}

/// Begins to ask; what is not known at once is a task, which ends with what this gives.
async fn in_advance(asking: impl Future<Output = ()> + Send + 'static) -> Option<JoinSet<()>> {
    let mut asking = Box::pin(asking);
    let is_known = poll_fn(|cx| Poll::Ready(asking.as_mut().poll(cx).is_ready())).await;
    (!is_known).then(|| {
        let mut task = JoinSet::new();
        task.spawn(asking);
        task
    })
}

/// True where one of two aliases may have taken its last message while the other has not: there is one reply for both.
fn is_counted_apart(one: &Recipient, other: &Recipient) -> bool {
    let key = |to: &Recipient| to.named.as_ref().map(|named| named.key.clone());
    let is_counted = |to: &Recipient| to.rules().max_messages.is_some();
    (is_counted(one) || is_counted(other)) && key(one) != key(other)
}

/// As what a refused recipient counts against its client, if at all.
fn miss(refusal: &Refusal) -> Option<Miss> {
    let unknown = [Reply::no_such_alias(), Reply::relaying_denied()];
    match refusal.is_forged {
        true => Some(Miss::Forged),
        false => unknown.contains(&refusal.reply).then_some(Miss::Unknown),
    }
}
