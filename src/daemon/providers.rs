//! What the governor knows of providers: kept for the next daemon and for `onward provider`, whose word to go on it takes.

use crate::{
    admin::{providers::Known, running::Running},
    mail::{Current, Parts},
    provider::governor::{State, Told},
};
use std::{collections::HashMap, path::PathBuf, time::Duration};
use tokio::{
    task::spawn_blocking,
    time::{sleep, timeout},
};

/// How often it is written at most: that much a crash forgives.
const REST: Duration = Duration::from_secs(1);
/// Most providers that others are told of: there are as many as somebody writes from.
const TOLD: usize = 1000;
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
    loop {
        resume(&current, state_dir.clone()).await;
        let known = known(&current);
        if written.as_ref() != Some(&known) {
            write(known.clone(), state_dir.clone()).await;
            written = Some(known);
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

/// Does what `onward provider resume` asks for.
async fn resume(current: &Current, state_dir: PathBuf) {
    // One that panics has been told of.
    let asked = spawn_blocking(move || Running::take_resumes(&state_dir)).await;
    for provider in asked.unwrap_or_default() {
        let parts = current.get();
        if parts.outbound.governor().resume(&provider) {
            tracing::info!(%provider, "gets what it takes again, as was asked for");
            parts.spool.answered(&provider.as_str().into());
        }
    }
}

async fn write(known: Known, state_dir: PathBuf) {
    let _ = spawn_blocking(move || Running::keep_providers(&state_dir, &known)).await;
}
