//! The forms in which a message leaves: its bytes, and our fields before them.
//!
//! Mostly there is one. A munged message has one for each recipient, whose address its From takes, and
//! where each domain has SRS addresses of its own, each signs.

use super::{checks::Report, parts::Parts, plan::Planned, recipient::Recipient};
use crate::{
    address::{Domain, ForwardPath, Mailbox, ReversePath},
    auth::{self, Checked, dkim::KeyKind},
    config::ArcSealing,
    message::{Header, MessageId, munge},
    reply::Reply,
    time::UnixTime,
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
    /// Received and loop tokens.
    pub(crate) trace: String,
    pub(crate) now: UnixTime,
}

/// On what a form depends: whose From it has, if it is munged, who signs it, and where its bounces go.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Look {
    author: Option<Mailbox>,
    signer: Domain,
    reverse_path: ReversePath,
}

/// Makes the forms of a message for the recipients of `planned`.
///
/// # Errors
/// The reply for the client when a signature that verified on arrival would break.
pub(crate) async fn dress(
    parts: &Parts,
    fabric: &Fabric<'_>,
    planned: Vec<Planned>,
) -> Result<Vec<Dressed>, Reply> {
    let wants_arc = wants_arc(&parts.config.auth.arc, &planned);
    let mut made: Vec<(Look, Arc<Form>)> = Vec::new();
    let mut dressed = Vec::with_capacity(planned.len());
    for Planned { recipient, reverse_path, .. } in planned {
        let is_munged = fabric.report.is_munged;
        let look = Look {
            author: if is_munged { author(parts, &recipient) } else { None },
            signer: recipient.srs_domain.clone(),
            reverse_path: reverse_path.clone(),
        };
        let form = match made.iter().find(|(known, _)| *known == look) {
            Some((_, form)) => Arc::clone(form),
            None => {
                let (prefix, bytes) = fabric.cut(parts, &look, wants_arc).await?;
                let form = Arc::new(Form { number: made.len(), prefix, bytes });
                made.push((look, Arc::clone(&form)));
                form
            }
        };
        dressed.push(Dressed { recipient, reverse_path, form });
    }
    Ok(dressed)
}

/// Whose a munged message for `recipient` becomes; `None` where it must stay the author's: a bounce on
/// its way back has no alias to come from.
fn author(parts: &Parts, recipient: &Recipient) -> Option<Mailbox> {
    match &recipient.path {
        _ if recipient.is_srs_return() => None,
        ForwardPath::Mailbox(mailbox) => Some(mailbox.clone()),
        ForwardPath::Postmaster => {
            Mailbox::parse(&format!("postmaster@{}", parts.config.srs.settings.domain)).ok()
        }
    }
}

impl Fabric<'_> {
    async fn cut(
        &self,
        parts: &Parts,
        look: &Look,
        wants_arc: bool,
    ) -> Result<(Bytes, Bytes), Reply> {
        match &look.author {
            Some(alias) => Ok(self.munged(parts, alias, &look.signer, wants_arc).await),
            None => self.untouched(parts, &look.signer, wants_arc).await,
        }
    }

    /// The bytes that came, behind fields with which all signatures that verified still do: one that
    /// covers Authentication-Results, present or not, bars us from adding it.
    async fn untouched(
        &self,
        parts: &Parts,
        signer: &Domain,
        wants_arc: bool,
    ) -> Result<(Bytes, Bytes), Reply> {
        let bytes = &self.report.message;
        let Some(checked) = &self.report.authentication else {
            let prefix = self.trace.clone().into_bytes();
            return Ok((self.signed(parts, signer, prefix, bytes, false).await, bytes.clone()));
        };
        let mut broken = Vec::new();
        for results in [checked.field(), Vec::new()] {
            let prefix = [self.trace.as_bytes(), &results].concat();
            let prefix = self.signed(parts, signer, prefix, bytes, wants_arc).await;
            let resolver = parts.outbound.resolver();
            match checked.check_again(resolver, bytes, (&prefix[..], &bytes[..])).await {
                Ok(()) => return Ok((prefix, bytes.clone())),
                Err(domains) => broken = domains,
            }
        }
        parts.metrics.dkim_broken();
        tracing::error!(
            id = %self.id,
            signed_by = broken.join(","),
            "not sent: a DKIM signature that verified would not any more behind our fields"
        );
        Err(Reply::broke_signature())
    }

    /// From the alias: signed by its domain, or else the one that SRS uses.
    async fn munged(
        &self,
        parts: &Parts,
        alias: &Mailbox,
        signer: &Domain,
        wants_arc: bool,
    ) -> (Bytes, Bytes) {
        let came = &self.report.message;
        let results = self.report.authentication.as_ref().map(Checked::field).unwrap_or_default();
        let (fields, bytes) = match munge(&Header::scan(came), came, alias) {
            Some(munged) => (munged.fields, Bytes::from(munged.message)),
            None => (Vec::new(), came.clone()),
        };
        let prefix = [self.trace.as_bytes(), &results, &fields].concat();
        let is_own = !parts.signing_keys(alias.domain()).is_empty();
        let signer = if is_own { alias.domain() } else { signer };
        (self.signed(parts, signer, prefix, &bytes, wants_arc).await, bytes)
    }

    /// `prefix` with one signature for each key of `signer`, and an ARC set by its RSA key: verifiers of ARC
    /// know no other kind.
    async fn signed(
        &self,
        parts: &Parts,
        signer: &Domain,
        mut prefix: Vec<u8>,
        bytes: &Bytes,
        wants_arc: bool,
    ) -> Bytes {
        let fields = signatures(parts, signer, &[&prefix, bytes]);
        prefix.extend_from_slice(&fields);
        let keys = parts.signing_keys(signer);
        let key = keys.iter().find(|key| wants_arc && key.kind() == KeyKind::Rsa);
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
