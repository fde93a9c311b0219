//! The command line beside a running daemon.

mod asked;
mod backup;
mod changes;
mod complete;
mod dkim;
mod explain;
mod first_steps;
mod follow;
mod help;
mod import;
mod many;
mod queue;
mod service_import;
pub(crate) mod spooling;
mod srs;
mod status;
mod tables;
mod trace;
mod trial;
