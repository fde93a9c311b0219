//! An alias as JSON, of the API and of the page's forms: what is accepted of each field, what is changed by a patch, and what an answer shows.

use super::{
    Site,
    cause::Cause,
    etag, input,
    problem::{FieldError, Kind, Problem},
};
use crate::{
    admin::aliases::{self, Listed, Nowhere, Record, RecordError},
    alias::{Alias, AliasAddress, Counters, Destination, template_lookalike},
    clock,
};
use serde::Serialize;
use serde_json::{Map, Value, json};
use tokio::task::spawn_blocking;

/// What is accepted as an address of an alias.
pub(super) const ADDRESS: &str = "hello@example.org, *@example.org (what nothing else in the domain answers), or a regex such as /^sales-(.+)@example\\.org$/";

/// Fields of an alias that are never `null`, as an alias without them is another one.
pub(super) const NEVER_NULL: [&str; 4] = ["address", "kind", "destinations", "enabled"];

/// The fields of an alias, and what is accepted of each.
const FIELDS: [(&str, &str); 15] = [
    ("address", ADDRESS),
    ("kind", "as it follows from the address: exact, catch-all or regex; it may be left out"),
    ("destinations", "a list of 1 to 100 mailboxes, such as [\"me@mailbox.example\"]"),
    ("enabled", "true or false"),
    ("action", "forward, reject, defer or discard; only one that forwards has destinations"),
    ("text", "what the reply says, of one that rejects or defers: one line of up to 200 octets"),
    ("note", "one line of up to 500 characters, or null"),
    ("expires", "a time to come with its zone, such as 2026-12-31T12:00:00Z, or null"),
    ("max_messages", "from 1 to 1000000000, or null"),
    ("allow", "a list of up to 100 senders: news@shop.example, @shop.example or *.shop.example"),
    (
        "block",
        "a list of up to 100 senders: news@shop.example, @shop.example, *.shop.example, or * for everybody",
    ),
    ("limit", "messages in a time, such as 30/1h, or null"),
    ("spam", "mark, refuse or null"),
    ("keep_tag", "true, false or null; of one address that forwards"),
    ("digest", "off, daily, weekly or null"),
];

/// ... and one that older programs do not know.
const ANSWERED: (&str, &str) = ("reply_by_address", "true or false; of one address that forwards");

/// An address with which other fields are tried.
const ANY: &str = "any@example.org";
/// ... and a destination.
const ANYWHERE: &str = "any@example.net";

/// The alias that an object describes. Regexes are not for the threads that all share.
///
/// # Errors
/// Every field that holds what is not accepted.
pub(super) async fn checked(object: Map<String, Value>) -> Result<Alias, Problem> {
    let checked = spawn_blocking(move || described(object));
    checked.await.map_err(|_| Problem::failed())?
}

/// The alias with the fields of a patch: `null` takes a value away (RFC 7396).
///
/// # Errors
/// Every field that holds what is not accepted.
pub(super) fn patched(alias: &Alias, patch: Map<String, Value>) -> Result<Alias, Problem> {
    let Ok(Value::Object(mut object)) = serde_json::to_value(Record::from(alias)) else {
        return Err(Problem::failed());
    };
    let mut errors = Vec::new();
    let says = |name: &str| patch.get(name).is_some_and(|value| !value.is_null());
    let (has_end, leads_anew) = (says("expires"), says("destinations"));
    // What does not go with the other action goes.
    if says("destinations") && !patch.contains_key("action") {
        object.remove("action");
        object.remove("text");
    }
    match patch.get("action").and_then(Value::as_str) {
        Some("forward") => drop(object.remove("text")),
        Some(_) => drop(object.remove("destinations")),
        None => {}
    }
    for (name, value) in patch {
        let Some(accepted) = accepted(&name) else {
            errors.push(unknown(&name));
            continue;
        };
        if value.is_null() && NEVER_NULL.contains(&name.as_str()) {
            errors.push(FieldError::new(&name, "cannot be taken away", accepted));
        } else if name == "address" || name == "kind" {
            if object.get(&name) != Some(&value) {
                let message = "cannot be changed: make another alias, and remove this one";
                errors.push(FieldError::new(&name, message, accepted));
            }
        } else if value.is_null() {
            object.remove(&name);
        } else {
            object.insert(name, value);
        }
    }
    match errors.is_empty() {
        true if leads_anew => whole(object, has_end).and_then(without_templates),
        true => whole(object, has_end),
        false => Err(Problem::fields(errors)),
    }
}

/// Refuses destinations that look like something else than they are; those that were there before stay.
fn without_templates(alias: Alias) -> Result<Alias, Problem> {
    let destinations = alias.destinations().iter().filter_map(Destination::mailbox);
    match template_lookalike(destinations) {
        None => Ok(alias),
        Some(error) => {
            let accepted = accepted("destinations").unwrap_or_default();
            Err(Problem::field("destinations", error.to_string(), accepted).because(error.into()))
        }
    }
}

