//! `onward explain`: what would happen to a message, without sending it.

use super::{
    Context, Failure,
    argument::address,
    context::{block_on, write_json},
    files::message_in,
};
use crate::{
    address::{ForwardPath, Mailbox, ReversePath},
    admin::{ExplainedDestination, Explanation, Question, Verdict, explain},
    log::printable,
};
use std::{io::Write, net::IpAddr, path::PathBuf, process::ExitCode};

/// Says what would happen to a message, and why: its way, its sender, its verdict
///
/// Nothing is sent. Without --message an unsigned one from the sender is supposed. Exits 1 when it
/// would be refused.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// To whom
    #[arg(allow_hyphen_values = true, value_parser = address)]
    recipient: String,
    /// The reverse-path; "" or "<>" for a bounce
    #[arg(long, value_name = "ADDRESS", allow_hyphen_values = true, value_parser = address)]
    from: String,
    /// The client that brings it
    #[arg(long, value_name = "ADDRESS")]
    ip: IpAddr,
    /// What the client calls itself [default: the sender's domain]
    #[arg(long, value_name = "NAME")]
    helo: Option<String>,
    /// The From of the message, where it is not the reverse-path
    #[arg(long, value_name = "ADDRESS", conflicts_with = "message")]
    header_from: Option<String>,
    /// The message itself, as a file: its signatures are checked too
    #[arg(long, value_name = "FILE")]
    message: Option<PathBuf>,
    /// Ask the spam filter too, which sees the message then
    #[arg(long)]
    filter: bool,
    /// One JSON object
    #[arg(long)]
    json: bool,
}

/// `onward explain`.
///
/// # Errors
/// When an address is none, or the store cannot be read.
pub fn run(args: &Args, context: &Context) -> Result<ExitCode, Failure> {
    let config = context.config()?;
    if args.filter && config.filter.rspamd.is_none() {
        return Err(Failure::Usage(
            "--filter: the configuration has no [filter] with rspamd".into(),
        ));
    }
    let question = question(args)?;
    let explanation = block_on(async { explain(config, &question).await.map_err(Failure::new) })?;
    let mut out = context.out();
    match args.json {
        true => write_json(&mut out, &explanation)?,
        false => write(&explanation, &mut out)?,
    }
    let is_refused = explanation.verdict == Verdict::Refused;
    Ok(if is_refused { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn question(args: &Args) -> Result<Question, Failure> {
    let usage = |text: &str, error: &dyn std::fmt::Display| {
        Failure::Usage(format!("{text:?} is no mail address: {error}"))
    };
    let recipient =
        ForwardPath::from_bare(&args.recipient).map_err(|error| usage(&args.recipient, &error))?;
    let sender = match args.from.as_str() {
        "" | "<>" => ReversePath::Null,
        text => ReversePath::Mailbox(Mailbox::parse(text).map_err(|error| usage(text, &error))?),
    };
    let domain = sender.mailbox().map(|mailbox| mailbox.domain().to_string());
    let message = match &args.message {
        Some(file) => message_in(file)?,
        None => {
            let author = args.header_from.as_deref().unwrap_or(match args.from.as_str() {
                "" | "<>" => "postmaster@localhost",
                sender => sender,
            });
            let author = Mailbox::parse(author).map_err(|error| usage(author, &error))?;
            let to = recipient.bare();
            format!("From: <{author}>\r\nTo: <{to}>\r\nMessage-ID: <supposed@localhost>\r\n\r\n")
                .into_bytes()
        }
    };
    let helo = args.helo.clone().or(domain).unwrap_or_else(|| "localhost".to_owned());
    Ok(Question { recipient, sender, ip: args.ip, helo, message, asks_filter: args.filter })
}

fn write(explanation: &Explanation, out: &mut impl Write) -> Result<(), Failure> {
    let mut line = |name: &str, text: &str| writeln!(out, "{name:<9}{text}");
    line("to", &explanation.to)?;
    for ExplainedDestination { mailbox, next_hop, no_mail, held, .. } in &explanation.destinations {
        let why = no_mail.as_ref().map(|why| format!(", whose domain {why}")).unwrap_or_default();
        line("leads to", &format!("{mailbox} at {next_hop}{why}"))?;
        if let Some(held) = held {
            line("held", &printable(held))?;
        }
    }
    for lost in &explanation.lost {
        line("not to", lost)?;
    }
    if let Some(alias) = &explanation.makes {
        line("makes", &format!("the alias {alias}, when it is taken"))?;
    }
    if let Some(alias) = &explanation.alias {
        line("alias", alias)?;
    }
    if let Some(rule) = &explanation.rule {
        line("rule", rule)?;
    }
    if let Some(rules) = &explanation.rules {
        line("rules", rules)?;
    }
    if let Some(limit) = &explanation.limit {
        line("limit", limit)?;
    }
    if let Some(answers) = &explanation.answers {
        line("answers", answers)?;
    }
    line("from", &explanation.from)?;
    if let Some(srs_from) = &explanation.srs_from {
        line("sent as", srs_from)?;
    }
    for list in &explanation.lists {
        let action = match list.code {
            Some(_) => format!(", {}", list.action),
            None => String::new(),
        };
        line("list", &format!("{}{action}", list.said))?;
    }
    if let Some(checks) = &explanation.checks {
        line("checks", checks)?;
    }
    if let Some(class) = &explanation.class {
        line("class", class)?;
    }
    if let Some(filter) = &explanation.filter {
        line("filter", &filter.to_string())?;
    }
    if let Some(why) = &explanation.unfiltered {
        line("filter", why)?;
    }
    let verdict = match explanation.verdict {
        Verdict::Munged => "munged: its From becomes the alias, answers go to the author",
        Verdict::Marked => "forwarded with fields that mark it as spam",
        Verdict::Answered => "sent on as an answer of the alias",
        Verdict::Forwarded => "forwarded as it is",
        Verdict::Waits => "waits until it can be forwarded, in the spool or with its sender",
        Verdict::Discarded => "accepted and thrown away, as the alias says",
        Verdict::Refused => "refused",
    };
    line("verdict", verdict)?;
    if let Some(reply) = &explanation.reply {
        line("reply", reply)?;
    }
    Ok(())
}
