//! Which tables and columns are moved.

use crate::{
    place::{JournalPlace, Place},
    postgres::{InDatabase, cluster::connect},
    sqlite::InDirectory,
};
use onward::store::moving::tables;
use std::collections::BTreeSet;

/// What is kept beside those tables, or of no use elsewhere.
const BESIDE: [&str; 28] = [
    "directory",
    "alias_text",
    "alias_text_due",
    "alias_changes",
    "standing_changes",
    "srs_shares",
    "srs_total",
    "spool_totals",
    "spool_counts",
    "spool_state",
    "sqlite_sequence",
    "nodes",
    "onward_schema",
    "use_state",
    "node_secrets",
    "shared_texts",
    "sealed",
    "turns",
    "journal_writers",
    "journal_days",
    "one",
    "notify",
    "owner",
    "epoch",
    "due",
    "line",
    "node",
    "octets",
];

/// Fails where a table or a column is added and not copied.
#[tokio::test(flavor = "multi_thread")]
async fn whatever_there_is_is_copied() {
    let Some(database) = InDatabase::new() else { return };
    let file = InDirectory::new();
    drop((file.open(), database.open_as(None).await.unwrap(), file.journal()));
    let copied: BTreeSet<(&str, &str)> = tables()
        .flat_map(|(table, columns, _)| columns.iter().map(move |column| (table, *column)))
        .collect();
    let missing = |found: Vec<(String, String)>| -> Vec<(String, String)> {
        let is_copied = |(table, column): &(String, String)| {
            let is_beside = |name: &str| BESIDE.contains(&name);
            is_beside(table)
                || table.starts_with("alias_text_")
                || copied.contains(&(table.as_str(), column.as_str()))
                || ["spool", "journal", "event_state", "memory"].iter().any(|it| table == it)
                    && is_beside(column)
                || table == "aliases" && column == "used_up"
                || ["delivered", "told", "refused"].iter().any(|it| table == it) && column == "tx"
        };
        found.into_iter().filter(|found| !is_copied(found)).collect()
    };
    let in_file = |name: &str| -> Vec<(String, String)> {
        let raw = rusqlite::Connection::open(file.directory().join(name)).unwrap();
        let sql = "SELECT t.name, c.name FROM sqlite_schema t JOIN pragma_table_info(t.name) c WHERE t.type = 'table'";
        let mut statement = raw.prepare(sql).unwrap();
        let rows = statement.query_map((), |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        rows.map(Result::unwrap).collect()
    };
    assert_eq!(missing(in_file("onward.db")), []);
    let names =
        [("message", "journal"), ("attempt", "journal_attempts"), ("traffic", "journal_traffic")];
    let journal = in_file("journal.db").into_iter().map(|(table, column)| {
        let known = names.iter().find(|(name, _)| *name == table);
        (known.map_or(table, |(_, name)| (*name).to_owned()), column)
    });
    assert_eq!(missing(journal.collect()), []);
    let raw = connect(database.url()).await;
    let sql = "SELECT table_name::text, column_name::text FROM information_schema.columns WHERE table_schema = 'public'
               AND table_name !~ '_[0-9]+$'";
    let found = raw.query(sql, &[]).await.unwrap();
    assert_eq!(missing(found.iter().map(|row| (row.get(0), row.get(1))).collect()), []);
    // Both sides are read in one order.
    for (table, columns, keys) in tables() {
        let sql = "SELECT column_name::text FROM information_schema.columns WHERE table_name = $1 AND data_type = 'text'
                   AND collation_name IS DISTINCT FROM 'C' AND column_name = ANY ($2)";
        let keys: Vec<&str> = columns[..keys].to_vec();
        assert_eq!(raw.query(sql, &[&table, &keys]).await.unwrap().len(), 0, "{table}");
    }
}
