//! What is wrong between a Postfix and Onward: two configurations in, findings out.

use super::{
    finding::{Finding, Severity},
    setup::{Endpoint, Service, Setup},
};
use crate::config::{Config, Direction, Listen, ListenAddress, Protocol};

/// What was asked of Postfix beside its configuration.
#[derive(Debug, Default)]
pub(super) struct Asked {
    /// The SRS domain is one that Postfix takes mail for.
    pub(super) takes_srs_domain: bool,
    /// Rules of header_checks that change what DKIM signs: the file, the line, and what is there.
    pub(super) header_rules: Vec<(String, usize, String)>,
}

/// The programmes that ask canonical tables.
const ASKING: [&str; 2] = ["cleanup", "smtpd"];

/// Looks through it all.
pub(super) fn examine(config: &Config, setup: &Setup, asked: &Asked) -> Vec<Finding> {
    let mut examination = Examination { config, setup, findings: Vec::new() };
    examination.uses();
    examination.srs_domain(asked);
    examination.classes();
    examination.halves();
    examination.order();
    examination.endpoints();
    examination.milter();
    examination.headers(asked);
    examination.rest();
    examination.findings.sort_by_key(|finding| finding.severity);
    examination.findings
}

struct Examination<'a> {
    config: &'a Config,
    setup: &'a Setup,
    findings: Vec<Finding>,
}

/// Which way a canonical table turns.
const CANONICAL: [(&str, &str, Direction); 2] = [
    ("sender_canonical_maps", "forward", Direction::Forward),
    ("recipient_canonical_maps", "reverse", Direction::Reverse),
];

