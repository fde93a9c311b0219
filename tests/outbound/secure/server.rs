use super::authority::Issued;
use onward::{
    address::ForwardPath,
    config::CertificateFiles,
    inbound::{Encryption, Handler, MessageMemory, Timeouts, drive},
    reply::Reply,
    smtp::{BareLf, Session, SessionConfig, Tls, Transaction},
    tls::{Acceptor, Certificates, Stream},
};
use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
};

/// A mail server with a certificate.
pub(super) struct Server {
    pub(super) address: SocketAddr,
    arrived: Arc<Mutex<Vec<Option<Tls>>>>,
}

/// What stands between us and the server.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Between {
    Nobody,
    /// Takes STARTTLS out of what the server offers.
    Stripper,
    /// Refuses STARTTLS.
    Refuser,
    /// Answers STARTTLS and then speaks no TLS.
    Babbler,
    /// Says more than the answer to STARTTLS, in plaintext.
    Injector,
}

impl Server {
    pub(super) async fn start(issued: &Issued, between: Between) -> Self {
        let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
        Self::start_at(any, issued, between).await
    }

    pub(super) async fn start_at(at: SocketAddr, issued: &Issued, between: Between) -> Self {
        let listener = TcpListener::bind(at).await.unwrap();
        let address = listener.local_addr().unwrap();
        let files = CertificateFiles {
            name: None,
            certificate: issued.certificate.clone(),
            key: issued.key.clone(),
        };
        let certificates = Arc::new(Certificates::load(&[files]).unwrap().unwrap());
        let acceptor = Acceptor::new(move || Some(Arc::clone(&certificates))).unwrap();
        let arrived = Arc::new(Mutex::new(Vec::new()));
        let inbox = Arc::clone(&arrived);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let encryption = Encryption { acceptor: acceptor.clone(), is_implicit: false };
                let inbox = Inbox(Arc::clone(&inbox));
                tokio::spawn(async move {
                    let (near, far) = tokio::io::duplex(64 << 10);
                    if between == Between::Nobody {
                        serve(Box::new(stream), encryption, inbox).await;
                    } else {
                        tokio::spawn(serve(Box::new(far), encryption, inbox));
                        meddle(stream, near, between).await;
                    }
                });
            }
        });
        Self { address, arrived }
    }

    /// How each message came.
    pub(super) fn arrived(&self) -> Vec<Option<Tls>> {
        self.arrived.lock().unwrap().clone()
    }

    pub(super) fn port(&self) -> u16 {
        self.address.port()
    }
}

async fn serve(stream: Stream, encryption: Encryption, mut inbox: Inbox) {
    let config = SessionConfig {
        hostname: "mx.sink.test".into(),
        max_message_size: 1 << 20,
        max_recipients: 10,
        max_errors: 10,
        bare_lf: BareLf::Refuse,
    };
    let patience = Duration::from_secs(30);
    let timeouts = Timeouts { command: patience, data: patience, session: patience };
    let (_running, stopped) = watch::channel(false);
    let session = Session::new(Arc::new(config), 0);
    let memory = MessageMemory::new(1 << 20);
    let _ = drive(stream, session, Some(&encryption), &mut inbox, timeouts, &memory, stopped).await;
}

/// Hands on what either says, but for what it does not like.
async fn meddle(client: TcpStream, server: tokio::io::DuplexStream, between: Between) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = tokio::io::split(server);
    let up = async {
        let mut buffer = [0; 4096];
        loop {
            let count = from_client.read(&mut buffer).await.unwrap_or(0);
            let text = buffer.get(..count).filter(|text| !text.is_empty())?;
            if text == b"STARTTLS\r\n" {
                return Some(());
            }
            to_server.write_all(text).await.ok()?;
        }
    };
    let down = async {
        let mut buffer = [0; 4096];
        while let Ok(count @ 1..) = from_server.read(&mut buffer).await {
            let text = String::from_utf8_lossy(&buffer[..count]);
            let text = match between {
                Between::Stripper => {
                    text.replace("250-STARTTLS\r\n", "").replace("250 STARTTLS", "250 HELP")
                }
                _ => text.into_owned(),
            };
            if to_client.write_all(text.as_bytes()).await.is_err() {
                return;
            }
        }
    };
    let asked = tokio::select! {
        asked = up => asked,
        () = down => None,
    };
    if asked.is_some() {
        let answer: &[u8] = match between {
            Between::Refuser => b"454 4.7.0 not now\r\n",
            Between::Babbler => b"220 go on\r\n",
            _ => b"220 go on\r\n250 evil\r\n",
        };
        let _ = to_client.write_all(answer).await;
        if between == Between::Babbler {
            let _ = to_client.write_all(b"HTTP/1.1 400 what is this\r\n\r\n").await;
        }
        let _ = from_client.read(&mut [0; 4096]).await;
    }
}

struct Inbox(Arc<Mutex<Vec<Option<Tls>>>>);

impl Handler for Inbox {
    async fn recipient(&mut self, _: &Session, _: &ForwardPath) -> Reply {
        Reply::recipient_ok()
    }

    async fn message(&mut self, transaction: Transaction) -> Reply {
        self.0.lock().unwrap().push(transaction.tls);
        Reply::forwarded("id")
    }
}
