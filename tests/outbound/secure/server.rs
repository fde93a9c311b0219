use super::authority::Issued;
use onward::{
    address::ForwardPath,
    config::CertificateFiles,
    envelope::RcptDsn,
    inbound::{Encryption, Handler, MessageMemory, Patience, Reservation, Timeouts, drive},
    reply::Reply,
    smtp::{BareLf, Session, SessionConfig, Tls, Transaction},
    tls::{Acceptor, Certificates, Stream},
};
use rustls::{RootCertStore, ServerConfig, server::WebPkiClientVerifier};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
    time::Instant,
};
use tokio_rustls::TlsAcceptor;

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
    /// Answers STARTTLS and then says nothing.
    Mute,
    /// Wants a certificate of the client in the handshake, of which there is none.
    Demander,
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
        let demanding = demanding(issued);
        let certificates = Arc::new(Certificates::load(&[files]).unwrap().unwrap());
        let acceptor = Acceptor::new(move || Some(Arc::clone(&certificates))).unwrap();
        let arrived = Arc::new(Mutex::new(Vec::new()));
        let inbox = Arc::clone(&arrived);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let encryption = Encryption { acceptor: acceptor.clone(), is_implicit: false };
                let (inbox, demanding) = (Inbox(Arc::clone(&inbox)), demanding.clone());
                tokio::spawn(async move {
                    let (near, far) = tokio::io::duplex(64 << 10);
                    if between == Between::Nobody {
                        serve(Box::new(stream), encryption, inbox).await;
                    } else {
                        tokio::spawn(serve(Box::new(far), encryption, inbox));
                        meddle(stream, near, between, demanding).await;
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
        minds_early_talk: false,
    };
    let patience = Duration::from_secs(30);
    let timeouts = Timeouts { command: patience, data: patience, data_rate: 0, session: patience };
    let mut patience = Patience::unshaken(timeouts, Instant::now());
    let (_running, stopped) = watch::channel(false);
    let session = Session::new(Arc::new(config));
    let memory = MessageMemory::new(1 << 20);
    let _ = drive(stream, session, Some(&encryption), &mut inbox, &mut patience, &memory, stopped)
        .await;
}

/// Hands on what either says, but for what it does not like.
async fn meddle(
    mut client: TcpStream,
    server: tokio::io::DuplexStream,
    between: Between,
    demanding: TlsAcceptor,
) {
    let (mut from_client, mut to_client) = client.split();
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
            Between::Injector => b"220 go on\r\n250 evil\r\n",
            _ => b"220 go on\r\n",
        };
        let _ = to_client.write_all(answer).await;
        if between == Between::Babbler {
            let _ = to_client.write_all(b"HTTP/1.1 400 what is this\r\n\r\n").await;
        }
        if between == Between::Demander {
            let _ = demanding.accept(client).await;
            return;
        }
        while let Ok(1..) = from_client.read(&mut [0; 4096]).await {}
    }
}

/// TLS that ends for want of a client's certificate.
fn demanding(issued: &Issued) -> TlsAcceptor {
    let certificates = CertificateDer::pem_file_iter(&issued.certificate).unwrap();
    let certificates: Vec<_> = certificates.map(Result::unwrap).collect();
    let mut roots = RootCertStore::empty();
    roots.add(certificates.first().unwrap().clone()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier =
        WebPkiClientVerifier::builder_with_provider(roots.into(), Arc::clone(&provider)).build();
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier.unwrap())
        .with_single_cert(certificates, PrivateKeyDer::from_pem_file(&issued.key).unwrap())
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

struct Inbox(Arc<Mutex<Vec<Option<Tls>>>>);

impl Handler for Inbox {
    async fn recipient(&mut self, _: &Session, _: &ForwardPath, _: &RcptDsn) -> Reply {
        Reply::recipient_ok()
    }

    async fn message(&mut self, transaction: Transaction, _: Reservation) -> Reply {
        self.0.lock().unwrap().push(transaction.tls);
        Reply::forwarded("id")
    }
}
