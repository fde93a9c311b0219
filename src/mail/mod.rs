//! One mail's life, from its first RCPT to its end. Read `transaction` first.

pub(crate) mod checks;
mod current;
mod delivery;
mod dress;
mod filter;
mod parts;
pub(crate) mod recipient;
mod record;
pub(crate) mod sender;
mod spool;
mod tables;
pub(crate) mod tls_reports;
mod transaction;

pub(crate) use current::Current;
pub(crate) use filter::Filter;
pub use parts::OpenError;
pub(crate) use parts::Services;
pub(crate) use spool::{Inbox, Runner};
pub use tables::Tables;
pub(crate) use transaction::Mail;
