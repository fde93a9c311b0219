//! The network edge: sessions of clients inbound, verdicts of destinations outbound.
//!
//! Inbound, a [`Listener`] accepts and `connection` drives one session; [`Clients`] and
//! [`MessageMemory`] bound what all of them may use. Outbound, [`Outbound::deliver`] is the way in:
//! [`Resolver`] and `mx` find the hosts, `pool` keeps connections, `client` speaks over one of them, and
//! `transfer` hands one message over.

mod client;
mod clients;
mod connection;
mod delivery;
mod dnssec;
mod fetch;
mod health;
mod http;
mod inbound;
mod limits;
mod listener;
mod memory;
mod mx;
mod outbound;
mod outgoing;
mod policies;
mod pool;
mod resolver;
mod route;
mod security;
mod socket;
mod sts;
mod transfer;
mod transport;

pub use clients::{Admission, Clients};
pub use connection::{Encryption, Handler, Timeouts, drive};
pub use delivery::Attempt;
pub use dnssec::ValidatingResolver;
pub use fetch::published_policy;
pub use http::{Page, serve_http};
pub use limits::OutboundLimits;
pub use listener::{Listener, Manners, Peer, Server};
pub use memory::{MessageMemory, Reservation};
pub use outbound::{Outbound, OutboundConfig, Preferences};
pub use outgoing::{Checkpoint, Outgoing};
pub use resolver::{LookupError, Resolver, ResolverError};
pub use socket::{Accepted, Bound, Socket};
