//! A fake authoritative DNS server.

use std::collections::HashMap;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, UdpSocket};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;

use async_trait::async_trait;
use hickory_proto::op::{Header, HeaderCounts, Metadata, ResponseCode};
use hickory_proto::rr::rdata::{A, AAAA, CNAME, MX, PTR, SRV, TXT};
use hickory_proto::rr::{Name, RData, Record, RecordType};
use hickory_server::Server;
use hickory_server::net::runtime::Time;
use hickory_server::server::{Request, RequestHandler, ResponseHandler, ResponseInfo};
use hickory_server::zone_handler::MessageResponseBuilder;
use tokio::sync::{Notify, oneshot};

use super::DEADLINE;

/// Answers on UDP and TCP of one loopback port for every name there is.
///
/// A name nobody spoke of is NXDOMAIN; `*.name` speaks of all below a name that nobody else spoke of. Records may
/// be added and changed while it runs; they have a TTL of 0 unless [`Dns::keep`] says otherwise or a test gives them
/// another, so a resolver asks again each time.
pub struct Dns {
    address: SocketAddr,
    zone: Arc<Mutex<Zone>>,
    changed: Arc<Notify>,
    _stop: oneshot::Sender<()>,
}

/// What happens to queries for a name instead of an answer.
#[derive(Clone, Copy)]
pub enum Fault {
    ServFail,
    NxDomain,
    /// No answer at all.
    Silence,
    /// The answer comes when the name is released ([`Dns::release`]), and is the one of that moment.
    Held,
    /// SERVFAIL for what there is no record of.
    ServFailElse,
}

#[derive(Default)]
struct Zone {
    records: HashMap<String, Vec<RData>>,
    faults: HashMap<String, Fault>,
    ttls: HashMap<String, u32>,
    queries: HashMap<String, usize>,
    /// Queries that have come, answered or not.
    arrivals: HashMap<String, usize>,
    ttl: u32,
}

