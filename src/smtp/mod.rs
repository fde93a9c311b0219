//! SMTP without I/O: bytes in, events and bytes out.

pub mod data;
