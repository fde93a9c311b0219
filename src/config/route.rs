use super::{define::section, reader::Table, values::domain};
use crate::{
    address::{Domain, DomainPattern},
    next_hop::{Login, NextHop, Protocol, Relay, Target, TlsLevel, is_host_address},
};
use std::{net::IpAddr, path::PathBuf, str::FromStr, sync::Arc};

section! {
    /// Next hops that replace the destination domain's MX; any number of them, the first match wins. docs/SMART-HOSTS.md
    /// has those of services that mail leaves by.
    tables "route", Keys;

    /// Destination domains the route is for.
    domain: DomainPattern =
        text("a domain name, \"*.domain\" for its subdomains, or \"*\" for all", DomainPattern::from_str),
        required;
    /// Where their mail goes. A `host` is looked up by A and AAAA; its port is 25, with `smtps:`, which is TLS from the
    /// first octet on, 465.
    to: NextHop = text(
        "\"host\", \"host:port\", \"address:port\", \"smtps:host:port\", \"lmtp:host:port\" or \"lmtp:unix:/path\"",
        NextHop::from_str
    ), required;
    /// `opportunistic`: with any certificate where TLS is offered, else in plaintext. `required`: with any
    /// certificate, or not at all. `verified`: with a certificate that one of the authorities of tls.ca_file, or of the system,
    /// made out to the host of `to`, or not at all. What goes to an MX, without a route, is `opportunistic`, unless the
    /// destination demands more (docs/TLS.md).
    tls: TlsLevel = one_of(
        "none" => TlsLevel::None,
        "opportunistic" => TlsLevel::Opportunistic,
        "required" => TlsLevel::Required,
        "verified" => TlsLevel::Verified
    ), default "opportunistic";
    /// The name to log in with, by AUTH PLAIN or LOGIN as the host offers it. It and the password leave this machine over
    /// `tls = "verified"` alone. Where the host does not take them, mail waits or stays with its senders, and the log says so.
    username: Option<String> = text("1 to 255 octets without control characters", username), absent "without a login";
    /// File with the password for it, on its first line. It is read for each login.
    password_file: Option<PathBuf> = secret_path, absent "belongs to username";
    /// `munge`: a message whose From is at no domain that is hosted here gets one of the alias's, as such hosts take no
    /// other. Its author is named in it, and gets the answers. Where an alias has several destinations, all of them get it so.
    from: bool = one_of("keep" => false, "munge" => true), default "keep";
    /// The address of this machine to connect from. Hosts are then reached at addresses of the same kind only.
    source: Option<IpAddr> = text("an IPv4 or IPv6 address of this machine", source), absent "the system's choice";
    /// Our name in EHLO to these hosts.
    hello: Option<Domain> = text("a domain name", domain), absent "hostname";
}

/// A next hop that replaces the MX of some destination domains.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The destination domains.
    pub pattern: DomainPattern,
    /// Where their mail goes.
    pub to: NextHop,
}

pub(super) fn read(root: &Table<'_>) -> Option<Vec<Route>> {
    // All findings, and not those of the first route that has any.
    let routes: Vec<Option<Route>> = root.tables().into_iter().map(route).collect();
    routes.into_iter().collect()
}

/// Longest name to log in with, in octets (RFC 4616 §2).
const MAX_USERNAME: usize = 255;

fn route(keys: Keys<'_>) -> Option<Route> {
    let is_fine = is_safe_login(&keys) & is_reachable(&keys);
    let login = match (keys.username.value?, keys.password_file.value?) {
        (Some(username), Some(password_file)) => Some(Login { username, password_file }),
        _ => None,
    };
    let takes_own_from = keys.from.value?;
    let (source, hello) = (keys.source.value?, keys.hello.value?);
    let relay = Relay { login, takes_own_from, source, hello };
    let relay = (relay != Relay::default()).then(|| Arc::new(relay));
    let to = NextHop { tls: keys.tls.value?, relay, ..keys.to.value? };
    is_fine.then_some(Route { pattern: keys.domain.value?, to })
}

/// Whether the password reaches nobody but the host.
fn is_safe_login(keys: &Keys<'_>) -> bool {
    let (has_name, has_file) = (keys.username.is_written(), keys.password_file.is_written());
    let both = "both of them, or neither";
    if has_name != has_file {
        match has_name {
            true => keys.password_file.refuse("missing, and username is there", both),
            false => keys.username.refuse("missing, and password_file is there", both),
        }
        return false;
    }
    let (Some(to), Some(tls)) = (&keys.to.value, keys.tls.value) else { return true };
    if !has_name {
        return true;
    }
    if to.protocol == Protocol::Lmtp {
        keys.username.refuse("a login, and to speaks LMTP", "a to that speaks SMTP");
        return false;
    }
    let is_here = matches!(to.target, Target::Addr(address) if address.ip().is_loopback());
    if tls != TlsLevel::Verified && !is_here {
        keys.tls.refuse(
            "not \"verified\", and username is there: whoever is on the way would get the password",
            "\"verified\", or a to that is an address of this machine, such as \"127.0.0.1:587\"",
        );
        return false;
    }
    true
}

/// Whether the keys agree on how the host is reached.
fn is_reachable(keys: &Keys<'_>) -> bool {
    let Some(to) = &keys.to.value else { return true };
    if to.protocol == Protocol::Smtps && keys.tls.value == Some(TlsLevel::None) {
        keys.tls.refuse(
            "\"none\", and to is TLS from the first octet on",
            "\"required\" or \"verified\"",
        );
        return false;
    }
    let source = keys.source.value.flatten();
    let is_other = match &to.target {
        Target::Addr(address) => source.is_some_and(|source| source.is_ipv4() != address.is_ipv4()),
        Target::Unix(_) => source.is_some(),
        Target::Mx(_) | Target::Host { .. } => false,
    };
    if is_other {
        keys.source
            .refuse("to cannot be reached from it", "an address of the same kind as that of to");
    }
    !is_other
}

fn username(text: &str) -> Result<String, String> {
    // Not repeated: with some services it is a secret.
    let is_fine = (1..=MAX_USERNAME).contains(&text.len()) && !text.chars().any(char::is_control);
    is_fine.then(|| text.to_owned()).ok_or_else(|| "a text that is no such name".to_owned())
}

fn source(text: &str) -> Result<IpAddr, String> {
    match text.parse() {
        Ok(ip) if is_host_address(ip) => Ok(ip),
        _ => Err(format!("{text:?} is no address of a host")),
    }
}
