//! Rows of `spool` and `spool_legs`.

use super::{texts, ways_of, ways_text};
use crate::{
    account::Hold,
    address::{ForwardPath, Mailbox, ReversePath},
    envelope::{EnvelopeId, MailDsn, Notify, OriginalRecipient, RcptDsn, Returned},
    message::{Source, Text},
    reply::{ForeignReply, Status},
    slots::Cause,
    store::{
        Unreadable,
        spool::{Head, Leg, LegState, NewMessage, Spooled},
        sqlite::{
            column,
            error::{fault, unreadable},
            number,
        },
    },
};
use rusqlite::{Connection, Error, OptionalExtension, Result, Row, params};
use std::{fmt::Display, sync::Arc};

/// The states in which something is still to be done.
pub(super) const OPEN: &str = "('queued', 'sending', 'uncertain')";

/// The states in which nothing is. A state that is unknown is neither.
const CLOSED: &str = "('delivered', 'failed', 'dropped')";

/// Messages read at once.
const PAGE: usize = 1000;

/// A message without its bytes, or what is wrong with it.
pub(crate) type Readable = std::result::Result<Spooled, Unreadable>;

/// What is counted beside the messages.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Totals {
    /// Messages in the spool.
    pub(crate) messages: u64,
    /// Their octets.
    pub(crate) octets: u64,
    /// Changes by administrators so far.
    pub(crate) changes: i64,
}

/// Whether the octets of `new`, which is to be kept with `messages`, are a text. A small message that leaves as it came, in
/// one form, needs none.
pub(crate) fn has_text(messages: &[NewMessage], new: &NewMessage) -> bool {
    let source = &new.text.source;
    let same = messages.iter().filter(|new| Arc::ptr_eq(&new.text.source, source));
    same.count() > 1 || new.text.change.is_some() || !texts::is_one_piece(source)
}

/// Adds messages with their legs and gives their numbers. Those of one source have one text.
pub(crate) fn insert(connection: &Connection, messages: &[NewMessage]) -> Result<Vec<i64>> {
    let mut texts: Vec<(&Arc<Source>, i64)> = Vec::new();
    let mut kept = Vec::with_capacity(messages.len());
    for new in messages {
        let source = &new.text.source;
        let known = texts.iter().find(|(known, _)| Arc::ptr_eq(known, source));
        let text = match known {
            Some((_, text)) => Some(*text),
            None if has_text(messages, new) => {
                let text = texts::insert(connection, source.octets())?;
                texts.push((source, text));
                Some(text)
            }
            None => None,
        };
        kept.push(insert_one(connection, new, text)?);
    }
    Ok(kept)
}

fn insert_one(connection: &Connection, new: &NewMessage, text: Option<i64>) -> Result<i64> {
    let NewMessage { head, text: Text { prefix, change, source }, .. } = new;
    let change = change.as_ref();
    connection
        .prepare_cached(
            "INSERT INTO spool (id, arrived, client, helo, sender, notify, eight_bit, smtputf8,
             has_delivered, has_failed, print, caused_by, size, prefix, message, text, changed_from,
             changed_to, ret, envid)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            head.id,
            head.arrived,
            head.client.map(|ip| ip.to_string()),
            head.helo,
            path_text(&head.sender),
            head.sender != ReversePath::Null,
            head.eight_bit,
            head.smtputf8,
            head.has_delivered,
            head.has_failed,
            head.print,
            head.caused_by.as_ref().map(Cause::as_str),
            column(new.size()),
            &**prefix,
            match (text, change) {
                (None, _) => &source.octets()[..],
                (Some(_), change) => change.map_or(&b""[..], |change| &change.with),
            },
            text,
            change.map(|change| column(change.at.start as u64)),
            change.map(|change| column(change.at.end as u64)),
            head.dsn.returned.map(Returned::as_str),
            head.dsn.envelope_id.as_ref().map(EnvelopeId::as_str),
        ])?;
    let message = connection.last_insert_rowid();
    let mut statement = connection.prepare_cached(
        "INSERT INTO spool_legs (message, leg, recipient, mailbox, reverse_path, state, was_uncertain,
         attempts, next_attempt, code, status, text, notify, orcpt, delay_due, ways)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )?;
    for (at, leg) in (0_i64..).zip(&new.legs) {
        statement.execute(params![
            message,
            at,
            leg.recipient.bare(),
            leg.mailbox.to_string(),
            path_text(&leg.reverse_path),
            leg.state.as_str(),
            leg.was_uncertain,
            leg.attempts,
            leg.next_attempt,
            leg.reply.code,
            leg.reply.status.map(|status| status.to_string()).unwrap_or_default(),
            leg.reply.text,
            leg.dsn.notify.map(|notify| notify.to_string()),
            leg.dsn.original.as_ref().map(OriginalRecipient::as_str),
            leg.delay_due,
            leg.ways.as_ref().map(ways_text),
        ])?;
    }
    Ok(message)
}

