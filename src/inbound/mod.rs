//! Clients: sockets, the listener that accepts, and the driver of one session.
//!
//! A [`Listener`] accepts and [`drive`] runs one session, which asks its [`Handler`]; [`Clients`] and
//! [`MessageMemory`] bound what all of them may use.

mod clients;
mod driver;
mod listener;
mod memory;
mod socket;

pub use clients::{Admission, Clients};
pub use driver::{Encryption, Handler, Timeouts, drive};
pub use listener::{Listener, ListenerConfig, Peer, Server};
pub use memory::{MessageMemory, Reservation};
pub use socket::{Accepted, Bound, Socket};
