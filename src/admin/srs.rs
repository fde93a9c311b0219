//! What becomes of an address: rewritten, and turned back.

use super::{Error, keystore::Keys};
use crate::{
    address::{Domain, Mailbox},
    clock,
    config::Config,
    keys,
    mail::srs::{self, NotReversed, Own, Rewritten},
    srs::{Returns, Settings},
    store::{Kept, LongSender, LongSenders, Place, SrsPutError, StoreError},
    time::UnixTime,
};
use async_trait::async_trait;
use std::sync::Arc;

/// What rewrites: the settings, the secrets, and where senders are kept whose rewritten address would be too
/// long.
#[derive(Debug, Clone)]
pub struct Srs<'a> {
    /// How addresses are rewritten.
    pub settings: &'a Settings,
    /// Where the secrets are.
    pub keys: Keys,
    /// Where long senders are kept.
    pub long_senders: Arc<dyn LongSenders>,
    /// Most of them that are kept.
    pub max_long_senders: u64,
}

/// The long senders in the store of a place; it is opened when one comes, as most are short enough.
#[derive(Debug)]
pub struct LongSendersIn(pub Place);

impl<'a> Srs<'a> {
    /// As the daemon rewrites.
    pub fn of(config: &'a Config) -> Self {
        Self {
            settings: &config.srs.settings,
            keys: Keys::of(config),
            long_senders: Arc::new(LongSendersIn(Place::of(config))),
            max_long_senders: config.limits.srs_entries as u64,
        }
    }

    /// The reverse-path with which a sender's mail is forwarded, as of a time; the sender as given where it
    /// needs no rewriting. `alias_domain` is for settings that rewrite to the domain of the alias.
    ///
    /// # Errors
    /// When the sender is no address, it cannot be kept, or the secrets cannot be read.
    pub async fn forward(
        &self,
        address: &str,
        alias_domain: Option<&Domain>,
        at: Option<UnixTime>,
    ) -> Result<String, Error> {
        let srs = self.srs().await?;
        if address == "<>" {
            return Ok(address.to_owned());
        }
        let sender = mailbox(address)?;
        let now = at.unwrap_or_else(clock::now);
        let srs_domain = match alias_domain {
            None => &self.settings.domain,
            Some(domain) if self.settings.per_domain => domain,
            Some(_) => {
                return Err(Error::refused(
                    "--domain has a meaning only with srs.per_domain = true",
                ));
            }
        };
        match srs
            .forward(&sender, srs_domain, Own::Kept, Returns::Taken, now)
            .map_err(Error::refused)?
        {
            Rewritten::Unchanged => Ok(address.to_owned()),
            Rewritten::Whole(rewritten) => Ok(rewritten.to_string()),
            Rewritten::Short(short) => match srs.keep(&short, None, clock::now()).await {
                Ok(_) => Ok(short.address.to_string()),
                Err(SrsPutError::Store(error)) => Err(error.into()),
                Err(error) => Err(Error::refused(format_args!("cannot keep {sender}: {error}"))),
            },
        }
    }

    /// Where a bounce to a rewritten address goes, as of a time.
    ///
    /// # Errors
    /// When the address is not one of ours, or no longer valid, or the secrets cannot be read.
    pub async fn reverse(&self, address: &str, at: Option<UnixTime>) -> Result<String, Error> {
        let srs = self.srs().await?;
        let recipient = mailbox(address)?;
        if !srs.is_domain(recipient.domain(), || true) {
            let domain = &self.settings.domain;
            return Err(Error::refused(format_args!(
                "{recipient}: not at the SRS domain, {domain}"
            )));
        }
        match srs.reverse(&recipient, at.unwrap_or_else(clock::now)).await {
            Ok(sender) => Ok(sender.to_string()),
            Err(NotReversed::Store(error)) => Err(error.into()),
            Err(error) => Err(Error::refused(format_args!("{recipient}: {error}"))),
        }
    }

    /// With the secrets as they are now.
    pub(super) async fn srs(&self) -> Result<srs::Srs, Error> {
        // Asked and forgotten: nothing is followed.
        let keystore = self.keys.now().await?;
        let rewriter = keys::rewriter(self.settings.clone(), keystore).map_err(Error::Keys)?;
        Ok(srs::Srs::new(rewriter, Arc::clone(&self.long_senders), self.max_long_senders))
    }
}

#[async_trait]
impl LongSenders for LongSendersIn {
    async fn srs_put(
        &self,
        sender: LongSender,
        now: UnixTime,
        max_entries: u64,
    ) -> Result<Kept, SrsPutError> {
        let store = self.0.open(super::reading()).await?;
        let put = store.srs_put(sender, now, max_entries).await;
        store.close().await;
        put
    }

    async fn srs_forget(&self, token: &str) -> Result<(), StoreError> {
        let store = self.0.open(super::reading()).await?;
        let forgotten = store.srs_forget(token).await;
        store.close().await;
        forgotten
    }

    async fn srs_get(&self, token: &str, now: UnixTime) -> Result<Option<Mailbox>, StoreError> {
        let store = self.0.open(super::reading()).await?;
        let found = store.srs_get(token, now).await;
        store.close().await;
        found
    }
}

fn mailbox(text: &str) -> Result<Mailbox, Error> {
    // Debug form: what is no address may hold anything, and the reason is one line.
    Mailbox::parse(text).map_err(|error| Error::refused(format_args!("{text:?}: {error}")))
}
