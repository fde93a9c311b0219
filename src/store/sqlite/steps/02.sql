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
