use super::{
    answers::{Answer, Answers, Found, LONGEST_NO, LookupError, Question, SHORTEST_NO},
    asked::Asked,
    asker::{Asker, MOST, Whose},
};
use crate::{address::Domain, turns::Turns};
use hickory_resolver::{
    ResolverBuilder, TokioResolver,
    config::{ConnectionConfig, NameServerConfig, ResolverConfig},
    lookup::Lookup,
    net::{DnsError, NetError, runtime::TokioRuntimeProvider},
    proto::{
        op::ResponseCode,
        rr::{Name, RData, Record, RecordType},
    },
};
use parking_lot::Mutex;
use rustls::{ClientConfig, RootCertStore};
use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// How long the answer to one query may take; a packet that is lost is asked for again.
const PATIENCE: Duration = Duration::from_secs(2);
/// Queries sent for one question, beside the first.
const ATTEMPTS: usize = 3;
/// ... and where whoever is asked may be slow: an answer to an earlier query counts as long.
const LONG_PATIENCE: Duration = Duration::from_secs(8);
const LONG_ATTEMPTS: usize = 1;

/// DNS for everything that asks: one resolver, one cache, so many questions under way at once. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Resolver {
    shared: Arc<Shared>,
    /// Against whom the questions count; `None`: we ask for ourselves.
    asker: Option<Asker>,
}

#[derive(Debug)]
struct Shared {
    upstream: TokioResolver,
    patience: Duration,
    answers: Mutex<Answers>,
    turns: Turns<Whose>,
    asked: Asked,
    /// Questions that left.
    questions: AtomicU64,
}

/// The resolver cannot be set up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ResolverError {
    /// The system's configuration.
    #[error("no DNS resolver: {0}")]
    System(#[from] NetError),
    /// TLS, which it does not use.
    #[error("no DNS resolver: {0}")]
    Tls(#[from] rustls::Error),
    /// The trust anchor for DNSSEC.
    #[error("[dns] trust_anchor {}: {what}; accepted are DNSKEY records", .file.display())]
    Anchor {
        /// The file as configured.
        file: PathBuf,
        /// What is wrong with it.
        what: String,
    },
}

/// One MX record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MxRecord {
    pub(crate) preference: u16,
    /// `None` for the root, which says "no mail here" (RFC 7505).
    pub(crate) exchange: Option<Domain>,
}

impl Resolver {
    /// A resolver that asks `servers`, or those of the system's configuration when there are none. To
    /// be called within a Tokio runtime.
    ///
    /// # Errors
    /// When the system's configuration cannot be read.
    pub fn new(servers: &[SocketAddr]) -> Result<Self, ResolverError> {
        Self::waiting(servers, PATIENCE, ATTEMPTS)
    }

    /// As [`Self::new`], for questions whose answers are worth waiting for.
    pub(crate) fn patient(servers: &[SocketAddr]) -> Result<Self, ResolverError> {
        Self::waiting(servers, LONG_PATIENCE, LONG_ATTEMPTS)
    }

    fn waiting(
        servers: &[SocketAddr],
        patience: Duration,
        attempts: usize,
    ) -> Result<Self, ResolverError> {
        let mut builder = Self::builder(servers)?;
        let options = builder.options_mut();
        (options.timeout, options.attempts) = (patience, attempts);
        // What is known is in `answers`: that of the library does not tell whether it was asked.
        options.cache_size = 0;
        let shared = Shared {
            upstream: builder.build()?,
            patience,
            answers: Mutex::default(),
            turns: Turns::new(MOST),
            asked: Asked::default(),
            questions: AtomicU64::new(0),
        };
        Ok(Self { shared: Arc::new(shared), asker: None })
    }

    /// The same, with questions that count against `asker`.
    pub(crate) fn for_asker(&self, asker: Asker) -> Self {
        Self { shared: Arc::clone(&self.shared), asker: Some(asker) }
    }

    /// What is known already, and nothing else.
    pub(crate) fn asking_nobody(&self) -> Self {
        self.for_asker(Asker::without_budget())
    }

    /// Look-ups so far: the kind, what came of them, how many.
    pub fn counts(&self) -> Vec<(&'static str, &'static str, u64)> {
        self.shared.asked.counts()
    }

    /// Questions so far that were not answered from what is known.
    pub fn questions(&self) -> u64 {
        self.shared.questions.load(Ordering::Relaxed)
    }

