//! A new alias: a name that nobody guesses is offered, and another one for the asking.

use super::{
    super::{
        form::{Form as Sent, Query},
        notices::Notice,
        shell::Tab,
        trouble::Trouble,
        visitor::Visitor,
    },
    fields::{self, Wrong},
    form::Form,
    list::{may_see, offered},
    place_of,
};
use crate::{
    admin::aliases,
    clock,
    naming::{Site as WebSite, new_name},
    store::ChangeError,
    token::NameFormat,
    web::{alias_record, problem::Problem},
};
use axum::body::Body;
use hyper::{Response, StatusCode};
use maud::html;

/// `GET /aliases/new`. What it is for may be said, as links from elsewhere do: `domain`, `name`, `destinations`, `note`.
pub(super) async fn show(visitor: Visitor, Query(query): Query) -> Result<Response<Body>, Trouble> {
    let mut form = Form { enabled: true, ..Form::typed(&query) };
    if form.name.is_empty() {
        form.name = offer(&form)?;
    }
    page(&visitor, StatusCode::OK, form, Wrong::default(), None).await
}

/// `POST /aliases/new`
pub(super) async fn make(visitor: Visitor, Sent(sent): Sent) -> Result<Response<Body>, Trouble> {
    let mut form = Form::typed(&sent);
    if sent.has("another") {
        form.name = offer(&form)?;
        return page(&visitor, StatusCode::OK, form, Wrong::default(), None).await;
    }
    let problem = match made(&visitor, &form).await? {
        Ok(response) => return Ok(response),
        Err(problem) => problem,
    };
    let status = problem.kind.status();
    let (wrong, of_all) = Wrong::of(visitor.texts, problem);
    page(&visitor, status, form, wrong, of_all).await
}

async fn made(visitor: &Visitor, form: &Form) -> Result<Result<Response<Body>, Problem>, Trouble> {
    let (site, texts) = (&visitor.site, visitor.texts);
    let alias = match alias_record::checked(form.new_alias()).await {
        Ok(alias) => alias,
        Err(problem) => return Ok(Err(problem)),
    };
    if !may_see(&visitor.role, alias.address().domain()) {
        // As of a domain that is not there.
        let domain = alias.address().domain().map(ToString::to_string).unwrap_or_default();
        let what = texts.say("aliases-no-domain", &[("domain", domain.into())]);
        return Ok(Err(Problem::field("address", what, "")));
    }
    let place = place_of(alias.address());
    match aliases::add(&site.store, &alias).await {
        Ok(()) => {}
        Err(crate::admin::Error::Change(ChangeError::Exists { .. })) => {
            let what = texts.say("aliases-exists", &[]);
            return Ok(Err(Problem::field("address", what, "")));
        }
        Err(crate::admin::Error::Change(ChangeError::Store(error))) => return Err(error.into()),
        Err(crate::admin::Error::Change(error)) => return Ok(Err(Problem::from(error))),
        Err(error) => return Err(error.into()),
    }
    visitor.did("alias made", alias.address());
    let address = alias.address().to_string();
    let text = texts.say("aliases-made", &[("address", address.into())]);
    Ok(Ok(visitor.done(Notice::new(text), &place)))
}

/// A name by chance; of the site that the note names, if it names one.
fn offer(form: &Form) -> Result<String, Trouble> {
    let random = *clock::secret().map_err(|error| {
        tracing::error!(%error, "no name for an alias: the system gives no random octets");
        Trouble::Failed
    })?;
    Ok(new_name(NameFormat::Site, WebSite::of_note(&form.note).as_ref(), random))
}

async fn page(
    visitor: &Visitor,
    status: StatusCode,
    mut form: Form,
    wrong: Wrong,
    of_all: Option<String>,
) -> Result<Response<Body>, Trouble> {
    let texts = visitor.texts;
    let names = offered(visitor).await?;
    if form.domain.is_empty() {
        form.domain = names.first().cloned().unwrap_or_default();
    }
    let content = html! {
        @if let Some(what) = of_all { p .error role="alert" { (what) } }
        form method="post" action="/aliases/new" .alias {
            // What Enter does, before any other button.
            button type="submit" .first tabindex="-1" aria-hidden="true" { (texts.say("aliases-make", &[])) }
            (fields::address(texts, &form, &wrong, &names))
            (fields::all(texts, &form, &wrong))
            div .buttons {
                button .main type="submit" { (texts.say("aliases-make", &[])) }
                a href="/aliases" { (texts.say("aliases-back", &[])) }
            }
        }
    };
    Ok(visitor.page_with(status, Tab::Aliases, &texts.say("aliases-new", &[]), &content))
}

#[cfg(test)]
mod tests {
    use super::{super::super::form::Fields, *};

    #[test]
    fn a_name_is_of_the_site_that_the_note_names() {
        let noted = |note: &str| {
            let fields = Fields::parse(format!("note={note}").as_bytes());
            offer(&Form::typed(&fields)).unwrap()
        };
        assert!(noted("shop.example").starts_with("shop."));
        let plain = noted("my+shop");
        assert!(!plain.contains('.') && plain.len() == 8, "{plain}");
        assert_ne!(plain, noted("my+shop"));
    }
}
