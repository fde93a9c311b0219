//! What DNS and this machine said when somebody had them looked at: one look at a time, and its result kept.

use crate::{
    address::Domain,
    admin::doctor::{self, Asked, DomainReport, Finding},
    clock,
    rate::Recent,
    time::UnixTime,
    web::Site,
};
use parking_lot::Mutex;
use std::{sync::Arc, time::Duration};
use tokio::{sync::Semaphore, time::timeout};

/// Domains whose result is kept; those that were looked at longest ago go first.
const KEPT: usize = 1000;
/// How long a look at one domain may take: SPF alone may need 20 s where nobody answers.
const OF_DOMAIN: Duration = Duration::from_secs(90);
/// ... and one at everything.
const OF_ALL: Duration = Duration::from_mins(10);
/// How long whoever asks waits for it to end.
const WAIT: Duration = Duration::from_secs(8);

/// The results, and the place for one look.
#[derive(Debug)]
pub(in crate::web) struct Checks {
    place: Arc<Semaphore>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    goes: Option<Going>,
    site: Option<Checked<Vec<Finding>>>,
    domains: Recent<String, Option<Checked<DomainReport>>>,
}

/// What a look came to.
#[derive(Debug, Clone)]
pub(super) struct Checked<T> {
    /// When it ended.
    pub(super) at: UnixTime,
    pub(super) result: Result<T, Failed>,
}

/// Why a look came to nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failed {
    /// It took too long.
    Late,
    /// The log says why.
    Other,
}

/// A look that goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Going {
    /// At what.
    pub(super) at: Subject,
    /// Since when.
    pub(super) since: UnixTime,
}

/// What is looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Subject {
    /// Everything.
    Site,
    /// One domain.
    Domain(Domain),
}

/// What came of asking for a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Begun {
    /// It has ended.
    Done,
    /// It goes on.
    Goes,
    /// Another one goes on: this has not begun.
    Busy,
}

impl Default for Checks {
    fn default() -> Self {
        let state = State { goes: None, site: None, domains: Recent::new(KEPT) };
        Self { place: Arc::new(Semaphore::new(1)), state: Mutex::new(state) }
    }
}

impl Checks {
    /// What the last look at everything came to.
    pub(super) fn site(&self) -> Option<Checked<Vec<Finding>>> {
        self.state.lock().site.clone()
    }

    /// What the last look at a domain came to.
    pub(super) fn domain(&self, domain: &Domain) -> Option<Checked<DomainReport>> {
        self.state.lock().domains.get(&domain.to_key()).cloned().flatten()
    }

    /// The look that goes on, if one does.
    pub(super) fn going(&self) -> Option<Going> {
        self.state.lock().goes.clone()
    }

    /// Forgets a domain.
    pub(super) fn forget(&self, domain: &Domain) {
        let (mut state, key) = (self.state.lock(), domain.to_key());
        if state.domains.get(&key).is_some() {
            state.domains.change(key, |result| *result = None);
        }
    }
}

/// Looks, unless another look goes on; waits a while for its end.
pub(super) async fn begin(site: &Site, subject: Subject) -> Begun {
    let checks = &site.shared.checks;
    let Ok(place) = Arc::clone(&checks.place).try_acquire_owned() else { return Begun::Busy };
    let going = Going { at: subject.clone(), since: clock::now() };
    checks.state.lock().goes = Some(going);
    let site = site.clone();
    // Whoever asked may go away meanwhile.
    let look = tokio::spawn(async move {
        let ended = Ended(site.clone());
        match subject {
            Subject::Site => {
                let looked = doctor_of_site(&site).await;
                site.shared.checks.state.lock().site = Some(looked);
            }
            Subject::Domain(domain) => {
                let looked = doctor_of_domain(&site, &domain).await;
                let mut state = site.shared.checks.state.lock();
                state.domains.change(domain.to_key(), |result| *result = Some(looked));
            }
        }
        drop(ended);
        drop(place);
    });
    match timeout(WAIT, look).await {
        Ok(_) => Begun::Done,
        Err(_) => Begun::Goes,
    }
}

/// Says that no look goes on, however one ended.
struct Ended(Site);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.shared.checks.state.lock().goes = None;
    }
}

async fn doctor_of_site(site: &Site) -> Checked<Vec<Finding>> {
    let asked = Asked::default();
    checked(OF_ALL, doctor::site(&site.config, &site.store, &asked)).await
}

async fn doctor_of_domain(site: &Site, domain: &Domain) -> Checked<DomainReport> {
    checked(OF_DOMAIN, doctor::domain(&site.config, &site.store, domain)).await
}

async fn checked<T>(
    patience: Duration,
    look: impl Future<Output = Result<T, crate::admin::Error>>,
) -> Checked<T> {
    let result = match timeout(patience, look).await {
        Ok(Ok(found)) => Ok(found),
        Ok(Err(error)) => {
            tracing::error!(%error, "a look at DNS and this machine failed");
            Err(Failed::Other)
        }
        Err(_) => Err(Failed::Late),
    };
    Checked { at: clock::now(), result }
}
