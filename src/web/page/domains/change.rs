//! What can be done with domains.

use super::{
    checks::{self, Begun, Subject},
    list, named, path_of,
    settings::Settings,
    show::{Sent, show},
};
use crate::{
    address::Domain,
    admin::{
        self, blocks,
        domains::{self, HostedDomain},
    },
    alias::SenderPattern,
    store::{ChangeError, Progress},
    web::{
        cause::Cause,
        changes,
        page::{
            faults,
            form::{Form, Segment},
            notices::Notice,
            texts::Texts,
            trouble::Trouble,
            visitor::{Admin, Visitor},
        },
    },
};
use axum::body::Body;
use hyper::{Response, StatusCode};

const WRONG: StatusCode = StatusCode::UNPROCESSABLE_ENTITY;

pub(super) async fn add(
    Admin(visitor): Admin,
    Form(form): Form,
) -> Result<Response<Body>, Trouble> {
    let (texts, written) = (visitor.texts, form.one("domain"));
    let why = match Domain::parse(written) {
        Err(why) => {
            let why = faults::address(texts, why);
            texts.say("domains-new-bad", &[("why", why.into())])
        }
        Ok(domain) => match domains::add(&visitor.site.store, &domain).await {
            Ok(true) => {
                visitor.did("domain added", &domain);
                let text = texts.say("domains-added", &[("domain", domain.as_str().into())]);
                return Ok(visitor.done(Notice::new(text), &path_of(&domain)));
            }
            Ok(false) => texts.say("domains-new-known", &[("domain", domain.as_str().into())]),
            Err(error) => refused(visitor.texts, error)?,
        },
    };
    let new = list::New { domain: written, error: Some(why) };
    list::show(&visitor, WRONG, &list::Part::default(), &new).await
}

/// Why something is not changed, where that is up to whoever asks. Through what a loop leads is not told: it may be others'
/// aliases.
fn refused(texts: Texts, error: admin::Error) -> Result<String, Trouble> {
    match error {
        admin::Error::Change(ChangeError::Store(error)) => Err(error.into()),
        admin::Error::Change(ChangeError::HasAliases { .. }) => {
            Ok(texts.say("domains-remove-has-aliases", &[]))
        }
        admin::Error::Change(change) => Ok(faults::said(texts, &Cause::from(&change))),
        admin::Error::Alias(alias) => Ok(faults::said(texts, &alias.into())),
        error => Err(error.into()),
    }
}

pub(super) async fn check(
    visitor: Visitor,
    Segment(name): Segment,
) -> Result<Response<Body>, Trouble> {
    let domain = named(&visitor, &name)?;
    let begun = checks::begin(&visitor, Subject::Domain(domain.clone())).await;
    Ok(told(&visitor, begun, &path_of(&domain)))
}

pub(super) async fn check_all(Admin(visitor): Admin) -> Response<Body> {
    let begun = checks::begin(&visitor, Subject::Site).await;
    told(&visitor, begun, "/domains#doctor")
}

fn told(visitor: &Visitor, begun: Begun, path: &str) -> Response<Body> {
    let text = match begun {
        Begun::Done => visitor.texts.say("domains-check-done", &[]),
        Begun::Goes => visitor.texts.say("domains-check-begun", &[]),
        Begun::Asks => visitor.texts.say("domains-check-asks", &[]),
        Begun::Busy => visitor.texts.say("domains-check-busy", &[]),
    };
    visitor.done(Notice::new(text), path)
}

/// The domain of a path, where something of it can be changed.
fn hosted(visitor: &Visitor, name: &str) -> Result<Domain, Trouble> {
    let domain = named(visitor, name)?;
    match visitor.site.store.is_hosted(&domain) {
        true => Ok(domain),
        false => Err(Trouble::NotFound),
    }
}

