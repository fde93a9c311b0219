//! `onward status`: is it up, does it listen, how deep is the spool.

use super::{
    Context, Failure,
    again::{self, Pauses},
    context::{Purpose, block_on, with_existing_store, write_json},
    screen::{Output, Screen},
    size::size,
    table::{Cell, write_facts},
    time::span,
};
use crate::{
    admin::{
        aliases::UnsafeAlias,
        providers::Told,
        spam_filter::FilterStatus,
        status::{ListenerStatus, NodeStatus, SpoolStatus, Status, WaitingDestination},
    },
    clock,
    config::service,
    log::printable,
};
use std::{
    io::{self, Write},
    process::ExitCode,
    time::Duration,
};

/// Says whether the daemon runs, whether it answers, and what waits in the spool
///
/// Exits 1 when it does not run, a listener does not answer, systemd hands a socket over that no listener names, the
/// spam filter does not answer, or its database was moved away.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Look again every so many seconds, 2 by default, until Ctrl-C
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "2", value_parser = clap::value_parser!(u64).range(1..=3600))]
    watch: Option<u64>,
    /// One JSON object, a line each time
    #[arg(long)]
    json: bool,
}

/// `onward status`.
///
/// # Errors
/// When the store or the journal cannot be read.
pub fn run(args: Args, context: &Context) -> Result<ExitCode, Failure> {
    let config = context.config()?;
    let mut pauses = args.watch.map(|seconds| Pauses::of(Duration::from_secs(seconds)));
    let is_well = block_on(with_existing_store(&config, Purpose::Read, async |store| {
        loop {
            let status = Status::of(&config, store).await?;
            let mut screen = Vec::new();
            match args.json {
                true => write_json(&mut screen, &status)?,
                false => write(&mut screen, &status, context.out().screen())?,
            }
            let mut out = context.out();
            match pauses {
                Some(_) if !args.json => again::show(&mut out, &screen)?,
                _ => out.write_all(&screen)?,
            }
            out.flush()?;
            let goes_on = match &mut pauses {
                Some(pauses) => pauses.next().await,
                None => false,
            };
            if !goes_on {
                return Ok(status.is_well());
            }
        }
    }))?;
    Ok(if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn write(out: &mut impl Write, status: &Status, screen: Option<Screen>) -> io::Result<()> {
    let facts = facts(status);
    match screen {
        Some(screen) => write_facts(out, screen, facts),
        None => {
            let mut facts = facts.iter();
            facts.try_for_each(|(name, fact)| writeln!(out, "{name:<9} {}", fact.text()))
        }
    }
}

fn facts(status: &Status) -> Vec<(&'static str, Cell)> {
    let mut facts = Vec::new();
    let mut line = |name, fact| facts.push((name, fact));
    line("daemon", if status.running { "runs".into() } else { Cell::wrong("does not run") });
    for ListenerStatus { protocol, address, problem, .. } in &status.listen {
        line("listen", answers(&format!("{protocol} on {address}"), problem.as_deref()));
    }
    for name in &status.unnamed_sockets {
        line("socket", Cell::wrong(service::unnamed(name)));
    }
    if let Some(trouble) = &status.trouble {
        line("database", Cell::wrong(trouble.as_str()));
    }
    for fault in &status.alias_maps {
        line("alias map", Cell::wrong(fault.as_str()));
    }
    if let Some(FilterStatus { address, problem }) = &status.filter {
        line("filter", answers(&address.to_string(), problem.as_deref()));
    }
    let SpoolStatus { messages: count, octets, oldest, unreadable, destinations } = &status.spool;
    let oldest = oldest.map(|oldest| {
        let age = span(clock::millis().since(oldest));
        format!(", {}, the oldest {age} old", size(*octets))
    });
    let waiting = messages(*count) + &oldest.unwrap_or_default();
    line("spool", if *count > 0 { Cell::waits(waiting) } else { waiting.into() });
    for WaitingDestination { domain, messages } in destinations {
        line("", Cell::waits(format!("{messages} for {domain}")));
    }
    if *unreadable > 0 {
        let count = messages(*unreadable);
        line("", Cell::wrong(count + " left aside, unreadable: onward doctor has their names"));
    }
    for UnsafeAlias { alias, why, .. } in &status.unsafe_aliases {
        line("unsafe", Cell::wrong(format!("{alias} is not followed: {why}")));
    }
    for bite in &status.over_rates {
        let (limit, whose, rate, times) = (&bite.limit, &bite.whose, &bite.rate, bite.times);
        let over = format!("{whose} is over {limit} ({rate}): put off {times} times");
        line("limit", Cell::waits(over));
    }
    for Told { provider, state, why, until, .. } in &status.providers {
        let until = until.map(|until| format!(" until {until}")).unwrap_or_default();
        let why = why.as_deref().map(|why| format!(": {}", printable(why))).unwrap_or_default();
        let (name, state) = (printable(provider), state.as_str());
        line("provider", Cell::waits(format!("{name} is {state}{until}{why}")));
    }
    for node in &status.nodes {
        let text = node_text(node);
        line("node", if node.serves { text.into() } else { Cell::wrong(text) });
    }
    line("failed", (messages(status.failed_last_day) + " within a day").into());
    if status.dkim_broken_last_day > 0 {
        let count = messages(status.dkim_broken_last_day);
        line(
            "broken",
            (count + " within a day with a DKIM signature that no forward keeps").into(),
        );
    }
    facts
}

fn answers(what: &str, problem: Option<&str>) -> Cell {
    match problem {
        Some(problem) => Cell::wrong(format!("{what} does not answer: {problem}")),
        None => format!("{what} answers").into(),
    }
}

fn node_text(node: &NodeStatus) -> String {
    let NodeStatus { name, version, since, heard, serves, behind, spool } = node;
    let ago = span(clock::millis().since(*heard));
    let does = match serves {
        true => format!("serves since {since}, heard of {ago} ago"),
        false => format!("does not serve, heard of {ago} ago last"),
    };
    let mut text = format!("{} ({}) {does}", printable(name), printable(version));
    if *spool > 0 {
        text.push_str(&format!(", {} in its spool", messages(*spool)));
    }
    if *behind > 0 {
        text.push_str(&format!(", {behind} changes behind"));
    }
    text
}

fn messages(count: u64) -> String {
    if count == 1 { "1 message".to_owned() } else { format!("{count} messages") }
}
