//! MTA-STS (RFC 8461): what a domain says about TLS with its mail servers, as texts, and who keeps it.

use crate::{address::Domain, time::UnixTime};
use async_trait::async_trait;
use std::{error::Error, fmt, time::Duration};

/// Longest life of a policy (§3.2): what says more is cut.
const MAX_AGE: u64 = 31_557_600;
/// Host patterns of a policy that are read; more fit no sensible one.
const MAX_HOSTS: usize = 100;

/// An MTA-STS policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// What the policy demands.
    pub mode: Mode,
    /// For how long the policy counts from the moment it is fetched.
    pub max_age: Duration,
    /// The hosts that may be the domain's, as [`Domain::to_key`] writes them: names, or `*.` and a name for one label more.
    pub hosts: Vec<String>,
}

/// What a policy demands of a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// To be one of the policy's, with a certificate for its name.
    Enforce,
    /// As [`Mode::Enforce`], but mail goes without.
    Testing,
    /// Nothing.
    None,
}

/// A policy as it was fetched, in a [`PolicyStore`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CachedPolicy {
    /// The id in the TXT record at that time.
    pub id: String,
    /// The text of the policy.
    pub text: String,
    /// When the policy was fetched, in seconds since 1970.
    pub fetched: UnixTime,
    /// Until when the policy counts.
    pub expires: UnixTime,
}

/// Keeps the policies of destination domains: one that was seen must not be forgotten before it expires, or
/// whoever suppresses a later look-up gets the mail in plaintext (RFC 8461 §10.2).
///
/// Domains are named as [`Domain::to_key`] writes them.
#[async_trait]
pub trait PolicyStore: fmt::Debug + Send + Sync {
    /// The policy of `domain`, unless it has expired at `now`.
    ///
    /// # Errors
    /// When the policy cannot be read.
    async fn sts_policy(
        &self,
        domain: &str,
        now: UnixTime,
    ) -> Result<Option<CachedPolicy>, PolicyStoreError>;

    /// Keeps the policy of `domain` instead of an earlier one.
    ///
    /// # Errors
    /// When the policy cannot be written.
    async fn keep_sts_policy(
        &self,
        domain: &str,
        policy: CachedPolicy,
    ) -> Result<(), PolicyStoreError>;
}

/// Why a [`PolicyStore`] fails: for the log.
pub type PolicyStoreError = Box<dyn Error + Send + Sync>;

/// Why a text is no policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no MTA-STS policy: {0}")]
pub struct PolicyError(&'static str);

/// The id in the TXT records at `_mta-sts.`: `None` unless exactly one of them is of MTA-STS and well-formed
/// (§3.1).
pub fn policy_id<'a>(texts: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let mut records = texts.into_iter().filter_map(|text| {
        let (version, rest) = text.split_once(';')?;
        (version.trim() == "v=STSv1").then_some(rest)
    });
    let fields = records.next()?;
    if records.next().is_some() {
        return None;
    }
    let mut ids = fields.split(';').filter_map(|field| {
        let (name, value) = field.split_once('=')?;
        (name.trim() == "id").then_some(value.trim())
    });
    let id = ids.next()?;
    let fits = (1..=32).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric());
    (fits && ids.next().is_none()).then_some(id)
}

