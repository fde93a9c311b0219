//! What owners are told of their aliases, looked at or sent at once.

use super::Error;
use crate::{
    address::Domain,
    clock,
    config::Config,
    mail::{
        Parts,
        digests::{self, OwnersLetter, Task},
    },
};
use serde::Serialize;

/// A letter that would be sent. Its fields in JSON are a promise to scripts.
#[derive(Debug, Clone, Serialize)]
pub struct PlannedLetter {
    /// The domain of the aliases.
    pub domain: String,
    /// `daily` or `weekly`.
    pub every: &'static str,
    /// It tells what came from then on,
    pub since: String,
    /// and before then.
    pub until: String,
    /// The alias that it is addressed to.
    pub to: String,
    /// Who gets it.
    pub mailboxes: Vec<String>,
    /// The aliases that it tells of.
    pub aliases: Vec<String>,
    /// What it says.
    pub text: String,
}

/// The letters that would be sent now of `domain`, or of all domains. Nothing is sent, and nothing changes.
///
/// # Errors
/// When the daemon could not start either, or the journal cannot be read.
pub async fn plan(config: Config, domain: Option<&Domain>) -> Result<Vec<PlannedLetter>, Error> {
    let parts = Parts::open_to_read(config).await.map_err(Error::refused)?;
    let planned = async {
        let tasks = digests::tasks_now(&parts, domain, clock::now(), false).await?;
        digests::plan(&parts, tasks).await
    };
    let planned = planned.await;
    parts.store.close().await;
    let planned = planned.map_err(Error::refused)?;
    let letters = planned.iter().flat_map(|(task, letters)| {
        letters.iter().map(|letter| planned_letter(&parts, task, letter))
    });
    Ok(letters.collect())
}

/// Sends them: a daemon that runs delivers them within a second, and the next start otherwise. Gives how many there are. What
/// came until now is in no later digest.
///
/// # Errors
/// As [`plan`], and when nothing can be spooled.
pub async fn send(config: Config, domain: Option<&Domain>) -> Result<usize, Error> {
    // As long as somebody might be told of what is spooled.
    let (parts, _inbox) = Parts::open(config).await.map_err(Error::refused)?;
    let sent = async {
        let tasks = digests::tasks_now(&parts, domain, clock::now(), true).await?;
        digests::tell(&parts, tasks, true).await
    };
    let sent = sent.await;
    parts.store.close().await;
    sent.map_err(Error::refused)
}

fn planned_letter(parts: &Parts, task: &Task, letter: &OwnersLetter) -> PlannedLetter {
    let Task { domain, every, period, .. } = task;
    PlannedLetter {
        domain: domain.to_key(),
        every: every.as_str(),
        since: period.since.to_string(),
        until: period.until.to_string(),
        to: letter.to.to_string(),
        mailboxes: letter.mailboxes.iter().map(ToString::to_string).collect(),
        aliases: letter.aliases.keys().cloned().collect(),
        text: letter.text(parts, domain, *every, *period),
    }
}
