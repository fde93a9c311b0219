//! What DNS and this machine said when somebody had them looked at: one look at a time of each who asks, and the result kept.

use crate::{
    address::Domain,
    admin::doctor::{self, Asked, DomainReport, Finding},
    clock,
    rate::Recent,
    session::Role,
    time::{Millis, UnixTime},
    web::{
        Site,
        asking::{Asking, NoPlace},
        page::visitor::Visitor,
    },
};
use parking_lot::Mutex;
use std::{slice, time::Duration};
use tokio::time::timeout;

/// Domains whose result is kept; those that were looked at longest ago go first.
const KEPT: usize = 1000;
/// How long a look at one domain may take: SPF alone may need 20 s where nobody answers.
const OF_DOMAIN: Duration = Duration::from_secs(90);
/// ... and one at everything.
const OF_ALL: Duration = Duration::from_mins(10);
/// Looks at once: one of each who asks, and of each domain.
const LOOKS: usize = 4;
/// How long whoever asks waits for it to end.
const WAIT: Duration = Duration::from_secs(8);

/// The results, and the looks that go on.
#[derive(Debug)]
pub(in crate::web) struct Checks {
    asking: Asking,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    goes: Vec<Going>,
    site: Option<Checked<Vec<Finding>>>,
    domains: Recent<String, Option<OfDomain>>,
}

/// The last look at a domain: that of an owner is not shown to the next.
#[derive(Debug)]
struct OfDomain {
    /// Since when the domain was here, if it was.
    since: Option<Millis>,
    checked: Checked<DomainReport>,
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
    /// What the same one asked for before goes on: this has not begun.
    Asks,
    /// Too many others go on: this has not begun.
    Busy,
}

impl Default for Checks {
    fn default() -> Self {
        let state = State { goes: Vec::new(), site: None, domains: Recent::new(KEPT) };
        Self { asking: Asking::new(LOOKS), state: Mutex::new(state) }
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
        let last = state.domains.get(&domain.to_key())?.as_ref()?;
        (last.since == since).then(|| last.checked.clone())
    }

    /// The look at it that goes on, if one does.
    pub(super) fn going(&self, at: &Subject) -> Option<Going> {
        self.state.lock().goes.iter().find(|going| going.at == *at).cloned()
    }

    /// Notes that a look begins, if none at the same goes on.
    fn note(&self, at: &Subject) -> bool {
        let goes = &mut self.state.lock().goes;
        let is_new = goes.iter().all(|going| going.at != *at);
        if is_new {
            goes.push(Going { at: at.clone(), since: clock::now() });
        }
        is_new
    }
}

/// Looks, unless the visitor has another look go on, or too many others do; waits a while for its end.
pub(super) async fn begin(visitor: &Visitor, subject: Subject) -> Begun {
    let checks = &visitor.site.shared.checks;
    let place = match checks.asking.claim(visitor.key(), visitor.role == Role::Admin) {
        Ok(place) => place,
        Err(NoPlace::Asks) if checks.going(&subject).is_some() => return Begun::Goes,
        Err(NoPlace::Asks) => return Begun::Asks,
        Err(NoPlace::Others) => return Begun::Busy,
    };
    // Whoever has many sessions looks no more often at a domain for that.
    if !checks.note(&subject) {
        return Begun::Goes;
    }
    let site = visitor.site.clone();
    // Whoever asked may go away meanwhile.
    let look = tokio::spawn(async move {
        let ended = Ended(site.clone(), subject.clone());
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
                        let kept = Some(OfDomain { since, checked: looked });
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

/// Says that a look goes on no more, however it ended.
struct Ended(Site, Subject);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.shared.checks.state.lock().goes.retain(|going| going.at != self.1);
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
