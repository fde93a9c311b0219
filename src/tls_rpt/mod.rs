//! What came of TLS with the mail servers of others, as RFC 8460 reports it.

mod report;

pub use report::{Report, is_record, report_to};

use serde::Serialize;
use std::collections::HashMap;

/// Sessions, by what came of them.
pub type Counts = HashMap<SessionResult, u64>;

/// What came of TLS in a session, as RFC 8460 §4.3 tells results apart.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SessionResult {
    /// The destination domain.
    pub domain: String,
    /// Which policy was applied.
    pub policy: PolicyType,
    /// The mail server; empty for a success.
    pub host: String,
    /// `None` for a session with TLS as the policy has it.
    pub result: Option<ResultType>,
}

/// A policy type (RFC 8460 §4.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PolicyType {
    /// TLSA records.
    Tlsa,
    /// An MTA-STS policy.
    Sts,
    /// Neither TLSA records nor an MTA-STS policy.
    NoPolicyFound,
}

/// The result type of a failure (RFC 8460 §4.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ResultType {
    /// The server offers no TLS.
    StarttlsNotSupported,
    /// The certificate is for another host.
    CertificateHostMismatch,
    /// The certificate is not valid now.
    CertificateExpired,
    /// Nobody whom we trust has made it out.
    CertificateNotTrusted,
    /// The handshake failed.
    ValidationFailure,
    /// No TLSA record is about the certificate.
    TlsaInvalid,
    /// DNSSEC does not prove what it should.
    DnssecInvalid,
    /// The policy names other hosts.
    StsWebpkiInvalid,
    /// The policy cannot be fetched.
    StsPolicyFetchError,
    /// What was fetched is no policy.
    StsPolicyInvalid,
}

/// A row of what is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Row {
    /// The destination domain.
    pub domain: String,
    /// `tlsa`, `sts` or `no-policy-found`.
    pub policy: String,
    /// The mail server; empty for successes.
    pub host: String,
    /// A result type of RFC 8460 §4.3; empty for successes.
    pub result: String,
    /// The number of sessions.
    pub count: u64,
}

impl PolicyType {
    /// The policy type as a report has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tlsa => "tlsa",
            Self::Sts => "sts",
            Self::NoPolicyFound => "no-policy-found",
        }
    }
}

impl ResultType {
    /// The result type as a report has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::StarttlsNotSupported => "starttls-not-supported",
            Self::CertificateHostMismatch => "certificate-host-mismatch",
            Self::CertificateExpired => "certificate-expired",
            Self::CertificateNotTrusted => "certificate-not-trusted",
            Self::ValidationFailure => "validation-failure",
            Self::TlsaInvalid => "tlsa-invalid",
            Self::DnssecInvalid => "dnssec-invalid",
            Self::StsWebpkiInvalid => "sts-webpki-invalid",
            Self::StsPolicyFetchError => "sts-policy-fetch-error",
            Self::StsPolicyInvalid => "sts-policy-invalid",
        }
    }
}
