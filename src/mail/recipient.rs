//! RCPT: what a recipient means, and whether it is taken.

use super::parts::Services;
use crate::{
    address::{Domain, ForwardPath, LocalPart, Mailbox, ReversePath},
    alias::Expansion,
    metrics,
    next_hop::NextHop,
    reply::Reply,
    srs::{ReverseError, Reversed, is_srs_prefixed, is_srs_shaped},
    store::StoreError,
    time::UnixTime,
};
use std::{str, sync::Arc};

/// SRS addresses of ours within one of ours that are followed.
const MAX_NESTED: usize = 3;

/// A recipient that was accepted, and where it leads.
#[derive(Debug, Clone)]
pub(crate) struct Recipient {
    /// As the client named it.
    pub(crate) path: ForwardPath,
    /// Right-hand side of the reverse-path rewritten for it.
    pub(crate) srs_domain: Domain,
    /// None: the alias discards.
    pub(crate) destinations: Vec<Destination>,
    /// What the aliases name but cannot be delivered to, and why: for the journal.
    pub(crate) lost: Vec<String>,
    /// An SRS address of ours: its uses are counted.
    pub(crate) is_srs_return: bool,
}

/// A final mailbox and who takes mail for it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Destination {
    pub(crate) next_hop: NextHop,
    pub(crate) mailbox: Mailbox,
}

/// The answer to RCPT.
#[derive(Debug)]
pub(crate) enum Decision {
    Accept(Recipient),
    Refuse(Reply),
    /// An SRS address that we did not make: refused, and counted against the client.
    Forged(Reply),
}

impl Recipient {
    /// The next hops of its destinations, sorted: recipients that share them may share a transaction.
    pub(crate) fn group(&self) -> Vec<&NextHop> {
        let mut hops: Vec<_> = self.destinations.iter().map(|to| &to.next_hop).collect();
        hops.sort_unstable();
        hops.dedup();
        hops
    }

    /// The address without regard to case: what loop tokens and memories of refusals go by.
    pub(crate) fn key(&self) -> String {
        match &self.path {
            ForwardPath::Postmaster => "postmaster".to_owned(),
            ForwardPath::Mailbox(mailbox) => mailbox.to_key(),
        }
    }
}

/// Decides on `path` in a transaction from `reverse_path` at `now`.
pub(crate) async fn decide(
    services: &Services,
    reverse_path: &ReversePath,
    path: &ForwardPath,
    now: UnixTime,
) -> Decision {
    let srs = &services.config.srs.settings;
    let mut is_srs_return = false;
    let (decided, alias_domain) = match path {
        ForwardPath::Postmaster => (postmaster(services).await, None),
        ForwardPath::Mailbox(mailbox) => {
            is_srs_return = may_be_ours(services, mailbox);
            let decided = decide_mailbox(services, reverse_path, mailbox, now).await;
            let is_alias = services.store.is_hosted(mailbox.domain());
            (decided, is_alias.then(|| mailbox.domain()))
        }
    };
    match decided {
        Ok((mailboxes, lost)) => Decision::Accept(Recipient {
            path: path.clone(),
            srs_domain: match alias_domain {
                Some(domain) if srs.per_domain => domain.clone(),
                _ => srs.domain.clone(),
            },
            destinations: mailboxes.into_iter().map(|to| services.destination(to)).collect(),
            lost,
            is_srs_return,
        }),
        Err(decision) => decision,
    }
}

async fn decide_mailbox(
    services: &Services,
    reverse_path: &ReversePath,
    mailbox: &Mailbox,
    now: UnixTime,
) -> Resolved {
    let refuse = |reply| Err(Decision::Refuse(reply));
    let is_srs_domain = *mailbox.domain() == services.config.srs.settings.domain;
    let is_hosted = services.store.is_hosted(mailbox.domain());
    // Never an alias, whatever catch-all or regex exists.
    if may_be_ours(services, mailbox) {
        let original =
            original_of(services, *reverse_path == ReversePath::Null, mailbox, now).await?;
        final_mailboxes(services, original).await
    } else if is_hosted && is_srs_shaped(mailbox.local()) {
        refuse(Reply::no_such_alias())
    } else if is_hosted {
        alias(services, mailbox).await
    } else if is_srs_domain && is_role(mailbox.local()) {
        postmaster(services).await
    } else if is_srs_domain {
        refuse(Reply::no_such_alias())
    } else {
        refuse(Reply::relaying_denied())
    }
}

/// Final mailboxes, and what is lost beside them.
pub(crate) type Resolved = Result<(Vec<Mailbox>, Vec<String>), Decision>;

/// postmaster and abuse are answered at every domain that mail is taken for (RFC 5321 §4.5.1,
/// RFC 2142).
fn is_role(local: &LocalPart) -> bool {
    matches!(local.to_key().as_str(), "postmaster" | "abuse")
}

async fn alias(services: &Services, mailbox: &Mailbox) -> Resolved {
    resolved(services.store.resolve(mailbox).await)
}

/// `<postmaster>`, and the role addresses of an SRS domain that hosts no aliases.
async fn postmaster(services: &Services) -> Resolved {
    resolved(services.store.resolve_postmaster().await)
}

/// `mailbox` itself, or where its aliases lead if it is hosted here.
pub(crate) async fn final_mailboxes(services: &Services, mailbox: Mailbox) -> Resolved {
    if services.store.is_hosted(mailbox.domain()) {
        alias(services, &mailbox).await
    } else {
        Ok((vec![mailbox], Vec::new()))
    }
}

