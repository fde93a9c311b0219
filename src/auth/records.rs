//! The records that the checks of one message go by.

use crate::dns::{LookupError, Resolver};
use hickory_resolver::proto::op::ResponseCode;
use mail_auth::{
    DnsError, DnssecStatus, Error, RecordSet, ResolverCache, Txt,
    common::{parse::TxtRecordParser, verify::DomainKey},
    dmarc::Dmarc,
};
use parking_lot::Mutex;
use std::{
    borrow::{Borrow, Cow},
    collections::{HashMap, HashSet},
    fmt,
    hash::Hash,
    net::Ipv4Addr,
    sync::Arc,
    time::Instant,
};
use tokio::{task::JoinSet, time};

/// Most records that one message has us ask for: keys of ten signatures and of a chain, policies of its authors and what is
/// above them. What is beyond is not known.
const MAX_RECORDS: usize = 64;

/// Keys and policies, asked for once a message; what holds for many messages is in the resolver's cache.
///
/// mail-auth computes by what is known here and asks nobody itself: what it lacks is noted and looked up, and it computes
/// again. So questions leave by our resolver, which knows whom they count against.
#[derive(Default)]
pub struct Records(Mutex<State>);

#[derive(Default)]
struct State {
    known: HashMap<Box<str>, Txt>,
    /// Names that may be looked up.
    possible: HashSet<Box<str>>,
    /// Those of them that were asked for in vain.
    lacking: HashSet<Box<str>>,
    /// It matters whether a name exists.
    is_doubted: bool,
    asked: usize,
    /// Nothing is looked up any more.
    is_closed: bool,
}

impl Records {
    /// From now on nothing is looked up.
    pub(super) fn close(&self) {
        self.0.lock().is_closed = true;
    }

    /// The record at `name` may be looked up, should it be lacking.
    pub(super) fn allow(&self, name: &str) {
        let name = fqdn(name);
        let state = &mut *self.0.lock();
        if !state.known.contains_key(&*name) && !state.possible.contains(&*name) {
            state.possible.insert(name.into());
        }
    }

    /// Looks up what was lacking; false where nothing was, so that whatever was computed stands. What does not come by
    /// `deadline` is not known.
    pub(super) async fn complete(&self, resolver: &Resolver, deadline: time::Instant) -> bool {
        let lacking = std::mem::take(&mut self.0.lock().lacking);
        let is_lacking = !lacking.is_empty();
        self.look_up(resolver, lacking, deadline).await;
        is_lacking
    }

    /// Whether nothing is known of the record at `name`.
    pub(super) fn lacks(&self, name: &str) -> bool {
        !self.0.lock().known.contains_key(name)
    }

    /// Looks up these names, all at once.
    pub(super) async fn look_up(
        &self,
        resolver: &Resolver,
        names: HashSet<Box<str>>,
        deadline: time::Instant,
    ) {
        if names.is_empty() {
            return;
        }
        let mut answers = JoinSet::new();
        for name in names {
            if !self.may_ask() {
                self.0.lock().known.insert(name, Txt::Error(unanswered()));
                continue;
            }
            let read = reader(&name);
            // Mostly another message had us ask, and no task is needed.
            if let Some(known) = resolver.known_texts_of(&name, read) {
                self.0.lock().known.insert(name, record(known));
                continue;
            }
            self.0.lock().known.insert(name.clone(), Txt::Error(unanswered()));
            let resolver = resolver.clone();
            answers.spawn(async move {
                let answer = time::timeout_at(deadline, resolver.texts_of(&name, read)).await;
                (name, record(answer.unwrap_or(Err(LookupError::Unanswered))))
            });
        }
        while let Some(answer) = answers.join_next().await {
            if let Ok((name, record)) = answer {
                self.0.lock().known.insert(name, record);
            }
        }
    }

    /// True where it mattered, since this was asked last, whether the author's domain exists.
    pub(super) fn take_doubt(&self) -> bool {
        std::mem::take(&mut self.0.lock().is_doubted)
    }

