//! `onward status`: is it up, does it listen, how deep is the spool.

use super::{
    Context, Failure,
    again::{self, Pauses},
    context::{Purpose, block_on, with_existing_store, write_json},
    size::size,
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
                false => write(&mut screen, &status)?,
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

fn write(out: &mut impl Write, status: &Status) -> io::Result<()> {
    let mut line = |name: &str, text: String| writeln!(out, "{name:<9} {text}");
    line("daemon", if status.running { "runs" } else { "does not run" }.into())?;
    for ListenerStatus { protocol, address, problem, .. } in &status.listen {
        let answers = match problem {
            Some(problem) => format!("does not answer: {problem}"),
            None => "answers".to_owned(),
        };
        line("listen", format!("{protocol} on {address} {answers}"))?;
    }
    for name in &status.unnamed_sockets {
        line("socket", service::unnamed(name))?;
    }
    if let Some(trouble) = &status.trouble {
        line("database", trouble.clone())?;
    }
    for fault in &status.alias_maps {
        line("alias map", fault.clone())?;
    }
    if let Some(FilterStatus { address, problem }) = &status.filter {
        let answers = problem
            .as_ref()
            .map_or_else(|| "answers".to_owned(), |problem| format!("does not answer: {problem}"));
        line("filter", format!("{address} {answers}"))?;
    }
    let SpoolStatus { messages: count, octets, oldest, unreadable, destinations } = &status.spool;
    let oldest = oldest.map(|oldest| {
        let age = span(clock::millis().since(oldest));
        format!(", {}, the oldest {age} old", size(*octets))
    });
    line("spool", messages(*count) + &oldest.unwrap_or_default())?;
    for WaitingDestination { domain, messages } in destinations {
        line("", format!("{messages} for {domain}"))?;
    }
    if *unreadable > 0 {
        let count = messages(*unreadable);
        line("", count + " left aside, unreadable: onward doctor has their names")?;
    }
    for UnsafeAlias { alias, why, .. } in &status.unsafe_aliases {
        line("unsafe", format!("{alias} is not followed: {why}"))?;
    }
    for bite in &status.over_rates {
        let (limit, whose, rate, times) = (&bite.limit, &bite.whose, &bite.rate, bite.times);
        line("limit", format!("{whose} is over {limit} ({rate}): put off {times} times"))?;
    }
    for Told { provider, state, why, until, .. } in &status.providers {
        let until = until.map(|until| format!(" until {until}")).unwrap_or_default();
        let why = why.as_deref().map(|why| format!(": {}", printable(why))).unwrap_or_default();
        let (name, state) = (printable(provider), state.as_str());
        line("provider", format!("{name} is {state}{until}{why}"))?;
    }
    for node in &status.nodes {
        line("node", node_text(node))?;
    }
    line("failed", messages(status.failed_last_day) + " within a day")?;
    if status.dkim_broken_last_day > 0 {
        let count = messages(status.dkim_broken_last_day);
        line("broken", count + " within a day with a DKIM signature that no forward keeps")?;
    }
    Ok(())
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