    /// The library's, which knows nothing and counts against nobody.
    pub(super) fn upstream(&self) -> TokioResolver {
        self.shared.upstream.clone()
    }

    /// Turns of whoever asks name servers beside this one.
    pub(super) fn turns(&self) -> Turns<Whose> {
        self.shared.turns.clone()
    }

    pub(super) async fn ask(&self, name: Name, kind: RecordType) -> Answer {
        let question = (name, kind);
        match self.known(&question) {
            Some(known) => known,
            None => {
                let answer = self.answer(question).await;
                self.shared.asked.count(kind, &answer);
                answer
            }
        }
    }

    /// The answer, where nobody need be asked for it.
    pub(super) fn known(&self, question: &Question) -> Option<Answer> {
        let answer = self.shared.answers.lock().get(question, Instant::now())?;
        self.shared.asked.count(question.1, &answer);
        Some(answer)
    }

    async fn answer(&self, question: Question) -> Answer {
        let shared = &*self.shared;
        let (whose, most) = Whose::of(self.asker.as_ref(), &question.0);
        let _turn = shared.turns.take(whose, most).await;
        // Somebody else may have asked meanwhile.
        if let Some(known) = shared.answers.lock().get(&question, Instant::now()) {
            return known;
        }
        if self.asker.as_ref().is_some_and(|asker| !asker.budget.take()) {
            return Err(LookupError::Unanswered);
        }
        shared.questions.fetch_add(1, Ordering::Relaxed);
        let (name, kind) = question.clone();
        let mut open = Open { shared, question: Some(question), began: Instant::now() };
        // Who asks the same at the same time has one question leave: the library sees to it.
        let (answer, holds) = heard(shared.upstream.lookup(name, kind).await, kind);
        open.close(answer.clone(), holds);
        answer
    }

    pub(super) fn builder(
        servers: &[SocketAddr],
    ) -> Result<ResolverBuilder<TokioRuntimeProvider>, ResolverError> {
        let mut builder = if servers.is_empty() {
            TokioResolver::builder_tokio()?
        } else {
            let servers = servers.iter().map(|server| {
                let mut connections = vec![ConnectionConfig::udp(), ConnectionConfig::tcp()];
                for connection in &mut connections {
                    connection.port = server.port();
                }
                NameServerConfig::new(server.ip(), true, connections)
            });
            let config = ResolverConfig::from_parts(None, Vec::new(), servers.collect());
            TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
        };
        let options = builder.options_mut();
        options.timeout = PATIENCE;
        options.attempts = ATTEMPTS;
        options.negative_min_ttl = Some(SHORTEST_NO);
        options.negative_max_ttl = Some(LONGEST_NO);
        Ok(builder.with_tls_config(no_tls()?))
    }

    /// The MX records of `domain`, CNAMEs followed. Those whose exchange is no host name are left out,
    /// so the list can be empty.
    pub(crate) async fn mx(&self, domain: &Domain) -> Result<Vec<MxRecord>, LookupError> {
        mx_records(&self.ask(absolute(domain)?, RecordType::MX).await?)
    }

    /// The addresses of the host `name`, at least one; IPv4 and IPv6 in turns, IPv4 first.
    pub(crate) async fn addresses(&self, name: &Domain) -> Result<Vec<IpAddr>, LookupError> {
        self.addresses_of(absolute(name)?).await
    }

    /// As [`Self::addresses`] for a name of the operator's, to which the system's search list applies.
    pub(crate) async fn local_addresses(&self, name: &Domain) -> Result<Vec<IpAddr>, LookupError> {
        let relative = Name::from_ascii(name.as_str()).map_err(|_| LookupError::Nonexistent)?;
        self.addresses_of(relative).await
    }

    async fn addresses_of(&self, name: Name) -> Result<Vec<IpAddr>, LookupError> {
        let (v4, v6) =
            tokio::join!(self.ask(name.clone(), RecordType::A), self.ask(name, RecordType::AAAA));
        let ips = |answer: &Answer| {
            let records = answer.iter().flat_map(|records| records.iter());
            let ips = records.filter_map(|record| match &record.data {
                RData::A(a) => Some(IpAddr::V4(a.0)),
                RData::AAAA(aaaa) => Some(IpAddr::V6(aaaa.0)),
                _ => None,
            });
            ips.collect::<Vec<_>>()
        };
        let addresses = in_turns(ips(&v4), ips(&v6));
        if !addresses.is_empty() {
            return Ok(addresses);
        }
        match (v4, v6) {
            (Err(LookupError::Unanswered), _) | (_, Err(LookupError::Unanswered)) => {
                Err(LookupError::Unanswered)
            }
            (Err(LookupError::Nonexistent), _) => Err(LookupError::Nonexistent),
            _ => Err(LookupError::Empty),
        }
    }
}

