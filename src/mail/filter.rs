//! What the milter of one listener decides.

use super::{checks::is_not_a_bounce, parts::Parts, returned::returned, tables::Tables};
use crate::{
    address::{Domain, Mailbox},
    alias::Expansion,
    clock,
    config::Milter,
    lookup::{Answer, Question},
    milter::{Recipient, Returning},
    policy,
    postfix::{AliasMaps, MapError, Service},
    reply::Reply,
    store::StoreError,
};
use parking_lot::Mutex;
use std::{
    str,
    sync::Arc,
    time::{Duration, Instant},
};

/// Decides by our aliases and by Postfix's.
#[derive(Debug)]
pub(crate) struct Filter {
    parts: Arc<Parts>,
    tables: Tables,
    maps: AliasMaps,
    rules: Milter,
    /// When the log was told last that it is not known where an alias leads.
    told: Mutex<Option<Instant>>,
}

/// Every message is put off meanwhile: the log need not say so of each.
const TELL_EVERY: Duration = Duration::from_secs(60);

/// Why it cannot be told where an alias leads.
#[derive(Debug, thiserror::Error)]
enum Unknown {
    #[error(transparent)]
    Map(#[from] MapError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Filter {
    pub(crate) fn new(parts: Arc<Parts>, tables: Tables, rules: Milter) -> Self {
        let maps = AliasMaps::new(rules.alias_maps.clone());
        Self { parts, tables, maps, rules, told: Mutex::default() }
    }

    /// Postfix's tables of aliases.
    pub(crate) fn maps(&self) -> &AliasMaps {
        &self.maps
    }

    fn tell(&self, error: &Unknown) {
        let mut told = self.told.lock();
        match *told {
            Some(last) if last.elapsed() < TELL_EVERY => {
                tracing::debug!(%error, "the milter cannot tell where an alias leads");
            }
            _ => {
                *told = Some(Instant::now());
                tracing::error!(
                    %error,
                    "the milter cannot tell where an alias leads: its mail is put off with 451"
                );
            }
        }
    }

    fn is_local(&self, domain: &Domain) -> bool {
        self.rules.local_domains.iter().any(|pattern| pattern.matches(domain))
    }

    /// Whether `recipient` is an alias, of ours or of Postfix's, of a mailbox elsewhere. What is no
    /// alias is relayed mail or a mailbox, and its sender answers for it himself.
    async fn leads_elsewhere(&self, recipient: &Mailbox) -> Result<bool, Unknown> {
        if self.parts.aliases.is_hosted(recipient.domain()) {
            return Ok(self.ours_leads_elsewhere(recipient).await?);
        }
        let is_local = |name: &str| Domain::parse(name).is_ok_and(|domain| self.is_local(&domain));
        let ends = self.maps.expand(&recipient.to_string(), is_local).await?;
        for end in ends.unwrap_or_default() {
            // A file, a command or a local name is no address of another machine.
            let Ok(end) = Mailbox::parse(&end) else { continue };
            if self.parts.aliases.is_hosted(end.domain()) {
                if self.ours_leads_elsewhere(&end).await? {
                    return Ok(true);
                }
            } else if !self.is_local(end.domain()) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn ours_leads_elsewhere(&self, alias: &Mailbox) -> Result<bool, StoreError> {
        match &self.parts.aliases.expand(alias).await?.expansion {
            Expansion::Deliver { mailboxes, .. } => {
                Ok(mailboxes.iter().any(|mailbox| !self.is_local(mailbox.domain())))
            }
            Expansion::Answer { .. } | Expansion::Refuse(_) | Expansion::Discard => Ok(false),
        }
    }
}

impl Service for Filter {
    async fn look_up(&self, question: Question<'_>) -> Answer {
        self.tables.look_up(question).await
    }

    async fn refusal(&self, question: policy::Question<'_>) -> Option<Reply> {
        self.tables.refusal(question).await
    }

    async fn recipient(&self, recipient: &[u8]) -> Recipient {
        match returned(&self.parts, recipient, clock::now()).await {
            Some(Err(reply)) => return Recipient::Refused(reply),
            Some(Ok(original)) => return Recipient::Becomes(original.to_string()),
            None => {}
        }
        let parsed = str::from_utf8(recipient).ok().and_then(|text| Mailbox::parse(text).ok());
        let Some(recipient) = parsed else { return Recipient::Stays };
        match self.leads_elsewhere(&recipient).await {
            Ok(true) => Recipient::Leaves,
            Ok(false) => Recipient::Stays,
            Err(error) => {
                self.tell(&error);
                Recipient::Unknown
            }
        }
    }

    async fn refusal_of_return(&self, returning: Returning<'_>) -> Option<Reply> {
        // In the shadow nothing is used.
        match self.rules.shadow {
            true => is_not_a_bounce(&self.parts, returning.sender.is_empty()),
            false => self.tables.refusal_of_return(returning).await,
        }
    }
}
