//! The form of an alias: what its fields hold, and what that says of the alias, as the API is told it.

use super::super::form::Fields;
use crate::{
    alias::{Action, Alias, Digest, SenderPattern, SpamAction},
    rate::print_rate,
};
use serde_json::{Map, Value, json};

/// What stands in the fields, as it was typed or as an alias has it. The names are the API's; the address stands apart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Form {
    /// What stands before the @; a whole address; `*` for a catch-all; or a regex between slashes.
    pub(super) name: String,
    /// What stands behind it.
    pub(super) domain: String,
    pub(super) action: String,
    /// One a line.
    pub(super) destinations: String,
    pub(super) text: String,
    pub(super) enabled: bool,
    pub(super) note: String,
    /// In UTC, as a field of a date and a time has it.
    pub(super) expires: String,
    pub(super) max_messages: String,
    /// One a line.
    pub(super) allow: String,
    /// One a line.
    pub(super) block: String,
    pub(super) limit: String,
    pub(super) spam: String,
    pub(super) keep_tag: String,
    pub(super) digest: String,
    pub(super) reply_by_address: bool,
}

impl Form {
    /// What was typed.
    pub(super) fn typed(fields: &Fields) -> Self {
        let text = |name: &str| fields.one(name).to_owned();
        Self {
            name: text("name"),
            domain: text("domain"),
            action: text("action"),
            destinations: text("destinations"),
            text: text("text"),
            enabled: fields.has("enabled"),
            note: text("note"),
            expires: text("expires"),
            max_messages: text("max_messages"),
            allow: text("allow"),
            block: text("block"),
            limit: text("limit"),
            spam: text("spam"),
            keep_tag: text("keep_tag"),
            digest: text("digest"),
            reply_by_address: fields.has("reply_by_address"),
        }
    }

    /// The fields as an alias has them.
    pub(super) fn of(alias: &Alias) -> Self {
        let (action, text) = match alias.action() {
            Action::Forward(_) => ("forward", ""),
            Action::Reject(text) => ("reject", text.as_str()),
            Action::Defer(text) => ("defer", text.as_str()),
            Action::Discard => ("discard", ""),
        };
        let rules = alias.rules();
        let senders = |all: &[SenderPattern]| lines(all.iter().map(ToString::to_string));
        Self {
            name: alias.address().to_string(),
            domain: String::new(),
            action: action.to_owned(),
            destinations: lines(alias.destinations().iter().map(ToString::to_string)),
            text: text.to_owned(),
            enabled: alias.enabled(),
            note: rules.note.clone().unwrap_or_default(),
            expires: rules.expires.map(|end| end.to_string().replace('Z', "")).unwrap_or_default(),
            max_messages: rules.max_messages.map(|most| most.to_string()).unwrap_or_default(),
            allow: senders(&rules.allow),
            block: senders(&rules.block),
            limit: rules.limit.map(print_rate).unwrap_or_default(),
            spam: rules.spam.map(SpamAction::as_str).unwrap_or_default().to_owned(),
            keep_tag: alias.keep_tag().map(|keep| keep.to_string()).unwrap_or_default(),
            digest: rules.digest.map(Digest::as_str).unwrap_or_default().to_owned(),
            reply_by_address: rules.reply_by_address,
        }
    }

    /// The same without what most aliases say nothing of.
    pub(super) fn plain(&self) -> Self {
        Self {
            name: self.name.clone(),
            domain: self.domain.clone(),
            action: self.action.clone(),
            destinations: self.destinations.clone(),
            text: self.text.clone(),
            enabled: self.enabled,
            note: self.note.clone(),
            expires: self.expires.clone(),
            ..Self::default()
        }
    }

    /// The address that is meant.
    pub(super) fn address(&self) -> String {
        let (name, domain) = (self.name.trim(), self.domain.trim());
        match name.starts_with('/') || name.contains('@') || domain.is_empty() {
            true => name.to_owned(),
            false => format!("{name}@{domain}"),
        }
    }

    /// The object of a new alias.
    pub(super) fn new_alias(&self) -> Map<String, Value> {
        let mut object = self.object();
        object.retain(|_, value| !value.is_null());
        object.insert("address".into(), self.address().into());
        object
    }

