//! Onward: a mail forwarder.

pub mod address;
pub mod envelope;
pub mod reply;
pub mod smtp;
