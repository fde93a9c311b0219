use std::{fmt, net::IpAddr, str::FromStr};

/// A block of IP addresses: `192.0.2.0/24`, `2001:db8::/32`, or one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct IpNet {
    address: IpAddr,
    prefix: u8,
}

impl IpNet {
    /// True when `address` lies in the block; `::ffff:192.0.2.1` counts as `192.0.2.1`.
    pub fn contains(&self, address: IpAddr) -> bool {
        let same_bits = match (self.address, address.to_canonical()) {
            (IpAddr::V4(block), IpAddr::V4(ip)) => (block.to_bits() ^ ip.to_bits()).leading_zeros(),
            (IpAddr::V6(block), IpAddr::V6(ip)) => (block.to_bits() ^ ip.to_bits()).leading_zeros(),
            _ => return false,
        };
        same_bits >= self.prefix.into()
    }
}

impl FromStr for IpNet {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is not an IP address or block");
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let width: u8 = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            None => width,
            Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => {
                digits.parse().ok().filter(|prefix| *prefix <= width).ok_or_else(wrong)?
            }
            Some(_) => return Err(wrong()),
        };
        // ::ffff:192.0.2.0/120 is meant for IPv4 peers of a dual-stack listener.
        match (address.to_canonical(), prefix.checked_sub(96)) {
            (v4 @ IpAddr::V4(_), Some(shorter)) if address.is_ipv6() => {
                Ok(Self { address: v4, prefix: shorter })
            }
            _ => Ok(Self { address, prefix }),
        }
    }
}

impl fmt::Display for IpNet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_contain_their_addresses_only() {
        for (block, inside, outside) in [
            ("127.0.0.1", "127.0.0.1", "127.0.0.2"),
            ("192.0.2.0/25", "192.0.2.127", "192.0.2.128"),
            ("0.0.0.0/0", "203.0.113.9", "::1"),
            ("2001:db8::/33", "2001:db8:7fff::1", "2001:db8:8000::1"),
            ("::1", "::1", "::2"),
            ("::/0", "2001:db8::1", "192.0.2.1"),
            ("192.0.2.1", "::ffff:192.0.2.1", "::ffff:192.0.2.2"),
            ("::ffff:192.0.2.0/120", "192.0.2.9", "192.0.3.9"),
        ] {
            let net: IpNet = block.parse().unwrap();
            assert!(net.contains(inside.parse().unwrap()), "{block} {inside}");
            assert!(!net.contains(outside.parse().unwrap()), "{block} {outside}");
        }
    }

    #[test]
    fn what_is_no_block() {
        for bad in ["", "/", "localhost", "127.0.0.1/33", "::1/129", "127.0.0.1/", "10/8", "::1/+8"]
        {
            assert!(bad.parse::<IpNet>().is_err(), "{bad:?}");
        }
    }
}
