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
