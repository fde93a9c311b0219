//! Who sent a message, as far as DNS can tell.

pub mod arc;
pub mod spf;
