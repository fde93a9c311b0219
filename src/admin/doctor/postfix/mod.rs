//! What is wrong between a Postfix and Onward: two configurations and a machine in, findings out.

mod domain;
mod endpoint;
mod headers;
mod machine;
mod mention;
mod milter;
mod order;
mod policy;
mod postconf;
mod setup;
mod sockets;
#[cfg(test)]
mod tests;

use super::finding::{Finding, error, warning};
use crate::{
    admin::Error,
    config::{Config, Direction, Listen, ListenAddress, Protocol},
};
use endpoint::Place;
use machine::{Here, Machine};
use mention::{Asked, Mention};
use setup::{Scope, Setup};
use std::path::Path;

/// Looks at the Postfix of a configuration directory, or of the default instance, and at this machine.
///
/// # Errors
/// When Postfix does not print its configuration.
pub(super) fn look(config: &Config, config_dir: Option<&Path>) -> Result<Vec<Finding>, Error> {
    let setup = postconf::setup(config_dir)?;
    let mail_owner = setup.value(Scope::Main, "mail_owner").to_owned();
    Ok(examine(config, &setup, &Here { config_dir, mail_owner }))
}

/// Looks through it all.
fn examine(config: &Config, setup: &Setup, machine: &dyn Machine) -> Vec<Finding> {
    let examination = Examination { config, setup, machine, mentions: mention::all(setup) };
    let mut findings: Vec<Finding> = examination.uses().into_iter().collect();
    findings.extend(examination.sockets());
    findings.extend(examination.srs_domain());
    findings.extend(examination.classes());
    findings.extend(examination.halves());
    findings.extend(examination.order());
    findings.extend(examination.milter());
    findings.extend(examination.policy());
    findings.extend(examination.header_checks());
    findings.extend(examination.rest());
    findings.sort_by_key(|finding| finding.severity);
    findings
}

struct Examination<'a> {
    config: &'a Config,
    setup: &'a Setup,
    machine: &'a dyn Machine,
    mentions: Vec<Mention<'a>>,
}

/// How the SRS half of Postfix is done. Several together are a fault, which is found elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Tables,
    Milter,
    Transport,
}

/// Which way a canonical table turns.
const CANONICAL: [(&str, &str); 2] =
    [("sender_canonical_maps", "forward"), ("recipient_canonical_maps", "reverse")];

