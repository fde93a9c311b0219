//! `onward status`: is it up, does it listen, how deep is the spool.

mod probe;

use super::{
    Context, Failure,
    size::size,
    time::{rfc3339, span},
};
use crate::{
    clock,
    config::Config,
    store::{
        QueueSummary, StateLock,
        blocking::{Queue, Reader},
        journal::JournalError,
    },
    time::{DAY, Millis},
};
use serde::Serialize;
use std::{
    io::{self, Write},
    process::ExitCode,
    time::Duration,
};

/// Destinations that are named, those with the most messages.
const SHOWN: usize = 5;

/// Says whether the daemon runs, whether it answers, and what waits in the spool
///
/// Exits 1 when it does not run, or a listener does not answer.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// One JSON object
    #[arg(long)]
    json: bool,
}

/// `onward status`.
///
/// # Errors
/// When the store or the journal cannot be read.
pub fn run(args: Args, context: &Context) -> Result<ExitCode, Failure> {
    let config = context.config()?;
    let status = Status::of(&config)?;
    let mut out = context.out();
    if args.json {
        serde_json::to_writer(&mut out, &status).map_err(io::Error::from)?;
        writeln!(out)?;
    } else {
        status.write(&mut out)?;
    }
    Ok(if status.is_well() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The object of `--json`. Its fields are a promise to scripts.
#[derive(Serialize)]
struct Status {
    running: bool,
    listen: Vec<Listening>,
    spool: Spool,
    /// Messages that were given up or refused within the last 24 hours, after we answered for them.
    failed_last_day: u64,
    /// Messages that were kept back within the last 24 hours, as a DKIM signature would have broken.
    dkim_broken_last_day: u64,
}

#[derive(Serialize)]
struct Listening {
    protocol: String,
    address: String,
    answers: bool,
    /// Why it does not.
    problem: Option<String>,
}

#[derive(Serialize)]
struct Spool {
    messages: u64,
    octets: u64,
    oldest: Option<String>,
    #[serde(skip)]
    age: Option<Duration>,
    /// Messages left aside because they cannot be read, where there are any.
    #[serde(skip_serializing_if = "is_none")]
    unreadable: u64,
    destinations: Vec<Destination>,
}

#[derive(Serialize)]
struct Destination {
    domain: String,
    messages: u64,
}

impl Status {
    fn of(config: &Config) -> Result<Self, Failure> {
        let summary = match Queue::open(&config.state_dir)? {
            Some(queue) => queue.summary()?,
            None => QueueSummary::default(),
        };
        let running = match StateLock::keep_stopped(&config.state_dir) {
            Ok(stopped) => stopped.is_none(),
            // Before the first start.
            Err(error) if error.kind() == io::ErrorKind::NotFound => false,
            Err(error) => return Err(Failure::file(&config.state_dir, error)),
        };
        let problems = if running {
            probe::all(&config.listen)
        } else {
            config.listen.iter().map(|_| Some("the daemon does not run".to_owned())).collect()
        };
        let listen = config.listen.iter().zip(problems).map(|(listen, problem)| Listening {
            protocol: listen.protocol.to_string(),
            address: listen.address.to_string(),
            answers: problem.is_none(),
            problem,
        });
        let since = clock::millis() - DAY;
        let [failed_last_day, dkim_broken_last_day] = losses_since(config, since)?;
        Ok(Self {
            running,
            listen: listen.collect(),
            spool: Spool::of(summary),
            failed_last_day,
            dkim_broken_last_day,
        })
    }

    fn is_well(&self) -> bool {
        self.running && self.listen.iter().all(|listen| listen.answers)
    }

    fn write(&self, out: &mut impl Write) -> Result<(), Failure> {
        let mut line = |name: &str, text: String| writeln!(out, "{name:<9} {text}");
        line("daemon", if self.running { "runs" } else { "does not run" }.into())?;
        for Listening { protocol, address, problem, .. } in &self.listen {
            let answers = match problem {
                Some(problem) => format!("does not answer: {problem}"),
                None => "answers".to_owned(),
            };
            line("listen", format!("{protocol} on {address} {answers}"))?;
        }
        let Spool { messages: count, octets, age, destinations, .. } = &self.spool;
        let oldest = age.map(|age| format!(", {}, the oldest {} old", size(*octets), span(age)));
        line("spool", messages(*count) + &oldest.unwrap_or_default())?;
        for Destination { domain, messages } in destinations {
            line("", format!("{messages} for {domain}"))?;
        }
        if self.spool.unreadable > 0 {
            let count = messages(self.spool.unreadable);
            line("", count + " left aside, unreadable: onward doctor has their names")?;
        }
        line("failed", messages(self.failed_last_day) + " within a day")?;
        if self.dkim_broken_last_day > 0 {
            let count = messages(self.dkim_broken_last_day);
            line(
                "broken",
                count + " kept back within a day, as a DKIM signature would not verify any more",
            )?;
        }
        Ok(())
    }
}

impl Spool {
    fn of(summary: QueueSummary) -> Self {
        let mut destinations: Vec<Destination> = summary
            .destinations
            .into_iter()
            .map(|(domain, messages)| Destination { domain, messages })
            .collect();
        destinations.sort_by_key(|to| std::cmp::Reverse(to.messages));
        destinations.truncate(SHOWN);
        Self {
            messages: summary.messages,
            octets: summary.octets,
            oldest: summary.oldest.map(rfc3339),
            unreadable: summary.unreadable,
            age: summary.oldest.map(|oldest| clock::millis().since(oldest)),
            destinations,
        }
    }
}

fn is_none(count: &u64) -> bool {
    *count == 0
}

fn messages(count: u64) -> String {
    if count == 1 { "1 message".to_owned() } else { format!("{count} messages") }
}

/// What failed, and what was kept back lest a signature break.
fn losses_since(config: &Config, since: Millis) -> Result<[u64; 2], Failure> {
    match Reader::open(&config.state_dir) {
        Err(JournalError::Absent { .. }) => Ok([0, 0]),
        opened => {
            let journal = opened?;
            Ok([journal.count_failed(since)?, journal.count_broken(since)?])
        }
    }
}
