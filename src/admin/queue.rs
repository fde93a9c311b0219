//! Messages that wait in the spool. What is changed reaches a running daemon within a second.

pub use crate::store::{
    QueueChanged as Changed, QueueFilter as Filter, Unreadable, spool::LegState,
};

use super::{Error, Store};
use crate::{
    address::{Domain, Mailbox, ReversePath},
    alias::{OwnedDomain, Owner, Ways},
    store::{
        QueueChange,
        journal::code_of,
        spool::{Leg, Spooled},
    },
    time::Millis,
};
use serde::Serialize;
use std::{io, net::IpAddr};
use utoipa::ToSchema;

/// A message that waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Waiting)]
pub struct WaitingMessage {
    /// As in the 250 and in our Received field.
    pub id: String,
    /// The reverse-path it came with.
    pub from: String,
    /// The recipients that wait.
    pub to: Vec<String>,
    /// Of the leg that got furthest of those that wait.
    pub state: &'static str,
    /// The most that a leg has had of those that wait.
    pub attempts: u32,
    /// When the first leg is due; nothing where nothing is left to do.
    #[schema(value_type = Option<String>, format = DateTime, required = true)]
    pub next_attempt: Option<Millis>,
    /// Its octets.
    pub size: u64,
    /// The id of the account that sent it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub account: Option<String>,
    /// Why it does not leave for now: its account is `frozen`, `disabled` or `removed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub held: Option<String>,
    /// The node that answers for it, where several share the spool.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub node: Option<String>,
    /// When it came.
    #[schema(value_type = String, format = DateTime)]
    pub arrived: Millis,
    /// Where it goes.
    pub legs: Vec<WaitingLeg>,
    /// Who brought it; `None` on a unix socket, and for notices of ours.
    #[serde(skip)]
    pub client: Option<IpAddr>,
    /// What the client called itself; empty for notices of ours.
    #[serde(skip)]
    pub helo: String,
    /// Whoever sent it is told when it fails.
    #[serde(skip)]
    pub notify: bool,
}

/// A recipient and a mailbox that gets its mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Leg)]
pub struct WaitingLeg {
    /// The recipient.
    pub to: String,
    /// The mailbox.
    pub destination: String,
    /// How far it got.
    pub state: &'static str,
    /// How often it was tried.
    pub attempts: u32,
    /// When it is due; nothing where nothing is left to do.
    #[schema(value_type = Option<String>, format = DateTime, required = true)]
    pub next_attempt: Option<Millis>,
    /// What was answered last.
    pub reply: String,
    /// The reverse-path it leaves with.
    #[serde(skip)]
    pub reverse_path: String,
    /// Through whose aliases it gets there.
    #[serde(skip)]
    pub ways: Option<Ways>,
}

/// What a listing could not show.
#[derive(Debug, Clone, Default)]
pub struct Unlisted {
    /// Ids that were asked for and do not wait.
    pub absent: Vec<String>,
    /// Messages that cannot be read, and why.
    pub unreadable: Vec<Unreadable>,
}

/// Gives the messages that `filter` wants to `each`, the oldest first.
///
/// # Errors
/// When the store fails, or `each` does.
pub async fn list(
    store: &Store,
    filter: &Filter,
    mut each: impl FnMut(&WaitingMessage) -> io::Result<()>,
) -> Result<Unlisted, Error> {
    let each = |message| each(&WaitingMessage::from(&message)).map_err(Error::Output);
    for_each(store, filter, each).await
}

/// Gives the messages that `filter` wants to `each`.
pub(in crate::admin) async fn for_each(
    store: &Store,
    filter: &Filter,
    mut each: impl FnMut(Spooled) -> Result<(), Error>,
) -> Result<Unlisted, Error> {
    let (mut unlisted, mut after) = (Unlisted::default(), 0);
    loop {
        let page = store.queue_page(filter, after).await?;
        unlisted.unreadable.extend(page.unreadable);
        unlisted.absent.extend(page.absent);
        page.messages.into_iter().try_for_each(&mut each)?;
        match page.next {
            Some(next) => after = next,
            None => return Ok(unlisted),
        }
    }
}

/// A page of the messages that `filter` wants, the oldest first, behind `after`, and behind what the next one begins.
///
/// # Errors
/// When the store fails.
pub async fn page(
    store: &Store,
    filter: &Filter,
    after: i64,
) -> Result<(Vec<WaitingMessage>, Option<i64>), Error> {
    let page = store.queue_page(filter, after).await?;
    Ok((page.messages.iter().map(WaitingMessage::from).collect(), page.next))
}

/// The message of an id, and its bytes as they will leave; `None` when it does not wait.
///
/// # Errors
/// When the store fails.
pub async fn show(store: &Store, id: &str) -> Result<Option<(WaitingMessage, Vec<u8>)>, Error> {
    let found = store.queue_get(id).await?;
    Ok(found.map(|(message, bytes)| (WaitingMessage::from(&message), bytes)))
}

/// Has messages tried at once, whenever their next attempt would be.
///
/// # Errors
/// When the store fails.
pub async fn retry(store: &Store, filter: &Filter) -> Result<Changed, Error> {
    Ok(store.queue_change(filter, QueueChange::Retry).await?)
}

