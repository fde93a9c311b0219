-- Messages that Onward answers for. Times in milliseconds. sender: empty for the null reverse-path. has_delivered,
-- has_failed: recipients that are not listed here have it already, or will never have it. print: names the message as it
-- came. caused_by: who caused a message that we wrote. ret, envid: what was asked of DSNs (RFC 3461); null: nothing.
-- text: which octets of spool_texts leave behind prefix; the forms of a message share them. message: what stands in them in
-- the place of those from changed_from to changed_to. Without a text message is all that leaves there.
-- owner: the node that answers for the message; null: none yet, or it was left. epoch: counts its owners. due: of one without
-- an owner, when somebody is to take it, in milliseconds; line: what it was left with, as there was more of that than a node
-- may hold, so that it does not stand before others; null: nothing.
CREATE TABLE spool (
    seq           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id            text COLLATE "C" NOT NULL UNIQUE,
    arrived       bigint NOT NULL,
    client        text,
    helo          text NOT NULL,
    sender        text NOT NULL,
    eight_bit     boolean NOT NULL,
    smtputf8      boolean NOT NULL,
    has_delivered boolean NOT NULL,
    has_failed    boolean NOT NULL,
    print         bytea,
    caused_by     text,
    size          bigint NOT NULL,
    prefix        bytea NOT NULL,
    message       bytea NOT NULL,
    text          bigint,
    changed_from  bigint,
    changed_to    bigint,
    ret           text,
    envid         text,
    owner         bigint,
    epoch         bigint NOT NULL DEFAULT 0,
    due           bigint NOT NULL DEFAULT 0,
    line          text COLLATE "C"
);
CREATE INDEX spool_by_text ON spool (text) WHERE text IS NOT NULL;
CREATE INDEX spool_by_owner ON spool (owner, seq);
CREATE INDEX spool_left ON spool (due, seq) WHERE owner IS NULL AND line IS NULL;
CREATE INDEX spool_lines ON spool (line, due, seq) WHERE owner IS NULL AND line IS NOT NULL;
CREATE INDEX spool_left_by_account ON spool (caused_by) WHERE owner IS NULL AND caused_by LIKE 'account %';
ALTER TABLE spool ALTER message SET STORAGE EXTERNAL;

-- The octets of messages as they came, in pieces of some size, each `at` its place. text: see spool.text.
CREATE TABLE spool_texts (
    text   bigint NOT NULL,
    at     bigint NOT NULL,
    octets bytea NOT NULL,
    PRIMARY KEY (text, at)
);
ALTER TABLE spool_texts ALTER octets SET STORAGE EXTERNAL;

-- One destination mailbox of one recipient. state: queued, sending, uncertain, delivered, failed, dropped. under_way: an
-- attempt is, whatever the state. was_uncertain: an attempt before the last one may have delivered it. code, status, text:
-- the last reply, as a client may see it. notify, orcpt: what was asked of DSNs. delay_due: when the sender is to be told
-- that a leg still waits; null where that is not to be told, or was. ways: how it got to the mailbox, where aliases of other
-- domains are on the way: a JSON object, empty where none are; null: nobody noted it.
CREATE TABLE spool_legs (
    message       bigint NOT NULL,
    leg           bigint NOT NULL,
    recipient     text NOT NULL,
    mailbox       text NOT NULL,
    reverse_path  text NOT NULL,
    state         text NOT NULL,
    under_way     boolean NOT NULL DEFAULT false,
    was_uncertain boolean NOT NULL,
    attempts      bigint NOT NULL,
    next_attempt  bigint NOT NULL,
    code          integer NOT NULL,
    status        text NOT NULL,
    text          text NOT NULL,
    notify        text,
    orcpt         text,
    delay_due     bigint,
    ways          text,
    PRIMARY KEY (message, leg)
);
CREATE INDEX spool_legs_by_delay ON spool_legs (delay_due, message) WHERE delay_due IS NOT NULL;

-- What the spool holds, kept by the triggers: the sum of the rows. Many, so that nobody waits for another's commit.
CREATE TABLE spool_counts (slot integer PRIMARY KEY, messages bigint NOT NULL, octets bigint NOT NULL);
INSERT INTO spool_counts SELECT slot, 0, 0 FROM generate_series(0, 31) slot;

-- changes: counts what administrators did.
CREATE TABLE spool_state (one boolean PRIMARY KEY DEFAULT true CHECK (one), changes bigint NOT NULL);
INSERT INTO spool_state VALUES (true, 0);

CREATE FUNCTION spool_in() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE spool_counts c SET messages = c.messages + n.messages, octets = c.octets + n.octets
    FROM (SELECT count(*) AS messages,
              coalesce(sum(CASE WHEN text IS NULL THEN size ELSE length(prefix) + length(message) END), 0) AS octets
          FROM changed) n
    WHERE c.slot = pg_backend_pid() % 32;
    RETURN NULL;
END $$;
CREATE TRIGGER spool_in AFTER INSERT ON spool REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION spool_in();

CREATE FUNCTION spool_out() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE spool_counts c SET messages = c.messages - n.messages, octets = c.octets - n.octets
    FROM (SELECT count(*) AS messages,
              coalesce(sum(CASE WHEN text IS NULL THEN size ELSE length(prefix) + length(message) END), 0) AS octets
          FROM changed) n
    WHERE c.slot = pg_backend_pid() % 32;
    DELETE FROM spool_legs l USING changed c WHERE l.message = c.seq;
    -- Of two that delete the last two forms of a text at once, the second sees what the first did.
    PERFORM 1 FROM spool_texts t WHERE t.at = 0 AND t.text IN (SELECT c.text FROM changed c) ORDER BY t.text FOR UPDATE;
    DELETE FROM spool_texts t WHERE t.text IN (SELECT c.text FROM changed c)
        AND NOT EXISTS (SELECT 1 FROM spool s WHERE s.text = t.text);
    RETURN NULL;
END $$;
CREATE TRIGGER spool_out AFTER DELETE ON spool REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION spool_out();

CREATE FUNCTION spool_text_in() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE spool_counts SET octets = octets + (SELECT coalesce(sum(length(c.octets)), 0) FROM changed c)
    WHERE slot = pg_backend_pid() % 32;
    RETURN NULL;
END $$;
CREATE FUNCTION spool_text_out() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE spool_counts SET octets = octets - (SELECT coalesce(sum(length(c.octets)), 0) FROM changed c)
    WHERE slot = pg_backend_pid() % 32;
    RETURN NULL;
END $$;
CREATE TRIGGER spool_text_in AFTER INSERT ON spool_texts REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION spool_text_in();
CREATE TRIGGER spool_text_out AFTER DELETE ON spool_texts REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION spool_text_out();

-- Of a store that was moved away, in the way of a node that was silent for long and goes on.
CREATE FUNCTION refuse_left() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'this store was moved away';
END $$;
