//! A leg of a message that is tried, and what the try does to it.

use crate::{
    dsn,
    envelope::{MailDsn, RcptDsn},
    fate::Verdict,
    mail::parts::Parts,
    next_hop::Protocol,
    outbound::{Attempt, DsnRequest},
    retry::Work,
    store::spool::{Leg, LegState},
    time::Millis,
};

/// A leg of the message.
pub(super) struct Tried {
    /// The number of the leg in the store.
    pub(super) number: i64,
    pub(super) leg: Leg,
    /// This try is about the leg.
    pub(super) is_due: bool,
    /// The store has taken the leg into the attempt, so that nobody drops it.
    pub(super) has_begun: bool,
    /// What this try did to the leg.
    pub(super) touch: Option<Touch>,
    /// As what a delivery is told, if it was one, and the host does not tell it.
    pub(super) success: Option<dsn::Cause>,
}

/// Why a leg that was tried is at its end, if it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Touch {
    /// The destination spoke, or should have.
    Tried,
    /// The time of the leg was up.
    GivenUp,
}

impl Tried {
    /// Takes the verdict of a destination that is spoken to by `protocol`.
    pub(super) fn hear(&mut self, attempt: &Attempt, protocol: Protocol) {
        let leg = &mut self.leg;
        leg.was_uncertain |= leg.state == LegState::Uncertain;
        leg.state = match attempt.outcome.verdict {
            Verdict::Delivered => LegState::Delivered,
            Verdict::Refused => LegState::Failed,
            Verdict::Deferred if leg.was_uncertain || attempt.uncertain => LegState::Uncertain,
            Verdict::Deferred => LegState::Queued,
        };
        leg.reply = attempt.outcome.reply.to_keep();
        let is_told = attempt.offers_dsn && leg.is_of_recipient();
        self.success = (!is_told).then_some(match protocol {
            Protocol::Lmtp => dsn::Cause::Delivered,
            Protocol::Smtp | Protocol::Smtps => dsn::Cause::Relayed,
        });
        self.touch = Some(Touch::Tried);
    }

    /// Has a leg wait on as it was, to be looked at anew.
    pub(super) fn put_back(&mut self, now: Millis) {
        self.leg.next_attempt = now;
        self.touch = Some(Touch::Tried);
    }

    /// Ends a leg that is open.
    pub(super) fn give_up(&mut self) {
        self.leg.was_uncertain |= self.leg.state == LegState::Uncertain;
        self.leg.state = LegState::Failed;
        self.touch = Some(Touch::GivenUp);
    }
}

/// What the destination of `legs` is asked of DSNs, where the sender asks so much of the message.
pub(super) fn asked<'t>(of_message: &MailDsn, legs: impl Iterator<Item = &'t Tried>) -> DsnRequest {
    let mut request = DsnRequest::default();
    for Tried { leg, .. } in legs {
        if leg.is_of_recipient() {
            request.message = of_message.clone();
        }
        let asked = leg.asked_of_destination();
        if asked != RcptDsn::default() {
            request.recipients.push((leg.mailbox.clone(), asked));
        }
    }
    request
}

/// No host could be spoken to.
pub(super) fn is_asleep(attempt: &Attempt) -> bool {
    attempt.outcome.verdict == Verdict::Deferred && (attempt.is_asleep || attempt.uncertain)
}

/// Whether a failure says something of who has the first host of the destination, and with it of all that waits for them: not
/// where the provider of another host gets nothing, and not where no host was found, whose name anybody's DNS can make up.
pub(super) fn is_about(attempt: &Attempt, work: &Work) -> bool {
    let provider = attempt.held.as_ref().map(|hold| &hold.provider).or(attempt.provider.as_ref());
    let is_of_another = provider.is_some_and(|provider| *provider != work.group);
    let was_nobody_asked = attempt.held.is_none() && attempt.remote.is_none();
    !is_of_another && (!was_nobody_asked || work.group == work.hop.owner())
}

/// Until when the provider of an attempt gets nothing.
pub(super) fn hold_of(parts: &Parts, attempt: &Attempt) -> Option<Millis> {
    if let Some(hold) = &attempt.held {
        return Some(hold.until);
    }
    let provider = attempt.provider.as_ref()?;
    let is_put_off = attempt.outcome.verdict == Verdict::Deferred;
    Some(is_put_off.then(|| parts.network.hold(provider)).flatten()?.until)
}
