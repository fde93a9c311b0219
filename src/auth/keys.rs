//! The public keys that the signatures of one message were checked with.

use mail_auth::{DnsError, Error, ResolverCache, Txt};
use std::{
    borrow::Borrow,
    collections::HashMap,
    fmt,
    hash::Hash,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

/// TXT records of one message: its second check asks nobody. What is true for many messages is in the
/// resolver's cache.
#[derive(Default)]
pub(super) struct Keys {
    known: Mutex<HashMap<Box<str>, Txt>>,
    /// What is not known does not exist.
    is_closed: AtomicBool,
}

impl Keys {
    /// From now on nothing is looked up.
    pub(super) fn close(&self) {
        self.is_closed.store(true, Ordering::Relaxed);
    }
}

impl ResolverCache<Box<str>, Txt> for Keys {
    fn get<Q>(&self, name: &Q) -> Option<Txt>
    where
        Box<str>: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned();
        let unknown = || Txt::Error(Error::Dns(DnsError::InvalidRecordType));
        known.or_else(|| self.is_closed.load(Ordering::Relaxed).then(unknown))
    }

    fn remove<Q>(&self, name: &Q) -> Option<Txt>
    where
        Box<str>: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).remove(name)
    }

    fn insert(&self, name: Box<str>, value: Txt, _: Instant) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(name, value);
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys")
    }
}
