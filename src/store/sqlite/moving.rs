//! The store in a file as one side of a move. Its journal is attached, so that both are of one moment.

use super::{
    alias_texts, file, journal,
    schema::{self, Mark},
};
use crate::store::{
    Progress, StoreError,
    moving::{Counters, Row, Side, State, TABLES, Table, Value, clean},
};
use async_trait::async_trait;
use rusqlite::{
    Connection, ToSql, params_from_iter,
    types::{ToSqlOutput, ValueRef},
};
use std::{
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

/// The store in a state directory.
#[derive(Debug)]
pub(in crate::store) struct SqliteSide {
    path: PathBuf,
    connection: Connection,
}

impl SqliteSide {
    /// One to which another is moved, made where there is none.
    pub(in crate::store) fn open_to_fill(state_dir: &Path) -> Result<Self, StoreError> {
        Self::open(state_dir)
    }

    /// One that is moved away.
    pub(in crate::store) fn open_to_leave(state_dir: &Path) -> Result<Self, StoreError> {
        let path = file::path(state_dir);
        match file::exists(&path)? {
            true => Self::open(state_dir),
            false => Err(StoreError::Absent { path }),
        }
    }

    /// The same, where there is one.
    pub(in crate::store) fn open_existing(state_dir: &Path) -> Result<Option<Self>, StoreError> {
        file::exists(&file::path(state_dir))?.then(|| Self::open(state_dir)).transpose()
    }

    fn open(state_dir: &Path) -> Result<Self, StoreError> {
        let path = file::path(state_dir);
        let connection = file::open_to_move(state_dir)?;
        let journal = journal::prepare(state_dir)?;
        let side = Self { path, connection };
        // A path that begins with `/` is no URI to SQLite, whatever else is in it.
        let attach = "ATTACH DATABASE CAST(?1 AS TEXT) AS journal";
        side.told(side.connection.execute(attach, [journal.as_os_str().as_bytes()]).map(drop))?;
        Ok(side)
    }

    /// Whether it is in use and holds anything.
    pub(in crate::store) fn is_in_use(&self) -> Result<bool, StoreError> {
        let is_marked = self.told(schema::marked(&self.connection))? == Mark::InUse;
        Ok(is_marked && self.holds_anything()?)
    }

    fn holds_anything(&self) -> Result<bool, StoreError> {
        self.one(
            "SELECT EXISTS (SELECT 1 FROM domains) OR EXISTS (SELECT 1 FROM accounts)
             OR EXISTS (SELECT 1 FROM tokens) OR EXISTS (SELECT 1 FROM blocks) OR EXISTS (SELECT 1 FROM spool)",
        )
    }

    fn told<T>(&self, done: rusqlite::Result<T>) -> Result<T, StoreError> {
        done.map_err(|error| StoreError::sqlite(&self.path, &error))
    }

    fn one<T: rusqlite::types::FromSql>(&self, sql: &str) -> Result<T, StoreError> {
        self.told(self.connection.query_row(sql, (), |row| row.get(0)))
    }

    fn run(&self, sql: &str) -> Result<(), StoreError> {
        self.told(self.connection.execute_batch(sql))
    }

    fn mark(&self, mark: Mark) -> Result<(), StoreError> {
        self.told(schema::mark(&self.connection, mark))
    }

    fn write(&mut self, table: &Table, gone: &[Row], put: &[Row]) -> rusqlite::Result<()> {
        let Shape { into, .. } = shape(table);
        let transaction = self.connection.transaction()?;
        let keys: Vec<Column> = columns(table).take(table.key).collect();
        if table.key == 0 {
            transaction.execute(&format!("DELETE FROM {into}"), ())?;
        }
        if !gone.is_empty() {
            let is_key: Vec<String> = keys
                .iter()
                .filter_map(|column| column.written.as_ref())
                .map(|name| format!("{name} = ?"))
                .collect();
            let sql = format!("DELETE FROM {into} WHERE {}", is_key.join(" AND "));
            let mut delete = transaction.prepare_cached(&sql)?;
            for key in gone {
                delete.execute(params_from_iter(written(key, &keys)))?;
            }
        }
        let all: Vec<Column> = columns(table).collect();
        {
            let mut insert = transaction.prepare_cached(&insert(table))?;
            for row in put {
                insert.execute(params_from_iter(written(row, &all)))?;
            }
        }
        if table.name == "aliases" {
            // What is beside them is copied too.
            transaction.execute("DELETE FROM alias_changes", ())?;
        }
        transaction.commit()
    }
}

#[async_trait(?Send)]
impl Side for SqliteSide {
    fn name(&self) -> String {
        self.path.display().to_string()
    }

    async fn state(&mut self) -> Result<State, StoreError> {
        let mark = self.told(schema::marked(&self.connection))?;
        Ok(match mark {
            Mark::InUse => State::InUse,
            Mark::Filling => State::Filling,
            Mark::Full => State::Full,
            Mark::Left => State::Left,
        })
    }

    async fn is_empty(&mut self) -> Result<bool, StoreError> {
        self.holds_anything().map(|holds| !holds)
    }

    async fn counts(&mut self) -> Result<Vec<u64>, StoreError> {
        let count = |table: &Table| {
            let Shape { from, .. } = shape(table);
            self.one::<i64>(&format!("SELECT count(*) FROM {from}")).map(super::number)
        };
        TABLES.iter().map(count).collect()
    }

    async fn hold(&mut self, alone: bool) -> Result<(), StoreError> {
        self.run(if alone { "BEGIN IMMEDIATE" } else { "BEGIN" })?;
        // From the first question on a transaction sees what there is then.
        self.one::<i64>("SELECT count(*) FROM directory")?;
        self.one::<i64>("SELECT count(*) FROM journal.sqlite_schema").map(drop)
    }

    async fn let_go(&mut self) -> Result<(), StoreError> {
        self.run("COMMIT")
    }

    async fn page(
        &mut self,
        table: &'static Table,
        after: Option<&[Value]>,
    ) -> Result<Vec<Row>, StoreError> {
        self.told(page(&self.connection, table, after))
    }

    async fn counters(&mut self) -> Result<Counters, StoreError> {
        let given = |table: &str| {
            self.one(&format!(
                "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = '{table}'), 0)"
            ))
        };
        Ok(Counters {
            alias_use: given("alias_use")?,
            // Texts have numbers of it too.
            spool: i64::max(
                given("spool")?,
                self.one("SELECT coalesce(max(text), 0) FROM spool_texts")?,
            ),
            events: given("events")?,
            sessions: self.one("SELECT coalesce(max(rowid), 0) FROM sessions")?,
            journal: self.one("SELECT coalesce(max(seq), 0) FROM journal.message")?,
            journal_attempts: self.one("SELECT coalesce(max(rowid), 0) FROM journal.attempt")?,
        })
    }

    async fn begin(&mut self) -> Result<(), StoreError> {
        self.mark(Mark::Filling)
    }

    async fn change(
        &mut self,
        table: &'static Table,
        gone: &[Row],
        put: &[Row],
    ) -> Result<(), StoreError> {
        let done = self.write(table, gone, put);
        self.told(done)
    }

    async fn complete(
        &mut self,
        counters: Counters,
        progress: &Progress,
    ) -> Result<(), StoreError> {
        self.run("BEGIN IMMEDIATE")?;
        let Counters { alias_use, spool, events, .. } = counters;
        for (table, last) in [("alias_use", alias_use), ("spool", spool), ("events", events)] {
            self.run(&format!(
                "DELETE FROM sqlite_sequence WHERE name = '{table}';
                 INSERT INTO sqlite_sequence (name, seq) VALUES ('{table}', {last})"
            ))?;
        }
        self.run(
            "INSERT INTO alias_text (alias_text) VALUES ('delete-all');
             DELETE FROM alias_text_due;
             INSERT INTO alias_text_due SELECT number FROM alias_use;
             UPDATE aliases SET used_up = NOT used_up WHERE used_up <> EXISTS (
                 SELECT 1 FROM alias_use u WHERE u.domain = aliases.domain AND u.local = aliases.local
                 AND u.forwarded >= aliases.max_messages);
             DELETE FROM alias_changes;
             DELETE FROM journal.attempt WHERE NOT EXISTS (SELECT 1 FROM journal.message m WHERE m.seq = message);
             UPDATE directory SET version = version + 1;
             COMMIT",
        )?;
        let done = alias_texts::try_write_texts(&mut self.connection, progress);
        self.told(done)?;
        self.mark(Mark::Full)
    }

    async fn leave(&mut self) -> Result<(), StoreError> {
        self.mark(Mark::Left)?;
        self.run("COMMIT")
    }

    async fn take_up(&mut self) -> Result<(), StoreError> {
        self.mark(Mark::InUse)
    }
}

/// Where the rows of a table are.
struct Shape {
    from: &'static str,
    into: &'static str,
}

fn shape(table: &Table) -> Shape {
    match table.name {
        "journal" => Shape { from: "journal.message", into: "journal.message" },
        "journal_traffic" => Shape { from: "journal.traffic", into: "journal.traffic" },
        // In the order of the messages; what has none is of no use.
        "journal_attempts" => Shape {
            from: "journal.message m CROSS JOIN journal.attempt a ON a.message = m.seq",
            into: "journal.attempt",
        },
        name => Shape { from: name, into: name },
    }
}

/// A column, as it is read and as it is written, if it is.
struct Column {
    read: String,
    written: Option<String>,
}

fn columns(table: &Table) -> impl Iterator<Item = Column> {
    table.columns.iter().map(move |column| match (table.name, *column) {
        ("sessions", "seq") => Column { read: "rowid".into(), written: Some("rowid".into()) },
        ("journal_attempts", "came") => Column { read: "m.time".into(), written: None },
        ("journal_attempts", "seq") => {
            Column { read: "a.rowid".into(), written: Some("rowid".into()) }
        }
        ("journal_attempts", "message") => {
            Column { read: "m.seq".into(), written: Some("message".into()) }
        }
        ("journal_attempts", name) => {
            Column { read: format!("a.{name}"), written: Some(name.into()) }
        }
        (_, name) => Column { read: format!("\"{name}\""), written: Some(format!("\"{name}\"")) },
    })
}

/// The values of a row, or of the beginning of one, that are written.
fn written<'a>(row: &'a Row, columns: &'a [Column]) -> impl Iterator<Item = &'a Value> {
    row.iter().zip(columns).filter(|(_, column)| column.written.is_some()).map(|(value, _)| value)
}

fn insert(table: &Table) -> String {
    let Shape { into, .. } = shape(table);
    let names: Vec<String> = columns(table).filter_map(|column| column.written).collect();
    let others: Vec<String> =
        columns(table).skip(table.key).filter_map(|column| column.written).collect();
    let marks = vec!["?"; names.len()].join(", ");
    let names = names.join(", ");
    let other = match others.is_empty() {
        true => "DO NOTHING".to_owned(),
        false => {
            let set: Vec<String> =
                others.iter().map(|name| format!("{name} = excluded.{name}")).collect();
            format!("DO UPDATE SET {}", set.join(", "))
        }
    };
    match table.name {
        // Of no use any more.
        "spool" => format!(
            "INSERT INTO spool ({names}, notify) VALUES ({marks}, 1) ON CONFLICT (seq) {other}"
        ),
        // A copy that was cut off has them without their messages, and they are not seen.
        "journal_attempts" => format!("INSERT OR REPLACE INTO {into} ({names}) VALUES ({marks})"),
        _ if table.is_replaced || table.key == 0 => {
            format!("INSERT INTO {into} ({names}) VALUES ({marks})")
        }
        _ => format!("INSERT INTO {into} ({names}) VALUES ({marks}) ON CONFLICT {other}"),
    }
}

fn page(
    connection: &Connection,
    table: &Table,
    after: Option<&[Value]>,
) -> rusqlite::Result<Vec<Row>> {
    let Shape { from, .. } = shape(table);
    let read: Vec<String> = columns(table).map(|column| column.read).collect();
    let key = read.get(..table.key).unwrap_or_default().join(", ");
    let mut sql = format!("SELECT {} FROM {from}", read.join(", "));
    if let (Some(after), Some(first)) = (after, read.first()) {
        let marks: Vec<String> = (1..=after.len()).map(|n| format!("?{n}")).collect();
        // By the first an index finds them, whatever the others are.
        sql.push_str(&format!(" WHERE {first} >= ?1 AND ({key}) > ({})", marks.join(", ")));
    }
    if table.key > 0 {
        sql.push_str(&format!(" ORDER BY {key} LIMIT {}", table.page));
    }
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params_from_iter(after.unwrap_or_default()))?;
    let mut page = Vec::new();
    while let Some(row) = rows.next()? {
        let values = (0..read.len()).map(|at| row.get_ref(at).map(value));
        page.push(values.collect::<rusqlite::Result<Row>>()?);
    }
    Ok(page)
}

/// What a column holds, as the other side can have it.
fn value(found: ValueRef<'_>) -> Value {
    match found {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Integer(number),
        ValueRef::Real(number) => Value::Text(number.to_string()),
        ValueRef::Text(text) => Value::Text(clean(&String::from_utf8_lossy(text))),
        ValueRef::Blob(octets) => Value::Octets(octets.to_vec()),
    }
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Integer(number) => ValueRef::Integer(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Octets(octets) => ValueRef::Blob(octets),
        }))
    }
}
