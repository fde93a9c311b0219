//! What a message must be to be handed on. Each check is a value: it lets pass, marks, defers or refuses.

mod authentication;
mod counted;
mod form;
mod listed;
mod loops;
mod returns;
mod spam;

pub(crate) use authentication::{findings, is_signed_by_sender, proof};
pub(crate) use counted::{Counted, refuse_used_up};
pub(crate) use returns::{count, is_not_a_bounce, refuse_unless_bounce};
pub(crate) use spam::{Question, differ};

use super::{
    dnsbl::Said,
    parts::Parts,
    recipient::Recipient,
    refusal::Refusal,
    sender::Sender,
    senders::{author_blocked, leave_out_by_author},
};
use crate::{
    address::ReversePath,
    alias::Rule,
    auth,
    inbound::Reservation,
    message::{Authors, Header, LoopToken, MessageId, take_out_own_results, without_mbox_line},
    reply::{Class, Reply},
    rspamd::Verdict,
    smtp::Tls,
    srs::Use,
    time::UnixTime,
};
use bytes::Bytes;

/// What one check says of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ruling {
    /// Nothing stands against the message.
    Pass,
    /// The message goes on, and the owner should know this.
    Mark(String),
    /// The message is refused with a 4xx: whoever brings it may come again.
    Defer(Reply),
    /// The message is refused with a 5xx.
    Refuse(Reply),
}

impl From<Option<Reply>> for Ruling {
    fn from(refusal: Option<Reply>) -> Self {
        refusal.map_or(Self::Pass, Self::from)
    }
}

impl From<Reply> for Ruling {
    fn from(reply: Reply) -> Self {
        match reply.class() {
            Class::Transient => Self::Defer(reply),
            _ => Self::Refuse(reply),
        }
    }
}

/// A message that is to be judged, without its octets.
#[derive(Debug)]
pub(crate) struct Subject<'a> {
    pub(crate) sender: &'a Sender,
    pub(crate) recipients: &'a [Recipient],
    /// Lists that have its client or its reverse-path.
    pub(crate) listed: &'a [Said],
    pub(crate) id: MessageId,
    /// How the message came encrypted, if it did.
    pub(crate) tls: Option<&'a Tls>,
    /// When the message came.
    pub(crate) now: UnixTime,
}

/// What all checks together say.
#[derive(Debug)]
pub(crate) struct Report {
    /// Why the message is not handed on.
    pub(crate) objection: Option<Reply>,
    /// The rule of an alias, or for it, that objects.
    pub(crate) rule: Option<Rule>,
    /// What the message takes of what its aliases have.
    pub(crate) counted: Counted,
    /// For the journal: what the owner should know.
    pub(crate) notes: Vec<String>,
    /// The message as it came, without a mailbox file's line before the header and without results of checks that
    /// others forged in our name.
    pub(crate) message: Bytes,
    /// Who it is from; `None` where that cannot be read.
    pub(crate) authors: Option<Authors>,
    /// Header fields of ours that tell what was found.
    pub(crate) fields: String,
    /// What lists say of its authors.
    pub(crate) lists: Vec<Said>,
    /// The loop token of each recipient.
    pub(crate) loop_tokens: Vec<LoopToken>,
    /// Who sent it, where that is asked.
    pub(crate) authentication: Option<auth::Checked>,
    /// What was concluded from that, for the journal.
    pub(crate) conclusion: String,
    /// From must become the alias's, as what makes the message pass DMARC here is lost behind us.
    pub(crate) is_munged: bool,
    /// As what the message was counted among those that return, where it does.
    pub(crate) returning: Option<Use>,
    /// What the spam filter says, or why it was not asked or said nothing; `None` where there is none to ask.
    pub(crate) filtered: Option<Result<Verdict, String>>,
    /// Whole header fields that mark the message as spam.
    pub(crate) marks: String,
}

impl Report {
    fn new(recipients: &[Recipient]) -> Self {
        Self {
            objection: None,
            rule: None,
            counted: Counted::default(),
            notes: recipients.iter().flat_map(|to| to.lost.clone()).collect(),
            message: Bytes::new(),
            authors: None,
            fields: String::new(),
            lists: Vec::new(),
            loop_tokens: Vec::new(),
            authentication: None,
            conclusion: String::new(),
            is_munged: false,
            returning: None,
            filtered: None,
            marks: String::new(),
        }
    }

    /// The report on a message that did not arrive whole.
    pub(crate) fn objecting(reply: Reply, recipients: &[Recipient]) -> Self {
        Self { objection: Some(reply), ..Self::new(recipients) }
    }

    /// The message goes without a verdict of the spam filter.
    fn unfiltered(&mut self, why: String) {
        self.notes.push(why.clone());
        self.filtered = Some(Err(why));
    }

    /// The message is refused by a rule of an alias, or for it.
    fn refuse(&mut self, rule: Option<Rule>, reply: Reply) {
        self.notes.extend(rule.as_ref().map(ToString::to_string));
        self.rule = rule;
        self.objection = Some(reply);
    }

