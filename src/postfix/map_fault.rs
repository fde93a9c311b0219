//! A map of Postfix that does not answer: the reason, and what mends it.

use std::{
    ffi::OsStr,
    fs, io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    process::Command,
};

/// Kinds of tables that Debian has in packages of their own.
const PACKAGED: [&str; 8] = ["cdb", "ldap", "lmdb", "mongodb", "mysql", "pcre", "pgsql", "sqlite"];
/// What `postmap` and `postalias` put behind the name of what they build a table of.
const BUILT: [&str; 5] = ["db", "lmdb", "cdb", "dir", "pag"];
/// Whom the package's service runs as.
const PACKAGED_USER: &str = "onward";
/// The bit of a mode by which everybody may enter a directory.
const ANYBODY_ENTERS: u32 = 0o001;

/// A map that does not answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{map}: {why}; {mend}")]
pub struct MapFault {
    /// As the configuration names it.
    pub map: String,
    /// What `postmap` says, or what stands against `postmap`.
    pub why: String,
    /// What to do about it.
    pub mend: String,
}

/// What came of asking.
#[derive(Debug)]
pub(super) enum Trouble {
    /// `postmap` cannot be run.
    Run(io::Error),
    /// `postmap` takes too long.
    Silent,
    /// `postmap` fails and says why.
    Says(String),
}

/// Who asks: this process, or the user that the service runs as.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Asker(Option<Owner>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Owner {
    user: u32,
    group: u32,
}

impl Asker {
    /// Where we are root, who may read tables that the service may not: the owner of the state directory; before the
    /// first start, the user of the package.
    pub fn of_service(state_dir: &Path) -> Self {
        if !rustix::process::geteuid().is_root() {
            return Self(None);
        }
        let owner = match fs::metadata(state_dir) {
            Ok(of) => Some(Owner { user: of.uid(), group: of.gid() }),
            Err(_) => users().into_iter().find(|(name, _)| name == PACKAGED_USER).map(|(_, of)| of),
        };
        Self(owner.filter(|owner| owner.user != 0))
    }

    /// `program`, run as this user.
    pub(super) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let Some(Owner { user, group }) = self.0 else { return Command::new(program) };
        let mut command = Command::new("setpriv");
        command.args([format!("--reuid={user}"), format!("--regid={group}")]);
        command.args(["--init-groups", "--"]).arg(program);
        command
    }

    /// False where the service may not read the file, or pass a directory on the way to it.
    pub fn may_read(&self, file: &Path) -> bool {
        self.0.is_none()
            || self.command("test").arg("-r").arg(file).status().is_ok_and(|it| it.success())
    }

    /// The name of the user, as chgrp(1) and setfacl(1) take it.
    pub fn name(&self) -> String {
        let user = self.0.map_or_else(|| rustix::process::geteuid().as_raw(), |owner| owner.user);
        let name = users().into_iter().find(|(_, of)| of.user == user).map(|(name, _)| name);
        name.unwrap_or_else(|| user.to_string())
    }
}

/// The users of this machine.
fn users() -> Vec<(String, Owner)> {
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let user = |line: &str| {
        let mut fields = line.split(':');
        let name = fields.next()?.to_owned();
        let mut number = |n| fields.nth(n)?.parse().ok();
        Some((name, Owner { user: number(1)?, group: number(0)? }))
    };
    users.lines().filter_map(user).collect()
}

impl MapFault {
    pub(super) fn new(map: &str, trouble: &Trouble, asker: &Asker) -> Self {
        let (why, mend) = match trouble {
            Trouble::Run(error) => (
                format!("cannot run postmap: {error}"),
                "install Postfix on this machine, or leave alias_maps empty".to_owned(),
            ),
            Trouble::Silent => (
                "postmap -q does not answer".to_owned(),
                "see whether the server behind the table answers".to_owned(),
            ),
            Trouble::Says(line) => {
                let why = line.split_once("fatal: ").map_or(&**line, |(_, why)| why);
                (why.to_owned(), mend(map, why, asker))
            }
        };
        Self { map: map.to_owned(), why, mend }
    }
}

fn mend(map: &str, why: &str, asker: &Asker) -> String {
    if let Some(kind) = why.strip_prefix("unsupported dictionary type: ") {
        return match PACKAGED.contains(&kind) {
            true => format!("apt install postfix-{kind}, or what has that kind of table elsewhere"),
            false => "`postconf -m` lists the kinds of tables that Postfix has".to_owned(),
        };
    }
    if why.contains("Address family not supported") {
        return "systemctl edit onward: [Service] RestrictAddressFamilies=AF_NETLINK, by which postmap asks for \
                the addresses of this machine"
            .to_owned();
    }
    let file = file_in(why);
    match &file {
        Some(file) if why.ends_with("No such file or directory") => missing(map, file),
        Some(file) if why.ends_with("Permission denied") => unreadable(file, &asker.name()),
        _ if why.ends_with("Connection refused") => {
            "nobody listens there: start the server, or mend the name of the table".to_owned()
        }
        _ => format!("runuser -u {} -- postmap -q postmaster '{map}' shows it", asker.name()),
    }
}

