//! What can be done about a message: try it again, drop it, block or allow who sent it.

use super::{
    list::path,
    one::{self, Beside},
    seen::Seen,
};
use crate::{
    address::Domain,
    admin::{
        self, aliases, blocks,
        queue::{self, Changed, Filter},
    },
    alias::{AliasAddress, Amendment, SenderPattern},
    store::{ChangeError, Progress},
    web::{
        cause::Cause,
        page::{
            faults,
            form::{Fields, Form, Segment},
            notices::Notice,
            texts::Texts,
            trouble::Trouble,
            visitor::Visitor,
        },
    },
};
use axum::body::Body;
use hyper::Response;

/// Tries it at once.
pub(super) async fn retry(
    visitor: Visitor,
    Segment(id): Segment,
) -> Result<Response<Body>, Trouble> {
    let seen = Seen::find(&visitor, &id).await?;
    if let Some(refused) = may_not(&visitor, &seen) {
        return Ok(refused);
    }
    let filter = only(&seen);
    let changed = queue::retry(&visitor.site.store, &filter).await?;
    told(&visitor, "message tried", &changed);
    Ok(concluded(&visitor, &seen, &changed, "messages-retry-done"))
}

/// Gives it up.
pub(super) async fn drop(
    visitor: Visitor,
    Segment(id): Segment,
) -> Result<Response<Body>, Trouble> {
    let seen = Seen::find(&visitor, &id).await?;
    if let Some(refused) = may_not(&visitor, &seen) {
        return Ok(refused);
    }
    let filter = only(&seen);
    let changed = queue::drop(&visitor.site.store, &filter).await?;
    told(&visitor, "message dropped", &changed);
    Ok(concluded(&visitor, &seen, &changed, "messages-drop-done"))
}

/// Tells the log of messages of which something became.
pub(super) fn told(visitor: &Visitor, what: &'static str, changed: &Changed) {
    if !changed.ids.is_empty() {
        visitor.did(what, &changed.ids.join(", "));
    }
}

/// The message alone, under the id that it has.
fn only(seen: &Seen) -> Filter {
    Filter { ids: vec![seen.record.id.clone()], ..Filter::default() }
}

/// The page that says why what waits is not the visitor's to change.
fn may_not(visitor: &Visitor, seen: &Seen) -> Option<Response<Body>> {
    let key = match (&seen.waiting, seen.may_change) {
        (None, _) => "messages-not-waiting",
        (Some(_), false) => "messages-not-all-yours",
        (Some(_), true) => return None,
    };
    Some(wrong(visitor, seen, "queue", visitor.texts.say(key, &[])))
}

fn concluded(
    visitor: &Visitor,
    seen: &Seen,
    changed: &Changed,
    done: &'static str,
) -> Response<Body> {
    let key = match changed {
        Changed { sending, .. } if !sending.is_empty() => "messages-being-sent",
        Changed { held, .. } if !held.is_empty() => "messages-held",
        Changed { ids, .. } if ids.is_empty() => "messages-not-waiting",
        _ => {
            let notice = Notice::new(visitor.texts.say(done, &[]));
            return visitor.done(notice, &path(&seen.record.id));
        }
    };
    wrong(visitor, seen, "queue", visitor.texts.say(key, &[]))
}

fn wrong(visitor: &Visitor, seen: &Seen, form: &'static str, why: String) -> Response<Body> {
    one::page(visitor, seen, &Beside { wrong: Some((form, why)), explained: None })
}

/// Blocks who sent it.
pub(super) async fn block(
    visitor: Visitor,
    Segment(id): Segment,
    Form(fields): Form,
) -> Result<Response<Body>, Trouble> {
    rule(&visitor, &id, &fields, "block").await
}

/// Allows who sent it.
pub(super) async fn allow(
    visitor: Visitor,
    Segment(id): Segment,
    Form(fields): Form,
) -> Result<Response<Body>, Trouble> {
    rule(&visitor, &id, &fields, "allow").await
}

async fn rule(
    visitor: &Visitor,
    id: &str,
    fields: &Fields,
    what: &'static str,
) -> Result<Response<Body>, Trouble> {
    let seen = Seen::find(visitor, id).await?;
    let (texts, store) = (visitor.texts, &visitor.site.store);
    let Some(sender) = seen.record.from.mailbox() else { return Err(Trouble::NotFound) };
    // As a pattern is written, or what is kept could not be read back: in some addresses stands what patterns do not have.
    let pattern = match fields.one("pattern") {
        "domain" => format!("@{}", sender.domain()),
        _ => sender.to_string(),
    };
    let pattern = match SenderPattern::parse(&pattern) {
        Ok(pattern) => pattern,
        Err(error) => return Ok(wrong(visitor, &seen, what, faults::said(texts, &error.into()))),
    };
    // What the page offers, and nothing else: it knows what is whose.
    let wanted = fields.one("for");
    let scopes = one::scopes(visitor, &seen, what);
    if !scopes.iter().any(|(value, _)| value == wanted) {
        let why = texts.say("messages-no-rule-here", &[]);
        return Ok(wrong(visitor, &seen, what, why));
    }
    let done = match wanted.split_once(' ') {
        Some(("alias", address)) => {
            let address = AliasAddress::parse(address).map_err(|_| Trouble::NotFound)?;
            let list = vec![pattern.clone()];
            let amendment = match what {
                "block" => Amendment { block: list, ..Amendment::default() },
                _ => Amendment { allow: list, ..Amendment::default() },
            };
            aliases::amend(store, &address, &amendment).await.map(std::mem::drop)
        }
        Some((_, domain)) => {
            let domain = Domain::parse(domain).map_err(|_| Trouble::NotFound)?;
            block_sender(visitor, Some(&domain), &pattern).await
        }
        None => block_sender(visitor, None, &pattern).await,
    };
    if let Err(error) = done {
        return Ok(wrong(visitor, &seen, what, words(texts, error)?));
    }
    let did = if what == "block" { "sender blocked" } else { "sender allowed" };
    visitor.did(did, &format_args!("{pattern} for {wanted}"));
    let key = if what == "block" { "messages-block-done" } else { "messages-allow-done" };
    let notice = texts.say(key, &[("pattern", pattern.to_string().into())]);
    Ok(visitor.done(Notice::new(notice), &path(&seen.record.id)))
}

/// Blocks a sender for all aliases, or for those of a domain.
async fn block_sender(
    visitor: &Visitor,
    domain: Option<&Domain>,
    pattern: &SenderPattern,
) -> Result<(), admin::Error> {
    let (store, patterns) = (&visitor.site.store, vec![pattern.clone()]);
    blocks::add(store, domain, patterns, None, Progress::default()).await.map(std::mem::drop)
}

/// What is said of a rule that cannot be.
///
/// # Errors
/// When it is the store that fails.
fn words(texts: Texts, error: admin::Error) -> Result<String, Trouble> {
    match error {
        admin::Error::Alias(error) => Ok(faults::said(texts, &error.into())),
        admin::Error::Change(ChangeError::Store(error)) => Err(error.into()),
        admin::Error::Change(error) => Ok(faults::said(texts, &Cause::from(&error))),
        error => Err(error.into()),
    }
}
