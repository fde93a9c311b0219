use super::{Config, Listen, ListenAddress, Protocol, service};
use crate::client_setup::Outgoing;

/// Where mail is submitted by TLS from the first octet on, and by STARTTLS (RFC 8314 §7.3, RFC 6409 §3.1).
const SUBMISSIONS: u16 = 465;
const SUBMISSION: u16 = 587;

impl Config {
    /// What mail programs are told of our submission listeners, the first of each kind. `None` where there are none, or
    /// we have no name.
    pub fn outgoing(&self) -> Option<Outgoing> {
        let host = self.submission.server.as_ref().unwrap_or(&self.hostname);
        let port = |is_implicit| {
            let mut listeners = self.listen.iter();
            let found = listeners.find(|listen| {
                listen.protocol == Protocol::Submission && listen.implicit_tls == is_implicit
            });
            found.map(public_port)
        };
        let (implicit, starttls) = (port(true), port(false));
        let is_there = host.literal().is_none() && (implicit.is_some() || starttls.is_some());
        is_there.then(|| Outgoing { host: host.clone(), implicit, starttls })
    }

    /// Whether accounts have anywhere to send to.
    pub fn takes_submissions(&self) -> bool {
        self.listen.iter().any(|listen| listen.protocol == Protocol::Submission)
    }
}

fn public_port(listen: &Listen) -> u16 {
    let usual = if listen.implicit_tls { SUBMISSIONS } else { SUBMISSION };
    let own = match &listen.address {
        ListenAddress::Tcp { port, .. } if listen.proxy_protocol.is_empty() => {
            Some(*port).filter(|port| *port != 0)
        }
        ListenAddress::Systemd(name) => service::port_of_socket(name),
        ListenAddress::Tcp { .. } | ListenAddress::Unix(_) => None,
    };
    listen.public_port.or(own).unwrap_or(usual)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Machine;
    use std::path::Path;

    fn outgoing(listeners: &str) -> Option<Outgoing> {
        let text = format!(
            "hostname = \"mx.example.org\"\n[srs]\ndomain = \"example.org\"\n[tls]\ncertificate = \"/c\"\nkey = \"/k\"\n{listeners}"
        );
        Config::parse(&text, Path::new("onward.toml"), &Machine::default()).unwrap().outgoing()
    }

    fn listener(address: &str, more: &str) -> String {
        format!("[[listen]]\nprotocol = \"submission\"\naddress = \"{address}\"\n{more}\n")
    }

    #[test]
    fn ports_are_those_that_people_reach() {
        let implicit = "tls = \"implicit\"";
        for (address, more, expected) in [
            ("[::]:465", implicit, (Some(465), None)),
            ("[::]:1465", implicit, (Some(1465), None)),
            ("systemd:smtps", implicit, (Some(465), None)),
            ("systemd:mine", implicit, (Some(465), None)),
            ("systemd:submission", "", (None, Some(587))),
            ("127.0.0.1:2587", "proxy_protocol = [\"127.0.0.1\"]", (None, Some(587))),
            ("127.0.0.1:2587", "public_port = 1587", (None, Some(1587))),
            ("127.0.0.1:0", "", (None, Some(587))),
        ] {
            let outgoing = outgoing(&listener(address, more)).unwrap();
            assert_eq!((outgoing.implicit, outgoing.starttls), expected, "{address} {more}");
            assert_eq!(outgoing.host.as_str(), "mx.example.org");
        }
        let both = listener("[::]:587", "") + &listener("[::]:465", implicit);
        let both = outgoing(&(both + "[submission]\nserver = \"mail.example.org\"\n")).unwrap();
        assert_eq!((both.implicit, both.starttls), (Some(465), Some(587)));
        assert_eq!(both.host.as_str(), "mail.example.org");
        assert_eq!(outgoing(""), None);
    }
}
