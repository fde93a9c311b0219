//! Changes of one or many aliases as their page asks for them: each only if it is still what the visitor saw, and with what
//! takes it back.

use super::undo::Step;
use crate::{
    address::{Domain, Mailbox},
    admin::{
        Error, Store,
        aliases::{self, Alteration, Altered, OneChange},
    },
    alias::{Alias, AliasAddress, AliasError, Amendment, Edit, NewDestination},
    store::ChangeError,
    web::{alias_record::tag_of, cause::Cause, problem::Problem},
};
use parking_lot::Mutex;
use std::sync::Arc;

/// Most aliases that are ticked in one form.
pub(super) const MAX_PICKED: usize = 100;

/// An alias as a visitor saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Picked {
    pub(super) address: AliasAddress,
    /// Its tag then.
    pub(super) tag: String,
}

impl Picked {
    pub(super) fn of(alias: &Alias) -> Self {
        Self { address: alias.address().clone(), tag: tag_of(alias) }
    }

    /// What [`Picked::value`] gave.
    pub(super) fn parse(value: &str) -> Option<Self> {
        let (tag, address) = value.split_once(' ')?;
        Some(Self { address: AliasAddress::parse(address).ok()?, tag: format!("\"{tag}\"") })
    }

    /// As the value of a field.
    pub(super) fn value(&self) -> String {
        format!("{} {}", self.tag.trim_matches('"'), self.address)
    }
}

/// What is to become of the aliases.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Action {
    /// Switched on or off.
    Switch(bool),
    /// Removed.
    Remove,
    /// Changed in what they say.
    Edit(Edit),
}

/// What came of it.
#[derive(Debug, Default)]
pub(super) struct Done {
    /// What takes it back, of each alias that changed.
    pub(super) steps: Vec<Step>,
    /// Aliases that are as they were asked to be already.
    pub(super) same: usize,
    /// Aliases that stay as they are, and why.
    pub(super) failed: Vec<(AliasAddress, Why)>,
}

/// Why an alias stays as it is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// Somebody else changed it meanwhile.
    Changed,
    /// There is none, or none that the visitor may see.
    Gone,
    /// It cannot have what is asked for.
    Refused(Cause),
}

impl Action {
    /// What a form asks for: the word, and what belongs to it.
    ///
    /// # Errors
    /// The field that holds what is not accepted, and what is.
    pub(super) fn of(word: &str, note: &str, old: &str, new: &str) -> Result<Self, Problem> {
        match word {
            "enable" => Ok(Self::Switch(true)),
            "disable" => Ok(Self::Switch(false)),
            "delete" => Ok(Self::Remove),
            "note" => {
                let note = Some(note.trim().to_owned()).filter(|note| !note.is_empty());
                let amendment = Amendment { note: Some(note), ..Amendment::default() };
                Ok(Self::Edit(Edit::Words { amendment, enabled: None }))
            }
            "replace" => {
                let mailbox = |field: &str, text: &str| {
                    Mailbox::parse(text.trim()).map_err(|error| {
                        let accepted = "a mailbox, such as me@mailbox.example";
                        Problem::field(field, error.to_string(), accepted)
                            .because(Cause::Address(error))
                    })
                };
                let change = NewDestination::new(mailbox("old", old)?, mailbox("new", new)?);
                let change = change.map_err(|error| {
                    Problem::field("new", error.to_string(), "another mailbox")
                        .because(Cause::Edit(error))
                })?;
                Ok(Self::Edit(Edit::Destination(change)))
            }
            other => {
                let problem = Problem::field("do", format!("{other:?} is none"), "one of the list");
                Err(problem.because(Cause::Other))
            }
        }
    }

    /// The alias as it is to be; `None` where it is so already.
    fn applied(&self, alias: &Alias) -> Result<Option<Alias>, AliasError> {
        let after = match self {
            Self::Switch(enabled) => Some(alias.clone().with_enabled(*enabled)),
            Self::Edit(edit) => edit.of(alias)?,
            Self::Remove => None,
        };
        Ok(after.filter(|after| after != alias))
    }
}

