//! Clients: sockets, the listener that accepts, and the driver of one session.
//!
//! A [`Listener`] accepts and [`drive`] runs one session, which asks its [`Handler`]; [`Clients`] and
//! [`MessageMemory`] bound what all of them may use, [`Connections`] those that speak no SMTP, [`LogBudget`] what the log
//! says of them.

mod clients;
mod connections;
mod driver;
mod listener;
mod log;
mod memory;
mod patience;
mod socket;

pub use clients::{Admission, ClientLimits, Clients};
pub use connections::Connections;
pub(crate) use connections::{Idle, Place};
pub use driver::{Encryption, Handler, drive};
pub use listener::{Listener, ListenerConfig, Peer, Server};
pub use log::LogBudget;
pub use memory::{MessageMemory, Reservation};
pub use patience::{Patience, Timeouts};
pub use socket::{Accepted, Bound, Socket};