/// The file that Postfix could not open: `open FILE: …`, `open database FILE: …`.
fn file_in(why: &str) -> Option<PathBuf> {
    let (_, named) = why.split_once("open ")?;
    let named = named.strip_prefix("database ").unwrap_or(named);
    let (file, _) = named.rsplit_once(": ")?;
    file.starts_with('/').then(|| PathBuf::from(file))
}

fn missing(map: &str, file: &Path) -> String {
    let source = source_of(file);
    built(map, file).unwrap_or_else(|| {
        format!("{} does not exist: make it, or mend alias_maps", source.display())
    })
}

/// The command that builds a table which Postfix cannot ask, as `why` says, since only its source is there.
pub fn rebuilt(map: &str, why: &str) -> Option<String> {
    let file = file_in(why).filter(|_| why.ends_with("No such file or directory"))?;
    built(map, &file)
}

fn source_of(file: &Path) -> PathBuf {
    let is_built = file.extension().is_some_and(|end| BUILT.iter().any(|built| *built == end));
    if is_built { file.with_extension("") } else { file.to_owned() }
}

fn built(map: &str, file: &Path) -> Option<String> {
    let source = source_of(file);
    if source == file || !source.exists() {
        return None;
    }
    let kind = map.strip_prefix("proxy:").unwrap_or(map).split(':').next().unwrap_or_default();
    let is_aliases = source.to_string_lossy().contains("aliases");
    let program = if is_aliases { "postalias" } else { "postmap" };
    Some(format!("{program} {kind}:{}", source.display()))
}

fn unreadable(file: &Path, user: &str) -> String {
    let closed = file
        .ancestors()
        .skip(1)
        .find(|directory| fs::metadata(directory).is_ok_and(|of| of.mode() & ANYBODY_ENTERS == 0));
    let enter = closed.map(|directory| format!("setfacl -m u:{user}:x {}; ", directory.display()));
    let file_display = file.display();
    // Whoever else reads the table by its group goes on to.
    let read = match fs::metadata(file) {
        Ok(of) if of.gid() == 0 => format!("chgrp {user} {file_display}; chmod g+r {file_display}"),
        _ => format!("setfacl -m u:{user}:r {file_display}"),
    };
    format!("{}{read}", enter.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn fault(map: &str, says: &str) -> MapFault {
        let says = Trouble::Says(format!("postmap: fatal: {says}"));
        MapFault::new(map, &says, &Asker(Some(Owner { user: 0, group: 0 })))
    }

    #[test]
    fn each_fault_has_its_mend() {
        for (map, says, mend) in [
            ("mysql:/x", "unsupported dictionary type: mysql", "apt install postfix-mysql"),
            ("foo:/x", "unsupported dictionary type: foo", "`postconf -m`"),
            (
                "hash:/none/x",
                "open database /none/x.db: No such file or directory",
                "/none/x does not",
            ),
            ("regexp:/none/x", "open /none/x: No such file or directory", "/none/x does not"),
            ("tcp:127.0.0.1:1", "table tcp:127.0.0.1:1: query error: Connection refused", "nobody"),
            (
                "hash:/x",
                "inet_addr_local[getifaddrs]: getifaddrs: Address family not supported by \
                         protocol",
                "systemctl edit onward",
            ),
            ("ldap:/x", "table ldap:/x: query error: Success", "runuser -u root -- postmap"),
        ] {
            let fault = fault(map, says);
            assert!(fault.mend.starts_with(mend), "{fault}");
            assert!(fault.to_string().starts_with(&format!("{map}: {says}; ")), "{fault}");
        }
    }

    #[test]
    fn who_asks() {
        let users = users();
        assert!(users.contains(&("root".to_owned(), Owner { user: 0, group: 0 })));
        let other = Asker(Some(Owner { user: 4_000_000, group: 4_000_000 }));
        assert_eq!(other.name(), "4000000");
        let command = format!("{:?}", other.command("postmap"));
        assert!(
            command.contains("--reuid=4000000") && command.ends_with("\"postmap\""),
            "{command}"
        );
        assert_eq!(Asker::of_service(Path::new("/")), Asker(None), "root's own");
    }

    #[test]
    fn a_table_that_was_never_built() {
        let directory = tempfile::tempdir().unwrap();
        for (name, program) in [("virtual", "postmap"), ("aliases", "postalias")] {
            let source = directory.path().join(name);
            fs::write(&source, "").unwrap();
            let map = format!("lmdb:{}", source.display());
            let says =
                format!("open database {}.lmdb: No such file or directory", source.display());
            assert_eq!(fault(&format!("proxy:{map}"), &says).mend, format!("{program} {map}"));
        }
    }

    #[test]
    fn a_table_that_may_not_be_read() {
        let directory = tempfile::tempdir().unwrap();
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o700)).unwrap();
        let file = directory.path().join("virtual.db");
        fs::write(&file, "").unwrap();
        let says = format!("open database {}: Permission denied", file.display());
        let mend = fault("hash:/x", &says).mend;
        let enter = format!("setfacl -m u:root:x {}; ", directory.path().display());
        assert!(
            mend.starts_with(&enter) && mend.contains(&format!(" {}", file.display())),
            "{mend}"
        );
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o711)).unwrap();
        assert!(!fault("hash:/x", &says).mend.starts_with(&enter));
    }
}