/// Does it with each of the aliases that are in domains which `may_see` names: with all that can have it, or none.
///
/// # Errors
/// When the store fails: nothing is done then.
pub(super) async fn act(
    store: &Store,
    may_see: impl Fn(Option<&Domain>) -> bool,
    action: &Action,
    picked: Vec<Picked>,
) -> Result<Done, Error> {
    let mut done = Done::default();
    let (mut meant, mut changes) = (Vec::new(), Vec::new());
    for Picked { address, tag } in picked {
        if !may_see(address.domain()) {
            done.failed.push((address, Why::Gone));
            continue;
        }
        let (outcome, change) = match action {
            Action::Remove => {
                let is_meant = move |alias: &Alias| tag_of(alias) == tag;
                (None, OneChange::TakeOut(address.clone(), Box::new(is_meant)))
            }
            other => {
                let other = other.clone();
                let (outcome, alteration) = alteration(tag, move |alias| Ok(other.applied(alias)?));
                (Some(outcome), OneChange::Alter(address.clone(), alteration))
            }
        };
        meant.push((address, outcome));
        changes.push(change);
    }
    let came = aliases::change_each(store, changes).await?;
    for ((address, outcome), came) in meant.into_iter().zip(came) {
        let came = match (came, outcome) {
            (Ok(_), Some(outcome)) => outcome.take(),
            (Ok(Some(removed)), None) => Ok(Some(Step::BringBack(Box::new(removed)))),
            (Ok(None), None) => Err(Why::Changed),
            (Err(ChangeError::NoSuchAlias(_)), _) => Err(Why::Gone),
            (Err(error), _) => Err(Why::Refused(Cause::from(&error))),
        };
        match came {
            Ok(Some(step)) => done.steps.push(step),
            Ok(None) => done.same += 1,
            Err(why) => done.failed.push((address, why)),
        }
    }
    Ok(done)
}

/// Puts what `change` makes of an alias in its place, if it still has the tag. Gives what takes that back.
pub(super) async fn alter<E, F>(
    store: &Store,
    address: &AliasAddress,
    tag: String,
    change: F,
) -> Result<Result<Option<Step>, E>, Error>
where
    E: From<Stale> + Send + 'static,
    F: FnOnce(&Alias) -> Result<Option<Alias>, E> + Send + 'static,
{
    let (outcome, alteration) = alteration(tag, change);
    aliases::alter(store, address, alteration).await?;
    Ok(outcome.take())
}

/// What an alteration came to, once it was made.
struct Outcome<E>(Arc<Mutex<Result<Option<Step>, E>>>);

impl<E> Outcome<E> {
    fn take(self) -> Result<Option<Step>, E> {
        std::mem::replace(&mut *self.0.lock(), Ok(None))
    }
}

fn alteration<E, F>(tag: String, change: F) -> (Outcome<E>, Alteration)
where
    E: From<Stale> + Send + 'static,
    F: FnOnce(&Alias) -> Result<Option<Alias>, E> + Send + 'static,
{
    let outcome = Arc::new(Mutex::new(Ok(None)));
    let told = Arc::clone(&outcome);
    let alteration = move |alias: &Alias| {
        let after = match tag_of(alias) == tag {
            true => change(alias),
            false => Err(Stale.into()),
        };
        let (came, altered) = match after {
            Ok(Some(after)) => {
                let step = Step::PutBack(Box::new(alias.clone()), tag_of(&after));
                (Ok(Some(step)), Altered::Replaced(Box::new(after)))
            }
            Ok(None) => (Ok(None), Altered::Kept),
            Err(why) => (Err(why), Altered::Kept),
        };
        *told.lock() = came;
        altered
    };
    (Outcome(outcome), Box::new(alteration))
}

/// An alias is not what somebody saw any more.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stale;

impl From<Stale> for Why {
    fn from(_: Stale) -> Self {
        Self::Changed
    }
}

