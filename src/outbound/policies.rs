//! What a host must offer before it gets mail: what destinations say of themselves, and what we say.

use super::{
    open_error::OpenError,
    route::{Host, NoRoute},
    security::{Demand, Security},
    sts::{Discovery, Sts},
};
use crate::{
    address::{Domain, DomainPattern},
    dns::{TlsaAnswer, ValidatingResolver},
    mta_sts::Mode,
    next_hop::{NextHop, Protocol, Target, TlsLevel},
    tls::{TlsError, Trust},
    tls_rpt::{Counts, PolicyType, ResultType, SessionResult},
    tlsa::Tlsa,
};
use parking_lot::Mutex;
use std::collections::HashMap;
use tokio::time::{Instant, timeout_at};

/// Results that are counted apart at once.
const MAX_COUNTED: usize = 20_000;

/// The demands on all destinations, and what came of them.
#[derive(Debug)]
pub(super) struct Policies {
    never_plaintext: Vec<DomainPattern>,
    sts: Option<Sts>,
    dane: Option<ValidatingResolver>,
    counts: Mutex<Counts>,
    totals: Mutex<HashMap<(PolicyType, Option<ResultType>), u64>>,
}

/// What a domain says that is found by its MX.
#[derive(Debug)]
pub(super) struct OfDomain {
    domain: Domain,
    sts: Discovery,
    dane: Option<ValidatingResolver>,
}

impl Policies {
    pub(super) fn new(
        never_plaintext: Vec<DomainPattern>,
        sts: Option<Sts>,
        dane: Option<ValidatingResolver>,
    ) -> Self {
        Self { never_plaintext, sts, dane, counts: Mutex::default(), totals: Mutex::default() }
    }

    /// Finds out whether DNSSEC can be validated.
    pub(super) async fn prepare(&self) {
        if let Some(dane) = &self.dane {
            dane.is_in_use().await;
        }
    }

    /// What the domain of `hop` says; `None` where a route says where its mail goes.
    pub(super) async fn of(&self, hop: &NextHop, deadline: Instant) -> Option<OfDomain> {
        let Target::Mx(domain) = &hop.target else { return None };
        let dane = async {
            let resolver = self.dane.as_ref()?;
            let is_in_use = timeout_at(deadline, resolver.is_in_use()).await.unwrap_or(false);
            is_in_use.then(|| resolver.clone())
        };
        let sts = async {
            match &self.sts {
                Some(sts) => sts.policy(domain, deadline).await,
                None => Discovery::default(),
            }
        };
        let (dane, sts) = tokio::join!(dane, sts);
        if let Some(failure) = sts.failure {
            self.count(domain, PolicyType::Sts, None, Some(failure));
        }
        Some(OfDomain { domain: domain.clone(), sts, dane })
    }

    /// What `host` must offer.
    ///
    /// # Errors
    /// When it gets nothing, whatever it offers: the policy names others, or cannot be found out.
    pub(super) async fn demand(
        &self,
        hop: &NextHop,
        host: &Host,
        of_domain: Option<&OfDomain>,
        deadline: Instant,
    ) -> Result<Demand, NoRoute> {
        let (Some(OfDomain { domain, sts, dane }), Host::Public { name, port }) = (of_domain, host)
        else {
            return Ok(self.ours(hop, host));
        };
        let demand = |security, policy| Demand { security, policy, domain: Some(domain.clone()) };
        if let Some(dane) = dane {
            // DANE comes before MTA-STS (RFC 8461 §2).
            match timeout_at(deadline, dane.tlsa(name, *port)).await.unwrap_or(TlsaAnswer::Bogus) {
                TlsaAnswer::Records(records) => {
                    let trust = match records.iter().any(Tlsa::is_usable) {
                        true => Trust::Dane(records.into()),
                        false => Trust::Any,
                    };
                    return Ok(demand(Security::Required(trust), PolicyType::Tlsa));
                }
                TlsaAnswer::Bogus => {
                    self.count(
                        domain,
                        PolicyType::Tlsa,
                        Some(host),
                        Some(ResultType::DnssecInvalid),
                    );
                    tracing::warn!(%domain, host = %name, "its TLSA records cannot be proven");
                    return Err(NoRoute::Policy);
                }
                TlsaAnswer::None => {}
            }
        }
        let ours = self.ours(hop, host);
        let Some(policy) = &sts.policy else {
            return Ok(Demand { domain: Some(domain.clone()), ..ours });
        };
        let is_allowed = policy.allows(name);
        if !is_allowed && policy.mode != Mode::None {
            self.count(domain, PolicyType::Sts, Some(host), Some(ResultType::ValidationFailure));
        }
        match policy.mode {
            Mode::Enforce if !is_allowed => {
                tracing::warn!(%domain, host = %name, "its MTA-STS policy names other hosts");
                Err(NoRoute::Policy)
            }
            Mode::Enforce => Ok(demand(Security::Required(Trust::Authorities), PolicyType::Sts)),
            Mode::Testing if is_allowed && ours.may_be_plain() => {
                Ok(demand(Security::Testing, PolicyType::Sts))
            }
            Mode::Testing | Mode::None => Ok(Demand { domain: Some(domain.clone()), ..ours }),
        }
    }

