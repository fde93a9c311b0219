//! What accounts send: a transaction of somebody who has logged in, from MAIL to its reply. The sender is the
//! account's own, recipients are anywhere, and the message is always spooled: a client does not wait.
//!
//! The reverse-path stays what it is, for hosted aliases too, and is never rewritten: it is at a domain of ours whose SPF
//! names us, and what bounces comes to the alias, and through it to the mailbox.

mod answer;
mod dress;
mod login;
mod own;
mod spam;

pub(crate) use answer::{Came, answer, judge, signs};
pub(crate) use login::LoggedIn;

use super::{
    checks,
    counts::Addressed,
    decide::decide,
    frozen,
    late::Announcement,
    parts::Parts,
    recipient::Recipient,
    record::{Conclusion, Entry, not_taken},
    sender::Sender,
    spool::{Added, keep},
    usage::Claim,
};
use crate::{
    account::{Account, AccountId, State},
    address::ForwardPath,
    alias::Ways,
    clock,
    envelope::{Envelope, RcptDsn},
    inbound::{Peer, Reservation},
    message::{MessageId, take_out_own_results, without_private_fields},
    metrics::NotSubmitted,
    reply::{Class, Reply},
    rspamd::Verdict,
    smtp::Transaction,
    store::{journal::Outcome, spool::SpoolError},
    time::{Millis, UnixTime},
};
use tokio::time::Instant;

/// The transaction of an account that is open.
#[derive(Debug)]
pub(crate) struct Submission {
    account: Account,
    sender: Sender,
    /// Those that were accepted.
    recipients: Vec<To>,
    claim: Claim,
}

/// A recipient, and whether its domain is ours.
#[derive(Debug)]
struct To {
    recipient: Recipient,
    is_hosted: bool,
    /// What is asked of DSNs about the recipient.
    dsn: RcptDsn,
}

/// A message that was taken.
struct Taken {
    filter: Option<Verdict>,
    notes: Vec<String>,
    spooled: Vec<Added>,
}

impl Submission {
    /// Answers MAIL of `account`, as it is now, whose client brings a message.
    ///
    /// # Errors
    /// The reply that refuses it.
    pub(crate) async fn begin(
        parts: &Parts,
        client: &Peer,
        helo: &str,
        account: Account,
        envelope: &Envelope,
    ) -> Result<Self, Reply> {
        check_state(parts, &account)?;
        parts.rates.may_send(client.ip)?;
        own::check_reverse_path(parts, &account, &envelope.reverse_path).await?;
        parts.usage.know(&parts.store, account.id).await.map_err(|error| {
            tracing::error!(%error, "cannot look up how much an account has sent");
            Reply::store_failed()
        })?;
        let claim = parts.usage.claim(account.id);
        let claim = claim.inspect_err(|_| over_limit(parts))?;
        let sender = Sender::new(client.ip, helo, &envelope.reverse_path);
        Ok(Self { account, sender, recipients: Vec::new(), claim })
    }

    /// Whose it is.
    pub(crate) fn account(&self) -> AccountId {
        self.account.id
    }

    /// Answers RCPT, which asks `dsn` of DSNs.
    ///
    /// # Errors
    /// The reply that refuses it.
    pub(crate) async fn recipient(
        &mut self,
        parts: &Parts,
        path: &ForwardPath,
        dsn: &RcptDsn,
    ) -> Result<(), Reply> {
        let mut to = match leads_to(parts, path, clock::now()).await {
            Ok(to) => to,
            Err(reply) => {
                if reply.class() == Class::Permanent {
                    frozen::note(parts, self.account.id, true).await;
                }
                return Err(reply);
            }
        };
        if to.is_hosted {
            parts.rates.may_receive(self.sender.ip(), &to.recipient)?;
        }
        self.claim.add(path).inspect_err(|_| over_limit(parts))?;
        to.dsn = dsn.clone();
        self.recipients.push(to);
        Ok(())
    }

    /// Answers a complete message of the account, as that is `now`, of whose octets `memory` is kept as long as they are.
    pub(crate) async fn message(
        mut self,
        parts: &Parts,
        client: &Peer,
        now: Result<Account, Reply>,
        transaction: Transaction,
        memory: Reservation,
    ) -> Reply {
        let began = Instant::now();
        let entry = Entry::of_message(client, &transaction);
        let auth = self.account.id.cause().to_string();
        let (id, arrived) = (entry.id, clock::steady_millis());
        let to_somebody = self.recipients.iter().any(|to| !to.recipient.destinations.is_empty());
        let ways = Recipient::ways_of(self.recipients.iter().map(|to| &to.recipient));
        let taken = match now {
            Ok(account) => {
                self.account = account;
                self.take(parts, transaction, memory, id, arrived).await
            }
            Err(reply) => Err(reply),
        };
        let (reply, outcome, taken) = match taken {
            Ok(taken) if to_somebody => {
                (Reply::submitted(&id.to_string()), Outcome::Spooled, taken)
            }
            Ok(taken) => (Reply::discarded(&id.to_string()), Outcome::Discarded, taken),
            Err(reply) => {
                let none = Taken { filter: None, notes: Vec::new(), spooled: Vec::new() };
                (reply.clone(), not_taken(&reply), none)
            }
        };
        parts.metrics.submitted(outcome.as_str());
        let conclusion = Conclusion {
            reply,
            outcome,
            srs_from: None,
            auth,
            filter: taken.filter,
            notes: taken.notes,
            attempts: Vec::new(),
            ways,
            rule: None,
            spooled: taken.spooled,
            announced: Announcement::default(),
        };
        entry.conclude(parts, conclusion, began.elapsed()).await
    }

