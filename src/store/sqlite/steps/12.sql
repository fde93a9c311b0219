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
