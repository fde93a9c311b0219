//! The command line beside a running daemon.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice
)]

mod changes;
mod first_steps;
mod srs;
mod trace;
mod trial;
