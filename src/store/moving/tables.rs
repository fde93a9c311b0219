//! What is copied: each table by the names that its columns have on both sides.

/// A table.
#[derive(Debug)]
pub(in crate::store) struct Table {
    pub(in crate::store) name: &'static str,
    /// The columns; the first `key` of them say which row it is.
    pub(in crate::store) columns: &'static [&'static str],
    /// 0: there is one row.
    pub(in crate::store) key: usize,
    /// Rows that are read at once.
    pub(in crate::store) page: usize,
    /// Whether columns outside the key are unique too: a row that changed is then deleted before any is written.
    pub(in crate::store) is_replaced: bool,
    /// What is said of its rows while they are copied, and while both sides are compared.
    pub(in crate::store) copied: &'static str,
    pub(in crate::store) compared: &'static str,
}

/// Rows that are read at once, unless they are large.
const ROWS: usize = 1_000;
/// Of those that hold messages.
const MESSAGES: usize = 16;

macro_rules! table {
    ($name:literal, key $key:literal, $($column:literal)*) => {
        Table {
            name: $name,
            columns: &[$($column),*],
            key: $key,
            page: ROWS,
            is_replaced: false,
            copied: concat!("of ", $name, " copied"),
            compared: concat!("of ", $name, " compared"),
        }
    };
    ($name:literal, replaced, key $key:literal, $($column:literal)*) => {
        Table { is_replaced: true, ..table!($name, key $key, $($column)*) }
    };
    ($name:literal, large, key $key:literal, $($column:literal)*) => {
        Table { page: MESSAGES, ..table!($name, key $key, $($column)*) }
    };
}

/// All of them, in the order in which they are copied: what others hang on comes before them.
pub(in crate::store) const TABLES: &[Table] = &[
    table!("domains", key 1, "domain" "added"),
    table!("aliases", key 2, "domain" "local" "address" "action" "destinations" "text" "enabled" "position" "keep_tag"
        "spam" "allow" "reply_by_address" "note" "expires" "max_messages" "block" "message_rate" "digest"),
    table!("alias_use", replaced, key 1, "number" "domain" "local" "made" "forwarded" "refused" "last_use"),
    table!("alias_days", key 2, "number" "day" "forwarded" "refused"),
    table!("blocks", key 2, "domain" "key" "pattern" "note" "added"),
    table!("domain_settings", key 1, "domain" "auto_create" "destinations" "digest"),
    table!("accounts", replaced, key 1, "id" "name" "address" "state" "reason" "since" "added"),
    table!("account_send_as", key 3, "account" "domain" "local" "address" "position"),
    table!("account_passwords", key 2, "account" "label" "hash" "added" "used" "client"),
    table!("account_usage", key 1, "account" "at" "messages" "recipients" "new_recipients" "heard"),
    table!("account_recipients", key 2, "account" "print" "day"),
    table!("tokens", replaced, key 1, "id" "hash" "label" "scope" "domain" "format" "daily_limit" "added" "expires"
        "used" "client" "day" "changes" "made_by" "session"),
    table!("token_destinations", key 3, "token" "domain" "local" "address" "position"),
    table!("sessions", replaced, key 1, "id" "seq" "link" "hash" "role" "label" "made" "began" "ends" "used" "client"),
    table!("session_domains", key 2, "session" "domain"),
    table!("srs_addresses", key 1, "token" "address" "client" "expires"),
    table!("delivered", key 1, "fingerprint" "expires"),
    table!("told", key 1, "fingerprint" "expires"),
    table!("refused", key 1, "fingerprint" "code" "status" "text" "expires"),
    table!("sts_policies", key 1, "domain" "id" "policy" "fetched" "expires"),
    table!("tls_results", key 5, "day" "domain" "policy" "host" "result" "count"),
    table!("tls_reported", key 1, "day"),
    table!("events", key 1, "seq" "time" "body"),
    table!("event_state", key 0, "room" "lost" "expired"),
    table!("digests", key 2, "domain" "every" "until" "under_way" "up_to"),
    table!("spool", large, key 1, "seq" "id" "arrived" "client" "helo" "sender" "eight_bit" "smtputf8" "has_delivered"
        "has_failed" "print" "caused_by" "size" "prefix" "message" "text" "changed_from" "changed_to" "ret" "envid"),
    table!("spool_legs", key 2, "message" "leg" "recipient" "mailbox" "reverse_path" "state" "under_way"
        "was_uncertain" "attempts" "next_attempt" "code" "status" "text" "notify" "orcpt" "delay_due" "ways"),
    table!("spool_texts", large, key 2, "text" "at" "octets"),
    // Before the records, as these have what their attempts take.
    table!("journal_attempts", replaced, key 3, "came" "message" "seq" "time" "rcpt" "host" "reply" "ms" "verdict" "tls"),
    table!("journal", key 2, "time" "seq" "id" "client" "helo" "sender" "srs_from" "rcpt" "outcome" "reply" "size" "ms"
        "detail" "auth" "tls" "filter" "ways" "class"),
    table!("journal_traffic", key 4, "domain" "span" "start" "class" "messages"),
];

impl Table {
    /// The columns that say which row it is.
    pub(in crate::store) fn key_columns(&self) -> &'static [&'static str] {
        self.columns.get(..self.key).unwrap_or_default()
    }

    /// The others.
    pub(in crate::store) fn other_columns(&self) -> &'static [&'static str] {
        self.columns.get(self.key..).unwrap_or_default()
    }
}
