//! What the governor knows of providers, and its end where somebody knows better. What is asked for reaches a running
//! daemon within a second.

pub use super::known::Known;
pub use crate::provider::governor::{State, Told};

use super::{Error, running::Running};
use crate::{
    clock,
    config::Config,
    provider::{Limits, PROVIDERS},
    store::StateLock,
};
use std::{
    collections::BTreeMap,
    io, thread,
    time::{Duration, Instant},
};

/// For the daemon's answer.
const PATIENCE: Duration = Duration::from_secs(10);
const LOOK: Duration = Duration::from_millis(50);

/// Providers that something is under way to or known of, those first that get less than they take; and, where `all` are
/// wanted, those that are known of by the table or the configuration.
///
/// # Errors
/// When it cannot be found out whether a daemon runs.
pub fn list(config: &Config, all: bool) -> Result<Vec<Told>, Error> {
    let Known { mut told, .. } = Running::providers(&config.state_dir).unwrap_or_default();
    let now = clock::steady_millis();
    let is_served = !is_stopped(config)?;
    for one in &mut told {
        if !is_served {
            (one.in_use, one.asking) = (0, 0);
        }
        // What is over is not told anew where no daemon runs.
        if one.until.is_some_and(|until| until <= now) {
            (one.state, one.why, one.since, one.until) = (State::Usual, None, None, None);
            one.next_probe = None;
        }
    }
    if all {
        let own = config.providers.iter().map(|own| (own.name.as_str(), own.limits));
        let known = PROVIDERS.into_iter().map(|one| (one.name, one.limits()));
        let table: BTreeMap<&str, Limits> = known.chain(own).collect();
        for (name, limits) in table {
            if !told.iter().any(|one| one.provider == name) {
                told.push(Told::usual(name, &limits));
            }
        }
    }
    Ok(told)
}

/// The provider of this name; `None` where nobody knows it.
///
/// # Errors
/// As [`list`].
pub fn show(config: &Config, name: &str) -> Result<Option<Told>, Error> {
    Ok(list(config, true)?.into_iter().find(|one| one.provider == name))
}

/// Lets a provider get what it takes again. False where it does already.
///
/// # Errors
/// When nobody knows that provider, or the daemon does not answer.
pub fn resume(config: &Config, name: &str) -> Result<bool, Error> {
    let Some(told) = show(config, name)? else {
        let what = format_args!(
            "no provider {name}; `onward provider list --all` has those that are known"
        );
        return Err(Error::refused(what));
    };
    if told.state == State::Usual {
        return Ok(false);
    }
    let state_dir = &config.state_dir;
    if is_stopped(config)? {
        let mut known = Running::providers(state_dir).unwrap_or_default();
        known.told.retain(|one| one.provider != name);
        known.kept.forget(name);
        Running::keep_providers(state_dir, &known);
        return Ok(true);
    }
    Running::ask_to_resume(state_dir, name)
        .map_err(|error| Error::refused(format_args!("cannot tell the daemon: {error}")))?;
    let end = Instant::now() + PATIENCE;
    loop {
        match show(config, name)? {
            Some(now) if now.state != State::Usual && now.since == told.since => {}
            _ => return Ok(true),
        }
        if Instant::now() >= end {
            return Err(Error::refused("the daemon does not answer; its log may say why"));
        }
        thread::sleep(LOOK);
    }
}

fn is_stopped(config: &Config) -> Result<bool, Error> {
    match StateLock::keep_stopped(&config.state_dir) {
        Ok(stopped) => Ok(stopped.is_some()),
        // Before the first start.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(Error::closed(&config.state_dir, &error)),
    }
}