impl From<AliasError> for Why {
    fn from(error: AliasError) -> Self {
        Self::Refused(error.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{alias::Rules, store::Options};

    fn alias(name: &str) -> Alias {
        Alias::forward(AliasAddress::parse(name).unwrap(), ["p@y.test"]).unwrap()
    }

    async fn store(state: &std::path::Path) -> Store {
        let store = Store::open(state, Options::default()).unwrap();
        for name in ["x.test", "other.test"] {
            store.add_domain(&Domain::parse(name).unwrap()).await.unwrap();
        }
        store
    }

    #[test]
    fn what_is_picked_is_read_as_it_is_written() {
        for name in ["shop@x.test", "*@x.test", r"/^a b (.*)@x\.test$/", "\"a b\"@x.test"] {
            let picked = Picked::of(&alias(name));
            assert_eq!(Picked::parse(&picked.value()), Some(picked), "{name}");
        }
        for bad in ["", "tag", "tag ", "tag nobody"] {
            assert_eq!(Picked::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn what_forms_ask_for() {
        let of = |word, old, new| Action::of(word, "a note", old, new);
        assert_eq!(of("enable", "", "").unwrap(), Action::Switch(true));
        assert_eq!(of("delete", "", "").unwrap(), Action::Remove);
        assert!(matches!(of("note", "", "").unwrap(), Action::Edit(Edit::Words { .. })));
        assert!(matches!(of("replace", "a@x.test", "b@x.test").unwrap(), Action::Edit(_)));
        for (word, old, new, field) in [
            ("replace", "", "b@x.test", "old"),
            ("replace", "a@x.test", "b", "new"),
            ("replace", "a@x.test", "A@x.test", "new"),
            ("", "", "", "do"),
        ] {
            assert_eq!(
                of(word, old, new).unwrap_err().errors[0].field,
                field,
                "{word} {old} {new}"
            );
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn each_alias_changes_only_if_it_is_what_was_seen_and_the_visitors_own() {
        let state = tempfile::tempdir().unwrap();
        let store = store(state.path()).await;
        let seen = ["a@x.test", "b@x.test", "c@other.test", r"/^r(.*)@x\.test$/"].map(alias);
        for alias in &seen {
            store.add_alias(alias).await.unwrap();
        }
        let rules = Rules { note: Some("mine".into()), ..Rules::default() };
        let noted = seen[1].clone().with_rules(rules).unwrap();
        store.replace_alias(&noted).await.unwrap();
        let own = Domain::parse("x.test").unwrap();
        let may_see = |domain: Option<&Domain>| domain == Some(&own);
        let picked = || {
            let mut picked: Vec<_> = seen.iter().map(Picked::of).collect();
            picked.push(Picked::of(&alias("none@x.test")));
            picked
        };
        let stale_and_foreign = |done: &Done| {
            let failed: Vec<_> =
                done.failed.iter().map(|(address, why)| (address.to_string(), why)).collect();
            assert_eq!(
                failed,
                [
                    ("c@other.test".to_owned(), &Why::Gone),
                    ("b@x.test".to_owned(), &Why::Changed),
                    ("none@x.test".to_owned(), &Why::Gone)
                ]
            );
        };
        let done = act(&store, may_see, &Action::Switch(true), picked()).await.unwrap();
        assert_eq!((done.steps.len(), done.same), (0, 2));
        stale_and_foreign(&done);
        let done = act(&store, may_see, &Action::Remove, picked()).await.unwrap();
        assert_eq!(done.steps.len(), 2);
        stale_and_foreign(&done);
        for (alias, is_there) in seen.iter().zip([false, true, true, false]) {
            let found = store.alias(alias.address()).await.unwrap();
            assert_eq!(found.is_some(), is_there, "{alias}");
        }
        assert_eq!(store.alias(noted.address()).await.unwrap(), Some(noted));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_one_alias_cannot_have_the_others_get() {
        let state = tempfile::tempdir().unwrap();
        let store = store(state.path()).await;
        // The second would lead back to itself.
        let aliases = [alias("a@x.test"), alias("b@x.test")];
        for alias in &aliases {
            store.add_alias(alias).await.unwrap();
        }
        let action = Action::of("replace", "", "p@y.test", "b@x.test").unwrap();
        let picked = aliases.iter().map(Picked::of).collect();
        let done = act(&store, |_| true, &action, picked).await.unwrap();
        assert_eq!(done.steps.len(), 1);
        let [(address, Why::Refused(why))] = &done.failed[..] else { panic!("{done:?}") };
        assert_eq!((address.to_string().as_str(), why), ("b@x.test", &Cause::Loop));
    }
}
