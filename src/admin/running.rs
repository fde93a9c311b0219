//! A daemon that runs, as other processes find it: its process id, and what came of its last reload.

use rustix::process::{Pid, Signal, kill_process};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// Its files in the state directory, gone when it is.
#[derive(Debug)]
pub struct Running(Files);

#[derive(Debug)]
struct Files {
    pid: PathBuf,
    reloaded: PathBuf,
}

impl Files {
    fn of(state_dir: &Path) -> Self {
        Self { pid: state_dir.join("onward.pid"), reloaded: state_dir.join("onward.reloaded") }
    }
}

impl Running {
    /// This process, which has the right to serve.
    pub fn begin(state_dir: &Path) -> Self {
        let running = Files::of(state_dir);
        if let Err(error) = fs::write(&running.pid, format!("{}\n", std::process::id())) {
            tracing::warn!(%error, "cannot write {}: no onward reload", running.pid.display());
        }
        Self(running)
    }

    /// What came of a reload.
    pub fn reloaded(&self, outcome: &Result<(), String>) {
        let text = outcome.as_ref().map_or_else(|why| why.as_str(), |()| "");
        let new = self.0.reloaded.with_extension("new");
        let written = fs::write(&new, text).and_then(|()| fs::rename(&new, &self.0.reloaded));
        if let Err(error) = written {
            tracing::warn!(%error, "cannot write {}", self.0.reloaded.display());
        }
    }

    /// Tells the daemon of `state_dir` to reload.
    ///
    /// # Errors
    /// When there is none that could be found, or we may not.
    pub fn tell_to_reload(state_dir: &Path) -> io::Result<Told> {
        let running = Files::of(state_dir);
        let text = fs::read_to_string(&running.pid)?;
        let pid = text.trim().parse().ok().and_then(Pid::from_raw);
        let pid = pid.ok_or_else(|| io::Error::other("no process id is in it"))?;
        match fs::remove_file(&running.reloaded) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        kill_process(pid, Signal::HUP)?;
        Ok(Told(running.reloaded))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0.pid);
        let _ = fs::remove_file(&self.0.reloaded);
    }
}

/// A reload that was asked for.
#[derive(Debug)]
pub struct Told(PathBuf);

impl Told {
    /// What came of it: `None` while nothing is known, else why it was refused, empty for a success.
    pub fn outcome(&self) -> Option<String> {
        fs::read_to_string(&self.0).ok()
    }
}