/// What a [`Spooled`] is made of, without its legs.
pub(super) const HEAD: &str = "seq, id, arrived, client, helo, sender, eight_bit, smtputf8,
    has_delivered, has_failed, print, size, coalesce(text, seq), caused_by,
    (SELECT state FROM accounts WHERE id = substr(caused_by, length('account ') + 1)), ret, envid";
/// What a [`Leg`] is made of.
pub(super) const LEG: &str = "recipient, mailbox, reverse_path, state, was_uncertain, attempts,
    next_attempt, code, status, text, notify, orcpt, delay_due, ways";

/// Everything but the bytes of the message.
pub(crate) fn get(connection: &Connection, message: i64) -> Result<Option<Readable>> {
    let found = connection
        .prepare_cached(&format!("SELECT {HEAD} FROM spool WHERE seq = ?1"))?
        .query_row([message], readable)
        .optional()?;
    let mut page = Vec::from_iter(found);
    legs(connection, &mut page, message - 1, message)?;
    Ok(page.pop())
}

/// The messages behind the number `after`, a page of them, in a transaction that is open.
pub(crate) fn page(connection: &Connection, after: i64) -> Result<Vec<Readable>> {
    let mut page: Vec<Readable> = connection
        .prepare_cached(&format!(
            "SELECT {HEAD} FROM spool WHERE seq > ?1 ORDER BY seq LIMIT {PAGE}"
        ))?
        .query_map([after], readable)?
        .collect::<Result<_>>()?;
    if let Some(last) = page.last().map(seq) {
        legs(connection, &mut page, after, last)?;
    }
    Ok(page)
}

/// The number of a message.
pub(crate) fn seq(message: &Readable) -> i64 {
    message.as_ref().map_or_else(|unreadable| unreadable.seq, |message| message.seq)
}

/// Gives the messages of a page, whose numbers are above `after` and up to `last`, their legs.
fn legs(connection: &Connection, page: &mut [Readable], after: i64, last: i64) -> Result<()> {
    let mut messages = page.iter_mut().peekable();
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {LEG}, message FROM spool_legs WHERE message > ?1 AND message <= ?2
         ORDER BY message, leg"
    ))?;
    let mut legs = statement.query([after, last])?;
    while let Some(row) = legs.next()? {
        let of: i64 = row.get("message")?;
        while messages.next_if(|message| seq(message) < of).is_some() {}
        let Some(slot) = messages.peek_mut().filter(|message| seq(message) == of) else { continue };
        let Ok(message) = slot.as_mut() else { continue };
        match leg(row) {
            Ok(leg) => message.legs.push(leg),
            Err(error) => {
                let (seq, id) = (of, message.head.id.clone());
                **slot = Err(Unreadable { seq, id, reason: fault(error)? });
            }
        }
    }
    Ok(())
}

/// Reads the whole spool, in a transaction that is open.
pub(crate) fn all(connection: &Connection, mut each: impl FnMut(Readable)) -> Result<()> {
    let mut after = 0;
    loop {
        let page = page(connection, after)?;
        let Some(last) = page.last() else { return Ok(()) };
        after = seq(last);
        page.into_iter().for_each(&mut each);
    }
}

/// True of a message whose account must not send now.
pub(super) fn is_held(connection: &Connection, message: i64) -> Result<bool> {
    // Of what others sent nothing is read.
    let sql = format!("SELECT {HEAD} FROM spool WHERE seq = ?1 AND caused_by GLOB 'account *'");
    let held = connection
        .prepare_cached(&sql)?
        .query_row([message], |row| Ok(spooled(row)?.held.is_some()))
        .optional()?;
    Ok(held == Some(true))
}

/// Deletes a message with nothing left to do; its legs go with it.
pub(crate) fn bury(connection: &Connection, message: i64) -> Result<usize> {
    let sql = format!(
        "DELETE FROM spool WHERE seq = ?1 AND NOT EXISTS (
             SELECT 1 FROM spool_legs WHERE message = ?1 AND state NOT IN {CLOSED})"
    );
    connection.prepare_cached(&sql)?.execute([message])
}

