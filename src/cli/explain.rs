//! `onward explain`: what would happen to a message, without sending it.

use super::{Context, Failure};
use crate::{
    address::{ForwardPath, Mailbox, ReversePath},
    admin::{Explanation, Question, explain},
};
use serde::Serialize;
use std::{
    fs,
    io::{self, Write},
    net::IpAddr,
    path::{Path, PathBuf},
    process::ExitCode,
};

/// A message larger than any that is forwarded is not read.
const MAX_FILE: u64 = 100 << 20;

/// Says what would happen to a message, and why: its way, its sender, its verdict
///
/// Nothing is sent. Without --message an unsigned one from the sender is supposed. Exits 1 when it
/// would be refused.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// To whom
    recipient: String,
    /// The reverse-path; "" or "<>" for a bounce
    #[arg(long, value_name = "ADDRESS")]
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
    let question = question(args)?;
    let runtime = tokio::runtime::Runtime::new().map_err(Failure::new)?;
    let explanation = runtime.block_on(explain(config, &question)).map_err(Failure::new)?;
    let shown = Shown::new(&question, &explanation);
    let mut out = context.out();
    if args.json {
        serde_json::to_writer(&mut out, &shown).map_err(io::Error::from)?;
        writeln!(out)?;
    } else {
        shown.write(&mut out)?;
    }
    Ok(if explanation.refused.is_none() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
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
        Some(file) => read(file)?,
        None => {
            let author = args.header_from.as_deref().unwrap_or(match args.from.as_str() {
                "" | "<>" => "postmaster@localhost",
                sender => sender,
            });
            let author = Mailbox::parse(author).map_err(|error| usage(author, &error))?;
            format!("From: <{author}>\r\nMessage-ID: <supposed@localhost>\r\n\r\n").into_bytes()
        }
    };
    let helo = args.helo.clone().or(domain).unwrap_or_else(|| "localhost".to_owned());
    Ok(Question { recipient, sender, ip: args.ip, helo, message })
}

/// The message as it would come over SMTP: a file may have the line ends of this system.
fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    let size = fs::metadata(file).map_err(|error| Failure::file(file, error))?.len();
    if size > MAX_FILE {
        return Err(Failure::file(file, "larger than any message that is forwarded"));
    }
    let bytes = fs::read(file).map_err(|error| Failure::file(file, error))?;
    let mut message = Vec::with_capacity(bytes.len());
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        message.extend_from_slice(text.strip_suffix(b"\r").unwrap_or(text));
        message.extend_from_slice(b"\r\n");
    }
    Ok(message)
}

/// The object of `--json`. Its fields are a promise to scripts.
#[derive(Serialize)]
struct Shown<'a> {
    to: String,
    from: String,
    destinations: Vec<Destination<'a>>,
    lost: &'a [String],
    srs_from: Option<&'a str>,
    checks: Option<&'a str>,
    class: Option<String>,
    verdict: &'static str,
    reply: Option<String>,
}

#[derive(Serialize)]
struct Destination<'a> {
    mailbox: &'a str,
    next_hop: &'a str,
}

impl<'a> Shown<'a> {
    fn new(question: &Question, explanation: &'a Explanation) -> Self {
        let destinations = explanation.destinations.iter();
        let sender = question.sender.mailbox();
        Self {
            to: question.recipient.bare(),
            from: sender.map_or_else(|| "<>".to_owned(), ToString::to_string),
            destinations: destinations
                .map(|(mailbox, next_hop)| Destination { mailbox, next_hop })
                .collect(),
            lost: &explanation.lost,
            srs_from: explanation.srs_from.as_deref(),
            checks: explanation.checks.as_deref(),
            class: explanation.class.map(|class| class.to_string()),
            verdict: match explanation {
                Explanation { refused: Some(_), .. } => "refused",
                Explanation { destinations, .. } if destinations.is_empty() => "discarded",
                Explanation { is_munged: true, .. } => "munged",
                _ => "forwarded",
            },
            reply: explanation.refused.as_ref().map(ToString::to_string),
        }
    }

    fn write(&self, out: &mut impl Write) -> Result<(), Failure> {
        let mut line = |name: &str, text: &str| writeln!(out, "{name:<9}{text}");
        line("to", &self.to)?;
        for Destination { mailbox, next_hop } in &self.destinations {
            line("leads to", &format!("{mailbox} at {next_hop}"))?;
        }
        for lost in self.lost {
            line("not to", lost)?;
        }
        line("from", &self.from)?;
        if let Some(srs_from) = self.srs_from {
            line("sent as", srs_from)?;
        }
        if let Some(checks) = self.checks {
            line("checks", checks)?;
        }
        if let Some(class) = &self.class {
            line("class", class)?;
        }
        line(
            "verdict",
            match self.verdict {
                "munged" => "munged: its From becomes the alias, answers go to the author",
                "forwarded" => "forwarded as it is",
                "discarded" => "accepted and thrown away, as the alias says",
                verdict => verdict,
            },
        )?;
        if let Some(reply) = &self.reply {
            line("reply", reply)?;
        }
        Ok(())
    }
}
