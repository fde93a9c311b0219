use super::{
    NoLeave,
    connection::Connection,
    dialogue::Lost,
    governor::in_a_while,
    open_error::{LoginError, OpenError},
    outgoing::Outgoing,
    route::NoRoute,
    transfer::Answer,
    transport::Remote,
    verdict::{outcome_of, refuses_account},
};
use crate::{
    address::Domain,
    fate::{DestinationOutcome, Verdict},
    provider::{Judgement, Measure, Whose, governor::Hold, judge},
    reply::{Class, ForeignReply, Hidden, Reply},
    smtp::reply_reader::ServerReply,
    tls::TlsError,
};
use smallvec::SmallVec;
use std::{cell::LazyCell, fmt::Write, sync::Arc, time::Duration};
use tokio::time::Instant;

/// Octets that the text of most hosts has.
const REMOTE: usize = 64;

/// What became of a message for one recipient.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// The verdict, and the reply for the client, made harmless.
    pub outcome: DestinationOutcome,
    /// The reply as the host gave it, for the journal: not to be trusted, not to be shown.
    pub theirs: Option<ForeignReply>,
    /// The host that decided it, or the last one that was tried:
    /// `mx1.example.org [192.0.2.1]:25`, `192.0.2.1:25` or `unix:/path`.
    pub remote: Option<String>,
    /// How the connection was encrypted, and why that was believed; empty for plaintext, or without connection.
    pub tls: String,
    /// How long the attempt took, waiting for a connection included.
    pub elapsed: Duration,
    /// The whole message was sent and the reply to it never came: the destination may have it.
    pub uncertain: bool,
    /// No host would speak about this message: the next one will fare no better.
    pub is_asleep: bool,
    /// Who has the hosts, where that is known.
    pub provider: Option<Arc<str>>,
    /// The provider gets nothing for now, or others are before this message: no host was asked.
    pub held: Option<Hold>,
    /// The message is to wait for so long at least.
    pub wait: Duration,
    /// The host that answered offers DSN (RFC 3461): it was told what the sender asks, and makes the reports.
    pub offers_dsn: bool,
}

/// A delivery under way: who has a verdict, and what stood in the way for those who have none.
#[derive(Debug)]
pub(super) struct Delivery<'a> {
    pub(super) mail: &'a Outgoing,
    started: Instant,
    attempts: Vec<Option<Attempt>>,
    failure: Option<Attempt>,
    provider: Option<Arc<str>>,
    /// The governor counts a reply about this message already.
    pub(super) is_counted: bool,
    /// The hosts know us by a login.
    pub(super) has_login: bool,
}

impl<'a> Delivery<'a> {
    pub(super) fn new(mail: &'a Outgoing) -> Self {
        let attempts = vec![None; mail.recipients.len()];
        let started = Instant::now();
        Self {
            mail,
            started,
            attempts,
            failure: None,
            provider: None,
            is_counted: false,
            has_login: false,
        }
    }

    /// Recipients without verdict, by index.
    pub(super) fn pending(&self) -> SmallVec<[usize; 4]> {
        let open = self.attempts.iter().enumerate().filter(|(_, attempt)| attempt.is_none());
        open.map(|(at, _)| at).collect()
    }

    pub(super) fn is_done(&self) -> bool {
        self.attempts.iter().all(Option::is_some)
    }

    /// Takes the answers of a host for recipients, by index.
    pub(super) fn answered(
        &mut self,
        answers: impl Iterator<Item = (usize, Answer)>,
        connection: &Connection,
        lost: Option<&Lost>,
    ) {
        let (mail, remote) = (self.mail, &connection.remote);
        let hidden = LazyCell::new(|| hidden(mail, remote));
        for (at, answer) in answers {
            let mut attempt = match answer {
                Answer::Said(reply) if reply.class() == Class::Positive && !mail.tells_success => {
                    let theirs = Some(reply.to_foreign());
                    Attempt { theirs, ..self.own(Verdict::Delivered, Reply::ok(), Some(remote)) }
                }
                Answer::Said(reply) => self.said(&reply, remote, &hidden),
                Answer::Unfit(reply) => self.own(Verdict::Refused, reply, Some(remote)),
                Answer::Uncertain => Attempt {
                    uncertain: true,
                    ..self.own(Verdict::Deferred, lost_reply(lost), Some(remote))
                },
                Answer::Closing(reply) => {
                    let failure = self.said(&reply, remote, &hidden);
                    self.failed(failure);
                    continue;
                }
                Answer::Withheld => {
                    self.deferred(Reply::local_error());
                    continue;
                }
                Answer::Unsent => {
                    let failure = self.own(Verdict::Deferred, lost_reply(lost), Some(remote));
                    self.asleep(failure);
                    continue;
                }
            };
            attempt.tls.clone_from(&connection.tls);
            attempt.offers_dsn = connection.extensions.dsn;
            if let Some(slot) = self.attempts.get_mut(at) {
                *slot = Some(attempt);
            }
        }
    }

