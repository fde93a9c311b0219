use super::{Failure, Record};
use crate::{
    address::Mailbox,
    alias::{Alias, AliasAddress, Destination, Dropped, Expansion},
    store::{ChangeError, blocking::Directory},
};
use serde::Serialize;
use std::io::Write;

/// Prints an alias and where it finally leads.
pub(super) fn show(
    directory: &Directory,
    address: &AliasAddress,
    postmaster: Option<&Mailbox>,
    json: bool,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let alias =
        directory.get(address)?.ok_or_else(|| ChangeError::NoSuchAlias(address.to_string()))?;
    let leads_to = directory.leads_to(&alias, postmaster)?;
    if json {
        serde_json::to_writer(&mut *out, &Shown::new(&alias, &leads_to))
            .map_err(std::io::Error::from)?;
        writeln!(out)?;
        return Ok(());
    }
    writeln!(out, "{alias}")?;
    match &leads_to {
        None => {}
        Some(Expansion::Discard) => writeln!(out, "  mail is accepted and thrown away")?,
        Some(Expansion::Refuse(reply)) => writeln!(out, "  refused: {reply}")?,
        Some(Expansion::Deliver { mailboxes, dropped }) => {
            for mailbox in mailboxes {
                writeln!(out, "  leads to {mailbox}")?;
            }
            for Dropped { address, reply } in dropped {
                writeln!(out, "  not to {address}: {reply}")?;
            }
        }
    }
    for template in templates(&alias) {
        writeln!(out, "  leads to {template}, as matched")?;
    }
    Ok(())
}

fn templates(alias: &Alias) -> impl Iterator<Item = String> {
    let is_template = |destination: &&Destination| destination.mailbox().is_none();
    let enabled = alias.enabled();
    alias
        .destinations()
        .iter()
        .filter(is_template)
        .filter(move |_| enabled)
        .map(ToString::to_string)
}

/// The object of `--json`: the fields of a listing, then where it leads.
#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    alias: Record,
    leads_to: Vec<String>,
    /// Destinations that get nothing.
    refused: Vec<Refused>,
    /// The answer for all of it, where nothing is delivered.
    #[serde(skip_serializing_if = "Option::is_none")]
    reply: Option<String>,
}

#[derive(Serialize)]
struct Refused {
    address: String,
    reply: String,
}

impl Shown {
    fn new(alias: &Alias, expansion: &Option<Expansion>) -> Self {
        let mut shown = Self {
            alias: Record::from(alias),
            leads_to: Vec::new(),
            refused: Vec::new(),
            reply: None,
        };
        match expansion {
            None | Some(Expansion::Discard) => {}
            Some(Expansion::Refuse(reply)) => shown.reply = Some(reply.to_string()),
            Some(Expansion::Deliver { mailboxes, dropped }) => {
                shown.leads_to.extend(mailboxes.iter().map(ToString::to_string));
                shown.refused.extend(dropped.iter().map(|Dropped { address, reply }| Refused {
                    address: address.clone(),
                    reply: reply.to_string(),
                }));
            }
        }
        shown.leads_to.extend(templates(alias));
        shown
    }
}
