//! Dialogues as text files: what a client sends, what it must be answered, what the destination
//! must get.
//!
//! The format is described in `tests/dialogs/README.md`.

mod behaviour;
mod escape;
mod parse;
mod play;
mod stage;

use std::collections::VecDeque;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::thread;

pub use parse::Dialog;
pub use play::Stage;

/// How many dialogues run at once.
const WORKERS: usize = 4;

/// Why a dialogue failed.
#[derive(Debug)]
pub struct Failure {
    /// `file:line`
    pub place: String,
    pub reason: String,
    /// What was sent and received until then.
    pub transcript: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.reason)?;
        if !self.transcript.is_empty() {
            write!(f, "\n  the dialogue so far:\n{}", self.transcript)?;
        }
        Ok(())
    }
}

/// Runs every `*.smtp` file below a directory of the repository, each against an Onward of its own,
/// and panics with all failures. The environment variable `DIALOG` picks those whose path contains
/// it.
pub fn run_directory(directory: &str) {
    // Tests run in the root of the package; a relative path is what an editor can open.
    let top = Path::new(directory);
    let wanted = std::env::var("DIALOG").unwrap_or_default();
    let mut files = Vec::new();
    collect(top, &mut files);
    files.retain(|path| path.to_string_lossy().contains(&wanted));
    files.sort();
    assert!(!files.is_empty(), "no dialogue {wanted:?} below {}", top.display());
    let count = files.len();
    let failures = run_files(files);
    for failure in &failures {
        eprintln!("{failure}\n");
    }
    assert!(failures.is_empty(), "{} of {count} dialogues failed", failures.len());
}

fn run_files(files: Vec<PathBuf>) -> Vec<String> {
    let queue = Mutex::new(VecDeque::from(files));
    let failures = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                while let Some(path) = next(&queue) {
                    if let Err(failure) = run_file(&path) {
                        failures.lock().unwrap().push(failure);
                    }
                }
            });
        }
    });
    let mut failures = failures.into_inner().unwrap();
    failures.sort();
    failures
}

/// In a thread of its own, so that a panic in its set-up is the failure of this dialogue alone.
fn run_file(path: &Path) -> Result<(), String> {
    let path = path.to_owned();
    let name = path.display().to_string();
    let running = thread::spawn(move || Dialog::read(&path)?.perform());
    match running.join() {
        Ok(outcome) => outcome.map_err(|failure| failure.to_string()),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
            Err(format!("{name}: {}", text.unwrap_or("panicked")))
        }
    }
}

fn next(queue: &Mutex<VecDeque<PathBuf>>) -> Option<PathBuf> {
    queue.lock().unwrap().pop_front()
}

fn collect(directory: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "smtp") {
            files.push(path);
        }
    }
}
