//! HTTP with requests of any method, and with bodies: bounded in octets, time and places.

use super::{
    HEAD_PATIENCE, MAX_HEAD,
    fault::Fault,
    unread::{Muted, READ_ON, read_on, tell},
};
use crate::{
    inbound::{Accepted, Connections, Idle, Socket},
    rate::ClientBlock,
    tls::{Acceptor, Stream},
};
use async_trait::async_trait;
use http_body_util::{BodyExt, Full};
use hyper::{
    Request, Response,
    body::{Body, Bytes, Incoming},
    http::request::Parts,
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use parking_lot::Mutex;
use std::{
    collections::HashMap,
    convert::Infallible,
    fmt,
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};
use tokio::{sync::watch, task::JoinSet, time::timeout};

/// Connections at once to one listener. Who comes beyond takes the place of the oldest that has not asked yet.
const CONNECTIONS: usize = 128;
/// Those of one client; beyond, the new ones are closed.
const OF_CLIENT: usize = 16;
/// How long a whole connection may take, which is for one request.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long a body may take to come.
const BODY_PATIENCE: Duration = Duration::from_secs(10);
/// How long an answer may take to be made.
const ANSWER_PATIENCE: Duration = Duration::from_secs(30);
/// Most octets of a body.
pub const MAX_BODY: usize = 64 << 10;

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Client(
    /// Its address; `None` on a unix socket.
    pub Option<IpAddr>,
);

/// What answers requests. One that is asked ends its work, whether the client waits for it or not.
#[async_trait]
pub trait Application: fmt::Debug + Send + Sync {
    /// Answers a request, whose body has come whole.
    async fn answer(&self, client: Client, request: Request<Bytes>) -> Response<Bytes>;

    /// What the log is told of a path: a secret in it is not.
    fn told<'a>(&self, path: &'a str) -> &'a str {
        path
    }

    /// The answer to a request that came to nothing; `head` is `None` where not even that could be read.
    fn fault(&self, head: Option<&Parts>, fault: Fault) -> Response<Bytes>;
}

/// Has `application` answer on `socket` until `retired` turns true; with `tls` it is https.
pub async fn serve_application(
    socket: Socket,
    tls: Option<Acceptor>,
    retired: watch::Receiver<bool>,
    application: Arc<dyn Application>,
) {
    let connections = Connections::new(CONNECTIONS);
    let clients = Arc::<Clients>::default();
    let begin = |accepted, tasks: &mut JoinSet<()>| {
        let (stream, client): (Stream, _) = match accepted {
            Accepted::Tcp(stream, peer) => {
                (Box::new(stream), Client(Some(peer.ip().to_canonical())))
            }
            Accepted::Unix(stream) => (Box::new(stream), Client(None)),
        };
        let Some(among_own) = clients.admit(client) else { return };
        let Some(place) = connections.admit() else { return };
        let (application, tls) = (Arc::clone(&application), tls.clone());
        tasks.spawn(async move {
            let idle = place.idle();
            let closed = idle.notice();
            let idle = Mutex::new(Some(idle));
            let conversation = async {
                let stream = match tls {
                    None => stream,
                    // Who does not get through the handshake is told by TLS, and nobody else wants to know.
                    Some(tls) => match tls.accept(stream).await {
                        Ok((stream, _)) => Box::new(stream) as Stream,
                        Err(_) => return,
                    },
                };
                converse(stream, client, &idle, &application).await;
            };
            tokio::select! {
                _ = timeout(PATIENCE, conversation) => {}
                () = closed.notified() => {}
            }
            drop(among_own);
        });
    };
    socket.serve(retired, begin).await;
}

async fn converse(
    mut stream: Stream,
    client: Client,
    idle: &Mutex<Option<Idle<'_>>>,
    application: &Arc<dyn Application>,
) {
    let (is_read, is_whole) = (AtomicBool::new(false), AtomicBool::new(false));
    let service = service_fn(|request: Request<Incoming>| {
        is_read.store(true, Relaxed);
        async {
            let response = answer(client, request, idle, &is_whole, application).await;
            Ok::<_, Infallible>(response.map(Full::new))
        }
    });
    let mut muted = Muted::new(&mut stream, &is_read);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .keep_alive(false)
        // Who has said all is answered, and what he asked for is done.
        .half_close(true)
        .max_buf_size(MAX_HEAD)
        .header_read_timeout(HEAD_PATIENCE)
        .serve_connection(TokioIo::new(&mut muted), service);
    // Who breaks off had no use for the answer.
    let fault = connection.await.err().and_then(|error| muted.fault(&error));
    if let Some(fault) = fault {
        tell(&mut stream, application.fault(None, fault)).await;
    }
    if fault.is_some() || (is_read.load(Relaxed) && !is_whole.load(Relaxed)) {
        read_on(&mut stream).await;
    }
}

