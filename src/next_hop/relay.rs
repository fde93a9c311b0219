use crate::address::Domain;
use std::{fmt, net::IpAddr, path::PathBuf};

/// What a route says of its hosts beyond where they are: mostly those of a smart host.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Relay {
    /// Who we are there.
    pub login: Option<Login>,
    /// The hosts refuse a From that is not ours: it is replaced.
    pub takes_own_from: bool,
    /// The address of this machine that is connected from.
    pub source: Option<IpAddr>,
    /// Our name in EHLO there.
    pub hello: Option<Domain>,
}

/// Who we are for a smart host. The password is read when it is needed.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Login {
    /// Not shown: with some services it is as secret as the password.
    pub username: String,
    /// The file whose first line is the password.
    pub password_file: PathBuf,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login").field("password_file", &self.password_file).finish_non_exhaustive()
    }
}
