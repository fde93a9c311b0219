//! Whether the spam filter of a configuration answers.

use super::Error;
use crate::{
    address::{ForwardPath, ReversePath},
    alias::SpamAction,
    config::{Config, OnFailure, print_duration},
    dns::Resolver,
    keys::read_password,
    mail::spam_filter,
    rspamd::Request,
    spam_filter::{FilterError, SpamFilter},
};
use bytes::Bytes;
use serde::Serialize;
use std::{sync::Arc, time::Duration};

/// How long a filter may take to say that it is there.
const PATIENCE: Duration = Duration::from_secs(5);

/// What rspamd is asked about to see that it answers us. It is nobody's mail.
const MESSAGE: &[u8] =
    b"From: Onward <postmaster@localhost>\r\nSubject: Does the spam filter answer?\r\n\
    Message-ID: <onward-doctor@localhost>\r\n\r\nOnward asks whether this filter answers.\r\n";

/// A spam filter, and whether it answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FilterStatus {
    /// Where it is.
    pub address: String,
    /// Why it does not answer.
    pub problem: Option<String>,
}

/// Whether the filter of `config` is there; `None` where there is none.
///
/// # Errors
/// When it cannot be asked at all.
pub async fn ping(config: &Config) -> Result<Option<FilterStatus>, Error> {
    let Some(filter) = open(config)? else { return Ok(None) };
    Ok(Some(status(&filter, filter.ping().await)))
}

/// Whether the filter of `config` answers about a message, with the password that we have for it.
///
/// # Errors
/// When it cannot be asked at all.
pub(super) async fn probe(config: &Config) -> Result<Option<FilterStatus>, Error> {
    let Some(filter) = open(config)? else { return Ok(None) };
    let password = match config.filter.password_file.as_deref().map(read_password).transpose() {
        Ok(password) => password,
        Err(problem) => {
            let address = filter.place().to_string();
            return Ok(Some(FilterStatus { address, problem: Some(problem) }));
        }
    };
    let fields = Request {
        ip: None,
        helo: config.hostname.as_str(),
        hostname: None,
        from: &ReversePath::Null,
        to: vec![&ForwardPath::Postmaster],
        queue_id: "onward-doctor",
        user: None,
        mta: config.hostname.as_str(),
        tls: None,
        password: password.as_ref().map(|password| password.as_str()),
    }
    .fields();
    let asked = filter.ask(&fields, Bytes::from_static(MESSAGE), None, true).await;
    Ok(Some(status(&filter, asked.map(drop))))
}

/// What the configuration of the filter means, in words; its password is read.
///
/// # Errors
/// When the password cannot be read.
pub(super) fn meaning(config: &Config) -> Result<Option<String>, Error> {
    let Some(place) = &config.filter.rspamd else { return Ok(None) };
    let file = config.filter.password_file.as_deref();
    file.map(read_password).transpose().map_err(Error::refused)?;
    let spam = match config.filter.spam {
        SpamAction::Refuse => "refused",
        SpamAction::Mark => "marked",
    };
    let otherwise = match config.filter.fail {
        OnFailure::Accept => "goes on",
        OnFailure::Defer => "is put off",
    };
    let timeout = print_duration(config.filter.timeout);
    Ok(Some(format!(
        "rspamd at {place}; spam is {spam}; without an answer within {timeout} mail {otherwise}"
    )))
}

fn open(config: &Config) -> Result<Option<Arc<SpamFilter>>, Error> {
    let mut config = config.clone();
    config.filter.timeout = config.filter.timeout.min(PATIENCE);
    let resolver = Resolver::new(&config.dns.servers).map_err(Error::refused)?;
    spam_filter(&config, &resolver).map_err(Error::refused)
}

fn status(filter: &SpamFilter, asked: Result<(), FilterError>) -> FilterStatus {
    let address = filter.place().to_string();
    FilterStatus { address, problem: asked.err().map(|error| error.to_string()) }
}
