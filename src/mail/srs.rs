//! SRS addresses made and turned back, with the secrets as they are now and the long senders that are kept.
//! Whoever needs either asks here: mail, the tables for Postfix, the command line.

mod holds;

use crate::{
    address::{Domain, Mailbox},
    keys::live::Live,
    rate::ClientBlock,
    srs::{ForwardError, Forwarded, Returns, ReverseError, Reversed, Rewriter, Token},
    store::{Kept, LongSender, LongSenders, SrsPutError, StoreError},
    time::UnixTime,
};
use holds::{Hold, Holds};
use parking_lot::Mutex;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// Rewrites senders and turns them back.
#[derive(Debug, Clone)]
pub(crate) struct Srs {
    rewriter: Arc<Live<Rewriter>>,
    kept: Arc<dyn LongSenders>,
    /// Long senders that are kept at most.
    max_kept: u64,
    holds: Holds,
    /// When the log was told last that some went for others.
    told: Arc<Mutex<Option<Instant>>>,
}

/// Every message of a sender that is new may make another go.
const TELL_EVERY: Duration = Duration::from_hours(1);

/// The reverse-path that a sender's mail is forwarded with.
#[derive(Debug, Clone)]
pub(crate) enum Rewritten {
    /// The sender as it is.
    Unchanged,
    /// An address that says all by itself.
    Whole(Mailbox),
    /// A short address that leads to the sender only once [`Srs::keep`] has kept it.
    Short(ShortAddress),
}

/// What becomes of a sender at the SRS domain itself, unless that is exempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Own {
    /// The sender stays: its bounces come here.
    Kept,
    /// The sender is rewritten as any other: nothing says that it is from there.
    Rewritten,
}

/// A short address for a sender that does not fit into an SRS address.
#[derive(Debug, Clone)]
pub(crate) struct ShortAddress {
    pub(crate) address: Mailbox,
    sender: Mailbox,
    token: Token,
    expires: UnixTime,
}

/// A sender that is kept behind a short address for a message. The row stays when this is dropped.
#[derive(Debug)]
pub(crate) struct KeptSender {
    hold: Hold,
    kept: Arc<dyn LongSenders>,
}

/// Why an address does not lead back to a sender.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotReversed {
    /// What it says itself.
    #[error(transparent)]
    Address(#[from] ReverseError),
    /// It was kept behind a token, and is no longer.
    #[error("its sender is no longer kept")]
    Forgotten,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Srs {
    /// Keeps at most `max_kept` long senders.
    pub(crate) fn new(rewriter: Live<Rewriter>, kept: Arc<dyn LongSenders>, max_kept: u64) -> Self {
        Self {
            rewriter: Arc::new(rewriter),
            kept,
            max_kept,
            holds: Holds::default(),
            told: Arc::default(),
        }
    }

    /// These, with the messages under way that depend on what `other` keeps.
    pub(crate) fn behind(self, other: &Self) -> Self {
        Self { holds: other.holds.clone(), told: Arc::clone(&other.told), ..self }
    }

    /// The rewriter with the secrets as they are now.
    pub(crate) fn rewriter(&self) -> Arc<Rewriter> {
        self.rewriter.get()
    }

    /// Follows the files of the secrets for ever.
    pub(crate) async fn follow(&self) {
        self.rewriter.follow().await;
    }

    /// Makes the reverse-path at `srs_domain` that mail of `sender` is forwarded with, and that takes `returns`
    /// or not. Nothing is kept yet.
    ///
    /// # Errors
    /// When the sender cannot be rewritten at all.
    pub(crate) fn forward(
        &self,
        sender: &Mailbox,
        srs_domain: &Domain,
        own: Own,
        returns: Returns,
        now: UnixTime,
    ) -> Result<Rewritten, ForwardError> {
        let rewriter = self.rewriter();
        let forwarded = match own {
            Own::Kept => rewriter.forward(sender, srs_domain, returns, now),
            Own::Rewritten => rewriter.rewrite(sender, srs_domain, returns, now),
        };
        Ok(match forwarded {
            Forwarded::Unchanged => Rewritten::Unchanged,
            Forwarded::Rewritten(address) => Rewritten::Whole(address),
            Forwarded::TooLong => {
                let token = rewriter.token_for(sender);
                let address = rewriter.forward_token(&token, srs_domain, returns, now)?;
                match returns {
                    Returns::Taken => Rewritten::Short(ShortAddress {
                        address,
                        sender: sender.clone(),
                        expires: rewriter.end_of_life(now),
                        token,
                    }),
                    // It will lead nowhere: there is nothing to keep.
                    Returns::Refused => Rewritten::Whole(address),
                }
            }
        })
    }

    /// Keeps the sender behind a short address for mail that `client` brings; durable when this answers.
    ///
    /// # Errors
    /// When none may be kept, or the store fails.
    pub(crate) async fn keep(
        &self,
        short: &ShortAddress,
        client: Option<ClientBlock>,
        now: UnixTime,
    ) -> Result<KeptSender, SrsPutError> {
        let hold = self.holds.take(&short.token);
        let sender = LongSender {
            token: short.token.as_str().to_owned(),
            address: short.sender.clone(),
            client,
            expires: short.expires,
        };
        let mut is_new = hold.is_new().await;
        let put = self.kept.srs_put(sender, now, self.max_kept).await;
        *is_new |= put.as_ref().is_ok_and(|put| put.is_new);
        match put {
            Ok(Kept { evicted, .. }) => {
                if evicted > 0 {
                    self.tell_evicted(client.as_ref());
                }
                Ok(KeptSender { hold, kept: Arc::clone(&self.kept) })
            }
            Err(error) => {
                hold.end_unused();
                Err(error)
            }
        }
    }

    /// Says once an hour that others went for a sender that `client` brings.
    fn tell_evicted(&self, client: Option<&ClientBlock>) {
        let mut told = self.told.lock();
        if told.is_none_or(|last| last.elapsed() >= TELL_EVERY) {
            *told = Some(Instant::now());
            let client = client.map(ToString::to_string);
            tracing::warn!(
                client,
                "long senders that were used longest ago go for new ones: bounces to them find nobody \
                 any more (limits.srs_entries)"
            );
        }
    }

    /// The sender that `recipient` was made of.
    ///
    /// # Errors
    /// When it is not one of ours, no longer valid, or the store fails.
    pub(crate) async fn reverse(
        &self,
        recipient: &Mailbox,
        now: UnixTime,
    ) -> Result<Mailbox, NotReversed> {
        match self.rewriter().reverse(recipient, now)? {
            Reversed::Mailbox(sender) => Ok(sender),
            Reversed::Token(token) => {
                let kept = self.kept.srs_get(token.as_str(), now).await?;
                kept.ok_or(NotReversed::Forgotten)
            }
        }
    }

    /// Whether returns are taken at `domain`, which is hosted or not.
    pub(crate) fn is_domain(&self, domain: &Domain, is_hosted: impl FnOnce() -> bool) -> bool {
        let rewriter = self.rewriter();
        let settings = rewriter.settings();
        *domain == settings.domain || settings.per_domain && is_hosted()
    }
}

impl KeptSender {
    /// Takes the row back that was put in for a message with which no short address left, unless others depend
    /// on it.
    pub(crate) async fn take_back(self) {
        let Self { hold, kept } = self;
        let mut is_new = hold.is_new().await;
        if *is_new && hold.is_last() {
            match kept.srs_forget(hold.token().as_str()).await {
                Ok(()) => *is_new = false,
                // It goes when it expires.
                Err(error) => tracing::warn!(%error, "a long sender stays without need"),
            }
        }
        hold.end_unused();
    }
}
