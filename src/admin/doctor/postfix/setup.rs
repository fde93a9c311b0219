//! What Postfix is told: main.cf as `postconf` prints it, and master.cf.

use super::mends::Mends;
use crate::admin::doctor::finding::shell;
use std::{
    cell::RefCell,
    collections::HashMap,
    fmt,
    path::{Path, PathBuf},
};

/// A Postfix, as far as it matters here.
#[derive(Debug, Default)]
pub(super) struct Setup {
    main: Parameters,
    services: Vec<Service>,
    /// Of the instance, where it is not the default one.
    config_dir: Option<PathBuf>,
    mends: RefCell<Mends>,
}

/// A line of master.cf, with its `-o` parameters.
#[derive(Debug, Default)]
pub(super) struct Service {
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) is_chrooted: bool,
    /// The programme, such as `smtpd`.
    pub(super) program: String,
    own: Parameters,
}

/// Whose parameters: those of main.cf, or of one service that has its own.
#[derive(Debug, Clone, Copy)]
pub(super) enum Scope<'a> {
    Main,
    Service(&'a Service),
}

impl Scope<'_> {
    fn parameter(self, name: &str) -> String {
        match self {
            Self::Main => name.to_owned(),
            Self::Service(service) => format!("{service}/{name}"),
        }
    }
}

/// What `postconf` prints.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Printed<'a> {
    /// `postconf -x`
    pub(super) values: &'a str,
    /// `postconf`
    pub(super) written: &'a str,
    /// `postconf -M`
    pub(super) master: &'a str,
    /// `postconf -Px`
    pub(super) own_values: &'a str,
    /// `postconf -P`
    pub(super) own_written: &'a str,
}

#[derive(Debug, Default)]
struct Parameters {
    /// Each `$name` in them replaced.
    values: HashMap<String, String>,
    /// As they are written.
    written: HashMap<String, String>,
}

impl Setup {
    pub(super) fn new(printed: &Printed, config_dir: Option<&Path>) -> Self {
        let mut services: Vec<Service> = printed.master.lines().filter_map(service).collect();
        for service in &mut services {
            let prefix = format!("{}/{}/", service.name, service.kind);
            let own = |text: &str| {
                let lines = text.lines().filter_map(|line| line.strip_prefix(&prefix));
                lines.filter_map(parameter).collect()
            };
            service.own =
                Parameters { values: own(printed.own_values), written: own(printed.own_written) };
        }
        let all = |text: &str| text.lines().filter_map(parameter).collect();
        let main = Parameters { values: all(printed.values), written: all(printed.written) };
        Self {
            main,
            services,
            config_dir: config_dir.map(Path::to_owned),
            mends: RefCell::default(),
        }
    }

    /// Empty if it is not set.
    pub(super) fn value<'a>(&'a self, scope: Scope<'a>, name: &str) -> &'a str {
        get(scope, name, |parameters| &parameters.values, self)
    }

    /// With its `$names`, to be written back with more.
    pub(super) fn written<'a>(&'a self, scope: Scope<'a>, name: &str) -> &'a str {
        get(scope, name, |parameters| &parameters.written, self)
    }

    /// The words of a list, between commas and blanks.
    pub(super) fn list<'a>(&'a self, scope: Scope<'a>, name: &str) -> Vec<&'a str> {
        words(self.value(scope, name))
    }

    /// All lines of master.cf.
    pub(super) fn all_services(&self) -> impl Iterator<Item = &Service> {
        self.services.iter()
    }