    /// The patch that makes of an alias that has the fields of `shown` one that has these. What is as it was is not said,
    /// and so stays, whatever may be said anew.
    pub(super) fn patch(&self, shown: &Self) -> Map<String, Value> {
        let before = shown.object();
        let mut patch = self.object();
        patch.retain(|name, value| before.get(name) != Some(value));
        // A text that nobody is sent any more goes; where it leads goes with the word for that.
        if patch.contains_key("action") && !self.is_replying() {
            patch.insert("text".into(), Value::Null);
        }
        if patch.contains_key("action") && self.is_forwarding() {
            patch.insert("destinations".into(), entries(&self.destinations));
        }
        patch
    }

    fn is_replying(&self) -> bool {
        matches!(self.action.trim(), "reject" | "defer")
    }

    fn is_forwarding(&self) -> bool {
        matches!(self.action.trim(), "" | "forward")
    }

    /// All that is said; `null` for what is empty. What does not go with the action is not said.
    fn object(&self) -> Map<String, Value> {
        let text = |text: &str| match text.trim() {
            "" => Value::Null,
            text => text.into(),
        };
        let mut object = Map::new();
        let mut put = |name: &str, value: Value| drop(object.insert(name.to_owned(), value));
        if self.is_forwarding() {
            put("destinations", entries(&self.destinations));
        }
        put("action", text(&self.action).as_str().unwrap_or("forward").into());
        if self.is_replying() {
            put("text", text(&self.text));
        }
        put("enabled", self.enabled.into());
        put("note", text(&self.note));
        put("expires", text(&zoned(self.expires.trim())));
        // What is no number is told by whoever checks it.
        let most = text(&self.max_messages);
        let number = most.as_str().and_then(|digits| digits.parse::<u64>().ok());
        put("max_messages", number.map_or(most, Value::from));
        put("allow", list(&self.allow));
        put("block", list(&self.block));
        put("limit", text(&self.limit));
        put("spam", text(&self.spam));
        put(
            "keep_tag",
            match self.keep_tag.trim() {
                "true" => true.into(),
                "false" => false.into(),
                other => text(other),
            },
        );
        put("digest", text(&self.digest));
        put("reply_by_address", self.reply_by_address.into());
        object
    }
}

fn lines(all: impl Iterator<Item = String>) -> String {
    all.collect::<Vec<_>>().join("\n")
}

/// What stands on the lines, or between commas, each alone.
fn entries(text: &str) -> Value {
    let entries = text.split(['\n', '\r', ',']).map(str::trim).filter(|entry| !entry.is_empty());
    json!(entries.collect::<Vec<_>>())
}

/// The same, where none is the same as nothing said.
fn list(text: &str) -> Value {
    match entries(text) {
        Value::Array(entries) if entries.is_empty() => Value::Null,
        entries => entries,
    }
}

