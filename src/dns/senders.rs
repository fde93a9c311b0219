//! What is asked about senders.

use super::{answers::LookupError, resolver::Resolver};
use crate::address::Domain;
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use std::{net::IpAddr, sync::Arc};

/// For whoever checks senders: names that strangers publish, which need be no host names.
impl Resolver {
    /// For checks that mail-auth makes by records that were looked up here: what it asks itself counts against
    /// nobody.
    pub(crate) fn authenticator(&self) -> mail_auth::MessageAuthenticator {
        mail_auth::MessageAuthenticator(self.upstream())
    }

    /// What `read` makes of the texts at a name as signatures and authors have them, in any script; it is made once as long
    /// as the answer holds.
    pub(crate) async fn texts_of<T: Send + Sync + 'static>(
        &self,
        name: &str,
        read: impl FnOnce(&[Vec<u8>]) -> T,
    ) -> Result<Arc<T>, LookupError> {
        let answer = self.ask(in_any_script(name)?, RecordType::TXT).await?;
        Ok(answer.read_as(|records| read(&texts_in(records))))
    }

    /// As [`Self::texts_of`]; `None` where name servers have to be asked.
    pub(crate) fn known_texts_of<T: Send + Sync + 'static>(
        &self,
        name: &str,
        read: impl FnOnce(&[Vec<u8>]) -> T,
    ) -> Option<Result<Arc<T>, LookupError>> {
        let name = match in_any_script(name) {
            Ok(name) => name,
            Err(error) => return Some(Err(error)),
        };
        let answer = self.known(&(name, RecordType::TXT))?;
        Some(answer.map(|answer| answer.read_as(|records| read(&texts_in(records)))))
    }

    /// The texts of the TXT records of `name`, character-strings joined (RFC 7208 §3.3).
    pub(crate) async fn texts(&self, name: &str) -> Result<Vec<Vec<u8>>, LookupError> {
        self.records(name_of(name)?, RecordType::TXT, text).await
    }

    /// What `read` makes of them, once as long as the answer holds.
    pub(crate) async fn texts_as<T: Send + Sync + 'static>(
        &self,
        name: &str,
        read: impl FnOnce(&[Vec<u8>]) -> T,
    ) -> Result<Arc<T>, LookupError> {
        let answer = self.ask(name_of(name)?, RecordType::TXT).await?;
        Ok(answer.read_as(|records| read(&texts_in(records))))
    }

    /// The addresses of `name` of the family of `like`.
    pub(crate) async fn addresses_like(
        &self,
        name: &str,
        like: IpAddr,
    ) -> Result<Vec<IpAddr>, LookupError> {
        let kind = if like.is_ipv4() { RecordType::A } else { RecordType::AAAA };
        self.records(name_of(name)?, kind, |data| match data {
            RData::A(a) if like.is_ipv4() => Some(IpAddr::V4(a.0)),
            RData::AAAA(aaaa) if like.is_ipv6() => Some(IpAddr::V6(aaaa.0)),
            _ => None,
        })
        .await
    }

    /// The exchanges of the MX records of `name`, without null ones.
    pub(crate) async fn exchanges(&self, name: &str) -> Result<Vec<String>, LookupError> {
        self.records(name_of(name)?, RecordType::MX, |data| match data {
            RData::MX(mx) if !mx.exchange.is_root() => Some(text_of(&mx.exchange)),
            _ => None,
        })
        .await
    }

    /// Host and port of the SRV records of `name` (RFC 2782); no host says that there is no such service.
    pub(crate) async fn services(
        &self,
        name: &str,
    ) -> Result<Vec<(Option<Domain>, u16)>, LookupError> {
        self.records(name_of(name)?, RecordType::SRV, |data| match data {
            RData::SRV(srv) if srv.target.is_root() => Some((None, srv.port)),
            RData::SRV(srv) => Some((Some(Domain::parse(&text_of(&srv.target)).ok()?), srv.port)),
            _ => None,
        })
        .await
    }

    /// The names of `ip`.
    pub(crate) async fn names_of(&self, ip: IpAddr) -> Result<Vec<String>, LookupError> {
        self.records(Name::from(ip), RecordType::PTR, |data| match data {
            RData::PTR(name) => Some(text_of(&name.0)),
            _ => None,
        })
        .await
    }

    async fn records<T>(
        &self,
        name: Name,
        kind: RecordType,
        wanted: impl Fn(&RData) -> Option<T>,
    ) -> Result<Vec<T>, LookupError> {
        let answer = self.ask(name, kind).await?;
        Ok(answer.iter().filter_map(|record| wanted(&record.data)).collect())
    }
}

fn in_any_script(name: &str) -> Result<Name, LookupError> {
    let mut name = Name::from_str_relaxed(name).map_err(|_| LookupError::Nonexistent)?;
    name.set_fqdn(true);
    Ok(name)
}

fn texts_in(records: &[Record]) -> Vec<Vec<u8>> {
    records.iter().filter_map(|record| text(&record.data)).collect()
}

fn text(data: &RData) -> Option<Vec<u8>> {
    match data {
        RData::TXT(txt) => Some(txt.txt_data.concat()),
        _ => None,
    }
}

/// What [`name_of`] reads back.
fn text_of(name: &Name) -> String {
    let labels = name.iter().map(String::from_utf8_lossy);
    labels.collect::<Vec<_>>().join(".")
}

/// Any name below the root, label by label: nothing in it is an escape.
fn name_of(name: &str) -> Result<Name, LookupError> {
    let labels = name.strip_suffix('.').unwrap_or(name).split('.').map(str::as_bytes);
    let mut name = Name::from_labels(labels).map_err(|_| LookupError::Nonexistent)?;
    name.set_fqdn(true);
    Ok(name)
}
