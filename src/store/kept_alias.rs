//! An alias as the columns of a row.

use super::number::{column, number};
use crate::{
    alias::{Action, Alias, AliasAddress, Digest, Rules, SenderPattern, SpamAction, parse_limit},
    rate::print_rate,
    time::UnixTime,
};
use std::fmt::Display;

/// The columns that make an alias, in the order of the fields of [`KeptAlias`].
pub(super) const COLUMNS: &str = "address, action, destinations, text, enabled, keep_tag, spam, allow, reply_by_address, note, expires, max_messages, \
     block, message_rate, digest";

/// What is read of a row.
#[derive(Debug)]
pub(super) struct KeptAlias<'a> {
    pub(super) address: &'a str,
    pub(super) action: &'a str,
    pub(super) destinations: &'a str,
    pub(super) text: &'a str,
    pub(super) enabled: bool,
    pub(super) keep_tag: Option<bool>,
    pub(super) spam: Option<&'a str>,
    pub(super) allow: &'a str,
    pub(super) reply_by_address: bool,
    pub(super) note: Option<&'a str>,
    pub(super) expires: Option<i64>,
    pub(super) max_messages: Option<i64>,
    pub(super) block: &'a str,
    pub(super) message_rate: Option<&'a str>,
    pub(super) digest: Option<&'a str>,
}

/// What is written of an alias, beside its key and its turn.
#[derive(Debug)]
pub(super) struct AliasColumns {
    pub(super) address: String,
    pub(super) action: &'static str,
    pub(super) destinations: String,
    pub(super) text: String,
    pub(super) enabled: bool,
    pub(super) keep_tag: Option<bool>,
    pub(super) spam: Option<&'static str>,
    pub(super) allow: String,
    pub(super) reply_by_address: bool,
    pub(super) note: Option<String>,
    pub(super) expires: Option<i64>,
    pub(super) max_messages: Option<i64>,
    pub(super) block: String,
    pub(super) message_rate: Option<String>,
    pub(super) digest: Option<&'static str>,
}

impl KeptAlias<'_> {
    /// The alias, or what is wrong with the row.
    pub(super) fn alias(&self) -> Result<Alias, String> {
        let address = AliasAddress::parse(self.address).map_err(told)?;
        let alias = match self.action {
            // Rows of an older version may hold what no alias is made with any more.
            "reject" => Alias::kept(address, Action::Reject(self.text.to_owned())),
            "defer" => Alias::kept(address, Action::Defer(self.text.to_owned())),
            "discard" => Alias::kept(address, Action::Discard),
            "forward" => {
                let to = self.destinations.split('\n');
                let action = Action::forward(&address, to).map_err(told)?;
                Alias::kept(address, action)
            }
            other => return Err(format!("alias {address} has the unknown action {other:?}")),
        };
        let alias = alias.with_enabled(self.enabled).with_keep_tag(self.keep_tag).map_err(told)?;
        alias.with_rules(self.rules()?).map_err(told)
    }

    fn rules(&self) -> Result<Rules, String> {
        Ok(Rules {
            note: self.note.map(str::to_owned),
            expires: self.expires.map(|time| UnixTime::new(number(time))),
            max_messages: self.max_messages.map(number),
            allow: senders(self.allow)?,
            block: senders(self.block)?,
            limit: self.message_rate.map(parse_limit).transpose().map_err(told)?,
            spam: self.spam.map(str::parse).transpose().map_err(told)?,
            reply_by_address: self.reply_by_address,
            digest: self.digest.map(str::parse).transpose().map_err(told)?,
        })
    }
}

impl AliasColumns {
    pub(super) fn of(alias: &Alias) -> Self {
        let (action, destinations, text) = match alias.action() {
            Action::Forward(destinations) => {
                let lines: Vec<String> = destinations.iter().map(ToString::to_string).collect();
                ("forward", lines.join("\n"), String::new())
            }
            Action::Reject(text) => ("reject", String::new(), text.clone()),
            Action::Defer(text) => ("defer", String::new(), text.clone()),
            Action::Discard => ("discard", String::new(), String::new()),
        };
        let rules = alias.rules();
        Self {
            address: alias.address().to_string(),
            action,
            destinations,
            text,
            enabled: alias.enabled(),
            keep_tag: alias.keep_tag(),
            spam: rules.spam.map(SpamAction::as_str),
            allow: lines(&rules.allow),
            reply_by_address: rules.reply_by_address,
            note: rules.note.clone(),
            expires: rules.expires.map(|time| column(time.as_secs())),
            max_messages: rules.max_messages.map(column),
            block: lines(&rules.block),
            message_rate: rules.limit.map(print_rate),
            digest: rules.digest.map(Digest::as_str),
        }
    }
}

fn lines(senders: &[SenderPattern]) -> String {
    senders.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

fn senders(lines: &str) -> Result<Vec<SenderPattern>, String> {
    lines.lines().map(SenderPattern::parse).collect::<Result<_, _>>().map_err(told)
}

fn told(error: impl Display) -> String {
    error.to_string()
}