pub(super) async fn set(
    visitor: Visitor,
    Segment(name): Segment,
    Form(form): Form,
) -> Result<Response<Body>, Trouble> {
    let domain = hosted(&visitor, &name)?;
    let sent = Settings::sent(&form);
    if !["", "daily", "weekly"].contains(&form.one("digest")) {
        return Err(Trouble::Malformed);
    }
    let settings = domains::settings(&visitor.site.store, &domain);
    if !sent.is_of(&HostedDomain::new(&domain, &settings)) {
        let notice = Notice::new(visitor.texts.say("domains-changed-meanwhile", &[]));
        return Ok(visitor.done(notice, &path_of(&domain)));
    }
    let wrong = match sent.clone().change(visitor.texts, settings) {
        Err(wrong) => *wrong,
        Ok(change) => match domains::set(&visitor.site.store, &domain, &change).await {
            Ok(_) => {
                visitor.did("domain changed", &domain);
                let text = visitor.texts.say("domains-saved", &[]);
                return Ok(visitor.done(Notice::new(text), &path_of(&domain)));
            }
            Err(error) => sent.refused(refused(visitor.texts, error)?),
        },
    };
    let sent = Sent { settings: Some(wrong), ..Sent::default() };
    show(&visitor, WRONG, &domain, &sent).await
}

pub(super) async fn block(
    visitor: Visitor,
    Segment(name): Segment,
    Form(form): Form,
) -> Result<Response<Body>, Trouble> {
    let domain = hosted(&visitor, &name)?;
    let (texts, written) = (visitor.texts, form.one("pattern"));
    let why = match SenderPattern::parse(written) {
        Err(why) => faults::said(texts, &why.into()),
        Ok(pattern) => {
            let text = texts.say("domains-blocked", &[("sender", pattern.to_string().into())]);
            let told = changes::block(&pattern, Some(&domain));
            let (store, patterns) = (&visitor.site.store, vec![pattern]);
            match blocks::add(store, Some(&domain), patterns, None, Progress::default()).await {
                Ok(_) => {
                    visitor.did("block added", &told);
                    return Ok(visitor.done(Notice::new(text), &path_of(&domain)));
                }
                Err(error) => refused(visitor.texts, error)?,
            }
        }
    };
    let sent = Sent { block: Some((written.to_owned(), why)), ..Sent::default() };
    show(&visitor, WRONG, &domain, &sent).await
}

pub(super) async fn unblock(
    visitor: Visitor,
    Segment(name): Segment,
    Form(form): Form,
) -> Result<Response<Body>, Trouble> {
    let domain = hosted(&visitor, &name)?;
    let pattern = SenderPattern::parse(form.one("pattern")).map_err(|_| Trouble::Malformed)?;
    let (store, patterns) = (&visitor.site.store, vec![pattern.clone()]);
    let text = match blocks::remove(store, Some(&domain), patterns, Progress::default()).await {
        Ok(_) => {
            visitor.did("block removed", &changes::block(&pattern, Some(&domain)));
            visitor.texts.say("domains-unblocked", &[("sender", pattern.to_string().into())])
        }
        Err(admin::Error::Change(ChangeError::NoSuchBlock { .. })) => {
            visitor.texts.say("domains-not-blocked", &[("sender", pattern.to_string().into())])
        }
        Err(error) => refused(visitor.texts, error)?,
    };
    Ok(visitor.done(Notice::new(text), &path_of(&domain)))
}

pub(super) async fn remove(
    Admin(visitor): Admin,
    Segment(name): Segment,
    Form(form): Form,
) -> Result<Response<Body>, Trouble> {
    let domain = hosted(&visitor, &name)?;
    let (texts, typed) = (visitor.texts, form.one("name"));
    let why = if Domain::parse(typed).ok().as_ref() == Some(&domain) {
        match domains::remove(&visitor.site.store, &domain, form.has("with_aliases")).await {
            Ok(aliases) => {
                visitor.did("domain removed", &format_args!("{domain} with {aliases} aliases"));
                let args = [("domain", domain.as_str().into()), ("aliases", aliases.into())];
                let text = texts.say("domains-removed", &args);
                return Ok(visitor.done(Notice::new(text), "/domains"));
            }
            Err(error) => refused(visitor.texts, error)?,
        }
    } else {
        texts.say("domains-remove-other", &[("domain", domain.as_str().into())])
    };
    let sent = Sent { remove: Some((typed.to_owned(), why)), ..Sent::default() };
    show(&visitor, WRONG, &domain, &sent).await
}
