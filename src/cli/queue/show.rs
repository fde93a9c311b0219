use super::{Failure, table::in_future, view};
use crate::{
    cli::{
        size::size,
        time::{rfc3339, span},
    },
    clock,
    log::printable,
    store::spool::{Head, Spooled},
};
use std::io::Write;

/// All that is known of a message, for people.
pub(super) fn write(message: &Spooled, out: &mut impl Write) -> Result<(), Failure> {
    let head = &message.head;
    writeln!(out, "{}  {}", head.id, view::state(message))?;
    let age = span(clock::millis().since(head.arrived));
    writeln!(out, "  arrived {}, {age} ago", rfc3339(head.arrived))?;
    writeln!(out, "  by      {}", printable(&brought_by(head)))?;
    let told = if head.notify { "is told when it fails" } else { "is not told when it fails" };
    writeln!(out, "  from    {}, who {told}", printable(&view::from(message)))?;
    writeln!(out, "  size    {}", size(message.size))?;
    for leg in &message.legs {
        let to = format!("{} -> {}", leg.recipient.bare(), leg.mailbox);
        writeln!(out, "  to      {}: {}", printable(&to), leg.state)?;
        writeln!(out, "    as    {}", printable(&leg.reverse_path.to_string()))?;
        let tries = if leg.attempts == 1 { "attempt" } else { "attempts" };
        let reply = printable(&leg.reply.to_string());
        writeln!(out, "    last  {reply} ({} {tries})", leg.attempts)?;
        if let Some(due) = view::due(leg, message) {
            writeln!(out, "    next  {} ({})", rfc3339(due), in_future(Some(due)))?;
        }
    }
    writeln!(out, "  every attempt: onward trace --id {}", head.id)?;
    Ok(())
}

fn brought_by(head: &Head) -> String {
    match (head.client, head.helo.as_str()) {
        (Some(ip), helo) => format!("{ip} ({helo})"),
        // Our own notices come from nobody.
        (None, "") => "Onward itself".to_owned(),
        (None, helo) => format!("unix socket ({helo})"),
    }
}
