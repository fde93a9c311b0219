//! Rows of any table, read and written many at a time.

use super::journal;
use crate::store::{
    moving::{Row, Table, Value},
    postgres::{
        ask::{Result, get},
        error::unreadable,
    },
};
use bytes::BytesMut;
use deadpool_postgres::{ClientWrapper, Transaction};
use std::error;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

/// The next rows of a table. The texts of all keys are in the order of their octets.
pub(super) async fn page(
    client: &ClientWrapper,
    table: &Table,
    after: Option<&[Value]>,
) -> Result<Vec<Row>> {
    let mut sql = format!("SELECT {} FROM {}", names(table.columns, ""), table.name);
    let key = names(table.key_columns(), "");
    let values = after.unwrap_or_default();
    if !values.is_empty() {
        let marks: Vec<String> = (1..=values.len()).map(|n| format!("${n}")).collect();
        sql.push_str(&format!(" WHERE ({key}) > ({})", marks.join(", ")));
    }
    if table.key > 0 {
        sql.push_str(&format!(" ORDER BY {key} LIMIT {}", table.page));
    }
    let statement = client.prepare_cached(&sql).await?;
    let values: Vec<&(dyn ToSql + Sync)> =
        values.iter().map(|value| value as &(dyn ToSql + Sync)).collect();
    let types: Vec<Type> =
        statement.columns().iter().map(|column| column.type_().clone()).collect();
    let read = |row: &tokio_postgres::Row| {
        types.iter().enumerate().map(|(at, kind)| value(row, at, kind)).collect()
    };
    client.query(&statement, &values).await?.iter().map(read).collect()
}

/// Deletes the rows of these keys, and writes others.
pub(super) async fn change(
    tx: &Transaction<'_>,
    table: &Table,
    gone: &[Row],
    put: &[Row],
    node: &str,
) -> Result<()> {
    let name = table.name;
    if table.key == 0 {
        tx.batch_execute(&format!("DELETE FROM {name}")).await?;
    }
    let any = format!("SELECT {} FROM {name} LIMIT 0", names(table.columns, ""));
    let any = tx.prepare_cached(&any).await?;
    let types: Vec<&Type> = any.columns().iter().map(|column| column.type_()).collect();
    // As arrays, one a column.
    let given = |columns: &[&str]| {
        let arrays: Vec<String> = types
            .iter()
            .zip(columns)
            .enumerate()
            .map(|(at, (kind, _))| format!("${}::{}[]", at + 1, kind.name()))
            .collect();
        format!("unnest({}) AS u ({})", arrays.join(", "), names(columns, ""))
    };
    if !gone.is_empty() && table.key > 0 {
        let key = table.key_columns();
        let is_key: Vec<String> =
            key.iter().map(|column| format!("t.\"{column}\" = u.\"{column}\"")).collect();
        let sql =
            format!("DELETE FROM {name} t USING {} WHERE {}", given(key), is_key.join(" AND "));
        run(tx, &sql, &arrays(gone, table.key), None).await?;
    }
    if put.is_empty() {
        return Ok(());
    }
    let (mut into, mut from) = (names(table.columns, ""), names(table.columns, "u."));
    let mut others: Vec<&str> = table.other_columns().to_vec();
    let mut extra = None;
    if name == "journal" {
        // What only nodes that share a journal have.
        into.push_str(", node, octets");
        from.push_str(&format!(", ${}, {}", table.columns.len() + 1, journal::OCTETS));
        others.push("octets");
        extra = Some(node);
    }
    let set: Vec<String> =
        others.iter().map(|column| format!("\"{column}\" = excluded.\"{column}\"")).collect();
    let conflict = match (table.key, set.is_empty()) {
        (0, _) => String::new(),
        (_, true) => "ON CONFLICT DO NOTHING".to_owned(),
        (_, false) => format!(
            "ON CONFLICT ({}) DO UPDATE SET {}",
            names(table.key_columns(), ""),
            set.join(", ")
        ),
    };
    let sql = format!(
        "INSERT INTO {name} ({into}) OVERRIDING SYSTEM VALUE SELECT {from} FROM {} {conflict}",
        given(table.columns)
    );
    run(tx, &sql, &arrays(put, table.columns.len()), extra).await
}

async fn run(
    tx: &Transaction<'_>,
    sql: &str,
    arrays: &[Vec<&Value>],
    extra: Option<&str>,
) -> Result<()> {
    let statement = tx.prepare_cached(sql).await?;
    let mut values: Vec<&(dyn ToSql + Sync)> =
        arrays.iter().map(|array| array as &(dyn ToSql + Sync)).collect();
    if let Some(extra) = &extra {
        values.push(extra);
    }
    tx.execute(&statement, &values).await?;
    Ok(())
}

/// The columns of rows.
fn arrays(rows: &[Row], columns: usize) -> Vec<Vec<&Value>> {
    let column = |at| rows.iter().map(move |row: &Row| row.get(at).unwrap_or(&Value::Null));
    (0..columns).map(|at| column(at).collect()).collect()
}

fn names(columns: &[&str], of: &str) -> String {
    columns.iter().map(|column| format!("{of}\"{column}\"")).collect::<Vec<_>>().join(", ")
}

fn value(row: &tokio_postgres::Row, at: usize, kind: &Type) -> Result<Value> {
    let value = match *kind {
        Type::INT8 => get::<Option<i64>>(row, at)?.map(Value::Integer),
        Type::INT4 => get::<Option<i32>>(row, at)?.map(|number| Value::Integer(number.into())),
        Type::BOOL => get::<Option<bool>>(row, at)?.map(|is_so| Value::Integer(is_so.into())),
        Type::TEXT => get::<Option<String>>(row, at)?.map(Value::Text),
        Type::BYTEA => get::<Option<Vec<u8>>>(row, at)?.map(Value::Octets),
        ref other => return Err(unreadable(format!("a column of type {other}"))),
    };
    Ok(value.unwrap_or(Value::Null))
}

impl ToSql for Value {
    fn to_sql(
        &self,
        kind: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn error::Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Integer(number) => match *kind {
                Type::BOOL => (*number != 0).to_sql(kind, out),
                Type::INT4 => i32::try_from(*number)?.to_sql(kind, out),
                _ => number.to_sql(kind, out),
            },
            Self::Text(text) => text.to_sql(kind, out),
            Self::Octets(octets) => octets.to_sql(kind, out),
        }
    }

    fn accepts(kind: &Type) -> bool {
        matches!(*kind, Type::INT8 | Type::INT4 | Type::BOOL | Type::TEXT | Type::BYTEA)
    }

    to_sql_checked!();
}
