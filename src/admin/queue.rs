use super::{Failure, view};
use crate::{
    cli::time::rfc3339,
    store::spool::{Leg, Spooled},
};
use serde::Serialize;
use std::io::Write;

/// The object of `--json`. Its fields are a promise to scripts.
#[derive(Serialize)]
struct Line<'a> {
    id: &'a str,
    from: String,
    to: Vec<String>,
    state: &'static str,
    attempts: u32,
    next_attempt: Option<String>,
    size: u64,
    arrived: String,
    legs: Vec<LegLine>,
}

#[derive(Serialize)]
struct LegLine {
    to: String,
    destination: String,
    state: &'static str,
    attempts: u32,
    next_attempt: Option<String>,
    reply: String,
}

/// One message, one line.
pub(super) fn write(message: &Spooled, out: &mut impl Write) -> Result<(), Failure> {
    let line = Line {
        id: &message.head.id,
        from: view::from(message),
        to: view::to(message),
        state: view::state(message),
        attempts: view::attempts(message),
        next_attempt: view::next_attempt(message).map(rfc3339),
        size: message.size,
        arrived: rfc3339(message.head.arrived),
        legs: message.legs.iter().map(|leg| LegLine::of(leg, message)).collect(),
    };
    serde_json::to_writer(&mut *out, &line).map_err(std::io::Error::from)?;
    writeln!(out)?;
    Ok(())
}

impl LegLine {
    fn of(leg: &Leg, message: &Spooled) -> Self {
        Self {
            to: leg.recipient.bare(),
            destination: leg.mailbox.to_string(),
            state: leg.state.as_str(),
            attempts: leg.attempts,
            next_attempt: view::due(leg, message).map(rfc3339),
            reply: leg.reply.to_string(),
        }
    }
}