/// A time of a field of dates and times, which has no zone and is in UTC.
fn zoned(text: &str) -> String {
    let minutes = "2026-12-31T12:00".len();
    let is_local = text.len() >= minutes
        && text.as_bytes().get(10) == Some(&b'T')
        && text
            .bytes()
            .all(|octet| octet.is_ascii_digit() || matches!(octet, b'-' | b':' | b'T' | b'.'));
    match is_local {
        true if text.len() == minutes => format!("{text}:00Z"),
        true => format!("{text}Z"),
        false => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        alias::AliasAddress,
        web::alias_record::{checked, patched},
    };

    fn typed(pairs: &[(&str, &str)]) -> Form {
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        Form::typed(&Fields::parse(query.as_bytes()))
    }

    #[test]
    fn addresses() {
        for (name, domain, address) in [
            ("shop", "x.test", "shop@x.test"),
            (" shop ", " x.test ", "shop@x.test"),
            ("*", "x.test", "*@x.test"),
            ("shop@y.test", "x.test", "shop@y.test"),
            (r"/^a(.*)@x\.test$/", "x.test", r"/^a(.*)@x\.test$/"),
            ("shop", "", "shop"),
        ] {
            assert_eq!(typed(&[("name", name), ("domain", domain)]).address(), address);
        }
    }

    #[tokio::test]
    async fn all_that_an_alias_can_have_goes_through_the_form_and_back() {
        let form = typed(&[
            ("name", "shop"),
            ("domain", "x.test"),
            ("action", "forward"),
            ("destinations", "me@y.test\r\nyou@y.test, we@y.test\r\n"),
            ("enabled", "on"),
            ("note", " For \"<the shop>\" "),
            ("expires", "2999-12-31T12:00"),
            ("max_messages", "7"),
            ("allow", "@friend.test\r\n\r\n*.friend.test"),
            ("block", "*"),
            ("limit", "30/1h"),
            ("spam", "mark"),
            ("keep_tag", "false"),
            ("digest", "weekly"),
            ("reply_by_address", "on"),
        ]);
        let alias = checked(form.new_alias()).await.unwrap();
        let shown = Form::of(&alias);
        assert_eq!(shown.destinations, "me@y.test\nyou@y.test\nwe@y.test");
        assert_eq!(shown.expires, "2999-12-31T12:00:00");
        assert_eq!(
            (shown.allow.as_str(), shown.block.as_str()),
            ("@friend.test\n*.friend.test", "*")
        );
        assert_eq!(shown.note, "For \"<the shop>\"");
        // What is shown says nothing new.
        assert_eq!(shown.patch(&shown), Map::new());
        // What is emptied goes.
        let empty = Form {
            name: shown.name.clone(),
            action: "forward".into(),
            destinations: "me@y.test".into(),
            ..Form::default()
        };
        let bare = patched(&alias, empty.patch(&shown)).unwrap();
        let expected = Alias::forward(AliasAddress::parse("shop@x.test").unwrap(), ["me@y.test"]);
        assert_eq!(bare, expected.unwrap().with_enabled(false));
        assert_eq!(Form::of(&bare), Form { name: "shop@x.test".into(), ..empty });
    }

    #[tokio::test]
    async fn an_alias_changes_from_forwarding_to_refusing_and_back() {
        let form = typed(&[("name", "a@x.test"), ("destinations", "b@y.test"), ("enabled", "on")]);
        let forwards = checked(form.new_alias()).await.unwrap();
        let shown = Form::of(&forwards);
        let reject = Form { action: "reject".into(), text: "Gone".into(), ..shown.clone() };
        let rejects = patched(&forwards, reject.patch(&shown)).unwrap();
        assert_eq!(rejects.action(), &Action::Reject("Gone".into()));
        let shown = Form::of(&rejects);
        let back =
            Form { action: "forward".into(), destinations: "c@y.test".into(), ..shown.clone() };
        let back = patched(&rejects, back.patch(&shown)).unwrap();
        assert_eq!(back.destinations().len(), 1);
        let discard = Form { action: "discard".into(), ..shown.clone() };
        let discards = patched(&rejects, discard.patch(&shown)).unwrap();
        assert_eq!(discards.action(), &Action::Discard);
        // Back without anywhere to go.
        let nowhere = Form { action: "forward".into(), ..shown.clone() };
        let refused = patched(&rejects, nowhere.patch(&shown)).unwrap_err();
        assert_eq!(refused.errors[0].field, "destinations");
    }

    #[tokio::test]
    async fn what_is_wrong_is_said_of_its_field() {
        let form = typed(&[
            ("name", "a b"),
            ("domain", "x.test"),
            ("destinations", "me@y.test\nyou"),
            ("expires", "tomorrow"),
            ("max_messages", "some"),
            ("keep_tag", "perhaps"),
            ("limit", "often"),
            ("spam", "eat"),
        ]);
        let problem = checked(form.new_alias()).await.unwrap_err();
        let mut fields: Vec<_> = problem.errors.iter().map(|error| &*error.field).collect();
        fields.sort_unstable();
        let all =
            ["address", "destinations", "expires", "keep_tag", "limit", "max_messages", "spam"];
        assert_eq!(fields, all, "{problem:?}");
        // An end that is over, and stays as it is, is no mistake of whoever changes the note.
        let over = Form { expires: "2020-01-01T00:00:00".into(), ..Form::default() };
        let noted = Form { note: "x".into(), ..over.clone() };
        assert_eq!(noted.patch(&over).keys().collect::<Vec<_>>(), ["note"]);
    }

    #[test]
    fn times_without_a_zone_are_utc() {
        for (typed, said) in [
            ("2026-12-31T12:00", "2026-12-31T12:00:00Z"),
            ("2026-12-31T12:00:05", "2026-12-31T12:00:05Z"),
            ("2026-12-31T12:00:05Z", "2026-12-31T12:00:05Z"),
            ("2026-12-31T12:00:05+01:00", "2026-12-31T12:00:05+01:00"),
            ("soon", "soon"),
            ("", ""),
        ] {
            assert_eq!(zoned(typed), said);
        }
    }
}