impl Dns {
    pub fn start() -> Self {
        let (udp, tcp) = sockets();
        let address = udp.local_addr().unwrap();
        let zone = Arc::new(Mutex::new(Zone::default()));
        let (stop, stopped) = oneshot::channel();
        let (ready, is_ready) = mpsc::channel();
        let changed = Arc::new(Notify::new());
        let handler = Handler(Arc::clone(&zone), Arc::clone(&changed));
        thread::spawn(move || serve(handler, udp, tcp, &ready, stopped));
        is_ready.recv_timeout(DEADLINE).expect("the fake DNS server starts");
        Self { address, zone, changed, _stop: stop }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn a(&self, name: &str, address: Ipv4Addr) -> &Self {
        self.add(name, RData::A(A(address)))
    }

    pub fn aaaa(&self, name: &str, address: Ipv6Addr) -> &Self {
        self.add(name, RData::AAAA(AAAA(address)))
    }

    pub fn mx(&self, name: &str, preference: u16, exchange: &str) -> &Self {
        self.add(name, RData::MX(MX::new(preference, absolute(exchange))))
    }

    /// RFC 7505: the domain takes no mail.
    pub fn null_mx(&self, name: &str) -> &Self {
        self.add(name, RData::MX(MX::new(0, Name::root())))
    }

    pub fn txt(&self, name: &str, text: &str) -> &Self {
        let strings = text.as_bytes().chunks(255).collect();
        self.add(name, RData::TXT(TXT::from_bytes(strings)))
    }

    /// A TXT record of these character-strings.
    pub fn txt_strings(&self, name: &str, strings: &[&[u8]]) -> &Self {
        self.add(name, RData::TXT(TXT::from_bytes(strings.to_vec())))
    }

    /// One with weight 1; the target `.` is no service.
    pub fn srv(&self, name: &str, port: u16, target: &str) -> &Self {
        self.add(name, RData::SRV(SRV::new(0, 1, port, absolute(target))))
    }

    pub fn ptr(&self, name: &str, target: &str) -> &Self {
        self.add(name, RData::PTR(PTR(absolute(target))))
    }

    pub fn cname(&self, name: &str, target: &str) -> &Self {
        self.add(name, RData::CNAME(CNAME(absolute(target))))
    }

    /// The name exists, though perhaps without records.
    pub fn know(&self, name: &str) -> &Self {
        self.zone.lock().unwrap().records.entry(key(name)).or_default();
        self
    }

    /// Lets queries for this name be answered by its records again.
    pub fn release(&self, name: &str) -> &Self {
        self.zone.lock().unwrap().faults.remove(&key(name));
        self.changed.notify_waiters();
        self
    }

    /// Lets every query for this name fail, whatever records it has.
    pub fn fault(&self, name: &str, fault: Fault) -> &Self {
        self.zone.lock().unwrap().faults.insert(key(name), fault);
        self.changed.notify_waiters();
        self
    }

    /// For how many seconds the records of a name may be kept.
    pub fn ttl(&self, name: &str, seconds: u32) -> &Self {
        self.zone.lock().unwrap().ttls.insert(key(name), seconds);
        self
    }

    /// Forgets all records and faults of a name.
    pub fn clear(&self, name: &str) -> &Self {
        let mut zone = self.zone.lock().unwrap();
        zone.records.remove(&key(name));
        zone.faults.remove(&key(name));
        drop(zone);
        self.changed.notify_waiters();
        self
    }

    /// How many queries for this name have come, of any type.
    pub fn queries(&self, name: &str) -> usize {
        self.zone.lock().unwrap().queries.get(&key(name)).copied().unwrap_or(0)
    }

    /// Waits until this name was asked for, whether there is an answer yet or not.
    #[track_caller]
    pub fn wait_for_question(&self, name: &str) {
        super::wait_until(name, || {
            self.zone.lock().unwrap().arrivals.contains_key(&key(name)).then_some(())
        });
    }

    /// How many queries have come for names below this one.
    pub fn queries_below(&self, name: &str) -> usize {
        let below = format!(".{}", key(name));
        let zone = self.zone.lock().unwrap();
        zone.queries.iter().filter(|(name, _)| name.ends_with(&below)).map(|(_, count)| count).sum()
    }

    /// The TTL of all records from now on, in seconds.
    pub fn keep(&self, ttl: u32) -> &Self {
        self.zone.lock().unwrap().ttl = ttl;
        self
    }

    fn add(&self, name: &str, data: RData) -> &Self {
        self.zone.lock().unwrap().records.entry(key(name)).or_default().push(data);
        self
    }
}

/// Two sockets of the same port number, as a resolver goes from UDP to TCP on it.
fn sockets() -> (UdpSocket, TcpListener) {
    for _ in 0..50 {
        let tcp = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        if let Ok(udp) = UdpSocket::bind(tcp.local_addr().unwrap()) {
            tcp.set_nonblocking(true).unwrap();
            udp.set_nonblocking(true).unwrap();
            return (udp, tcp);
        }
    }
    panic!("no port is free for both UDP and TCP");
}

fn serve(
    handler: Handler,
    udp: UdpSocket,
    tcp: TcpListener,
    ready: &mpsc::Sender<()>,
    stopped: oneshot::Receiver<()>,
) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut server = Server::new(handler);
        server.register_socket(tokio::net::UdpSocket::from_std(udp).unwrap());
        let listener = tokio::net::TcpListener::from_std(tcp).unwrap();
        server.register_listener(listener, DEADLINE, 64);
        ready.send(()).unwrap();
        // Ends when the sender is dropped with `Dns`.
        let _dropped = stopped.await;
    });
}

struct Handler(Arc<Mutex<Zone>>, Arc<Notify>);

enum Answer {
    Records(Vec<Record>),
    Code(ResponseCode),
    Silence,
}

impl Handler {
    /// Waits until the answer is due.
    async fn due(&self, name: &Name) {
        *self.0.lock().unwrap().arrivals.entry(octets(name)).or_default() += 1;
        let fault = || {
            let zone = self.0.lock().unwrap();
            zone.faults.get(&zone.owner(&zone.faults, name)).copied()
        };
        loop {
            let changed = self.1.notified();
            if !matches!(fault(), Some(Fault::Held)) {
                return;
            }
            changed.await;
        }
    }