    /// Leaves out of `recipients` what the author does not get to through others' aliases.
    pub(crate) fn leave_out_by_author(
        &mut self,
        parts: &Parts,
        recipients: &mut [Recipient],
        from: &ReversePath,
    ) {
        let lost =
            |recipients: &[Recipient]| recipients.iter().map(|to| to.lost.len()).sum::<usize>();
        let before = lost(recipients);
        let rule = leave_out_by_author(parts, recipients, from, &self.message);
        if lost(recipients) > before {
            let told = recipients.iter().flat_map(|to| &to.lost);
            let new: Vec<String> = told.filter(|it| !self.notes.contains(it)).cloned().collect();
            self.notes.extend(new);
        }
        if rule.is_some() {
            self.refuse(rule, Reply::sender_blocked());
        }
    }

    /// Takes a ruling; true when the message is still to be handed on.
    fn take(&mut self, ruling: Ruling) -> bool {
        match ruling {
            Ruling::Pass => {}
            Ruling::Mark(note) => self.notes.push(note),
            Ruling::Defer(reply) | Ruling::Refuse(reply) => self.objection = Some(reply),
        }
        self.objection.is_none()
    }
}

/// Runs the checks in their order, until one of them stands against the message, whose octets `came`, counted in
/// `memory`.
pub(crate) async fn run(
    parts: &Parts,
    subject: &Subject<'_>,
    mut came: Vec<u8>,
    memory: Reservation,
) -> Report {
    let mut report = Report::new(subject.recipients);
    let mut start = 0;
    if let Some(kept) = without_mbox_line(&came) {
        start = came.len() - kept.len();
        report.notes.push("a mailbox file's line before the header taken out".to_owned());
    }
    if !is_sound(parts, subject, came.get(start..).unwrap_or_default(), &mut report) {
        return report;
    }
    let octets = came.get(start..).unwrap_or_default();
    let (from, to) = (subject.sender.reverse_path(), subject.recipients);
    if let Some(blocked) = author_blocked(parts, to, from, octets) {
        report.refuse(Some(Rule::Blocked(blocked)), Reply::sender_blocked());
        return report;
    }
    let hostname = parts.config.hostname.as_str();
    start += take_out_own_results(came.get_mut(start..).unwrap_or_default(), hostname);
    report.message = memory.hold(came).slice(start..);
    if !parts.config.auth.policy.is_off() {
        authentication::check(parts, subject, &mut report).await;
        // What is found all the same is found; what is not is not to be told from silence.
        let is_final = |reply: &Reply| reply.class() != Class::Transient;
        if let Some(reply) = subject.sender.over_budget()
            && !report.objection.as_ref().is_some_and(is_final)
        {
            report.objection = Some(reply);
        }
    }
    if report.objection.is_none() {
        listed::check(parts, subject, &mut report).await;
    }
    if report.objection.is_none() {
        spam::check(parts, subject, &mut report).await;
    }
    // Last of all: only what is passed on counts.
    if report.objection.is_none() {
        match Counted::of(parts, subject.sender.ip(), subject.recipients).await {
            Ok(counted) => report.counted = counted,
            Err(Refusal { rule, reply, .. }) => report.refuse(rule.map(|rule| *rule), reply),
        }
    }
    if report.objection.is_none()
        && let Some(returning) = returns::use_of(subject)
    {
        match count(parts, &returning) {
            Ok(()) => report.returning = Some(returning),
            Err(reply) => report.objection = Some(reply),
        }
    }
    report
}

/// The checks of the form of a message that an account sends, and of loops for `hosted`, those of its recipients that are
/// ours; gives their loop tokens.
///
/// # Errors
/// The reply that refuses the message.
pub(crate) fn submitted(
    parts: &Parts,
    message: &[u8],
    hosted: &[Recipient],
) -> Result<Vec<LoopToken>, Reply> {
    let mut report = Report::new(&[]);
    if report.take(form::fields(message, parts.config.limits.header_fields)) {
        let header = Header::scan(message);
        let is_sound = report.take(form::header(&header))
            && report.take(loops::hops(&header, parts.config.limits.received_hops));
        let rewriter = parts.srs.rewriter();
        match loops::tokens(&header, rewriter.keyring(), hosted) {
            Ok(tokens) if is_sound => return Ok(tokens),
            Ok(_) => {}
            Err(ruling) => {
                report.take(ruling);
            }
        }
    }
    Err(report.objection.unwrap_or_else(Reply::local_error))
}

/// The checks of what is read of the message itself.
fn is_sound(parts: &Parts, subject: &Subject<'_>, message: &[u8], report: &mut Report) -> bool {
    if !report.take(form::fields(message, parts.config.limits.header_fields)) {
        return false;
    }
    let header = Header::scan(message);
    let is_bounce = returns::is_bounce(subject);
    let of_form = |ruling| if is_bounce { returns::marked(ruling) } else { ruling };
    let (from, to) = (subject.sender.reverse_path(), subject.recipients);
    let mut authors = None;
    let is_sound = report.take(refuse_unless_bounce(parts, from, to).into())
        && report.take(of_form(form::header(&header)))
        && report.take(of_form(form::authors(&header, &mut authors)))
        && report.take(of_form(form::message_id(&header, parts.config.auth.refuse_without_id)))
        && report.take(loops::hops(&header, parts.config.limits.received_hops));
    report.authors = authors;
    let rewriter = parts.srs.rewriter();
    is_sound
        && match loops::tokens(&header, rewriter.keyring(), to) {
            Ok(tokens) => {
                report.loop_tokens = tokens;
                true
            }
            Err(ruling) => report.take(ruling),
        }
}
