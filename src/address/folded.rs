use std::{fmt, sync::Arc};

/// A text and what it is compared by. Cloned it copies neither.
///
/// Equal, sorted and hashed as written; whoever holds it may go by the key instead.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Folded {
    text: Arc<str>,
    /// Where `text` is its own key, the same memory.
    key: Arc<str>,
}

impl Folded {
    /// `fold` makes the lower case of a text that has upper case or more than ASCII.
    pub(super) fn new(text: &str, fold: impl FnOnce(&str) -> String) -> Self {
        let own: Arc<str> = text.into();
        let is_key = text.bytes().all(|b| b.is_ascii() && !b.is_ascii_uppercase());
        let key = if is_key { Arc::clone(&own) } else { fold(text).into() };
        Self { text: own, key }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn key(&self) -> &str {
        &self.key
    }
}

impl fmt::Debug for Folded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text.fmt(f)
    }
}
