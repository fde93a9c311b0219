-- Tokens of programs that ask the API. hash: SHA-256 of 160 bits that were drawn by chance. domain: lower case; null for
-- all. used, client: of the last use; null before the first. changes: how many it made on that day.
CREATE TABLE tokens (
    id          TEXT PRIMARY KEY,
    hash        BLOB NOT NULL UNIQUE,
    label       TEXT NOT NULL,
    scope       TEXT NOT NULL,
    domain      TEXT,
    format      TEXT NOT NULL,
    daily_limit INTEGER,
    added       INTEGER NOT NULL,
    expires     INTEGER,
    used        INTEGER,
    client      TEXT,
    day         INTEGER NOT NULL DEFAULT 0,
    changes     INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX tokens_by_domain ON tokens (domain);

-- Where the aliases lead that a token makes. (domain, local): lower case, unquoted. address: as written.
CREATE TABLE token_destinations (
    token    TEXT NOT NULL,
    domain   TEXT NOT NULL,
    local    TEXT NOT NULL,
    address  TEXT NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (token, domain, local)
) STRICT, WITHOUT ROWID;
CREATE INDEX token_destinations_by_address ON token_destinations (domain, local);

CREATE TRIGGER token_out AFTER DELETE ON tokens BEGIN
    DELETE FROM token_destinations WHERE token = old.id;
END;

-- Somebody else may host the domain later.
CREATE TRIGGER domain_out_of_tokens AFTER DELETE ON domains BEGIN
    DELETE FROM tokens WHERE domain = old.domain;
END;
