//! What is wrong between a Postfix and Onward: two configurations and a machine in, findings out.

mod addresses;
mod domain;
mod endpoint;
mod handed;
mod headers;
mod machine;
mod mends;
mod mention;
mod milter;
mod onward_toml;
mod order;
mod overrides;
mod policy;
mod port;
mod postconf;
mod rest;
mod setup;
mod sockets;
#[cfg(test)]
mod tests;
mod transport;

use super::finding::{Finding, error, warning};
use crate::{
    admin::Error,
    config::{Config, Direction, Listen, ListenAddress, Protocol},
    postfix::MapFault,
};
use endpoint::Place;
use machine::{Here, Machine};
use mention::{Asked, CHECK_POLICY, Mention};
use onward_toml::OnwardToml;
use setup::{Scope, Setup};
use std::{cell::RefCell, path::Path};

/// What is ours: the configuration, and what is hosted.
#[derive(Debug)]
pub(super) struct Ours<'a> {
    config: &'a Config,
    /// Where the configuration was read, to be changed there.
    file: OnwardToml,
    domains: Vec<String>,
    /// Some of the aliases: what the tables of Postfix say of them tells of the others.
    aliases: Vec<String>,
    /// Tables of Postfix that do not answer the milter.
    faults: Vec<MapFault>,
}

impl<'a> Ours<'a> {
    pub(super) fn new(
        config: &'a Config,
        file: &Path,
        domains: Vec<String>,
        aliases: Vec<String>,
        faults: Vec<MapFault>,
    ) -> Self {
        Self { config, file: OnwardToml::read(file), domains, aliases, faults }
    }
}

/// Looks at the Postfix of a configuration directory, or of the default instance, and at this machine.
///
/// # Errors
/// When Postfix does not print its configuration.
pub(super) fn look(ours: &Ours, config_dir: Option<&Path>) -> Result<Vec<Finding>, Error> {
    let setup = postconf::setup(config_dir)?;
    let mail_owner = setup.value(Scope::Main, "mail_owner").to_owned();
    Ok(examine(ours, &setup, &Here { config_dir, mail_owner, failed: RefCell::default() }))
}

/// Looks through it all.
fn examine(ours: &Ours, setup: &Setup, machine: &dyn Machine) -> Vec<Finding> {
    let examination =
        Examination { ours, config: ours.config, setup, machine, mentions: mention::all(setup) };
    let mut findings: Vec<Finding> = examination.uses().into_iter().collect();
    findings.extend(examination.sockets());
    findings.extend(examination.srs_domain());
    findings.extend(examination.classes());
    findings.extend(examination.halves());
    findings.extend(examination.order());
    findings.extend(examination.milter());
    findings.extend(examination.policy());
    findings.extend(examination.overrides());
    findings.extend(examination.aliases_of_the_milter());
    findings.extend(examination.handed());
    findings.extend(examination.transport_of_domains());
    findings.extend(examination.port());
    findings.extend(examination.header_checks());
    findings.extend(examination.rest());
    findings.extend(examination.tables_that_fail());
    for finding in &mut findings {
        for command in &mut finding.mend {
            *command = setup.whole(command);
        }
        finding.mend.dedup();
    }
    findings.sort_by_key(|finding| finding.severity);
    findings
}

struct Examination<'a> {
    ours: &'a Ours<'a>,
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
            Mode::Transport => self.is_map(mention, "transport_maps", "transport"),
        })
    }

    /// Whether a parameter asks this map of ours.
    fn asks(&self, parameter: &str, map: &str) -> bool {
        self.mentions.iter().any(|mention| self.is_map(mention, parameter, map))
    }

    fn is_map(&self, mention: &Mention, parameter: &str, map: &str) -> bool {
        mention.parameter == parameter
            && matches!(&mention.asked, Asked::Socketmap(name) if name == map)
            && self.listener(mention).is_some()
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

    /// The command that puts something else in the place of a mention.
    fn replace(&self, mention: &Mention, with: &str) -> String {
        let Mention { scope, parameter, text, word, .. } = *mention;
        let word_with = word.replacen(text, with, 1);
        let mut words: Vec<String> = Vec::new();
        for known in self.setup.words_with(scope, parameter, word) {
            let new = if known == word { word_with.clone() } else { known };
            // What stands there already is not asked twice.
            let is_twice = mention.asked != Asked::Policy && words.contains(&new);
            if !is_twice {
                words.push(new);
            }
        }
        self.setup.set_words(scope, parameter, &words)
    }

    /// The command that takes a mention away.
    fn without(&self, mention: &Mention) -> String {
        let Mention { scope, parameter, word, .. } = *mention;
        let mut words = self.setup.words_with(scope, parameter, word);
        while let Some(at) = words.iter().position(|known| known == word) {
            words.remove(at);
            if let Some(before) = at.checked_sub(1)
                && words.get(before).is_some_and(|before| before == CHECK_POLICY)
            {
                words.remove(before);
            }
        }
        self.setup.set_words(scope, parameter, &words)
    }

    /// The command that takes a word away from a list.
    fn without_word(&self, scope: Scope, list: &str, word: &str) -> String {
        let mut words = self.setup.words_with(scope, list, word);
        words.retain(|known| !known.eq_ignore_ascii_case(word));
        self.setup.set_words(scope, list, &words)
    }

    fn uses(&self) -> Option<Finding> {
        let is_used = [Mode::Tables, Mode::Milter, Mode::Transport]
            .into_iter()
            .any(|mode| self.is_used(mode));
        (!is_used && !self.asks("relay_domains", "domains")).then(|| {
            // Who hosts domains and listens for their mail has them handed over.
            let hands = !self.ours.domains.is_empty()
                && [Protocol::Smtp, Protocol::Socketmap]
                    .iter()
                    .all(|protocol| self.listener_of(*protocol).is_some());
            let lists = [("relay_domains", "domains"), ("transport_maps", "transport")];
            let handed = |(list, map)| Some(self.with(list, &self.table(map)?));
            let mend: Vec<String> = match hands {
                true => {
                    let table = self.table("recipients");
                    let recipients = table.and_then(|table| self.recipients(&table));
                    lists.into_iter().filter_map(handed).chain(recipients).collect()
                }
                false => {
                    let halves = CANONICAL.iter();
                    halves.flat_map(|(parameter, map)| self.canonical(parameter, map)).collect()
                }
            };
            error(
                "not-used",
                "Postfix asks no table of Onward's, and has it for no milter",
                "nothing is rewritten; docs/POSTFIX.md has the ways in which it can be",
                mend,
            )
        })
    }

    /// What cannot be asked here cannot be asked by Postfix either; a socket that is silent is found elsewhere.
    fn tables_that_fail(&self) -> Vec<Finding> {
        let is_socket = |table: &str| {
            let bare = table.strip_prefix("proxy:").unwrap_or(table);
            bare.starts_with("socketmap:") || bare.starts_with("tcp:")
        };
        let mut failures = self.machine.failures();
        failures.retain(|(table, why)| !(is_socket(table) && why.ends_with("query error")));
        // A parameter that is wrong fails for every table.
        failures.dedup_by(|(_, why), (_, before)| why == before);
        let told = failures.into_iter().map(|(table, why)| {
            let mend = self.machine.rebuilt(&table, &why);
            error(
                "table",
                format!("postmap cannot ask {table}: {why}"),
                "Postfix defers the mail that it asks there about; what is said here of its keys may be wrong",
                mend,
            )
        });
        told.collect()
    }
}
