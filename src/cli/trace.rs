//! `onward trace`: what happened to a message.

use super::{
    Context, Failure,
    again::Pauses,
    argument::address,
    context::{Purpose, block_on, with_existing_store, write_json},
    progress::Bar,
    screen::{Output, Screen, Tone, paint},
    time::parse_since,
};
use crate::{
    admin::{
        Place, Store, accounts,
        trace::{AttemptLine, Filter, Names, Outcome, Record, Traced, trace},
    },
    clock,
    config::print_size,
    log::printable,
    time::Millis,
};
use std::{
    collections::HashMap,
    io::{self, BufWriter, Write},
    process::ExitCode,
    time::Duration,
};

/// Shows what happened to a message
///
/// Prints every record of the journal that matches all of the given options, the oldest first. A
/// message is in it within a second of its final reply.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The id, as in the 250 reply and in our Received field
    #[arg(long)]
    id: Option<String>,
    /// The sender: an address, @domain, or <> for bounces
    #[arg(long, value_name = "ADDRESS", allow_hyphen_values = true, value_parser = address)]
    from: Option<String>,
    /// A recipient, or a mailbox it was handed on to: an address or @domain
    #[arg(long, value_name = "ADDRESS", allow_hyphen_values = true, value_parser = address)]
    to: Option<String>,
    /// What an account sent, or tried to: its name, or its id as Received fields have it
    #[arg(long, value_name = "NAME")]
    account: Option<String>,
    /// Not before: 2h, 7d, 2026-01-31, or 2026-01-31T12:00:00Z
    #[arg(long, value_name = "TIME", value_parser = parse_since)]
    since: Option<Millis>,
    /// Only the latest N
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Go on with what comes, until Ctrl-C
    #[arg(long, short)]
    follow: bool,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

/// How often the journal is read by whoever follows it.
const PAUSE: Duration = Duration::from_secs(1);
/// A message is in the journal once it has its final reply: so long before that it may have come.
const REACH: Duration = Duration::from_mins(20);

/// What was shown of the messages that came a short time ago: how many attempts, and which outcome.
#[derive(Debug, Default)]
struct Shown(HashMap<String, (Millis, usize, Outcome)>);

impl Shown {
    /// Whether there is something to show of a message that was not; nothing is kept unless that will be asked again.
    fn is_new(&mut self, record: &Record, keeps: bool) -> bool {
        let now = (record.time, record.attempts.len(), record.outcome);
        if self.0.get(&record.id) == Some(&now) {
            return false;
        }
        if keeps {
            self.0.insert(record.id.clone(), now);
        }
        true
    }

    /// What came before that is not read again.
    fn forget(&mut self, begin: Millis) {
        self.0.retain(|_, (time, ..)| *time >= begin);
    }
}

/// `onward trace`.
///
/// # Errors
/// When the journal cannot be read.
pub fn run(args: Args, context: &Context) -> Result<ExitCode, Failure> {
    let config = context.config()?;
    let place = Place::of(&config);
    let Args { id, from, to, account, since, limit, follow, json } = args;
    let mut out = BufWriter::new(context.out());
    let screen = out.screen();
    let mut found = false;
    let work = async |store: Option<&Store>| {
        let (names, account) = match (store, account) {
            (Some(store), Some(name)) => {
                (Names::all(store).await?, Some(accounts::id_of(store, &name).await?))
            }
            (Some(store), None) => (Names::all(store).await?, None),
            (None, _) => (Names::default(), None),
        };
        let bar = Bar::of("reading the journal", json);
        let mut shown = Shown::default();
        let mut filter = Filter { id, from, to, account, since, limit, ..Filter::default() };
        if follow && limit.is_some() {
            // What is left out by the limit is not to come behind it.
            let begin = clock::millis() - REACH;
            let recent = Filter { since: since.max(Some(begin)), limit: None, ..filter.clone() };
            let note = |message: &Record| {
                shown.is_new(message, true);
                Ok(())
            };
            trace(&place, &recent, note).await?;
        }
        let (mut is_first, mut pauses) = (true, Pauses::of(PAUSE));
        loop {
            let each = |message: &Record| {
                if !shown.is_new(message, follow) && !is_first {
                    return Ok(());
                }
                if !found {
                    bar.clear();
                }
                found = true;
                let message = names.traced(message);
                match json {
                    true => write_json(&mut out, &message),
                    false => write_text(&mut out, &message, screen),
                }
            };
            trace(&place, &filter, each).await?;
            out.flush()?;
            is_first = false;
            if !follow || !pauses.next().await {
                return Ok(());
            }
            let begin = clock::millis() - REACH;
            (filter.since, filter.limit) = (since.max(Some(begin)), None);
            shown.forget(begin);
        }
    };
    block_on(with_existing_store(&config, Purpose::Read, work))?;
    if !found && !json && !follow {
        // To stderr, as it is no result; nothing hangs on it.
        let _ = writeln!(io::stderr(), "onward: no message matches");
    }
    Ok(ExitCode::SUCCESS)
}

/// What its colour says of an outcome.
const fn tone(outcome: Outcome) -> Tone {
    match outcome {
        Outcome::Deferred | Outcome::Spooled => Tone::Waits,
        Outcome::Partial | Outcome::Refused | Outcome::Bounced | Outcome::Failed => Tone::Wrong,
        Outcome::Forwarded
        | Outcome::Dropped
        | Outcome::Discarded
        | Outcome::Aborted
        | Outcome::Taken => Tone::Usual,
    }
}

fn write_text(out: &mut impl Write, traced: &Traced<'_>, screen: Option<Screen>) -> io::Result<()> {
    let Traced { record, account } = traced;
    let Record { id, time, outcome, ms, .. } = record;
    let outcome = paint(&outcome.to_string(), tone(*outcome), screen);
    writeln!(out, "{time}  {}  {outcome} in {ms} ms", printable(id))?;
    let mut field = |name: &str, value: &str| writeln!(out, "  {name:<7} {}", printable(value));
    let client = record.client.map_or_else(|| "unix socket".into(), |ip| ip.to_string());
    let plain_or = |tls: &str| if tls.is_empty() { "plaintext".to_owned() } else { tls.to_owned() };
    field("client", &format!("{client} ({}), {}", record.helo, plain_or(&record.tls)))?;
    if let Some(account) = account {
        field("account", account)?;
    }
    field("from", &record.sender())?;
    if let Some(srs_from) = &record.srs_from {
        field("sent as", srs_from)?;
    }
    field("to", &record.to.join(", "))?;
    if let Some(node) = &record.node {
        field("node", node)?;
    }
    if record.size > 0 {
        field("size", &print_size(record.size))?;
    }
    for AttemptLine { to, host, reply, ms, verdict, tls, .. } in &record.attempts {
        let tls = plain_or(tls);
        let text = format!("{} at {host}, {tls}: {verdict} in {ms} ms: {reply}", to.join(", "));
        field("attempt", &text)?;
    }
    if !record.auth.is_empty() {
        field("checks", &record.auth)?;
    }
    if let Some(filter) = &record.filter {
        field("filter", &filter.to_string())?;
    }
    field("reply", &record.reply)?;
    if !record.detail.is_empty() {
        field("note", &record.detail)?;
    }
    Ok(())
}
