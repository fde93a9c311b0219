//! The test tools themselves: each does what the other tests rely on, and fails where it should.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice
)]

mod dialog;
mod dns;
mod peers;
mod receiver;
mod tools;
