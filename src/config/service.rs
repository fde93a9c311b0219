//! The service that runs Onward, as systemd/ and the package set it up.

use super::ListenAddress;
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// The units whose sockets systemd binds: the name that a listener calls each by, and its TCP port.
const SOCKETS: [(&str, &str, Option<u16>); 6] = [
    ("smtp", "onward.socket", Some(25)),
    ("smtps", "onward-smtps.socket", Some(465)),
    ("submission", "onward-submission.socket", Some(587)),
    ("acme", "onward-acme.socket", Some(80)),
    ("socketmap", "onward-socketmap.socket", None),
    ("milter", "onward-milter.socket", None),
];

/// Where systemd looks for units.
const UNITS: [&str; 5] = [
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
];

/// The user that the unit runs as.
const USER: &str = "onward";

/// A user and a group of this machine, by their numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owner {
    /// The user.
    pub user: u32,
    /// The group.
    pub group: u32,
}

/// The unit of the socket that `name` is the FileDescriptorName= of; with another name it is somebody's own.
pub fn socket_unit(name: &str) -> Option<&'static str> {
    SOCKETS.iter().find(|(known, ..)| *known == name).map(|(_, unit, _)| *unit)
}

/// By which name systemd hands `port` over.
pub fn socket_of_port(port: u16) -> Option<ListenAddress> {
    let (name, ..) = SOCKETS.iter().find(|(.., known)| *known == Some(port))?;
    Some(ListenAddress::Systemd((*name).to_owned()))
}

/// The port that the socket of this name is for.
pub fn port_of_socket(name: &str) -> Option<u16> {
    SOCKETS.iter().find(|(known, ..)| *known == name).and_then(|(.., port)| *port)
}

/// The unit of a socket, or words for one that is somebody's own.
pub fn named_unit(name: &str) -> String {
    socket_unit(name)
        .map_or_else(|| format!("the unit with FileDescriptorName={name}"), ToOwned::to_owned)
}

/// Where systemd makes the unix socket of this name, as its unit and what is said beside that have it.
pub fn path_of_socket(name: &str) -> Option<PathBuf> {
    let arguments = ["show", "--property=Listen", "--value", socket_unit(name)?];
    let answer = Command::new("systemctl").args(arguments).output().ok()?;
    let listen = String::from_utf8(answer.stdout).ok()?;
    listen.strip_suffix('\n')?.strip_suffix(" (Stream)").and_then(path)
}

fn path(text: &str) -> Option<PathBuf> {
    text.starts_with('/').then(|| text.into())
}

/// Whether this machine has the units.
pub fn has_units() -> bool {
    UNITS.iter().any(|directory| Path::new(directory).join("onward.socket").exists())
}

/// Whom files belong to that the service's user is to have, where there is that user.
pub fn user() -> Option<Owner> {
    let users = fs::read_to_string("/etc/passwd").ok()?;
    users.lines().find_map(|line| {
        // name:password:user:group:…
        let mut fields = line.split(':');
        (fields.next() == Some(USER)).then_some(())?;
        Some(Owner { user: fields.nth(1)?.parse().ok()?, group: fields.next()?.parse().ok()? })
    })
}

/// A socket that systemd hands over in vain, and what is to be done about it.
pub fn unnamed(name: &str) -> String {
    format!(
        "systemd hands over the socket {name:?}, which no listener names: nobody answers there, and no other program can; \
         {} gives it up, address = \"systemd:{name}\" in a [[listen]] makes use of it",
        give_up(name)
    )
}

/// The commands that free what such a socket holds.
pub fn give_up(name: &str) -> String {
    match socket_unit(name) {
        Some(unit) => format!("systemctl disable --now {unit} && systemctl restart onward.service"),
        None => format!("systemctl disable --now of {}", named_unit(name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the units say and what is known of them here is one thing.
    #[test]
    fn the_sockets_are_those_of_the_units() {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("systemd");
        let mut units = 0;
        for entry in fs::read_dir(&directory).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|extension| extension != "socket") {
                continue;
            }
            units += 1;
            let text = fs::read_to_string(&path).unwrap();
            let value = |key: &str| text.lines().find_map(|line| line.strip_prefix(key));
            let name = value("FileDescriptorName=").unwrap();
            assert_eq!(socket_unit(name), path.file_name().unwrap().to_str());
            let port = value("ListenStream=").unwrap().parse().ok();
            let of_port = port.and_then(socket_of_port).map(|address| address.to_string());
            assert_eq!(of_port, port.map(|_| format!("systemd:{name}")));
        }
        assert_eq!(units, SOCKETS.len());
    }
}
