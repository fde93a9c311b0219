-- What came of the mail to each alias, and the number under which its text is found. made: since when is counted. refused:
-- how many by why, as JSON.
CREATE TABLE alias_use (
    number    INTEGER PRIMARY KEY,
    domain    TEXT NOT NULL,
    local     TEXT NOT NULL,
    made      INTEGER NOT NULL,
    forwarded INTEGER NOT NULL DEFAULT 0,
    refused   TEXT NOT NULL DEFAULT '{}',
    last_use  INTEGER,
    UNIQUE (domain, local)
) STRICT;
CREATE INDEX alias_use_by_idleness ON alias_use (coalesce(last_use, made), number);

-- The pieces of one to three characters of each alias's address, destinations and note: no text itself.
CREATE VIRTUAL TABLE alias_text USING fts5 (
    pieces, content = '', contentless_delete = 1, detail = none, tokenize = 'ascii'
);

-- Aliases that changed since the two were brought in line, which is before each commit.
CREATE TABLE alias_changes (domain TEXT, local TEXT, PRIMARY KEY (domain, local)) STRICT, WITHOUT ROWID;
INSERT INTO alias_changes SELECT domain, local FROM aliases;
CREATE TRIGGER alias_in AFTER INSERT ON aliases BEGIN
    INSERT OR IGNORE INTO alias_changes VALUES (new.domain, new.local);
END;
CREATE TRIGGER alias_other AFTER UPDATE ON aliases BEGIN
    INSERT OR IGNORE INTO alias_changes VALUES (new.domain, new.local);
END;
CREATE TRIGGER alias_out AFTER DELETE ON aliases BEGIN
    INSERT OR IGNORE INTO alias_changes VALUES (old.domain, old.local);
END;
