-- Senders that are refused. domain: for whose aliases; empty for all. key: the same for all patterns that mean the same.
CREATE TABLE blocks (
    domain  TEXT NOT NULL,
    key     TEXT NOT NULL,
    pattern TEXT NOT NULL,
    note    TEXT,
    added   INTEGER NOT NULL,
    PRIMARY KEY (domain, key)
) STRICT, WITHOUT ROWID;

-- What holds for all of a domain. auto_create: a regex, and destinations one a line.
CREATE TABLE domain_settings (
    domain      TEXT PRIMARY KEY,
    auto_create TEXT,
    destinations TEXT NOT NULL,
    digest      TEXT
) STRICT, WITHOUT ROWID;

CREATE TRIGGER domain_out AFTER DELETE ON domains BEGIN
    DELETE FROM blocks WHERE domain = old.domain;
    DELETE FROM domain_settings WHERE domain = old.domain;
END;

-- standing: counts the changes of these two.
ALTER TABLE directory ADD COLUMN standing INTEGER NOT NULL DEFAULT 0;
CREATE TRIGGER block_in AFTER INSERT ON blocks BEGIN UPDATE directory SET standing = standing + 1; END;
CREATE TRIGGER block_other AFTER UPDATE ON blocks BEGIN UPDATE directory SET standing = standing + 1; END;
CREATE TRIGGER block_out AFTER DELETE ON blocks BEGIN UPDATE directory SET standing = standing + 1; END;
CREATE TRIGGER setting_in AFTER INSERT ON domain_settings BEGIN UPDATE directory SET standing = standing + 1; END;
CREATE TRIGGER setting_other AFTER UPDATE ON domain_settings BEGIN UPDATE directory SET standing = standing + 1; END;
CREATE TRIGGER setting_out AFTER DELETE ON domain_settings BEGIN UPDATE directory SET standing = standing + 1; END;
