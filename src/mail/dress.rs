//! The forms in which a message leaves: its bytes, and our fields before them.
//!
//! Mostly there is one. A munged message has one for each recipient, whose address its From takes, and
//! where each domain has SRS addresses of its own, each signs. All share the bytes that came; what is a form's own is
//! counted beside them (`limits.message_memory`).

use super::{checks::Report, look::Look, parts::Parts, plan::Planned, recipient::Recipient};
use crate::{
    address::{Domain, Mailbox, ReversePath},
    alias::AnswerAddress,
    auth::{
        self, Broken, Checked,
        dkim::{KeyKind, SignedBody},
    },
    config::ArcSealing,
    message::{
        Change, Header, MessageId, Munged, Named, NewFrom, ReplyTo, Source, Text, munge,
        replace_reply_to,
    },
    reply::Reply,
    time::UnixTime,
    verdict::{DmarcResult, NOT_KEPT, SpfOnly, is_one_owner},
};
use std::sync::Arc;

/// What is sent, apart from the envelope.
#[derive(Debug, Clone)]
pub(crate) struct Form {
    /// The place of the form among those of its message.
    pub(crate) number: usize,
    /// Header fields of ours, and the message as it came, unless it is munged.
    pub(crate) text: Text,
    /// Its From is ours.
    pub(crate) is_munged: bool,
}

/// A recipient, the reverse-path with which its copies leave, and their bytes.
#[derive(Debug, Clone)]
pub(crate) struct Dressed {
    pub(crate) recipient: Recipient,
    pub(crate) reverse_path: ReversePath,
    pub(crate) form: Arc<Form>,
}

/// What forms are made of.
pub(crate) struct Fabric<'a> {
    /// The id of the message, for the log.
    pub(crate) id: MessageId,
    /// What the checks found.
    pub(crate) report: &'a Report,
    /// Who sent it, where that is to be known though nobody asks for it.
    pub(crate) proof: Option<Checked>,
    /// Its header section as it came.
    pub(crate) header: &'a Header<'a>,
    /// The message of the report, for all forms.
    pub(crate) source: Arc<Source>,
    /// Received, seal and loop tokens.
    pub(crate) trace: String,
    /// Delivered-To, or nothing.
    pub(crate) delivered_to: String,
    pub(crate) now: UnixTime,
}

/// Makes the forms of a message for the recipients of `planned`, who get it as `looks` says. What the owner should
/// know goes into `notes`.
///
/// # Errors
/// The reply for the client when no hop can keep the signature that the message passes DMARC by, and such mail is
/// to be refused.
pub(crate) async fn dress(
    parts: &Parts,
    fabric: &Fabric<'_>,
    planned: Vec<Planned>,
    looks: Vec<Look>,
    notes: &mut Vec<String>,
) -> Result<Vec<Dressed>, Reply> {
    let wants_arc = wants_arc(&parts.config.auth.arc, &planned);
    let body = SignedBody::of(fabric.header, &fabric.report.message);
    let cloth = Cloth { fabric, body: &body, wants_arc };
    let mut made: Vec<(Look, Option<Arc<Form>>)> = Vec::new();
    let mut dressed = Vec::with_capacity(planned.len());
    for (to, mut look) in planned.into_iter().zip(looks) {
        let form = loop {
            let form = match made.iter().find(|(known, _)| *known == look) {
                Some((_, form)) => form.clone(),
                None => {
                    let form = match cloth.cut(parts, &look, notes).await? {
                        Some(cut) => Some(Arc::new(fabric.form(parts, cut, made.len())?)),
                        None => None,
                    };
                    made.push((look.clone(), form.clone()));
                    form
                }
            };
            match form {
                Some(form) => break form,
                None => look = fabric.as_the_alias(parts, &to).ok_or_else(Reply::local_error)?,
            }
        };
        let Planned { recipient, reverse_path, .. } = to;
        dressed.push(Dressed { recipient, reverse_path, form });
    }
    Ok(dressed)
}

/// What is a form's own.
struct Cut {
    /// Header fields of ours.
    prefix: Vec<u8>,
    /// The From of a message that is munged, and a Reply-To through which it is answered by address.
    change: Option<Change>,
    is_munged: bool,
}

