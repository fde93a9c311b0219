//! Owners are told what came to their aliases: when it is due, what is gathered, and who gets which letter.

mod counted;
mod gather;
mod letters;

pub(crate) use letters::OwnersLetter;

use super::{
    current::Current,
    parts::Parts,
    spool::{Added, record_new},
};
use crate::{
    address::Domain,
    clock,
    digest::{Due, Every, Period, due},
    store::{
        DigestStep, StoreError, Told, UnderWay,
        journal::JournalError,
        spool::{NewMessage, SpoolError},
    },
    time::UnixTime,
};
use gather::gather;
use letters::letters;
use std::time::Duration;
use tokio::time::sleep;

/// How often it is looked whether owners are to be told.
const LOOK: Duration = Duration::from_mins(1);
/// Added to `delivery.budget`: by then the journal has what came before a turn.
const SETTLED: Duration = Duration::from_secs(15);
/// Letters that are spooled at once.
const BATCH: usize = 50;

/// Why owners are not told.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DigestError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error(transparent)]
    Spool(#[from] SpoolError),
}

/// What is to be told of a domain, and how far that is told already.
#[derive(Debug, Clone)]
pub(crate) struct Task {
    pub(crate) domain: Domain,
    pub(crate) every: Every,
    pub(crate) period: Period,
    pub(crate) told: Told,
}

/// Tells owners whenever it is time, for ever.
pub(crate) async fn run(current: &Current) {
    loop {
        let parts = current.get();
        if let Err(error) = tell_due(&parts).await {
            tracing::error!(%error, "owners are not told what came to their aliases");
        }
        sleep(LOOK).await;
    }
}

async fn tell_due(parts: &Parts) -> Result<(), DigestError> {
    let now = clock::now() - parts.config.delivery.budget - SETTLED;
    let mut tasks = Vec::new();
    for every in Every::ALL {
        parts.store.forget_digests(every).await?;
        for domain in parts.store.digest_domains(every).await? {
            tasks.extend(task(parts, domain, every, now).await?);
        }
    }
    tell(parts, tasks, false).await.map(drop)
}

/// What is due of a domain.
async fn task(
    parts: &Parts,
    domain: Domain,
    every: Every,
    now: UnixTime,
) -> Result<Option<Task>, DigestError> {
    let told = parts.store.told(&domain, every).await?;
    if let Some(told) = &told
        && let Some(under_way) = &told.under_way
    {
        // It was broken off: the others are told of the same time.
        let period = Period { since: told.until, until: under_way.until };
        return Ok(Some(Task { domain, every, period, told: told.clone() }));
    }
    let at = parts.config.digest.at.since_midnight();
    Ok(match due(every, at, now, told.as_ref().map(|told| told.until)) {
        Due::Nothing => None,
        Due::Begin(until) => {
            parts.store.begin_digests(&domain, every, until).await?;
            None
        }
        Due::Tell(period) => Some(Task { domain, every, period, told: told.unwrap_or_default() }),
    })
}

/// What is told of `domain`, or of all, if it is told at `now`, whatever the time of day; `begins` where it will be.
///
/// # Errors
/// When the store cannot be read.
pub(crate) async fn tasks_now(
    parts: &Parts,
    domain: Option<&Domain>,
    now: UnixTime,
    begins: bool,
) -> Result<Vec<Task>, DigestError> {
    let mut tasks = Vec::new();
    for every in Every::ALL {
        for of in parts.store.digest_domains(every).await? {
            if domain.is_some_and(|domain| *domain != of) {
                continue;
            }
            let told = parts.store.told(&of, every).await?;
            let told = match told {
                Some(told) => told,
                // Nothing was told yet: the last day or week is.
                None => {
                    let until = now - every.length();
                    if begins {
                        parts.store.begin_digests(&of, every, until).await?;
                    }
                    Told { until, under_way: None }
                }
            };
            let until = told.under_way.as_ref().map_or(now, |under_way| under_way.until);
            let period = Period { since: told.until, until };
            tasks.push(Task { domain: of, every, period, told });
        }
    }
    tasks.retain(|task| task.period.since < task.period.until);
    Ok(tasks)
}

/// The letters of `tasks`, each with its task, in order; nothing is sent.
///
/// # Errors
/// When the journal or the store cannot be read.
pub(crate) async fn plan(
    parts: &Parts,
    mut tasks: Vec<Task>,
) -> Result<Vec<(Task, Vec<OwnersLetter>)>, DigestError> {
    let mut planned = Vec::new();
    tasks.sort_by_key(|task| (task.period.since, task.period.until));
    // The journal is read once for all that are told of the same time.
    for tasks in tasks.chunk_by(|a, b| a.period == b.period) {
        let mut counted = gather(parts, tasks).await?;
        for task in tasks {
            let of_domain = counted.take(&task.domain, task.every);
            planned.push((task.clone(), letters(parts, of_domain).await));
        }
    }
    Ok(planned)
}

/// Sends the letters of `tasks`; gives how many. `tells_daemon`: this is none.
///
/// # Errors
/// When the journal or the store cannot be read, or nothing can be spooled: what was not sent stays to be told.
pub(crate) async fn tell(
    parts: &Parts,
    tasks: Vec<Task>,
    tells_daemon: bool,
) -> Result<usize, DigestError> {
    let mut sent = 0;
    for (task, letters) in plan(parts, tasks).await? {
        sent += tell_domain(parts, task, letters, tells_daemon).await?;
    }
    Ok(sent)
}

async fn tell_domain(
    parts: &Parts,
    task: Task,
    letters: Vec<OwnersLetter>,
    tells_daemon: bool,
) -> Result<usize, DigestError> {
    let Task { domain, every, period, told } = task;
    let known = told.under_way.as_ref().map_or("", |under_way| under_way.up_to.as_str()).to_owned();
    let letters: Vec<_> = letters.into_iter().filter(|letter| letter.name > known).collect();
    let (mut before, mut sent) = (told, 0);
    let batches = letters.chunks(BATCH);
    let count = batches.len().max(1);
    // Without a letter it is told too, that there is nothing.
    let batches = batches.map(Some).chain([None]).take(count);
    for (at, batch) in batches.enumerate() {
        let batch = batch.unwrap_or_default();
        let messages: Vec<NewMessage> =
            batch.iter().map(|letter| letter.message(parts, &domain, every, period)).collect();
        let after = match batch.last() {
            Some(last) if at + 1 < count => Told {
                until: period.since,
                under_way: Some(UnderWay { until: period.until, up_to: last.name.clone() }),
            },
            _ => Told { until: period.until, under_way: None },
        };
        let step = DigestStep { domain: domain.clone(), every, before, after: after.clone() };
        let spooled = parts.store.spool_digests(step, messages.clone(), tells_daemon).await?;
        // Somebody else tells them.
        let Some(numbers) = spooled else { return Ok(sent) };
        before = after;
        for (number, message) in numbers.into_iter().zip(messages) {
            let id = message.head.id.clone();
            let added = Added::new(parts, number, &message);
            record_new(parts, message, format!("{every} digest of {domain}")).await;
            tracing::info!(id, %domain, %every, "digest");
            parts.spool.added(added);
            sent += 1;
        }
    }
    Ok(sent)
}
