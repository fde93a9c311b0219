//! The network edge, outbound: from a next hop to the verdict of its hosts.
//!
//! [`Outbound::deliver`] is the way in. Below it, [`Resolver`] and `mx` find the hosts, `pool` keeps
//! connections, `client` speaks over one of them, and `transfer` hands one message over.

mod client;
mod delivery;
mod limits;
mod mx;
mod outbound;
mod outgoing;
mod pool;
mod resolver;
mod route;
mod transfer;
mod transport;

pub use delivery::Attempt;
pub use limits::OutboundLimits;
pub use outbound::{Outbound, OutboundConfig};
pub use outgoing::Outgoing;
pub use resolver::{Resolver, ResolverError};
