use super::{Host, IpNet, define::section, reader::Table};
use std::{fmt, net::IpAddr, str::FromStr};

section! {
    /// The page for people: docs/WEB.md.
    table "web", Keys => pub struct Web {}

    /// The names by which browsers reach the page, without ports; links begin with the first. What is asked of another name
    /// is refused, as a web page whose own name was made to lead here would ask it. Behind a proxy: the proxy's. Where none
    /// is named: `hostname`, `localhost` and addresses.
    pub hosts: Vec<Host> = list(HOSTS, Host::from_str), default [];
    /// Peers whose Remote-User header is believed: proxies that know who asks, such as a single sign-on. Whoever they name
    /// is an administrator here. `unix` stands for everybody who connects to a unix socket. A proxy named here has to take that
    /// header out of what clients send. One that is named by its address is believed where `hosts` has the name that it was
    /// asked by.
    pub trusted_proxy: Vec<Peer> = list(PEERS, Peer::from_str), default [];
}

const HOSTS: &str = "names or addresses of hosts, such as \"mail.example.org\"";
const PEERS: &str =
    "IP addresses or blocks, such as \"127.0.0.1\" or \"192.0.2.0/24\", or \"unix\"";

/// Who connects to a listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    /// By TCP, from an address of a block.
    Net(IpNet),
    /// By a unix socket.
    Unix,
}

impl Peer {
    /// True for whoever connects from `address`; `None`: by a unix socket.
    pub fn is(self, address: Option<IpAddr>) -> bool {
        match (self, address) {
            (Self::Net(net), Some(address)) => net.contains(address),
            (Self::Unix, None) => true,
            _ => false,
        }
    }
}

impl FromStr for Peer {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "unix" => Ok(Self::Unix),
            _ => text.parse().map(Self::Net),
        }
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Net(net) => net.fmt(f),
            Self::Unix => f.write_str("unix"),
        }
    }
}

pub(super) fn read(root: &Table<'_>) -> Option<Web> {
    root.table::<Keys<'_>>().checked()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peers() {
        let is = |peer: &str, address: Option<&str>| {
            peer.parse::<Peer>().unwrap().is(address.map(|address| address.parse().unwrap()))
        };
        assert!(is("127.0.0.1", Some("127.0.0.1")) && is("192.0.2.0/24", Some("192.0.2.9")));
        assert!(!is("127.0.0.1", Some("127.0.0.2")) && !is("127.0.0.1", None));
        assert!(is("unix", None) && !is("unix", Some("127.0.0.1")));
        assert!("proxy.test".parse::<Peer>().is_err());
    }
}
