use super::alignment::is_within;
use std::{
    cmp::Reverse,
    fmt::{self, Write},
};

/// What the inbound checks found out about a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Findings {
    /// SPF of the reverse-path; of the HELO name where that is null.
    pub spf: Spf,
    /// The domain that SPF was checked for.
    pub sender_domain: String,
    /// Every DKIM signature that was looked at, in the order of the header.
    pub signatures: Vec<Signature>,
    /// DMARC of the From domain; of several, the strictest of `authors`.
    pub dmarc: Dmarc,
    /// DMARC of each From domain, in the order of the field.
    pub authors: Vec<Dmarc>,
    /// The ARC chain, which authenticates nothing: whoever sealed may have written what they liked.
    pub arc: Arc,
}

/// What the journal says of a signature that covers what every hop adds, or its absence.
pub const NOT_KEPT: &str = "a DKIM signature that verified does not behind our fields";

/// The result of SPF (RFC 7208 §2.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Spf {
    /// The domain publishes nothing, or there is no domain.
    None,
    /// The domain says nothing about this client.
    Neutral,
    /// The client may use the domain.
    Pass,
    /// The client may not use the domain.
    Fail,
    /// The client probably may not use the domain.
    SoftFail,
    /// DNS gave no answer.
    TempError,
    /// What the domain publishes makes no sense.
    PermError,
}

/// One DKIM signature (RFC 6376).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// What the signature came to.
    pub result: Dkim,
    /// `d=`; empty where the field cannot be read.
    pub domain: String,
    /// True where the signature covers the whole body: what `l=` leaves uncovered may be anybody's.
    pub is_whole: bool,
}

/// The result of a DKIM signature (RFC 8601 §2.7.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dkim {
    /// The signature verifies.
    Pass,
    /// The signature does not verify.
    Fail,
    /// The signature is too weak to count: SHA-1 (RFC 8301 §3.1).
    Policy,
    /// The signature makes no sense, or has expired.
    Neutral,
    /// DNS gave no answer.
    TempError,
    /// The key of the signature does not exist or is no key.
    PermError,
}

/// DMARC of the From domain (RFC 9989).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dmarc {
    /// The From domain, A-labels in lower case, also where it has no policy; empty where From names none.
    pub domain: String,
    /// What the owner of the domain asks for, test mode and the age of the domain counted in.
    pub policy: DmarcPolicy,
    /// What the DMARC check came to.
    pub result: DmarcResult,
}

impl Dmarc {
    /// Of a domain that nobody asked.
    pub fn unknown(domain: String) -> Self {
        Self { domain, policy: DmarcPolicy::None, result: DmarcResult::None }
    }

    /// The result that stands most against a message of these authors: the first, of equals.
    pub fn strictest(authors: &[Self]) -> Self {
        let strictest = authors.iter().min_by_key(|author| Reverse(author.strictness()));
        strictest.cloned().unwrap_or_else(|| Self::unknown(String::new()))
    }

    fn strictness(&self) -> u8 {
        match (self.result, self.policy) {
            (DmarcResult::Fail, DmarcPolicy::Reject) => 7,
            (DmarcResult::TempError, _) => 6,
            (DmarcResult::Fail, DmarcPolicy::Quarantine) => 5,
            // A forward loses what makes it pass.
            (
                DmarcResult::Pass { by_dkim: false },
                DmarcPolicy::Quarantine | DmarcPolicy::Reject,
            ) => 4,
            (DmarcResult::Fail, DmarcPolicy::None | DmarcPolicy::Unknown) => 3,
            (DmarcResult::PermError, _) => 2,
            (DmarcResult::None, _) => 1,
            (DmarcResult::Pass { .. }, _) => 0,
        }
    }
}

/// What a domain asks receivers to do with mail that fails DMARC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DmarcPolicy {
    /// To do nothing about such mail.
    None,
    /// To put such mail aside.
    Quarantine,
    /// To refuse such mail.
    Reject,
    /// DNS did not say.
    Unknown,
}

/// Whether a message is from whom its From says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DmarcResult {
    /// The domain has no policy.
    None,
    /// A DKIM signature that passes, or SPF, or both, are aligned with the From domain.
    Pass {
        /// A signature: it stays when the message is forwarded.
        by_dkim: bool,
    },
    /// Neither a DKIM signature that passes nor SPF is aligned.
    Fail,
    /// DNS gave no answer.
    TempError,
    /// What the domain publishes makes no sense, and asks for nothing.
    PermError,
}

/// The result of the ARC chain (RFC 8617 §5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Arc {
    /// The message has no ARC chain.
    None,
    /// The ARC chain is whole.
    Pass,
    /// The ARC chain is not whole.
    Fail,
    /// DNS gave no answer.
    TempError,
}

impl Findings {
    /// True when a From domain passes an enforced policy by a signature: that may be all it passes by behind
    /// us.
    pub fn depends_on_signatures(&self) -> bool {
        self.authors.iter().any(Dmarc::is_kept_by_signature)
    }

