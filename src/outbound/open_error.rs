//! Why a connection to a host did not come about.

use super::dialogue::Lost;
use crate::{smtp::reply_reader::ServerReply, tls::TlsError};
use std::{io, time::Duration};

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(super) enum OpenError {
    #[error("cannot connect: {0}")]
    Unreachable(io::Error),
    #[error(transparent)]
    Lost(#[from] Lost),
    #[error("refuses us: {} {}", .0.code, .0.text.as_str().replace('\n', " "))]
    Refused(ServerReply),
    #[error("offers no TLS")]
    WithoutTls,
    #[error("refuses STARTTLS: {} {}", .0.code, .0.text.as_str().replace('\n', " "))]
    TlsRefused(ServerReply),
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error(transparent)]
    Login(#[from] LoginError),
}

impl OpenError {
    /// Whether the connection came to nothing for the sake of encryption.
    pub(super) fn is_of_tls(&self) -> bool {
        matches!(self, Self::WithoutTls | Self::TlsRefused(_) | Self::Tls(_))
    }

    /// Whether the host let the time pass.
    pub(super) fn is_silence(&self) -> bool {
        match self {
            Self::Unreachable(error) | Self::Tls(TlsError::Handshake(error)) => {
                error.kind() == io::ErrorKind::TimedOut
            }
            Self::Lost(lost) => matches!(lost, Lost::TimedOut),
            _ => false,
        }
    }
}

/// Why we are not let in.
#[derive(Debug, thiserror::Error)]
pub(super) enum LoginError {
    #[error("it refuses the login: {}", .0.last_line())]
    Refused(ServerReply),
    /// Nobody was asked.
    #[error("it refused the login, which is not tried again before {} s have passed", .0.as_secs())]
    NotYet(Duration),
    #[error("it offers neither AUTH PLAIN nor AUTH LOGIN behind its TLS")]
    NotOffered,
    #[error("{0}")]
    NoPassword(String),
    /// The configuration bars this already.
    #[error("others could read the password on the way")]
    NotPrivate,
}
