//! Events that wait for the program that is told of them.

use super::StoreError;
use crate::{event::Event, time::Millis};
use async_trait::async_trait;

/// Events, in the order in which they happened, until they are sent.
///
/// Whoever keeps them promises:
/// - Where somebody is told at all, an alias that is made is an event in the transaction that makes it, whoever makes it.
/// - They take bounded room. One that finds none is lost, and counted; nothing else fails because of it.
#[async_trait]
pub trait Outbox {
    /// So many events may wait from now on, in all processes; with 0 nobody is told, and none is kept.
    ///
    /// # Errors
    /// When the store fails.
    async fn set_event_room(&self, room: u64, now: Millis) -> Result<(), StoreError>;

    /// Adds events behind the others, as far as there is room.
    ///
    /// # Errors
    /// When the store fails.
    async fn add_events(&self, events: Vec<Event>) -> Result<(), StoreError>;

    /// Adds an event for each alias whose time has come since this was last asked. None is told twice.
    ///
    /// # Errors
    /// When the store fails.
    async fn find_expired(&self, now: Millis) -> Result<(), StoreError>;

    /// The first `limit` events that wait.
    ///
    /// # Errors
    /// When the store fails.
    async fn waiting_events(&self, limit: usize) -> Result<Vec<WaitingEvent>, StoreError>;

    /// Takes an event out.
    ///
    /// # Errors
    /// When the store fails.
    async fn remove_event(&self, seq: i64) -> Result<(), StoreError>;

    /// How many wait, and how many were lost.
    ///
    /// # Errors
    /// When the store fails.
    async fn event_figures(&self) -> Result<EventFigures, StoreError>;
}

/// An event that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingEvent {
    /// Its number: those of later events are higher.
    pub seq: i64,
    /// When it happened.
    pub time: Millis,
    /// What is sent: a JSON object.
    pub body: String,
}

/// Events in figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EventFigures {
    /// How many wait.
    pub waiting: u64,
    /// How many found no room, ever.
    pub lost: u64,
}
