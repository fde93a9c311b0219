//! `onward reload`: the running daemon reads its configuration again.

use super::{Context, Failure, running::Running};
use crate::{store::StateLock, tls::Certificates};
use std::{
    io::Write,
    process::ExitCode,
    thread,
    time::{Duration, Instant},
};

/// For the daemon's answer.
const PATIENCE: Duration = Duration::from_secs(30);
const LOOK: Duration = Duration::from_millis(50);

/// Has the running daemon read its configuration again
///
/// No session is lost. A configuration that is refused leaves the one before in force, and exits 1.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// `onward reload`.
///
/// # Errors
/// When the configuration is wrong, no daemon runs, or it goes on as before.
pub fn run(_: Args, context: &Context) -> Result<ExitCode, Failure> {
    let config = context.config()?;
    Certificates::load(&config.tls.certificates)
        .map_err(|error| Failure::new(format_args!("[tls] {error}")))?;
    let state_dir = &config.state_dir;
    let is_free = StateLock::keep_stopped(state_dir).map_err(|e| Failure::file(state_dir, e))?;
    if is_free.is_some() {
        let what = "no onward serves from this state directory; `onward serve` starts one";
        return Err(Failure::file(state_dir, what));
    }
    let told = Running::tell_to_reload(state_dir)
        .map_err(|error| Failure::new(format_args!("cannot tell the daemon: {error}")))?;
    let end = Instant::now() + PATIENCE;
    loop {
        match told.outcome() {
            Some(why) if why.is_empty() => {
                writeln!(context.out(), "reloaded")?;
                return Ok(ExitCode::SUCCESS);
            }
            Some(why) => {
                return Err(Failure::new(format_args!(
                    "the configuration before is in force: {why}"
                )));
            }
            None if Instant::now() >= end => {
                return Err(Failure::new("the daemon does not answer; its log may say why"));
            }
            None => thread::sleep(LOOK),
        }
    }
}