    /// Whatever the destination says.
    fn ours(&self, hop: &NextHop, host: &Host) -> Demand {
        let domain = match &hop.target {
            Target::Mx(domain) => Some(domain),
            _ => None,
        };
        let mut names = [domain, host.name()].into_iter().flatten();
        let mut is_never_plain =
            || names.any(|name| self.never_plaintext.iter().any(|pattern| pattern.matches(name)));
        let security = match hop.tls {
            TlsLevel::Verified => Security::Required(Trust::Authorities),
            // There is no plaintext before it that one could go on with.
            TlsLevel::None | TlsLevel::Opportunistic if hop.protocol == Protocol::Smtps => {
                Security::Required(Trust::Any)
            }
            TlsLevel::None => Security::Plain,
            TlsLevel::Required => Security::Required(Trust::Any),
            TlsLevel::Opportunistic if is_never_plain() => Security::Required(Trust::Any),
            TlsLevel::Opportunistic => Security::Opportunistic,
        };
        Demand { security, policy: PolicyType::NoPolicyFound, domain: None }
    }

    /// Counts a session that was opened on that demand, encrypted or not.
    pub(super) fn opened(&self, demand: &Demand, host: &Host, is_encrypted: bool) {
        let Some(domain) = &demand.domain else { return };
        if is_encrypted {
            self.count(domain, demand.policy, None, None);
        } else if demand.security != Security::Plain {
            let failure = Some(ResultType::StarttlsNotSupported);
            self.count(domain, demand.policy, Some(host), failure);
        }
    }

    /// Counts a session that was not.
    pub(super) fn not_opened(&self, demand: &Demand, host: &Host, error: &OpenError) {
        let failure = match error {
            OpenError::WithoutTls | OpenError::TlsRefused(_) => ResultType::StarttlsNotSupported,
            OpenError::Tls(_) if matches!(demand.trust(), Some(Trust::Dane(_))) => {
                ResultType::TlsaInvalid
            }
            OpenError::Tls(TlsError::HostMismatch) => ResultType::CertificateHostMismatch,
            OpenError::Tls(TlsError::Expired) => ResultType::CertificateExpired,
            OpenError::Tls(TlsError::NotTrusted(_)) => ResultType::CertificateNotTrusted,
            OpenError::Tls(TlsError::Handshake(_)) => ResultType::ValidationFailure,
            OpenError::Unreachable(_)
            | OpenError::Lost(_)
            | OpenError::Refused(_)
            | OpenError::Login(_) => return,
        };
        if let Some(domain) = &demand.domain {
            self.count(domain, demand.policy, Some(host), Some(failure));
        }
    }

    /// What was counted since the last time.
    pub(super) fn take_counts(&self) -> Counts {
        std::mem::take(&mut *self.counts.lock())
    }

    /// Sessions so far: the policy, the result, how many.
    pub(super) fn totals(&self) -> Vec<(&'static str, &'static str, u64)> {
        let totals = self.totals.lock();
        let told = totals.iter().map(|((policy, result), count)| {
            (policy.as_str(), result.map_or("success", ResultType::as_str), *count)
        });
        told.collect()
    }

    fn count(
        &self,
        domain: &Domain,
        policy: PolicyType,
        host: Option<&Host>,
        result: Option<ResultType>,
    ) {
        let mut totals = self.totals.lock();
        *totals.entry((policy, result)).or_default() += 1;
        drop(totals);
        let host = host.and_then(Host::name).map(Domain::to_key).unwrap_or_default();
        let counted = SessionResult { domain: domain.to_key(), policy, host, result };
        let mut counts = self.counts.lock();
        if counts.len() < MAX_COUNTED || counts.contains_key(&counted) {
            *counts.entry(counted).or_default() += 1;
        }
    }
}

impl OfDomain {
    /// Where MX records are to be proven, whoever proves them.
    pub(super) fn validating_resolver(&self) -> Option<&ValidatingResolver> {
        self.dane.as_ref()
    }
}
