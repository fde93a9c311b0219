//! What is asked in the dialect of addy.io.

use super::{
    Answer, Asked,
    aliases::{self, Wanted},
};
use crate::{
    password_manager::{
        Fault, Told,
        addy::{
            Listing, MAX_LISTED, NewAlias, Route, alias_id, description, domain_options, resource,
            token_details,
        },
    },
    web::problem::Problem,
};
use serde_json::{Value, json};

/// Most domains that a token of all domains is told of.
const MAX_DOMAINS: usize = 1_000;

pub(super) async fn answer(asked: &Asked<'_>, method: &str, path: &str) -> Result<Answer, Fault> {
    match Route::of(method, path)? {
        Route::Make => make(asked).await,
        Route::List => list(asked).await,
        Route::Show(id) => {
            let alias = aliases::of_number(asked, id).await?;
            Ok(shown(&aliases::told_of(&asked.site.store, alias).await?))
        }
        Route::Describe(id) => {
            let alias = aliases::of_number(asked, id).await?;
            match description(&asked.fields()?)? {
                Some(note) => Ok(shown(&aliases::set_note(asked, &alias, note).await?)),
                None => Ok(shown(&aliases::told_of(&asked.site.store, alias).await?)),
            }
        }
        Route::SwitchOn => switch_on(asked).await,
        Route::Restore(id) => {
            let alias = aliases::of_number(asked, id).await?;
            Ok(shown(&aliases::set_enabled(asked, &alias, true).await?))
        }
        Route::SwitchOff(id) => {
            let alias = aliases::of_number(asked, id).await?;
            aliases::set_enabled(asked, &alias, false).await?;
            Ok(Answer::nothing())
        }
        Route::Forget(id) => {
            let alias = aliases::of_number(asked, id).await?;
            aliases::remove(asked, &alias).await?;
            Ok(Answer::nothing())
        }
        Route::DomainOptions => options(asked).await,
        // Where aliases lead is nobody's business who holds a token.
        Route::Recipients => Ok(Answer::ok(json!({ "data": [] }))),
        Route::TokenDetails => Ok(Answer::ok(token_details(&asked.caller.token))),
        Route::Pinned => Err(Fault::new(404, "Onward pins no aliases.")),
    }
}

async fn make(asked: &Asked<'_>) -> Result<Answer, Fault> {
    let NewAlias { domain, description, site, chosen, format } = NewAlias::read(&asked.fields()?)?;
    let wanted = Wanted { domain, chosen, format, site, note: description };
    let made = aliases::make(asked, wanted).await.map_err(as_addy_says)?;
    Ok(Answer::created(data(resource(&made))))
}

/// There, what exists already is a fault of a field.
fn as_addy_says(fault: Fault) -> Fault {
    match fault.status {
        409 => Fault { status: 422, ..fault },
        _ => fault,
    }
}

async fn list(asked: &Asked<'_>) -> Result<Answer, Fault> {
    let mut listing = Listing::read(&asked.query);
    let found = match listing.is_of_none {
        true => Vec::new(),
        false => {
            let search = listing.search.take();
            aliases::find(asked, search, listing.is_active, MAX_LISTED).await?
        }
    };
    Ok(Answer::ok(listing.page(found).body()))
}

async fn switch_on(asked: &Asked<'_>) -> Result<Answer, Fault> {
    let fields = asked.fields()?;
    let id = fields.text("id")?;
    let id = id.ok_or_else(|| Fault::of_field("id", "The id field is required."))?;
    let alias = aliases::of_number(asked, alias_id(id).unwrap_or_default()).await?;
    Ok(shown(&aliases::set_enabled(asked, &alias, true).await?))
}

async fn options(asked: &Asked<'_>) -> Result<Answer, Fault> {
    let token = &asked.caller.token;
    let domains = match &token.domain {
        Some(domain) => vec![domain.clone()],
        None => {
            let mut all = asked.site.store.domains().await.map_err(Problem::from)?;
            all.truncate(MAX_DOMAINS);
            all
        }
    };
    Ok(Answer::ok(domain_options(&domains, token.format)))
}

fn shown(alias: &Told) -> Answer {
    Answer::ok(data(resource(alias)))
}

fn data(value: Value) -> Value {
    json!({ "data": value })
}
