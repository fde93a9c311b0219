//! TLS both ways: certificates of ours for clients, and how much of a destination's certificate is believed.

mod acceptor;
mod certificates;
mod connector;
mod expiry;
mod roots;
mod self_signed;
mod verifier;

pub use acceptor::Acceptor;
pub use certificates::{CertificateError, Certificates};
pub use connector::{Connector, Identity, TlsError, Trust};
pub use expiry::{Life, expiry};
pub use roots::RootsError;
pub use self_signed::{SelfSigned, self_signed};

use crate::smtp::Tls;
use rustls::{CommonState, ProtocolVersion, SupportedCipherSuite};
use std::fmt::Debug;
use tokio::io::{AsyncRead, AsyncWrite};

/// A connection, whatever carries it: encrypted or not.
pub type Stream = Box<dyn ByteStream>;

/// What bytes go both ways over.
pub trait ByteStream: AsyncRead + AsyncWrite + Unpin + Send + Debug {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + Debug> ByteStream for S {}

/// What a finished handshake agreed on.
fn agreed(state: &CommonState) -> Tls {
    let version = match state.protocol_version() {
        Some(ProtocolVersion::TLSv1_2) => "TLSv1.2",
        Some(ProtocolVersion::TLSv1_3) => "TLSv1.3",
        _ => "TLS",
    };
    let name = |suite: SupportedCipherSuite| {
        let name = suite.suite().as_str().unwrap_or_default();
        // rustls tells the suites of TLS 1.3 apart, which IANA does not.
        name.replacen("TLS13_", "TLS_", 1)
    };
    Tls { version, cipher: state.negotiated_cipher_suite().map(name).unwrap_or_default() }
}