async fn answer(
    client: Client,
    request: Request<Incoming>,
    idle: &Mutex<Option<Idle<'_>>>,
    is_whole: &AtomicBool,
    application: &Arc<dyn Application>,
) -> Response<Bytes> {
    let (head, body) = request.into_parts();
    let body = match timeout(BODY_PATIENCE, collect(body)).await {
        Ok(Ok(body)) => body,
        Ok(Err(fault)) => return application.fault(Some(&head), fault),
        Err(_) => return application.fault(Some(&head), Fault::Slow),
    };
    is_whole.store(true, Relaxed);
    // Whoever has asked, and said all of it, is not sent away for others.
    drop(idle.lock().take());
    let (asked, request) = (Arc::clone(application), Request::from_parts(head.clone(), body));
    // On its own: a change that has begun is not cut in its middle because the client goes away.
    let answered = tokio::spawn(async move { asked.answer(client, request).await });
    match timeout(ANSWER_PATIENCE, answered).await {
        Ok(Ok(response)) => response,
        Ok(Err(error)) => {
            tracing::error!(%error, path = application.told(head.uri.path()), "a request failed");
            application.fault(Some(&head), Fault::Failed)
        }
        Err(_) => application.fault(Some(&head), Fault::Late),
    }
}

async fn collect(mut body: Incoming) -> Result<Bytes, Fault> {
    let announced = body.size_hint().lower();
    if announced > READ_ON as u64 {
        return Err(Fault::TooLarge);
    }
    let (mut octets, mut read) = (Vec::new(), 0);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Fault::Broken)?;
        let Some(data) = frame.data_ref() else { continue };
        read += data.len();
        if read > READ_ON {
            return Err(Fault::TooLarge);
        } else if read > MAX_BODY {
            octets = Vec::new();
        } else {
            octets.extend_from_slice(data);
        }
    }
    if read > MAX_BODY { Err(Fault::TooLarge) } else { Ok(octets.into()) }
}

/// How many connections each client has.
#[derive(Debug, Default)]
struct Clients(Mutex<HashMap<ClientBlock, usize>>);

/// One connection of those that a client may have; given back on drop.
#[derive(Debug)]
struct OfClient(Arc<Clients>, ClientBlock);

impl Clients {
    /// `None` when the client has as many as it may. Those of this machine are not told from each other: behind a
    /// unix socket or a loopback address there may be a proxy, and everybody behind that.
    fn admit(self: &Arc<Self>, client: Client) -> Option<Option<OfClient>> {
        let Some(ip) = client.0.filter(|ip| !ip.is_loopback()) else { return Some(None) };
        let (block, mut clients) = (ClientBlock::of(ip), self.0.lock());
        let count = clients.entry(block).or_default();
        if *count >= OF_CLIENT {
            return None;
        }
        *count += 1;
        Some(Some(OfClient(Arc::clone(self), block)))
    }
}

impl Drop for OfClient {
    fn drop(&mut self) {
        let mut clients = self.0.0.lock();
        if let Some(count) = clients.get_mut(&self.1) {
            *count -= 1;
            if *count == 0 {
                clients.remove(&self.1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_client_has_its_own_places() {
        let clients = Arc::<Clients>::default();
        let client = |text: &str| Client(Some(text.parse().unwrap()));
        let held: Vec<_> =
            (0..OF_CLIENT).map(|_| clients.admit(client("192.0.2.1")).unwrap()).collect();
        assert!(clients.admit(client("192.0.2.1")).is_none());
        let other = clients.admit(client("192.0.2.2")).unwrap();
        assert!(clients.admit(Client(None)).unwrap().is_none());
        assert!(clients.admit(client("::1")).unwrap().is_none());
        drop(held);
        assert!(clients.admit(client("192.0.2.1")).is_some());
        drop(other);
        assert!(clients.0.lock().is_empty(), "nothing is kept of who is gone");
    }
}
