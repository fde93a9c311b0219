use super::authority::Issued;
use rustls::ServerConfig;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;

/// A web server that says one thing.
pub(super) struct Web {
    pub(super) address: SocketAddr,
    answer: Arc<Mutex<Answer>>,
    asked: Arc<AtomicUsize>,
}

#[derive(Clone)]
pub(super) enum Answer {
    /// These octets, and the end.
    Says(String),
    /// A head, and octets without end.
    Endless,
    /// Nothing.
    Hangs,
}

impl Answer {
    pub(super) fn policy(mode: &str, host: &str, max_age: u64) -> Self {
        let policy =
            format!("version: STSv1\r\nmode: {mode}\r\nmx: {host}\r\nmax_age: {max_age}\r\n");
        Self::text(&policy)
    }

    pub(super) fn text(text: &str) -> Self {
        let length = text.len();
        Self::Says(format!(
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {length}\r\n\r\n{text}"
        ))
    }
}

impl Web {
    pub(super) async fn start(issued: &Issued, answer: Answer) -> Self {
        let chain = CertificateDer::pem_file_iter(&issued.certificate).unwrap();
        let chain = chain.collect::<Result<Vec<_>, _>>().unwrap();
        let key = PrivateKeyDer::from_pem_file(&issued.key).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let answer = Arc::new(Mutex::new(answer));
        let asked = Arc::new(AtomicUsize::new(0));
        let (says, counts) = (Arc::clone(&answer), Arc::clone(&asked));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counts.fetch_add(1, Ordering::SeqCst);
                let (acceptor, answer) = (acceptor.clone(), says.lock().unwrap().clone());
                tokio::spawn(async move {
                    let Ok(mut stream) = acceptor.accept(stream).await else { return };
                    let mut request = [0; 4096];
                    let count = stream.read(&mut request).await.unwrap_or(0);
                    let request = String::from_utf8_lossy(&request[..count]);
                    assert!(
                        request.starts_with("GET /.well-known/mta-sts.txt HTTP/1.1\r\n")
                            && request.to_lowercase().contains("host: mta-sts.sink.test\r\n"),
                        "{request}"
                    );
                    match answer {
                        Answer::Says(text) => {
                            let _ = stream.write_all(text.as_bytes()).await;
                            let _ = stream.shutdown().await;
                        }
                        Answer::Hangs => std::future::pending().await,
                        Answer::Endless => {
                            let head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n";
                            let _ = stream.write_all(head.as_bytes()).await;
                            // 10 MB, if it is let.
                            for _ in 0..10 * 1024 {
                                if stream.write_all(&[b'a'; 1024]).await.is_err() {
                                    return;
                                }
                            }
                        }
                    }
                });
            }
        });
        Self { address, answer, asked }
    }

    /// From now on.
    pub(super) fn says(&self, answer: Answer) {
        *self.answer.lock().unwrap() = answer;
    }

    pub(super) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}
