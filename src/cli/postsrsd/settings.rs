use super::{confuse, shell};
use crate::{
    cli::Failure,
    config::{ListenAddress, service},
    srs::TagKind,
};
use std::{
    fmt::Write,
    path::{Path, PathBuf},
};

/// Said of what the unit file decides.
const UNIT: &str = "the unit file says as whom onward runs";
/// Said of what has no counterpart.
const NOTHING: &str = "there is nothing like it";

/// Where PostSRSd has its secrets unless it is told otherwise.
const SECRETS: &str = "/etc/postsrsd.secret";

/// What PostSRSd was told, in our words.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Settings {
    pub(super) domain: Option<String>,
    pub(super) secrets: Option<PathBuf>,
    tag: TagKind,
    tag_length: Option<String>,
    least_length: Option<String>,
    separator: Option<String>,
    exempt: Vec<String>,
    /// The keys of each `[[listen]]`.
    listen: Vec<Vec<(&'static str, String)>>,
    limits: Vec<(&'static str, String)>,
    /// What has no counterpart, and why.
    pub(super) notes: Vec<String>,
}

/// A unix socket that systemd makes in our place: the service may write in no directory of Postfix's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SocketUnit {
    unit: String,
    /// Where it is to be, unless that is where the unit has it.
    path: Option<PathBuf>,
}

impl SocketUnit {
    /// What of the unit has to be said otherwise, and in which file.
    pub(super) fn drop_in(&self) -> Option<(PathBuf, String)> {
        let path = self.path.as_ref()?.display();
        let file = format!("/etc/systemd/system/{}.d/listen.conf", self.unit);
        Some((file.into(), format!("[Socket]\nListenStream=\nListenStream={path}\n")))
    }
}

impl Settings {
    /// Has systemd make the unix sockets.
    pub(super) fn through_systemd(&mut self) -> Vec<SocketUnit> {
        let mut units = Vec::new();
        for keys in &mut self.listen {
            let milter = quoted("milter");
            let is_milter = keys.iter().any(|(_, value)| *value == milter);
            let (name, usual) = match is_milter {
                true => ("milter", "/var/spool/postfix/srs_milter"),
                false => ("socketmap", "/var/spool/postfix/srs"),
            };
            let address = keys.iter_mut().find(|(key, _)| *key == "address");
            let Some((_, address)) = address else { continue };
            let Some(path) =
                address.strip_prefix("\"unix:").and_then(|rest| rest.strip_suffix('"'))
            else {
                continue;
            };
            units.push(SocketUnit {
                unit: service::named_unit(name),
                path: (path != usual).then(|| path.into()),
            });
            self.notes.retain(|note| *note != socket_note(&format!("unix:{path}")));
            *address = quoted(&ListenAddress::Systemd(name.to_owned()).to_string());
        }
        units
    }

    /// Of PostSRSd 1.
    pub(super) fn of_1(text: &str) -> Result<Self, String> {
        let mut settings = Self { tag: TagKind::Sha1Base64, ..Self::default() };
        let mut host = "127.0.0.1".to_owned();
        let (mut forward, mut reverse) = ("10001".to_owned(), "10002".to_owned());
        for (name, value) in shell::read(text) {
            let value = match value {
                Ok(value) if value.is_empty() => continue,
                Ok(value) => value,
                Err(why) => {
                    settings.note(format!("{name}: {why}"));
                    continue;
                }
            };
            match name.as_str() {
                "SRS_DOMAIN" => settings.domain = Some(value),
                "SRS_EXCLUDE_DOMAINS" => {
                    let domains = value.split([',', ' ', '\t']).filter(|domain| !domain.is_empty());
                    settings.exempt = domains.map(str::to_owned).collect();
                }
                "SRS_SEPARATOR" => settings.separator = Some(value),
                "SRS_SECRET" => settings.secrets = Some(value.into()),
                "SRS_HASHLENGTH" => settings.tag_length = Some(value),
                "SRS_HASHMIN" => settings.minimum(&name, &value),
                "SRS_FORWARD_PORT" => forward = value,
                "SRS_REVERSE_PORT" => reverse = value,
                "SRS_LISTEN_ADDR" => host = value,
                "SRS_TIMEOUT" => settings.map_timeout(&value),
                "RUN_AS" | "CHROOT" => settings.note(format!("{name}: {UNIT}")),
                _ => settings.note(format!("{name}={value}: {NOTHING}")),
            }
        }
        for (direction, port) in [("forward", forward), ("reverse", reverse)] {
            let address = at(&host, &port);
            settings.listen("tcp-table", &address, Some(("direction", quoted(direction))));
        }
        settings.secrets.get_or_insert_with(|| SECRETS.into());
        Ok(settings)
    }

