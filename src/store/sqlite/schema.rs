//! The tables, and how a database of an older version becomes one of this version.

use super::{column, number};
use crate::store::StoreError;
use rusqlite::{Connection, TransactionBehavior};
use std::path::Path;

/// Marks the file as Onward's (`Onwd`).
const APPLICATION_ID: i64 = 0x4f6e_7764;

/// Step n makes version n + 1 out of version n. A released step is never edited.
pub(super) const STEPS: &[&str] = &["
-- domain: lower-case A-labels.
CREATE TABLE domains (domain TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;

-- (domain, local): lower case, unquoted; a catch-all has no local, a regex no domain and its source
-- as local. address: as written. destinations: one a line. position: order of the regexes.
CREATE TABLE aliases (
    domain       TEXT NOT NULL,
    local        TEXT NOT NULL,
    address      TEXT NOT NULL,
    action       TEXT NOT NULL,
    destinations TEXT NOT NULL,
    text         TEXT NOT NULL,
    enabled      INTEGER NOT NULL,
    position     INTEGER NOT NULL,
    PRIMARY KEY (domain, local)
) STRICT, WITHOUT ROWID;

-- Counts the changes of domains and aliases; other writes leave it alone.
CREATE TABLE directory (version INTEGER NOT NULL) STRICT;
INSERT INTO directory VALUES (0);

-- expires: Unix time, in all tables below.
CREATE TABLE srs_addresses (
    token   TEXT PRIMARY KEY,
    address TEXT NOT NULL,
    expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX srs_addresses_by_expiry ON srs_addresses (expires);

CREATE TABLE delivered (fingerprint BLOB PRIMARY KEY, expires INTEGER NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE refused (
    fingerprint BLOB PRIMARY KEY,
    code        INTEGER NOT NULL,
    status      TEXT NOT NULL,
    text        TEXT NOT NULL,
    expires     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
", "
-- Messages that Onward answers for. Times in milliseconds. sender: empty for the null reverse-path.
-- notify: a DSN may be sent. has_delivered, has_failed: recipients that are not listed here have it
-- already, or will never have it. message comes last: whoever reads the rest does not read through it.
CREATE TABLE spool (
    seq           INTEGER PRIMARY KEY AUTOINCREMENT,
    id            TEXT NOT NULL UNIQUE,
    arrived       INTEGER NOT NULL,
    client        TEXT,
    helo          TEXT NOT NULL,
    sender        TEXT NOT NULL,
    notify        INTEGER NOT NULL,
    eight_bit     INTEGER NOT NULL,
    smtputf8      INTEGER NOT NULL,
    has_delivered INTEGER NOT NULL,
    has_failed    INTEGER NOT NULL,
    size          INTEGER NOT NULL,
    prefix        BLOB NOT NULL,
    message       BLOB NOT NULL
) STRICT;

-- One destination mailbox of one recipient. state: queued, sending, uncertain, delivered, failed,
-- dropped. under_way: an attempt is, whatever the state. code, status, text: the last reply, as a
-- client may see it.
CREATE TABLE spool_legs (
    message      INTEGER NOT NULL,
    leg          INTEGER NOT NULL,
    recipient    TEXT NOT NULL,
    mailbox      TEXT NOT NULL,
    reverse_path TEXT NOT NULL,
    state        TEXT NOT NULL,
    under_way    INTEGER NOT NULL DEFAULT 0,
    attempts     INTEGER NOT NULL,
    next_attempt INTEGER NOT NULL,
    code         INTEGER NOT NULL,
    status       TEXT NOT NULL,
    text         TEXT NOT NULL,
    PRIMARY KEY (message, leg)
) STRICT, WITHOUT ROWID;

-- One row, kept by the triggers; changes counts what the command line did.
CREATE TABLE spool_totals (
    messages INTEGER NOT NULL,
    octets   INTEGER NOT NULL,
    changes  INTEGER NOT NULL
) STRICT;
INSERT INTO spool_totals VALUES (0, 0, 0);
CREATE TRIGGER spool_in AFTER INSERT ON spool BEGIN
    UPDATE spool_totals SET messages = messages + 1, octets = octets + new.size;
END;
CREATE TRIGGER spool_out AFTER DELETE ON spool BEGIN
    UPDATE spool_totals SET messages = messages - 1, octets = octets - old.size;
    DELETE FROM spool_legs WHERE message = old.seq;
END;
", "
-- was_uncertain: an attempt before the last one may have delivered it.
ALTER TABLE spool_legs ADD COLUMN was_uncertain INTEGER NOT NULL DEFAULT 0;
", "
-- MTA-STS policies of destinations, as they were fetched.
CREATE TABLE sts_policies (
    domain  TEXT PRIMARY KEY,
    id      TEXT NOT NULL,
    policy  TEXT NOT NULL,
    fetched INTEGER NOT NULL,
    expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Sessions with mail servers of others by what came of TLS (RFC 8460). day: days since 1970. host,
-- result: empty for success.
CREATE TABLE tls_results (
    day    INTEGER NOT NULL,
    domain TEXT NOT NULL,
    policy TEXT NOT NULL,
    host   TEXT NOT NULL,
    result TEXT NOT NULL,
    count  INTEGER NOT NULL,
    PRIMARY KEY (day, domain, policy, host, result)
) STRICT, WITHOUT ROWID;

-- Days about which the owners of the domains were told.
CREATE TABLE tls_reported (day INTEGER PRIMARY KEY) STRICT;
", "
-- Of what senders were told in DSNs.
CREATE TABLE told (fingerprint BLOB PRIMARY KEY, expires INTEGER NOT NULL) STRICT, WITHOUT ROWID;

-- print: names the message as it came. notify: of no use any more, as every sender is told.
ALTER TABLE spool ADD COLUMN print BLOB;
", "
-- keep_tag: whether mailboxes see the tag of a recipient; null as the configuration says.
ALTER TABLE aliases ADD COLUMN keep_tag INTEGER;
", "
-- spam: mark or refuse; null as the configuration says. allow: sender patterns, one a line.
ALTER TABLE aliases ADD COLUMN spam TEXT;
ALTER TABLE aliases ADD COLUMN allow TEXT NOT NULL DEFAULT '';
", "
-- client: the octets of the block of addresses that brings the mail; empty for nobody.
ALTER TABLE srs_addresses ADD COLUMN client BLOB NOT NULL DEFAULT x'';
CREATE INDEX srs_addresses_by_client ON srs_addresses (client, expires);

-- Counts of srs_addresses, kept by the triggers.
CREATE TABLE srs_shares (client BLOB PRIMARY KEY, entries INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO srs_shares SELECT client, count(*) FROM srs_addresses GROUP BY client;
CREATE TABLE srs_total (entries INTEGER NOT NULL) STRICT;
INSERT INTO srs_total SELECT count(*) FROM srs_addresses;
CREATE TRIGGER srs_in AFTER INSERT ON srs_addresses BEGIN
    UPDATE srs_total SET entries = entries + 1;
    INSERT INTO srs_shares VALUES (new.client, 1)
        ON CONFLICT (client) DO UPDATE SET entries = entries + 1;
END;
CREATE TRIGGER srs_out AFTER DELETE ON srs_addresses BEGIN
    UPDATE srs_total SET entries = entries - 1;
    UPDATE srs_shares SET entries = entries - 1 WHERE client = old.client;
    DELETE FROM srs_shares WHERE client = old.client AND entries = 0;
END;
CREATE TRIGGER srs_of_another AFTER UPDATE OF client ON srs_addresses
WHEN new.client IS NOT old.client BEGIN
    UPDATE srs_shares SET entries = entries - 1 WHERE client = old.client;
    DELETE FROM srs_shares WHERE client = old.client AND entries = 0;
    INSERT INTO srs_shares VALUES (new.client, 1)
        ON CONFLICT (client) DO UPDATE SET entries = entries + 1;
END;
", "
-- caused_by: who caused a message that we wrote.
ALTER TABLE spool ADD COLUMN caused_by TEXT;
", "
-- The octets of messages as they came, in pieces of some size, each `at` its place. text: see spool.text.
CREATE TABLE spool_texts (
    text   INTEGER NOT NULL,
    at     INTEGER NOT NULL,
    octets BLOB NOT NULL,
    PRIMARY KEY (text, at)
) STRICT;

-- text: which octets leave behind prefix; the forms of a message share them. message: what stands in them in the place of
-- those from changed_from to changed_to. Without a text message is all that leaves there: of one form that is small, or
-- as older versions kept it.
ALTER TABLE spool ADD COLUMN text INTEGER;
ALTER TABLE spool ADD COLUMN changed_from INTEGER;
ALTER TABLE spool ADD COLUMN changed_to INTEGER;
CREATE INDEX spool_by_text ON spool (text) WHERE text IS NOT NULL;

-- As before, with the octets that are shared counted once, and then what each form adds.
DROP TRIGGER spool_in;
DROP TRIGGER spool_out;
CREATE TRIGGER spool_in AFTER INSERT ON spool BEGIN
    UPDATE spool_totals SET messages = messages + 1, octets = octets
        + iif(new.text IS NULL, new.size, length(new.prefix) + length(new.message));
END;
CREATE TRIGGER spool_out AFTER DELETE ON spool BEGIN
    UPDATE spool_totals SET messages = messages - 1, octets = octets
        - iif(old.text IS NULL, old.size, length(old.prefix) + length(old.message));
    DELETE FROM spool_legs WHERE message = old.seq;
    DELETE FROM spool_texts WHERE text = old.text
        AND NOT EXISTS (SELECT 1 FROM spool WHERE text = old.text);
END;
CREATE TRIGGER spool_text_in AFTER INSERT ON spool_texts BEGIN
    UPDATE spool_totals SET octets = octets + length(new.octets);
END;
CREATE TRIGGER spool_text_out AFTER DELETE ON spool_texts BEGIN
    UPDATE spool_totals SET octets = octets - length(old.octets);
END;
", "
-- The oldest of those that a client has, and of those that none has, are found without passing by the others.
DROP INDEX srs_addresses_by_expiry;
CREATE INDEX srs_addresses_by_group ON srs_addresses ((client = x''), expires);
", "
-- name: lower case, unquoted; address: as written. state: enabled, disabled or frozen, of which reason and since tell.
CREATE TABLE accounts (
    id      TEXT PRIMARY KEY,
    name    TEXT NOT NULL UNIQUE,
    address TEXT NOT NULL,
    state   TEXT NOT NULL,
    reason  TEXT NOT NULL,
    since   INTEGER NOT NULL,
    added   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- As whom an account sends. (domain, local): lower case, unquoted; all of a domain has no local. address: as written.
CREATE TABLE account_send_as (
    account  TEXT NOT NULL,
    domain   TEXT NOT NULL,
    local    TEXT NOT NULL,
    address  TEXT NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (account, domain, local)
) STRICT, WITHOUT ROWID;
CREATE INDEX account_send_as_by_domain ON account_send_as (domain, local);

-- hash: SHA-256 of 128 bits that were drawn by chance. used, client: of the last login; null before the first.
CREATE TABLE account_passwords (
    account TEXT NOT NULL,
    label   TEXT NOT NULL,
    hash    BLOB NOT NULL,
    added   INTEGER NOT NULL,
    used    INTEGER,
    client  TEXT,
    PRIMARY KEY (account, label)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER account_out AFTER DELETE ON accounts BEGIN
    DELETE FROM account_send_as WHERE account = old.id;
    DELETE FROM account_passwords WHERE account = old.id;
END;
", "
-- What an account has used of its limits at a time in milliseconds, in thousandths of a message or recipient. heard: of
-- recipients lately, as JSON.
CREATE TABLE account_usage (
    account        TEXT PRIMARY KEY,
    at             INTEGER NOT NULL,
    messages       INTEGER NOT NULL,
    recipients     INTEGER NOT NULL,
    new_recipients INTEGER NOT NULL,
    heard          TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- To whom an account has written: a part of a hash, and the last day since 1970.
CREATE TABLE account_recipients (
    account TEXT NOT NULL,
    print   INTEGER NOT NULL,
    day     INTEGER NOT NULL,
    PRIMARY KEY (account, print)
) STRICT, WITHOUT ROWID;

DROP TRIGGER account_out;
CREATE TRIGGER account_out AFTER DELETE ON accounts BEGIN
    DELETE FROM account_send_as WHERE account = old.id;
    DELETE FROM account_passwords WHERE account = old.id;
    DELETE FROM account_usage WHERE account = old.id;
    DELETE FROM account_recipients WHERE account = old.id;
END;
", "
-- What was asked of DSNs, as it is written in SMTP (RFC 3461); null: nothing. delay_due: when the sender is to be told that
-- a leg still waits; null where that is not to be told, or was.
ALTER TABLE spool ADD COLUMN ret TEXT;
ALTER TABLE spool ADD COLUMN envid TEXT;
ALTER TABLE spool_legs ADD COLUMN notify TEXT;
ALTER TABLE spool_legs ADD COLUMN orcpt TEXT;
ALTER TABLE spool_legs ADD COLUMN delay_due INTEGER;
CREATE INDEX spool_legs_by_delay ON spool_legs (delay_due) WHERE delay_due IS NOT NULL;
", "
-- reply_by_address: whether its mailboxes answer as the alias by writing to an address that names the other.
ALTER TABLE aliases ADD COLUMN reply_by_address INTEGER NOT NULL DEFAULT 0;
"];

/// Refuses a file that is no database, or not ours.
pub(super) fn check(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let ask = |sql: &str| -> Result<i64, StoreError> {
        connection
            .query_row(sql, (), |row| row.get(0))
            .map_err(|error| StoreError::sqlite(path, &error))
    };
    let is_empty = ask("SELECT count(*) FROM sqlite_schema")? == 0;
    if is_empty || ask("PRAGMA application_id")? == APPLICATION_ID {
        Ok(())
    } else {
        Err(StoreError::Foreign { path: path.to_owned() })
    }
}

/// Refuses a database that [`migrate`] would change; an empty one is none.
pub(super) fn refuse_older(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let known = column(STEPS.len() as u64);
    let found = connection
        .query_row("PRAGMA user_version", (), |row| row.get(0))
        .map_err(|error| StoreError::sqlite(path, &error))?;
    match found {
        0 => Ok(()),
        _ if found < known => Err(StoreError::Older { path: path.to_owned(), found, known }),
        _ => Ok(()),
    }
}

/// Runs the steps the database has not seen, all or none.
pub(super) fn migrate(
    connection: &mut Connection,
    path: &Path,
    steps: &[&str],
) -> Result<(), StoreError> {
    let failed = |error| StoreError::sqlite(path, &error);
    let known = column(steps.len() as u64);
    let version = |connection: &Connection| -> Result<i64, StoreError> {
        let found =
            connection.query_row("PRAGMA user_version", (), |row| row.get(0)).map_err(failed)?;
        if found > known {
            return Err(StoreError::Newer { path: path.to_owned(), found, known });
        }
        Ok(found)
    };
    // The usual start takes no lock.
    if version(connection)? == known {
        return Ok(());
    }
    let transaction =
        connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
    // Another process may have been faster.
    let done = number(version(&transaction)?);
    for (_, step) in (0..).zip(steps).filter(|(at, _)| *at >= done) {
        transaction.execute_batch(step).map_err(failed)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID).map_err(failed)?;
    transaction.pragma_update(None, "user_version", known).map_err(failed)?;
    transaction.commit().map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(connection: &Connection) -> i64 {
        connection.query_row("PRAGMA user_version", (), |row| row.get(0)).unwrap()
    }

    #[test]
    fn from_nothing_and_from_each_version() {
        let path = Path::new("test");
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, path, STEPS).unwrap();
        assert_eq!(version(&connection), STEPS.len() as i64);
        check(&connection, path).unwrap();
        connection.execute("INSERT INTO domains VALUES ('x.test')", ()).unwrap();

        let longer = [STEPS, &["ALTER TABLE domains ADD COLUMN note TEXT"]].concat();
        migrate(&mut connection, path, &longer).unwrap();
        assert_eq!(version(&connection), longer.len() as i64);
        let note: Option<String> =
            connection.query_row("SELECT note FROM domains", (), |row| row.get(0)).unwrap();
        assert_eq!(note, None);

        let newer = migrate(&mut connection, path, STEPS).unwrap_err();
        assert!(newer.to_string().contains("newer Onward"), "{newer}");
    }

    #[test]
    fn a_failing_step_leaves_the_old_version() {
        let path = Path::new("test");
        let mut connection = Connection::open_in_memory().unwrap();
        let broken =
            [STEPS, &["CREATE TABLE half (a TEXT); CREATE TABLE domains (a TEXT)"]].concat();
        migrate(&mut connection, path, &broken).unwrap_err();
        assert_eq!(version(&connection), 0);
        migrate(&mut connection, path, STEPS).unwrap();
    }
}