    /// The services that run one of these programmes.
    pub(super) fn services<'a>(
        &'a self,
        programs: &'a [&str],
    ) -> impl Iterator<Item = &'a Service> {
        self.services.iter().filter(|service| programs.contains(&&*service.program))
    }

    /// main.cf, and the services of these programmes that have one of the parameters for themselves.
    pub(super) fn scopes<'a>(&'a self, programs: &'a [&str], names: &[&str]) -> Vec<Scope<'a>> {
        let own = self
            .services(programs)
            .filter(|service| names.iter().any(|name| service.has(name)))
            .map(Scope::Service);
        std::iter::once(Scope::Main).chain(own).collect()
    }

    pub(super) fn queue_directory(&self) -> &Path {
        Path::new(self.value(Scope::Main, "queue_directory"))
    }

    /// The command that sets a parameter.
    pub(super) fn set(&self, scope: Scope, name: &str, value: &str) -> String {
        let command = self.setting(scope, name, value);
        self.mends.borrow_mut().note(scope.parameter(name), value, &command);
        command
    }

    fn setting(&self, scope: Scope, name: &str, value: &str) -> String {
        let postconf = self.postconf();
        match scope {
            Scope::Main => format!("{postconf} -e {}", shell(&format!("{name} = {value}"))),
            Scope::Service(service) => {
                let own = |value: &str| {
                    format!("{postconf} -P {}", shell(&format!("{service}/{name}={value}")))
                };
                // `postconf -P` accepts no blank; a comma says the same, but not within braces.
                let value = words(value).join(",");
                if !value.contains(char::is_whitespace) {
                    return own(&value);
                }
                // As Debian's master.cf does with $mua_client_restrictions.
                let letters = format!("{service}_{name}");
                let of_its_own: String = letters
                    .chars()
                    .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
                    .collect();
                let of_its_own = format!("onward_{of_its_own}");
                let main = self.setting(Scope::Main, &of_its_own, &value);
                format!("{main} && {}", own(&format!("${of_its_own}")))
            }
        }
    }

    /// The command that sets a parameter to these words, or takes it away when there are none.
    pub(super) fn set_words(&self, scope: Scope, name: &str, words: &[String]) -> String {
        match words {
            [] => self.unset(scope, name),
            words => self.set(scope, name, &joined(words)),
        }
    }

    /// The words of a list as they are written, where one of them is this one; else as they are meant, which is what
    /// can be written in their place.
    pub(super) fn words_with(&self, scope: Scope, name: &str, word: &str) -> Vec<String> {
        let written = self.written_words(scope, name);
        if written.iter().any(|written| written == word)
            || self.mends.borrow().has(&scope.parameter(name))
        {
            return written;
        }
        let meant = self.list(scope, name);
        meant.into_iter().map(|word| word.replace('$', "$$")).collect()
    }

    /// The words of a list as they are written, or will be by the commands so far; none where they come to nothing.
    pub(super) fn written_words(&self, scope: Scope, name: &str) -> Vec<String> {
        let mends = self.mends.borrow();
        let text = match mends.value(&scope.parameter(name)) {
            Some(value) => value,
            None if self.value(scope, name).is_empty() => "",
            None => self.written(scope, name),
        };
        words(text).into_iter().map(str::to_owned).collect()
    }

    /// The command that takes a parameter back to its default, or to what main.cf says.
    pub(super) fn unset(&self, scope: Scope, name: &str) -> String {
        let command = self.unsetting(scope, name);
        self.mends.borrow_mut().note(scope.parameter(name), "", &command);
        command
    }

    /// The command that does all that the commands for the parameter of this one do: several findings may be about
    /// one parameter, and each command sets the whole of it.
    pub(super) fn whole(&self, command: &str) -> String {
        self.mends.borrow().whole(command).to_owned()
    }

    fn unsetting(&self, scope: Scope, name: &str) -> String {
        match scope {
            Scope::Main => format!("{} -X {name}", self.postconf()),
            Scope::Service(service) => {
                format!("{} -PX {}", self.postconf(), shell(&format!("{service}/{name}")))
            }
        }
    }

    /// The command that takes a service out of its chroot.
    pub(super) fn free(&self, service: &Service) -> String {
        format!("{} -F {}", self.postconf(), shell(&format!("{service}/chroot = n")))
    }

    fn postconf(&self) -> String {
        match &self.config_dir {
            None => "postconf".to_owned(),
            Some(directory) => format!("postconf -c {}", shell(&directory.display().to_string())),
        }
    }
}

fn get<'a>(
    scope: Scope<'a>,
    name: &str,
    which: impl Fn(&'a Parameters) -> &'a HashMap<String, String>,
    setup: &'a Setup,
) -> &'a str {
    let own = match scope {
        Scope::Service(service) => which(&service.own).get(name),
        Scope::Main => None,
    };
    own.or_else(|| which(&setup.main).get(name)).map_or("", String::as_str)
}

