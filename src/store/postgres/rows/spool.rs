//! Rows of `spool` and `spool_legs`.

use super::texts;
use crate::{
    account::Hold,
    address::{ForwardPath, Mailbox, ReversePath},
    envelope::{EnvelopeId, MailDsn, Notify, OriginalRecipient, RcptDsn, Returned},
    message::{Source, Text},
    reply::{ForeignReply, Status},
    slots::Cause,
    store::{
        Unreadable,
        number::{column, number},
        postgres::{
            ask::{self, Result, count, get, millis},
            error::{Error, fault, unreadable},
        },
        spool::{Head, Leg, LegState, NewMessage, Spooled},
        ways::{ways_of, ways_text},
    },
    time::Millis,
};
use deadpool_postgres::Transaction;
use std::{borrow::Cow, fmt::Display, sync::Arc};
use tokio_postgres::Row;

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
}

/// Whether the octets of `new`, which is to be kept with `messages`, are a text. A small message that leaves as it came, in
/// one form, needs none.
pub(crate) fn has_text(messages: &[NewMessage], new: &NewMessage) -> bool {
    let source = &new.text.source;
    let same = messages.iter().filter(|new| Arc::ptr_eq(&new.text.source, source));
    same.count() > 1 || new.text.change.is_some() || !texts::is_one_piece(source)
}

/// Adds messages with their legs, which `owner` answers for, and gives their numbers. Those of one source have one text.
pub(crate) async fn insert(
    tx: &Transaction<'_>,
    messages: &[NewMessage],
    owner: Option<i64>,
) -> Result<Vec<i64>> {
    let mut texts: Vec<(&Arc<Source>, i64)> = Vec::new();
    let mut kept = Vec::with_capacity(messages.len());
    for new in messages {
        let source = &new.text.source;
        let known = texts.iter().find(|(known, _)| Arc::ptr_eq(known, source));
        let text = match known {
            Some((_, text)) => Some(*text),
            None if has_text(messages, new) => {
                let text = texts::insert(tx, source.octets()).await?;
                texts.push((source, text));
                Some(text)
            }
            None => None,
        };
        kept.push(insert_one(tx, new, text, owner).await?);
    }
    Ok(kept)
}

/// The numbers of messages that are there already, by their ids: of all or of none.
pub(crate) async fn known(tx: &Transaction<'_>, messages: &[NewMessage]) -> Result<Vec<i64>> {
    let mut known = Vec::with_capacity(messages.len());
    for new in messages {
        let sql = "SELECT seq FROM spool WHERE id = $1";
        known.extend(ask::first(tx, sql, &[&new.head.id], |row| get::<i64>(row, 0)).await?);
    }
    Ok(if known.len() == messages.len() { known } else { Vec::new() })
}

async fn insert_one(
    tx: &Transaction<'_>,
    new: &NewMessage,
    text: Option<i64>,
    owner: Option<i64>,
) -> Result<i64> {
    let NewMessage { head, text: Text { prefix, change, source }, .. } = new;
    let change = change.as_ref();
    let message: &[u8] = match (text, change) {
        (None, _) => source.octets(),
        (Some(_), change) => change.map_or(&b""[..], |change| &change.with),
    };
    let sql = "INSERT INTO spool (id, arrived, client, helo, sender, eight_bit, smtputf8, has_delivered, has_failed,
                   print, caused_by, size, prefix, message, text, changed_from, changed_to, ret, envid, owner)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)
               RETURNING seq";
    let values: &ask::Values<'_> = &[
        &head.id,
        &column(head.arrived.as_millis()),
        &head.client.map(|ip| ip.to_string()),
        &clean(&head.helo),
        &path_text(&head.sender),
        &head.eight_bit,
        &head.smtputf8,
        &head.has_delivered,
        &head.has_failed,
        &head.print.as_ref().map(|print| &print[..]),
        &head.caused_by.as_ref().map(Cause::as_str),
        &column(new.size()),
        &&**prefix,
        &message,
        &text,
        &change.map(|change| column(change.at.start as u64)),
        &change.map(|change| column(change.at.end as u64)),
        &head.dsn.returned.map(Returned::as_str),
        &head.dsn.envelope_id.as_ref().map(EnvelopeId::as_str),
        &owner,
    ];
    let seq: i64 = ask::one(tx, sql, values, |row| get(row, 0)).await?;
    let sql = "INSERT INTO spool_legs (message, leg, recipient, mailbox, reverse_path, state, was_uncertain,
                   attempts, next_attempt, code, status, text, notify, orcpt, delay_due, ways)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)";
    for (at, leg) in (0_i64..).zip(&new.legs) {
        let values: &ask::Values<'_> = &[
            &seq,
            &at,
            &leg.recipient.bare(),
            &leg.mailbox.to_string(),
            &path_text(&leg.reverse_path),
            &leg.state.as_str(),
            &leg.was_uncertain,
            &i64::from(leg.attempts),
            &column(leg.next_attempt.as_millis()),
            &i32::from(leg.reply.code),
            &leg.reply.status.map(|status| status.to_string()).unwrap_or_default(),
            &clean(&leg.reply.text),
            &leg.dsn.notify.map(|notify| notify.to_string()),
            &leg.dsn.original.as_ref().map(OriginalRecipient::as_str),
            &leg.delay_due.map(|due| column(due.as_millis())),
            &leg.ways.as_ref().map(ways_text),
        ];
        ask::run(tx, sql, values).await?;
    }
    Ok(seq)
}

