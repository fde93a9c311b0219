use crate::alias::{Action, Alias, AliasAddress, AliasError};
use serde::{Deserialize, Serialize};
use std::io::{self, Write};

/// An alias as a JSON object. Its fields are a promise to scripts.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Record {
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
        }
    }
}

impl Record {
    /// Writes it as one line.
    pub(super) fn write(&self, out: &mut impl Write) -> io::Result<()> {
        serde_json::to_writer(&mut *out, self)?;
        writeln!(out)
    }

    /// The alias it says.
    pub(super) fn into_alias(self) -> Result<Alias, RecordError> {
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
                Alias::reject(address, text.as_deref().unwrap_or(super::DEFAULT_REJECT))
            }
            (Verb::Defer, text) => {
                Alias::defer(address, text.as_deref().unwrap_or(super::DEFAULT_DEFER))
            }
            (_, Some(_)) => return Err(RecordError::Text),
            (Verb::Discard, None) => Ok(Alias::discard(address)),
            (Verb::Forward, None) => Alias::forward(address, self.destinations),
        };
        Ok(alias?.with_enabled(self.enabled))
    }
}

/// Why an object is no alias.
#[derive(Debug, thiserror::Error)]
pub(super) enum RecordError {
    #[error(transparent)]
    Alias(#[from] AliasError),
    #[error("an address of this form is of the kind {0:?}")]
    Kind(&'static str),
    #[error("only an alias that forwards has destinations")]
    Destinations,
    #[error("only an alias that rejects or defers has a text")]
    Text,
}
