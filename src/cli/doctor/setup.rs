//! What Postfix is told: main.cf as `postconf` prints it, and the services of master.cf.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

/// A Postfix, as far as it matters here.
#[derive(Debug, Default)]
pub(super) struct Setup {
    /// All parameters, each `$name` in them replaced.
    values: HashMap<String, String>,
    /// As they are written.
    written: HashMap<String, String>,
    services: Vec<Service>,
    /// Of the instance, where it is not the default one.
    config_dir: Option<PathBuf>,
}

/// A line of master.cf.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Service {
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) is_chrooted: bool,
    /// The programme, such as `smtpd`.
    pub(super) program: String,
}

/// Where a table, a milter or a policy service is, in words of Postfix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Endpoint {
    /// host:port
    Inet(String),
    /// A path, from the queue directory on if it is relative.
    Unix(String),
}

impl Setup {
    /// From `postconf -x`, `postconf` and `postconf -M`.
    pub(super) fn new(
        values: &str,
        written: &str,
        master: &str,
        config_dir: Option<&Path>,
    ) -> Self {
        let parameters = |text: &str| -> HashMap<String, String> {
            let lines = text.lines().filter_map(|line| line.split_once('='));
            lines.map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned())).collect()
        };
        Self {
            values: parameters(values),
            written: parameters(written),
            services: master.lines().filter_map(service).collect(),
            config_dir: config_dir.map(Path::to_owned),
        }
    }

    pub(super) fn value(&self, name: &str) -> &str {
        self.values.get(name).map_or("", String::as_str)
    }

    /// With its `$names`, to be written back with more.
    pub(super) fn written(&self, name: &str) -> &str {
        self.written.get(name).map_or("", String::as_str)
    }

    /// The words of a list, between commas and blanks.
    pub(super) fn list(&self, name: &str) -> Vec<&str> {
        words(self.value(name))
    }

    pub(super) fn services(&self) -> &[Service] {
        &self.services
    }

    pub(super) fn queue_directory(&self) -> &Path {
        Path::new(self.value("queue_directory"))
    }

    /// `postconf -e` for this instance.
    pub(super) fn set(&self, name: &str, value: &str) -> String {
        format!("{} -e {}", self.postconf(), shell(&format!("{name} = {value}")))
    }

    /// `postconf -X`: back to the default.
    pub(super) fn unset(&self, name: &str) -> String {
        format!("{} -X {name}", self.postconf())
    }

    /// Takes a service out of its chroot.
    pub(super) fn free(&self, service: &Service) -> String {
        format!("{} -F '{}/{}/chroot = n'", self.postconf(), service.name, service.kind)
    }

    fn postconf(&self) -> String {
        match &self.config_dir {
            None => "postconf".to_owned(),
            Some(directory) => format!("postconf -c {}", shell(&directory.display().to_string())),
        }
    }
}

/// For a shell, as one word.
pub(super) fn shell(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// Commas and blanks part words, but not within braces (`inline:{ a=b }`).
pub(super) fn words(text: &str) -> Vec<&str> {
    let mut depth = 0_usize;
    let is_between = |c: char| {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && (c == ',' || c.is_ascii_whitespace())
    };
    text.split(is_between).filter(|word| !word.is_empty()).collect()
}

/// name type private unpriv chroot wakeup maxproc command
fn service(line: &str) -> Option<Service> {
    let mut fields = line.split_ascii_whitespace();
    let (name, kind) = (fields.next()?, fields.next()?);
    let chroot = fields.nth(2)?;
    let program = fields.nth(2)?;
    Some(Service {
        name: name.to_owned(),
        kind: kind.to_owned(),
        // A dash means no since Postfix 3.0.
        is_chrooted: chroot == "y",
        program: program.to_owned(),
    })
}

impl Endpoint {
    /// Of a table such as `socketmap:unix:/run/srs:forward` or `tcp:localhost:10001`, with the name of the
    /// map. `None` for other kinds.
    pub(super) fn of_table(table: &str) -> Option<(Self, Option<String>)> {
        let table = table.strip_prefix("proxy:").unwrap_or(table);
        if let Some(rest) = table.strip_prefix("socketmap:") {
            let (address, name) = rest.rsplit_once(':')?;
            return Some((Self::parse(address)?, Some(name.to_owned())));
        }
        let address = table.strip_prefix("tcp:")?;
        Some((Self::Inet(address.to_owned()), None))
    }

    /// `inet:host:port`, `unix:path` or, of a milter, `local:path`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if let Some(address) = text.strip_prefix("inet:") {
            return Some(Self::Inet(address.to_owned()));
        }
        let path = text.strip_prefix("unix:").or_else(|| text.strip_prefix("local:"))?;
        Some(Self::Unix(path.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_postconf_prints() {
        let setup = Setup::new(
            "relay_domains = a.test, hash:/b c.test\nmyhostname = mx.test\nempty =\n",
            "relay_domains = $mydomain, hash:/b c.test\n",
            "smtp       inet  n       -       y       -       -       smtpd -o a=b\n\
             cleanup    unix  n       -       -       -       0       cleanup\n",
            Some(Path::new("/etc/postfix two")),
        );
        assert_eq!(setup.list("relay_domains"), ["a.test", "hash:/b", "c.test"]);
        assert_eq!((setup.value("empty"), setup.value("unknown")), ("", ""));
        assert_eq!(setup.written("relay_domains"), "$mydomain, hash:/b c.test");
        let chrooted: Vec<_> = setup
            .services()
            .iter()
            .map(|service| (&*service.program, service.is_chrooted))
            .collect();
        assert_eq!(chrooted, [("smtpd", true), ("cleanup", false)]);
        assert_eq!(setup.set("a", "it's"), "postconf -c '/etc/postfix two' -e 'a = it'\\''s'");
        assert_eq!(
            setup.free(&setup.services()[0]),
            "postconf -c '/etc/postfix two' -F 'smtp/inet/chroot = n'"
        );
        assert_eq!(words("inline:{ a=b, c=d }, x y"), ["inline:{ a=b, c=d }", "x", "y"]);
    }

    #[test]
    fn endpoints() {
        let table = |text| Endpoint::of_table(text);
        let inet = |text: &str| Endpoint::Inet(text.to_owned());
        assert_eq!(
            table("socketmap:inet:127.0.0.1:10003:forward"),
            Some((inet("127.0.0.1:10003"), Some("forward".to_owned())))
        );
        assert_eq!(
            table("proxy:socketmap:unix:srs:reverse"),
            Some((Endpoint::Unix("srs".to_owned()), Some("reverse".to_owned())))
        );
        assert_eq!(table("tcp:localhost:10001"), Some((inet("localhost:10001"), None)));
        assert_eq!(table("hash:/etc/postfix/canonical"), None);
        assert_eq!(Endpoint::parse("local:/run/m"), Some(Endpoint::Unix("/run/m".to_owned())));
    }
}
