//! What DNS and this machine said when somebody had them looked at: one look at a time, and its result kept.

use crate::{
    address::Domain,
    admin::doctor::{self, Asked, DomainReport, Finding},
    clock,
    rate::Recent,
    time::{Millis, UnixTime},
    web::Site,
};
use parking_lot::Mutex;
use std::{slice, sync::Arc, time::Duration};
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
    /// Each with since when the domain was here, if it was: that of an owner is not shown to the next.
    domains: Recent<String, Option<(Option<Millis>, Checked<DomainReport>)>>,
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

    /// What the last look at a domain came to that is here since then; `None`: that is not.
    pub(super) fn domain(
        &self,
        domain: &Domain,
        since: Option<Millis>,
    ) -> Option<Checked<DomainReport>> {
        let state = self.state.lock();
        let (of, checked) = state.domains.get(&domain.to_key())?.as_ref()?;
        (*of == since).then(|| checked.clone())
    }

    /// The look that goes on, if one does.
    pub(super) fn going(&self) -> Option<Going> {
        self.state.lock().goes.clone()
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
                let owned = site.store.owned(slice::from_ref(&domain)).await;
                let looked = doctor_of_domain(&site, &domain).await;
                match owned {
                    Ok(owned) => {
                        let since = owned.first().map(|own| own.since);
                        let mut state = site.shared.checks.state.lock();
                        let kept = Some((since, looked));
                        state.domains.change(domain.to_key(), |result| *result = kept);
                    }
                    Err(error) => tracing::error!(%error, %domain, "a look at DNS is not kept"),
                }
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