/// Gives messages up, and tells nobody but the journal. One that is being sent is left alone.
///
/// # Errors
/// When the store fails.
pub async fn drop(store: &Store, filter: &Filter) -> Result<Changed, Error> {
    Ok(store.queue_change(filter, QueueChange::Drop).await?)
}

/// A mailbox, or a domain with or without `@`, as filters have it.
///
/// # Errors
/// When it is neither.
pub fn parse_place(text: &str) -> Result<String, String> {
    let domain = text.strip_prefix('@').unwrap_or(text);
    let key = if domain.contains('@') {
        Mailbox::parse(text).map(|mailbox| mailbox.to_key())
    } else {
        Domain::parse(domain).map(|domain| domain.to_key())
    };
    key.map_err(|error| error.to_string())
}

/// As [`parse_place`], or `<>` for who sends bounces.
///
/// # Errors
/// As there.
pub fn parse_sender(text: &str) -> Result<String, String> {
    if text == "<>" { Ok(text.to_owned()) } else { parse_place(text) }
}

/// The state of a leg that is not done with: `queued`, `sending` or `uncertain`.
///
/// # Errors
/// When it is another word.
pub fn parse_state(text: &str) -> Result<LegState, String> {
    let state = LegState::parse(text).filter(|state| state.is_open());
    state.ok_or_else(|| "accepted: queued, sending, uncertain".to_owned())
}

impl WaitingMessage {
    /// The message as the owner of `own` may read it; `None` where no recipient is his. Of mailboxes that others' aliases lead to there
    /// is neither a name nor a word of theirs.
    pub fn part_of(mut self, own: &[OwnedDomain]) -> Option<Self> {
        let owner = Owner::at(self.arrived, own);
        self.legs.retain(|leg| owner.owns(&leg.to));
        self.to.retain(|to| owner.owns(to));
        for leg in &mut self.legs {
            let to = std::slice::from_ref(&leg.to);
            if let Some(instead) = owner.hidden(&leg.destination, to, leg.ways.as_ref()) {
                instead.clone_into(&mut leg.destination);
                leg.reply = code_of(&leg.reply).to_owned();
            }
        }
        (!self.legs.is_empty()).then_some(self)
    }

    /// How many of its recipients and mailboxes are those of the owner of `own`, of [`WaitingMessage::legs`]: he may change
    /// the message where all are.
    pub fn legs_of(&self, own: &[OwnedDomain]) -> usize {
        let owner = Owner::at(self.arrived, own);
        self.legs.iter().filter(|leg| owner.owns(&leg.to)).count()
    }
}

impl From<&Spooled> for WaitingMessage {
    fn from(message: &Spooled) -> Self {
        let head = &message.head;
        let legs: Vec<WaitingLeg> =
            message.legs.iter().map(|leg| WaitingLeg::of(leg, message)).collect();
        let open = || message.legs.iter().filter(|leg| leg.state.is_open());
        let state = [LegState::Sending, LegState::Uncertain, LegState::Queued]
            .into_iter()
            .find(|state| open().any(|leg| leg.state == *state))
            .or_else(|| message.legs.first().map(|leg| leg.state));
        let mut to: Vec<String> = open().map(|leg| leg.recipient.bare()).collect();
        to.dedup();
        Self {
            id: head.id.clone(),
            from: match &head.sender {
                ReversePath::Null => "<>".to_owned(),
                ReversePath::Mailbox(mailbox) => mailbox.to_string(),
            },
            to,
            state: state.map_or("", LegState::as_str),
            attempts: open().map(|leg| leg.attempts).max().unwrap_or(0),
            next_attempt: legs.iter().filter_map(|leg| leg.next_attempt).min(),
            size: message.size,
            account: head.account().map(|account| account.to_string()),
            held: message.held.map(|hold| hold.to_string()),
            node: message.node.clone(),
            arrived: head.arrived,
            legs,
            client: head.client,
            helo: head.helo.clone(),
            notify: head.sender != ReversePath::Null,
        }
    }
}

impl WaitingLeg {
    fn of(leg: &Leg, message: &Spooled) -> Self {
        // What is to be tried at once is due since it came.
        let due = leg.next_attempt.max(message.head.arrived);
        Self {
            to: leg.recipient.bare(),
            destination: leg.mailbox.to_string(),
            state: leg.state.as_str(),
            attempts: leg.attempts,
            next_attempt: leg.state.is_open().then_some(due),
            reply: leg.reply.to_string(),
            reverse_path: leg.reverse_path.to_string(),
            ways: leg.ways.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places() {
        for (text, key) in [
            ("Sink.TEST", Ok("sink.test")),
            ("@sink.test", Ok("sink.test")),
            ("Bob@Sink.test", Ok("bob@sink.test")),
            ("bücher.example", Ok("xn--bcher-kva.example")),
            ("a b", Err(())),
            ("", Err(())),
            ("@", Err(())),
        ] {
            let place = parse_place(text).map_err(std::mem::drop);
            assert_eq!(place.as_deref(), key.as_ref().copied(), "{text}");
        }
        assert_eq!(parse_sender("<>").unwrap(), "<>");
    }
}
