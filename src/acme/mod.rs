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
    /// It offers no challenge that can be answered here.
    #[error("the authority offers no http-01 challenge")]
    NoChallenge,
    /// It did not find what it asked for.
    #[error(
        "the authority does not believe that {0} is ours: is its A record this machine, and port 80 open?"
    )]
    NotBelieved(String),
    /// What it issued cannot be used.
    #[error("what the authority issued cannot be used: {0}")]
    Unusable(String),
    /// Its files.
    #[error("{}: {error}", .file.display())]
    File {
        /// Which.
        file: std::path::PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
}
