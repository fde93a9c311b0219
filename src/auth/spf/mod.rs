//! SPF (RFC 7208): may this client use this reverse-path?
//!
//! An evaluator of our own, and a strict one. A pass is what lets Onward answer for a message and bounce
//! it later, so what is doubtful must not pass: two records, a record with a byte that is no printable
//! ASCII, a prefix length with a leading zero, anything the grammar does not know.

mod dns;
mod evaluate;
mod macros;
mod probe;
mod record;

pub use crate::verdict::Spf;

use crate::dns::Resolver;
use evaluate::Evaluation;
use std::net::IpAddr;
use tokio::time::{Instant, timeout_at};

/// Whom a record lets write in the name of its domain, as far as a bounce may rely on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reach {
    /// Some hosts and not all: a pass says who wrote.
    Some,
    /// Everybody: a pass says nothing of who wrote.
    Everybody,
    /// DNS did not tell.
    Unknown,
}

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

/// Of a `query` that passes: whom else the record lets write. It reaches everybody when it passes a client in
/// each documentation network of the family of `query.ip` too, where nobody sends from. That shows `+all`
/// in every disguise: halves of the address space, an `exists` that always answers, includes of such.
///
/// Whoever publishes a record has no reason to hide that it passes everybody: a bounce would go to their own
/// domain. So the addresses are fixed, and the resolver knows most answers already.
pub async fn reach(resolver: &Resolver, query: &Query<'_>, deadline: Instant) -> Reach {
    timeout_at(deadline, probe::reach(resolver, query)).await.unwrap_or(Reach::Unknown)
}

/// True for a TXT record that is meant to be SPF (RFC 7208 §4.5).
pub fn is_record(text: &[u8]) -> bool {
    record::is_spf(text)
}

/// True for a TXT record that is SPF and breaks no rule of its grammar.
pub fn is_valid_record(text: &[u8]) -> bool {
    record::is_spf(text) && record::Record::parse(text).is_some()
}