    /// Checks, dresses and spools the message: on disk when this answers.
    async fn take(
        self,
        parts: &Parts,
        mut transaction: Transaction,
        memory: Reservation,
        id: MessageId,
        arrived: Millis,
    ) -> Result<Taken, Reply> {
        let mut came = std::mem::replace(&mut transaction.message, Ok(Vec::new()))?;
        // A message may take long to come.
        check_state(parts, &self.account)?;
        own::check_reverse_path(parts, &self.account, self.sender.reverse_path()).await?;
        parts.rates.take_message(self.sender.ip())?;
        let asked = self.recipients.iter().map(|to| (to.recipient.path.clone(), to.dsn.clone()));
        let asked: Vec<_> = asked.collect();
        let (hosted, outside): (Vec<To>, Vec<To>) =
            self.recipients.into_iter().partition(|to| to.is_hosted);
        let recipients = |to: Vec<To>| to.into_iter().map(|to| to.recipient).collect::<Vec<_>>();
        let (hosted, outside) = (recipients(hosted), recipients(outside));
        let loop_tokens = checks::submitted(parts, &came, &hosted)?;
        let from = own::check_fields(parts, &self.account, &came).await?;
        let reverse_path = self.sender.reverse_path();
        own::check_null(reverse_path, &came)?;
        own::check_keys(parts, &from)?;

        let config = &parts.config;
        let mut start = take_out_own_results(&mut came, config.hostname.as_str());
        let kept = came.get_mut(start..).unwrap_or_default();
        start += without_private_fields(kept, &config.submission.strip);
        let message = memory.hold(came).slice(start..);

        let everybody = hosted.iter().chain(&outside).map(|to| &to.path).collect();
        let tls = transaction.tls.as_ref();
        let user = self.account.name.to_string();
        let spam = spam::check(parts, &user, &self.sender, everybody, id, tls, &message);
        let spam = spam.await?;
        let counted = checks::Counted::of(parts, self.sender.ip(), &hosted).await?;
        let account = self.account.id.to_string();
        let cloth = dress::Cloth {
            account: Some(&account),
            cause: self.account.id.cause(),
            came: &transaction,
            sender: &self.sender,
            from: &from,
            message: &message,
            marks: &spam.marks,
            id,
            arrived,
            asked: &asked,
        };
        let messages = cloth.messages(parts, &outside, &hosted, &loop_tokens)?;
        let spooled = keep(parts, messages).await.map_err(|error: SpoolError| {
            tracing::warn!(%id, %error, "not spooled");
            error.reply()
        })?;
        self.claim.spend();
        let now = clock::now();
        counted.spend(now);
        let made = Addressed::of(&hosted).taken(parts, reverse_path.mailbox(), now).await;
        let lost = hosted.into_iter().flat_map(|to| to.lost);
        let notes = lost.chain(spam.note).chain(made).collect();
        Ok(Taken { filter: spam.verdict, notes, spooled })
    }
}

/// Refuses what an account sends that is not to send.
fn check_state(parts: &Parts, account: &Account) -> Result<(), Reply> {
    let reply = match &account.state {
        State::Enabled => return Ok(()),
        State::Disabled => Reply::account_disabled(),
        State::Frozen { reason, .. } => Reply::account_frozen(reason),
    };
    parts.metrics.not_submitted(NotSubmitted::Stopped);
    Err(reply)
}

fn over_limit(parts: &Parts) {
    parts.metrics.not_submitted(NotSubmitted::OverLimit);
}

/// Where `path` leads at `now`: through the aliases where its domain is ours.
async fn leads_to(parts: &Parts, path: &ForwardPath, now: UnixTime) -> Result<To, Reply> {
    let srs_domain = &parts.config.srs.settings.domain;
    match path {
        ForwardPath::Mailbox(mailbox)
            if !parts.aliases.is_hosted(mailbox.domain()) && mailbox.domain() != srs_domain =>
        {
            // Behind an address may be whoever trusts this host, as its own Postfix does.
            if mailbox.domain().literal().is_some() {
                return Err(Reply::no_literals());
            }
            let recipient = Recipient {
                path: path.clone(),
                srs_domain: srs_domain.clone(),
                destinations: vec![parts.aliases.destination(mailbox.clone())],
                lost: Vec::new(),
                ways: Ways::default(),
                original: None,
                named: None,
                answered: None,
            };
            Ok(To { recipient, is_hosted: false, dsn: RcptDsn::default() })
        }
        _ => {
            let recipient = decide(parts, path, now).await.map_err(|refusal| refusal.reply)?;
            match &recipient.answered {
                // An account has no bounces to send.
                _ if recipient.is_srs_return() => Err(Reply::srs_bounces_only()),
                // Whoever has an account answers as its own: it is mail to whom the address stands for.
                Some(answered) => {
                    let is_hosted = parts.aliases.is_hosted(answered.to.domain());
                    let path = ForwardPath::Mailbox(answered.to.clone());
                    let ways = Recipient::ways_of([&recipient]);
                    Ok(To {
                        recipient: Recipient { path, ways, answered: None, ..recipient },
                        is_hosted,
                        dsn: RcptDsn::default(),
                    })
                }
                None => Ok(To { recipient, is_hosted: true, dsn: RcptDsn::default() }),
            }
        }
    }
}