/// Counted by the triggers.
pub(crate) fn totals(connection: &Connection) -> Result<Totals> {
    connection.prepare_cached("SELECT messages, octets, changes FROM spool_totals")?.query_row(
        (),
        |row| {
            Ok(Totals {
                messages: number(row.get(0)?),
                octets: number(row.get(1)?),
                changes: row.get(2)?,
            })
        },
    )
}

fn readable(row: &Row<'_>) -> Result<Readable> {
    let reason = match spooled(row) {
        Ok(spooled) => return Ok(Ok(spooled)),
        Err(error) => fault(error)?,
    };
    let id = String::from_utf8_lossy(row.get_ref(1)?.as_bytes()?).into_owned();
    Ok(Err(Unreadable { seq: row.get(0)?, id, reason }))
}

fn spooled(row: &Row<'_>) -> Result<Spooled> {
    let client: Option<String> = row.get(3)?;
    let head = Head {
        id: row.get(1)?,
        arrived: row.get(2)?,
        client: client.map(|ip| ip.parse().map_err(|why| wrong("client", &ip, why))).transpose()?,
        helo: row.get(4)?,
        sender: path(row.get_ref(5)?.as_str()?)?,
        eight_bit: row.get(6)?,
        smtputf8: row.get(7)?,
        has_delivered: row.get(8)?,
        has_failed: row.get(9)?,
        print: row.get(10)?,
        caused_by: row.get::<_, Option<String>>(13)?.map(|text| Cause::named(&text)),
        dsn: MailDsn {
            returned: asked(row, 15, "RET", Returned::parse)?,
            envelope_id: asked(row, 16, "ENVID", EnvelopeId::parse)?,
        },
    };
    let held = match (head.account(), row.get_ref(14)?.as_str_or_null()?) {
        (None, _) | (_, Some("enabled")) => None,
        (Some(_), Some("frozen")) => Some(Hold::Frozen),
        (Some(_), Some(_)) => Some(Hold::Disabled),
        (Some(_), None) => Some(Hold::Removed),
    };
    let (seq, size, source) = (row.get(0)?, number(row.get(11)?), row.get(12)?);
    Ok(Spooled { seq, head, size, source, legs: Vec::new(), held, node: None })
}

pub(super) fn leg(row: &Row<'_>) -> Result<Leg> {
    let state = row.get_ref(3)?.as_str()?;
    Ok(Leg {
        recipient: recipient(row.get_ref(0)?.as_str()?)?,
        mailbox: mailbox(row.get_ref(1)?.as_str()?)?,
        reverse_path: path(row.get_ref(2)?.as_str()?)?,
        state: LegState::parse(state).ok_or_else(|| wrong("state", state, "unknown"))?,
        was_uncertain: row.get(4)?,
        attempts: row.get(5)?,
        next_attempt: row.get(6)?,
        reply: ForeignReply {
            code: row.get(7)?,
            status: Status::parse(row.get_ref(8)?.as_str()?),
            text: row.get(9)?,
        },
        dsn: RcptDsn {
            notify: asked(row, 10, "NOTIFY", Notify::parse)?,
            original: asked(row, 11, "ORCPT", OriginalRecipient::parse)?,
        },
        delay_due: row.get(12)?,
        ways: row.get_ref(13)?.as_str_or_null()?.map(ways_of).transpose()?,
    })
}

/// The value of a parameter of RFC 3461, if it was given.
fn asked<T>(
    row: &Row<'_>,
    at: usize,
    what: &str,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>> {
    let text: Option<String> = row.get(at)?;
    text.map(|text| parse(&text).ok_or_else(|| wrong(what, &text, "no value of it"))).transpose()
}

fn path_text(path: &ReversePath) -> String {
    path.mailbox().map(ToString::to_string).unwrap_or_default()
}

fn path(text: &str) -> Result<ReversePath> {
    if text.is_empty() { Ok(ReversePath::Null) } else { mailbox(text).map(ReversePath::Mailbox) }
}

fn recipient(text: &str) -> Result<ForwardPath> {
    ForwardPath::from_bare(text).map_err(|why| wrong("recipient", text, why))
}

fn mailbox(text: &str) -> Result<Mailbox> {
    Mailbox::parse(text).map_err(|why| wrong("address", text, why))
}

fn wrong(what: &str, text: &str, why: impl Display) -> Error {
    unreadable(format!("{what} {text:?}: {why}"))
}