impl Policy {
    /// Reads a policy (§3.2): of a key that stands twice the first counts, unknown keys say nothing.
    ///
    /// # Errors
    /// When something is missing or malformed: the domain has no policy then.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        let (mut version, mut mode, mut max_age) = (None, None, None);
        let mut hosts = Vec::new();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let (key, value) = line.split_once(':').ok_or(PolicyError("a line without a colon"))?;
            let value = value.trim();
            match key.trim() {
                "version" => {
                    version.get_or_insert(value);
                }
                "mode" => {
                    mode.get_or_insert(value);
                }
                "max_age" => {
                    max_age.get_or_insert(value);
                }
                "mx" if hosts.len() >= MAX_HOSTS => return Err(PolicyError("too many hosts")),
                "mx" => {
                    let (any, name) = match value.strip_prefix("*.") {
                        Some(name) => ("*.", name),
                        None => ("", value),
                    };
                    let name = Domain::parse(name)
                        .map_err(|_| PolicyError("an mx that is no host name"))?;
                    hosts.push(format!("{any}{}", name.to_key()));
                }
                _ => {}
            }
        }
        if version != Some("STSv1") {
            return Err(PolicyError("its version is not STSv1"));
        }
        let mode = match mode {
            Some("enforce") => Mode::Enforce,
            Some("testing") => Mode::Testing,
            Some("none") => Mode::None,
            _ => return Err(PolicyError("its mode is not known")),
        };
        let digits = max_age.filter(|text| text.bytes().all(|b| b.is_ascii_digit()));
        let seconds = digits.and_then(|text| text.parse::<u64>().ok());
        let seconds = seconds.ok_or(PolicyError("its max_age is no number"))?;
        if hosts.is_empty() && mode != Mode::None {
            return Err(PolicyError("it names no host"));
        }
        Ok(Self { mode, max_age: Duration::from_secs(seconds.min(MAX_AGE)), hosts })
    }

    /// Whether `host` may be one of the domain's (§4.1).
    pub fn allows(&self, host: &Domain) -> bool {
        let host = host.to_key();
        let parent = host.split_once('.').map(|(_, parent)| parent);
        self.hosts.iter().any(|pattern| match pattern.strip_prefix("*.") {
            Some(suffix) => parent == Some(suffix),
            None => *pattern == host,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const POLICY: &str = "version: STSv1\r\nmode: enforce\r\nmx: mail.example.com\r\n\
        mx: *.example.net\r\nmax_age: 604800\r\n";

    #[test]
    fn ids() {
        for (texts, expected) in [
            (&["v=STSv1; id=20160831085700Z;"][..], Some("20160831085700Z")),
            (&["v=STSv1;id=1"], Some("1")),
            (&["v=spf1 -all", "v=STSv1; x=y; id=a"], Some("a")),
            (&["v=STSv1; id=1", "v=STSv1; id=2"], None),
            (&["v=STSv1; id="], None),
            (&["v=STSv1; id=a-b"], None),
            (&["v=STSv1; id=1; id=2"], None),
            (&["v=STSv2; id=1"], None),
            (&["v=STSv1"], None),
            (&[], None),
        ] {
            assert_eq!(policy_id(texts.iter().copied()), expected, "{texts:?}");
        }
    }

    #[test]
    fn policies() {
        let policy = Policy::parse(POLICY).unwrap();
        assert_eq!(policy.mode, Mode::Enforce);
        assert_eq!(policy.max_age, Duration::from_hours(168));
        let allows = |host| policy.allows(&Domain::parse(host).unwrap());
        assert!(allows("mail.example.com") && allows("MX1.example.net"));
        assert!(!allows("example.net") && !allows("a.b.example.net") && !allows("example.com"));
        let replaced = |from, to| Policy::parse(&POLICY.replace(from, to));
        let unicode = replaced("mail.example.com", "Mühle.example.com").unwrap();
        assert!(unicode.allows(&Domain::parse("xn--mhle-0ra.example.com").unwrap()));
        assert!(replaced("STSv1", "STSv2").is_err());
        assert!(replaced("enforce", "maybe").is_err());
        assert!(replaced("604800", "-1").is_err());
        assert!(replaced("mail.example.com", "a b").is_err());
        assert_eq!(replaced("604800", "99999999999").unwrap().max_age.as_secs(), MAX_AGE);
        assert!(Policy::parse("").is_err());
        assert!(Policy::parse("version: STSv1\nmode: enforce\nmax_age: 1\n").is_err(), "no host");
        let none = Policy::parse("version: STSv1\nmode: none\nmax_age: 1\nmode: enforce\n");
        assert_eq!(none.unwrap().mode, Mode::None);
        let many = format!("{POLICY}{}", "mx: a.test\n".repeat(MAX_HOSTS));
        assert!(Policy::parse(&many).is_err());
    }

    proptest! {
        #[test]
        fn any_text(text in "\\PC{0,200}") {
            let _ = Policy::parse(&text);
            let _ = policy_id([text.as_str()]);
        }
    }
}