    /// A host could not be spoken to.
    pub(super) fn not_open(&mut self, error: &OpenError, remote: &Remote) {
        let deferred = |reply| self.own(Verdict::Deferred, reply, Some(remote));
        let failure = match error {
            OpenError::Unreachable(_) => deferred(Reply::destination_unreachable()),
            OpenError::Lost(lost) => deferred(lost_reply(Some(lost))),
            OpenError::Refused(reply) if reply.class() == Class::Permanent => Attempt {
                theirs: Some(reply.to_foreign()),
                ..deferred(Reply::destination_refuses_us())
            },
            OpenError::Refused(reply) => self.said(reply, remote, &hidden(self.mail, remote)),
            OpenError::WithoutTls => deferred(Reply::destination_without_tls()),
            OpenError::TlsRefused(reply) => Attempt {
                theirs: Some(reply.to_foreign()),
                ..deferred(Reply::destination_without_tls())
            },
            // Ours to mend: whoever wrote cannot.
            OpenError::Login(LoginError::Refused(reply)) => Attempt {
                theirs: Some(reply.to_foreign()),
                ..deferred(Reply::destination_refuses_us())
            },
            OpenError::Login(_) => deferred(Reply::destination_refuses_us()),
            OpenError::Tls(TlsError::Handshake(_)) => deferred(Reply::destination_tls_failed()),
            OpenError::Tls(_) => deferred(Reply::destination_not_trusted()),
        };
        self.asleep(failure);
    }

    /// The name of a host could not be resolved.
    pub(super) fn no_route(&mut self, why: NoRoute) {
        let (verdict, reply) = why.outcome();
        let failure = self.own(verdict, reply, None);
        self.asleep(failure);
    }

    /// Nobody may ask the provider, or others do.
    pub(super) fn no_leave(&mut self, whose: &Whose, why: NoLeave) {
        self.is_for(whose);
        let (hold, reply) = match why {
            NoLeave::Held(hold) => (hold, Reply::destination_held()),
            NoLeave::Crowded => {
                let until = in_a_while();
                (Hold { until, ..Hold::now(whose) }, Reply::destination_too_slow())
            }
        };
        let failure = self.own(Verdict::Deferred, reply, None);
        self.failed(Attempt { held: Some(hold), ..failure });
    }

    /// Who has the hosts that are tried.
    pub(super) fn is_for(&mut self, whose: &Whose) {
        self.provider = Some(Arc::clone(&whose.name));
    }

    /// Nothing can be sent at all.
    pub(super) fn deferred(&mut self, reply: Reply) {
        let failure = self.own(Verdict::Deferred, reply, None);
        self.failed(failure);
    }

    /// One attempt for each recipient, in their order.
    pub(super) fn finish(self) -> Vec<Attempt> {
        let elapsed = self.started.elapsed();
        let failure = self
            .failure
            .clone()
            .unwrap_or_else(|| self.own(Verdict::Deferred, Reply::destination_too_slow(), None));
        let failed = Attempt { elapsed, ..failure };
        self.attempts.into_iter().map(|a| a.unwrap_or_else(|| failed.clone())).collect()
    }

    /// Nothing came of a host.
    fn asleep(&mut self, failure: Attempt) {
        self.failed(Attempt { is_asleep: true, ..failure });
    }

    /// The last failure is reported, but a reply tells more than silence.
    fn failed(&mut self, failure: Attempt) {
        let told = self.failure.as_ref().is_some_and(|earlier| earlier.theirs.is_some());
        if !told || failure.theirs.is_some() {
            self.failure = Some(failure);
        }
    }

    /// What a reply of this host asks of us. How the mailboxes are called was chosen by whoever has the alias, and says
    /// nothing.
    pub(super) fn judge(&self, reply: &ForeignReply, remote: &Remote) -> Judgement {
        let host = remote.name.as_ref().map_or("", Domain::as_str);
        let chosen = Hidden::local_parts(&self.mail.recipients);
        judge(host, &reply.without(&chosen).to_string())
    }

    /// A verdict in the host's own words.
    fn said(&self, reply: &ServerReply, remote: &Remote, hidden: &Hidden) -> Attempt {
        let DestinationOutcome { verdict, reply: shown } = outcome_of(reply, hidden);
        let theirs = reply.to_foreign();
        if verdict == Verdict::Delivered {
            return Attempt { theirs: Some(theirs), ..self.own(verdict, shown, Some(remote)) };
        }
        let judgement = self.judge(&theirs, remote);
        // Where our address or login is what is refused, whoever wrote cannot mend that.
        let (verdict, shown) = match verdict {
            Verdict::Refused if judgement.is_of_ours() => {
                (Verdict::Deferred, Reply::destination_held())
            }
            Verdict::Refused if self.has_login && refuses_account(&theirs.to_string()) => {
                (Verdict::Deferred, Reply::destination_refuses_us())
            }
            _ => (verdict, shown),
        };
        let wait = match judgement.measure {
            Measure::Wait(time) => time,
            _ => Duration::ZERO,
        };
        Attempt { theirs: Some(theirs), wait, ..self.own(verdict, shown, Some(remote)) }
    }

    fn own(&self, verdict: Verdict, reply: Reply, remote: Option<&Remote>) -> Attempt {
        Attempt {
            outcome: DestinationOutcome { verdict, reply },
            theirs: None,
            remote: remote.map(|remote| {
                let mut text = String::with_capacity(REMOTE);
                // Writing to a String cannot fail.
                let _ = write!(text, "{remote}");
                text
            }),
            elapsed: self.started.elapsed(),
            tls: String::new(),
            uncertain: false,
            is_asleep: false,
            provider: self.provider.clone(),
            held: None,
            wait: Duration::ZERO,
            offers_dsn: false,
        }
    }
}

/// What no reply of this host may show.
fn hidden(mail: &Outgoing, remote: &Remote) -> Hidden {
    remote.hide(Hidden::mailboxes(&mail.recipients))
}

fn lost_reply(lost: Option<&Lost>) -> Reply {
    match lost {
        Some(Lost::TimedOut) => Reply::destination_too_slow(),
        Some(Lost::Broken(_) | Lost::NotSmtp(_)) | None => Reply::destination_lost(),
    }
}
