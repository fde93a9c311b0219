//! What the end-to-end tests stand on: a fake DNS server, scripted receivers, a raw SMTP client,
//! real peers in throw-away instances, and Onward itself as a child process.
//!
//! Everything is synchronous, binds loopback only, and waits for events with a deadline;
//! [`wait_until`] is the only place that polls.
#![allow(
    missing_docs,
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stderr
)]

pub mod certificates;
pub mod client;
pub mod cluster;
pub mod config;
pub mod curl;
pub mod dialog;
pub mod disk;
pub mod dns;
pub mod fake_filter;
pub mod onward;
pub mod pebble;
pub mod peer;
pub mod port;
pub mod postfix;
pub mod postsrsd;
pub mod process;
pub mod receiver;
pub mod rspamd;
pub mod tls;
pub mod unbound;
pub mod verifiers;
mod wait;
pub mod web_server;

pub use wait::{DEADLINE, poll, wait_until, wait_until_for};
