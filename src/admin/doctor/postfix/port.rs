//! Ports that Postfix and Onward both want.

use super::Examination;
use crate::{
    admin::doctor::finding::{Finding, error},
    config::{ListenAddress, service},
};

const WHY: &str = "whoever comes second does not start: at the next boot that may be Postfix";

/// What systemd calls the sockets that come with the package.
const SOCKETS: [&str; 3] = ["smtp", "submission", "smtps"];

impl Examination<'_> {
    pub(super) fn port(&self) -> Vec<Finding> {
        let taken: Vec<(String, u16)> = self
            .setup
            .all_services()
            .filter(|service| service.kind == "inet")
            .filter_map(|service| Some((service.to_string(), port_of(&service.name)?)))
            .collect();
        let of_postfix = |port: u16| taken.iter().find(|(_, number)| *number == port);
        let mut findings = Vec::new();
        for name in SOCKETS {
            let Some(socket) = service::socket_unit(name) else { continue };
            let Some(unit) = self.machine.unit(socket) else { continue };
            if !(unit.is_enabled || unit.is_active) {
                continue;
            }
            let mut ports = unit
                .listens
                .iter()
                .filter_map(|listens| listens.split_whitespace().next().and_then(port_of));
            if let Some((service, port)) = ports.find_map(of_postfix) {
                findings.push(error(
                    "port",
                    format!("{socket} has port {port}, which {service} in master.cf is for"),
                    WHY,
                    [service::give_up(name)],
                ));
            } else if !self
                .config
                .listen
                .iter()
                .any(|listen| listen.address == ListenAddress::Systemd(name.to_owned()))
            {
                findings.push(error(
                    "port",
                    format!("{socket} is on, and no [[listen]] has address = \"systemd:{name}\""),
                    "whoever connects there is answered by nobody",
                    [service::give_up(name)],
                ));
            }
        }
        let interfaces = self.setup.list(super::Scope::Main, "inet_interfaces");
        for listen in &self.config.listen {
            let ListenAddress::Tcp { host, port } = &listen.address else { continue };
            let Some((service, _)) = of_postfix(*port) else { continue };
            let at = service.rsplit_once(':').map(|(at, _)| at.trim_matches(['[', ']']));
            let is_everywhere = |host: &str| matches!(host, "0.0.0.0" | "::" | "all" | "*");
            let is_shared = match at {
                Some(at) => is_everywhere(at) || is_everywhere(host) || at == host,
                None => {
                    is_everywhere(host)
                        || interfaces.iter().any(|at| is_everywhere(at) || at == host)
                        || (interfaces.contains(&"loopback-only") && host.starts_with("127."))
                }
            };
            if is_shared {
                findings.push(error(
                    "port",
                    format!(
                        "Onward listens on {}, which {service} in master.cf is for",
                        listen.address
                    ),
                    WHY,
                    None,
                ));
            }
        }
        findings
    }
}

/// The port at the end of `host:port`, `port` or a name of services(5).
pub(super) fn port_of(name: &str) -> Option<u16> {
    match name.rsplit(':').next()? {
        "smtp" => Some(25),
        "submission" => Some(587),
        "smtps" | "submissions" | "ssmtp" => Some(465),
        number => number.parse().ok(),
    }
}
