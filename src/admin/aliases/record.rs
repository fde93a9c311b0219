use crate::{
    alias::{
        Action, Alias, AliasAddress, AliasError, Digest, Rules, SenderPattern, SpamAction,
        parse_expires, parse_limit,
    },
    rate::print_rate,
};
use serde::{Deserialize, Serialize, de::IgnoredAny};

/// The reply text of an alias that rejects without one of its own.
pub const DEFAULT_REJECT: &str = "This address does not accept mail";
/// The reply text of an alias that defers without one of its own.
pub const DEFAULT_DEFER: &str = "This address does not accept mail now, try again later";

/// An alias as a JSON object, which `export` writes and `apply` reads.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    address: String,
    /// Follows from the address; may be left out, and is checked where it is not.
    #[serde(default)]
    kind: Option<String>,
    #[serde(default)]
    destinations: Vec<String>,
    #[serde(default = "enabled")]
    enabled: bool,
    /// Only of an alias that does not forward.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    action: Option<Verb>,
    /// Only of one that rejects or defers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    /// Only of one that has a word of its own on tags.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    keep_tag: Option<bool>,
    /// Only of one that has a word of its own on spam.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    spam: Option<String>,
    /// Only of one that allows senders.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    allow: Vec<String>,
    /// Only of one that blocks senders.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    block: Vec<String>,
    /// Only of one that has a limit of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    limit: Option<String>,
    /// Only of one that takes so many messages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    max_messages: Option<u64>,
    /// Only of one that ends; RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires: Option<String>,
    /// Only of one that is answered by address.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    reply_by_address: bool,
    /// Only of one that has a word of its own on digests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    digest: Option<String>,
    /// Only of one that has a note.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    /// What listings say of its use, which is nothing of the alias itself.
    #[serde(default, rename = "counters", skip_serializing)]
    _counters: Option<IgnoredAny>,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Verb {
    Forward,
    Reject,
    Defer,
    Discard,
}

fn enabled() -> bool {
    true
}

impl From<&Alias> for Record {
    fn from(alias: &Alias) -> Self {
        let (action, text) = match alias.action() {
            Action::Forward(_) => (None, None),
            Action::Reject(text) => (Some(Verb::Reject), Some(text.clone())),
            Action::Defer(text) => (Some(Verb::Defer), Some(text.clone())),
            Action::Discard => (Some(Verb::Discard), None),
        };
        Self {
            address: alias.address().to_string(),
            kind: Some(alias.address().kind().to_owned()),
            destinations: alias.destinations().iter().map(ToString::to_string).collect(),
            enabled: alias.enabled(),
            action,
            text,
            keep_tag: alias.keep_tag(),
            spam: alias.rules().spam.map(SpamAction::as_str).map(str::to_owned),
            allow: alias.rules().allow.iter().map(ToString::to_string).collect(),
            block: alias.rules().block.iter().map(ToString::to_string).collect(),
            limit: alias.rules().limit.map(print_rate),
            max_messages: alias.rules().max_messages,
            expires: alias.rules().expires.map(|time| time.to_string()),
            reply_by_address: alias.rules().reply_by_address,
            digest: alias.rules().digest.map(Digest::as_str).map(str::to_owned),
            note: alias.rules().note.clone(),
            _counters: None,
        }
    }
}

impl Record {
    /// Reads a record of one line of JSON.
    ///
    /// # Errors
    /// Which field is wrong, and what is accepted there.
    pub(super) fn read(line: &str) -> Result<Self, String> {
        let mut reader = serde_json::Deserializer::from_str(line);
        let record = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
            let path = error.path().to_string();
            let error = error.into_inner();
            // What serde says of a field that is not known, or is missing, names it.
            let is_named = error.to_string().contains(" field `") || matches!(&*path, "." | "?");
            (if is_named { String::new() } else { format!("{path}: ") }, error)
        });
        let record = record.and_then(|record| match reader.end() {
            Ok(()) => Ok(record),
            Err(error) => Err((String::new(), error)),
        });
        record.map_err(|(field, error)| {
            // The JSON reader's own "at line 1 column n" counts lines within this one.
            let text = error.to_string();
            format!("{field}{}", text.split(" at line ").next().unwrap_or(&text))
        })
    }

    /// The alias that the record describes.
    ///
    /// # Errors
    /// When it describes none.
    pub fn into_alias(self) -> Result<Alias, RecordError> {
        let address = AliasAddress::parse(&self.address)?;
        if self.kind.is_some_and(|kind| kind != address.kind()) {
            return Err(RecordError::Kind(address.kind()));
        }
        let action = self.action.unwrap_or(Verb::Forward);
        if !matches!(action, Verb::Forward) && !self.destinations.is_empty() {
            return Err(RecordError::Destinations);
        }
        let alias = match (action, self.text) {
            (Verb::Reject, text) => {
                Alias::reject(address, text.as_deref().unwrap_or(DEFAULT_REJECT))
            }
            (Verb::Defer, text) => Alias::defer(address, text.as_deref().unwrap_or(DEFAULT_DEFER)),
            (_, Some(_)) => return Err(RecordError::Text),
            (Verb::Discard, None) => Alias::discard(address),
            (Verb::Forward, None) => Alias::forward(address, self.destinations),
        };
        let senders = |texts: &[String]| {
            texts.iter().map(|text| SenderPattern::parse(text)).collect::<Result<Vec<_>, _>>()
        };
        let rules = Rules {
            note: self.note,
            expires: self.expires.as_deref().map(parse_expires).transpose()?,
            max_messages: self.max_messages,
            allow: senders(&self.allow)?,
            block: senders(&self.block)?,
            limit: self.limit.as_deref().map(parse_limit).transpose()?,
            spam: self.spam.map(|word| word.parse()).transpose()?,
            reply_by_address: self.reply_by_address,
            digest: self.digest.map(|word| word.parse()).transpose()?,
        };
        Ok(alias?.with_enabled(self.enabled).with_keep_tag(self.keep_tag)?.with_rules(rules)?)
    }
}

/// Why an object is no alias.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// Its address, destinations or text are none.
    #[error(transparent)]
    Alias(#[from] AliasError),
    /// It says another kind than its address has.
    #[error("an address of this form is of the kind {0:?}")]
    Kind(&'static str),
    /// It has destinations and does not forward.
    #[error("only an alias that forwards has destinations")]
    Destinations,
    /// It has a text and sends no reply.
    #[error("only an alias that rejects or defers has a text")]
    Text,
}
