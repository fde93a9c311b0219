use parking_lot::Mutex;
use std::{collections::HashSet, sync::Arc};

/// Who asks DNS at once: each one thing at a time, and a few in all, so that nobody waits for whoever asks about a silent domain.
#[derive(Debug, Clone)]
pub(super) struct Asking {
    whose: Arc<Mutex<HashSet<String>>>,
    /// How many ask at once.
    places: usize,
    /// How many of these are for those who see everything.
    kept: usize,
}

/// Held by whoever asks, until it is answered.
#[derive(Debug)]
pub(super) struct Place(Asking, String);

/// Why somebody has to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoPlace {
    /// What they asked before is not answered yet.
    Asks,
    /// Too many others ask.
    Others,
}

impl Asking {
    /// `places` in all, of which one is kept for those who see everything.
    pub(super) fn new(places: usize) -> Self {
        Self { whose: Arc::default(), places, kept: 1 }
    }

    /// A place for whoever `who` is.
    ///
    /// # Errors
    /// When there is none.
    pub(super) fn claim(&self, who: String, sees_all: bool) -> Result<Place, NoPlace> {
        let places = if sees_all { self.places } else { self.places - self.kept };
        let mut whose = self.whose.lock();
        if whose.contains(&who) {
            return Err(NoPlace::Asks);
        }
        if whose.len() >= places {
            return Err(NoPlace::Others);
        }
        whose.insert(who.clone());
        Ok(Place(self.clone(), who))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.whose.lock().remove(&self.1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_asks_one_thing_at_a_time_and_a_few_do_at_once() {
        let asking = Asking::new(3);
        let claim = |who: &str, sees_all| asking.claim(who.to_owned(), sees_all);
        let first = claim("anna", false).unwrap();
        assert_eq!(claim("anna", false).unwrap_err(), NoPlace::Asks);
        let second = claim("otto", false).unwrap();
        assert_eq!(claim("eva", false).unwrap_err(), NoPlace::Others, "the last is kept");
        let third = claim("root", true).unwrap();
        assert_eq!(claim("root", true).unwrap_err(), NoPlace::Asks);
        assert_eq!(claim("other root", true).unwrap_err(), NoPlace::Others);
        drop((first, second, third));
        assert!(claim("anna", false).is_ok(), "a place is free again");
    }
}
