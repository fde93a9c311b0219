//! What is said once on the next page somebody sees: kept here, so that nobody puts words into our mouth by a link.

use crate::rate::Recent;
use parking_lot::Mutex;
use std::mem::take;

/// Visitors for whom something is kept.
const VISITORS: usize = 1_000;
/// Notices of one visitor.
const OF_VISITOR: usize = 5;

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Notice {
    /// For whoever reads it.
    pub(crate) text: String,
    /// How it is taken back.
    pub(crate) undo: Option<Undo>,
}

/// A form that takes something back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Undo {
    /// Where it is sent.
    pub(crate) action: String,
    /// What is sent.
    pub(crate) fields: Vec<(String, String)>,
}

impl Notice {
    /// One that nothing takes back.
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), undo: None }
    }
}

/// The notices that nobody has seen yet, by visitor.
#[derive(Debug)]
pub(in crate::web) struct Notices(Mutex<Recent<String, Vec<Notice>>>);

impl Default for Notices {
    fn default() -> Self {
        Self(Mutex::new(Recent::new(VISITORS)))
    }
}

impl Notices {
    /// Keeps one for the next page; the oldest go where there are too many.
    pub(super) fn add(&self, visitor: String, notice: Notice) {
        self.0.lock().change(visitor, |own| {
            own.push(notice);
            let over = own.len().saturating_sub(OF_VISITOR);
            own.drain(..over);
        });
    }

    /// All of them, this once.
    pub(super) fn take(&self, visitor: &str) -> Vec<Notice> {
        let (mut all, visitor) = (self.0.lock(), visitor.to_owned());
        match all.get(&visitor) {
            Some(own) if !own.is_empty() => all.change(visitor, take),
            _ => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_is_seen_once_and_by_nobody_else() {
        let notices = Notices::default();
        (0..7).for_each(|n| notices.add("a".into(), Notice::new(n.to_string())));
        assert_eq!(notices.take("b"), []);
        let texts: Vec<_> = notices.take("a").into_iter().map(|notice| notice.text).collect();
        assert_eq!(texts, ["2", "3", "4", "5", "6"]);
        assert_eq!(notices.take("a"), []);
    }
}
