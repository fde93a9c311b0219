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
