//! SPF (RFC 7208): may this client use this reverse-path?
//!
//! An evaluator of our own, and a strict one. A pass is what lets Onward answer for a message and bounce
//! it later, so what is doubtful must not pass: two records, a record with a byte that is no printable
//! ASCII, a prefix length with a leading zero, anything the grammar does not know.

mod dns;
mod evaluate;
mod macros;
mod record;

use crate::net::Resolver;
use evaluate::Evaluation;
use std::{fmt, net::IpAddr};
use tokio::time::{Instant, timeout_at};

/// The result of a check (RFC 7208 §2.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Spf {
    /// The domain publishes nothing, or there is no domain.
    None,
    /// The domain says nothing about this client.
    Neutral,
    /// The client may use the domain.
    Pass,
    /// The client may not.
    Fail,
    /// The client probably may not.
    SoftFail,
    /// DNS gave no answer.
    TempError,
    /// What the domain publishes makes no sense.
    PermError,
}

/// What is to be checked.
#[derive(Debug, Clone, Copy)]
pub struct Query<'a> {
    /// The client.
    pub ip: IpAddr,
    /// What it called itself.
    pub helo: &'a str,
    /// The reverse-path without brackets, empty for a null one: that stands for `postmaster@` the HELO
    /// name (RFC 7208 §2.4).
    pub sender: &'a str,
}

/// Checks, with answers of `resolver`. What is not known by `deadline` is a [`Spf::TempError`]; RFC 7208
/// §4.6.4 wants at least 20 s.
pub async fn check(resolver: &Resolver, query: &Query<'_>, deadline: Instant) -> Spf {
    let check = Evaluation::new(resolver, query).check();
    timeout_at(deadline, check).await.unwrap_or(Spf::TempError)
}

/// True for a TXT record that is SPF and breaks no rule of its grammar.
pub fn is_valid_record(text: &[u8]) -> bool {
    record::is_spf(text) && record::Record::parse(text).is_some()
}

impl Spf {
    /// The word of RFC 8601 §2.7.2.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Neutral => "neutral",
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::SoftFail => "softfail",
            Self::TempError => "temperror",
            Self::PermError => "permerror",
        }
    }
}

impl fmt::Display for Spf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