fn resolved(expansion: Result<Arc<Expansion>, StoreError>) -> Resolved {
    match expansion.as_deref() {
        Ok(Expansion::Deliver { mailboxes, dropped }) => {
            let lost = dropped.iter().map(|lost| format!("{}: {}", lost.address, lost.reply));
            Ok((mailboxes.clone(), lost.collect()))
        }
        Ok(Expansion::Discard) => Ok((Vec::new(), Vec::new())),
        Ok(Expansion::Refuse(reply)) => Err(Decision::Refuse(reply.clone())),
        Err(error) => {
            tracing::error!(%error, "cannot look up an alias");
            Err(Decision::Refuse(Reply::store_failed()))
        }
    }
}

/// An SRS address of ours that is good.
pub(crate) struct Returned {
    /// Whom it stands for.
    pub(crate) original: Mailbox,
    /// For [`may_be_used`].
    pub(crate) key: String,
}

/// Whom an SRS address of ours stands for, or the reply that refuses it; `None` for any other recipient.
/// Both paths are as a mail server that is not ours gives them, without brackets.
pub(crate) async fn returned(
    services: &Services,
    reverse_path: &[u8],
    recipient: &[u8],
    now: UnixTime,
) -> Option<Result<Returned, Reply>> {
    let recipient = str::from_utf8(recipient).ok()?;
    let Ok(mailbox) = Mailbox::parse(recipient) else {
        // It went where ours go, and no mailbox is of that name.
        let (local, domain) = recipient.rsplit_once('@')?;
        let domain = Domain::parse(domain).ok()?;
        let is_meant = is_srs_prefixed(local.trim_start_matches('"'));
        return (is_meant && is_srs_domain(services, &domain)).then(|| Err(Reply::srs_malformed()));
    };
    let recipient = &mailbox;
    if !may_be_ours(services, recipient) {
        return None;
    }
    let returned = async {
        let original =
            original_of(services, matches!(reverse_path, b"" | b"<>"), recipient, now).await?;
        final_mailboxes(services, original.clone()).await?;
        Ok(Returned { original, key: recipient.to_key() })
    };
    Some(match returned.await {
        Ok(returned) => Ok(returned),
        Err(Decision::Refuse(reply) | Decision::Forged(reply)) => Err(reply),
        Err(Decision::Accept(_)) => Err(Reply::no_such_alias()),
    })
}

/// Counts a use of the SRS address with this key. False when it has been used often enough today.
pub(crate) fn may_be_used(services: &Services, key: &str, now: UnixTime) -> bool {
    services.store.srs_use(key, now.day(), services.config.srs.max_uses_per_day)
}

/// Whether `mailbox` looks like an SRS address that we might have made.
fn may_be_ours(services: &Services, mailbox: &Mailbox) -> bool {
    is_srs_shaped(mailbox.local()) && is_srs_domain(services, mailbox.domain())
}

fn is_srs_domain(services: &Services, domain: &Domain) -> bool {
    let srs = &services.config.srs.settings;
    *domain == srs.domain || srs.per_domain && services.store.is_hosted(domain)
}

/// A returning bounce. The order of the checks decides what a guesser learns: first of all whether
/// the tag is ours.
async fn original_of(
    services: &Services,
    is_bounce: bool,
    mailbox: &Mailbox,
    now: UnixTime,
) -> Result<Mailbox, Decision> {
    let refuse = |reply| Err(Decision::Refuse(reply));
    let counted = |result| services.metrics.srs_reverse(result);
    let reversed = match services.rewriter().reverse(mailbox, now) {
        Ok(reversed) => reversed,
        Err(error) => {
            counted(match error {
                ReverseError::BadTag => metrics::Returned::BadTag,
                ReverseError::Expired => metrics::Returned::Expired,
                ReverseError::Malformed | ReverseError::NotSrs => metrics::Returned::Malformed,
            });
            return match error {
                ReverseError::BadTag => Err(Decision::Forged(Reply::srs_bad_signature())),
                error => refuse(not_reversed(error)),
            };
        }
    };
    if services.config.srs.bounces_only && !is_bounce {
        counted(metrics::Returned::NotABounce);
        return refuse(Reply::srs_bounces_only());
    }
    let mut original = sender_of(services, reversed, now).await?;
    counted(metrics::Returned::Reversed);
    // What went through aliases of two domains has an address of ours within an address of ours. The
    // one within came with the message: if it is forged, whoever bounces is not to blame.
    for _ in 0..MAX_NESTED {
        if !may_be_ours(services, &original) {
            break;
        }
        original = match services.rewriter().reverse(&original, now) {
            Ok(reversed) => sender_of(services, reversed, now).await?,
            Err(error) => return refuse(not_reversed(error)),
        };
    }
    Ok(original)
}

fn not_reversed(error: ReverseError) -> Reply {
    match error {
        ReverseError::BadTag => Reply::srs_bad_signature(),
        ReverseError::Expired => Reply::srs_expired(),
        ReverseError::Malformed | ReverseError::NotSrs => Reply::srs_malformed(),
    }
}

/// Whom an SRS address stands for.
async fn sender_of(
    services: &Services,
    reversed: Reversed,
    now: UnixTime,
) -> Result<Mailbox, Decision> {
    let token = match reversed {
        Reversed::Mailbox(original) => return Ok(original),
        Reversed::Token(token) => token,
    };
    match services.store.srs_get(token.as_str(), now).await {
        Ok(Some(original)) => Ok(original),
        Ok(None) => Err(Decision::Refuse(Reply::srs_expired())),
        Err(error) => {
            tracing::error!(%error, "cannot look up a long SRS address");
            Err(Decision::Refuse(Reply::store_failed()))
        }
    }
}
