//! What the verifiers found.

use serde::Deserialize;

/// All results for one message.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Findings {
    pub spf: Spf,
    /// The topmost signature first.
    pub dkim: Vec<Signature>,
    pub arc: ArcChain,
    pub dmarc: Dmarc,
}

/// By pyspf, of MAIL FROM or else of HELO.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Spf {
    pub result: String,
    pub reason: String,
    pub domain: String,
}

/// By dkimpy.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Signature {
    /// `pass`, `fail`, `temperror`.
    pub result: String,
    /// Why it does not verify, where dkimpy says.
    pub reason: String,
    pub domain: String,
    pub selector: String,
    pub algorithm: String,
}

/// By dkimpy.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ArcChain {
    /// `none`, `pass`, `fail`.
    pub result: String,
    pub reason: String,
    /// Their domains, the lowest ARC-Seal field first.
    pub sealers: Vec<String>,
}

/// By authheaders.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Dmarc {
    /// `pass`, `fail`, `none`, `permerror`, `temperror`.
    pub result: String,
    /// Of the From domain: `none`, `quarantine`, `reject`; empty without a record.
    pub policy: String,
    /// The From domain.
    pub domain: String,
}

impl Findings {
    /// A signature of this domain is there, and all of them verify.
    #[track_caller]
    pub fn expect_dkim_of(&self, domain: &str) -> &Self {
        let ours: Vec<_> = self.dkim.iter().filter(|found| found.domain == domain).collect();
        let pass = !ours.is_empty() && ours.iter().all(|found| found.result == "pass");
        assert!(pass, "signatures of {domain}: {:#?}", self.dkim);
        self
    }

    /// The chain passes, and this domain sealed last.
    #[track_caller]
    pub fn expect_arc_of(&self, domain: &str) -> &Self {
        let last = self.arc.sealers.last().map(String::as_str);
        assert!(self.arc.result == "pass" && last == Some(domain), "{domain}: {:#?}", self.arc);
        self
    }
}