fn described(mut object: Map<String, Value>) -> Result<Alias, Problem> {
    let mut errors: Vec<_> =
        object.keys().filter(|name| accepted(name).is_none()).map(|name| unknown(name)).collect();
    // What is null is not said.
    object.retain(|name, value| !value.is_null() || NEVER_NULL.contains(&name.as_str()));
    if !object.contains_key("address") {
        errors.push(FieldError::new("address", "is missing", ADDRESS).because(Cause::Missing));
    }
    let has_end = object.contains_key("expires");
    match errors.is_empty() {
        true => whole(object, has_end).and_then(without_templates),
        false => Err(Problem::fields(errors)),
    }
}

/// The alias of an object of known fields; where it is none, each of them is tried alone.
fn whole(object: Map<String, Value>, has_end: bool) -> Result<Alias, Problem> {
    let failed = match alias_of(object.clone()) {
        Ok(alias) if has_end && alias.is_past() => {
            let accepted = accepted("expires").unwrap_or_default();
            return Err(Problem::field("expires", "is past", accepted).because(Cause::Past));
        }
        Ok(alias) => return Ok(alias),
        Err(error) => error,
    };
    let text = |name: &str| object.get(name).and_then(Value::as_str);
    let is_sound =
        |text: &&str| AliasAddress::parse(text).is_ok_and(|address| address.lookalike().is_none());
    let address = text("address").filter(is_sound);
    let address = address.unwrap_or(ANY);
    let mut errors = Vec::new();
    for (name, value) in &object {
        let mut tried = Map::from_iter([("address".to_owned(), address.into())]);
        let action = text("action").unwrap_or("forward");
        match name.as_str() {
            "destinations" => {}
            "text" => drop(tried.insert("action".into(), action.into())),
            "action" if action != "forward" => {}
            _ => drop(tried.insert("destinations".into(), json!([ANYWHERE]))),
        }
        tried.insert(name.clone(), value.clone());
        if let Err(mut error) = alias_of(tried) {
            error.accepted = accepted(name).map(str::to_owned);
            if error.field.is_empty() {
                error.field.clone_from(name);
            }
            errors.push(error);
        }
    }
    match errors.is_empty() {
        false => Err(Problem::fields(errors)),
        true if !object.contains_key("destinations") && text("action").is_none() => {
            let accepted = accepted("destinations").unwrap_or_default();
            let problem = Problem::field("destinations", "is missing", accepted);
            Err(problem.because(Cause::Missing))
        }
        // Each is good, and all of them do not go together.
        true => {
            let problem = Problem::new(Kind::Fields, failed.message);
            Err(problem.because(failed.cause.map_or(Cause::Other, |cause| *cause)))
        }
    }
}

fn alias_of(object: Map<String, Value>) -> Result<Alias, FieldError> {
    let record: Record =
        serde_path_to_error::deserialize(Value::Object(object)).map_err(|error| {
            let path = error.path().to_string();
            input::fault(&path, &error.into_inner().to_string()).because(Cause::Other)
        })?;
    let lookalike = |alias: &Alias| alias.address().lookalike().map(RecordError::from);
    let alias = record.into_alias();
    let alias = alias.and_then(|alias| lookalike(&alias).map_or(Ok(alias), Err));
    // The texts name what to type at a command line.
    alias.map_err(|error| {
        let said = FieldError::new("", without_command(&error.to_string()), "");
        said.because(Cause::from(&error))
    })
}

/// A text without the part that says which command to give.
fn without_command(text: &str) -> &str {
    text.split("; onward ").next().unwrap_or(text)
}

fn accepted(name: &str) -> Option<&'static str> {
    let mut all = FIELDS.iter().chain([&ANSWERED]);
    all.find(|(field, _)| *field == name).map(|(_, accepted)| *accepted)
}

fn unknown(name: &str) -> FieldError {
    let all: Vec<_> = FIELDS.iter().chain([&ANSWERED]).map(|(field, _)| *field).collect();
    FieldError::new(name, "there is no such field", &all.join(", "))
}

impl Alias {
    /// True where its time is over.
    fn is_past(&self) -> bool {
        self.rules().expires.is_some_and(|end| end <= clock::now())
    }
}

/// The tag of an alias, of which what became of its mail is no part.
pub(super) fn tag_of(alias: &Alias) -> String {
    etag::tag(&serde_json::to_vec(&Record::from(alias)).unwrap_or_default())
}

/// An alias, and what became of its mail.
#[derive(Debug)]
pub(super) struct Shown {
    record: Value,
    tag: String,
}

/// What an answer has of an alias.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(super) struct AliasObject<'a>(&'a Value);

impl<'a> From<&'a Shown> for AliasObject<'a> {
    fn from(shown: &'a Shown) -> Self {
        Self(&shown.record)
    }
}

impl Shown {
    /// The alias as it is shown, with what came of its mail so far.
    pub(super) async fn of(site: &Site, alias: &Alias) -> Result<Self, Problem> {
        let counters = aliases::counters(&site.store, alias.address()).await?;
        Self::new(alias, &counters)
    }

