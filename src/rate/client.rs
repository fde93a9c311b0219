use super::{Buckets, Rate};
use crate::time::Millis;
use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    num::NonZeroU32,
    time::Duration,
};

/// How many clients' worth the network around a client has, of whatever is counted.
pub const AROUND: NonZeroU32 = NonZeroU32::MIN.saturating_add(3);

/// A block of addresses against which is counted what a client does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ClientBlock {
    first: IpAddr,
    bits: u8,
}

/// A bucket for each client and a larger one for the network around it, so that whoever has many neighbouring
/// addresses has not many times as much.
#[derive(Debug)]
pub struct ClientBuckets {
    own: Buckets<ClientBlock>,
    around: Buckets<ClientBlock>,
}

/// A bucket that is empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full<K> {
    /// Whose bucket.
    pub whose: K,
    /// What it holds.
    pub rate: Rate,
    /// How long until one more is left.
    pub wait: Duration,
}

impl ClientBlock {
    /// One client: an IPv4 address, or the /64 of an IPv6 address, which is what one customer usually has.
    pub fn of(ip: IpAddr) -> Self {
        Self::masked(ip, 32, 64)
    }

    /// The network around a client: the /24 of an IPv4 address, the /48 of an IPv6 address.
    pub fn around(ip: IpAddr) -> Self {
        Self::masked(ip, 24, 48)
    }

    /// The network around this one ([`ClientBlock::around`]).
    pub fn network(&self) -> Self {
        Self::around(self.first)
    }

    fn masked(ip: IpAddr, bits_of_v4: u8, bits_of_v6: u8) -> Self {
        match ip.to_canonical() {
            IpAddr::V4(v4) => {
                let mask = u32::MAX << (32 - u32::from(bits_of_v4));
                Self { first: Ipv4Addr::from_bits(v4.to_bits() & mask).into(), bits: bits_of_v4 }
            }
            IpAddr::V6(v6) => {
                let mask = u128::MAX << (128 - u32::from(bits_of_v6));
                Self { first: Ipv6Addr::from_bits(v6.to_bits() & mask).into(), bits: bits_of_v6 }
            }
        }
    }
}

impl ClientBlock {
    /// What all addresses of the block begin with: no two blocks have the same.
    pub fn to_octets(&self) -> Vec<u8> {
        let octets = match self.first {
            IpAddr::V4(first) => first.octets().to_vec(),
            IpAddr::V6(first) => first.octets().to_vec(),
        };
        octets.into_iter().take(usize::from(self.bits / 8)).collect()
    }
}

impl fmt::Display for ClientBlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.first, self.bits) {
            (IpAddr::V4(address), 32) => write!(f, "{address}"),
            (first, bits) => write!(f, "{first}/{bits}"),
        }
    }
}

impl ClientBuckets {
    /// No bucket is used yet; of at most `capacity` clients and as many networks something is kept.
    pub fn new(rate: Rate, capacity: usize) -> Self {
        let around = Buckets::new(rate.times(AROUND), capacity);
        Self { own: Buckets::new(rate, capacity), around }
    }

    /// Changes the rate, see [`Buckets::set_rate`].
    pub fn set_rate(&mut self, rate: Rate) {
        self.own.set_rate(rate);
        self.around.set_rate(rate.times(AROUND));
    }

    /// Whether something is left for the client at `ip`.
    ///
    /// # Errors
    /// The bucket that is empty, of both the one that is so for longer.
    pub fn check(&self, ip: IpAddr, now: Millis) -> Result<(), Full<ClientBlock>> {
        let own = self.own.check(&ClientBlock::of(ip), now).err();
        let around = self.around.check(&ClientBlock::around(ip), now).err();
        own.into_iter().chain(around).max_by_key(|full| full.wait).map_or(Ok(()), Err)
    }

    /// Takes one for the client at `ip`.
    ///
    /// # Errors
    /// As [`ClientBuckets::check`]; nothing is taken then.
    pub fn take(&mut self, ip: IpAddr, now: Millis) -> Result<(), Full<ClientBlock>> {
        self.check(ip, now)?;
        self.own.take(&ClientBlock::of(ip), now);
        self.around.take(&ClientBlock::around(ip), now);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn buckets(count: u32) -> ClientBuckets {
        let rate = Rate::new(NonZeroU32::new(count).unwrap(), Duration::from_secs(60)).unwrap();
        ClientBuckets::new(rate, 100)
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn blocks() {
        for (address, own, around) in [
            ("192.0.2.77", "192.0.2.77", "192.0.2.0/24"),
            ("::ffff:192.0.2.77", "192.0.2.77", "192.0.2.0/24"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64", "2001:db8:1::/48"),
            ("::1", "::/64", "::/48"),
        ] {
            let ip = ip(address);
            assert_eq!(ClientBlock::of(ip).to_string(), own);
            assert_eq!(ClientBlock::around(ip).to_string(), around);
        }
    }

    #[test]
    fn a_network_has_four_times_what_a_client_has() {
        let mut buckets = buckets(2);
        let now = Millis::EPOCH;
        for host in 1..=4 {
            let ip = ip(&format!("192.0.2.{host}"));
            assert_eq!([0; 2].map(|_| buckets.take(ip, now)), [Ok(()), Ok(())]);
            let full = buckets.check(ip, now).unwrap_err();
            assert_eq!(full.whose, ClientBlock::of(ip));
            assert_eq!(full.wait, Duration::from_secs(30));
        }
        let fifth = buckets.take(ip("192.0.2.5"), now).unwrap_err();
        assert_eq!(fifth.whose, ClientBlock::around(ip("192.0.2.1")));
        assert_eq!((fifth.rate.count().get(), fifth.wait), (8, Duration::from_millis(7500)));
        assert_eq!(buckets.take(ip("192.0.3.5"), now), Ok(()), "another network");
        let later = now + Duration::from_secs(30);
        assert_eq!(buckets.take(ip("192.0.2.5"), later), Ok(()), "nothing was taken for nothing");
    }

    #[test]
    fn an_ipv6_customer_is_one_client() {
        let mut buckets = buckets(1);
        assert_eq!(buckets.take(ip("2001:db8::1"), Millis::EPOCH), Ok(()));
        assert!(buckets.take(ip("2001:db8::ffff"), Millis::EPOCH).is_err());
        assert_eq!(buckets.take(ip("2001:db8:0:1::1"), Millis::EPOCH), Ok(()));
    }
}
