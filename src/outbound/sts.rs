//! MTA-STS policies of destinations: found, fetched, kept (RFC 8461 §3, §5.1).

use super::fetch::{FetchError, Fetcher};
use crate::{
    address::Domain,
    clock,
    dns::Resolver,
    mta_sts::{CachedPolicy, Policy, PolicyStore, policy_id},
    time::{DAY, UnixTime},
    tls_rpt::ResultType,
};
use parking_lot::Mutex;
use std::{collections::HashMap, str, sync::Arc, time::Duration};
use tokio::time::{Instant, timeout_at};

/// Domains that are known at once; the store has the policies of others too.
const MAX_KNOWN: usize = 10_000;
/// For how long a fetch that failed is not tried again (§3.3).
const REST: Duration = Duration::from_mins(5);
/// A policy that is older is fetched again when it is used, before it ends (§10.2).
const FRESH: Duration = DAY;
/// How long the answer to the question for the TXT record may take.
const DNS_PATIENCE: Duration = Duration::from_secs(5);

/// Finds the policies of destinations. A policy outlives a restart in the store, if there is one.
#[derive(Debug)]
pub(super) struct Sts {
    resolver: Resolver,
    fetcher: Fetcher,
    store: Option<Arc<dyn PolicyStore>>,
    known: Mutex<HashMap<Domain, Arc<tokio::sync::Mutex<Known>>>>,
}

/// What is known of a domain.
#[derive(Debug, Default)]
struct Known {
    was_loaded: bool,
    kept: Option<Kept>,
    /// After a failure: what it was, and when to try again.
    failed: Option<(ResultType, Instant)>,
}

#[derive(Debug, Clone)]
struct Kept {
    id: String,
    policy: Arc<Policy>,
    fetched: UnixTime,
    expires: UnixTime,
}

/// What policy discovery came to for a domain.
#[derive(Debug, Clone, Default)]
pub(super) struct Discovery {
    pub(super) policy: Option<Arc<Policy>>,
    /// Why there is none, or only an older one.
    pub(super) failure: Option<ResultType>,
}

impl Sts {
    pub(super) fn new(
        resolver: Resolver,
        fetcher: Fetcher,
        store: Option<Arc<dyn PolicyStore>>,
    ) -> Self {
        Self { resolver, fetcher, store, known: Mutex::default() }
    }

    /// The policy of `domain` that counts now.
    pub(super) async fn policy(&self, domain: &Domain, deadline: Instant) -> Discovery {
        let known = self.known(domain);
        // One fetch at a time: who comes meanwhile has its result.
        let Ok(mut known) = timeout_at(deadline, known.lock()).await else {
            return Discovery::default();
        };
        let now = clock::now();
        if !known.was_loaded {
            known.kept = self.load(domain, now).await;
            known.was_loaded = true;
        }
        known.kept = known.kept.take().filter(|kept| kept.expires > now);
        // Whoever suppresses the record does not suppress the policy.
        let id = self.id(domain, deadline).await;
        let is_news = |id: &String| match &known.kept {
            None => true,
            Some(kept) => *id != kept.id || now.since(kept.fetched) > FRESH,
        };
        let rests = known.failed.is_some_and(|(_, until)| until > Instant::now());
        match id.filter(is_news) {
            None => known.failed = None,
            Some(_) if rests => {}
            Some(id) => match self.fetcher.fetch(domain, deadline).await {
                Ok((policy, text)) => {
                    let expires = now + policy.max_age;
                    tracing::info!(%domain, mode = ?policy.mode, "MTA-STS policy fetched");
                    let fetched = CachedPolicy { id: id.clone(), text, fetched: now, expires };
                    let policy = Arc::new(policy);
                    known.kept = Some(Kept { id, policy, fetched: now, expires });
                    known.failed = None;
                    self.keep(domain, fetched).await;
                }
                Err(error) => {
                    tracing::warn!(%domain, %error, "MTA-STS policy not fetched");
                    known.failed = Some((failure(&error), Instant::now() + REST));
                }
            },
        }
        Discovery {
            policy: known.kept.as_ref().map(|kept| Arc::clone(&kept.policy)),
            failure: known.failed.map(|(failure, _)| failure),
        }
    }

    fn known(&self, domain: &Domain) -> Arc<tokio::sync::Mutex<Known>> {
        let mut known = self.known.lock();
        if known.len() >= MAX_KNOWN {
            known.clear();
        }
        Arc::clone(known.entry(domain.clone()).or_default())
    }

    async fn id(&self, domain: &Domain, deadline: Instant) -> Option<String> {
        let until = deadline.min(Instant::now() + DNS_PATIENCE);
        let name = format!("_mta-sts.{}", domain.to_key());
        let texts = timeout_at(until, self.resolver.texts(&name)).await.ok()?.ok()?;
        let texts = texts.iter().filter_map(|text| str::from_utf8(text).ok());
        policy_id(texts).map(str::to_owned)
    }

    async fn load(&self, domain: &Domain, now: UnixTime) -> Option<Kept> {
        let read = self.store.as_ref()?.sts_policy(&domain.to_key(), now).await;
        let CachedPolicy { id, text, fetched, expires } = read
            .inspect_err(|error| tracing::error!(%error, "cannot read MTA-STS policies"))
            .ok()??;
        let policy = Arc::new(Policy::parse(&text).ok()?);
        Some(Kept { id, policy, fetched, expires })
    }

    async fn keep(&self, domain: &Domain, policy: CachedPolicy) {
        let Some(store) = &self.store else { return };
        if let Err(error) = store.keep_sts_policy(&domain.to_key(), policy).await {
            tracing::error!(%error, "an MTA-STS policy is kept until the next restart only");
        }
    }
}

fn failure(error: &FetchError) -> ResultType {
    match error {
        FetchError::Policy(_) | FetchError::NotText | FetchError::TooLong => {
            ResultType::StsPolicyInvalid
        }
        FetchError::Tls(_) => ResultType::StsWebpkiInvalid,
        _ => ResultType::StsPolicyFetchError,
    }
}
