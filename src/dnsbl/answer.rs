use super::{Codes, codes::is_error};
use std::{fmt, net::Ipv4Addr};

/// What a list says of whom it was asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Nothing that counts.
    NotListed,
    /// A listing, by this answer.
    Listed(Ipv4Addr),
    /// It did not answer the question: nobody is refused for it.
    Trouble(Trouble),
}

/// Why a list does not answer what it is asked. Prints as what is wrong and what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Trouble {
    /// 127.255.255.252.
    WrongZone,
    /// 127.255.255.254.
    PublicResolver,
    /// 127.255.255.255.
    OverLimit,
    /// Another of 127.255.255.0/24, or 127.0.0.1, which is how others decline.
    Declined(Ipv4Addr),
    /// 127.0.1.255 or 127.0.2.255: it lists domains, and was asked about an address.
    ListsDomains,
    /// An address beyond 127.0.0.0/8: somebody else answers for the zone, as who sells domains does.
    Foreign(Ipv4Addr),
    /// What is never listed is: the zone was given up.
    ListsEverybody,
    /// What is always listed is not.
    ListsNobody,
}

/// By which lists of domains tell whoever asks about addresses.
const NO_ADDRESSES: [Ipv4Addr; 2] = [Ipv4Addr::new(127, 0, 1, 255), Ipv4Addr::new(127, 0, 2, 255)];

impl Answer {
    /// What the addresses mean that a list answers with. One that is no answer spoils the others.
    pub fn of(found: &[Ipv4Addr], codes: &Codes) -> Self {
        if let Some(trouble) = found.iter().find_map(|code| Trouble::of(*code, codes)) {
            return Self::Trouble(trouble);
        }
        let counts = |code: &&Ipv4Addr| *codes == Codes::All || codes.names(**code);
        found.iter().find(counts).map_or(Self::NotListed, |code| Self::Listed(*code))
    }
}

impl Trouble {
    fn of(code: Ipv4Addr, codes: &Codes) -> Option<Self> {
        match code.octets() {
            [127, 255, 255, 252] => Some(Self::WrongZone),
            [127, 255, 255, 254] => Some(Self::PublicResolver),
            [127, 255, 255, 255] => Some(Self::OverLimit),
            _ if is_error(code) => Some(Self::Declined(code)),
            _ if !code.is_loopback() => Some(Self::Foreign(code)),
            // A list of one's own may use them.
            _ if codes.names(code) => None,
            [127, 0, 0, 1] => Some(Self::Declined(code)),
            _ => NO_ADDRESSES.contains(&code).then_some(Self::ListsDomains),
        }
    }

    /// What to do.
    pub const fn mend(self) -> &'static str {
        match self {
            Self::WrongZone => "see in the list's documents how its name is written, and the key",
            Self::PublicResolver => {
                "ask by a resolver of your own ([dns] servers = [\"127.0.0.1:53\"] with unbound), or get a key"
            }
            Self::OverLimit => "get a key for as many questions, or ask fewer lists",
            Self::Declined(_) => {
                "see in the list's documents who may ask; a resolver of your own often helps"
            }
            Self::ListsDomains => "write kind = \"from-domain\", or ask a list of addresses",
            Self::Foreign(_) | Self::ListsEverybody => {
                "take it out of the configuration: the list is gone"
            }
            Self::ListsNobody => {
                "see whether the list still lives, and how its name, kind and key are written"
            }
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WrongZone => write!(f, "the zone does not exist there, or the key is wrong")?,
            Self::PublicResolver => {
                write!(f, "it does not answer who asks by a public resolver")?;
            }
            Self::OverLimit => write!(f, "it was asked more often than it allows")?,
            Self::Declined(code) => write!(f, "it declines to answer ({code})")?,
            Self::ListsDomains => write!(f, "it lists domains, not addresses of clients")?,
            Self::Foreign(code) => {
                write!(f, "it answers {code}, which no list does: its domain may be for sale")?;
            }
            Self::ListsEverybody => write!(f, "it lists everybody")?,
            Self::ListsNobody => write!(f, "it does not list what every list lists for a test")?,
        }
        write!(f, "; {}", self.mend())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(found: &[[u8; 4]], codes: &Codes) -> Answer {
        let found: Vec<_> = found.iter().copied().map(Ipv4Addr::from).collect();
        Answer::of(&found, codes)
    }

    #[test]
    fn what_is_certainly_a_listing_is_one_and_nothing_else() {
        let listed = |code: [u8; 4]| Answer::Listed(code.into());
        for (found, expected) in [
            (&[][..], Answer::NotListed),
            (&[[127, 0, 0, 2]], listed([127, 0, 0, 2])),
            (&[[127, 0, 1, 2]], listed([127, 0, 1, 2])),
            (&[[127, 255, 254, 255]], listed([127, 255, 254, 255])),
            (&[[127, 255, 255, 252]], Answer::Trouble(Trouble::WrongZone)),
            (&[[127, 255, 255, 254]], Answer::Trouble(Trouble::PublicResolver)),
            (&[[127, 255, 255, 255]], Answer::Trouble(Trouble::OverLimit)),
            (
                &[[127, 255, 255, 0]],
                Answer::Trouble(Trouble::Declined(Ipv4Addr::new(127, 255, 255, 0))),
            ),
            (&[[127, 0, 0, 1]], Answer::Trouble(Trouble::Declined(Ipv4Addr::LOCALHOST))),
            (&[[127, 0, 1, 255]], Answer::Trouble(Trouble::ListsDomains)),
            (&[[192, 0, 2, 1]], Answer::Trouble(Trouble::Foreign(Ipv4Addr::new(192, 0, 2, 1)))),
            (&[[127, 0, 0, 2], [127, 255, 255, 254]], Answer::Trouble(Trouble::PublicResolver)),
        ] {
            assert_eq!(answer(found, &Codes::All), expected, "{found:?}");
        }
    }

    #[test]
    fn codes_choose() {
        let codes =
            |texts: &[&str]| Codes::Only(texts.iter().map(|text| text.parse().unwrap()).collect());
        let some = codes(&["127.0.0.2-127.0.0.4"]);
        assert_eq!(answer(&[[127, 0, 0, 10]], &some), Answer::NotListed);
        let both = [[127, 0, 0, 10], [127, 0, 0, 3]];
        assert_eq!(answer(&both, &some), Answer::Listed(Ipv4Addr::new(127, 0, 0, 3)));
        assert_eq!(answer(&[[127, 0, 0, 1]], &some), answer(&[[127, 0, 0, 1]], &Codes::All));
        let own = codes(&["127.0.0.1"]);
        assert_eq!(answer(&[[127, 0, 0, 1]], &own), Answer::Listed(Ipv4Addr::LOCALHOST));
    }

    #[test]
    fn troubles_say_what_to_do() {
        let text = Trouble::PublicResolver.to_string();
        assert!(text.contains("public resolver; ask by a resolver of your own"), "{text}");
    }
}
