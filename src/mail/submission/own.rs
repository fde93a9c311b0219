//! Whether a message says nothing of its sender but what is the account's.

use crate::{
    account::Account,
    address::{Mailbox, ReversePath},
    mail::parts::Parts,
    message::{
        Authors, Header, is_disposition_notification,
        submitted::{Objection, is_exact, senders},
    },
    reply::Reply,
    store::StoreError,
};
use std::collections::HashSet;

/// Most addresses that a message may seem to name as its senders.
const MAX_ASKED: usize = 50;
/// How much of what an account may use a reply names, in octets.
const MAX_TOLD: usize = 200;

/// Refuses a reverse-path that is somebody else's. What a null one is for shows at the end.
pub(super) async fn check_reverse_path(
    parts: &Parts,
    account: &Account,
    path: &ReversePath,
) -> Result<(), Reply> {
    let ReversePath::Mailbox(mailbox) = path else { return Ok(()) };
    match may(parts, account, mailbox).await? {
        true => Ok(()),
        false => Err(Reply::not_your_reverse_path(&mailbox.to_string(), &allowed(account))),
    }
}

/// Refuses a message that names somebody else as its sender, and gives its authors.
pub(super) async fn check_fields(
    parts: &Parts,
    account: &Account,
    message: &[u8],
) -> Result<Authors, Reply> {
    let mut asked = HashSet::new();
    let seen = std::sync::Mutex::new(&mut asked);
    let _ = senders(message, |mailbox| {
        if let Ok(mut seen) = seen.lock() {
            seen.insert(mailbox.clone());
        }
        true
    });
    if asked.len() > MAX_ASKED {
        return Err(Reply::bad_header("Message names too many senders"));
    }
    let mut own = HashSet::new();
    for mailbox in asked {
        if may(parts, account, &mailbox).await? {
            own.insert(mailbox);
        }
    }
    senders(message, |mailbox| own.contains(mailbox)).map_err(|objection| match objection {
        Objection::Foreign { field, address } => {
            Reply::not_your_sender(field, &address, &allowed(account))
        }
        Objection::Unclear(reply) => reply,
    })
}

/// A null reverse-path is for disposition notifications (RFC 8098 §3.2.6.1).
pub(super) fn check_null(path: &ReversePath, message: &[u8]) -> Result<(), Reply> {
    let is_fine = *path != ReversePath::Null || is_disposition_notification(&Header::scan(message));
    if is_fine { Ok(()) } else { Err(Reply::null_for_notifications_only()) }
}

/// What is not signed by the domain of its From is not believed.
pub(super) fn check_keys(parts: &Parts, from: &Authors) -> Result<(), Reply> {
    match from.domains().iter().find(|domain| !parts.signs_for(domain)) {
        Some(domain) => Err(Reply::no_signing_key(&domain.to_key())),
        None => Ok(()),
    }
}

async fn may(parts: &Parts, account: &Account, mailbox: &Mailbox) -> Result<bool, Reply> {
    let asked = parts.store.may_send_as(account, mailbox).await;
    let may = asked.map_err(|error: StoreError| {
        tracing::error!(%error, "cannot look up whose an address is");
        Reply::store_failed()
    })?;
    Ok(may && is_exact(mailbox))
}

/// What the account may use, for the replies that refuse another.
fn allowed(account: &Account) -> String {
    let mut text = String::new();
    for one in &account.may {
        let one = one.to_string();
        if text.len() + one.len() > MAX_TOLD {
            text.push_str(", …");
            break;
        }
        if !text.is_empty() {
            text.push_str(", ");
        }
        text.push_str(&one);
    }
    text.replace('…', "...")
}
