//! Transactions of a Postfix that asks the policy service.
//!
//! It asks about each recipient by itself, and about a message as a whole without its recipients, unless there is
//! but one. So an SRS address of ours is to be the only recipient of its transaction: what is decided on the
//! message is decided on that address, and no other recipient hangs on it.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, PoisonError},
};

/// Most transactions that are remembered; beyond, the one that began first is forgotten.
const CAPACITY: usize = 20_000;
/// Longest name of a transaction; Postfix's have about 30 octets.
const MAX_NAME: usize = 100;

/// The recipients of transactions so far.
#[derive(Debug, Default)]
pub(crate) struct Policed(Mutex<Table>);

#[derive(Debug, Default)]
struct Table {
    /// By the name that Postfix has for a transaction: the SRS address that is its recipient, or that it has
    /// others.
    transactions: HashMap<Vec<u8>, Option<Vec<u8>>>,
    /// As they began.
    names: VecDeque<Vec<u8>>,
}

impl Policed {
    /// Adds `recipient`, an SRS address of ours or not, to the transaction; false where it must be in one of its
    /// own. A recipient may be asked about twice.
    pub(crate) fn add(&self, name: &[u8], recipient: &[u8], is_srs: bool) -> bool {
        if name.is_empty() || name.len() > MAX_NAME {
            return true;
        }
        let mut table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match table.transactions.get(name) {
            Some(None) => return !is_srs,
            Some(Some(first)) => return is_srs && first.eq_ignore_ascii_case(recipient),
            None => {}
        }
        if table.names.len() >= CAPACITY
            && let Some(first) = table.names.pop_front()
        {
            table.transactions.remove(&first);
        }
        table.names.push_back(name.to_vec());
        table.transactions.insert(name.to_vec(), is_srs.then(|| recipient.to_vec()));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_srs_address_is_alone() {
        let policed = Policed::default();
        assert!(policed.add(b"1", b"SRS0=a", true) && policed.add(b"1", b"srs0=A", true));
        assert!(!policed.add(b"1", b"SRS0=b", true) && !policed.add(b"1", b"me", false));
        assert!(policed.add(b"2", b"me", false) && policed.add(b"2", b"you", false));
        assert!(!policed.add(b"2", b"SRS0=a", true));
        assert!(policed.add(b"", b"me", false) && policed.add(b"", b"SRS0=a", true));
    }

    #[test]
    fn transactions_are_bounded() {
        let policed = Policed::default();
        for n in 0..=CAPACITY {
            assert!(policed.add(n.to_string().as_bytes(), b"SRS0=a", true));
        }
        let table = policed.0.lock().unwrap();
        assert_eq!((table.transactions.len(), table.names.len()), (CAPACITY, CAPACITY));
        assert!(!table.transactions.contains_key(&b"0"[..]));
    }
}