impl Examination<'_> {
    fn add(
        &mut self,
        severity: Severity,
        id: &'static str,
        what: String,
        why: &'static str,
        mend: Vec<String>,
    ) {
        self.findings.push(Finding { severity, id, what, why, mend });
    }

    /// The table of Onward's, or of a PostSRSd, in a parameter.
    fn srs_table(&self, parameter: &str, map: &str) -> Option<(&str, Endpoint)> {
        self.setup.list(parameter).into_iter().find_map(|table| {
            let (endpoint, name) = Endpoint::of_table(table)?;
            name.is_none_or(|name| name == map).then_some((table, endpoint))
        })
    }

    fn uses_maps(&self) -> bool {
        CANONICAL.iter().any(|(parameter, map, _)| self.srs_table(parameter, map).is_some())
    }

    /// Our milters among those of Postfix.
    fn uses_milter(&self) -> bool {
        let milters = self.setup.list("smtpd_milters");
        let ours = |listen: &&Listen| listen.protocol == Protocol::Milter;
        milters
            .iter()
            .filter_map(|milter| Endpoint::parse(milter))
            .any(|at| self.config.listen.iter().filter(ours).any(|listen| self.is_at(listen, &at)))
    }

    fn is_at(&self, listen: &Listen, endpoint: &Endpoint) -> bool {
        match (&listen.address, endpoint) {
            (ListenAddress::Tcp { host, port }, Endpoint::Inet(there)) => {
                let (name, number) = there.rsplit_once(':').unwrap_or(("", there));
                let same = |a: &str, b: &str| {
                    let local = |name: &str| {
                        matches!(
                            name,
                            "" | "localhost" | "127.0.0.1" | "::1" | "[::1]" | "0.0.0.0" | "::"
                        )
                    };
                    a == b || local(a) && local(b)
                };
                number.parse() == Ok(*port) && same(name, host)
            }
            (ListenAddress::Unix(path), Endpoint::Unix(there)) => {
                let queue = self.setup.queue_directory();
                let inside = queue.join(there.trim_start_matches('/'));
                // A chrooted service names the path within its root.
                path == std::path::Path::new(there) || *path == inside
            }
            _ => false,
        }
    }

    /// How Postfix would name a table of ours.
    fn table(&self, map: &str, direction: Direction) -> Option<String> {
        let address = |listen: &Listen| match &listen.address {
            ListenAddress::Tcp { host, port } => {
                let host = if host == "0.0.0.0" || host == "::" { "127.0.0.1" } else { host };
                format!("inet:{host}:{port}")
            }
            ListenAddress::Unix(path) => {
                // From the queue directory on it is the same within a chroot and without.
                let path = path.strip_prefix(self.setup.queue_directory()).unwrap_or(path);
                format!("unix:{}", path.display())
            }
        };
        let of = |protocol| self.config.listen.iter().find(|listen| listen.protocol == protocol);
        let socketmap =
            of(Protocol::Socketmap).map(|listen| format!("socketmap:{}:{map}", address(listen)));
        let tcp_table = || {
            let listen = of(Protocol::TcpTable(direction))?;
            Some(format!("tcp:{}", address(listen).trim_start_matches("inet:")))
        };
        socketmap.or_else(tcp_table)
    }

    fn uses(&mut self) {
        let has_transport = self.setup.list("transport_maps").into_iter().any(|table| {
            Endpoint::of_table(table).is_some_and(|(_, name)| name.as_deref() == Some("transport"))
        });
        if self.uses_maps() || self.uses_milter() || has_transport {
            return;
        }
        let mend = CANONICAL
            .iter()
            .filter_map(|(parameter, map, direction)| {
                Some(self.setup.set(parameter, &self.table(map, *direction)?))
            })
            .collect();
        self.add(
            Severity::Error,
            "not-used",
            "Postfix asks no table of Onward's, and has it for no milter".to_owned(),
            "nothing is rewritten; docs/POSTFIX.md has the ways in which it can be",
            mend,
        );
    }

    fn srs_domain(&mut self, asked: &Asked) {
        if asked.takes_srs_domain || !(self.uses_maps() || self.uses_milter()) {
            return;
        }
        let domain = &self.config.srs.settings.domain;
        // With the tables a forgery is an unknown alias; the milter must see the recipient first.
        let parameter = if self.uses_milter() { "relay_domains" } else { "virtual_alias_domains" };
        let value = match self.setup.written(parameter) {
            "" => domain.to_string(),
            written => format!("{written}, {domain}"),
        };
        self.add(
            Severity::Error,
            "srs-domain",
            format!("Postfix takes no mail for the SRS domain {domain}"),
            "every bounce to a forwarded message is refused as relaying",
            vec![self.setup.set(parameter, &value)],
        );
    }

    fn classes(&mut self) {
        for (maps, classes, bad, good) in [
            (
                "sender_canonical_maps",
                "sender_canonical_classes",
                "header_sender",
                "envelope_sender",
            ),
            (
                "recipient_canonical_maps",
                "recipient_canonical_classes",
                "header_recipient",
                "envelope_recipient",
            ),
        ] {
            let map = if good == "envelope_sender" { "forward" } else { "reverse" };
            if self.srs_table(maps, map).is_some() && self.setup.list(classes).contains(&bad) {
                self.add(
                    Severity::Error,
                    "header-classes",
                    format!("{classes} has {bad}"),
                    "header fields are rewritten too, which breaks DKIM signatures and shows SRS addresses",
                    vec![self.setup.set(classes, good)],
                );
            }
        }
    }

    fn halves(&mut self) {
        let [forward, reverse] =
            CANONICAL.map(|(parameter, map, _)| self.srs_table(parameter, map).is_some());
        if forward == reverse {
            return;
        }
        let (missing, map, direction) = if forward { CANONICAL[1] } else { CANONICAL[0] };
        let mend = self.table(map, direction).map(|table| {
            let value = match self.setup.written(missing) {
                "" => table,
                written => format!("{written}, {table}"),
            };
            self.setup.set(missing, &value)
        });
        self.add(
            Severity::Error,
            "half",
            format!("the other half has its table, {missing} has none"),
            "senders are rewritten and bounces to them reach nobody, or nothing is rewritten at all",
            mend.into_iter().collect(),
        );
    }

    fn order(&mut self) {
        for (parameter, map, direction) in CANONICAL {
            let tables = self.setup.list(parameter);
            let Some((ours, _)) = self.srs_table(parameter, map) else { continue };
            let others: Vec<&str> = tables.iter().copied().filter(|table| *table != ours).collect();
            let srs = others.iter().any(|table| {
                Endpoint::of_table(table)
                    .is_some_and(|(_, name)| name.is_none_or(|name| name == map))
            });
            if srs {
                self.add(
                    Severity::Error,
                    "two-rewriters",
                    format!("{parameter} has two tables for SRS: {}", tables.join(", ")),
                    "only the first is asked of addresses that both know; bounces of the other are lost",
                    self.table(map, direction)
                        .map(|table| self.setup.set(parameter, &table))
                        .into_iter()
                        .collect(),
                );
            } else if tables.last() != Some(&ours) {
                let value = [&others[..], &[ours]].concat().join(", ");
                let mend = vec![self.setup.set(parameter, &value)];
                self.add(
                    Severity::Warning,
                    "order",
                    format!("{parameter} has other tables behind the one for SRS"),
                    "the first that knows an address is the only one asked: those behind it are never asked \
                     of a sender that leaves",
                    mend,
                );
            }
        }
        if self.uses_maps() && !self.setup.list("canonical_maps").is_empty() {
            let others = self.setup.written("canonical_maps");
            let mut mend: Vec<String> = CANONICAL
                .iter()
                .map(|(parameter, ..)| {
                    let value = format!("{others}, {}", self.setup.written(parameter));
                    self.setup.set(parameter, &value)
                })
                .collect();
            mend.push(self.setup.unset("canonical_maps"));
            self.add(
                Severity::Warning,
                "canonical-maps",
                "canonical_maps is asked behind both tables for SRS".to_owned(),
                "it is asked about rewritten senders, and never about those that it knows",
                mend,
            );
        }
    }

    /// Each table for SRS is where we listen, and where Postfix can see it.
    fn endpoints(&mut self) {
        for (parameter, map, direction) in CANONICAL {
            let Some((table, endpoint)) = self.srs_table(parameter, map) else { continue };
            let (table, endpoint) = (table.to_owned(), endpoint);
            let is_ours = self.config.listen.iter().any(|listen| {
                matches!(listen.protocol, Protocol::Socketmap | Protocol::TcpTable(_))
                    && self.is_at(listen, &endpoint)
            });
            if !is_ours {
                let right = self.table(map, direction);
                let mend = right.map(|right| {
                    self.setup
                        .set(parameter, &self.setup.written(parameter).replace(&table, &right))
                });
                self.add(
                    Severity::Error,
                    "no-listener",
                    format!("{parameter} asks {table}, where Onward does not listen"),
                    "Postfix defers all mail with 451 4.3.0 while the table does not answer",
                    mend.into_iter().collect(),
                );
            } else if let Endpoint::Unix(path) = &endpoint {
                self.chroot(parameter, &table, path);
            }
        }
    }

    fn chroot(&mut self, parameter: &str, table: &str, path: &str) {
        let queue = self.setup.queue_directory();
        let is_inside = !path.starts_with('/');
        let is_chrooted =
            |service: &&Service| ASKING.contains(&&*service.program) && service.is_chrooted;
        let chrooted: Vec<&Service> = self.setup.services().iter().filter(is_chrooted).collect();
        if is_inside || chrooted.is_empty() || table.starts_with("proxy:") {
            return;
        }
        let names: Vec<&str> = chrooted.iter().map(|service| service.name.as_str()).collect();
        let what = format!("{} are chrooted and cannot see {path}", names.join(", "));
        // A socket below the queue directory has a name that is right inside and outside.
        let mend = match std::path::Path::new(path).strip_prefix(queue) {
            Ok(inside) => {
                let relative = table.replace(path, &inside.display().to_string());
                let value = self.setup.written(parameter).replace(table, &relative);
                vec![self.setup.set(parameter, &value)]
            }
            Err(_) => chrooted.iter().map(|service| self.setup.free(service)).collect(),
        };
        self.add(
            Severity::Error,
            "chroot",
            what,
            "Postfix defers all mail with 451 4.3.0: the socket is outside of its root",
            mend,
        );
    }

    fn milter(&mut self) {
        if !self.uses_milter() {
            return;
        }
        if self.uses_maps() {
            let mend = CANONICAL
                .iter()
                .filter(|(parameter, map, _)| self.srs_table(parameter, map).is_some())
                .map(|(parameter, ..)| self.setup.unset(parameter))
                .collect();
            self.add(
                Severity::Error,
                "milter-and-maps",
                "the milter rewrites, and the canonical tables rewrite everything beside it"
                    .to_owned(),
                "mail that does not leave is rewritten all the same",
                mend,
            );
        }
        if !matches!(self.setup.value("milter_default_action"), "tempfail" | "") {
            self.add(
                Severity::Warning,
                "milter-default-action",
                format!("milter_default_action is {}", self.setup.value("milter_default_action")),
                "while Onward does not answer, mail leaves with senders that fail SPF",
                vec![self.setup.set("milter_default_action", "tempfail")],
            );
        }
        if !matches!(self.setup.value("milter_protocol"), "6" | "") {
            self.add(
                Severity::Error,
                "milter-protocol",
                format!("milter_protocol is {}", self.setup.value("milter_protocol")),
                "before version 6 a milter may not change the sender",
                vec![self.setup.set("milter_protocol", "6")],
            );
        }
    }

    fn headers(&mut self, asked: &Asked) {
        for (file, line, rule) in &asked.header_rules {
            self.add(
                Severity::Warning,
                "header-checks",
                format!("{file}:{line} changes a field that DKIM signs: {rule}"),
                "signatures break, and mail of domains with a DMARC policy is refused at its destination",
                vec![format!("sed -i '{line}s/^/#/' {}", super::setup::shell(file))],
            );
        }
    }

    fn rest(&mut self) {
        if self.setup.value("smtputf8_enable") == "no" {
            self.add(
                Severity::Warning,
                "smtputf8",
                "smtputf8_enable is no, and Onward takes and forwards internationalised addresses"
                    .to_owned(),
                "what Onward hands back to this Postfix with such an address is bounced",
                vec![self.setup.set("smtputf8_enable", "yes")],
            );
        }
        let separator = self.config.srs.settings.separator.to_string();
        let delimiter = self.setup.value("recipient_delimiter");
        if separator != "+" && delimiter.contains(&separator) {
            let mend = match delimiter.replace(&separator, "").as_str() {
                "" => self.setup.unset("recipient_delimiter"),
                others => self.setup.set("recipient_delimiter", others),
            };
            self.add(
                Severity::Warning,
                "delimiter",
                format!("recipient_delimiter has {separator}, which separates the parts of SRS addresses"),
                "Postfix takes the end of an SRS address for an extension",
                vec![mend],
            );
        }
    }
}
