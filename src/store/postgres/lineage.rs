//! Which history a server goes on with, and which one this machine knew last.

use super::new_instance;
use parking_lot::Mutex;
use std::{
    fmt, fs,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

/// A system and its timeline: whoever takes over begins a later one of the same system.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Lineage {
    /// Nothing where the server does not tell.
    system: String,
    timeline: u32,
}

/// The last one that a connection was made to, by anybody of this machine: the store of a node, its journal, a command.
#[derive(Debug)]
pub(super) struct Known {
    latest: Mutex<Lineage>,
    /// Where they tell each other, and whoever begins when only the server before is there.
    file: Option<PathBuf>,
}

/// Another server has taken over.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "another server has taken over from the one that answers, which is of timeline {answers}, and {known} is known"
)]
pub(super) struct TakenOver {
    answers: u32,
    known: u32,
}

impl Lineage {
    /// Whether another has taken over from this one; `None` where that cannot be told.
    pub(super) fn is_behind(&self, other: &Self) -> Option<bool> {
        let is_known = !self.system.is_empty() && self.system == other.system;
        (is_known && self.timeline != other.timeline).then_some(self.timeline < other.timeline)
    }

    /// As a server tells it.
    pub(super) fn parse(told: &str) -> Self {
        let parts = told.split_once(' ');
        let timeline = parts.and_then(|(_, timeline)| u32::from_str_radix(timeline, 16).ok());
        match (parts, timeline) {
            (Some((system, _)), Some(timeline)) if !system.is_empty() => {
                Self { system: system.to_owned(), timeline }
            }
            _ => Self::default(),
        }
    }
}

impl fmt::Display for Lineage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:08X}", self.system, self.timeline)
    }
}

impl Known {
    /// What the file says; without one, what is learnt is known here alone.
    pub(super) fn kept_in(file: Option<&Path>) -> Self {
        let known = Self { latest: Mutex::default(), file: file.map(Path::to_owned) };
        known.look();
        known
    }

    /// Heeds what others have learnt.
    pub(super) fn look(&self) {
        self.heed(&mut self.latest.lock());
    }

    /// Notes what a server goes on with.
    ///
    /// # Errors
    /// When another has taken over from it.
    pub(super) fn learn(&self, lineage: &Lineage) -> Result<(), TakenOver> {
        let mut latest = self.latest.lock();
        self.heed(&mut latest);
        if lineage.is_behind(&latest) == Some(true) {
            return Err(TakenOver { answers: lineage.timeline, known: latest.timeline });
        }
        if note(&mut latest, lineage)
            && let Some(file) = &self.file
            && let Err(error) = keep(file, lineage)
            // Nobody has served here, or a command is another user's.
            && !matches!(error.kind(), ErrorKind::NotFound | ErrorKind::PermissionDenied)
        {
            tracing::warn!(file = %file.display(), %error, "cannot keep which server serves");
        }
        Ok(())
    }

    pub(super) fn is_later_than(&self, lineage: &Lineage) -> bool {
        lineage.is_behind(&self.latest.lock()) == Some(true)
    }

    fn heed(&self, latest: &mut Lineage) {
        // None is there at first, and another user's may not be read.
        let told = self.file.as_ref().and_then(|file| fs::read_to_string(file).ok());
        let told = told.map(|told| Lineage::parse(told.trim())).unwrap_or_default();
        if told != Lineage::default() && told.is_behind(latest) != Some(true) {
            note(latest, &told);
        }
    }
}

/// False where that was known.
fn note(latest: &mut Lineage, lineage: &Lineage) -> bool {
    if latest == lineage {
        return false;
    }
    if *latest != Lineage::default() {
        tracing::warn!(timeline = lineage.timeline, "another server of the database serves");
    }
    latest.clone_from(lineage);
    true
}

/// At once and whole, as others may read it meanwhile.
fn keep(file: &Path, lineage: &Lineage) -> io::Result<()> {
    let new = file.with_extension(new_instance());
    fs::write(&new, format!("{lineage}\n"))?;
    fs::rename(new, file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_behind() {
        let of = |told: &str| Lineage::parse(told);
        for (one, other, is) in [
            ("71 00000001", "71 00000002", Some(true)),
            ("71 0000000A", "71 00000002", Some(false)),
            ("71 00000002", "71 00000002", None),
            ("71 00000001", "72 00000002", None),
            ("", "71 00000002", None),
            ("71", "71 00000002", None),
        ] {
            assert_eq!(of(one).is_behind(&of(other)), is, "{one} and {other}");
            assert_eq!(of(&of(one).to_string()), of(one), "{one}");
        }
    }

    #[test]
    fn what_one_has_learnt_all_heed_and_nobody_goes_back() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("server");
        let (old, new) = (Lineage::parse("71 00000001"), Lineage::parse("71 00000002"));
        let (store, journal) = (Known::kept_in(Some(&file)), Known::kept_in(Some(&file)));
        store.learn(&old).unwrap();
        assert!(!store.is_later_than(&old));
        journal.learn(&new).unwrap();
        // The one has met the new server, and the other only the old one again.
        assert_eq!(store.learn(&old), Err(TakenOver { answers: 1, known: 2 }));
        assert!(store.is_later_than(&old));
        assert_eq!(Known::kept_in(Some(&file)).learn(&old), store.learn(&old));
        // What took over is another system in the end.
        journal.learn(&Lineage::parse("72 00000001")).unwrap();
        store.look();
        assert!(!store.is_later_than(&old));
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1, "drafts are left");
    }

    #[test]
    fn without_a_file_it_is_known_by_one() {
        let known = Known::kept_in(None);
        known.learn(&Lineage::parse("71 00000002")).unwrap();
        assert!(known.learn(&Lineage::parse("71 00000001")).is_err());
        assert!(known.learn(&Lineage::default()).is_ok(), "one that does not tell");
    }
}
