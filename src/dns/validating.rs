//! DNS with proof: what DANE stands on (RFC 7672 §2).

use super::{
    answers::LookupError,
    asker::{MOST, Whose},
    resolver::{MxRecord, Resolver, ResolverError, absolute, mx_records},
};
use crate::{address::Domain, config::Dane, tlsa::Tlsa, turns::Turns};
use hickory_resolver::{
    TokioResolver,
    lookup::Lookup,
    net::{DnsError, NetError},
    proto::{
        dnssec::{Proof, TrustAnchors},
        op::ResponseCode,
        rr::{Name, RData, Record, RecordType},
    },
};
use std::{net::SocketAddr, path::Path, sync::Arc, time::Duration};
use tokio::{
    sync::Mutex,
    time::{Instant, timeout},
};

/// Validates what the name servers say. Cheap to clone.
#[derive(Debug, Clone)]
pub struct ValidatingResolver {
    resolver: TokioResolver,
    turns: Turns<Whose>,
    /// In [`Dane::Auto`]: whether the name servers hand on what it takes, and since when that is known.
    works: Option<Arc<Mutex<Probed>>>,
}

type Probed = Option<(bool, Instant)>;

/// How long finding out may take whether the name servers hand on what validation takes.
const PROBE: Duration = Duration::from_secs(5);
/// Answers that are kept, with the signatures and keys that prove them.
const CACHE_SIZE: u64 = 1024;
/// When to ask name servers again that did not.
const ASK_AGAIN: Duration = Duration::from_mins(10);

/// What the TLSA records of a host come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TlsaAnswer {
    /// There are TLSA records, proven by DNSSEC.
    Records(Vec<Tlsa>),
    /// There are no TLSA records, or none that is proven.
    None,
    /// Whether there are TLSA records cannot be told: whoever is in between may have had a hand in it.
    Bogus,
}

impl ValidatingResolver {
    /// Asks `servers`, or those of the system. `trust_anchor` is a file with DNSKEY records that are
    /// trusted instead of the root's.
    ///
    /// # Errors
    /// When the system's configuration or the file cannot be read.
    pub fn new(
        servers: &[SocketAddr],
        trust_anchor: Option<&Path>,
        dane: Dane,
    ) -> Result<Self, ResolverError> {
        let mut builder = Resolver::builder(servers)?;
        builder.options_mut().validate = true;
        builder.options_mut().cache_size = CACHE_SIZE;
        if let Some(file) = trust_anchor {
            let anchors = TrustAnchors::from_file(file).map_err(|error| ResolverError::Anchor {
                file: file.to_owned(),
                what: error.to_string(),
            })?;
            builder = builder.with_trust_anchor(Arc::new(anchors));
        }
        let works = (dane == Dane::Auto).then(Arc::default);
        Ok(Self { resolver: builder.build()?, turns: Turns::new(MOST), works })
    }

    /// The same, with as many questions under way as `other` and this one may have together.
    #[must_use]
    pub fn beside(self, other: &Resolver) -> Self {
        Self { turns: other.turns(), ..self }
    }

    async fn lookup(&self, name: Name, kind: RecordType) -> Result<Lookup, NetError> {
        let (whose, most) = Whose::of(None, &name);
        let _turn = self.turns.take(whose, most).await;
        self.resolver.lookup(name, kind).await
    }

    /// False where the name servers do not hand on what validation takes, and that does not matter.
    pub async fn is_in_use(&self) -> bool {
        let Some(works) = &self.works else { return true };
        let mut known = works.lock().await;
        match *known {
            Some((true, _)) => return true,
            Some((false, since)) if since.elapsed() < ASK_AGAIN => return false,
            _ => {}
        }
        let root = timeout(PROBE, self.lookup(Name::root(), RecordType::NS)).await;
        let works = matches!(root, Ok(Ok(answer)) if is_proven(answer.answers(), RecordType::NS));
        if works {
            tracing::info!("DNSSEC can be validated: TLSA records of destinations count");
        } else {
            tracing::info!("DNSSEC cannot be validated by these name servers: no DANE");
        }
        *known = Some((works, Instant::now()));
        works
    }

    /// As [`Resolver::mx`]; what is bogus is unanswered.
    pub(crate) async fn mx(&self, domain: &Domain) -> Result<Vec<MxRecord>, LookupError> {
        let answer = self.lookup(absolute(domain)?, RecordType::MX).await;
        let answer = answer.map_err(why)?;
        if is_bogus(answer.answers()) {
            return Err(LookupError::Unanswered);
        }
        mx_records(answer.answers())
    }

    /// The TLSA records of `host` for SMTP on `port`.
    pub(crate) async fn tlsa(&self, host: &Domain, port: u16) -> TlsaAnswer {
        let Ok(host_name) = absolute(host) else { return TlsaAnswer::None };
        let name = Name::from_ascii(format!("_{port}._tcp"))
            .and_then(|prefix| prefix.append_domain(&host_name));
        let Ok(name) = name else { return TlsaAnswer::None };
        match self.lookup(name, RecordType::TLSA).await {
            Ok(answer) if is_bogus(answer.answers()) => TlsaAnswer::Bogus,
            Ok(answer) => {
                let proven = answer.answers().iter().filter(|record| record.proof.is_secure());
                let records: Vec<Tlsa> = proven.filter_map(tlsa).collect();
                if records.is_empty() { TlsaAnswer::None } else { TlsaAnswer::Records(records) }
            }
            Err(error) => match why(error) {
                LookupError::Empty | LookupError::Nonexistent => TlsaAnswer::None,
                // Some servers of unsigned zones know no such records (§2.1.2).
                LookupError::Unanswered if self.is_unsigned(&host_name).await => TlsaAnswer::None,
                LookupError::Unanswered => TlsaAnswer::Bogus,
            },
        }
    }

    async fn is_unsigned(&self, host: &Name) -> bool {
        for kind in [RecordType::A, RecordType::AAAA] {
            if let Ok(answer) = self.lookup(host.clone(), kind).await {
                let mut records = answer.answers().iter();
                return records.all(|record| record.proof == Proof::Insecure);
            }
        }
        false
    }
}

fn is_bogus(records: &[Record]) -> bool {
    let is_data = |record: &&Record| record.record_type() != RecordType::RRSIG;
    let mut records = records.iter().filter(is_data);
    records.any(|record| !matches!(record.proof, Proof::Secure | Proof::Insecure))
}

fn is_proven(records: &[Record], kind: RecordType) -> bool {
    records.iter().any(|record| record.record_type() == kind && record.proof.is_secure())
}

fn tlsa(record: &Record) -> Option<Tlsa> {
    let RData::TLSA(tlsa) = &record.data else { return None };
    Some(Tlsa {
        usage: tlsa.cert_usage.into(),
        selector: tlsa.selector.into(),
        matching: tlsa.matching.into(),
        data: tlsa.cert_data.clone(),
    })
}

fn why(error: NetError) -> LookupError {
    let of_code = |code| match code {
        ResponseCode::NXDomain => LookupError::Nonexistent,
        ResponseCode::NoError => LookupError::Empty,
        _ => LookupError::Unanswered,
    };
    match error {
        NetError::Dns(DnsError::NoRecordsFound(none)) => of_code(none.response_code),
        NetError::Dns(DnsError::Nsec { proof: Proof::Insecure, response, .. }) => {
            of_code(response.response_code)
        }
        _ => LookupError::Unanswered,
    }
}
