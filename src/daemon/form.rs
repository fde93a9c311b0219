//! The forms in which a message leaves: its bytes, and our fields before them.
//!
//! Mostly there is one. A munged message has one for each recipient, whose address its From takes.

use super::{recipient::Recipient, services::Services};
use crate::{
    address::{ForwardPath, Mailbox},
    auth::Checked,
    message::{Header, munge},
    reply::Reply,
};
use bytes::Bytes;

/// What is sent, apart from the envelope.
#[derive(Debug, Clone)]
pub(super) struct Form {
    /// Header fields of ours, sent before `bytes`.
    pub(super) prefix: Bytes,
    /// As it came, unless it is munged.
    pub(super) bytes: Bytes,
}

/// All forms of a message.
#[derive(Debug, Clone)]
pub(super) struct Forms {
    all: Vec<Form>,
    /// For each recipient, the place of its form in `all`.
    of_recipient: Vec<usize>,
}

/// What forms are made of.
pub(super) struct Making<'a> {
    pub(super) id: &'a str,
    /// As it came.
    pub(super) bytes: Bytes,
    /// What the checks found, if they were made.
    pub(super) checked: Option<&'a Checked>,
    /// From becomes the recipient's.
    pub(super) is_munged: bool,
    /// Received and loop tokens.
    pub(super) trace: String,
}

impl Forms {
    /// Makes the forms for `recipients`.
    ///
    /// # Errors
    /// The reply for the client when a signature that verified on arrival would break.
    pub(super) async fn make(
        services: &Services,
        making: &Making<'_>,
        recipients: &[Recipient],
    ) -> Result<Self, Reply> {
        let mut forms = Self { all: Vec::new(), of_recipient: Vec::new() };
        let mut made: Vec<Option<Mailbox>> = Vec::new();
        for recipient in recipients {
            let author = if making.is_munged { author(services, recipient) } else { None };
            let at = match made.iter().position(|known| *known == author) {
                Some(at) => at,
                None => {
                    forms.all.push(match &author {
                        Some(alias) => making.munged(alias),
                        None => making.untouched(services).await?,
                    });
                    made.push(author);
                    made.len() - 1
                }
            };
            forms.of_recipient.push(at);
        }
        Ok(forms)
    }

    /// The place of the form for a recipient, in step with those it was made for.
    pub(super) fn of_recipient(&self, recipient: usize) -> usize {
        self.of_recipient.get(recipient).copied().unwrap_or(0)
    }

    /// The form at that place.
    pub(super) fn get(&self, at: usize) -> Option<&Form> {
        self.all.get(at)
    }
}

/// Whose a munged message for `recipient` becomes; `None` where it must stay the author's: a bounce on
/// its way back has no alias to come from.
fn author(services: &Services, recipient: &Recipient) -> Option<Mailbox> {
    match &recipient.path {
        _ if recipient.is_srs_return => None,
        ForwardPath::Mailbox(mailbox) => Some(mailbox.clone()),
        ForwardPath::Postmaster => {
            Mailbox::parse(&format!("postmaster@{}", services.config.srs.settings.domain)).ok()
        }
    }
}

impl Making<'_> {
    /// The bytes that came, behind fields with which all signatures that verified still do: one that
    /// covers Authentication-Results, present or not, bars us from adding it.
    async fn untouched(&self, services: &Services) -> Result<Form, Reply> {
        let (bytes, resolver) = (self.bytes.clone(), services.outbound.resolver());
        let Some(checked) = self.checked else {
            return Ok(Form { prefix: Bytes::from(self.trace.clone()), bytes });
        };
        let mut broken = Vec::new();
        for results in [checked.field.as_slice(), b""] {
            let prefix = Bytes::from([self.trace.as_bytes(), results].concat());
            match checked.check_again(resolver, &prefix, &bytes).await {
                Ok(()) => return Ok(Form { prefix, bytes }),
                Err(domains) => broken = domains,
            }
        }
        tracing::error!(
            id = self.id,
            signed_by = broken.join(","),
            "not sent: a DKIM signature that verified would not any more behind our fields"
        );
        Err(Reply::broke_signature())
    }

    fn munged(&self, alias: &Mailbox) -> Form {
        let results = self.checked.map(|checked| checked.field.as_slice()).unwrap_or_default();
        let munged = munge(&Header::scan(&self.bytes), &self.bytes, alias);
        let (fields, bytes) = match munged {
            Some(munged) => (munged.fields, Bytes::from(munged.message)),
            None => (Vec::new(), self.bytes.clone()),
        };
        let prefix = [self.trace.as_bytes(), results, &fields].concat();
        Form { prefix: prefix.into(), bytes }
    }
}
