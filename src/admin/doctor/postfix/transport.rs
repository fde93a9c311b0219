//! The way of the domains handed over: to Onward, and from there back to Postfix.

use super::{CANONICAL, Examination, Mode, endpoint::Place, port::port_of, setup::Scope};
use crate::{
    admin::doctor::finding::{Finding, error, warning},
    config::{IpNet, Listen, ListenAddress, Protocol},
    next_hop::Target,
};
use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    time::Duration,
};

const MAIN: Scope = Scope::Main;
const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

impl Examination<'_> {
    pub(super) fn transport_of_domains(&self) -> Vec<Finding> {
        let mut findings = self.routes();
        if !self.is_used(Mode::Transport) {
            return findings;
        }
        findings.extend(self.smtp_listener());
        findings.extend(self.xforward());
        findings.extend(self.rewritten_before());
        findings.extend(self.limits());
        findings
    }

    /// The listener that the table `transport` names, with its number.
    fn handed_to(&self) -> Option<(usize, &Listen)> {
        self.config.listen.iter().enumerate().find(|(_, listen)| {
            listen.protocol == Protocol::Smtp
                && listen.proxy_protocol.is_empty()
                && matches!(listen.address, ListenAddress::Tcp { .. })
        })
    }

    fn smtp_listener(&self) -> Option<Finding> {
        let is_one = |listen: &Listen| listen.protocol == Protocol::Smtp;
        if self.handed_to().is_some() || self.config.listen.iter().any(is_one) {
            return None;
        }
        let lines =
            ["protocol = \"smtp\"", "address = \"127.0.0.1:10025\"", "xforward = [\"127.0.0.1\"]"];
        Some(error(
            "no-smtp",
            "transport_maps sends domains to Onward, which has no smtp listener",
            "the table knows nowhere to send them: Postfix sends their mail to their MX, which is itself",
            [self.ours.file.add("listen", &lines)],
        ))
    }

    /// Postfix says whose message it is, and Onward believes it.
    fn xforward(&self) -> Vec<Finding> {
        const WHY: &str =
            "every message seems to come from this machine: SPF fails, and no bounce comes back";
        let mut findings = Vec::new();
        let Some((number, listen)) = self.handed_to() else { return findings };
        let parameter = "smtp_send_xforward_command";
        let mut scopes = self.setup.scopes(&["smtp"], &[parameter]);
        scopes.retain(|scope| match scope {
            Scope::Main => !self
                .setup
                .services(&["smtp"])
                .any(|service| service.name == "smtp" && service.has(parameter)),
            Scope::Service(service) => service.name == "smtp",
        });
        for scope in scopes {
            if self.setup.value(scope, parameter) == "no" {
                findings.push(error(
                    "xforward",
                    format!("{scope}{parameter} is no, and domains are handed over to Onward"),
                    WHY,
                    [self.setup.set(scope, parameter, "yes")],
                ));
            }
        }
        let is_local =
            matches!(&listen.address, ListenAddress::Tcp { host, .. } if is_loopback(host));
        let is_believed = match is_local {
            true => listen.xforward.iter().any(|net| net.contains(LOOPBACK)),
            false => !listen.xforward.is_empty(),
        };
        if !is_believed {
            let all: Vec<String> = listen
                .xforward
                .iter()
                .map(ToString::to_string)
                .chain([LOOPBACK.to_string()])
                .collect();
            findings.push(error(
                "xforward",
                format!(
                    "the smtp listener at {} believes no XFORWARD of this Postfix",
                    listen.address
                ),
                WHY,
                is_local
                    .then(|| {
                        self.ours.file.set(
                            "listen",
                            number,
                            "xforward",
                            &super::onward_toml::list(&all),
                        )
                    })
                    .flatten(),
            ));
        }
        findings
    }

    /// With both, Postfix rewrites the sender first, and Onward judges a sender of ours.
    fn rewritten_before(&self) -> Option<Finding> {
        let tables: Vec<_> =
            CANONICAL.iter().filter_map(|(parameter, _)| self.srs_table(parameter)).collect();
        (!tables.is_empty()).then(|| {
            error(
                "transport-and-maps",
                "domains are handed over, and the canonical tables rewrite their senders before Onward sees them",
                "SPF is judged of the rewritten sender, fails, and bounces do not come back",
                tables.iter().map(|mention| self.without(mention)),
            )
        })
    }

    fn limits(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        let ours = self.config.delivery.max_message_size;
        let limit = self.setup.value(MAIN, "message_size_limit").parse::<usize>().ok();
        if limit.is_some_and(|limit| limit == 0 || limit > ours) {
            // virtual(8) and local(8) want their limits to be no smaller.
            let boxes = ["virtual_mailbox_limit", "mailbox_size_limit"]
                .map(|name| self.setup.value(MAIN, name).parse().ok().filter(|limit| *limit > 0));
            let most = boxes.into_iter().flatten().fold(ours, usize::min);
            findings.push(warning(
                "size",
                format!(
                    "message_size_limit lets more in than delivery.max_message_size, {ours} octets"
                ),
                "Postfix takes a larger message, Onward refuses it, and Postfix bounces it",
                [self.setup.set(MAIN, "message_size_limit", &most.to_string())],
            ));
        }
        let delivery = &self.config.delivery;
        let longest = delivery.budget + delivery.final_patience;
        let patience = duration(self.setup.value(MAIN, "smtp_data_done_timeout"));
        if patience.is_some_and(|patience| patience < longest) {
            let seconds = longest.as_secs().max(600);
            findings.push(warning(
                "data-done-timeout",
                "smtp_data_done_timeout is shorter than delivery.budget and delivery.final_patience",
                "Postfix gives up while Onward waits for the verdict, and sends the message again",
                [self.setup.set(MAIN, "smtp_data_done_timeout", &format!("{seconds}s"))],
            ));
        }
        findings
    }

    /// Routes back to this machine.
    fn routes(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        let entry = self.entries().into_iter().find_map(|service| {
            let host = service.name.rsplit_once(':').map_or("127.0.0.1", |(host, _)| host);
            let ip: IpAddr = host.trim_matches(['[', ']']).parse().ok()?;
            Some(SocketAddr::new(ip, port_of(&service.name)?))
        });
        for (number, route) in self.config.routes.iter().enumerate() {
            let Target::Addr(to) = route.to.target else { continue };
            if !to.ip().is_loopback() {
                continue;
            }
            let is_entry = entry.is_some_and(|entry| entry.port() == to.port());
            if !self.machine.answers(&Place::Inet(to.to_string())) {
                let mend = entry.filter(|_| !is_entry).and_then(|entry| {
                    self.ours.file.set("route", number, "to", &format!("\"{entry}\""))
                });
                findings.push(error(
                    "route",
                    format!(
                        "the [[route]] of {} leads to {to}, where nobody answers",
                        route.pattern
                    ),
                    "forwarded mail is deferred, and refused to its senders",
                    mend,
                ));
            } else if is_entry && !self.is_in_mynetworks(to.ip()) {
                let net = if to.is_ipv4() { "127.0.0.0/8" } else { "[::1]/128" };
                findings.push(error(
                    "relay-denied",
                    format!(
                        "the [[route]] of {} leads to Postfix, and mynetworks lacks this machine",
                        route.pattern
                    ),
                    "Postfix refuses what Onward forwards as relaying",
                    [self.with("mynetworks", net)],
                ));
            }
        }
        findings
    }

    fn is_in_mynetworks(&self, ip: IpAddr) -> bool {
        self.setup.list(MAIN, "mynetworks").iter().any(|word| {
            let net = word.replace(['[', ']'], "").parse::<IpNet>();
            // A table or a file may have it.
            net.map_or(word.contains([':', '/']), |net| net.contains(ip))
        })
    }
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

/// A time of postconf(5): seconds unless a unit stands behind the number.
pub(super) fn duration(text: &str) -> Option<Duration> {
    let (number, unit) = match text.char_indices().next_back()? {
        (_, c) if c.is_ascii_digit() => (text, 1),
        (at, c) => {
            let seconds = match c {
                's' => 1,
                'm' => 60,
                'h' => 3600,
                'd' => 86_400,
                'w' => 604_800,
                _ => return None,
            };
            (text.get(..at)?, seconds)
        }
    };
    number.parse::<u64>().ok()?.checked_mul(unit).map(Duration::from_secs)
}
