//! What is to be found on this machine beside the configurations.

use super::endpoint::Place;
use crate::postfix::search_path;
use std::{
    fs,
    net::{TcpStream, ToSocketAddrs},
    os::unix::{fs::MetadataExt, net::UnixStream},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

/// Asked by the examination; a table of answers in tests.
pub(super) trait Machine {
    /// What a table of Postfix's says of a key.
    fn lookup(&self, table: &str, key: &str) -> Option<String>;

    /// The text of a file.
    fn read(&self, file: &str) -> Option<String>;

    /// Whether somebody takes connections there.
    fn answers(&self, place: &Place) -> bool;

    /// What stands between Postfix's user and a socket.
    fn barrier(&self, socket: &Path) -> Option<Barrier>;

    /// With its links followed.
    fn real(&self, path: &Path) -> PathBuf;
}

/// A directory that a user may not pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Barrier {
    pub(super) directory: PathBuf,
    /// Its group may not either, so it can be given to that of Postfix.
    pub(super) has_no_group: bool,
    /// The primary group of Postfix's user.
    pub(super) group: String,
}

/// This machine, and the Postfix in a configuration directory.
pub(super) struct Here<'a> {
    pub(super) config_dir: Option<&'a Path>,
    /// Whom Postfix's daemons run as.
    pub(super) mail_owner: String,
}

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// One of Postfix's own programmes.
pub(super) fn command(name: &str, config_dir: Option<&Path>) -> Command {
    let mut command = Command::new(name);
    command.env("PATH", search_path()).stdin(Stdio::null());
    if let Some(directory) = config_dir {
        command.arg("-c").arg(directory);
    }
    command
}

impl Here<'_> {
    fn id(&self, what: &str) -> Option<String> {
        let answer = Command::new("id").args([what, &self.mail_owner]).output().ok()?;
        answer.status.success().then(|| String::from_utf8_lossy(&answer.stdout).trim().to_owned())
    }
}

impl Machine for Here<'_> {
    fn lookup(&self, table: &str, key: &str) -> Option<String> {
        let answer = command("postmap", self.config_dir).args(["-q", key, table]).output().ok()?;
        answer.status.success().then(|| String::from_utf8_lossy(&answer.stdout).trim().to_owned())
    }

    fn read(&self, file: &str) -> Option<String> {
        Some(String::from_utf8_lossy(&fs::read(file).ok()?).into_owned())
    }

    fn answers(&self, place: &Place) -> bool {
        match place {
            Place::Unix(path) => UnixStream::connect(path).is_ok(),
            Place::Inet(address) => address.to_socket_addrs().is_ok_and(|mut addresses| {
                addresses.any(|at| TcpStream::connect_timeout(&at, CONNECT_TIMEOUT).is_ok())
            }),
        }
    }

    fn barrier(&self, socket: &Path) -> Option<Barrier> {
        let user: u32 = self.id("-u")?.parse().ok()?;
        let groups = self.id("-G")?;
        let groups: Vec<u32> = groups.split(' ').filter_map(|group| group.parse().ok()).collect();
        let mut directories: Vec<&Path> = socket.ancestors().skip(1).collect();
        directories.reverse();
        directories.into_iter().find_map(|directory| {
            let found = fs::metadata(directory).ok()?;
            let may_pass = if found.uid() == user {
                found.mode() & 0o100
            } else if groups.contains(&found.gid()) {
                found.mode() & 0o010
            } else {
                found.mode() & 0o001
            };
            (may_pass == 0 && user != 0).then_some(())?;
            Some(Barrier {
                directory: directory.to_owned(),
                has_no_group: found.mode() & 0o070 == 0,
                group: self.id("-gn")?,
            })
        })
    }

    fn real(&self, path: &Path) -> PathBuf {
        let (Some(directory), Some(name)) = (path.parent(), path.file_name()) else {
            return path.to_owned();
        };
        fs::canonicalize(directory).map_or_else(|_| path.to_owned(), |there| there.join(name))
    }
}
