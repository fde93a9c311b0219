//! The command line beside a running daemon.

mod asked;
mod backup;
mod changes;
mod dkim;
mod explain;
mod first_steps;
mod import;
mod queue;
pub(crate) mod spooling;
mod srs;
mod status;
mod trace;
mod trial;