/// A text of PostgreSQL has no NUL.
pub(crate) fn clean(text: &str) -> Cow<'_, str> {
    match memchr::memchr(0, text.as_bytes()) {
        Some(_) => text.replace('\0', "\u{fffd}").into(),
        None => text.into(),
    }
}

/// What a [`Spooled`] is made of, without its legs.
const HEAD: &str = "s.seq, s.id, s.arrived, s.client, s.helo, s.sender, s.eight_bit, s.smtputf8,
    s.has_delivered, s.has_failed, s.print, s.size, coalesce(s.text, s.seq), s.caused_by,
    (SELECT a.state FROM accounts a WHERE a.id = substr(s.caused_by, length('account ') + 1)), s.ret, s.envid,
    (SELECT n.name FROM nodes n WHERE n.id = s.owner AND n.lease_until > clock_timestamp())";
/// What a [`Leg`] is made of.
pub(super) const LEG: &str = "recipient, mailbox, reverse_path, state, was_uncertain, attempts,
    next_attempt, code, status, text, notify, orcpt, delay_due, ways";
/// What stands behind that.
const BEHIND_LEG: usize = 14;

/// Everything but the bytes of the message.
pub(crate) async fn of(tx: &Transaction<'_>, message: i64) -> Result<Option<Readable>> {
    let sql = format!("SELECT {HEAD} FROM spool s WHERE s.seq = $1");
    let found = ask::first(tx, &sql, &[&message], readable).await?;
    let mut page = Vec::from_iter(found);
    legs(tx, &mut page, message - 1, message).await?;
    Ok(page.pop())
}

/// The messages behind the number `after`, a page of them.
pub(crate) async fn page(tx: &Transaction<'_>, after: i64) -> Result<Vec<Readable>> {
    page_of(tx, after, None).await
}

/// The same of those that `owner` owns, if one is given.
pub(crate) async fn page_of(
    tx: &Transaction<'_>,
    after: i64,
    owner: Option<i64>,
) -> Result<Vec<Readable>> {
    let of = if owner.is_some() { "s.owner = $2" } else { "$2::bigint IS NULL" };
    let sql =
        format!("SELECT {HEAD} FROM spool s WHERE {of} AND s.seq > $1 ORDER BY s.seq LIMIT {PAGE}");
    let mut page = ask::all(tx, &sql, &[&after, &owner], readable).await?;
    if let Some(last) = page.last().map(seq) {
        legs(tx, &mut page, after, last).await?;
    }
    Ok(page)
}

/// The messages of these numbers.
pub(crate) async fn of_all(tx: &Transaction<'_>, messages: &[i64]) -> Result<Vec<Readable>> {
    let sql = format!("SELECT {HEAD} FROM spool s WHERE s.seq = ANY ($1) ORDER BY s.seq");
    let mut page = ask::all(tx, &sql, &[&messages], readable).await?;
    let sql = format!(
        "SELECT {LEG}, message FROM spool_legs WHERE message = ANY ($1) ORDER BY message, leg"
    );
    let read = |row: &Row| Ok((get::<i64>(row, BEHIND_LEG)?, leg(row)));
    add_legs(&mut page, ask::all(tx, &sql, &[&messages], read).await?)?;
    Ok(page)
}

/// The number of a message.
pub(crate) fn seq(message: &Readable) -> i64 {
    message.as_ref().map_or_else(|unreadable| unreadable.seq, |message| message.seq)
}

/// Gives the messages of a page, whose numbers are above `after` and up to `last`, their legs.
async fn legs(tx: &Transaction<'_>, page: &mut [Readable], after: i64, last: i64) -> Result<()> {
    let sql = format!(
        "SELECT {LEG}, message FROM spool_legs WHERE message > $1 AND message <= $2
         ORDER BY message, leg"
    );
    let read = |row: &Row| Ok((get::<i64>(row, BEHIND_LEG)?, leg(row)));
    add_legs(page, ask::all(tx, &sql, &[&after, &last], read).await?)
}

/// Gives messages, in the order of their numbers, their legs, each with the number of its message.
fn add_legs(page: &mut [Readable], legs: Vec<(i64, Result<Leg>)>) -> Result<()> {
    let mut messages = page.iter_mut().peekable();
    for (of, leg) in legs {
        while messages.next_if(|message| seq(message) < of).is_some() {}
        let Some(slot) = messages.peek_mut().filter(|message| seq(message) == of) else { continue };
        let Ok(message) = slot.as_mut() else { continue };
        match leg {
            Ok(leg) => message.legs.push(leg),
            Err(error) => {
                let (seq, id) = (of, message.head.id.clone());
                **slot = Err(Unreadable { seq, id, reason: fault(error)? });
            }
        }
    }
    Ok(())
}

