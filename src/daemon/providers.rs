//! What the governor knows of providers: kept for the next daemon and for `onward provider`, whose word to go on it takes.

use crate::{
    admin::{providers::Known, running::Running},
    mail::{Current, Parts},
    provider::governor::{State, Told},
};
use std::{collections::HashMap, path::PathBuf, time::Duration};
use tokio::{
    task::spawn_blocking,
    time::{Instant, sleep, timeout},
};

/// How often it is written at most: that much a crash forgives.
const REST: Duration = Duration::from_secs(1);
/// Most providers that others are told of: there are as many as somebody writes from.
const TOLD: usize = 1000;
/// Until it is written again, where that failed.
const AGAIN: Duration = Duration::from_secs(5);
/// How often it is looked at where nothing is concluded: who waits, and who asks that it go on.
const LOOK: Duration = Duration::from_millis(400);

/// Goes on from what the last daemon kept.
pub(super) fn go_on(current: &Current) {
    let parts = current.get();
    if let Some(known) = Running::providers(&parts.config.state_dir) {
        parts.outbound.governor().go_on(known.kept);
    }
}

/// Follows it for ever.
pub(super) async fn keep(current: Current, state_dir: PathBuf) {
    let mut written = None;
    let mut failed_at: Option<Instant> = None;
    loop {
        let resumed = resume(&current, state_dir.clone()).await;
        let known = known(&current);
        let may_write = failed_at.is_none_or(|at| at.elapsed() >= AGAIN);
        let is_new = written.as_ref() != Some(&known) && may_write;
        if is_new {
            let is_written = write(known.clone(), state_dir.clone()).await;
            failed_at = (!is_written).then(Instant::now);
            written = is_written.then_some(known);
        }
        // Whoever asked is told when others can see it.
        if let Some(resumed) = resumed {
            let state_dir = state_dir.clone();
            let _ = spawn_blocking(move || Running::have_resumed(&state_dir, &resumed)).await;
        }
        if is_new {
            sleep(REST).await;
        }
        let parts = current.get();
        let _ = timeout(LOOK, parts.outbound.governor().changed()).await;
    }
}

/// Keeps what is known now, as nothing more comes.
pub(super) async fn finish(current: &Current) {
    write(known(current), current.get().config.state_dir.clone()).await;
}

fn known(current: &Current) -> Known {
    let parts = current.get();
    let mut told = told(&parts);
    told.retain(|one| one.state != State::Usual || one.in_use + one.asking + one.waiting > 0);
    told.truncate(TOLD);
    Known { told, kept: parts.outbound.governor().kept() }
}

/// What there is to tell, with who waits in the spool.
pub(super) fn told(parts: &Parts) -> Vec<Told> {
    let waiting: HashMap<_, _> = parts.spool.waiting().into_iter().collect();
    let mut told = parts.outbound.governor().told();
    for one in &mut told {
        one.waiting = waiting.get(one.provider.as_str()).copied().unwrap_or(0);
    }
    told
}

/// Does what `onward provider resume` asks for; gives those that got less before, where somebody asked.
async fn resume(current: &Current, state_dir: PathBuf) -> Option<Vec<String>> {
    // One that panics has been told of.
    let asked = spawn_blocking(move || Running::take_resumes(&state_dir)).await.ok().flatten()?;
    let mut resumed = Vec::new();
    for provider in asked {
        let parts = current.get();
        if parts.outbound.governor().resume(&provider) {
            tracing::info!(%provider, "gets what it takes again, as was asked for");
            resumed.push(provider.clone());
        }
        // Of one that went on before a restart something may wait all the same.
        parts.spool.resumed(&provider.as_str().into());
    }
    Some(resumed)
}

/// False where it could not be written.
async fn write(known: Known, state_dir: PathBuf) -> bool {
    spawn_blocking(move || Running::keep_providers(&state_dir, &known)).await.unwrap_or(false)
}
