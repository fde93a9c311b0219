//! What must be seen: the design as a pure function, which shares nothing with the code.

use super::case::{Case, Mailbox, Recipient, Sender};
use super::destination::{Now, Start, Verdict, destination};
use std::collections::{BTreeMap, BTreeSet};

/// A recipient of another destination group than the first.
pub(super) const ANOTHER_GROUP: Start = "452 4.5.3";

/// Asked again, each recipient is answered by itself.
const DIFFER: Start = "451 4.5.3";

/// One try of the sender, as it must go.
#[derive(Clone, Debug)]
pub(super) struct Exchange {
    pub(super) recipients: Vec<(String, Start)>,
    /// To the end of data; `None` where no recipient was accepted.
    pub(super) answer: Option<Answer>,
}

#[derive(Clone, Debug)]
pub(super) struct Answer {
    /// One of these; several where recipients differ and only one can be told of.
    pub(super) any_of: Vec<Start>,
    pub(super) says_spooled: bool,
}

/// A leg in the queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Leg {
    pub(super) alias: String,
    pub(super) mailbox: String,
    pub(super) state: &'static str,
}

/// A message in the queue.
#[derive(Clone, Debug)]
pub(super) struct Queued {
    pub(super) legs: Vec<Leg>,
    pub(super) attempts: usize,
    /// Legs of recipients that are not in the queue, as they ended.
    settled: Vec<Leg>,
    /// Its place in the journal.
    record: usize,
}

/// A case and all that is known of it outside Onward.
pub(super) struct World {
    case: Case,
    recipients: Vec<Recipient>,
    /// Recipients that the sender still has to serve.
    pending: Vec<usize>,
    /// What Onward remembers for the sender's next try.
    has_it: BTreeSet<String>,
    to_refuse: BTreeMap<usize, Start>,
    /// At least and at most, by mailbox.
    pub(super) copies: BTreeMap<String, (usize, usize)>,
    pub(super) queued: Option<Queued>,
    pub(super) notices: usize,
    /// The outcomes of all records about this case, DSNs apart.
    pub(super) journal: Vec<&'static str>,
}

enum Fate {
    Delivered { is_partial: bool },
    Refused(Vec<Start>),
    Deferred(Vec<Start>),
}

impl World {
    pub(super) fn new(case: &Case) -> Self {
        let recipients = case.recipients();
        let mailboxes = recipients.iter().flat_map(|to| &to.mailboxes);
        let copies = mailboxes.map(|mailbox| (mailbox.address.clone(), (0, 0))).collect();
        Self {
            case: case.clone(),
            pending: (0..recipients.len()).collect(),
            recipients,
            has_it: BTreeSet::new(),
            to_refuse: BTreeMap::new(),
            copies,
            queued: None,
            notices: 0,
            journal: Vec::new(),
        }
    }

    pub(super) fn sender_is_done(&self) -> bool {
        self.pending.is_empty()
    }

    /// The sender tries whatever it has left, in one transaction.
    pub(super) fn send(&mut self, now: Now) -> Exchange {
        let mut accepted = Vec::new();
        let mut recipients = Vec::new();
        for at in self.pending.clone() {
            let start = self.rcpt(at, accepted.first().copied());
            recipients.push((self.recipients[at].alias.clone(), start));
            match start.as_bytes()[0] {
                b'2' => accepted.push(at),
                // Those of all cases, which are one client, share a few records.
                _ if start == ANOTHER_GROUP => {}
                b'4' => self.journal.push("deferred"),
                _ => {
                    self.journal.push("refused");
                    self.pending.retain(|other| *other != at);
                }
            }
        }
        let answer = (!accepted.is_empty()).then(|| self.data(now, &accepted));
        Exchange { recipients, answer }
    }

