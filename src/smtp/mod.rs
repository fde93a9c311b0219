//! SMTP without I/O: bytes in, events and bytes out.

pub mod command;
pub mod data;
mod foreign;
pub mod line;
pub mod parameter;
pub mod session;
