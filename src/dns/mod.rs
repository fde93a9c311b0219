//! DNS: what delivery, the checks and the doctor ask.
//!
//! [`Resolver`] asks, with one cache for all, and tells whom a question counts against; [`ValidatingResolver`] has proof by DNSSEC; [`MxHosts`] is the
//! order in which the hosts of a domain are tried.

mod answers;
mod asked;
mod asker;
mod mx;
mod no_mail;
mod resolver;
mod senders;
mod validating;

pub use answers::LookupError;
pub(crate) use asker::{Asker, Budget};
pub(crate) use mx::MxHosts;
pub(crate) use no_mail::{NoMail, without_mail};
pub use resolver::{Resolver, ResolverError};
pub(crate) use validating::TlsaAnswer;
pub use validating::ValidatingResolver;