    fn rcpt(&mut self, at: usize, first: Option<usize>) -> Start {
        let is_sound = |at: usize| self.recipients[at].mailboxes[0].is_sound;
        let is_other_group = first.is_some_and(|first| is_sound(first) != is_sound(at));
        if is_other_group && self.case.sender != Sender::Authenticated {
            return ANOTHER_GROUP;
        }
        self.to_refuse.remove(&at).unwrap_or("250 2.1.5")
    }

    /// One reply for all recipients, and what follows from it.
    fn data(&mut self, now: Now, accepted: &[usize]) -> Answer {
        let mailboxes = accepted.iter().flat_map(|at| self.recipients[*at].mailboxes.clone());
        let asked: Vec<_> = mailboxes.filter(|to| !self.has_it.contains(&to.address)).collect();
        let verdicts = self.ask(now, &asked);
        let fates: Vec<_> = accepted.iter().map(|at| (*at, self.fate(*at, &verdicts))).collect();
        let (mut refused, mut deferred, mut is_partial) = (Vec::new(), Vec::new(), false);
        for (at, fate) in fates {
            match fate {
                Fate::Delivered { is_partial: also } => is_partial |= also,
                Fate::Refused(replies) => refused.push((at, replies)),
                Fate::Deferred(replies) => deferred.push((at, replies)),
            }
        }
        let replies = |of: &[(usize, Vec<Start>)]| of.iter().flat_map(|(_, r)| r.clone()).collect();
        if refused.len() == accepted.len() {
            return self.answer("refused", replies(&refused), accepted);
        }
        if refused.is_empty() && deferred.is_empty() {
            let outcome = if is_partial { "partial" } else { "forwarded" };
            return self.answer(outcome, vec!["250 2.0.0"], accepted);
        }
        // A later bounce must be safe, or must not be needed for what is known already.
        let may_be_taken = match self.case.sender {
            Sender::Authenticated => true,
            Sender::Null => refused.is_empty(),
            Sender::Unauthenticated => false,
        };
        if may_be_taken {
            self.notices += usize::from(!refused.is_empty());
            if deferred.is_empty() {
                return self.answer("partial", vec!["250 2.0.0"], accepted);
            }
            let spooled: Vec<usize> = deferred.iter().map(|(at, _)| *at).collect();
            self.queued = Some(self.spool(accepted, &spooled, &verdicts));
            let answer = self.answer("spooled", vec!["250 2.0.0"], accepted);
            return Answer { says_spooled: true, ..answer };
        }
        // The sender comes again, and reaches only the others.
        let delivered = verdicts.iter().filter(|(_, it)| matches!(it, Verdict::Delivered));
        self.has_it.extend(delivered.map(|(mailbox, _)| mailbox.clone()));
        self.to_refuse.extend(refused.iter().map(|(at, replies)| (*at, replies[0])));
        let any_of = if deferred.is_empty() { vec![DIFFER] } else { replies(&deferred) };
        self.answer("deferred", any_of, &[])
    }

    fn answer(&mut self, outcome: &'static str, any_of: Vec<Start>, done: &[usize]) -> Answer {
        self.journal.push(outcome);
        self.pending.retain(|at| !done.contains(at));
        Answer { any_of, says_spooled: false }
    }

    fn spool(
        &self,
        accepted: &[usize],
        spooled: &[usize],
        verdicts: &BTreeMap<String, Verdict>,
    ) -> Queued {
        let (mut legs, mut settled) = (Vec::new(), Vec::new());
        for at in accepted {
            for mailbox in &self.recipients[*at].mailboxes {
                let alias = self.recipients[*at].alias.clone();
                let state = state_after("queued", verdicts.get(&mailbox.address));
                let leg = Leg { alias, mailbox: mailbox.address.clone(), state };
                if spooled.contains(at) { legs.push(leg) } else { settled.push(leg) }
            }
        }
        Queued { legs, attempts: 1, settled, record: self.journal.len() }
    }

