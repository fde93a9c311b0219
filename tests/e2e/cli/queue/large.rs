//! A hundred thousand messages, and a reader that is in no hurry.

use crate::cli::spooling::{ALIAS, scene};
use crate::limits::memory_kilobytes;
use crate::support::wait_until;
use rusqlite::Connection;
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const MESSAGES: usize = 100_000;
/// What `list` may use, whatever waits.
const MEMORY: usize = 64 * 1024;

/// Copies of the one message that waits: spooling so many would take longer than all the rest.
fn copy(database: &Connection) {
    let message = [("seq", "seq + n"), ("id", "id || n"), ("message", "zeroblob(2000)")];
    let legs = [("message", "message + n")];
    for (table, changed) in [("spool_legs", &legs[..]), ("spool", &message)] {
        let columns = format!("SELECT name FROM pragma_table_info('{table}') ORDER BY cid");
        let mut columns = database.prepare(&columns).unwrap();
        let columns = columns.query_map((), |row| row.get::<_, String>(0)).unwrap();
        let value = |name: String| {
            let changed = changed.iter().find(|(column, _)| *column == name);
            changed.map_or(name, |(_, value)| (*value).to_owned())
        };
        let values: Vec<String> = columns.map(|name| value(name.unwrap())).collect();
        database
            .execute_batch(&format!(
                "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n LIMIT {copies})
                 INSERT INTO {table} SELECT {values} FROM {table}, n",
                copies = MESSAGES - 1,
                values = values.join(", ")
            ))
            .unwrap();
    }
}

#[test]
fn a_huge_spool_is_listed_quickly_and_a_slow_reader_holds_up_nobody() {
    let mut scene = scene(|onward| onward);
    let id = scene.spool(ALIAS, "one of many");
    assert!(scene.onward.terminate().success());
    let database = Connection::open(scene.onward.state_dir().join("onward.db")).unwrap();
    copy(&database);

    let time = |arguments: &[&str]| {
        let began = Instant::now();
        let output = scene.onward.run(arguments);
        (began.elapsed(), output)
    };
    let (took, listed) = time(&["queue", "list"]);
    assert_eq!(listed.lines().count(), MESSAGES + 1);
    // A hundred times of what an optimised build takes: what looks at all for each would take an hour.
    assert!(took < Duration::from_secs(60), "{took:?}");
    assert!(time(&["queue", "list", &id]).0 < Duration::from_secs(1), "by an id: {took:?}");

    let mut list = Command::new(env!("CARGO_BIN_EXE_onward"))
        .args(["queue", "list", "--json", "--config"])
        .arg(scene.onward.config_path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut reader = BufReader::with_capacity(100, list.stdout.take().unwrap());
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    assert!(line.contains(&id));
    let status = format!("/proc/{}/status", list.id());
    wait_until("the writer to wait for its reader", || {
        let status = std::fs::read_to_string(&status).ok()?;
        status.contains("State:\tS").then_some(())
    });
    let peak = memory_kilobytes(list.id(), "VmHWM");
    assert!(peak < MEMORY, "{peak} KiB");

    // Others write, and fold the log into the file, which one that reads would keep them from.
    scene.onward.run(&["queue", "drop", &id]);
    let fold = "PRAGMA wal_checkpoint(TRUNCATE)";
    let busy: i64 = database.query_row(fold, (), |row| row.get(0)).unwrap();
    assert_eq!(busy, 0);
    assert!(list.try_wait().unwrap().is_none(), "all the while it waits");
    let mut rest = [0; 100];
    reader.read_exact(&mut rest).unwrap();
    drop(reader);
    assert!(list.wait().unwrap().success(), "as with `head`");
}
