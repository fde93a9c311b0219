//! One copy of a spooled message, and how far it got.

use crate::{
    address::{ForwardPath, Mailbox, ReversePath},
    alias::Ways,
    envelope::{Notify, RcptDsn},
    reply::ForeignReply,
    time::Millis,
};
use std::fmt;

/// One destination mailbox of one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leg {
    /// The recipient as the client named it.
    pub recipient: ForwardPath,
    /// The mailbox that the recipient leads to.
    pub mailbox: Mailbox,
    /// How it leads there, where aliases of other domains are on the way; `None` where nobody noted that.
    pub ways: Option<Ways>,
    /// The reverse-path that the message leaves with.
    pub reverse_path: ReversePath,
    /// How far the leg got.
    pub state: LegState,
    /// An attempt before the last one may have delivered the message: if it is delivered, then perhaps twice.
    pub was_uncertain: bool,
    /// Attempts so far.
    pub attempts: u32,
    /// When the leg is due.
    pub next_attempt: Millis,
    /// The last reply, as a client may see it.
    pub reply: ForeignReply,
    /// What an account's client asked of DSNs about the recipient.
    pub dsn: RcptDsn,
    /// When the sender is to be told that the recipient has still to wait; `None` where that is not told, or was.
    pub delay_due: Option<Millis>,
}

/// How far a leg got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LegState {
    /// The leg waits.
    Queued,
    /// The message is being sent.
    Sending,
    /// The end of data was or is being sent, and no reply is known: the destination may have the message.
    Uncertain,
    /// The destination has the message.
    Delivered,
    /// The leg is given up.
    Failed,
    /// The operator gave the leg up.
    Dropped,
}

impl Leg {
    /// A leg that is to be tried at `due` for the first time.
    pub fn new(
        recipient: ForwardPath,
        mailbox: Mailbox,
        reverse_path: ReversePath,
        due: Millis,
    ) -> Self {
        Self {
            recipient,
            mailbox,
            ways: None,
            reverse_path,
            state: LegState::Queued,
            was_uncertain: false,
            attempts: 0,
            next_attempt: due,
            reply: ForeignReply { code: 451, status: None, text: "Not tried yet".to_owned() },
            dsn: RcptDsn::default(),
            delay_due: None,
        }
    }

    /// True where the destination is the recipient, and no alias of ours stands in between.
    pub fn is_of_recipient(&self) -> bool {
        matches!(&self.recipient, ForwardPath::Mailbox(mailbox) if *mailbox == self.mailbox)
    }

    /// What the destination is asked of DSNs: what the sender asks; but where an alias stands in between, silence at most, as
    /// the destination's DSN would tell where it leads (RFC 3461 §5.2.7.4).
    pub fn asked_of_destination(&self) -> RcptDsn {
        if self.is_of_recipient() {
            return self.dsn.clone();
        }
        let notify = self.dsn.notify.filter(|notify| *notify == Notify::NEVER);
        RcptDsn { notify, original: None }
    }
}

impl LegState {
    const ALL: [Self; 6] = [
        Self::Queued,
        Self::Sending,
        Self::Uncertain,
        Self::Delivered,
        Self::Failed,
        Self::Dropped,
    ];

    /// The word for it in the database and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sending => "sending",
            Self::Uncertain => "uncertain",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Dropped => "dropped",
        }
    }

    /// The state of that name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }

    /// True while there is something to do.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Queued | Self::Sending | Self::Uncertain)
    }
}

impl fmt::Display for LegState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
