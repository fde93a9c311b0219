//! SPF (RFC 7208): may this client use this reverse-path?
//!
//! An evaluator of our own, and a strict one. A pass is what lets Onward answer for a message and bounce
//! it later, so what is doubtful must not pass: two records, a record with a byte that is no printable
//! ASCII, a prefix length with a leading zero, anything the grammar does not know.

mod dns;
mod evaluate;
mod macros;
mod record;

pub use crate::verdict::Spf;

use crate::dns::Resolver;
use evaluate::Evaluation;
use std::net::IpAddr;
use tokio::time::{Instant, timeout_at};

/// What is to be checked.
#[derive(Debug, Clone, Copy)]
pub struct Query<'a> {
    /// The address of the client.
    pub ip: IpAddr,
    /// What the client called itself.
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

/// True for a TXT record that is meant to be SPF (RFC 7208 §4.5).
pub fn is_record(text: &[u8]) -> bool {
    record::is_spf(text)
}

/// True for a TXT record that is SPF and breaks no rule of its grammar.
pub fn is_valid_record(text: &[u8]) -> bool {
    record::is_spf(text) && record::Record::parse(text).is_some()
}
