use ecow::EcoString;
use std::{
    cmp::Ordering,
    fmt,
    hash::{Hash, Hasher},
};

/// A text and what it is compared by. Cloned it copies neither.
///
/// Equal, sorted and hashed as written; whoever holds it may go by the key instead.
#[derive(Clone)]
pub(super) struct Folded {
    /// The text, and behind it the key where that is another: one of these is in every address, so it is to be small.
    both: EcoString,
    text: u32,
}

impl Folded {
    /// The key is the lower case of a text that has upper case or more than ASCII.
    pub(super) fn new(text: &str) -> Self {
        let both = if !text.is_ascii() {
            [text, &text.to_lowercase()].into_iter().collect()
        } else if text.bytes().any(|b| b.is_ascii_uppercase()) {
            let mut both = EcoString::with_capacity(2 * text.len());
            both.push_str(text);
            both.extend(text.chars().map(|c| c.to_ascii_lowercase()));
            both
        } else {
            text.into()
        };
        // Addresses are bounded far below.
        Self { both, text: u32::try_from(text.len()).unwrap_or(u32::MAX) }
    }

    pub(super) fn text(&self) -> &str {
        self.parts().0
    }

    pub(super) fn key(&self) -> &str {
        match self.parts() {
            (text, "") => text,
            (_, key) => key,
        }
    }

    fn parts(&self) -> (&str, &str) {
        let end = usize::try_from(self.text).unwrap_or(usize::MAX);
        self.both.split_at_checked(end).unwrap_or((&self.both, ""))
    }
}

impl PartialEq for Folded {
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text()
    }
}

impl Eq for Folded {}

impl Hash for Folded {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text().hash(state);
    }
}

impl PartialOrd for Folded {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Folded {
    fn cmp(&self, other: &Self) -> Ordering {
        self.text().cmp(other.text())
    }
}

impl fmt::Debug for Folded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text().fmt(f)
    }
}
