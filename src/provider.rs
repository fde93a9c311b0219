//! The large providers of mailboxes: whose a domain is, whose hosts take its mail and how much of it ([`Providers`]), what is
//! meant by what they answer ([`meaning`]) and what to do about it ([`judge`]), how much leaves for each of them now
//! ([`governor`]), and what some of them publish of the mail that they take ([`published`]).

pub mod governor;
mod judgement;
mod known;
mod limits;
mod meaning;
pub mod published;
mod replies;
mod table;

pub use judgement::{Judgement, Measure, Pace, Repeated, Scope};
pub use known::{
    APPLE, BARRACUDA, COMCAST, GMX, GOOGLE, KPN, MIMECAST, NAMES, NETEASE, NETVIGATOR, OFFICE365,
    ORANGE, OUTLOOK, PROVIDERS, QQ, YAHOO, YAHOO_JAPAN,
};
pub use limits::{Limits, OwnProvider, Providers, Whose};
pub use meaning::Meaning;
pub use replies::{judge, meaning};

/// Who holds the mailboxes of many, or takes the mail for many who do.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Provider {
    /// The name of the provider.
    pub name: &'static str,
    /// The name of the house it is of, as in the labels of the metrics: what a house says means the same at all of its
    /// hosts.
    pub house: &'static str,
    /// The domains of the provider's mailboxes.
    pub domains: &'static [&'static str],
    /// First labels of the provider's domains in every country: `yahoo` of `yahoo.de`.
    countries: &'static [&'static str],
    /// The domains below which the provider gives domains to customers.
    pub tenants: &'static [&'static str],
    /// The domains below which the provider's MX hosts have their names.
    pub hosts: &'static [&'static str],
    /// The provider wants mail by TLS alone.
    pub wants_tls: bool,
    /// Connections at once, to all of its hosts together.
    connections: u32,
    /// Messages over one connection.
    ///
    /// How long a connection may stay idle none of them says, nor how many recipients it takes in one transaction. So of all
    /// alike an idle one is kept for as long as `OutboundLimits::idle_time` has it, a few seconds, and who takes fewer
    /// recipients says so (452 4.5.3), upon which the others follow at once.
    messages: u32,
    /// Messages in so many milliseconds; nothing where none is known.
    rate: Option<(u32, u64)>,
    /// Each domain at it counts by itself.
    is_by_domain: bool,
}

impl Provider {
    /// Whose mailboxes are those of `domain`, in any case of letters.
    pub fn of(domain: &str) -> Option<&'static Self> {
        let domain = domain.to_ascii_lowercase();
        let first = domain.split('.').next().unwrap_or_default();
        let by_name = PROVIDERS.into_iter().find(|one| one.domains.contains(&domain.as_str()));
        by_name.or_else(|| PROVIDERS.into_iter().find(|one| one.countries.contains(&first)))
    }

    /// Whose an MX host is, by the name that it begins with as journals have hosts: `mx.example.org [192.0.2.1]:25`.
    pub fn of_host(host: &str) -> Option<&'static Self> {
        let name = host.split([' ', ':']).next().unwrap_or_default().trim_end_matches('.');
        let name = name.to_ascii_lowercase();
        PROVIDERS.into_iter().find(|one| one.hosts.iter().any(|suffix| is_below(&name, suffix)))
    }
}

/// True for `suffix` and the names below it; both in lower case.
fn is_below(name: &str, suffix: &str) -> bool {
    name.strip_suffix(suffix).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whose_a_host_is() {
        for (host, name) in [
            ("gmail-smtp-in.l.Google.com [192.0.2.1]:25", Some("google")),
            ("x.mail.protection.outlook.com. [2001:db8::1]:25", Some("office365")),
            ("a.olc.protection.outlook.com", Some("outlook")),
            ("mx1.mail.yahoo.co.jp", Some("yahoo.co.jp")),
            ("mx00.gmx.net", Some("gmx")),
            ("eu-smtp-1.mimecast.com", Some("mimecast")),
            ("mta5.am0.yahoodns.net", Some("yahoo")),
            ("mx.notgoogle.com [192.0.2.1]:25", None),
            ("mx:google.com", None),
            ("google.com.evil.test", None),
            ("", None),
        ] {
            assert_eq!(Provider::of_host(host).map(|provider| provider.name), name, "{host}");
        }
    }

    #[test]
    fn whose_a_domain_is() {
        for (domain, name) in [
            ("GMail.com", Some("google")),
            ("googlemail.com", Some("google")),
            ("outlook.com", Some("outlook")),
            ("hotmail.co.uk", Some("outlook")),
            ("yahoo.de", Some("yahoo")),
            ("yahoo.co.jp", Some("yahoo.co.jp")),
            ("web.de", Some("gmx")),
            ("rocketmail.com", Some("yahoo")),
            ("me.com", Some("apple")),
            ("example.org", None),
            ("notgmail.com", None),
            ("google.com", None),
        ] {
            assert_eq!(Provider::of(domain).map(|provider| provider.name), name, "{domain}");
        }
    }
}
