use crate::{
    alias::{
        Action, Alias, AliasAddress, AliasError, Digest, Rules, SenderPattern, SpamAction,
        parse_expires, parse_limit,
    },
    rate::print_rate,
};
use serde::{Deserialize, Serialize, de::IgnoredAny};
use utoipa::{
    ToSchema,
    openapi::schema::{Object, ObjectBuilder, Type},
};

/// The reply text of an alias that rejects without one of its own.
pub const DEFAULT_REJECT: &str = "This address does not accept mail";
/// The reply text of an alias that defers without one of its own.
pub const DEFAULT_DEFER: &str = "This address does not accept mail now, try again later";

/// An alias as a JSON object, which `export` writes and `apply` reads.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AliasRecord)]
pub struct Record {
    /// Which recipients it answers: `hello@example.org`, `*@example.org` for what nothing else answers, or `/^regex$/`.
    #[schema(example = "hello@example.org")]
    address: String,
    /// Follows from the address; may be left out, and is checked where it is not.
    #[serde(default)]
    #[schema(schema_with = kinds)]
    kind: Option<String>,
    /// Where its mail goes; of a regex with `$1` for what it matched.
    #[serde(default)]
    #[schema(max_items = 100, example = json!(["me@mailbox.example"]))]
    destinations: Vec<String>,
    /// Whether it answers; it does where nothing is said.
    #[serde(default = "enabled")]
    enabled: bool,
    /// What it does. Only of an alias that does not forward, which has no destinations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    action: Option<Verb>,
    /// What the reply says. Only of one that rejects or defers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200)]
    text: Option<String>,
    /// Whether mailboxes see the `+tag` of its recipients. Only of one that has a word of its own on that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    keep_tag: Option<bool>,
    /// What becomes of spam. Only of one that has a word of its own on that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<SpamAction>)]
    spam: Option<String>,
    /// Whose mail is not blocked: `news@shop.example`, `@shop.example`, `*.shop.example`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 100)]
    allow: Vec<String>,
    /// Whose mail is refused: the same, or `*` for everybody.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 100)]
    block: Vec<String>,
    /// How many messages it takes in which time. Only of one that has a limit of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "30/1h")]
    limit: Option<String>,
    /// After how many messages it refuses its mail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 1000000000)]
    max_messages: Option<u64>,
    /// From when on it refuses its mail: a time with its zone (RFC 3339).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    expires: Option<String>,
    /// Whether its mailboxes answer by writing to an address that names the other.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    reply_by_address: bool,
    /// How often its owner hears what came. Only of one that has a word of its own on that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Digest>)]
    digest: Option<String>,
    /// What it is for: one line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 500)]
    note: Option<String>,
    /// What listings say of its use, which is nothing of the alias itself.
    #[serde(default, rename = "counters", skip_serializing)]
    #[schema(ignore)]
    _counters: Option<IgnoredAny>,
}

/// What an alias does.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = Action)]
enum Verb {
    /// Its mail goes to its destinations.
    Forward,
    /// Its mail is refused with its text.
    Reject,
    /// Whoever brings its mail is to try again later.
    Defer,
    /// Its mail is taken and thrown away.
    Discard,
}

fn kinds() -> Object {
    let words = ObjectBuilder::new().schema_type(Type::String);
    words.enum_values(Some(AliasAddress::KINDS)).build()
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
