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
        let taken: Vec<Taken> = self
            .setup
            .all_services()
            .filter(|service| service.kind == "inet")
            .filter_map(|service| {
                Some(Taken { service: service.to_string(), port: port_of(&service.name)? })
            })
            .collect();
        let mut findings = Vec::new();
        for name in SOCKETS {
            let Some(socket) = service::socket_unit(name) else { continue };
            let Some(unit) = self.machine.unit(socket) else { continue };
            if !(unit.is_enabled || unit.is_active) {
                continue;
            }
            let listens =
                unit.listens.iter().filter_map(|listens| listens.split_whitespace().next());
            let mut shared = listens.filter_map(|at| {
                let port = port_of(at)?;
                let host = at.rsplit_once(':').map_or("::", |(host, _)| host);
                taken.iter().find(|taken| taken.port == port && self.is_shared(taken, host))
            });
            if let Some(Taken { service, port }) = shared.next() {
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
        for listen in &self.config.listen {
            let ListenAddress::Tcp { host, port } = &listen.address else { continue };
            let mut of_postfix = taken.iter().filter(|taken| taken.port == *port);
            if let Some(Taken { service, .. }) =
                of_postfix.find(|taken| self.is_shared(taken, host))
            {
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

    /// Whether Postfix's service and a socket at `host` cannot both have the port: a Postfix for this machine's own mail
    /// (`inet_interfaces = loopback-only`) leaves it free at every other address.
    fn is_shared(&self, taken: &Taken, host: &str) -> bool {
        let bare = |at: &str| at.trim_matches(['[', ']']).to_owned();
        let is_everywhere = |host: &str| matches!(host, "0.0.0.0" | "::" | "all" | "*");
        let host = bare(host);
        let interfaces = self.setup.list(super::Scope::Main, "inet_interfaces");
        let is_at = |at: &str| match at {
            "loopback-only" => host == "localhost" || host == "::1" || host.starts_with("127."),
            at => is_everywhere(at) || bare(at) == host,
        };
        is_everywhere(&host)
            || match taken.service.rsplit_once(':') {
                Some((at, _)) => is_at(at) || is_everywhere(&bare(at)),
                None => interfaces.into_iter().any(is_at),
            }
    }
}

/// A port that a service of master.cf is for.
struct Taken {
    service: String,
    port: u16,
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
