//! What one host found out about a message.

use crate::{
    message::{AuthResults, MethodResult},
    verdict::Told,
};
use serde::Serialize;
use std::net::IpAddr;

/// Signatures that are told: no host looks at more.
const MAX_SIGNATURES: usize = 30;

/// What one host found out about a message; words of others, as they are.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Verdicts {
    /// A name for people: Gmail, or the host.
    pub who: String,
    /// SPF of the reverse-path; of the HELO name where there is no other.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spf: Option<SpfVerdict>,
    /// Each signature that was looked at.
    pub dkim: Vec<DkimVerdict>,
    /// DMARC of the From domain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dmarc: Option<DmarcVerdict>,
    /// The ARC chain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arc: Option<String>,
    /// Microsoft's own judgement of all of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compauth: Option<String>,
}

/// What SPF came to.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct SpfVerdict {
    /// The word of RFC 8601.
    pub result: String,
    /// The domain that was asked.
    pub domain: String,
    /// The client that was asked about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<IpAddr>,
}

/// What one signature came to.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct DkimVerdict {
    /// The word of RFC 8601.
    pub result: String,
    /// Whose signature it is.
    pub domain: String,
}

/// What DMARC came to.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct DmarcVerdict {
    /// The word of RFC 8601.
    pub result: String,
    /// The From domain.
    pub domain: String,
    /// What its owner asks for, where that is told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
}

impl Verdicts {
    /// Takes in what one more field of the same host says: what an earlier one said stays.
    pub(super) fn take(&mut self, results: &AuthResults) {
        let spf = || {
            let mut all: Vec<&MethodResult> = results.of("spf").collect();
            all.sort_by_key(|it| it.property("smtp.helo").is_some());
            all.first().map(|it| SpfVerdict::of(it))
        };
        self.spf = self.spf.take().or_else(spf);
        for signature in results.of("dkim").map(DkimVerdict::of) {
            let is_new = signature.result != "none" && !self.dkim.contains(&signature);
            if is_new && self.dkim.len() < MAX_SIGNATURES {
                self.dkim.push(signature);
            }
        }
        let dmarc = || results.of("dmarc").next().map(DmarcVerdict::of);
        self.dmarc = self.dmarc.take().or_else(dmarc);
        let word = |method| results.of(method).next().map(|it| it.result.clone());
        self.arc = self.arc.take().or_else(|| word("arc"));
        self.compauth = self.compauth.take().or_else(|| word("compauth"));
    }

    /// What the journal has.
    pub(super) fn told(hostname: &str, told: &Told) -> Self {
        let spf = told.spf.map(|spf| SpfVerdict { result: spf.to_string(), ..<_>::default() });
        let signature = |(result, domain): &(crate::verdict::Dkim, String)| DkimVerdict {
            result: result.to_string(),
            domain: domain.clone(),
        };
        let dmarc = told.authors.first().map(|author| DmarcVerdict {
            result: author.result.clone(),
            domain: author.domain.clone(),
            policy: author.policy.map(|policy| policy.to_string()),
        });
        Self {
            who: hostname.to_owned(),
            spf,
            dkim: told.signatures.iter().map(signature).collect(),
            dmarc,
            arc: told.arc.map(|arc| arc.to_string()),
            compauth: None,
        }
    }

    /// True where a field told something.
    pub(super) fn is_something(&self) -> bool {
        let words = [&self.arc, &self.compauth];
        self.spf.is_some()
            || self.dmarc.is_some()
            || !self.dkim.is_empty()
            || words.iter().any(|word| word.is_some())
    }

    /// The domains whose signatures pass.
    pub(super) fn passing(&self) -> impl Iterator<Item = &str> {
        self.dkim.iter().filter(|it| it.result == "pass").map(|it| &*it.domain)
    }
}

impl SpfVerdict {
    fn of(found: &MethodResult) -> Self {
        let names = ["smtp.mailfrom", "smtp.mail", "smtp.helo", "smtp.ehlo"];
        let identity = names.iter().find_map(|name| found.property(name)).unwrap_or_default();
        // The address stands in the comment, among words: all write it so.
        let mut words = found.comment.split([' ', ',', ';']);
        let client = words.find_map(|word| word.trim_matches(['[', ']', '.']).parse().ok());
        Self { result: found.result.clone(), domain: domain_of(identity), client }
    }
}

impl DkimVerdict {
    fn of(found: &MethodResult) -> Self {
        let domain = found.property("header.d").or_else(|| found.property("header.i"));
        Self { result: found.result.clone(), domain: domain_of(domain.unwrap_or_default()) }
    }
}

impl DmarcVerdict {
    fn of(found: &MethodResult) -> Self {
        let in_comment = || found.comment.split(' ').find_map(|word| word.strip_prefix("p="));
        let policy = found.property("policy.dmarc").or_else(in_comment);
        Self {
            result: found.result.clone(),
            domain: domain_of(found.property("header.from").unwrap_or_default()),
            policy: policy.map(str::to_ascii_lowercase),
        }
    }
}

/// What stands behind the last `@`, or all of it.
fn domain_of(identity: &str) -> String {
    let domain = identity.rsplit('@').next().unwrap_or_default();
    domain.trim_matches(['<', '>', '.']).to_ascii_lowercase()
}
