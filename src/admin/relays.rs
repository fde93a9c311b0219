//! Whether smart hosts let us in.

use super::Error;
use crate::{config::Config, mail::outbound_of, outbound::Governor, provider::Providers};
use serde::Serialize;
use std::time::Duration;
use tokio::time::Instant;

/// How long a smart host may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A route with a login, and whether that works.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RelayStatus {
    /// For which destination domains it is.
    pub domain: String,
    /// Where it is.
    pub relay: String,
    /// Who was spoken to, and how that was encrypted.
    pub answered: Option<String>,
    /// Why we are not let in.
    pub problem: Option<String>,
}

/// Logs in at each smart host of `config`, and sends nothing: once where several routes lead there.
///
/// # Errors
/// When nobody can be asked at all.
pub async fn try_logins(config: &Config) -> Result<Vec<RelayStatus>, Error> {
    let mut tried = Vec::new();
    let mut statuses = Vec::new();
    let governor = Governor::new(Providers::default());
    let outbound = outbound_of(config, None, governor, None).map_err(Error::refused)?;
    for route in config.routes.iter().filter(|route| route.to.login().is_some()) {
        if tried.contains(&&route.to) {
            continue;
        }
        tried.push(&route.to);
        let deadline = Instant::now() + PATIENCE;
        let (answered, problem) = match outbound.try_login(&route.to, deadline).await {
            Ok(answered) => (Some(answered), None),
            Err(problem) => (None, Some(problem)),
        };
        let (domain, relay) = (route.pattern.to_string(), route.to.to_string());
        statuses.push(RelayStatus { domain, relay, answered, problem });
    }
    Ok(statuses)
}
