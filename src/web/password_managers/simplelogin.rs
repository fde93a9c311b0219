//! What is asked in the dialect of SimpleLogin.

use super::{
    Answer, Asked,
    aliases::{self, Wanted},
};
use crate::{
    address::Domain,
    password_manager::{
        Fault, Fields,
        simplelogin::{
            CustomAlias, Listing, MAX_LISTED, NewAlias, Route, list, note, options_v4, options_v5,
            resource, user_info,
        },
    },
};
use serde_json::json;

pub(super) async fn answer(asked: &Asked<'_>, method: &str, path: &str) -> Result<Answer, Fault> {
    match Route::of(method, path)? {
        Route::Random => random(asked).await,
        Route::Custom => custom(asked).await,
        Route::List => listed(asked).await,
        Route::Show(id) => {
            let alias = aliases::of_number(asked, id).await?;
            Ok(Answer::ok(resource(&aliases::told_of(&asked.site.store, alias).await?)))
        }
        Route::Describe(id) => {
            let alias = aliases::of_number(asked, id).await?;
            if let Some(note) = note(&asked.fields()?)? {
                aliases::set_note(asked, &alias, note).await?;
            }
            Ok(Answer::ok(json!({ "ok": true })))
        }
        Route::Toggle(id) => {
            let alias = aliases::of_number(asked, id).await?;
            let told = aliases::set_enabled(asked, &alias, !alias.enabled()).await?;
            Ok(Answer::ok(json!({ "enabled": told.is_enabled })))
        }
        Route::Remove(id) => {
            let alias = aliases::of_number(asked, id).await?;
            aliases::remove(asked, &alias).await?;
            Ok(Answer::ok(json!({ "deleted": true })))
        }
        Route::OptionsV4 => Ok(Answer::ok(options_v4(domain(asked)?, &asked.query))),
        Route::OptionsV5 => Ok(Answer::ok(options_v5(domain(asked)?, &asked.query))),
        Route::UserInfo => Ok(Answer::ok(user_info(&asked.caller.token))),
        Route::Mailboxes => Ok(Answer::ok(json!({ "mailboxes": [] }))),
        Route::Logout => Ok(Answer::ok(json!({ "msg": "User is logged out" }))),
    }
}

async fn random(asked: &Asked<'_>) -> Result<Answer, Fault> {
    let domain = domain(asked)?.clone();
    let NewAlias { note, site, format } = NewAlias::read(&asked.query, &asked.fields()?)?;
    let wanted = Wanted { domain, chosen: None, format, site, note };
    Ok(Answer::created(resource(&aliases::make(asked, wanted).await?)))
}

async fn custom(asked: &Asked<'_>) -> Result<Answer, Fault> {
    let own = domain(asked)?;
    let CustomAlias { name, suffix, note } = CustomAlias::read(&asked.fields()?)?;
    let named = suffix.strip_prefix('@').and_then(|text| Domain::parse(text).ok());
    let named = named.filter(|named| named == own);
    let domain = named.ok_or_else(|| Fault::new(400, "wrong alias prefix or suffix"))?;
    let wanted = Wanted { domain, chosen: Some(name), format: None, site: None, note };
    Ok(Answer::created(resource(&aliases::make(asked, wanted).await?)))
}

async fn listed(asked: &Asked<'_>) -> Result<Answer, Fault> {
    // Who asks by GET sends no body.
    let fields = match asked.body.is_empty() {
        true => Fields::default(),
        false => asked.fields()?,
    };
    let mut listing = Listing::read(&asked.query, &fields)?;
    let found = match listing.is_of_none {
        true => Vec::new(),
        false => {
            let search = listing.search.take();
            aliases::find(asked, search, listing.is_enabled, MAX_LISTED).await?
        }
    };
    Ok(Answer::ok(list(&listing.page(found))))
}

/// Clients of SimpleLogin name no domain: it is that of the token.
fn domain<'a>(asked: &'a Asked<'_>) -> Result<&'a Domain, Fault> {
    asked.caller.token.domain.as_ref().ok_or_else(|| {
        Fault::new(
            400,
            "This token is of no single domain: onward token add --domain makes one that is.",
        )
    })
}
