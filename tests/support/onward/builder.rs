//! The making of an Onward: its configuration, and what it has before it starts.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use tempfile::TempDir;

use super::Onward;
use crate::support::config::{Config, quoted};
use crate::support::dns::Dns;
use crate::support::port::free_address;

pub struct Builder {
    pub(super) directory: TempDir,
    pub(super) address: SocketAddr,
    pub(super) listeners: Vec<SocketAddr>,
    pub(super) smtp_options: Vec<String>,
    pub(super) has_listener: bool,
    pub(super) config: Config,
    pub(super) has_dns: bool,
    pub(super) commands: Vec<Vec<String>>,
}

impl Builder {
    /// Where its SMTP listener will be.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The temporary directory, for files that the configuration names.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    pub fn hostname(self, name: &str) -> Self {
        self.config(&format!("hostname = {}", quoted(name)))
    }

    /// One line of TOML with the section before its key: `limits.errors = 3`.
    pub fn config(mut self, line: &str) -> Self {
        self.config.set_line(line);
        self
    }

    /// As many messages from one client to one alias as a test has.
    pub fn without_rates(self) -> Self {
        let limits = ["messages_per_client", "messages_per_alias", "messages_per_domain"];
        let limits = [&limits[..], &["dns_questions_per_client"]].concat();
        limits.iter().fold(self, |builder, limit| {
            builder.config(&format!("limits.{limit} = \"1000000/1s\""))
        })
    }

    /// Leaves out a key that is set by default.
    pub fn without(mut self, key: &str) -> Self {
        self.config.remove(key);
        self
    }

    /// TOML as it is, at the end of the file.
    pub fn toml(mut self, text: &str) -> Self {
        self.config.append(text);
        self
    }

    pub fn secrets(self, secrets: &[&str]) -> Self {
        fs::write(self.directory.path().join("srs.secret"), secrets.join("\n") + "\n").unwrap();
        self
    }

    pub fn dns(self, dns: &Dns) -> Self {
        self.name_server(dns.address())
    }

    /// A name server that is none of [`Dns`].
    pub fn name_server(mut self, address: SocketAddr) -> Self {
        self.has_dns = true;
        self.config(&format!("dns.servers = [\"{address}\"]"))
    }

    /// `onward domain add`, before it serves.
    pub fn domain(self, domain: &str) -> Self {
        self.run_first(&["domain", "add", domain])
    }

    /// `onward alias add ADDRESS DEST…`, before it serves.
    pub fn alias(self, address: &str, destinations: &[&str]) -> Self {
        self.run_first(&[&["alias", "add", address], destinations].concat())
    }

    /// Without domains and aliases, or whatever else commands were to do.
    pub fn without_commands(mut self) -> Self {
        self.commands.clear();
        self
    }

    /// Any command, before it serves.
    pub fn run_first(mut self, arguments: &[&str]) -> Self {
        self.commands.push(arguments.iter().map(|&word| word.to_owned()).collect());
        self
    }

    /// `to` as the configuration has it: `127.0.0.1:2526`, `lmtp:unix:/path`.
    pub fn route(self, domain: &str, to: &str) -> Self {
        self.route_with(domain, to, &[])
    }

    pub fn route_with(mut self, domain: &str, to: &str, lines: &[&str]) -> Self {
        let mut table =
            vec![format!("domain = {}", quoted(domain)), format!("to = {}", quoted(to))];
        table.extend(lines.iter().map(|&line| line.to_owned()));
        self.config.push("route", &table);
        self
    }

    /// Another line for the SMTP listener, such as `proxy_protocol = ["127.0.0.1/32"]`.
    pub fn smtp_option(mut self, line: &str) -> Self {
        self.smtp_options.push(line.to_owned());
        self
    }

    /// A further listener on a port of its own, whose address is returned with the builder.
    pub fn listen(mut self, protocol: &str, lines: &[&str]) -> (Self, SocketAddr) {
        let address = free_address();
        self.push_listener(protocol, address, lines);
        self.listeners.push(address);
        (self, address)
    }

    /// No SMTP listener but those of the test.
    pub fn without_listener(mut self) -> Self {
        self.has_listener = false;
        self.listeners.clear();
        self
    }

    /// Writes the configuration and runs the commands; the daemon does not run yet.
    pub fn build(mut self) -> Onward {
        let own_dns = (!self.has_dns).then(Dns::start);
        if let Some(dns) = &own_dns {
            self = self.dns(dns);
        }
        let options = std::mem::take(&mut self.smtp_options);
        let lines: Vec<&str> = options.iter().map(String::as_str).collect();
        if self.has_listener {
            self.push_listener("smtp", self.address, &lines);
        }
        let mut onward = Onward {
            directory: self.directory,
            address: self.address,
            config: self.config,
            listeners: self.listeners,
            daemon: None,
            environment: Vec::new(),
            _dns: own_dns,
        };
        onward.change_config(|_as_it_is| {});
        for command in &self.commands {
            onward.run(&command.iter().map(String::as_str).collect::<Vec<_>>());
        }
        onward
    }

    pub fn start(self) -> Onward {
        let mut onward = self.build();
        onward.serve();
        onward
    }

    fn push_listener(&mut self, protocol: &str, address: SocketAddr, lines: &[&str]) {
        let mut table =
            vec![format!("protocol = {}", quoted(protocol)), format!("address = \"{address}\"")];
        table.extend(lines.iter().map(|&line| line.to_owned()));
        self.config.push("listen", &table);
    }
}
