use crate::address::{Domain, Mailbox};

/// What a mail program, or a person, asks for by HTTP. Nothing of it says whether there is such an account or alias, and
/// nor does an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Which document.
    pub document: Document,
    /// The domain that it is about, hosted or not.
    pub domain: Domain,
}

/// A document that tells how a program is set up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Document {
    /// The XML of [`super::autoconfig`].
    Autoconfig,
    /// The profile of [`super::apple_profile`].
    Profile {
        /// The address to write as.
        address: Mailbox,
        /// The account to log in with, where it is not called like the address.
        account: Option<Mailbox>,
    },
}

/// Where programs look for the XML: below the domain itself, and below `autoconfig.` in front of it.
const AUTOCONFIG: [&str; 2] =
    ["/.well-known/autoconfig/mail/config-v1.1.xml", "/mail/config-v1.1.xml"];
/// What Thunderbird calls `autoconfig.example.org`, for `example.org`.
const AUTOCONFIG_HOST: &str = "autoconfig.";
/// Where people find the profile, as it is printed for them.
const PROFILE: &str = "/apple.mobileconfig";
/// Longer is no value: an address of 254 octets, each written as `%XX`.
const MAX_VALUE: usize = 3 * 254;

impl Request {
    /// Reads path, query and `Host` of a request. `None` where there is no such document, or what it is to be about is not
    /// said.
    pub fn parse(path: &str, query: &str, host: &str) -> Option<Self> {
        if AUTOCONFIG.contains(&path) {
            let domain = match value(query, "emailaddress") {
                Some(address) => mailbox(address)?.domain().clone(),
                None => of_host(host)?,
            };
            return Some(Self { document: Document::Autoconfig, domain });
        }
        if path != PROFILE {
            return None;
        }
        let address = mailbox(value(query, "emailaddress")?)?;
        let account = match value(query, "account") {
            Some(account) => Some(mailbox(account)?),
            None => None,
        };
        let domain = address.domain().clone();
        Some(Self { document: Document::Profile { address, account }, domain })
    }
}

/// Where a program looks for the XML of `domain`.
pub fn autoconfig_url(domain: &Domain) -> String {
    format!("https://{AUTOCONFIG_HOST}{}/mail/config-v1.1.xml", domain.to_key())
}

/// Where the profile for an account and an address of it is had.
pub fn profile_url(account: &Mailbox, address: &Mailbox) -> String {
    let mut url = format!(
        "https://{AUTOCONFIG_HOST}{}{PROFILE}?emailaddress={}",
        address.domain().to_key(),
        encoded(&address.to_string())
    );
    if account.to_key() != address.to_key() {
        url.push_str("&account=");
        url.push_str(&encoded(&account.to_string()));
    }
    url
}

/// The first value of a parameter, as it is written.
fn value<'q>(query: &'q str, name: &str) -> Option<&'q str> {
    let mut parameters = query.split('&').filter_map(|parameter| parameter.split_once('='));
    parameters.find(|(key, _)| *key == name).map(|(_, value)| value)
}

fn mailbox(value: &str) -> Option<Mailbox> {
    let address = Mailbox::parse(&decoded(value)?).ok()?;
    address.domain().literal().is_none().then_some(address)
}

/// Takes the percent-encoding away (RFC 3986 §2.1). A `+` stays one: it belongs to addresses, and blanks do not.
fn decoded(value: &str) -> Option<String> {
    if value.len() > MAX_VALUE {
        return None;
    }
    let mut octets = Vec::with_capacity(value.len());
    let mut rest = value.bytes();
    while let Some(octet) = rest.next() {
        if octet != b'%' {
            octets.push(octet);
            continue;
        }
        let mut digit = || char::from(rest.next()?).to_digit(16);
        let (high, low) = (digit()?, digit()?);
        octets.push(u8::try_from(high << 4 | low).ok()?);
    }
    String::from_utf8(octets).ok()
}

fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for octet in text.bytes() {
        match octet {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'@' => {
                encoded.push(char::from(octet));
            }
            other => encoded.push_str(&format!("%{other:02X}")),
        }
    }
    encoded
}

/// The domain that a host speaks for: `autoconfig.example.org:443` for `example.org`.
fn of_host(host: &str) -> Option<Domain> {
    let name = host.split_once(':').map_or(host, |(name, _)| name);
    let domain = Domain::parse(name).ok().filter(|domain| domain.literal().is_none())?;
    let key = domain.to_key();
    match key.strip_prefix(AUTOCONFIG_HOST) {
        Some(rest) => Domain::parse(rest).ok(),
        None => Some(domain),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WELL_KNOWN: &str = "/.well-known/autoconfig/mail/config-v1.1.xml";

    fn domain(path: &str, query: &str, host: &str) -> Option<String> {
        Request::parse(path, query, host).map(|request| request.domain.to_string())
    }

    #[test]
    fn programs_name_the_domain_by_an_address_or_by_the_host() {
        for (query, host, expected) in [
            ("", "example.org", Some("example.org")),
            ("", "Autoconfig.Example.ORG:8443", Some("example.org")),
            ("", "autoconfig.example.org.", None),
            ("", "", None),
            ("", "[::1]:443", None),
            ("", "autoconfig.", None),
            ("emailaddress=jo%40example.org", "autoconfig.other.test", Some("example.org")),
            ("x=1&emailaddress=jo+tag@example.org&x", "", Some("example.org")),
            ("emailaddress=jo%2Btag%40example.org", "", Some("example.org")),
            ("emailaddress=", "example.org", None),
            ("emailaddress=jo", "example.org", None),
            ("emailaddress=jo@%65xample.org", "", Some("example.org")),
            ("emailaddress=jo@[192.0.2.1]", "", None),
            ("emailaddress=jo%4", "example.org", None),
            ("emailaddress=jo%zz@example.org", "example.org", None),
            ("emailaddress=%ff@example.org", "example.org", None),
            ("emailaddress=a%0D%0Ab@example.org", "example.org", None),
        ] {
            for path in AUTOCONFIG {
                assert_eq!(domain(path, query, host).as_deref(), expected, "{query} {host}");
            }
        }
        let long = format!("emailaddress={}@example.org", "a".repeat(MAX_VALUE));
        assert_eq!(domain(WELL_KNOWN, &long, ""), None);
        assert_eq!(domain("/mail/config-v1.1.xml/", "", "example.org"), None);
        assert_eq!(domain("/", "emailaddress=jo@example.org", "example.org"), None);
    }

    #[test]
    fn a_profile_is_found_by_the_url_that_is_printed() {
        let mailbox = |text: &str| Mailbox::parse(text).unwrap();
        for (account, address) in [
            ("jo@example.org", "jo@example.org"),
            ("jo@mailbox.example", "a&b+c%d@example.org"),
            ("\"j o\"@mailbox.example", "é=1@example.org"),
        ] {
            let url = profile_url(&mailbox(account), &mailbox(address));
            let (_, rest) = url.split_once("https://autoconfig.example.org").unwrap();
            let (path, query) = rest.split_once('?').unwrap();
            assert!(query.bytes().all(|octet| octet.is_ascii_graphic()), "{query}");
            let wanted = Document::Profile {
                address: mailbox(address),
                account: (account != address).then(|| mailbox(account)),
            };
            assert_eq!(Request::parse(path, query, "").unwrap().document, wanted, "{url}");
        }
        assert_eq!(domain(PROFILE, "", "example.org"), None);
        assert_eq!(domain(PROFILE, "emailaddress=a@example.org&account=x", ""), None);
    }
}
