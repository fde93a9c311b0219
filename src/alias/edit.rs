//! What many aliases get alike.

use super::{Alias, AliasError, Amendment, Destination};
use crate::address::Mailbox;

/// A change that many aliases get alike. One that it would not change stays as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    /// Another mailbox in the place of one.
    Destination(NewDestination),
    /// What they say of themselves.
    Words {
        /// The words.
        amendment: Amendment,
        /// Whether they are switched on from now on.
        enabled: Option<bool>,
    },
}

/// One mailbox that takes the place of another, as a destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDestination {
    old: Mailbox,
    new: Mailbox,
}

impl NewDestination {
    /// `new` in the place of `old`, whatever the case that `old` is written in.
    ///
    /// # Errors
    /// When both are the same, or an alias with a regex would read `new` as a template.
    pub fn new(old: Mailbox, new: Mailbox) -> Result<Self, EditError> {
        if new.local().as_str().contains('$') {
            return Err(EditError::Template(new.to_string()));
        }
        match old.to_key() == new.to_key() {
            true => Err(EditError::Same(new.to_string())),
            false => Ok(Self { old, new }),
        }
    }

    /// The mailbox that leaves.
    pub fn old(&self) -> &Mailbox {
        &self.old
    }

    /// The mailbox that comes.
    pub fn new_mailbox(&self) -> &Mailbox {
        &self.new
    }

    /// These destinations afterwards, `new` once only where both stood; `None` where `old` is none of them.
    pub fn within<T>(
        &self,
        destinations: &[T],
        mailbox: impl Fn(&T) -> Option<&Mailbox>,
        make: impl Fn(&Mailbox) -> T,
    ) -> Option<Vec<T>>
    where
        T: Clone,
    {
        let (old, new) = (self.old.to_key(), self.new.to_key());
        let keys: Vec<Option<String>> =
            destinations.iter().map(|one| mailbox(one).map(Mailbox::to_key)).collect();
        if !keys.contains(&Some(old.clone())) {
            return None;
        }
        let mut is_there = false;
        let mut edited = Vec::with_capacity(destinations.len());
        for (destination, key) in destinations.iter().zip(keys) {
            let is_old = key.as_ref() == Some(&old);
            if !is_old && key.as_ref() != Some(&new) {
                edited.push(destination.clone());
            } else if !std::mem::replace(&mut is_there, true) {
                edited.push(if is_old { make(&self.new) } else { destination.clone() });
            }
        }
        Some(edited)
    }
}

/// Why no mailbox takes the place of another.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// Both are the same.
    #[error(
        "there is nothing to do: {0} is the destination that is there, and the one that is to come"
    )]
    Same(String),
    /// It would be read as a template.
    #[error(
        "{0} cannot take the place of a mailbox: an alias with a regex reads $1 as what a group matched"
    )]
    Template(String),
}

impl Edit {
    /// The alias as it is afterwards; `None` where it stays as it is.
    ///
    /// # Errors
    /// When the alias cannot have what is asked for.
    pub fn of(&self, alias: &Alias) -> Result<Option<Alias>, AliasError> {
        let edited = match self {
            Self::Destination(change) => {
                let made = |new: &Mailbox| Destination::Mailbox(new.clone());
                match change.within(alias.destinations(), Destination::mailbox, made) {
                    Some(destinations) => alias.clone().with_destinations(destinations),
                    None => return Ok(None),
                }
            }
            Self::Words { amendment, enabled } => {
                let is_on = enabled.unwrap_or(alias.enabled());
                if is_on
                    && !alias.enabled()
                    && let Some(fault) = alias.fault()
                {
                    return Err(fault.clone());
                }
                match amendment.of(alias.clone()) {
                    // Of many, those that allow it no longer do.
                    Err(AliasError::NotAllowed { .. } | AliasError::NotBlocked { .. }) => {
                        return Ok(None);
                    }
                    amended => amended?.with_enabled(is_on),
                }
            }
        };
        Ok((edited != *alias).then_some(edited))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alias::{AliasAddress, SenderPattern};

    fn mailbox(text: &str) -> Mailbox {
        Mailbox::parse(text).unwrap()
    }

    fn alias(address: &str, destinations: &[&str]) -> Alias {
        Alias::forward(AliasAddress::parse(address).unwrap(), destinations).unwrap()
    }

    fn edited(alias: &Alias, old: &str, new: &str) -> Option<String> {
        let change = NewDestination::new(mailbox(old), mailbox(new)).unwrap();
        Edit::Destination(change).of(alias).unwrap().map(|alias| alias.to_string())
    }

    #[test]
    fn a_destination_in_the_place_of_another() {
        let both = alias("a@x.test", &["Old@y.test", "b@z.test", "new@y.test"]);
        for (old, new, becomes) in [
            ("old@Y.test", "c@y.test", Some("a@x.test -> c@y.test, b@z.test, new@y.test")),
            ("old@y.test", "new@y.test", Some("a@x.test -> new@y.test, b@z.test")),
            ("new@y.test", "old@y.test", Some("a@x.test -> Old@y.test, b@z.test")),
            ("none@y.test", "b@z.test", None),
        ] {
            assert_eq!(edited(&both, old, new).as_deref(), becomes, "{old} {new}");
        }
        let idn = alias("a@x.test", &["b@bücher.test"]);
        let text = edited(&idn, "B@xn--bcher-kva.test", "c@y.test");
        assert_eq!(text.as_deref(), Some("a@x.test -> c@y.test"));
        let regex = alias(r"/^(.+)@x\.test$/", &["$1@y.test", "old@y.test"]);
        let text = edited(&regex, "old@y.test", "new@y.test").unwrap();
        assert_eq!(text, r"/^(.+)@x\.test$/ -> $1@y.test, new@y.test");
    }

    #[test]
    fn what_is_no_new_destination() {
        let refused = |old, new| NewDestination::new(mailbox(old), mailbox(new)).unwrap_err();
        assert!(refused("a@y.test", "$1@y.test").to_string().contains("$1"));
        assert!(refused("a@y.test", "a@y.test").to_string().contains("nothing to do"));
        assert!(refused("A@y.test", "a@Y.test").to_string().contains("nothing to do"));
    }

    #[test]
    fn words() {
        let words = |amendment, enabled| Edit::Words { amendment, enabled };
        let one = alias("a@x.test", &["b@y.test"]);
        assert_eq!(words(Amendment::default(), None).of(&one), Ok(None));
        assert_eq!(words(Amendment::default(), Some(true)).of(&one), Ok(None));
        let off = words(Amendment::default(), Some(false)).of(&one).unwrap().unwrap();
        assert!(!off.enabled());
        let tags = Amendment { keep_tag: Some(Some(true)), ..Amendment::default() };
        assert!(words(tags.clone(), None).of(&one).unwrap().is_some());
        let all = alias("*@x.test", &["b@y.test"]);
        assert_eq!(words(tags, None).of(&all), Err(AliasError::KeepTag));
        let no_allow = vec![SenderPattern::parse("@s.test").unwrap()];
        let amendment = Amendment { no_allow, ..Amendment::default() };
        assert_eq!(words(amendment, None).of(&one), Ok(None));
    }
}
