//! What takes back a change of aliases: kept in memory for a moment, for whoever made it.

use crate::{
    address::Domain,
    admin::{
        Error, Store,
        aliases::{self, Altered, Removed},
    },
    alias::{Alias, AliasAddress},
    store::ChangeError,
    time::Millis,
    web::alias_record::tag_of,
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
    Refused(String),
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
/// When the store fails: what was not reached by then stays.
pub(in crate::web) async fn undo(
    store: &Store,
    may_see: impl Fn(Option<&Domain>) -> bool,
    steps: Vec<Step>,
) -> Result<Undone, Error> {
    let mut undone = Undone::default();
    for step in steps.into_iter().rev() {
        let alias = match &step {
            Step::BringBack(removed) => &removed.alias,
            Step::PutBack(alias, _) => alias,
        };
        if !may_see(alias.address().domain()) {
            undone.failed.push((alias.address().clone(), NotUndone::Gone));
            continue;
        }
        let (address, came) = match step {
            Step::BringBack(removed) => {
                let address = removed.alias.address().clone();
                (address, aliases::bring_back(store, *removed).await.map(|()| true))
            }
            Step::PutBack(alias, tag) => {
                let address = alias.address().clone();
                (address.clone(), put_back(store, &address, *alias, tag).await)
            }
        };
        let why = match came {
            Ok(true) => {
                undone.done += 1;
                continue;
            }
            Ok(false) | Err(Error::Change(ChangeError::Exists { .. })) => NotUndone::Changed,
            Err(Error::Change(ChangeError::NoSuchAlias(_) | ChangeError::UnknownDomain(_))) => {
                NotUndone::Gone
            }
            Err(Error::Change(ChangeError::Store(error))) => return Err(error.into()),
            Err(Error::Change(error)) => {
                NotUndone::Refused(crate::web::problem::Problem::from(error).detail)
            }
            Err(error) => return Err(error),
        };
        undone.failed.push((address, why));
    }
    Ok(undone)
}

/// True when it was as it was left.
async fn put_back(
    store: &Store,
    address: &AliasAddress,
    alias: Alias,
    tag: String,
) -> Result<bool, Error> {
    let fits = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&fits);
    let alteration = move |now: &Alias| match tag_of(now) == tag {
        true => {
            told.store(true, Ordering::Relaxed);
            Altered::Replaced(Box::new(alias))
        }
        false => Altered::Kept,
    };
    aliases::alter(store, address, Box::new(alteration)).await?;
    Ok(fits.load(Ordering::Relaxed))
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
