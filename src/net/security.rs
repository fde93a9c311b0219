use crate::{address::Domain, tls::Trust};

/// How much encryption a host must have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Security {
    /// None is tried.
    Plain,
    /// With any certificate where it works, else in plaintext.
    Opportunistic,
    /// Or nothing is sent.
    Required(Trust),
}

/// For whom, and on whose demand.
#[derive(Debug, Clone)]
pub(super) struct Demand {
    pub(super) security: Security,
    /// Who demands it, for the journal.
    pub(super) reason: Reason,
    /// Whose mail the host takes; a certificate under DANE may be for this name.
    pub(super) domain: Option<Domain>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    /// Nobody but ourselves.
    Ours,
    /// The destination's policy (RFC 8461).
    MtaSts,
    /// TLSA records (RFC 7672).
    Dane,
}

impl Demand {
    /// What a route says.
    pub(super) fn ours(security: Security) -> Self {
        Self { security, reason: Reason::Ours, domain: None }
    }

    /// Which certificates are believed; `None` where no TLS is tried.
    pub(super) fn trust(&self) -> Option<&Trust> {
        match &self.security {
            Security::Plain => None,
            Security::Opportunistic => Some(&Trust::Any),
            Security::Required(trust) => Some(trust),
        }
    }

    /// Whether plaintext will do.
    pub(super) fn may_be_plain(&self) -> bool {
        matches!(self.security, Security::Plain | Security::Opportunistic)
    }

    /// Behind version and cipher in the journal.
    pub(super) fn told(&self) -> &'static str {
        match (&self.security, self.reason) {
            (Security::Required(Trust::Dane(_)), _) => ", certificate by DANE",
            (Security::Required(Trust::Authorities), Reason::MtaSts) => ", certificate by MTA-STS",
            _ => ", any certificate",
        }
    }
}
