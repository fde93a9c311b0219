-- What came of the mail to each alias by day: day counts from 1970, in UTC. Old days are deleted.
CREATE TABLE alias_days (
    number    INTEGER NOT NULL,
    day       INTEGER NOT NULL,
    forwarded INTEGER NOT NULL,
    refused   INTEGER NOT NULL,
    PRIMARY KEY (number, day)
) STRICT, WITHOUT ROWID;
CREATE INDEX alias_days_by_day ON alias_days (day);
CREATE TRIGGER alias_use_out AFTER DELETE ON alias_use BEGIN
    DELETE FROM alias_days WHERE number = old.number;
END;
