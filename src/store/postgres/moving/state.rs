//! Whether the database is in use, and what is done to the whole of it.

use super::journal;
use crate::store::{
    moving::{Counters, State, TABLES},
    postgres::{
        ask::{Result, get},
        error::unreadable,
    },
};
use tokio_postgres::Client;

fn text(state: State) -> &'static str {
    match state {
        State::InUse => "in use",
        State::Filling => "filling",
        State::Full => "full",
        State::Left => "left",
    }
}

pub(in crate::store::postgres) async fn read(client: &Client) -> Result<State> {
    let row = client.query_one("SELECT state FROM use_state", &[]).await?;
    let found: String = get(&row, 0)?;
    let all = [State::InUse, State::Filling, State::Full, State::Left];
    let state = all.into_iter().find(|state| text(*state) == found);
    state.ok_or_else(|| unreadable(format!("state {found:?}")))
}

/// In one transaction with what comes before it, if there is one.
pub(super) fn become_one(state: State) -> String {
    format!("UPDATE use_state SET state = '{}'", text(state))
}

/// Has nobody else write, until the end of the transaction.
pub(super) fn lock_all() -> String {
    let tables: Vec<&str> = TABLES.iter().map(|table| table.name).collect();
    format!("LOCK TABLE use_state, nodes, {} IN SHARE MODE", tables.join(", "))
}

/// Aliases come with what is kept beside them, which their triggers would make anew.
pub(super) fn begin() -> String {
    format!(
        "BEGIN; {}; DROP TRIGGER IF EXISTS spool_left ON spool; ALTER TABLE aliases DISABLE TRIGGER USER; COMMIT",
        become_one(State::Filling)
    )
}

/// The directory gets another name, so that no node takes its copy of what was here before for one of it.
pub(super) fn complete(counters: Counters) -> String {
    let Counters { alias_use, spool, events, sessions, journal: records, journal_attempts } =
        counters;
    let of_column = [
        ("alias_use", "number", alias_use),
        ("spool", "seq", spool),
        ("events", "seq", events),
        ("sessions", "seq", sessions),
    ];
    let of_column = of_column.map(|(table, column, last)| {
        (format!("pg_get_serial_sequence('{table}', '{column}')"), last)
    });
    let own = [("journal_seq", records), ("journal_attempt_seq", journal_attempts)];
    let own = own.map(|(sequence, last)| (format!("'{sequence}'"), last));
    let set: Vec<String> = of_column
        .into_iter()
        .chain(own)
        .map(|(sequence, last)| format!("SELECT setval({sequence}, {}, {})", last.max(1), last > 0))
        .collect();
    format!(
        "BEGIN; {}; ALTER TABLE aliases ENABLE TRIGGER USER; TRUNCATE alias_text, alias_text_due;
         INSERT INTO alias_text_due SELECT number, pg_current_xact_id() FROM alias_use;
         TRUNCATE alias_changes;
         UPDATE directory SET version = version + 1, changes_from = version + 1, name = gen_random_uuid()::text; {}; COMMIT; ANALYZE",
        set.join("; "),
        journal::COUNT
    )
}

/// A node that was silent and goes on finds that it is forgotten, and that nothing is spooled here any more.
pub(super) fn leave() -> String {
    format!(
        "{}; DELETE FROM nodes;
         CREATE TRIGGER spool_left BEFORE INSERT ON spool FOR EACH STATEMENT EXECUTE FUNCTION refuse_left(); COMMIT",
        become_one(State::Left)
    )
}

pub(super) async fn counters(client: &Client) -> Result<Counters> {
    let last =
        "SELECT coalesce((SELECT last_value FROM pg_sequences WHERE schemaname = current_schema()
                    AND quote_ident(sequencename) = $1), 0)";
    let of = async |sequence: &str| -> Result<i64> {
        let row = client.query_one(last, &[&sequence]).await?;
        get(&row, 0)
    };
    Ok(Counters {
        alias_use: of("alias_use_number_seq").await?,
        spool: of("spool_seq_seq").await?,
        events: of("events_seq_seq").await?,
        sessions: of("sessions_seq_seq").await?,
        journal: of("journal_seq").await?,
        journal_attempts: of("journal_attempt_seq").await?,
    })
}
