use crate::{
    config::{ListenAddress, service},
    mail::OpenError,
    store::journal::JournalError,
};
use std::{io, path::PathBuf};

/// Why the daemon does not start. Nothing was accepted yet.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// What mail needs cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Two daemons would each know only half of what was delivered and how often SRS addresses were
    /// used.
    #[error("{}: another onward serves from this state directory", .0.display())]
    Running(PathBuf),
    /// The lock of the state directory cannot be taken.
    #[error("cannot lock the state directory {}: {error}", .path.display())]
    Lock {
        /// The state directory.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// A certificate cannot be used.
    #[error("{0}")]
    Certificates(String),
    /// A listener cannot be bound.
    #[error("cannot listen on {address}: {error}{}", hint(address, error))]
    Listen {
        /// The address as configured.
        address: ListenAddress,
        /// What the system says.
        error: io::Error,
    },
    /// The journal cannot be used.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// All is still in the state directory, and would be missed.
    #[error(
        "the database of [store] holds no domain, and {}/onward.db does: run `onward store migrate`, which moves all of it there",
        .0.display()
    )]
    NotMoved(PathBuf),
    /// The configuration names no listener.
    #[error("the configuration has no [[listen]] section, so there is nothing to serve")]
    NoListener,
}

impl StartError {
    /// Whether the configuration has to be changed first: a start later ends as this one does.
    pub fn is_of_configuration(&self) -> bool {
        match self {
            Self::NoListener | Self::Open(OpenError::Keys(_)) => true,
            Self::Listen { address, error } => match error.kind() {
                io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => true,
                // The name of a host may be known later.
                io::ErrorKind::NotFound => !matches!(address, ListenAddress::Tcp { .. }),
                _ => false,
            },
            _ => false,
        }
    }
}

fn hint(address: &ListenAddress, error: &io::Error) -> String {
    let is_barred =
        matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem);
    match address {
        ListenAddress::Tcp { .. } if error.kind() == io::ErrorKind::AddrInUse => {
            "; another program has the port (`ss -ltnp` shows which)".to_owned()
        }
        ListenAddress::Tcp { port, .. } if is_barred => match service::socket_of_port(*port) {
            Some(ListenAddress::Systemd(name)) => format!(
                "; the service has no right to ports below 1024, and systemd binds this one for it: \
                 address = \"systemd:{name}\" in onward.toml, then systemctl enable --now {} onward.service",
                service::named_unit(&name)
            ),
            _ => "; ports below 1024 need a socket of systemd (address = \"systemd:NAME\") or \
                  CAP_NET_BIND_SERVICE"
                .to_owned(),
        },
        ListenAddress::Unix(_) if is_barred => {
            "; where the service may not write, systemd makes the socket: address = \
             \"systemd:socketmap\" in onward.toml and onward-socketmap.socket, for one"
                .to_owned()
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(address: &str, kind: io::ErrorKind) -> StartError {
        StartError::Listen { address: address.parse().unwrap(), error: kind.into() }
    }

    /// Beside what it says, whether a later start may do better.
    #[test]
    fn a_port_below_1024_is_systemds_to_bind() {
        for (port, name, unit) in
            [(25, "smtp", "onward.socket"), (465, "smtps", "onward-smtps.socket")]
        {
            let error = refused(&format!("0.0.0.0:{port}"), io::ErrorKind::PermissionDenied);
            let text = error.to_string();
            for part in [&format!("address = \"systemd:{name}\""), &format!("enable --now {unit}")]
            {
                assert!(text.contains(part), "{part}: {text}");
            }
            assert!(error.is_of_configuration());
        }
        let other = refused("0.0.0.0:26", io::ErrorKind::PermissionDenied);
        assert!(other.to_string().contains("a socket of systemd"), "{other}");
        let chroot = refused("unix:/var/spool/postfix/srs", io::ErrorKind::ReadOnlyFilesystem);
        assert!(chroot.to_string().contains("onward-socketmap.socket"), "{chroot}");
        assert!(chroot.is_of_configuration());
        assert!(!refused("0.0.0.0:25", io::ErrorKind::AddrInUse).is_of_configuration());
        assert!(!refused("mx.test:25", io::ErrorKind::NotFound).is_of_configuration());
        assert!(refused("systemd:smtp", io::ErrorKind::NotFound).is_of_configuration());
    }
}
