//! What takes back a change of aliases: kept in memory for a moment, for whoever made it.

use crate::{
    address::Domain,
    admin::{
        Error, Store,
        aliases::{self, Altered, OneChange, Removed},
    },
    alias::{Alias, AliasAddress},
    store::ChangeError,
    time::Millis,
    web::{alias_record::tag_of, cause::Cause},
};
use parking_lot::Mutex;
use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

/// For how long a change can be taken back: the ten seconds for which that is offered, and a little more for the way of who
/// decides in the last moment.
const KEPT: Duration = Duration::from_secs(15);
/// Aliases of all changes that are kept.
const MAX_STEPS: usize = 2_000;

/// What takes back one change of one alias.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::web) enum Step {
    /// The alias was removed.
    BringBack(Box<Removed>),
    /// The alias was changed, and has this tag since.
    PutBack(Box<Alias>, String),
}

impl Step {
    /// The alias.
    pub(super) fn address(&self) -> &AliasAddress {
        match self {
            Self::BringBack(removed) => removed.alias.address(),
            Self::PutBack(alias, _) => alias.address(),
        }
    }
}

/// The changes that can be taken back: of each session the last one.
#[derive(Debug, Default)]
pub(in crate::web) struct Undos(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    /// The number of the last change that was kept.
    last: u64,
    undos: VecDeque<Undo>,
}

#[derive(Debug)]
struct Undo {
    /// Whose.
    session: String,
    /// Which change it takes back, so that no other is.
    number: u64,
    until: Millis,
    steps: Vec<Step>,
}

/// What came of taking back.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::web) struct Undone {
    /// Aliases that are as they were.
    pub(in crate::web) done: usize,
    /// Aliases that are not.
    pub(in crate::web) failed: Vec<(AliasAddress, NotUndone)>,
}

/// Why an alias is not as it was.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::web) enum NotUndone {
    /// It was changed since, or there is a new one of its address.
    Changed,
    /// It is gone, or its domain is.
    Gone,
    /// What is there by now stands against it.
    Refused(Cause),
}

impl Undos {
    /// Keeps what takes back the last change of `session`, in the place of what was kept for it. Gives the number of the
    /// change; `None` where nothing takes it back.
    pub(in crate::web) fn keep(&self, session: &str, steps: Vec<Step>, now: Millis) -> Option<u64> {
        let mut kept = self.0.lock();
        let Kept { last, undos } = &mut *kept;
        undos.retain(|undo| undo.session != session && undo.until > now);
        if steps.is_empty() || steps.len() > MAX_STEPS {
            return None;
        }
        *last += 1;
        let number = *last;
        undos.push_back(Undo { session: session.to_owned(), number, until: now + KEPT, steps });
        while undos.iter().map(|undo| undo.steps.len()).sum::<usize>() > MAX_STEPS {
            undos.pop_front();
        }
        Some(number)
    }

    /// Forgets what is too late to be taken back: what aliases said is nobody's to keep longer.
    pub(in crate::web) fn forget_late(&self, now: Millis) {
        let undos = &mut self.0.lock().undos;
        undos.retain(|undo| undo.until > now);
        undos.shrink_to_fit();
    }

    /// What takes back the change of that number, this once; `None` where it is too late, or `session` has made another since.
    pub(in crate::web) fn take(
        &self,
        session: &str,
        number: u64,
        now: Millis,
    ) -> Option<Vec<Step>> {
        let undos = &mut self.0.lock().undos;
        undos.retain(|undo| undo.until > now);
        let is_it = |undo: &Undo| undo.session == session && undo.number == number;
        let at = undos.iter().position(is_it)?;
        undos.remove(at).map(|undo| undo.steps)
    }
}

/// Takes back, the last first, what is in domains that `may_see` lets pass: others may have become somebody else's since.
///
/// # Errors
/// When the store fails: nothing is taken back then.
pub(in crate::web) async fn undo(
    store: &Store,
    may_see: impl Fn(Option<&Domain>) -> bool,
    steps: Vec<Step>,
) -> Result<Undone, Error> {
    let mut undone = Undone::default();
    let (mut meant, mut changes) = (Vec::new(), Vec::new());
    for step in steps.into_iter().rev() {
        let address = step.alias().address().clone();
        if !may_see(address.domain()) {
            undone.failed.push((address, NotUndone::Gone));
            continue;
        }
        let fits = Arc::new(AtomicBool::new(true));
        changes.push(step.taken_back(Arc::clone(&fits)));
        meant.push((address, fits));
    }
    let came = aliases::change_each(store, changes).await?;
    for ((address, fits), came) in meant.into_iter().zip(came) {
        let why = match came {
            Ok(_) if fits.load(Ordering::Relaxed) => {
                undone.done += 1;
                continue;
            }
            Ok(_) | Err(ChangeError::Exists { .. }) => NotUndone::Changed,
            Err(ChangeError::NoSuchAlias(_) | ChangeError::UnknownDomain(_)) => NotUndone::Gone,
            Err(error) => NotUndone::Refused(Cause::from(&error)),
        };
        undone.failed.push((address, why));
    }
    Ok(undone)
}

impl Step {
    fn alias(&self) -> &Alias {
        match self {
            Self::BringBack(removed) => &removed.alias,
            Self::PutBack(alias, _) => alias,
        }
    }

