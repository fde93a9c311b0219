-- What became of each message, of all nodes: a partition for each day in which messages came, made by who writes the first of
-- it. time, came: when the message came, in milliseconds since 1970. node: who wrote the record. Lists are JSON arrays. class:
-- as what it is counted in journal_traffic. octets: what it takes, with its attempts, as far as that is known.
CREATE SEQUENCE journal_seq;
CREATE TABLE journal (
    seq      bigint NOT NULL,
    time     bigint NOT NULL,
    id       text COLLATE "C" NOT NULL,
    node     text NOT NULL,
    client   text,
    helo     text NOT NULL,
    sender   text COLLATE "C" NOT NULL,
    srs_from text COLLATE "C",
    rcpt     text COLLATE "C" NOT NULL,
    outcome  text COLLATE "C" NOT NULL,
    reply    text NOT NULL,
    size     bigint NOT NULL,
    ms       bigint NOT NULL,
    detail   text COLLATE "C" NOT NULL,
    auth     text COLLATE "C" NOT NULL,
    tls      text NOT NULL,
    filter   text NOT NULL,
    ways     text,
    class    text COLLATE "C" NOT NULL,
    octets   bigint NOT NULL,
    PRIMARY KEY (time, seq)
) PARTITION BY RANGE (time);
CREATE INDEX journal_id ON journal (id);
CREATE INDEX journal_failed ON journal (time) WHERE outcome = 'failed';
CREATE INDEX journal_refused ON journal (time, seq) WHERE outcome IN ('refused', 'deferred', 'aborted');
CREATE INDEX journal_rare ON journal (time, seq)
    WHERE outcome IN ('partial', 'spooled', 'bounced', 'failed', 'dropped', 'discarded');

-- Attempts to deliver them. message: its number.
CREATE SEQUENCE journal_attempt_seq;
CREATE TABLE journal_attempts (
    seq     bigint NOT NULL DEFAULT nextval('journal_attempt_seq'),
    came    bigint NOT NULL,
    message bigint NOT NULL,
    time    bigint NOT NULL,
    rcpt    text COLLATE "C" NOT NULL,
    host    text COLLATE "C" NOT NULL,
    reply   text NOT NULL,
    ms      bigint NOT NULL,
    verdict text NOT NULL,
    tls     text NOT NULL,
    PRIMARY KEY (came, message, seq)
) PARTITION BY RANGE (came);

-- Which batch each writer wrote last, so that one who lost the connection at a commit knows whether that was done.
CREATE TABLE journal_writers (writer text PRIMARY KEY, batch bigint NOT NULL, at timestamptz NOT NULL DEFAULT now());

-- What each day holds: records, those of them that are refusals, and octets.
CREATE TABLE journal_days (day bigint PRIMARY KEY, records bigint NOT NULL, refused bigint NOT NULL, octets bigint NOT NULL);

-- The counts: of all messages where `domain` is empty, else of those that count for it. Spans and their starts are in seconds.
CREATE TABLE journal_traffic (
    domain   text COLLATE "C" NOT NULL,
    span     bigint NOT NULL,
    start    bigint NOT NULL,
    class    text COLLATE "C" NOT NULL,
    messages bigint NOT NULL,
    PRIMARY KEY (domain, span, start, class)
);
CREATE INDEX journal_traffic_by_start ON journal_traffic (span, start);