impl Fabric<'_> {
    /// The form `number` of the message.
    fn form(&self, parts: &Parts, cut: Cut, number: usize) -> Result<Form, Reply> {
        let Cut { prefix, change, is_munged } = cut;
        let prefix = parts.memory.hold(prefix, number == 0).ok_or_else(Reply::out_of_memory)?;
        let text = Text { prefix, change, source: Arc::clone(&self.source) };
        Ok(Form { number, text, is_munged })
    }

    /// Tells of signatures that break, once a message.
    fn tell(&self, parts: &Parts, broken: &Broken, notes: &mut Vec<String>) {
        let domains = broken.domains.join(", ");
        let note = format!("{NOT_KEPT}: {domains}");
        if !notes.contains(&note) {
            parts.metrics.dkim_broken();
            tracing::warn!(id = %self.id, signed_by = domains, "{NOT_KEPT}");
            notes.push(note);
        }
    }

    /// What is known of who sent it.
    fn checked(&self) -> Option<&Checked> {
        self.proof.as_ref().or(self.report.authentication.as_ref())
    }

    /// The message as one that passes DMARC here only.
    fn as_the_alias(&self, parts: &Parts, to: &Planned) -> Option<Look> {
        let checked = self.checked()?;
        let may_sign = checked.findings.may_be_signed(parts.config.auth.sign);
        Look::munged(parts, to, may_sign, Named::Known)
    }
}

/// What is read of the message once for all its forms.
struct Cloth<'a> {
    fabric: &'a Fabric<'a>,
    body: &'a SignedBody<'a>,
    wants_arc: bool,
}

impl Cloth<'_> {
    /// `None` where the message is to be munged after all.
    async fn cut(
        &self,
        parts: &Parts,
        look: &Look,
        notes: &mut Vec<String>,
    ) -> Result<Option<Cut>, Reply> {
        match &look.from {
            Some(from) => Ok(Some(self.munged(parts, look, from))),
            None => self.untouched(parts, look, notes).await,
        }
    }

    /// Our fields before the bytes that came, with which all signatures that verified still do: one that covers
    /// Authentication-Results or Delivered-To, present or not, bars us from adding it. One that covers what every hop adds breaks;
    /// what counts then is whether the message passes DMARC behind us.
    async fn untouched(
        &self,
        parts: &Parts,
        look: &Look,
        notes: &mut Vec<String>,
    ) -> Result<Option<Cut>, Reply> {
        let Fabric { report, trace, delivered_to, .. } = self.fabric;
        let bytes = &report.message;
        let (reply_to, change) = match self.reply_to(look) {
            Some(ReplyTo { fields, change }) => (fields, change),
            None => (Vec::new(), None),
        };
        let is_answered = look.answered_as.is_some();
        let cut = |prefix| Cut { prefix, change: change.clone(), is_munged: false };
        let known =
            if is_answered { self.fabric.checked() } else { report.authentication.as_ref() };
        let Some(checked) = known else {
            let prefix = [trace.as_bytes(), delivered_to.as_bytes(), &reply_to].concat();
            return Ok(Some(cut(self.signed(parts, look, prefix, change.as_ref()))));
        };
        let mut best: Option<(Vec<u8>, Broken)> = None;
        let results = report.authentication.as_ref().map(Checked::field).unwrap_or_default();
        let to = delivered_to.as_bytes();
        let all: [(&[u8], &[u8]); 4] = [(to, &results), (to, &[]), (&[], &results), (&[], &[])];
        let tried = if to.is_empty() { 2 } else { all.len() };
        for (to, results) in all.into_iter().take(tried) {
            let prefix = [trace.as_bytes(), to, results, &reply_to].concat();
            let prefix = self.signed(parts, look, prefix, change.as_ref());
            let resolver = parts.outbound.resolver();
            let again = match &change {
                Some(change) => checked.check_changed(resolver, bytes, (&prefix, change)).await,
                None => checked.check_again(resolver, bytes, (&prefix[..], &bytes[..])).await,
            };
            match again {
                Ok(()) => return Ok(Some(cut(prefix))),
                Err(broken) => {
                    let count = broken.domains.len();
                    if best.as_ref().is_none_or(|(_, best)| count < best.domains.len()) {
                        best = Some((prefix, broken));
                    }
                }
            }
        }
        let Some((prefix, broken)) = best else { return Err(Reply::local_error()) };
        match is_answered {
            true => notes.push("a DKIM signature covers Reply-To, which is ours now".to_owned()),
            false => self.fabric.tell(parts, &broken, notes),
        }
        // Whoever asked for another Reply-To wants the mail to come all the same, and not as spam: a broken signature of
        // the author's counts against it where no policy hangs on it, too.
        let is_authors = |domain: &String| {
            checked.findings.authors.iter().any(|author| is_one_owner(&author.domain, domain))
        };
        if is_answered && broken.domains.iter().any(is_authors) {
            return Ok(None);
        }
        let mut lost = checked.findings.lost(&broken.authors);
        let lost = lost.find(|(domain, _)| !look.stands_in_for(parts, domain));
        match (lost, parts.config.auth.policy.spf_only) {
            (Some((_, DmarcResult::TempError)), _) => Err(Reply::auth_unanswered()),
            // What returns has no alias to come from.
            (Some(_), SpfOnly::Munge) if !look.is_return => Ok(None),
            (Some(_), SpfOnly::Refuse) if !look.is_return => Err(Reply::signature_cannot_stay()),
            (Some(_) | None, _) => Ok(Some(cut(prefix))),
        }
    }

    /// The Reply-To that leads through the alias.
    fn reply_to(&self, look: &Look) -> Option<ReplyTo> {
        let alias = look.answered_as.as_ref()?;
        let through = |to: &Mailbox| through(alias, to);
        replace_reply_to(self.fabric.header, &self.fabric.report.message, through)
    }

    fn munged(&self, parts: &Parts, look: &Look, from: &NewFrom) -> Cut {
        let Fabric { report, trace, delivered_to, .. } = self.fabric;
        let results = report.authentication.as_ref().map(Checked::field).unwrap_or_default();
        let munged = munge(self.fabric.header, &report.message, from, self.reply_to(look));
        let (fields, change) = match munged {
            Some(Munged { fields, from }) => (fields, Some(from)),
            None => (Vec::new(), None),
        };
        let prefix = [trace.as_bytes(), delivered_to.as_bytes(), &results, &fields].concat();
        let prefix = self.signed(parts, look, prefix, change.as_ref());
        Cut { prefix, change, is_munged: true }
    }

    /// `prefix` with one signature for each key of the signer, and an ARC set by an RSA key: verifiers of ARC
    /// know no other kind.
    fn signed(
        &self,
        parts: &Parts,
        look: &Look,
        mut prefix: Vec<u8>,
        change: Option<&Change>,
    ) -> Vec<u8> {
        let came = self.fabric.header.bytes();
        let (before, with, after) = match change {
            Some(Change { at, with }) => (came.get(..at.start), &with[..], came.get(at.end..)),
            None => (None, &[][..], Some(came)),
        };
        let header = [before, Some(with), after].map(Option::unwrap_or_default);
        if let Some(signer) = &look.signer {
            let [before, with, after] = header;
            let fields = signatures(parts, signer, &[&prefix, before, with, after], self.body);
            prefix.extend_from_slice(&fields);
        }
        let keys = look.sealer.as_ref().filter(|_| self.wants_arc);
        let keys = keys.map(|sealer| parts.signing_keys(sealer)).unwrap_or_default();
        let key = keys.iter().find(|key| key.kind() == KeyKind::Rsa);
        if let (Some(key), Some(checked)) = (key, &self.fabric.report.authentication) {
            let leaves = (prefix.as_slice(), &header.concat()[..]);
            let now = self.fabric.now;
            let seal = || checked.seal(key, self.fabric.header, leaves, self.body, now);
            let set = auth::aside(self.fabric.report.message.len(), seal);
            prefix.extend(set.unwrap_or_default());
        }
        prefix
    }
}

