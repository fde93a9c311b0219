-- Events that wait for the program that is told of aliases; body is what is sent.
CREATE TABLE events (
    seq  INTEGER PRIMARY KEY AUTOINCREMENT,
    time INTEGER NOT NULL,
    body TEXT NOT NULL
);
-- room: how many may wait; 0: nobody is told. lost: those for which there was none. expired: up to when the aliases were
-- looked for whose time has come.
CREATE TABLE event_state (room INTEGER NOT NULL, lost INTEGER NOT NULL, expired INTEGER NOT NULL);
INSERT INTO event_state VALUES (0, 0, 0);
-- How far owners are told of the aliases of a domain: until; of what came before under_way, those up to up_to.
CREATE TABLE digests (
    domain    TEXT NOT NULL,
    every     TEXT NOT NULL,
    until     INTEGER NOT NULL,
    under_way INTEGER,
    up_to     TEXT,
    PRIMARY KEY (domain, every)
) WITHOUT ROWID;
CREATE INDEX aliases_expires ON aliases (expires) WHERE expires IS NOT NULL;
CREATE INDEX aliases_digest ON aliases (digest, domain) WHERE digest IS NOT NULL;
