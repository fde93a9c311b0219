//! The DSN about recipients that failed: a spooled message like another, except that none follows from it.

use crate::{
    address::{ForwardPath, Mailbox, ReversePath},
    clock,
    dsn::{self, Cause, Notice},
    mail::{
        dress::signatures,
        parts::Services,
        recipient::{Decision, final_mailboxes},
    },
    reply::{ForeignReply, Reply},
    store::spool::{Head, Leg, LegState, NewMessage},
};
use std::time::Duration;

/// A recipient that nobody will get the message for.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) path: ForwardPath,
    /// The last reply, as a client may see it.
    pub(super) reply: Reply,
    /// Given up after so long; `None`: refused.
    pub(super) tried_for: Option<Duration>,
    /// A destination may have it all the same.
    pub(super) is_uncertain: bool,
}

impl Failure {
    fn to_dsn(&self) -> dsn::Failure<'_> {
        let cause = match self.tried_for {
            None => Cause::Refused,
            Some(tried_for) => Cause::GivenUp { tried_for, is_uncertain: self.is_uncertain },
        };
        dsn::Failure { path: &self.path, reply: &self.reply, cause }
    }
}

/// The DSN for the sender of the message `head` about `failures`. `None` where there is nothing to tell,
/// nobody to tell it to, or nobody who may be told.
pub(super) async fn make(
    services: &Services,
    head: &Head,
    message: &[u8],
    failures: Vec<Failure>,
) -> Option<NewMessage> {
    let ReversePath::Mailbox(sender) = &head.sender else { return None };
    if failures.is_empty() || !head.notify {
        return None;
    }
    let mailboxes = match final_mailboxes(services, sender.clone()).await {
        Ok((mailboxes, _)) if mailboxes.is_empty() => return None,
        Ok((mailboxes, _)) => mailboxes,
        Err(Decision::Refuse(reply) | Decision::Forged(reply)) => {
            tracing::warn!(id = head.id, %sender, %reply, "cannot tell the sender what failed");
            return None;
        }
        Err(Decision::Accept(_)) => return None,
    };
    let now = clock::steady_millis();
    let id = clock::message_id();
    let from = Mailbox::parse(&format!("postmaster@{}", services.config.srs.settings.domain));
    let failures: Vec<_> = failures.iter().map(Failure::to_dsn).collect();
    let notice = Notice {
        id,
        hostname: &services.config.hostname,
        from: from.as_ref().unwrap_or(sender),
        to: sender,
        original_id: &head.id,
        arrived: head.arrived.unix_time(),
        now: now.unix_time(),
        original: message,
        failures: &failures,
    };
    let legs = mailboxes.into_iter().map(|mailbox| Leg {
        recipient: ForwardPath::Mailbox(sender.clone()),
        mailbox,
        reverse_path: ReversePath::Null,
        state: LegState::Queued,
        was_uncertain: false,
        attempts: 0,
        next_attempt: now,
        reply: ForeignReply { code: 451, status: None, text: "Not tried yet".to_owned() },
    });
    let message = notice.to_message();
    tracing::info!(%id, about = head.id, to = %sender, "notice of a failure");
    Some(NewMessage {
        head: Head {
            id: id.to_string(),
            arrived: now,
            client: None,
            helo: String::new(),
            sender: ReversePath::Null,
            notify: false,
            eight_bit: false,
            smtputf8: notice.needs_smtputf8(),
            has_delivered: false,
            has_failed: false,
        },
        prefix: signatures(services, &services.config.srs.settings.domain, &[&message]).into(),
        message: message.into(),
        legs: legs.collect(),
    })
}