impl Service {
    /// Whether it takes mail from the world: that of port 25 or behind postscreen(8), by its name.
    pub(super) fn is_door(&self) -> bool {
        let port = self.name.rsplit(':').next().unwrap_or_default();
        self.program == "smtpd" && (matches!(port, "smtp" | "25") || self.kind == "pass")
    }

    /// Whether it has a parameter for itself.
    pub(super) fn has(&self, name: &str) -> bool {
        self.own.values.contains_key(name)
    }
}

/// As postconf(1) names it.
impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.name, self.kind)
    }
}

/// In front of a parameter.
impl fmt::Display for Scope<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Main => Ok(()),
            Self::Service(service) => write!(f, "{service} in master.cf: "),
        }
    }
}

/// With commas between them, but for what belongs to a restriction.
fn joined(words: &[String]) -> String {
    let mut text = String::new();
    for word in words {
        let before = text.rsplit(' ').next().unwrap_or_default();
        let takes_one = ["check_", "reject_rbl_", "reject_rhsbl_", "permit_dnswl_", "sleep"];
        let is_argument =
            takes_one.iter().any(|name| before.starts_with(name)) && !before.ends_with(',');
        match (text.is_empty(), is_argument) {
            (true, _) => {}
            (false, true) => text.push(' '),
            (false, false) => text.push_str(", "),
        }
        text.push_str(word);
    }
    text
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

/// name = value
fn parameter(line: &str) -> Option<(String, String)> {
    let (name, value) = line.split_once('=')?;
    Some((name.trim().to_owned(), value.trim().to_owned()))
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
        own: Parameters::default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_postconf_prints() {
        let setup = Setup::new(
            &Printed {
                values: "relay_domains = a.test, hash:/b c.test\nempty =\nsmtpd_milters = unix:m\n",
                written: "relay_domains = $mydomain, hash:/b c.test\n",
                master: "smtp       inet  n       -       y       -       -       smtpd -o a=b\n\
                         cleanup    unix  n       -       -       -       0       cleanup\n",
                own_values: "smtp/inet/smtpd_milters = inet:x:1\n",
                own_written: "smtp/inet/smtpd_milters = $x\n",
            },
            Some(Path::new("/etc/postfix two")),
        );
        let main = Scope::Main;
        assert_eq!(setup.list(main, "relay_domains"), ["a.test", "hash:/b", "c.test"]);
        assert_eq!((setup.value(main, "empty"), setup.value(main, "unknown")), ("", ""));
        assert_eq!(setup.written(main, "relay_domains"), "$mydomain, hash:/b c.test");
        let chrooted: Vec<_> = setup
            .services(&["smtpd", "cleanup"])
            .map(|service| (&*service.program, service.is_chrooted))
            .collect();
        assert_eq!(chrooted, [("smtpd", true), ("cleanup", false)]);
        let smtp = setup.services(&["smtpd"]).next().unwrap();
        let own = Scope::Service(smtp);
        assert_eq!(setup.value(own, "smtpd_milters"), "inet:x:1");
        assert_eq!(setup.written(own, "smtpd_milters"), "$x");
        assert_eq!(setup.value(own, "relay_domains"), setup.value(main, "relay_domains"));
        assert_eq!(setup.scopes(&["smtpd"], &["smtpd_milters"]).len(), 2);
        assert_eq!(setup.scopes(&["smtpd"], &["relay_domains"]).len(), 1);
        let postconf = "postconf -c '/etc/postfix two'";
        for (command, expected) in [
            (setup.set(main, "a", "it's"), "-e 'a = it'\\''s'"),
            (setup.unset(main, "a"), "-X a"),
            (setup.set(own, "a", "b, c d"), "-P 'smtp/inet/a=b,c,d'"),
            (setup.unset(own, "a"), "-PX 'smtp/inet/a'"),
            (setup.free(smtp), "-F 'smtp/inet/chroot = n'"),
        ] {
            assert_eq!(command, format!("{postconf} {expected}"));
        }
        assert_eq!(words("inline:{ a=b, c=d }, x y"), ["inline:{ a=b, c=d }", "x", "y"]);
    }
}