/// True of a message whose account must not send now.
pub(super) async fn is_held(tx: &Transaction<'_>, message: i64) -> Result<bool> {
    let sql = format!("SELECT {HEAD} FROM spool s WHERE s.seq = $1");
    let held = ask::first(tx, &sql, &[&message], |row| Ok(spooled(row)?.held.is_some())).await?;
    Ok(held == Some(true))
}

/// Deletes messages with nothing left to do; their legs go with them.
pub(crate) async fn bury(tx: &Transaction<'_>, messages: &[i64]) -> Result<u64> {
    let sql = format!(
        "DELETE FROM spool WHERE seq = ANY ($1) AND NOT EXISTS (
             SELECT 1 FROM spool_legs WHERE message = seq AND state NOT IN {CLOSED})"
    );
    ask::run(tx, &sql, &[&messages]).await
}

/// Counted by the triggers.
pub(crate) async fn totals(tx: &Transaction<'_>) -> Result<Totals> {
    let sql = "SELECT sum(messages)::bigint, sum(octets)::bigint FROM spool_counts";
    ask::one(tx, sql, &[], |row| Ok(Totals { messages: count(row, 0)?, octets: count(row, 1)? }))
        .await
}

fn readable(row: &Row) -> Result<Readable> {
    let reason = match spooled(row) {
        Ok(spooled) => return Ok(Ok(spooled)),
        Err(error) => fault(error)?,
    };
    Ok(Err(Unreadable { seq: get(row, 0)?, id: get(row, 1)?, reason }))
}

fn spooled(row: &Row) -> Result<Spooled> {
    let client: Option<&str> = get(row, 3)?;
    let head = Head {
        id: get(row, 1)?,
        arrived: millis(row, 2)?,
        client: client.map(|ip| ip.parse().map_err(|why| wrong("client", ip, why))).transpose()?,
        helo: get(row, 4)?,
        sender: path(get(row, 5)?)?,
        eight_bit: get(row, 6)?,
        smtputf8: get(row, 7)?,
        has_delivered: get(row, 8)?,
        has_failed: get(row, 9)?,
        print: get::<Option<&[u8]>>(row, 10)?
            .map(TryInto::try_into)
            .transpose()
            .map_err(unreadable)?,
        caused_by: get::<Option<&str>>(row, 13)?.map(Cause::named),
        dsn: MailDsn {
            returned: asked(row, 15, "RET", Returned::parse)?,
            envelope_id: asked(row, 16, "ENVID", EnvelopeId::parse)?,
        },
    };
    let held = match (head.account(), get::<Option<&str>>(row, 14)?) {
        (None, _) | (_, Some("enabled")) => None,
        (Some(_), Some("frozen")) => Some(Hold::Frozen),
        (Some(_), Some(_)) => Some(Hold::Disabled),
        (Some(_), None) => Some(Hold::Removed),
    };
    let (seq, size, source) = (get(row, 0)?, count(row, 11)?, get(row, 12)?);
    Ok(Spooled { seq, head, size, source, legs: Vec::new(), held, node: get(row, 17)? })
}

pub(super) fn leg(row: &Row) -> Result<Leg> {
    let state: &str = get(row, 3)?;
    Ok(Leg {
        recipient: recipient(get(row, 0)?)?,
        mailbox: mailbox(get(row, 1)?)?,
        reverse_path: path(get(row, 2)?)?,
        state: LegState::parse(state).ok_or_else(|| wrong("state", state, "unknown"))?,
        was_uncertain: get(row, 4)?,
        attempts: u32::try_from(get::<i64>(row, 5)?).map_err(unreadable)?,
        next_attempt: millis(row, 6)?,
        reply: ForeignReply {
            code: u16::try_from(get::<i32>(row, 7)?).map_err(unreadable)?,
            status: Status::parse(get(row, 8)?),
            text: get(row, 9)?,
        },
        dsn: RcptDsn {
            notify: asked(row, 10, "NOTIFY", Notify::parse)?,
            original: asked(row, 11, "ORCPT", OriginalRecipient::parse)?,
        },
        delay_due: get::<Option<i64>>(row, 12)?.map(|due| Millis::new(number(due))),
        ways: get::<Option<&str>>(row, 13)?.map(ways_of).transpose().map_err(unreadable)?,
    })
}

/// The value of a parameter of RFC 3461, if it was given.
fn asked<T>(
    row: &Row,
    at: usize,
    what: &str,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>> {
    let text: Option<&str> = get(row, at)?;
    text.map(|text| parse(text).ok_or_else(|| wrong(what, text, "no value of it"))).transpose()
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
