use crate::{address::Domain, tls::Trust, tls_rpt::PolicyType};

/// How much encryption a host must have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Security {
    /// No encryption is tried.
    Plain,
    /// Encryption with any certificate where it works, else plaintext.
    Opportunistic,
    /// Encryption with a certificate for the host's name, and what is not so is counted; then as
    /// [`Self::Opportunistic`].
    Testing,
    /// Encryption, or nothing is sent.
    Required(Trust),
}

/// What is demanded of a host, and who demands it.
#[derive(Debug, Clone)]
pub(super) struct Demand {
    pub(super) security: Security,
    /// Whose policy demands it, as reports tell.
    pub(super) policy: PolicyType,
    /// Whose mail the host takes; a certificate under DANE may be for this name.
    pub(super) domain: Option<Domain>,
}

impl Demand {
    /// Which certificates are believed; `None` where no TLS is tried.
    pub(super) fn trust(&self) -> Option<&Trust> {
        match &self.security {
            Security::Plain => None,
            Security::Opportunistic => Some(&Trust::Any),
            Security::Testing => Some(&Trust::Authorities),
            Security::Required(trust) => Some(trust),
        }
    }

    /// Whether plaintext will do.
    pub(super) fn may_be_plain(&self) -> bool {
        matches!(self.security, Security::Plain | Security::Opportunistic)
    }

    /// The demand with which to try again, on a new connection, where TLS failed.
    pub(super) fn weaker(&self) -> Option<Self> {
        let security = match self.security {
            Security::Testing => Security::Opportunistic,
            Security::Opportunistic => Security::Plain,
            Security::Plain | Security::Required(_) => return None,
        };
        Some(Self { security, ..self.clone() })
    }

    /// Behind version and cipher in the journal.
    pub(super) fn told(&self) -> &'static str {
        match (&self.trust(), self.policy) {
            (Some(Trust::Dane(_)), _) => ", certificate by DANE",
            (Some(Trust::Authorities), PolicyType::Sts) => ", certificate by MTA-STS",
            (Some(Trust::Authorities), _) => ", certificate verified",
            (_, PolicyType::Tlsa) => ", any certificate, by DANE",
            _ => ", any certificate",
        }
    }
}
