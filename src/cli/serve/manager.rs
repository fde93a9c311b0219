//! What is said to and had from the service manager: sd_notify(3), sd_listen_fds(3). Without one, nothing.

use crate::{daemon::Inherited, inbound::Bound};
use listenfd::ListenFd;
use sd_notify::NotifyState;
use std::{env, time::Duration};

/// The sockets that it has bound, by their names.
pub(super) fn inherited() -> std::io::Result<Inherited> {
    let mut inherited = Inherited::new();
    let names = env::var("LISTEN_FDNAMES").unwrap_or_default();
    let mut names = names.split(':');
    let mut sockets = ListenFd::from_env();
    for at in 0..sockets.len() {
        let name = names.next().unwrap_or("unknown");
        let bound = match sockets.take_tcp_listener(at) {
            Ok(Some(listener)) => Bound::tcp(listener)?,
            _ => match sockets.take_unix_listener(at) {
                Ok(Some(listener)) => Bound::unix(listener)?,
                _ => {
                    tracing::warn!(
                        name,
                        "systemd hands over something that is no listening socket"
                    );
                    continue;
                }
            },
        };
        inherited.entry(name.to_owned()).or_default().push(bound);
    }
    Ok(inherited)
}

/// True when it has started this process, and decides by the exit code whether to do so again (systemd.exec(5)).
pub(super) fn starts_us() -> bool {
    env::var_os("INVOCATION_ID").is_some() && env::var_os("NOTIFY_SOCKET").is_some()
}

/// Ready, at the start and after a reload.
pub(super) fn ready(status: &str) {
    tell(&[NotifyState::Ready, NotifyState::Status(status)]);
}

/// A reload begins.
pub(super) fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => tell(&[NotifyState::Reloading, now]),
        Err(_) => tell(&[NotifyState::Reloading]),
    }
}

/// The end begins.
pub(super) fn stopping() {
    tell(&[NotifyState::Stopping, NotifyState::Status("stopping")]);
}

/// All is well; to be said within each interval that [`watchdog`] gives.
pub(super) fn well() {
    tell(&[NotifyState::Watchdog]);
}

/// What is not.
pub(super) fn ill(why: &str) {
    tell(&[NotifyState::Status(why)]);
}

/// How often it wants to hear that all is well.
pub(super) fn watchdog() -> Option<Duration> {
    sd_notify::watchdog_enabled()
}

fn tell(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::debug!(%error, "cannot tell the service manager");
    }
}
