//! A message of 25 MB in pieces of a table, as the store has it, beside a large object.

use crate::{
    chart::median,
    support::cluster::{Cluster, connect},
};
use serde::Serialize;
use std::{fs, time::Instant};
use tokio::runtime::Runtime;
use tokio_postgres::Client;

const OCTETS: usize = 25 << 20;
const PIECE: usize = 256 << 10;
const ROUNDS: usize = 7;

/// Medians of milliseconds, and the most that the server's process had beyond its shared memory.
#[derive(Debug, Serialize)]
pub struct Bodies {
    pub kept_as: &'static str,
    pub write_ms: f64,
    pub read_ms: f64,
    pub remove_ms: f64,
    pub server_memory: u64,
}

/// Statements: what comes first, a piece written, a piece read, and all of it removed. `$1` names it.
struct Way {
    name: &'static str,
    before: &'static str,
    write: &'static str,
    read: &'static str,
    remove: &'static str,
}

const WAYS: [Way; 2] = [
    Way {
        name: "pieces",
        before: "SELECT $1::bigint",
        write: "INSERT INTO pieces VALUES ($1, $2, $3)",
        read: "SELECT octets FROM pieces WHERE text = $1 AND at = $2 AND $3::bigint > 0",
        remove: "DELETE FROM pieces WHERE text = $1",
    },
    Way {
        name: "large object",
        before: "SELECT lo_create($1::bigint::oid)",
        write: "SELECT lo_put($1::bigint::oid, $2, $3)",
        read: "SELECT lo_get($1::bigint::oid, $2, $3::bigint::integer)",
        remove: "SELECT lo_unlink($1::bigint::oid)",
    },
];

pub fn measure(runtime: &Runtime, cluster: &Cluster) -> Vec<Bodies> {
    let url = runtime.block_on(cluster.database());
    let measured = runtime.block_on(async {
        let client = connect(&url).await;
        let table =
            "CREATE TABLE pieces (text bigint, at bigint, octets bytea, PRIMARY KEY (text, at));
                     ALTER TABLE pieces ALTER octets SET STORAGE EXTERNAL";
        client.batch_execute(table).await.unwrap();
        let mut rounds: [Vec<[f64; 4]>; 2] = Default::default();
        for round in 0..ROUNDS {
            for (way, rounds) in WAYS.iter().zip(&mut rounds) {
                rounds.push(round_of(&url, way, 100_000 + round as i64).await);
            }
        }
        rounds
    });
    let all = WAYS.iter().zip(measured).map(|(way, rounds)| {
        let of = |what: usize| median(rounds.iter().map(|round| round[what])).unwrap();
        Bodies {
            kept_as: way.name,
            write_ms: of(0),
            read_ms: of(1),
            remove_ms: of(2),
            server_memory: of(3) as u64,
        }
    });
    let all: Vec<Bodies> = all.collect();
    for Bodies { kept_as, write_ms, read_ms, remove_ms, server_memory } in &all {
        println!(
            "25 MB as {kept_as}: written in {write_ms:.0} ms, read in {read_ms:.0}, removed in {remove_ms:.0}; the server's process had {:.1} MB",
            *server_memory as f64 / 1e6
        );
    }
    all
}

async fn round_of(url: &str, way: &Way, name: i64) -> [f64; 4] {
    let mut client = connect(url).await;
    let body = vec![b'x'; OCTETS];
    let process: i32 = client.query_one("SELECT pg_backend_pid()", &[]).await.unwrap().get(0);
    let began = Instant::now();
    let tx = client.transaction().await.unwrap();
    tx.query(way.before, &[&name]).await.unwrap();
    let write = tx.prepare(way.write).await.unwrap();
    for (at, piece) in body.chunks(PIECE).enumerate() {
        tx.execute(&write, &[&name, &((at * PIECE) as i64), &piece]).await.unwrap();
    }
    tx.commit().await.unwrap();
    let written = began.elapsed();
    let began = Instant::now();
    assert_eq!(read(&client, way, name).await, OCTETS);
    let was_read = began.elapsed();
    let memory = own_memory(process);
    let began = Instant::now();
    client.execute(way.remove, &[&name]).await.unwrap();
    let removed = began.elapsed();
    let ms = |time: std::time::Duration| time.as_secs_f64() * 1000.0;
    [ms(written), ms(was_read), ms(removed), memory as f64]
}

async fn read(client: &Client, way: &Way, name: i64) -> usize {
    let read = client.prepare(way.read).await.unwrap();
    let mut octets = 0;
    while octets < OCTETS {
        let values: [&(dyn tokio_postgres::types::ToSql + Sync); 3] =
            [&name, &(octets as i64), &(PIECE as i64)];
        let piece: Vec<u8> = client.query_one(&read, &values).await.unwrap().get(0);
        octets += piece.len();
    }
    octets
}

/// What a process has for itself alone.
fn own_memory(process: i32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("RssAnon:"));
    line.and_then(|rest| rest.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()).unwrap_or(0)
        * 1024
}
