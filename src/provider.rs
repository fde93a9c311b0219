//! The large providers of mailboxes: whose a domain is, whose hosts take its mail, and what is meant by what they answer
//! ([`meaning`]).

mod replies;

pub use replies::{Meaning, meaning};

/// Who holds the mailboxes of many.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Provider {
    /// The name of the provider, as in the labels of the metrics.
    pub name: &'static str,
    /// The domains of the provider's mailboxes.
    pub domains: &'static [&'static str],
    /// First labels of the provider's domains in every country: `yahoo` of `yahoo.co.jp`.
    countries: &'static [&'static str],
    /// The domains below which the provider gives domains to customers.
    pub tenants: &'static [&'static str],
    /// The domains below which the provider's MX hosts have their names.
    pub hosts: &'static [&'static str],
}

/// Gmail and Google Workspace.
pub static GOOGLE: Provider = Provider {
    name: "google",
    domains: &["gmail.com", "googlemail.com"],
    countries: &[],
    tenants: &[],
    hosts: &["google.com", "googlemail.com"],
};

/// Outlook.com and Microsoft 365.
pub static MICROSOFT: Provider = Provider {
    name: "microsoft",
    domains: &["outlook.com", "hotmail.com", "live.com", "msn.com"],
    countries: &["outlook", "hotmail", "live"],
    tenants: &["onmicrosoft.com"],
    hosts: &["outlook.com", "mx.microsoft"],
};

/// Yahoo and AOL.
pub static YAHOO: Provider = Provider {
    name: "yahoo",
    domains: &["yahoo.com", "ymail.com", "rocketmail.com", "aol.com"],
    countries: &["yahoo"],
    tenants: &[],
    hosts: &["yahoodns.net"],
};

/// iCloud.
pub static APPLE: Provider = Provider {
    name: "apple",
    domains: &["icloud.com", "me.com", "mac.com"],
    countries: &[],
    tenants: &[],
    hosts: &["icloud.com", "apple.com"],
};

/// All providers that are told apart.
pub static PROVIDERS: [&Provider; 4] = [&GOOGLE, &MICROSOFT, &YAHOO, &APPLE];

impl Provider {
    /// Whose mailboxes are those of `domain`, in any case of letters.
    pub fn of(domain: &str) -> Option<&'static Self> {
        let domain = domain.to_ascii_lowercase();
        let first = domain.split('.').next().unwrap_or_default();
        PROVIDERS.into_iter().find(|provider| {
            provider.domains.contains(&domain.as_str()) || provider.countries.contains(&first)
        })
    }

    /// Whose an MX host is, by the name that it begins with as journals have hosts: `mx.example.org [192.0.2.1]:25`.
    pub fn of_host(host: &str) -> Option<&'static Self> {
        let name = host.split([' ', ':']).next().unwrap_or_default().trim_end_matches('.');
        let name = name.to_ascii_lowercase();
        let is_below = |suffix: &&str| {
            name.strip_suffix(*suffix).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        };
        PROVIDERS.into_iter().find(|provider| provider.hosts.iter().any(is_below))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whose_a_host_is() {
        for (host, name) in [
            ("gmail-smtp-in.l.Google.com [192.0.2.1]:25", Some("google")),
            ("x.mail.protection.outlook.com. [2001:db8::1]:25", Some("microsoft")),
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
            ("outlook.com", Some("microsoft")),
            ("hotmail.co.uk", Some("microsoft")),
            ("yahoo.de", Some("yahoo")),
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
