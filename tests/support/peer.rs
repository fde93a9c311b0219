use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::DEADLINE;
use super::process::Process;

/// A configuration for Postfix's programs where no instance is meant: whatever is in /etc/postfix, if anything.
pub const POSTFIX_CONFIG: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/postfix-config");

/// How an outside program ended.
#[derive(Debug)]
pub struct Ended {
    pub success: bool,
    /// stdout and stderr together.
    pub output: String,
}

/// Runs an outside program such as `swaks` to its end; `None` means: skip, as with [`program`].
pub fn run(name: &str, arguments: &[&str]) -> Option<Ended> {
    run_for(DEADLINE, name, arguments)
}

/// [`run`] with a deadline of its own, for load.
pub fn run_for(deadline: Duration, name: &str, arguments: &[&str]) -> Option<Ended> {
    let mut command = Command::new(program(name)?);
    command.args(arguments).env("MAIL_CONFIG", POSTFIX_CONFIG);
    let mut process = Process::spawn(name, &mut command);
    let success = process.wait_exit(deadline).success();
    Some(Ended { success, output: process.finished_output() })
}

/// Finds an outside program that a test needs, such as `swaks`.
///
/// `None` means: skip, and say so. With `CI=true` nothing may be skipped, so there it panics.
/// `tests/run` lists what is skipped.
pub fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var("PATH").unwrap_or_default();
    let found = path
        .split(':')
        .chain(["/usr/sbin", "/usr/local/sbin"])
        .map(|directory| Path::new(directory).join(name))
        .find(|candidate| candidate.is_file());
    if found.is_none() {
        skipped(&format!("{name} is not installed"));
    }
    found
}

/// Whether the tests run as root.
pub fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

/// Whether the tests run as root, which Postfix needs.
pub fn root() -> bool {
    let is_root = is_root();
    if !is_root {
        skipped("not root");
    }
    is_root
}

pub fn skipped(why: &str) {
    assert!(std::env::var("CI").as_deref() != Ok("true"), "CI=true and {why}");
    eprintln!("skipped: {why}");
}
