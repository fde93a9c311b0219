use crate::{address::ReversePath, rate::ClientBlock, verdict::registered};
use ecow::EcoString;
use std::{
    fmt,
    net::{IpAddr, Ipv6Addr},
};

/// Who causes work, by what they cannot have many of at will: the network around a client; and where the client
/// is a neighbour who brings everybody's mail, the registered domain of the reverse-path.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Cause(EcoString);

impl Cause {
    /// Who causes a message from `sender` that `client` brought.
    pub fn of(client: Option<IpAddr>, sender: &ReversePath) -> Self {
        match (client, sender) {
            (Some(ip), _) if !is_neighbour(ip) => {
                Self(ecow::eco_format!("{}", ClientBlock::around(ip)))
            }
            (_, ReversePath::Mailbox(sender)) => Self::named(registered(sender.domain().key())),
            // Ourselves, or the bounces that a server beside us passes on.
            (_, ReversePath::Null) => Self::default(),
        }
    }

    /// The one who is printed so.
    pub fn named(text: &str) -> Self {
        Self(text.into())
    }

    /// The name of it, to be kept.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An address of this machine or of a private network (RFC 1918, RFC 4193).
fn is_neighbour(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(v4) => v4.is_loopback() || v4.is_private() || v4.is_link_local(),
        IpAddr::V6(v6) => {
            v6 == Ipv6Addr::LOCALHOST || v6.is_unique_local() || v6.is_unicast_link_local()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::Mailbox;

    #[test]
    fn who_it_is() {
        let mailbox = ReversePath::Mailbox(Mailbox::parse("a@mail.example.co.uk").unwrap());
        let of = |client: &str, sender| Cause::of(client.parse().ok(), sender).to_string();
        for (client, with_sender, without) in [
            ("192.0.2.77", "192.0.2.0/24", "192.0.2.0/24"),
            ("::ffff:192.0.2.77", "192.0.2.0/24", "192.0.2.0/24"),
            ("2001:db8:1:2::3", "2001:db8:1::/48", "2001:db8:1::/48"),
            ("127.0.0.1", "example.co.uk", ""),
            ("10.1.2.3", "example.co.uk", ""),
            ("fd00::1", "example.co.uk", ""),
            ("a unix socket", "example.co.uk", ""),
        ] {
            assert_eq!(of(client, &mailbox), with_sender, "{client}");
            assert_eq!(of(client, &ReversePath::Null), without, "{client}");
        }
    }
}