/// A question that is under way. Whoever asked may not wait for the end; nobody needs to do so again at once.
struct Open<'a> {
    shared: &'a Shared,
    question: Option<Question>,
    began: Instant,
}

impl Open<'_> {
    fn close(&mut self, answer: Answer, holds: Duration) {
        if let Some(question) = self.question.take() {
            self.shared.answers.lock().keep(question, answer, holds, Instant::now());
        }
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        if self.began.elapsed() >= self.shared.patience {
            self.close(Err(LookupError::Unanswered), SHORTEST_NO);
        }
    }
}

/// The records of that kind, and for how long they hold.
fn heard(answer: Result<Lookup, NetError>, kind: RecordType) -> (Answer, Duration) {
    match answer {
        Ok(lookup) => {
            let is_asked_for = |record: &&Record| record.record_type() == kind;
            let records: Found = lookup.answers().iter().filter(is_asked_for).cloned().collect();
            // Those of aliases on the way count, too.
            let ttl = lookup.answers().iter().map(|record| record.ttl).min().unwrap_or(0);
            (Ok(Arc::new(records)), Duration::from_secs(ttl.into()))
        }
        Err(error) => {
            let says = match &error {
                NetError::Dns(DnsError::NoRecordsFound(none)) => none.negative_ttl.unwrap_or(0),
                _ => 0,
            };
            (Err(why_of(&error)), Duration::from_secs(says.into()))
        }
    }
}

/// Name servers are never asked by TLS. Where nothing else is said (mail-auth turns it on), the resolver wants
/// the system's authorities, and does not begin on a machine without any.
fn no_tls() -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(builder.with_root_certificates(RootCertStore::empty()).with_no_client_auth())
}

/// Those whose exchange is no host name are left out, so the list can be empty.
pub(super) fn mx_records(answers: &[Record]) -> Result<Vec<MxRecord>, LookupError> {
    let mut records = answers
        .iter()
        .filter_map(|record| match &record.data {
            RData::MX(mx) => Some(mx),
            _ => None,
        })
        .peekable();
    if records.peek().is_none() {
        return Err(LookupError::Empty);
    }
    let known = records.filter_map(|mx| {
        let exchange = if mx.exchange.is_root() { None } else { Some(to_domain(&mx.exchange)?) };
        Some(MxRecord { preference: mx.preference, exchange })
    });
    Ok(known.collect())
}

/// The name as one below the root: a search list never applies to what strangers publish.
pub(super) fn absolute(domain: &Domain) -> Result<Name, LookupError> {
    let mut name = Name::from_ascii(domain.as_str()).map_err(|_| LookupError::Nonexistent)?;
    name.set_fqdn(true);
    Ok(name)
}

fn to_domain(name: &Name) -> Option<Domain> {
    Domain::parse(name.to_ascii().trim_end_matches('.')).ok()
}

fn why_of(error: &NetError) -> LookupError {
    match error {
        NetError::Dns(DnsError::NoRecordsFound(none)) => match none.response_code {
            ResponseCode::NXDomain => LookupError::Nonexistent,
            ResponseCode::NoError => LookupError::Empty,
            _ => LookupError::Unanswered,
        },
        _ => LookupError::Unanswered,
    }
}

fn in_turns(v4: Vec<IpAddr>, v6: Vec<IpAddr>) -> Vec<IpAddr> {
    let (mut v4, mut v6) = (v4.into_iter(), v6.into_iter());
    let mut all = Vec::new();
    loop {
        let pair = [v4.next(), v6.next()];
        if pair == [None, None] {
            return all;
        }
        all.extend(pair.into_iter().flatten());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_take_turns_until_one_ends() {
        let ips = |texts: &[&str]| texts.iter().map(|ip| ip.parse().unwrap()).collect::<Vec<_>>();
        assert_eq!(
            in_turns(ips(&["192.0.2.1", "192.0.2.2", "192.0.2.3"]), ips(&["2001:db8::1"])),
            ips(&["192.0.2.1", "2001:db8::1", "192.0.2.2", "192.0.2.3"])
        );
        assert_eq!(in_turns(vec![], ips(&["2001:db8::1"])), ips(&["2001:db8::1"]));
    }
}