    /// The From domains that pass an enforced policy by a signature here and, where DMARC of the same domains
    /// comes to `behind`, no more; with what DMARC comes to there.
    pub fn lost<'a>(&'a self, behind: &'a [Dmarc]) -> impl Iterator<Item = (&'a str, DmarcResult)> {
        let kept = self.authors.iter().filter(|author| author.is_kept_by_signature());
        kept.filter_map(|Dmarc { domain, .. }| {
            match behind.iter().find(|there| there.domain == *domain) {
                Some(there) if there.is_signed() => None,
                there => Some((&**domain, there.map_or(DmarcResult::Fail, |there| there.result))),
            }
        })
    }

    /// True when some signature passes.
    pub fn has_signature(&self) -> bool {
        self.signatures.iter().any(|signature| signature.result == Dkim::Pass)
    }

    /// True when a signature passes whose owner speaks for `domain`: the domain itself, or one above
    /// it. A bounce to that domain then reaches whoever wrote. No organizational domain is needed: whoever
    /// has the key of a domain has a say in what is below it, and not the other way round.
    pub fn has_signature_for(&self, domain: &str) -> bool {
        let mut passing = self.signatures.iter().filter(|s| s.result == Dkim::Pass && s.is_whole);
        passing.any(|signature| is_within(domain, &signature.domain))
    }
}

impl Dmarc {
    /// True where the owner asks receivers to act, and a signature meets that.
    fn is_kept_by_signature(&self) -> bool {
        self.policy != DmarcPolicy::None && self.is_signed()
    }

    fn is_signed(&self) -> bool {
        self.result == DmarcResult::Pass { by_dkim: true }
    }
}

macro_rules! words {
    ($name:ident, $($variant:ident => $word:literal),+) => {
        impl $name {
            /// What that word stands for.
            pub fn parse(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)+ _ => None }
            }
            /// The word of RFC 8601.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

words!(Spf, None => "none", Neutral => "neutral", Pass => "pass", Fail => "fail",
    SoftFail => "softfail", TempError => "temperror", PermError => "permerror");
words!(Dkim, Pass => "pass", Fail => "fail", Policy => "policy", Neutral => "neutral",
    TempError => "temperror", PermError => "permerror");
words!(Arc, None => "none", Pass => "pass", Fail => "fail", TempError => "temperror");
words!(DmarcPolicy, None => "none", Quarantine => "quarantine", Reject => "reject",
    Unknown => "unknown");

impl fmt::Display for DmarcResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::Pass { .. } => "pass",
            Self::Fail => "fail",
            Self::TempError => "temperror",
            Self::PermError => "permerror",
        })
    }
}

/// What stands in `d=` is up to whoever wrote the message: nothing of it can stand for a finding of ours.
fn as_a_name(domain: &str) -> impl Iterator<Item = char> {
    let is_of_a_name = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_');
    let name = domain.chars().take(MAX_NAME);
    name.map(move |c| if is_of_a_name(c) { c } else { '?' })
}

/// Longest name in DNS.
const MAX_NAME: usize = 255;

/// One line for the journal, which [`Told`](super::Told) reads.
impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "spf={}", self.spf)?;
        for Signature { result, domain, .. } in &self.signatures {
            write!(f, " dkim={result} (")?;
            as_a_name(domain).try_for_each(|c| f.write_char(c))?;
            f.write_char(')')?;
        }
        let authors =
            if self.authors.is_empty() { std::slice::from_ref(&self.dmarc) } else { &self.authors };
        for Dmarc { domain, policy, result } in authors {
            write!(f, " dmarc={result}")?;
            match result {
                DmarcResult::None => {}
                DmarcResult::PermError => write!(f, " ({domain})")?,
                _ => write!(f, " ({domain} p={policy})")?,
            }
        }
        if self.arc != Arc::None {
            write!(f, " arc={}", self.arc)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_speaks_for_a_domain() {
        for (name, domain, is) in [
            ("example.org", "example.org", true),
            ("Bounces.Example.org", "EXAMPLE.org", true),
            ("example.org", "mail.example.org", false),
            ("badexample.org", "example.org", false),
            ("example.org", "", false),
        ] {
            assert_eq!(is_within(name, domain), is, "{name} in {domain}");
        }
        let signature =
            |result, is_whole| Signature { result, domain: "example.org".to_owned(), is_whole };
        let dmarc =
            Dmarc { domain: String::new(), policy: DmarcPolicy::None, result: DmarcResult::None };
        let mut findings = Findings {
            spf: Spf::None,
            sender_domain: String::new(),
            signatures: vec![signature(Dkim::Fail, true), signature(Dkim::Pass, false)],
            authors: vec![dmarc.clone()],
            dmarc,
            arc: Arc::Pass,
        };
        assert!(findings.has_signature() && !findings.has_signature_for("example.org"));
        findings.signatures.push(signature(Dkim::Pass, true));
        assert!(findings.has_signature_for("a.example.org"));
        assert_eq!(
            findings.to_string(),
            "spf=none dkim=fail (example.org) dkim=pass (example.org) dkim=pass (example.org) \
             dmarc=none arc=pass"
        );
    }
}