/// Where whoever got a message through `alias` answers `to`: not past the alias in any case, as that would tell the mailbox.
pub(crate) fn through(alias: &Mailbox, to: &Mailbox) -> Mailbox {
    let is_alias_itself = |mailbox: &Mailbox| mailbox.to_key() == alias.to_key();
    if is_alias_itself(to) || AnswerAddress::read(to).is_some_and(|to| is_alias_itself(&to.alias)) {
        return to.clone();
    }
    let answer = AnswerAddress { alias: alias.clone(), to: to.clone() };
    // Too long for an address: the answer comes back to whoever writes it, and nobody sees the mailbox.
    answer.mailbox().unwrap_or_else(|| alias.clone())
}

/// True when one of the destinations asks forwarders for ARC: the message has one form for all of them.
fn wants_arc(arc: &ArcSealing, planned: &[Planned]) -> bool {
    let mut domains =
        planned.iter().flat_map(|to| &to.recipient.destinations).map(|to| to.mailbox.domain());
    match arc {
        ArcSealing::Off => false,
        ArcSealing::On => true,
        ArcSealing::For(patterns) => {
            domains.any(|domain| patterns.iter().any(|pattern| pattern.matches(domain)))
        }
    }
}

/// DKIM-Signature fields of the message that has `body` behind the header section that `header` is in parts, one for
/// each key of `signer`.
pub(crate) fn signatures(
    parts: &Parts,
    signer: &Domain,
    header: &[&[u8]],
    body: &SignedBody<'_>,
) -> Vec<u8> {
    let keys = parts.signing_keys(signer);
    let sign = || keys.iter().filter_map(|key| key.sign(header, body)).flatten().collect();
    match keys.is_empty() {
        true => Vec::new(),
        false => auth::aside(body.octets(), sign),
    }
}