    /// The key of a signature, looked up where it is not known.
    pub(super) async fn key(
        &self,
        resolver: &Resolver,
        name: &str,
    ) -> Result<Arc<DomainKey>, Error> {
        let name: Box<str> = fqdn(name).into();
        let known = self.0.lock().known.get(&name).cloned();
        let known = match known {
            Some(known) => known,
            None if !self.may_ask() => return Err(unanswered()),
            None => {
                let record = record(resolver.texts_of(&name, reader(&name)).await);
                self.0.lock().known.insert(name, record.clone());
                record
            }
        };
        match known {
            Txt::DomainKey(key) => Ok(key),
            Txt::Error(error) => Err(error),
            _ => Err(Error::Dns(DnsError::InvalidRecordType)),
        }
    }

    /// Counts one more question.
    fn may_ask(&self) -> bool {
        let state = &mut *self.0.lock();
        state.asked += 1;
        !state.is_closed && state.asked <= MAX_RECORDS
    }
}

/// As mail-auth writes names.
fn fqdn(name: &str) -> Cow<'_, str> {
    let is_folded = name.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase());
    match (is_folded, name.ends_with('.')) {
        (true, true) => Cow::Borrowed(name),
        (true, false) => Cow::Owned([name, "."].concat()),
        (false, is_ended) => {
            Cow::Owned([&*name.to_lowercase(), if is_ended { "" } else { "." }].concat())
        }
    }
}

/// Reads what mail-auth looks for at that name: the first of several records that is such a one.
fn reader(name: &str) -> fn(&[Vec<u8>]) -> Txt {
    if name.starts_with("_dmarc.") { first::<Dmarc> } else { first::<DomainKey> }
}

fn record(answer: Result<Arc<Txt>, LookupError>) -> Txt {
    match answer {
        Ok(record) => (*record).clone(),
        Err(LookupError::Nonexistent) => absent(ResponseCode::NXDomain),
        Err(LookupError::Empty) => absent(ResponseCode::NoError),
        Err(LookupError::Unanswered) => Txt::Error(unanswered()),
    }
}

fn first<T: TxtRecordParser + Into<Txt>>(texts: &[Vec<u8>]) -> Txt {
    let mut found = Err(Error::Dns(DnsError::InvalidRecordType));
    for text in texts {
        found = T::parse(text);
        if found.is_ok() {
            break;
        }
    }
    found.into()
}

fn absent(code: ResponseCode) -> Txt {
    Txt::Error(Error::Dns(DnsError::RecordNotFound(code)))
}

fn unanswered() -> Error {
    Error::Dns(DnsError::Resolver("no answer".to_owned()))
}

impl ResolverCache<Box<str>, Txt> for Records {
    fn get<Q>(&self, name: &Q) -> Option<Txt>
    where
        Box<str>: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let state = &mut *self.0.lock();
        if let Some(known) = state.known.get(name) {
            return Some(known.clone());
        }
        let lacking = state.possible.get(name).filter(|_| !state.is_closed).cloned();
        state.lacking.extend(lacking);
        // Neither a pass nor a failure is computed by what is not known.
        Some(Txt::Error(unanswered()))
    }

    fn remove<Q>(&self, _: &Q) -> Option<Txt>
    where
        Box<str>: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        None
    }

    fn insert(&self, _: Box<str>, _: Txt, _: Instant) {}
}

/// Addresses: where a domain's policy hangs on whether the domain exists (RFC 9989 §4.7, `np`), it does until that is known.
impl ResolverCache<Box<str>, RecordSet<Ipv4Addr>> for Records {
    fn get<Q>(&self, _: &Q) -> Option<RecordSet<Ipv4Addr>>
    where
        Box<str>: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.0.lock().is_doubted = true;
        Some(RecordSet { rrset: Arc::new([]), dnssec_status: DnssecStatus::Indeterminate })
    }

    fn remove<Q>(&self, _: &Q) -> Option<RecordSet<Ipv4Addr>>
    where
        Box<str>: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        None
    }

    fn insert(&self, _: Box<str>, _: RecordSet<Ipv4Addr>, _: Instant) {}
}

impl fmt::Debug for Records {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Records")
    }
}
