//! A daemon that runs, as other processes find it: its process id, and what came of its last reload.

use super::known::Known;
use crate::mail::{Bite, KeptLimits};
use rustix::process::{Pid, Signal, kill_process};
use std::{
    fs,
    io::{self, Write},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

/// Most providers that go on at once because somebody asks.
const RESUMES: usize = 1000;

/// Its files in the state directory, gone when it is.
#[derive(Debug)]
pub struct Running(Files);

#[derive(Debug)]
struct Files {
    pid: PathBuf,
    reloaded: PathBuf,
    trouble: PathBuf,
    over_rates: PathBuf,
    sockets: PathBuf,
    maps: PathBuf,
    /// These stay where they are when the daemon stops.
    limits: PathBuf,
    providers: PathBuf,
    /// Providers that are to get what they take again, one a line.
    resumes: PathBuf,
}

impl Files {
    fn of(state_dir: &Path) -> Self {
        let file = |name| state_dir.join(name);
        Self {
            pid: file("onward.pid"),
            reloaded: file("onward.reloaded"),
            trouble: file("onward.trouble"),
            over_rates: file("onward.over-rates"),
            sockets: file("onward.sockets"),
            maps: file("onward.maps"),
            limits: file("onward.limits"),
            providers: file("onward.providers"),
            resumes: file("onward.resume"),
        }
    }
}

impl Running {
    /// This process, which has the right to serve.
    pub fn begin(state_dir: &Path) -> Self {
        let running = Files::of(state_dir);
        // One of a process that was killed may be another user's.
        let _ = fs::remove_file(&running.pid);
        if let Err(error) = fs::write(&running.pid, format!("{}\n", std::process::id())) {
            tracing::warn!(%error, "cannot write {}: no onward reload", running.pid.display());
        }
        Self(running)
    }

    /// What came of a reload.
    pub fn reloaded(&self, outcome: &Result<(), String>) {
        write(&self.0.reloaded, outcome.as_ref().map_or_else(|why| why.as_str(), |()| ""));
    }

    /// Has other processes know what the daemon of `state_dir` cannot do for now, or that nothing is amiss.
    pub fn tell_trouble(state_dir: &Path, trouble: Option<&str>) {
        write_or_remove(&Files::of(state_dir).trouble, trouble);
    }

    /// Has other processes know which of Postfix's tables do not answer the daemon of `state_dir`, one a line.
    pub fn tell_maps(state_dir: &Path, faults: &str) {
        write_or_remove(&Files::of(state_dir).maps, Some(faults).filter(|text| !text.is_empty()));
    }

    /// Postfix's tables that do not answer the daemon of `state_dir`, and why.
    pub fn maps(state_dir: &Path) -> Vec<String> {
        let text = fs::read_to_string(Files::of(state_dir).maps).unwrap_or_default();
        text.lines().map(ToOwned::to_owned).collect()
    }

    /// What the daemon of `state_dir` cannot do for now.
    pub fn trouble(state_dir: &Path) -> Option<String> {
        fs::read_to_string(Files::of(state_dir).trouble).ok()
    }

    /// Has other processes know which rates are exceeded.
    pub fn tell_over_rates(state_dir: &Path, bites: &[Bite]) {
        let text = (!bites.is_empty()).then(|| serde_json::to_string(bites).ok()).flatten();
        write_or_remove(&Files::of(state_dir).over_rates, text.as_deref());
    }

    /// The rates that are exceeded at the daemon of `state_dir`, the most frequent first.
    pub fn over_rates(state_dir: &Path) -> Vec<Bite> {
        let text = fs::read_to_string(Files::of(state_dir).over_rates).unwrap_or_default();
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// Keeps what was taken of the limits of aliases, for other processes and the next daemon of `state_dir`.
    pub fn keep_limits(state_dir: &Path, kept: &KeptLimits) {
        let text = (!kept.is_empty()).then(|| serde_json::to_string(kept).ok()).flatten();
        write_or_remove(&Files::of(state_dir).limits, text.as_deref());
    }

    /// What was taken of the limits of aliases, as the daemon of `state_dir` that runs, or ran last, kept it.
    pub fn limits(state_dir: &Path) -> Option<KeptLimits> {
        let text = fs::read_to_string(Files::of(state_dir).limits).ok()?;
        serde_json::from_str(&text).ok()
    }

    /// Keeps what is known of providers, for other processes and the next daemon of `state_dir`.
    pub fn keep_providers(state_dir: &Path, known: &Known) {
        let text =
            (*known != Known::default()).then(|| serde_json::to_string(known).ok()).flatten();
        write_or_remove(&Files::of(state_dir).providers, text.as_deref());
    }

    /// What is known of providers, as the daemon of `state_dir` that runs, or ran last, kept it.
    pub fn providers(state_dir: &Path) -> Option<Known> {
        let text = fs::read_to_string(Files::of(state_dir).providers).ok()?;
        serde_json::from_str(&text).ok()
    }

    /// Asks the daemon of `state_dir` to let a provider get what it takes again.
    ///
    /// # Errors
    /// When we may not.
    pub fn ask_to_resume(state_dir: &Path, provider: &str) -> io::Result<()> {
        let file = Files::of(state_dir).resumes;
        let mut lines = fs::OpenOptions::new().append(true).create(true).open(&file)?;
        lines.write_all(format!("{provider}\n").as_bytes())?;
        // The daemon is another user as a rule.
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644))
    }

    /// Providers that somebody asks to get what they take again, each once.
    pub fn take_resumes(state_dir: &Path) -> Vec<String> {
        let file = Files::of(state_dir).resumes;
        let mut taken = file.as_os_str().to_owned();
        taken.push(".taken");
        // What is written from now on is in a new file.
        if fs::rename(&file, &taken).is_err() {
            return Vec::new();
        }
        let text = fs::read_to_string(&taken).unwrap_or_default();
        drop(fs::remove_file(&taken));
        text.lines().take(RESUMES).map(ToOwned::to_owned).collect()
    }

    /// Has other processes know of the sockets, by their names, that systemd hands over and no listener is on.
    pub fn tell_unnamed_sockets(state_dir: &Path, names: &[String]) {
        let text = (!names.is_empty()).then(|| names.join("\n"));
        write_or_remove(&Files::of(state_dir).sockets, text.as_deref());
    }

    /// The sockets that the daemon of `state_dir` is handed over in vain.
    pub fn unnamed_sockets(state_dir: &Path) -> Vec<String> {
        let names = fs::read_to_string(Files::of(state_dir).sockets).unwrap_or_default();
        names.lines().map(ToOwned::to_owned).collect()
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
        let _ = fs::remove_file(&self.0.trouble);
        let _ = fs::remove_file(&self.0.over_rates);
        let _ = fs::remove_file(&self.0.sockets);
        let _ = fs::remove_file(&self.0.maps);
    }
}

fn write_or_remove(file: &Path, text: Option<&str>) {
    match text {
        Some(text) => write(file, text),
        // It was mostly never there.
        None => drop(fs::remove_file(file)),
    }
}

/// Whole, or not at all.
fn write(file: &Path, text: &str) {
    let mut new = file.as_os_str().to_owned();
    new.push(".new");
    if let Err(error) = fs::write(&new, text).and_then(|()| fs::rename(&new, file)) {
        tracing::warn!(%error, "cannot write {}", file.display());
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
