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
