//! One mail's life, and what Postfix is told of mail. Read `transaction` first.
//!
//! A client's commands go to `transaction`, which asks `sender`, `decide` and `returned`; the message goes
//! through `checks`, `plan`, `dress` and `delivery` in `forward`, and what is left of it to `spool`. `record`
//! tells the journal, `events` and `digest` tell owners. [`Parts`] is what all of them need: `aliases`, `srs`, keys, store, and the way out.

pub(crate) mod alias_use;
pub(crate) mod aliases;
mod answers;
pub(crate) mod checks;
mod counts;
mod current;
pub(crate) mod decide;
mod delivery;
pub(crate) mod digests;
pub(crate) mod dnsbl;
mod dress;
pub(crate) mod events;
mod filter;
mod forward;
mod frozen;
mod late;
mod log_line;
mod login;
mod logins;
pub(crate) mod look;
mod made;
mod makings;
mod new_aliases;
mod notices;
mod parts;
pub(crate) mod plan;
mod policed;
mod prints;
mod rates;
pub(crate) mod recipient;
mod record;
pub(crate) mod refusal;
mod refused;
mod retell;
mod returned;
pub(crate) mod sender;
pub(crate) mod senders;
mod sending;
mod share;
mod spool;
pub(crate) mod srs;
pub(crate) mod submission;
mod tables;
pub(crate) mod tls_reports;
mod transaction;
mod usage;
mod uses;

pub(crate) use current::Current;
pub(crate) use filter::Filter;
pub use makings::OpenError;
pub(crate) use makings::{filter as spam_filter, outbound as outbound_of};
pub(crate) use parts::{NotWell, Parts};
pub(crate) use rates::Rates;
pub use rates::{Bite, KeptLimits};
pub(crate) use spool::{Inbox, Runner, tell_of_delays};
pub use tables::Tables;
pub(crate) use transaction::Mail;

#[cfg(test)]
mod tests;
