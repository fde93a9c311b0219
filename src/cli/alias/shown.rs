//! What `onward alias show` prints.

use crate::{admin::aliases::ShownAlias, alias::Rules, config::print_rate};
use std::io::{self, Write};

/// An alias, what it says of itself, and where it finally leads.
pub(super) fn write(out: &mut impl Write, shown: &ShownAlias) -> io::Result<()> {
    writeln!(out, "{}", shown.alias.without_rules())?;
    write_rules(out, shown.alias.rules())?;
    writeln!(out, "  {}", shown.counters)?;
    if shown.is_discarded {
        writeln!(out, "  mail is accepted and thrown away")?;
    }
    if let Some(reply) = &shown.reply {
        writeln!(out, "  refused: {reply}")?;
    }
    let known = shown.leads_to.len().saturating_sub(shown.templates);
    for mailbox in shown.leads_to.iter().take(known) {
        writeln!(out, "  leads to {mailbox}")?;
    }
    for refused in &shown.refused {
        writeln!(out, "  not to {}: {}", refused.address, refused.reply)?;
    }
    for template in shown.leads_to.iter().skip(known) {
        writeln!(out, "  leads to {template}, as matched")?;
    }
    Ok(())
}

fn write_rules(out: &mut impl Write, rules: &Rules) -> io::Result<()> {
    let Rules { note, expires, max_messages, allow, block, limit, spam, reply_by_address, digest } =
        rules;
    if let Some(note) = note {
        writeln!(out, "  note: {note}")?;
    }
    if let Some(spam) = spam {
        writeln!(out, "  spam: {spam}")?;
    }
    for sender in allow {
        writeln!(out, "  allows {sender}")?;
    }
    for sender in block {
        writeln!(out, "  blocks {sender}")?;
    }
    if let Some(limit) = limit {
        writeln!(out, "  limit: {}", print_rate(*limit))?;
    }
    if let Some(most) = max_messages {
        let messages = if *most == 1 { "message" } else { "messages" };
        writeln!(out, "  takes {most} {messages}")?;
    }
    if let Some(expires) = expires {
        writeln!(out, "  until {expires}")?;
    }
    if *reply_by_address {
        writeln!(out, "  answered by address")?;
    }
    if let Some(digest) = digest {
        writeln!(out, "  digest: {digest}")?;
    }
    Ok(())
}
