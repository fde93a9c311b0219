//! Certificates by themselves: ACME (RFC 8555) with the HTTP-01 challenge.

mod files;
mod keeper;
mod order;
mod responder;
mod shared;

pub use files::Files;
pub use keeper::Keeper;
pub use responder::Responder;
pub use shared::Shared;

/// Why there is no new certificate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AcmeError {
    /// The authority, or the way to it.
    #[error("the authority: {0}")]
    Authority(#[from] instant_acme::Error),
    /// The authority offers no challenge that can be answered here.
    #[error("the authority offers no http-01 challenge")]
    NoChallenge,
    /// The authority did not find what it asked for.
    #[error(
        "the authority does not believe that {0} is ours: is its A record this machine, and port 80 open?"
    )]
    NotBelieved(String),
    /// What the authority issued cannot be used.
    #[error("what the authority issued cannot be used: {0}")]
    Unusable(String),
    /// What is shared with other machines cannot be read or written.
    #[error("what machines share: {0}")]
    Shared(String),
    /// The files of account and certificate.
    #[error("{}: {error}", .file.display())]
    File {
        /// The file.
        file: std::path::PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
}

impl AcmeError {
    /// Whether the authority only wants the same again with a fresh nonce (RFC 8555, section 6.5): nothing is wrong
    /// with the order, and the client has already tried more than once within the request.
    fn wants_fresh_nonce(&self) -> bool {
        let Self::Authority(instant_acme::Error::Api(problem)) = self else { return false };
        problem.r#type.as_deref() == Some("urn:ietf:params:acme:error:badNonce")
    }
}
