use super::{define::section, reader::Table};
use crate::{
    address::DomainPattern,
    next_hop::{NextHop, TlsLevel},
};
use std::str::FromStr;

section! {
    /// Next hops that replace the destination domain's MX; any number of them, the first match wins.
    tables "route", Keys;

    /// Destination domains the route is for.
    domain: DomainPattern =
        text("a domain name, \"*.domain\" for its subdomains, or \"*\" for all", DomainPattern::from_str),
        required;
    /// Where their mail goes. A `host` is looked up by A and AAAA; its port is 25.
    to: NextHop = text(
        "\"host\", \"host:port\", \"address:port\", \"lmtp:host:port\" or \"lmtp:unix:/path\"",
        NextHop::from_str
    ), required;
    /// `opportunistic`: with any certificate where TLS is offered, else in plaintext. `required`: with any
    /// certificate, or not at all. What goes to an MX, without a route, is `opportunistic`, unless the
    /// destination demands more (docs/TLS.md).
    tls: TlsLevel = one_of(
        "none" => TlsLevel::None,
        "opportunistic" => TlsLevel::Opportunistic,
        "required" => TlsLevel::Required
    ), default "opportunistic";
    /// The name to log in with.
    username: Option<()> = later, absent "comes with a later version";
    /// The file that holds the password.
    password_file: Option<()> = later, absent "comes with a later version";
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
    root.tables().into_iter().map(route).collect()
}

fn route(keys: Keys<'_>) -> Option<Route> {
    let _login = (keys.username.value?, keys.password_file.value?);
    let to = NextHop { tls: keys.tls.value?, ..keys.to.value? };
    Some(Route { pattern: keys.domain.value?, to })
}