    /// Of PostSRSd 2.
    pub(super) fn of_2(text: &str) -> Result<Self, String> {
        let mut settings = Self { tag: TagKind::Sha1Base64Url, ..Self::default() };
        let mut milter = None;
        let mut socketmap = Some("unix:/var/spool/postfix/srs".to_owned());
        let mut rewrites_always = false;
        for (name, values) in confuse::read(text)? {
            let value = values.first().cloned().unwrap_or_default();
            match name.as_str() {
                "domains" => settings.exempt.extend(values),
                "domains-file" if !value.is_empty() => {
                    let file = std::fs::read_to_string(&value);
                    let file = file.map_err(|error| format!("domains-file {value}: {error}"))?;
                    let lines = file.lines().map(|line| line.split('#').next().unwrap_or_default());
                    let domains = lines.map(str::trim).filter(|line| !line.is_empty());
                    settings.exempt.extend(domains.map(str::to_owned));
                }
                "srs-domain" if !value.is_empty() => settings.domain = Some(value),
                "secrets-file" if !value.is_empty() => settings.secrets = Some(value.into()),
                "separator" if !value.is_empty() => settings.separator = Some(value),
                "hash-length" => settings.tag_length = Some(value),
                "hash-minimum" => settings.minimum(&name, &value),
                "socketmap" => socketmap = Some(value).filter(|value| !value.is_empty()),
                "milter" => milter = Some(value).filter(|value| !value.is_empty()),
                "keep-alive" => settings.map_timeout(&value),
                "connection-limit" => settings.limits.push(("map_connections", value)),
                "always-rewrite" => rewrites_always = is_on(&value),
                "original-envelope" if value == "database" => settings.note(
                    "original-envelope = database: bounces to addresses that are in its database only \
                     do not come back; new ones are kept in onward.db where they must",
                ),
                "envelope-database" | "original-envelope" | "domains-file" | "srs-domain"
                | "secrets-file" | "separator" | "syslog" | "debug" | "seccomp" | "daemonize"
                | "pid-file" => {}
                "unprivileged-user" | "chroot-dir" => settings.note(format!("{name}: {UNIT}")),
                _ => settings.note(format!("{name}: {NOTHING}")),
            }
        }
        // As PostSRSd does where these are not said.
        let first = settings.exempt.iter().find(|domain| !domain.starts_with('.'));
        settings.domain = settings.domain.or_else(|| first.cloned());
        settings.secrets.get_or_insert_with(|| SECRETS.into());
        let domains = settings.exempt.clone();
        if rewrites_always {
            settings.exempt.clear();
            settings.note("always-rewrite: senders of the SRS domain stay as they are");
        }
        if let Some(address) = socketmap {
            let address = parse_address(&address)?;
            if address.starts_with("unix:/") {
                settings.note(socket_note(&address));
            }
            settings.listen("socketmap", &address, None);
        }
        if let Some(address) = milter {
            let domains = ("local_domains", list(&domains));
            let address = parse_address(&address)?;
            if address.starts_with("unix:/") {
                settings.note(socket_note(&address));
            }
            settings.listen("milter", &address, Some(domains));
            settings.note(
                "milter: onward's asks where aliases lead; alias_maps names Postfix's tables of them",
            );
        }
        Ok(settings)
    }

    fn minimum(&mut self, name: &str, value: &str) {
        self.least_length = Some(value.to_owned());
        if value.parse::<usize>().is_ok_and(|least| least < self.tag.default_length()) {
            self.note(format!(
                "{name}={value}: tags of less than {} characters are not believed",
                self.tag.default_length()
            ));
        }
    }

