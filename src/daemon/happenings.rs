//! What goes wrong by itself, for who is told of events: providers that get nothing, a spool that fills, certificates that
//! end, keys that DNS does not have. Each is told when it begins, and not again before it has ended: over a restart, too.

use crate::{
    admin::{
        doctor::{self, DnsKey},
        running::Running,
    },
    clock,
    event::{Happening, Listener},
    keys,
    mail::{Current, Parts, events},
    provider::governor::State,
    store::spool::SpoolTaken,
    time::Millis,
    tls,
};
use std::{collections::BTreeSet, time::Duration};
use tokio::{
    task::spawn_blocking,
    time::{Instant, sleep},
};

/// How often what is at hand is looked at.
const LOOK: Duration = Duration::from_secs(2);
/// How often files and DNS are.
const LOOK_FAR: Duration = Duration::from_hours(1);
/// A spool that is as full is told of, in percent, and one that is less full than this is full no longer.
const FULL: u64 = 80;
const NO_LONGER_FULL: u64 = 70;
/// How long before its end a certificate is told of.
const SOON: Duration = Duration::from_hours(14 * 24);

/// What was told and has not ended: lines that name it.
type Told = BTreeSet<String>;

/// Tells of events for ever: those that wait, and those of the server as they come.
pub(super) async fn tell(current: Current) {
    tokio::join!(events::run(&current), look(&current));
}

async fn look(current: &Current) {
    let state_dir = current.get().config.state_dir.clone();
    let mut told = Running::told(&state_dir);
    let mut kept = told.clone();
    let mut far = Instant::now();
    loop {
        let parts = current.get();
        if parts.hook.is_some() {
            providers(&parts, &mut told);
            spool(&parts, &mut told).await;
            tracing::trace!("looked at providers and the spool");
            if far <= Instant::now() {
                far = Instant::now() + LOOK_FAR;
                certificates(&parts, &mut told).await;
                dkim(&parts, &mut told).await;
                tracing::debug!("looked at certificates and keys");
            }
        } else {
            // Whoever is told from now on is told of all.
            told.clear();
            far = Instant::now();
        }
        if kept != told {
            kept.clone_from(&told);
            let (state_dir, told) = (state_dir.clone(), told.clone());
            // One that panics has been told of.
            let _ = spawn_blocking(move || Running::keep_told(&state_dir, &told)).await;
        }
        sleep(LOOK).await;
    }
}

/// Tells what begins of all there is `now` of a kind, by the names. Gives the names of what ended.
fn compare(
    parts: &Parts,
    told: &mut Told,
    kind: &str,
    now: impl IntoIterator<Item = (String, Happening)>,
) -> Vec<String> {
    let mut ended: Told = told.iter().filter(|line| line.starts_with(kind)).cloned().collect();
    for (name, happening) in now {
        let line = format!("{kind} {name}");
        ended.remove(&line);
        if told.insert(line) {
            parts.events.tell(happening);
        }
    }
    told.retain(|line| !ended.contains(line));
    let name = |line: &String| Some(line.strip_prefix(kind)?.trim_start().to_owned());
    ended.iter().filter_map(name).collect()
}

fn providers(parts: &Parts, told: &mut Told) {
    let now = parts.outbound.governor().told();
    let suspended = now.into_iter().filter(|one| one.state == State::Suspended).map(|one| {
        let until = one.until.unwrap_or(Millis::EPOCH);
        let (provider, reply) = (one.provider.clone(), one.why.unwrap_or_default());
        (one.provider, Happening::Suspended { provider, until, reply })
    });
    for provider in compare(parts, told, "provider", suspended) {
        parts.events.tell(Happening::Resumed { provider });
    }
}

async fn spool(parts: &Parts, told: &mut Told) {
    let Ok(taken) = parts.store.spool_taken().await else { return };
    let bounds = &parts.config.spool;
    let share = |part: u64, of: u64| part.saturating_mul(100).checked_div(of).unwrap_or(0);
    let percent = share(taken.messages, bounds.max_messages)
        .max(share(taken.octets, bounds.max_bytes as u64));
    let least = if told.contains("spool full") { NO_LONGER_FULL } else { FULL };
    let filling = (percent >= least).then(|| {
        let SpoolTaken { messages, octets } = taken;
        ("full".to_owned(), Happening::SpoolFilling { percent, messages, octets })
    });
    compare(parts, told, "spool", filling);
}

async fn certificates(parts: &Parts, told: &mut Told) {
    let files = keys::certificate_files(&parts.config);
    let read = move || {
        let ends = files.into_iter().filter_map(|files| {
            let end = tls::expiry(&files.certificate).ok()?.end;
            Some((files.certificate.display().to_string(), end))
        });
        ends.collect::<Vec<_>>()
    };
    let soon = clock::now() + SOON;
    let ends = spawn_blocking(read).await.unwrap_or_default();
    let ending = ends.into_iter().filter(|(_, end)| *end < soon).map(|(certificate, end)| {
        let name = format!("{} {certificate}", end.as_secs());
        (name, Happening::CertificateEnding { certificate, end: end.into() })
    });
    compare(parts, told, "certificate", ending);
}

async fn dkim(parts: &Parts, told: &mut Told) {
    let keys = match doctor::signing_keys(&parts.config, parts.outbound.resolver()).await {
        Ok(keys) => keys,
        Err(error) => return tracing::error!(%error, "cannot look at the DKIM keys"),
    };
    let name = |key: &DnsKey| format!("{} {}", key.domain, key.selector);
    let is_broken = |key: &DnsKey| {
        // What DNS does not say now is as it was.
        let before = told.contains(&format!("dkim {}", name(key)));
        key.is_published.map_or(before, |is_published| !is_published)
    };
    let broken: Vec<_> = keys.into_iter().filter(is_broken).collect();
    let broken = broken.into_iter().map(|key| {
        let why = format!("DNS has no record with this key at {}", key.name);
        let name = name(&key);
        let DnsKey { domain, selector, .. } = key;
        (name, Happening::DkimBroken { domain, selector, why })
    });
    compare(parts, told, "dkim", broken);
}
