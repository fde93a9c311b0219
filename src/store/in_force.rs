//! Domains and regexes that are in force, and what recipients came to under them.

use super::{cache::Cache, snapshot::Snapshot, spool::SpoolBounds};
use crate::{
    address::{Domain, Mailbox},
    alias::{Alias, Expansion, ExpansionLimits, Resolution},
    clock,
    reply::Reply,
    time::UnixTime,
};
use arc_swap::{ArcSwap, ArcSwapOption};
use parking_lot::Mutex;
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};
use tokio::sync::watch;

/// What look-ups use of the directory, and what the configuration says of them.
#[derive(Debug)]
pub(super) struct InForce {
    limits: ExpansionLimits,
    spool_bounds: ArcSwap<SpoolBounds>,
    postmaster: ArcSwapOption<Mailbox>,
    keep_tag: AtomicBool,
    snapshot: ArcSwap<Snapshot>,
    cache: Mutex<Cache>,
    version: watch::Sender<i64>,
}

/// A look-up that memory does not answer, and all that it needs beside the aliases.
#[derive(Debug)]
pub(super) struct Asked {
    /// Under which the answer is remembered.
    key: String,
    /// Read before anything that a change could make out of date.
    epoch: u64,
    pub(super) now: UnixTime,
    pub(super) snapshot: Arc<Snapshot>,
    pub(super) limits: ExpansionLimits,
    pub(super) postmaster: Option<Arc<Mailbox>>,
    pub(super) keep_tag: bool,
}

/// No address is without an @.
const POSTMASTER: &str = "postmaster";

impl InForce {
    pub(super) fn new(snapshot: Snapshot, options: &super::Options) -> Self {
        let (version, _) = watch::channel(snapshot.version);
        Self {
            limits: options.limits,
            spool_bounds: ArcSwap::from_pointee(options.spool),
            postmaster: ArcSwapOption::from_pointee(options.postmaster.clone()),
            keep_tag: AtomicBool::new(options.keep_tag),
            snapshot: ArcSwap::from_pointee(snapshot),
            cache: Mutex::default(),
            version,
        }
    }

    /// As [`Backend::set_options`](super::Backend::set_options).
    pub(super) fn set_options(
        &self,
        postmaster: Option<Mailbox>,
        keep_tag: bool,
        spool: SpoolBounds,
    ) {
        self.postmaster.store(postmaster.map(Arc::new));
        self.keep_tag.store(keep_tag, Ordering::Relaxed);
        self.spool_bounds.store(Arc::new(spool));
        // What it was answered with may have changed.
        self.forget();
    }

    pub(super) fn spool_bounds(&self) -> SpoolBounds {
        **self.spool_bounds.load()
    }

    pub(super) fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshot.load_full()
    }

    pub(super) fn version(&self) -> watch::Receiver<i64> {
        self.version.subscribe()
    }

    pub(super) fn is_hosted(&self, domain: &Domain) -> bool {
        self.snapshot.load().domains.contains(domain)
    }

    /// The regexes that are switched on, but never followed.
    pub(super) fn unsafe_aliases(&self) -> Vec<Alias> {
        let snapshot = self.snapshot.load();
        let patterns = snapshot.patterns.iter().filter(|alias| alias.enabled());
        patterns.filter(|alias| alias.fault().is_some()).cloned().collect()
    }

    /// Puts domains and regexes in force, unless newer ones are.
    pub(super) fn replace(&self, snapshot: Snapshot) {
        let version = snapshot.version;
        let mut cache = self.cache.lock();
        if version > self.snapshot.load().version {
            self.snapshot.store(Arc::new(snapshot));
            cache.clear();
            self.version.send_replace(version);
        }
    }

    /// Forgets what recipients came to.
    pub(super) fn forget(&self) {
        self.cache.lock().clear();
    }

    /// What becomes of `recipient`, or what is to be asked for that.
    pub(super) fn resolve(&self, recipient: &Mailbox) -> Result<Arc<Resolution>, Asked> {
        if !self.is_hosted(recipient.domain()) {
            let refused = Expansion::Refuse(Reply::relaying_denied());
            return Ok(Arc::new(Resolution::without_alias(refused)));
        }
        // A tag that is kept is kept as it was written.
        let has_tag = recipient.local().as_str().contains('+');
        self.look_up(if has_tag { recipient.to_string() } else { recipient.to_key() })
    }

    /// The same of a bare `<postmaster>`.
    pub(super) fn resolve_postmaster(&self) -> Result<Arc<Resolution>, Asked> {
        self.look_up(POSTMASTER.to_owned())
    }

    /// Remembers what a look-up came to, unless something changed since.
    pub(super) fn answered(&self, key: AskedKey, found: Resolution) -> Arc<Resolution> {
        let found = Arc::new(found);
        self.cache.lock().insert(key.epoch, key.key, Arc::clone(&found));
        found
    }

    fn look_up(&self, key: String) -> Result<Arc<Resolution>, Asked> {
        let now = clock::now();
        let epoch = {
            let mut cache = self.cache.lock();
            if let Some(found) = cache.get(&key, now) {
                return Ok(found);
            }
            cache.epoch()
        };
        Err(Asked {
            key,
            epoch,
            now,
            snapshot: self.snapshot.load_full(),
            limits: self.limits,
            postmaster: self.postmaster.load_full(),
            keep_tag: self.keep_tag.load(Ordering::Relaxed),
        })
    }
}

/// Of which look-up an answer is.
#[derive(Debug)]
pub(super) struct AskedKey {
    key: String,
    epoch: u64,
}

impl Asked {
    /// Of which look-up it is; what stays is what it needs.
    pub(super) fn take_key(&mut self) -> AskedKey {
        AskedKey { key: std::mem::take(&mut self.key), epoch: self.epoch }
    }
}

/// What mail for a bare `<postmaster>` comes to where there is none.
pub(super) fn without_postmaster() -> Resolution {
    Resolution::without_alias(Expansion::Refuse(Reply::no_postmaster()))
}
