//! What is to be found on this machine beside the configurations.

use super::endpoint::Place;
use crate::postfix::{self, search_path};
use std::{
    cell::RefCell,
    collections::BTreeMap,
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

    /// The tables that could not be asked so far, and why.
    fn failures(&self) -> Vec<(String, String)>;

    /// The command that builds such a table, where it is only not built.
    fn rebuilt(&self, table: &str, why: &str) -> Option<String>;

    /// The text of a file.
    fn read(&self, file: &str) -> Option<String>;

    /// Whether somebody takes connections there.
    fn answers(&self, place: &Place) -> bool;

    /// What stands between Postfix's user and a socket, the socket itself included.
    fn barrier(&self, socket: &Path) -> Option<Barrier>;

    /// What systemd knows of a unit that is installed; `None` where there is none.
    fn unit(&self, name: &str) -> Option<Unit>;

    /// With its links followed.
    fn real(&self, path: &Path) -> PathBuf;
}

/// A directory that a user may not pass, or a socket that it may not write to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Barrier {
    pub(super) path: PathBuf,
    pub(super) is_socket: bool,
    /// Its group may not either, so it can be given to that of Postfix.
    pub(super) has_no_group: bool,
    /// The primary group of Postfix's user.
    pub(super) group: String,
}

/// A unit of systemd.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Unit {
    pub(super) is_enabled: bool,
    pub(super) is_active: bool,
    /// Where a socket listens, as `[::]:25 (Stream)`.
    pub(super) listens: Vec<String>,
}

/// This machine, and the Postfix in a configuration directory.
pub(super) struct Here<'a> {
    pub(super) config_dir: Option<&'a Path>,
    /// Whom Postfix's daemons run as.
    pub(super) mail_owner: String,
    /// Tables that could not be asked, and why.
    pub(super) failed: RefCell<BTreeMap<String, String>>,
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
        // A list has plain names too, which postmap would take for files of the default kind.
        table.contains(':').then_some(())?;
        let answer = command("postmap", self.config_dir).args(["-q", key, table]).output().ok()?;
        // A key that the table does not have is a failure without words.
        let said = String::from_utf8_lossy(&answer.stderr);
        if let Some((_, why)) = said.lines().find_map(|line| line.split_once("fatal: ")) {
            self.failed.borrow_mut().insert(table.to_owned(), why.to_owned());
        }
        answer.status.success().then(|| String::from_utf8_lossy(&answer.stdout).trim().to_owned())
    }

    fn failures(&self) -> Vec<(String, String)> {
        self.failed.borrow().clone().into_iter().collect()
    }

    fn rebuilt(&self, table: &str, why: &str) -> Option<String> {
        postfix::rebuilt(table, why)
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
        let mut way: Vec<&Path> = socket.ancestors().collect();
        way.reverse();
        way.into_iter().find_map(|path| {
            let found = fs::metadata(path).ok()?;
            let is_socket = path == socket;
            // To pass a directory, or to connect (unix(7)).
            let wanted = if is_socket { 0o2 } else { 0o1 };
            let may_pass = if found.uid() == user {
                found.mode() & (wanted << 6)
            } else if groups.contains(&found.gid()) {
                found.mode() & (wanted << 3)
            } else {
                found.mode() & wanted
            };
            (may_pass == 0 && user != 0).then_some(())?;
            Some(Barrier {
                path: path.to_owned(),
                is_socket,
                has_no_group: found.mode() & 0o070 == 0,
                group: self.id("-gn")?,
            })
        })
    }

    fn unit(&self, name: &str) -> Option<Unit> {
        let asked = Command::new("systemctl")
            .args(["show", "-p", "LoadState,UnitFileState,ActiveState,Listen", name])
            .output()
            .ok()?;
        let said = String::from_utf8_lossy(&asked.stdout);
        let has = |line: &str| said.lines().any(|known| known == line);
        has("LoadState=loaded").then(|| Unit {
            is_enabled: has("UnitFileState=enabled"),
            is_active: has("ActiveState=active"),
            listens: said
                .lines()
                .filter_map(|line| line.strip_prefix("Listen="))
                .map(str::to_owned)
                .collect(),
        })
    }

    fn real(&self, path: &Path) -> PathBuf {
        let (Some(directory), Some(name)) = (path.parent(), path.file_name()) else {
            return path.to_owned();
        };
        fs::canonicalize(directory).map_or_else(|_| path.to_owned(), |there| there.join(name))
    }
}