    /// The same, of what is known already.
    pub(super) fn new(alias: &Alias, counters: &Counters) -> Result<Self, Problem> {
        let counted = serde_json::to_vec(counters).unwrap_or_default();
        let listed = Listed { record: Record::from(alias), counters };
        let record = serde_json::to_value(listed).map_err(|_| Problem::failed())?;
        Ok(Self { record, tag: etag::with_part(&tag_of(alias), &counted) })
    }

    /// The same with what its owner is to be warned of.
    pub(super) fn with_warnings(mut self, warnings: &[Nowhere]) -> Self {
        if let Value::Object(object) = &mut self.record
            && !warnings.is_empty()
        {
            let texts = warnings.iter().map(|one| Value::String(one.to_string()));
            object.insert("warnings".into(), texts.collect());
        }
        self
    }

    /// The same without where it leads.
    pub(super) fn without_destinations(mut self) -> Self {
        if let Value::Object(object) = &mut self.record {
            object.remove("destinations");
        }
        self
    }

    pub(super) fn tag(&self) -> String {
        self.tag.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    fn faults(problem: &Problem) -> Vec<&str> {
        problem.errors.iter().map(|error| error.field.as_str()).collect()
    }

    #[test]
    fn every_field_that_is_wrong_is_named() {
        let wrong = described(object(json!({
            "address": "hello", "destinations": ["me@x.test", "you"], "enabled": "yes", "spam": "eat",
            "allow": ["@y.test", "*"], "limit": "often", "max_messages": 0, "note": "a\nb",
            "expires": "2026-12-31", "digest": "hourly", "keep_tag": 1, "block": "x", "text": "no"
        })))
        .unwrap_err();
        let mut named = faults(&wrong);
        named.sort_unstable();
        let all = [
            "address",
            "allow",
            "block",
            "destinations",
            "digest",
            "enabled",
            "expires",
            "keep_tag",
            "limit",
            "max_messages",
            "note",
            "spam",
            "text",
        ];
        assert_eq!(named, all, "{wrong:?}");
        assert!(wrong.errors.iter().all(|error| error.accepted.is_some()), "{wrong:?}");
        for (said, field) in [
            (json!({"destinations": ["me@x.test"]}), "address"),
            (json!({"address": "a@x.test"}), "destinations"),
            (json!({"address": "a@x.test", "destinations": []}), "destinations"),
            (json!({"address": "a*@x.test", "destinations": ["b@x.test"]}), "address"),
            (
                json!({"address": "a@x.test", "destinations": ["b@x.test"], "to": 1, "counters": {}}),
                "counters",
            ),
            (
                json!({"address": "a@x.test", "destinations": ["b@x.test"], "expires": "2020-01-01T00:00:00Z"}),
                "expires",
            ),
            (json!({"address": "a@x.test", "destinations": ["b@x.test"], "kind": "regex"}), "kind"),
            (json!({"address": "a@x.test", "destinations": ["$1@y.test"]}), "destinations"),
            (json!({"address": "a\u{202e}b@x.test", "destinations": ["b@x.test"]}), "address"),
        ] {
            let problem = described(object(said.clone())).unwrap_err();
            assert!(faults(&problem).contains(&field), "{said}: {problem:?}");
        }
    }

    #[test]
    fn a_patch_changes_what_it_names() {
        let alias = described(object(json!({
            "address": "a@x.test", "destinations": ["b@x.test"], "note": "old", "allow": ["@y.test"], "spam": null
        })))
        .unwrap();
        let patch = |value: Value| patched(&alias, object(value));
        let changed = patch(json!({"note": null, "spam": "mark", "enabled": false})).unwrap();
        assert_eq!(changed.rules().note, None);
        assert!(!changed.enabled() && changed.rules().allow.len() == 1);
        assert_ne!(tag_of(&changed), tag_of(&alias));
        assert_eq!(patch(json!({})).unwrap(), alias);
        assert_eq!(patch(json!({"address": "a@x.test", "kind": "exact"})).unwrap(), alias);
        let rejects = patch(json!({"action": "reject", "text": "gone"})).unwrap();
        assert!(rejects.destinations().is_empty());
        let back = patched(&rejects, object(json!({"destinations": ["c@x.test"]}))).unwrap();
        assert_eq!(back.destinations().len(), 1);
        for (said, field) in [
            (json!({"nmae": null}), "nmae"),
            (json!({"enabled": null}), "enabled"),
            (json!({"destinations": null}), "destinations"),
            (json!({"address": "b@x.test"}), "address"),
            (json!({"counters": null}), "counters"),
            (json!({"note": 7}), "note"),
            (json!({"destinations": ["b@y.test", "${1}@y.test"]}), "destinations"),
        ] {
            let problem = patch(said.clone()).unwrap_err();
            assert_eq!(faults(&problem), [field], "{said}: {problem:?}");
        }
    }
}