    /// The spool tries again whatever is open.
    pub(super) fn retry(&mut self, now: Now) {
        let Some(mut queued) = self.queued.take() else { return };
        let is_open = |mailbox: &Mailbox| {
            queued.legs.iter().any(|leg| leg.mailbox == mailbox.address && leg.is_open())
        };
        let mailboxes = self.recipients.iter().flat_map(|to| to.mailboxes.clone());
        let asked: Vec<_> = mailboxes.filter(is_open).collect();
        let verdicts = self.ask(now, &asked);
        for leg in queued.legs.iter_mut().filter(|leg| leg.is_open()) {
            leg.state = state_after(leg.state, verdicts.get(&leg.mailbox));
        }
        queued.attempts += 1;
        let is_lost = |alias: &str| {
            let of_it: Vec<_> = queued.legs.iter().filter(|leg| leg.alias == alias).collect();
            of_it.iter().all(|leg| leg.state == "failed")
                && of_it.iter().any(|leg| verdicts.contains_key(&leg.mailbox))
        };
        let anybody_is_lost = queued.legs.iter().any(|leg| is_lost(&leg.alias));
        if anybody_is_lost && self.case.sender == Sender::Authenticated {
            self.notices += 1;
        }
        if queued.legs.iter().any(Leg::is_open) {
            self.queued = Some(queued);
            return;
        }
        let any = |state| queued.legs.iter().chain(&queued.settled).any(|leg| leg.state == state);
        self.journal[queued.record] = match (any("delivered"), any("failed")) {
            (true, true) => "partial",
            (true, false) => "forwarded",
            (false, _) => "failed",
        };
    }

    /// What the destinations say, and who has it afterwards.
    fn ask(&mut self, now: Now, asked: &[Mailbox]) -> BTreeMap<String, Verdict> {
        let (sound, faulty): (Vec<_>, Vec<_>) = asked.iter().partition(|to| to.is_sound);
        let said = destination(&self.case, now, &faulty);
        let said =
            sound.iter().map(|to| (*to, Verdict::Delivered)).chain(faulty.into_iter().zip(said));
        let said: BTreeMap<_, _> =
            said.map(|(to, verdict)| (to.address.clone(), verdict)).collect();
        for (mailbox, verdict) in &said {
            let (least, most) = self.copies.get_mut(mailbox).unwrap();
            *least += usize::from(matches!(verdict, Verdict::Delivered));
            *most += usize::from(matches!(
                verdict,
                Verdict::Delivered | Verdict::Deferred { is_uncertain: true, .. }
            ));
        }
        said
    }

    fn fate(&self, at: usize, verdicts: &BTreeMap<String, Verdict>) -> Fate {
        let (mut refused, mut deferred, mut is_delivered) = (Vec::new(), Vec::new(), false);
        for mailbox in &self.recipients[at].mailboxes {
            match verdicts.get(&mailbox.address) {
                Some(Verdict::Refused(reply)) => refused.push(*reply),
                Some(Verdict::Deferred { reply, .. }) => deferred.push(*reply),
                // Not asked: it has the message from an earlier try.
                Some(Verdict::Delivered) | None => is_delivered = true,
            }
        }
        match (deferred.is_empty(), is_delivered) {
            (false, _) => Fate::Deferred(deferred),
            (true, true) => Fate::Delivered { is_partial: !refused.is_empty() },
            (true, false) => Fate::Refused(refused),
        }
    }
}

impl Leg {
    pub(super) fn is_open(&self) -> bool {
        matches!(self.state, "queued" | "uncertain")
    }
}

/// States only move forward: what may have arrived once may always have arrived.
fn state_after(state: &'static str, verdict: Option<&Verdict>) -> &'static str {
    match verdict {
        Some(Verdict::Delivered) | None => "delivered",
        Some(Verdict::Refused(_)) => "failed",
        Some(Verdict::Deferred { is_uncertain: true, .. }) => "uncertain",
        Some(Verdict::Deferred { is_uncertain: false, .. }) => state,
    }
}
