//! Certificates by themselves: ACME (RFC 8555) with the HTTP-01 challenge.

mod files;
mod keeper;
mod order;
mod responder;

pub use files::Files;
pub use keeper::Keeper;
pub use responder::Responder;

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
    /// The files of account and certificate.
    #[error("{}: {error}", .file.display())]
    File {
        /// The file.
        file: std::path::PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
}
