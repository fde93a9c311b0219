-- Which blocks and settings changed last, so that whoever knows the others reads these alone. version: what
-- directory.standing became by it. sender: the key of a block; NULL: what is set for the domain.
CREATE TABLE standing_changes (
    version INTEGER PRIMARY KEY,
    domain  TEXT NOT NULL,
    sender  TEXT
) STRICT;
CREATE TRIGGER standing_change_old AFTER INSERT ON standing_changes BEGIN
    DELETE FROM standing_changes WHERE version <= new.version - 2000;
END;

DROP TRIGGER block_in;
DROP TRIGGER block_other;
DROP TRIGGER block_out;
DROP TRIGGER setting_in;
DROP TRIGGER setting_other;
DROP TRIGGER setting_out;
CREATE TRIGGER block_in AFTER INSERT ON blocks BEGIN
    UPDATE directory SET standing = standing + 1;
    INSERT INTO standing_changes SELECT standing, new.domain, new.key FROM directory;
END;
CREATE TRIGGER block_other AFTER UPDATE ON blocks BEGIN
    UPDATE directory SET standing = standing + 1;
    INSERT INTO standing_changes SELECT standing, new.domain, new.key FROM directory;
END;
CREATE TRIGGER block_out AFTER DELETE ON blocks BEGIN
    UPDATE directory SET standing = standing + 1;
    INSERT INTO standing_changes SELECT standing, old.domain, old.key FROM directory;
END;
CREATE TRIGGER setting_in AFTER INSERT ON domain_settings BEGIN
    UPDATE directory SET standing = standing + 1;
    INSERT INTO standing_changes SELECT standing, new.domain, NULL FROM directory;
END;
CREATE TRIGGER setting_other AFTER UPDATE ON domain_settings BEGIN
    UPDATE directory SET standing = standing + 1;
    INSERT INTO standing_changes SELECT standing, new.domain, NULL FROM directory;
END;
CREATE TRIGGER setting_out AFTER DELETE ON domain_settings BEGIN
    UPDATE directory SET standing = standing + 1;
    INSERT INTO standing_changes SELECT standing, old.domain, NULL FROM directory;
END;

-- Aliases of alias_use whose text is to be written down anew in alias_text: those of a change of many.
CREATE TABLE alias_text_due (number INTEGER PRIMARY KEY) STRICT;
