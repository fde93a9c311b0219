//! Rows of the tables, read and written within a transaction.

pub(super) mod account_usage;
pub(super) mod accounts;
pub(super) mod alias_changes;
pub(super) mod alias_days;
pub(super) mod alias_text;
pub(super) mod alias_use;
pub(super) mod aliases;
pub(super) mod blocks;
pub(super) mod claims;
pub(super) mod digests;
pub(super) mod domain_settings;
pub(super) mod domains;
pub(super) mod events;
pub(super) mod legs;
pub(super) mod long_senders;
pub(super) mod memory;
pub(super) mod nodes;
pub(super) mod queue;
pub(super) mod search;
pub(super) mod sessions;
pub(super) mod sharing;
pub(super) mod spool;
pub(super) mod standing_changes;
pub(super) mod texts;
pub(super) mod tls;
pub(super) mod tokens;
