use parking_lot::Mutex;
use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};
use tokio::sync::Notify;

/// Connections of which a bounded number is open. Beyond that a new one takes the place of the one that has
/// been idle for longest. So Postfix may keep connections that it does not need, as it opens another whenever one
/// is gone; and who holds many connections open holds nobody up.
#[derive(Debug)]
pub struct Connections {
    max: AtomicUsize,
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    open: usize,
    /// Connections that are idle, by the order in which they became so.
    idle: BTreeMap<u64, Arc<Notify>>,
    next: u64,
}

/// The right to be connected; given back on drop.
#[derive(Debug)]
pub(crate) struct Place(Arc<Connections>);

/// A connection that may be closed to make room, until this is dropped.
#[derive(Debug)]
pub(crate) struct Idle<'a> {
    connections: &'a Connections,
    number: u64,
    closed: Arc<Notify>,
}

impl Connections {
    /// Room for at most `max` connections.
    pub fn new(max: usize) -> Arc<Self> {
        Arc::new(Self { max: max.into(), table: Mutex::default() })
    }

    /// Connections that are open now.
    pub fn open(&self) -> usize {
        self.table.lock().open
    }

    /// Room for at most `max` connections from now on.
    pub fn set_max(&self, max: usize) {
        self.max.store(max, Ordering::Relaxed);
    }

    /// A place for a new connection. `None` when all are taken and none is idle.
    pub(crate) fn admit(self: &Arc<Self>) -> Option<Place> {
        let mut table = self.table.lock();
        if table.open >= self.max.load(Ordering::Relaxed) {
            let (_, oldest) = table.idle.pop_first()?;
            oldest.notify_one();
        }
        table.open += 1;
        Some(Place(Arc::clone(self)))
    }
}

impl Place {
    /// Connections that are not idle, this one among them.
    pub(crate) fn busy(&self) -> usize {
        let table = self.0.table.lock();
        table.open.saturating_sub(table.idle.len())
    }

    /// Nothing is being asked on it.
    pub(crate) fn idle(&self) -> Idle<'_> {
        let closed = Arc::<Notify>::default();
        let mut table = self.0.table.lock();
        let number = table.next;
        table.next += 1;
        table.idle.insert(number, Arc::clone(&closed));
        Idle { connections: &self.0, number, closed }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut table = self.0.table.lock();
        table.open = table.open.saturating_sub(1);
    }
}

impl Idle<'_> {
    /// Notified when it must make room; never once this is dropped.
    pub(crate) fn notice(&self) -> Arc<Notify> {
        Arc::clone(&self.closed)
    }

    /// Ready when it must make room.
    pub(crate) async fn closed(&self) {
        self.closed.notified().await;
    }
}

impl Drop for Idle<'_> {
    fn drop(&mut self) {
        self.connections.table.lock().idle.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_one_that_is_idle_for_longest_makes_room() {
        let connections = Connections::new(2);
        let (a, b) = (connections.admit().unwrap(), connections.admit().unwrap());
        assert!(connections.admit().is_none(), "both are busy");
        let (of_b, of_a) = (b.idle(), a.idle());
        let c = connections.admit().unwrap();
        of_b.closed().await;
        drop(of_b);
        drop(b);
        drop(of_a);
        assert!(connections.admit().is_none(), "a is busy again");
        drop((a, c));
        assert!(connections.admit().is_some());
    }
}
