//! The forms in which a message leaves: its bytes, and our fields before them.
//!
//! Mostly there is one. A munged message has one for each recipient, whose address its From takes, and
//! where each domain has SRS addresses of its own, each signs.

use super::{checks::Report, look::Look, parts::Parts, plan::Planned, recipient::Recipient};
use crate::{
    address::{Domain, ReversePath},
    auth::{self, Broken, Checked, dkim::KeyKind},
    config::ArcSealing,
    message::{Header, MessageId, Munged, Named, NewFrom, munge},
    reply::Reply,
    time::UnixTime,
    verdict::{DmarcResult, NOT_KEPT, SpfOnly},
};
use bytes::Bytes;
use std::sync::Arc;

/// What is sent, apart from the envelope.
#[derive(Debug, Clone)]
pub(crate) struct Form {
    /// The place of the form among those of its message.
    pub(crate) number: usize,
    /// Header fields of ours, sent before `bytes`.
    pub(crate) prefix: Bytes,
    /// The message as it came, unless it is munged.
    pub(crate) bytes: Bytes,
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
    let mut made: Vec<(Look, Option<Arc<Form>>)> = Vec::new();
    let mut dressed = Vec::with_capacity(planned.len());
    for (to, mut look) in planned.into_iter().zip(looks) {
        let form = loop {
            let form = match made.iter().find(|(known, _)| *known == look) {
                Some((_, form)) => form.clone(),
                None => {
                    let cut = fabric.cut(parts, &look, wants_arc, notes).await?;
                    let form = cut.map(|(prefix, bytes)| {
                        let is_munged = look.from.is_some();
                        Arc::new(Form { number: made.len(), prefix, bytes, is_munged })
                    });
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

impl Fabric<'_> {
    /// `None` where the message is to be munged after all.
    async fn cut(
        &self,
        parts: &Parts,
        look: &Look,
        wants_arc: bool,
        notes: &mut Vec<String>,
    ) -> Result<Option<(Bytes, Bytes)>, Reply> {
        match &look.from {
            Some(from) => Ok(Some(self.munged(parts, look, from, wants_arc).await)),
            None => {
                let prefix = self.untouched(parts, look, wants_arc, notes).await?;
                Ok(prefix.map(|prefix| (prefix, self.report.message.clone())))
            }
        }
    }

    /// Our fields before the bytes that came, with which all signatures that verified still do: one that covers
    /// Authentication-Results or Delivered-To, present or not, bars us from adding it. One that covers what every hop adds breaks;
    /// what counts then is whether the message passes DMARC behind us.
    async fn untouched(
        &self,
        parts: &Parts,
        look: &Look,
        wants_arc: bool,
        notes: &mut Vec<String>,
    ) -> Result<Option<Bytes>, Reply> {
        let bytes = &self.report.message;
        let Some(checked) = &self.report.authentication else {
            let prefix = [self.trace.as_bytes(), self.delivered_to.as_bytes()].concat();
            return Ok(Some(self.signed(parts, look, prefix, bytes, false).await));
        };
        let mut best: Option<(Bytes, Broken)> = None;
        let (to, results) = (self.delivered_to.as_bytes(), checked.field());
        let all: [(&[u8], &[u8]); 4] = [(to, &results), (to, &[]), (&[], &results), (&[], &[])];
        let tried = if to.is_empty() { 2 } else { all.len() };
        for (to, results) in all.into_iter().take(tried) {
            let prefix = [self.trace.as_bytes(), to, results].concat();
            let prefix = self.signed(parts, look, prefix, bytes, wants_arc).await;
            let resolver = parts.outbound.resolver();
            match checked.check_again(resolver, bytes, (&prefix[..], &bytes[..])).await {
                Ok(()) => return Ok(Some(prefix)),
                Err(broken) => {
                    let count = broken.domains.len();
                    if best.as_ref().is_none_or(|(_, best)| count < best.domains.len()) {
                        best = Some((prefix, broken));
                    }
                }
            }
        }
        let Some((prefix, broken)) = best else { return Err(Reply::local_error()) };
        self.tell(parts, &broken, notes);
        let mut lost = checked.findings.lost(&broken.authors);
        let lost = lost.find(|(domain, _)| !look.stands_in_for(parts, domain));
        match (lost, parts.config.auth.policy.spf_only) {
            (Some((_, DmarcResult::TempError)), _) => Err(Reply::auth_unanswered()),
            // What returns has no alias to come from.
            (Some(_), SpfOnly::Munge) if !look.is_return => Ok(None),
            (Some(_), SpfOnly::Refuse) if !look.is_return => Err(Reply::signature_cannot_stay()),
            (Some(_) | None, _) => Ok(Some(prefix)),
        }
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

    /// The message as one that passes DMARC here only.
    fn as_the_alias(&self, parts: &Parts, to: &Planned) -> Option<Look> {
        let checked = self.report.authentication.as_ref()?;
        let may_sign = checked.findings.may_be_signed(parts.config.auth.sign);
        Look::munged(parts, to, may_sign, Named::Known)
    }

    async fn munged(
        &self,
        parts: &Parts,
        look: &Look,
        from: &NewFrom,
        wants_arc: bool,
    ) -> (Bytes, Bytes) {
        let came = &self.report.message;
        let results = self.report.authentication.as_ref().map(Checked::field).unwrap_or_default();
        let (fields, bytes) = match munge(&Header::scan(came), came, from) {
            Some(Munged { fields, message }) => (fields, Bytes::from(message)),
            None => (Vec::new(), came.clone()),
        };
        let prefix =
            [self.trace.as_bytes(), self.delivered_to.as_bytes(), &results, &fields].concat();
        (self.signed(parts, look, prefix, &bytes, wants_arc).await, bytes)
    }

    /// `prefix` with one signature for each key of the signer, and an ARC set by an RSA key: verifiers of ARC
    /// know no other kind.
    async fn signed(
        &self,
        parts: &Parts,
        look: &Look,
        mut prefix: Vec<u8>,
        bytes: &Bytes,
        wants_arc: bool,
    ) -> Bytes {
        if let Some(signer) = &look.signer {
            let fields = signatures(parts, signer, &[&prefix, bytes]);
            prefix.extend_from_slice(&fields);
        }
        let keys = look.sealer.as_ref().filter(|_| wants_arc);
        let keys = keys.map(|sealer| parts.signing_keys(sealer)).unwrap_or_default();
        let key = keys.iter().find(|key| key.kind() == KeyKind::Rsa);
        if let (Some(key), Some(checked)) = (key, &self.report.authentication) {
            let resolver = parts.outbound.resolver();
            let leaves = (prefix.as_slice(), &**bytes);
            let set = checked.seal(resolver, key, &self.report.message, leaves, self.now).await;
            prefix.extend(set.unwrap_or_default());
        }
        prefix.into()
    }
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

/// DKIM-Signature fields of the message that `pieces` are, one for each key of `signer`.
pub(crate) fn signatures(parts: &Parts, signer: &Domain, pieces: &[&[u8]]) -> Vec<u8> {
    let keys = parts.signing_keys(signer);
    let size: usize = pieces.iter().map(|piece| piece.len()).sum();
    let sign = || keys.iter().filter_map(|key| key.sign(pieces)).flatten().collect();
    match keys.is_empty() {
        true => Vec::new(),
        false => auth::aside(size, sign),
    }
}
