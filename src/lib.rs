//! Onward: a mail forwarder.

pub mod address;
pub mod alias;
pub mod config;
pub mod daemon;
pub mod cli;
pub mod envelope;
pub mod fate;
pub mod message;
pub mod net;
pub mod next_hop;
pub mod proxy;
pub mod reply;
pub mod smtp;
pub mod srs;
pub mod store;
