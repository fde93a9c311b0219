use super::destination::{Destination, Place};
use crate::next_hop::NextHop;
use std::{
    collections::{HashMap, VecDeque},
    hash::Hash,
    sync::Arc,
};

/// The destination that has waited longest for `who`, of those that still wait.
pub(super) fn first_that_waits<K: Hash + Eq>(
    waits: &mut HashMap<K, VecDeque<Arc<NextHop>>>,
    who: &K,
    destinations: &HashMap<Arc<NextHop>, Destination>,
) -> Option<Arc<NextHop>> {
    let hops = waits.get_mut(who)?;
    let waits_on =
        |hop: &Arc<NextHop>| destinations.get(hop).is_some_and(|to| to.place == Place::Waits);
    let hop = std::iter::from_fn(|| hops.pop_front()).find(waits_on);
    if hops.is_empty() {
        waits.remove(who);
    }
    hop
}

pub(super) fn count<K: Hash + Eq>(counts: &HashMap<K, usize>, of: &K) -> usize {
    counts.get(of).copied().unwrap_or(0)
}

pub(super) fn fewer<K: Hash + Eq>(counts: &mut HashMap<K, usize>, of: &K) {
    if let Some(count) = counts.get_mut(of) {
        *count = count.saturating_sub(1);
        if *count == 0 {
            counts.remove(of);
        }
    }
}
