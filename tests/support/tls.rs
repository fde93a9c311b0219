//! A raw SMTP client within TLS, which believes any certificate and tells which it was.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, SignatureScheme, StreamOwned};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

pub struct TlsClient {
    stream: BufReader<StreamOwned<ClientConnection, TcpStream>>,
}

#[derive(Debug)]
struct Anybody;

impl TlsClient {
    /// The handshake on a connection that is ready for it.
    pub fn over(stream: TcpStream) -> io::Result<Self> {
        let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Anybody))
            .with_no_client_auth();
        let name = ServerName::try_from("mx.example.org").unwrap();
        let connection = ClientConnection::new(Arc::new(config), name).unwrap();
        let mut stream = StreamOwned::new(connection, stream);
        while stream.conn.is_handshaking() {
            stream.conn.complete_io(&mut stream.sock)?;
        }
        Ok(Self { stream: BufReader::new(stream) })
    }

    /// The certificate that was shown, in DER.
    pub fn certificate(&self) -> Vec<u8> {
        self.stream.get_ref().conn.peer_certificates().unwrap()[0].to_vec()
    }

    pub fn send(&mut self, octets: &[u8]) {
        self.try_send(octets).unwrap();
    }

    /// For whoever may have been cut off.
    pub fn try_send(&mut self, octets: &[u8]) -> io::Result<()> {
        self.stream.get_mut().write_all(octets)
    }

    /// The last line of the next reply; empty at the end.
    pub fn reply(&mut self) -> io::Result<String> {
        loop {
            let mut line = String::new();
            self.stream.read_line(&mut line)?;
            if line.as_bytes().get(3) != Some(&b'-') {
                return Ok(line);
            }
        }
    }

    /// All that comes until the other side ends.
    pub fn rest(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        // An end without close_notify is one too.
        let _ = self.stream.read_to_end(&mut rest);
        rest
    }

    pub fn command(&mut self, line: &str) -> String {
        self.send(format!("{line}\r\n").as_bytes());
        self.reply().unwrap()
    }

    /// Says close_notify, and gives what is below.
    pub fn close(self) -> TcpStream {
        let StreamOwned { mut conn, mut sock } = self.stream.into_inner();
        conn.send_close_notify();
        conn.write_tls(&mut sock).unwrap();
        sock
    }

    /// From EHLO to the verdict.
    pub fn message(&mut self, from: &str, to: &str, text: &str) -> String {
        for (line, code) in [
            ("EHLO client.test".to_owned(), "250"),
            (format!("MAIL FROM:<{from}>"), "250"),
            (format!("RCPT TO:<{to}>"), "250"),
            ("DATA".to_owned(), "354"),
        ] {
            let reply = self.command(&line);
            assert!(reply.starts_with(code), "{line}: {reply}");
        }
        self.command(&format!("{text}\r\n."))
    }
}

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        default_provider().signature_verification_algorithms.supported_schemes()
    }
}
