-- Sessions of people at the page. link: SHA-256 of what a link holds, until it is followed; hash: of what the browser
-- shows since then. Both are of 160 bits that were drawn by chance. ends: of the link, then of the session.
CREATE TABLE sessions (
    id     TEXT PRIMARY KEY,
    link   BLOB UNIQUE,
    hash   BLOB UNIQUE,
    role   TEXT NOT NULL,
    label  TEXT,
    made   INTEGER NOT NULL,
    began  INTEGER,
    ends   INTEGER NOT NULL,
    used   INTEGER,
    client TEXT
) STRICT;

-- The domains of an owner, in lower case.
CREATE TABLE session_domains (
    session TEXT NOT NULL,
    domain  TEXT NOT NULL,
    PRIMARY KEY (session, domain)
) STRICT, WITHOUT ROWID;
CREATE INDEX session_domains_by_domain ON session_domains (domain);

CREATE TRIGGER session_out AFTER DELETE ON sessions BEGIN
    DELETE FROM session_domains WHERE session = old.id;
END;

-- Somebody else may host the domain later. Who owned nothing else has no session any more.
CREATE TRIGGER domain_out_of_sessions AFTER DELETE ON domains BEGIN
    DELETE FROM session_domains WHERE domain = old.domain;
    DELETE FROM sessions WHERE role = 'owner'
        AND NOT EXISTS (SELECT 1 FROM session_domains WHERE session = sessions.id);
END;
