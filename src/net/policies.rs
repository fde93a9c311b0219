//! What a host must offer before it gets mail.

use super::{
    route::{Host, NoRoute},
    security::{Demand, Security},
};
use crate::{
    address::{Domain, DomainPattern},
    next_hop::{NextHop, Target, TlsLevel},
    tls::Trust,
};

/// What is demanded of destinations, by us and by themselves.
#[derive(Debug)]
pub(super) struct Policies {
    pub(super) never_plaintext: Vec<DomainPattern>,
}

impl Policies {
    pub(super) fn demand(&self, hop: &NextHop, host: &Host) -> Result<Demand, NoRoute> {
        let domain = match &hop.target {
            Target::Mx(domain) => Some(domain),
            _ => None,
        };
        let names = [domain, host.name()];
        Ok(Demand::ours(match hop.tls {
            TlsLevel::None => Security::Plain,
            TlsLevel::Required => Security::Required(Trust::Any),
            TlsLevel::Opportunistic if self.is_never_plain(&names) => {
                Security::Required(Trust::Any)
            }
            TlsLevel::Opportunistic => Security::Opportunistic,
        }))
    }

    fn is_never_plain(&self, names: &[Option<&Domain>]) -> bool {
        let mut names = names.iter().flatten();
        names.any(|name| self.never_plaintext.iter().any(|pattern| pattern.matches(name)))
    }
}