    /// What the store is asked for; `fits` is false then if the alias was not as it was left.
    fn taken_back(self, fits: Arc<AtomicBool>) -> OneChange {
        match self {
            Self::BringBack(removed) => OneChange::BringBack(removed),
            Self::PutBack(alias, tag) => {
                let address = alias.address().clone();
                let alteration = move |now: &Alias| match tag_of(now) == tag {
                    true => Altered::Replaced(alias),
                    false => {
                        fits.store(false, Ordering::Relaxed);
                        Altered::Kept
                    }
                };
                OneChange::Alter(address, Box::new(alteration))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{address::Domain, alias::Rules, store::Options};

    const NOW: Millis = Millis::new(1_000_000);

    fn alias(name: &str) -> Alias {
        Alias::forward(AliasAddress::parse(name).unwrap(), ["p@y.test"]).unwrap()
    }

    fn step(name: &str) -> Step {
        Step::PutBack(Box::new(alias(name)), "tag".into())
    }

    #[test]
    fn what_is_too_late_is_kept_no_longer_whether_anything_changes_or_not() {
        let undos = Undos::default();
        undos.keep("a", vec![step("a@x.test")], NOW);
        undos.keep("b", vec![step("b@x.test")], NOW + Duration::from_secs(1));
        undos.forget_late(NOW + KEPT);
        let kept: Vec<_> = undos.0.lock().undos.iter().map(|it| it.session.clone()).collect();
        assert_eq!(kept, ["b"]);
        undos.forget_late(NOW + KEPT + Duration::from_secs(1));
        assert_eq!(undos.0.lock().undos.capacity(), 0);
    }

    #[test]
    fn each_session_takes_back_its_own_last_change_once_and_in_time() {
        let undos = Undos::default();
        let first = undos.keep("a", vec![step("1@x.test")], NOW).unwrap();
        let second = undos.keep("a", vec![step("2@x.test")], NOW).unwrap();
        let third = undos.keep("b", vec![step("3@x.test")], NOW).unwrap();
        assert_eq!(undos.take("c", second, NOW), None);
        let soon = NOW + Duration::from_secs(10);
        assert_eq!(undos.take("a", first, soon), None, "another came behind it");
        assert_eq!(undos.take("a", second, soon), Some(vec![step("2@x.test")]));
        assert_eq!(undos.take("a", second, soon), None);
        assert_eq!(undos.take("b", third, NOW + KEPT), None, "too late");
        // What is done next cannot be taken back: nor can what was before.
        let fourth = undos.keep("b", vec![step("3@x.test")], NOW).unwrap();
        assert_eq!(undos.keep("b", Vec::new(), NOW), None);
        assert_eq!(undos.take("b", fourth, NOW), None);
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let undos = Undos::default();
        let numbers: Vec<u64> = (0..100)
            .map(|session: u32| {
                undos.keep(&session.to_string(), vec![step("1@x.test"); 50], NOW).unwrap()
            })
            .collect();
        let kept: usize = undos.0.lock().undos.iter().map(|undo| undo.steps.len()).sum();
        assert_eq!(kept, MAX_STEPS);
        assert_eq!(undos.take("59", numbers[59], NOW), None);
        assert!(undos.take("60", numbers[60], NOW).is_some());
        undos.keep("x", Vec::new(), NOW + KEPT);
        assert!(undos.0.lock().undos.is_empty());
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_others_change_meanwhile_stays() {
        let state = tempfile::tempdir().unwrap();
        let store = Store::open(state.path(), Options::default()).unwrap();
        store.add_domain(&Domain::parse("x.test").unwrap()).await.unwrap();
        let names = ["a@x.test", "b@x.test", "c@x.test", "d@x.test"];
        let mut steps = Vec::new();
        for name in names {
            store.add_alias(&alias(name)).await.unwrap();
            let off = alias(name).with_enabled(false);
            store.replace_alias(&off).await.unwrap();
            steps.push(Step::PutBack(Box::new(alias(name)), tag_of(&off)));
        }
        let gone = alias("e@x.test");
        store.add_alias(&gone).await.unwrap();
        let removed = store.take_out(gone.address(), Box::new(|_| true)).await.unwrap().unwrap();
        steps.push(Step::BringBack(Box::new(removed)));

        let rules = Rules { note: Some("of somebody else".into()), ..Rules::default() };
        let noted = alias("b@x.test").with_rules(rules).unwrap();
        store.replace_alias(&noted).await.unwrap();
        store.remove_alias(alias("c@x.test").address()).await.unwrap();
        let of_others = undo(&store, |_| false, steps.clone()).await.unwrap();
        assert_eq!((of_others.done, of_others.failed.len()), (0, steps.len()));
        let undone = undo(&store, |_| true, steps.clone()).await.unwrap();
        assert_eq!(undone.done, 3);
        let failed: Vec<_> =
            undone.failed.iter().map(|(address, why)| (address.to_string(), why)).collect();
        assert_eq!(
            failed,
            [
                ("c@x.test".to_owned(), &NotUndone::Gone),
                ("b@x.test".to_owned(), &NotUndone::Changed)
            ]
        );
        for (name, now) in [
            ("a@x.test", Some(alias("a@x.test"))),
            ("b@x.test", Some(noted)),
            ("c@x.test", None),
            ("d@x.test", Some(alias("d@x.test"))),
            ("e@x.test", Some(gone)),
        ] {
            assert_eq!(store.alias(alias(name).address()).await.unwrap(), now, "{name}");
        }
        assert_eq!(undo(&store, |_| true, steps).await.unwrap().done, 0, "once");
    }
}
