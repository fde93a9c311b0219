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