    fn answer(&self, name: &Name, kind: RecordType) -> Answer {
        let mut zone = self.0.lock().unwrap();
        *zone.queries.entry(octets(name)).or_default() += 1;
        match zone.faults.get(&zone.owner(&zone.faults, name)) {
            Some(Fault::ServFail) => return Answer::Code(ResponseCode::ServFail),
            Some(Fault::NxDomain) => return Answer::Code(ResponseCode::NXDomain),
            Some(Fault::Silence) => return Answer::Silence,
            Some(Fault::ServFailElse) if zone.records_of(name, kind).is_empty() => {
                return Answer::Code(ResponseCode::ServFail);
            }
            Some(Fault::ServFailElse | Fault::Held) | None => {}
        }
        if !zone.records.contains_key(&zone.owner(&zone.records, name)) {
            return Answer::Code(ResponseCode::NXDomain);
        }
        Answer::Records(zone.records_of(name, kind))
    }
}

impl Zone {
    /// The name itself, or the wildcard that speaks of it.
    fn owner<T>(&self, of: &HashMap<String, T>, name: &Name) -> String {
        let name = octets(name);
        if of.contains_key(&name) {
            return name;
        }
        let mut wild = name.match_indices('.').map(|(dot, _)| format!("*{}", &name[dot..]));
        let found = wild.find(|wild| of.contains_key(wild));
        found.unwrap_or(name)
    }

    /// The records of a type, behind the aliases that lead there; a loop of aliases is cut.
    fn records_of(&self, name: &Name, kind: RecordType) -> Vec<Record> {
        let mut answer = Vec::new();
        let mut owner = name.clone();
        for _ in 0..10 {
            let Some(found) = self.records.get(&self.owner(&self.records, &owner)) else { break };
            let ttl = self.ttls.get(&octets(&owner)).copied().unwrap_or(self.ttl);
            let mut target = None;
            for data in found {
                if data.record_type() == kind {
                    answer.push(Record::from_rdata(owner.clone(), ttl, data.clone()));
                } else if let RData::CNAME(CNAME(alias)) = data {
                    answer.push(Record::from_rdata(owner.clone(), ttl, data.clone()));
                    target = Some(alias.clone());
                }
            }
            match target {
                Some(next) => owner = next,
                None => break,
            }
        }
        answer
    }
}

#[async_trait]
impl RequestHandler for Handler {
    async fn handle_request<R: ResponseHandler, T: Time>(
        &self,
        request: &Request,
        mut responses: R,
    ) -> ResponseInfo {
        let mut metadata = Metadata::response_from_request(&request.metadata);
        metadata.authoritative = true;
        let answer = match request.request_info() {
            Ok(info) => {
                let name = Name::from(info.query.name().clone());
                self.due(&name).await;
                self.answer(&name, info.query.query_type())
            }
            Err(_) => Answer::Code(ResponseCode::FormErr),
        };
        let records = match answer {
            Answer::Records(records) => records,
            Answer::Code(code) => {
                metadata.response_code = code;
                Vec::new()
            }
            Answer::Silence => {
                return ResponseInfo::from(Header { metadata, counts: HeaderCounts::default() });
            }
        };
        let response = MessageResponseBuilder::from_message_request(request).build(
            metadata,
            &records,
            [],
            [],
            [],
        );
        responses.send_response(response).await.unwrap_or_else(|_client_is_gone| {
            ResponseInfo::from(Header { metadata, counts: HeaderCounts::default() })
        })
    }
}

fn absolute(name: &str) -> Name {
    // The text of a name, or any octets between dots, as SPF macros make them.
    let octets = || Name::from_labels(name.trim_end_matches('.').split('.').map(str::as_bytes));
    let mut name = Name::from_utf8(name).or_else(|_| octets()).unwrap();
    name.set_fqdn(true);
    name
}

/// Names are compared as DNS compares them.
fn key(name: &str) -> String {
    octets(&absolute(name))
}

/// The labels as they are, without escapes.
fn octets(name: &Name) -> String {
    let labels = name.iter().map(|label| String::from_utf8_lossy(label).to_ascii_lowercase());
    labels.collect::<Vec<_>>().join(".")
}
