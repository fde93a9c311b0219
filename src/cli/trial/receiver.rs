//! `onward try --receiver`: what a large receiver's published rules say of a message, or of this set-up.

use super::Args;
use crate::{
    admin::{
        Store,
        doctor::{HeldRule, Outgoing, held},
    },
    cli::{
        Context, Failure,
        context::{Purpose, block_on, with_existing_store, write_json},
        files::message_in,
        progress::Bar,
        wrap::{WIDTH, wrapped},
    },
    config::Config,
    provider::published::RuleBook,
};
use std::{
    io::{self, Write},
    process::ExitCode,
};

/// Where the words of a rule begin.
const INDENT: usize = 8;

/// Exits 1 when a rule is broken by whose breach mail is refused.
///
/// # Errors
/// When the message, the configuration or the store cannot be read.
pub(super) fn run(book: RuleBook, args: &Args, context: &Context) -> Result<ExitCode, Failure> {
    let message = args.message.as_deref().map(message_in).transpose()?;
    // A message can be held against the rules anywhere; a set-up is that of a configuration.
    let is_known = message.is_none() || context.config_file().exists();
    let config = if is_known { Some(context.config()?) } else { None };
    let outgoing = Outgoing {
        book,
        is_bulk: args.bulk,
        addresses: args.addresses.clone(),
        message: message.as_deref(),
    };
    let bar = Bar::of("asking DNS", args.json);
    let rules = block_on(async { ask(config.as_ref(), &outgoing).await })?;
    bar.clear();
    let mut out = context.out();
    for rule in &rules {
        match args.json {
            true => write_json(&mut out, rule)?,
            false => write(&mut out, rule)?,
        }
    }
    let is_refused = rules.iter().any(|rule| rule.kept == Some(false) && rule.reply.is_some());
    if !args.json {
        let count = |kept| rules.iter().filter(|rule| rule.kept == kept).count();
        let (broken, open) = (count(Some(false)), count(None));
        let verdict = if is_refused { "refuses" } else { "takes" };
        writeln!(out, "{broken} broken, {open} not known: by its own rules {book} {verdict} it")?;
    }
    Ok(if is_refused { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

async fn ask(config: Option<&Config>, outgoing: &Outgoing<'_>) -> Result<Vec<HeldRule>, Failure> {
    let Some(known) = config else { return Ok(held(None, None, outgoing).await?) };
    with_existing_store(known, Purpose::Read, async |store: Option<&Store>| {
        Ok(held(config, store, outgoing).await?)
    })
    .await
}

fn write(out: &mut impl Write, rule: &HeldRule) -> io::Result<()> {
    let HeldRule { says, source, kept, reply, .. } = rule;
    let state = match (kept, reply) {
        (Some(true), _) => "ok",
        (Some(false), Some(_)) => "BROKEN",
        (Some(false), None) => "broken",
        (None, _) => "?",
    };
    let mut texts = vec![(*says).to_owned()];
    if *kept == Some(false) {
        texts.push(match reply {
            Some(reply) => format!("else: {reply}"),
            None => "else: it is filed as spam sooner".to_owned(),
        });
    }
    texts.push(format!("by {source}"));
    for (at, text) in texts.iter().enumerate() {
        for (row, line) in wrapped(text, WIDTH - INDENT).into_iter().enumerate() {
            let name = if at + row == 0 { state } else { "" };
            writeln!(out, "{name:<INDENT$}{line}")?;
        }
    }
    Ok(())
}
