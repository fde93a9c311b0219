use crate::{
    address::{Mailbox, ReversePath},
    envelope::{MailDsn, RcptDsn},
    fate::DestinationOutcome,
    message::Text,
    slots::Cause,
};
use parking_lot::Mutex;
use std::{
    fmt,
    pin::Pin,
    sync::{Arc, OnceLock},
};
use tokio::{sync::Notify, time::Instant};

/// A message as it is to leave.
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// Where bounces go; rewritten already.
    pub reverse_path: ReversePath,
    /// Mailboxes of one next hop.
    pub recipients: Vec<Mailbox>,
    /// Who causes it: has connections to the next hop as far as they are not for others.
    pub cause: Cause,
    /// What is sent.
    pub text: Text,
    /// The message has bytes above 127: to be sent as BODY=8BITMIME or not at all (RFC 6152 §3).
    pub eight_bit: bool,
    /// The header section needs SMTPUTF8: to be sent with it or not at all (RFC 6531 §3.2).
    pub smtputf8: bool,
    /// What hosts that offer DSN are asked.
    pub dsn: DsnRequest,
    /// To be passed just before the end of data is sent.
    pub checkpoint: Option<Checkpoint>,
    /// Tells how far the transaction is.
    pub progress: Progress,
    /// The words of a host that takes the message may be told to whoever wrote: they are made fit for that. Else nobody
    /// hears them.
    pub tells_success: bool,
}

/// What is asked of DSNs (RFC 3461), as the sender asked it of us; nothing as a rule.
#[derive(Debug, Clone, Default)]
pub struct DsnRequest {
    /// Of the message.
    pub message: MailDsn,
    /// Of those recipients of whom anything is asked.
    pub recipients: Vec<(Mailbox, RcptDsn)>,
}

impl DsnRequest {
    /// What is asked of `recipient`.
    pub(super) fn of(&self, recipient: &Mailbox) -> Option<&RcptDsn> {
        self.recipients.iter().find(|(mailbox, _)| mailbox == recipient).map(|(_, dsn)| dsn)
    }
}

/// How far a transaction is. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Progress {
    own: Arc<OfTransaction>,
    changed: Arc<Notify>,
}

#[derive(Debug, Default)]
struct OfTransaction {
    end: OnceLock<Instant>,
    said: Mutex<Vec<(Mailbox, DestinationOutcome)>>,
}

impl Progress {
    /// That of another transaction, whose changes are heard together with those of this one.
    pub fn of_another(&self) -> Self {
        Self { own: Arc::default(), changed: Arc::clone(&self.changed) }
    }

    /// Ends when an end of data was sent since the last time, or somebody woke it.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }

    /// When the end of data was sent; `None` before.
    pub fn end(&self) -> Option<Instant> {
        self.own.end.get().copied()
    }

    /// What is known for a recipient while others of the transaction are waited for: an LMTP server answers for
    /// each by itself (RFC 2033 §4.2).
    pub fn said(&self, mailbox: &Mailbox) -> Option<DestinationOutcome> {
        let said = self.own.said.lock();
        said.iter().find(|(to, _)| to == mailbox).map(|(_, outcome)| outcome.clone())
    }

    /// Lets [`Progress::changed`] end.
    pub fn wake(&self) {
        self.changed.notify_one();
    }

    pub(super) fn ended(&self) {
        let _ = self.own.end.set(Instant::now());
        self.wake();
    }

    pub(super) fn has_said(&self, mailbox: &Mailbox, outcome: DestinationOutcome) {
        self.own.said.lock().push((mailbox.clone(), outcome));
    }
}

/// What must be done before the end of data is sent to a host: from then on it may have the message,
/// whatever is heard of it.
#[derive(Clone)]
pub struct Checkpoint(Arc<Pass>);

type Pass = dyn Fn(Vec<Mailbox>) -> Passing + Send + Sync;
type Passing = Pin<Box<dyn Future<Output = bool> + Send>>;

impl Checkpoint {
    /// `pass` is given the recipients that the host accepted, and says whether it may have them.
    pub fn new<F, P>(pass: F) -> Self
    where
        F: Fn(Vec<Mailbox>) -> P + Send + Sync + 'static,
        P: Future<Output = bool> + Send + 'static,
    {
        Self(Arc::new(move |accepted| Box::pin(pass(accepted))))
    }

    pub(super) async fn pass(&self, accepted: Vec<Mailbox>) -> bool {
        self.0(accepted).await
    }
}

impl fmt::Debug for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Checkpoint")
    }
}

impl Outgoing {
    /// Octets without stuffed dots, as SIZE counts them (RFC 1870 §3).
    pub fn size(&self) -> u64 {
        self.text.octets()
    }

    /// True where SMTPUTF8 was asked for, or an address has need of it.
    pub(super) fn needs_smtputf8(&self) -> bool {
        let ascii = |mailbox: &Mailbox| mailbox.local().is_ascii();
        self.smtputf8
            || !self.reverse_path.mailbox().is_none_or(ascii)
            || !self.recipients.iter().all(ascii)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Source;

    #[test]
    fn smtputf8_is_needed_by_flag_or_by_an_address() {
        let mailbox = |text| Mailbox::parse(text).unwrap();
        let mut mail = Outgoing {
            reverse_path: ReversePath::Null,
            recipients: vec![mailbox("a@b.test")],
            cause: Cause::default(),
            text: Text::new("", Source::default()),
            eight_bit: false,
            smtputf8: false,
            dsn: DsnRequest::default(),
            checkpoint: None,
            progress: Progress::default(),
            tells_success: true,
        };
        assert!(!mail.needs_smtputf8());
        mail.reverse_path = ReversePath::Mailbox(mailbox("é@b.test"));
        assert!(mail.needs_smtputf8());
        mail.reverse_path = ReversePath::Mailbox(mailbox("e@b.test"));
        mail.recipients.push(mailbox("ü@b.test"));
        assert!(mail.needs_smtputf8());
        mail.recipients.pop();
        mail.smtputf8 = true;
        assert!(mail.needs_smtputf8());
    }
}
