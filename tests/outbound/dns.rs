//! A name server over UDP that knows what it is told.

use hickory_proto::{
    op::{Message, OpCode, ResponseCode},
    rr::{
        Name, RData, Record, RecordType,
        rdata::{A, AAAA, CNAME, MX, TXT},
    },
};
use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
};
use tokio::net::UdpSocket;

/// What the server knows; a name it does not know does not exist, unless `*` stands for it.
#[derive(Debug, Default, Clone)]
pub(crate) struct Zone {
    records: Vec<(Name, RData)>,
    codes: HashMap<Name, Option<ResponseCode>>,
}

impl Zone {
    pub(crate) fn mx(self, domain: &str, preference: u16, host: &str) -> Self {
        self.with(domain, RData::MX(MX::new(preference, name(host))))
    }

    pub(crate) fn a(self, host: &str, ip: &str) -> Self {
        self.with(host, RData::A(A(ip.parse().unwrap())))
    }

    pub(crate) fn aaaa(self, host: &str, ip: &str) -> Self {
        self.with(host, RData::AAAA(AAAA(ip.parse().unwrap())))
    }

    pub(crate) fn cname(self, alias: &str, target: &str) -> Self {
        self.with(alias, RData::CNAME(CNAME(name(target))))
    }

    pub(crate) fn txt(self, host: &str, text: &str) -> Self {
        self.with(host, RData::TXT(TXT::new(vec![text.to_owned()])))
    }

    /// Whatever is asked about `host` fails.
    pub(crate) fn servfail(mut self, host: &str) -> Self {
        self.codes.insert(name(host), Some(ResponseCode::ServFail));
        self
    }

    /// No question about `host` is answered.
    pub(crate) fn silent(mut self, host: &str) -> Self {
        self.codes.insert(name(host), None);
        self
    }

    fn with(mut self, owner: &str, data: RData) -> Self {
        self.records.push((name(owner), data));
        self
    }

    fn answer(&self, request: &Message) -> Option<Message> {
        let query = request.queries.first()?;
        let mut response = Message::response(request.metadata.id, OpCode::Query);
        response.metadata.recursion_desired = true;
        response.metadata.recursion_available = true;
        response.add_query(query.clone());
        let mut owner = query.name().to_lowercase();
        if let Some(code) = self.codes.get(&owner) {
            response.metadata.response_code = (*code)?;
            return Some(response);
        }
        loop {
            let of = |owner: &Name| -> Vec<&(Name, RData)> {
                self.records.iter().filter(|(name, _)| name == owner).collect()
            };
            let here = Some(of(&owner)).filter(|here| !here.is_empty());
            let here = here.unwrap_or_else(|| of(&owner.clone().into_wildcard()));
            if here.is_empty() {
                response.metadata.response_code = ResponseCode::NXDomain;
                return Some(response);
            }
            let mut next = None;
            for (_, data) in here {
                let kind = data.record_type();
                if kind == query.query_type() || kind == RecordType::CNAME {
                    response.add_answer(Record::from_rdata(owner.clone(), 60, data.clone()));
                }
                if let RData::CNAME(target) = data {
                    next = Some(target.0.clone());
                }
            }
            match next {
                Some(target) => owner = target,
                None => return Some(response),
            }
        }
    }
}

/// Starts a server; the list is that of the questions asked.
pub(crate) async fn serve(zone: Zone) -> (SocketAddr, Arc<Mutex<Vec<String>>>) {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let questions = Arc::clone(&asked);
    tokio::spawn(async move {
        let mut buffer = [0; 4096];
        while let Ok((length, client)) = socket.recv_from(&mut buffer).await {
            let request = Message::from_vec(&buffer[..length]).unwrap();
            for query in &request.queries {
                let question = format!("{} {}", query.name(), query.query_type());
                questions.lock().unwrap().push(question);
            }
            if let Some(response) = zone.answer(&request) {
                socket.send_to(&response.to_vec().unwrap(), client).await.unwrap();
            }
        }
    });
    (address, asked)
}

fn name(text: &str) -> Name {
    let mut name = Name::from_ascii(text).unwrap();
    name.set_fqdn(true);
    name
}
