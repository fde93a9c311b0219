//! The running daemon reads its configuration again.

use super::{Error, running::Running};
use crate::{config::Config, store::StateLock, tls::Certificates};
use std::{
    thread,
    time::{Duration, Instant},
};

/// For the daemon's answer.
const PATIENCE: Duration = Duration::from_secs(30);
const LOOK: Duration = Duration::from_millis(50);

/// Has the daemon read its configuration again, of which `config` is what it will find.
///
/// # Errors
/// When the certificates cannot be read, no daemon runs, or it goes on as before.
pub fn reload(config: &Config) -> Result<(), Error> {
    Certificates::load(&config.tls.certificates)
        .map_err(|error| Error::refused(format_args!("[tls] {error}")))?;
    let state_dir = &config.state_dir;
    let is_free =
        StateLock::keep_stopped(state_dir).map_err(|error| Error::closed(state_dir, &error))?;
    if is_free.is_some() {
        let what = "no onward serves from this state directory; `onward serve` starts one";
        return Err(Error::file(state_dir, what));
    }
    let told = Running::tell_to_reload(state_dir)
        .map_err(|error| Error::refused(format_args!("cannot tell the daemon: {error}")))?;
    let end = Instant::now() + PATIENCE;
    loop {
        match told.outcome() {
            Some(why) if why.is_empty() => return Ok(()),
            Some(why) => {
                let what = format_args!("the configuration before is in force: {why}");
                return Err(Error::refused(what));
            }
            None if Instant::now() >= end => {
                return Err(Error::refused("the daemon does not answer; its log may say why"));
            }
            None => thread::sleep(LOOK),
        }
    }
}