impl<'a> Examination<'a> {
    /// The listener of ours that a mention reaches, for at least one of the services that ask.
    fn listener(&self, mention: &Mention) -> Option<&'a Listen> {
        let queue = self.setup.queue_directory();
        let askers = mention.askers(self.setup);
        let roots = askers.map(|service| service.is_chrooted).chain([false, true]);
        let places: Vec<_> =
            roots.map(|is_chrooted| mention.endpoint.seen(queue, is_chrooted)).collect();
        let mut listeners = self.config.listen.iter();
        listeners.find(|listen| places.iter().any(|place| self.is_at(place, listen)))
    }

    fn is_at(&self, place: &Place, listen: &Listen) -> bool {
        match (place, &listen.address) {
            (Place::Unix(path), ListenAddress::Unix(there)) => {
                self.machine.real(path) == self.machine.real(there)
            }
            (place, address) => place.is(address),
        }
    }

    /// The table of Onward's, or of a PostSRSd, in a parameter of main.cf.
    fn srs_table(&self, parameter: &str) -> Option<&Mention<'a>> {
        self.mentions
            .iter()
            .find(|mention| mention.is_in(Scope::Main, parameter) && self.is_srs(mention))
    }

    /// A canonical table that is ours by where it is, or by its name.
    fn is_srs(&self, mention: &Mention) -> bool {
        CANONICAL.iter().any(|(parameter, map)| {
            let is_named = match &mention.asked {
                Asked::Socketmap(name) => name == map,
                Asked::TcpTable => true,
                Asked::Milter | Asked::Policy => false,
            };
            mention.parameter == *parameter && (is_named || self.listener(mention).is_some())
        })
    }

    fn is_used(&self, mode: Mode) -> bool {
        self.mentions.iter().any(|mention| match mode {
            Mode::Tables => self.is_srs(mention),
            Mode::Milter => mention.asked == Asked::Milter && self.listener(mention).is_some(),
            Mode::Transport => {
                mention.parameter == "transport_maps"
                    && matches!(&mention.asked, Asked::Socketmap(name) if name == "transport")
                    && self.listener(mention).is_some()
            }
        })
    }

    fn listener_of(&self, protocol: Protocol) -> Option<&'a Listen> {
        self.config.listen.iter().find(|listen| listen.protocol == protocol)
    }

    /// How Postfix would name a listener of ours.
    fn name(&self, listen: &Listen) -> String {
        match &listen.address {
            ListenAddress::Tcp { host, port } => match host.as_str() {
                "0.0.0.0" | "::" => format!("inet:127.0.0.1:{port}"),
                host if host.contains(':') => format!("inet:[{host}]:{port}"),
                host => format!("inet:{host}:{port}"),
            },
            ListenAddress::Systemd(name) => format!("the socket that systemd calls {name}"),
            ListenAddress::Unix(path) => {
                // From the queue directory on it is the same within a chroot and without.
                let path = path.strip_prefix(self.setup.queue_directory()).unwrap_or(path);
                format!("unix:{}", path.display())
            }
        }
    }

    /// How Postfix would name a table of ours.
    fn table(&self, map: &str) -> Option<String> {
        let socketmap = self
            .listener_of(Protocol::Socketmap)
            .map(|listen| format!("socketmap:{}:{map}", self.name(listen)));
        let tcp_table = || {
            let direction = match map {
                "forward" => Direction::Forward,
                "reverse" => Direction::Reverse,
                _ => return None,
            };
            let listen = self.listener_of(Protocol::TcpTable(direction))?;
            Some(format!("tcp:{}", self.name(listen).trim_start_matches("inet:")))
        };
        socketmap.or_else(tcp_table)
    }

    /// The command that puts something else in the place of a mention; none where it is not written out.
    fn replace(&self, mention: &Mention, with: &str) -> Option<String> {
        let written = self.setup.written(mention.scope, mention.parameter);
        written.contains(mention.text).then(|| {
            let value = written.replace(mention.text, with);
            self.setup.set(mention.scope, mention.parameter, &value)
        })
    }

    fn uses(&self) -> Option<Finding> {
        let is_used = [Mode::Tables, Mode::Milter, Mode::Transport]
            .into_iter()
            .any(|mode| self.is_used(mode));
        let mend = CANONICAL.iter().filter_map(|(parameter, map)| {
            Some(self.setup.set(Scope::Main, parameter, &self.table(map)?))
        });
        (!is_used).then(|| {
            error(
                "not-used",
                "Postfix asks no table of Onward's, and has it for no milter",
                "nothing is rewritten; docs/POSTFIX.md has the ways in which it can be",
                mend,
            )
        })
    }

    fn rest(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        if self.setup.value(Scope::Main, "smtputf8_enable") == "no" {
            findings.push(warning(
                "smtputf8",
                "smtputf8_enable is no, and Onward takes and forwards internationalised addresses",
                "what Onward hands back to this Postfix with such an address is bounced",
                [self.setup.set(Scope::Main, "smtputf8_enable", "yes")],
            ));
        }
        let separator = self.config.srs.settings.separator.to_string();
        let delimiter = self.setup.value(Scope::Main, "recipient_delimiter");
        if separator != "+" && delimiter.contains(&separator) {
            let mend = match delimiter.replace(&separator, "").as_str() {
                "" => self.setup.unset(Scope::Main, "recipient_delimiter"),
                others => self.setup.set(Scope::Main, "recipient_delimiter", others),
            };
            findings.push(warning(
                "delimiter",
                format!("recipient_delimiter has {separator}, which separates the parts of SRS addresses"),
                "Postfix takes the end of an SRS address for an extension",
                vec![mend],
            ));
        }
        findings
    }
}