    fn listen(&mut self, protocol: &str, address: &str, more: Option<(&'static str, String)>) {
        let mut keys = vec![("protocol", quoted(protocol)), ("address", quoted(address))];
        keys.extend(more);
        self.listen.push(keys);
    }

    fn map_timeout(&mut self, seconds: &str) {
        self.limits.push(("map_timeout", quoted(&format!("{seconds}s"))));
    }

    fn note(&mut self, what: impl Into<String>) {
        self.notes.push(what.into());
    }

    /// onward.toml.
    pub(super) fn config(&self, secret_file: &Path, state_dir: &Path) -> Result<String, Failure> {
        let domain = self.domain.as_ref().ok_or_else(|| {
            Failure::new("the settings do not say the SRS domain; --domain DOMAIN says it")
        })?;
        let path = |path: &Path| quoted(&path.display().to_string());
        let mut text = format!("hostname = {}\nstate_dir = {}\n", quoted(domain), path(state_dir));
        for listen in &self.listen {
            text.push_str("\n[[listen]]\n");
            lines(&mut text, listen);
        }
        text.push_str("\n[srs]\n");
        let mut srs = vec![
            ("domain", quoted(domain)),
            ("secret_file", path(secret_file)),
            ("tag", quoted(&self.tag.to_string())),
        ];
        srs.extend(self.tag_length.clone().map(|length| ("tag_length", length)));
        srs.extend(self.separator.as_ref().map(|separator| ("separator", quoted(separator))));
        let number =
            |text: &Option<String>| text.as_ref().and_then(|text| text.parse::<usize>().ok());
        let length = number(&self.tag_length).unwrap_or(self.tag.default_length());
        if number(&self.least_length).unwrap_or(self.tag.default_length()) < length {
            // Shorter tags of before come back: these are taken from the default length on.
            srs.push(("also_accept", list(&[self.tag.to_string()])));
        }
        if !self.exempt.is_empty() {
            srs.push(("exempt_domains", list(&self.exempt)));
        }
        lines(&mut text, &srs);
        if !self.limits.is_empty() {
            text.push_str("\n[limits]\n");
            lines(&mut text, &self.limits);
        }
        Ok(text)
    }
}

/// `unix:/path`, or `inet:host:port`, whose host may be `*`.
fn socket_note(address: &str) -> String {
    format!(
        "{address}: the socket is for onward's own group; group = \"postfix\" lets Postfix ask (docs/POSTFIX.md)"
    )
}

fn parse_address(text: &str) -> Result<String, String> {
    if text.starts_with("unix:/") {
        return Ok(text.to_owned());
    }
    let wrong = || format!("{text:?} is neither unix:/path nor inet:host:port");
    let (host, port) =
        text.strip_prefix("inet:").and_then(|rest| rest.rsplit_once(':')).ok_or_else(wrong)?;
    Ok(at(if host == "*" { "0.0.0.0" } else { host }, port))
}

fn at(host: &str, port: &str) -> String {
    let is_bare_v6 = host.contains(':') && !host.starts_with('[');
    if is_bare_v6 { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

fn lines(text: &mut String, keys: &[(&str, String)]) {
    for (key, value) in keys {
        let _ = writeln!(text, "{key} = {value}");
    }
}

fn quoted(text: &str) -> String {
    // A string of JSON is one of TOML.
    serde_json::Value::from(text).to_string()
}

fn list(texts: &[String]) -> String {
    let texts: Vec<String> = texts.iter().map(|text| quoted(text)).collect();
    format!("[{}]", texts.join(", "))
}

fn is_on(value: &str) -> bool {
    matches!(value.to_ascii_lowercase().as_str(), "on" | "true" | "yes" | "1")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(settings: &Settings) -> String {
        settings.config(Path::new("/etc/onward/srs.secret"), Path::new("/var/lib/onward")).unwrap()
    }

    #[test]
    fn of_1() {
        let settings = Settings::of_1(
            "SRS_DOMAIN=srs.test\nSRS_EXCLUDE_DOMAINS=.a.test,b.test\nSRS_SEPARATOR=+\n\
             SRS_SECRET=/etc/postsrsd.secret\nSRS_HASHLENGTH=6\nSRS_HASHMIN=4\nSRS_TIMEOUT=60\n\
             SRS_LISTEN_ADDR=::1\nSRS_REVERSE_PORT=10012\nCHROOT=/var/lib/postsrsd\n\
             SRS_EXTRA_OPTIONS=-A\n",
        )
        .unwrap();
        assert_eq!(settings.secrets.as_deref(), Some(Path::new("/etc/postsrsd.secret")));
        assert_eq!(
            config(&settings),
            "hostname = \"srs.test\"\nstate_dir = \"/var/lib/onward\"\n\n\
             [[listen]]\nprotocol = \"tcp-table\"\naddress = \"[::1]:10001\"\ndirection = \"forward\"\n\n\
             [[listen]]\nprotocol = \"tcp-table\"\naddress = \"[::1]:10012\"\ndirection = \"reverse\"\n\n\
             [srs]\ndomain = \"srs.test\"\nsecret_file = \"/etc/onward/srs.secret\"\n\
             tag = \"sha1-base64\"\ntag_length = 6\nseparator = \"+\"\nalso_accept = [\"sha1-base64\"]\n\
             exempt_domains = [\".a.test\", \"b.test\"]\n\n[limits]\nmap_timeout = \"60s\"\n"
        );
        assert_eq!(settings.notes.len(), 2, "{:?}", settings.notes);
    }

    /// What is in Postfix's chroot is systemd's to make, under its usual name or where PostSRSd had it.
    #[test]
    fn unix_sockets_by_systemd() {
        let mut settings =
            Settings::of_2("domains = {a.test}\nmilter = unix:/var/spool/postfix/m\n").unwrap();
        let units = settings.through_systemd();
        let text = config(&settings);
        assert!(text.contains("address = \"systemd:socketmap\"\n"), "{text}");
        assert!(text.contains("address = \"systemd:milter\"\n"), "{text}");
        let drop_ins: Vec<_> = units.iter().map(SocketUnit::drop_in).collect();
        let moved = "[Socket]\nListenStream=\nListenStream=/var/spool/postfix/m\n".to_owned();
        let file = PathBuf::from("/etc/systemd/system/onward-milter.socket.d/listen.conf");
        assert_eq!(drop_ins, [None, Some((file, moved))]);
        assert!(!settings.notes.iter().any(|note| note.contains("unix:")), "{:?}", settings.notes);
        let mut ports = Settings::of_1("SRS_DOMAIN=a.test\n").unwrap();
        assert!(ports.through_systemd().is_empty());
    }

    #[test]
    fn of_2() {
        let settings = Settings::of_2(
            "domains = {a.test, .b.test}\nsrs-domain = srs.test\nsocketmap = \"inet:localhost:10003\"\n\
             milter = \"unix:/run/srs\"\nkeep-alive = 30\nconnection-limit = 200\n\
             secrets-file = \"/etc/postsrsd.secret\"\nhash-length = 4\noriginal-envelope = database\n",
        )
        .unwrap();
        let text = config(&settings);
        for part in [
            "protocol = \"socketmap\"\naddress = \"localhost:10003\"\n",
            "protocol = \"milter\"\naddress = \"unix:/run/srs\"\nlocal_domains = [\"a.test\", \".b.test\"]\n",
            "tag = \"sha1-base64url\"\ntag_length = 4\nexempt_domains = [\"a.test\", \".b.test\"]\n",
            "map_timeout = \"30s\"\n",
            "map_connections = 200\n",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert_eq!(settings.notes.len(), 3, "{:?}", settings.notes);
        let everything = Settings::of_2("always-rewrite = on\ndomains = {a.test}\n").unwrap();
        assert!(everything.exempt.is_empty());
        assert_eq!(everything.domain.as_deref(), Some("a.test"));
        assert_eq!(everything.secrets.as_deref(), Some(Path::new("/etc/postsrsd.secret")));
        let nameless = Settings::of_2("domains = {.a.test}\n").unwrap();
        assert!(nameless.config(Path::new("/a"), Path::new("/b")).is_err(), "no domain");
    }
}
