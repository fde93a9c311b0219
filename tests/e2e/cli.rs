//! The command line beside a running daemon.

mod changes;
mod first_steps;
mod srs;
mod trace;
mod trial;
