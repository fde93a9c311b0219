//! What commands that write a configuration know of the service that will run by it.

use super::{Failure, files};
use crate::config::{
    DEFAULT_FILE, ListenAddress,
    service::{self, Owner, named_unit},
};
use rustix::process::geteuid;
use std::{
    io::ErrorKind,
    net::TcpListener,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::{Duration, Instant},
};

/// The one directory that the unit lets the service keep things in.
pub(super) const STATE_DIR: &str = "/var/lib/onward";

/// How long a program may take to give a port back, and how often to look.
const STOP_PATIENCE: Duration = Duration::from_secs(5);
const LOOK: Duration = Duration::from_millis(100);

/// The service of a configuration file: the units run the default one alone.
#[derive(Debug, Clone, Default)]
pub(super) struct Unit {
    /// This machine has the units, and they run this file.
    pub(super) is_there: bool,
    /// The user it runs as, where files can be given to it.
    pub(super) user: Option<Owner>,
}

impl Unit {
    pub(super) fn of(config_file: &Path) -> Self {
        if config_file != Path::new(DEFAULT_FILE) {
            return Self::default();
        }
        let user = geteuid().is_root().then(service::user).flatten();
        Self { is_there: service::has_units(), user }
    }

    /// Makes the state directory, the user's where there is one, and says with whom to share secrets.
    ///
    /// # Errors
    /// When it cannot be made or given to the user.
    pub(super) fn state_directory(&self, directory: &Path) -> Result<Option<Owner>, Failure> {
        files::make_private_directory(directory, self.user)?;
        match self.user {
            Some(user) => Ok(Some(user)),
            None => files::owner(directory),
        }
    }

    /// The command that has the service run, and its sockets before it.
    pub(super) fn enable(listen: &[ListenAddress]) -> String {
        format!("systemctl {}", Self::enable_arguments(listen).join(" "))
    }

    fn enable_arguments(listen: &[ListenAddress]) -> Vec<String> {
        let mut arguments = vec!["enable".to_owned(), "--now".to_owned()];
        arguments.extend(listen.iter().filter_map(|address| match address {
            ListenAddress::Systemd(name) => Some(named_unit(name)),
            _ => None,
        }));
        arguments.push("onward.service".to_owned());
        arguments
    }

    /// Runs what [`Unit::enable`] says.
    ///
    /// # Errors
    /// When it fails, as it does where there is no systemd.
    pub(super) fn enable_now(listen: &[ListenAddress]) -> Result<(), Failure> {
        let failed = |what: String| {
            Failure::new(format_args!(
                "all is written, but {} failed: {what}",
                Self::enable(listen)
            ))
        };
        let status = Command::new("systemctl").args(Self::enable_arguments(listen)).status();
        match status.map_err(|error| failed(error.to_string()))? {
            status if status.success() => Ok(()),
            status => Err(failed(format!("{status}; journalctl -u onward may say why"))),
        }
    }
}

/// [`is_taken`], once whoever has been told to stop had time for it: a Postfix ends behind its systemctl.
pub(super) fn stays_taken(address: &ListenAddress) -> bool {
    let end = Instant::now() + STOP_PATIENCE;
    while is_taken(address) {
        if Instant::now() >= end {
            return true;
        }
        thread::sleep(LOOK);
    }
    false
}

/// Whether somebody else than systemd for us has the TCP port that `address` needs.
pub(super) fn is_taken(address: &ListenAddress) -> bool {
    let (host, port) = match address {
        ListenAddress::Tcp { host, port } => (host.clone(), *port),
        ListenAddress::Systemd(name) => {
            let Some(port) = service::port_of_socket(name) else { return false };
            if is_active(&named_unit(name)) {
                return false;
            }
            ("0.0.0.0".to_owned(), port)
        }
        ListenAddress::Unix(_) => return false,
    };
    // A port that must not be bound by us may be free.
    TcpListener::bind((host, port)).is_err_and(|error| error.kind() == ErrorKind::AddrInUse)
}

fn is_active(unit: &str) -> bool {
    let asked = Command::new("systemctl").args(["is-active", "--quiet", unit]).status();
    asked.is_ok_and(|status| status.success())
}

/// What the unit does not let the service do with such a configuration, and what helps.
pub(super) fn obstacles(listen: &[ListenAddress], state_dir: &PathBuf) -> Vec<String> {
    let mut obstacles = Vec::new();
    if state_dir != Path::new(STATE_DIR) {
        obstacles.push(format!(
            "onward.service may write nothing but {STATE_DIR}: `systemctl edit onward`, [Service], ReadWritePaths={}",
            state_dir.display()
        ));
    }
    for address in listen {
        match address {
            ListenAddress::Tcp { port: port @ 1..1024, .. } => {
                let instead = service::socket_of_port(*port).map_or_else(
                    || "a socket of systemd".to_owned(),
                    |socket| format!("address = \"{socket}\""),
                );
                obstacles.push(format!(
                    "onward.service has no right to port {port}, which {instead} gives it"
                ));
            }
            ListenAddress::Unix(path) if !path.starts_with("/run/onward") => obstacles.push(format!(
                "onward.service may make no socket at {}: systemd makes one (address = \"systemd:socketmap\", \
                 onward-socketmap.socket)",
                path.display()
            )),
            _ => {}
        }
    }
    obstacles
}
