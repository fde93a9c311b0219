//! A message as it arrived at its mailbox: what its checks came to there and here, what differs, what mends it.

mod examine;
mod read;
#[cfg(test)]
mod tests;
mod verdicts;

pub use verdicts::{DkimVerdict, DmarcVerdict, SpfVerdict, Verdicts};

use super::Finding;
use crate::{
    address::Domain,
    admin::{Error, Place, Store, trace},
    config::{ArcSealing, Config},
    store::journal::Filter,
    verdict::Told,
};
use serde::Serialize;

/// What is found of a message that arrived.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Received {
    /// Where it passed through here; `None` where it did not.
    pub hop: Option<Hop>,
    /// What its checks came to here, as its header section says, or the journal; `None` where neither does.
    pub here: Option<Verdicts>,
    /// What its checks came to at the receiver; `None` where no field above our hop says.
    pub there: Option<Verdicts>,
    /// What differs or is wrong, the errors first.
    pub findings: Vec<Finding>,
}

/// Where a message passed through here.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Hop {
    /// Our host name, as the Received field has it.
    pub by: String,
    /// The id of the message.
    pub id: String,
    /// The recipient, where there was one alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recipient: Option<String>,
    /// An account sent it, or a mailbox as its alias.
    pub is_submitted: bool,
    /// Whose ARC set we added.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sealed_by: Option<String>,
    /// Domains of ours whose signatures are in it.
    pub signed_by: Vec<String>,
    /// The From domain, as it arrived.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
}

/// What is to be known of this server to read such a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ours {
    /// Our host name.
    pub hostname: String,
    /// The hosted domains and that of SRS, in lower case.
    pub domains: Vec<String>,
    /// The domain of SRS.
    pub srs_domain: String,
    /// No ARC set is added to anything.
    pub never_seals: bool,
}

impl Ours {
    fn new(config: &Config, hosted: &[Domain]) -> Self {
        let srs_domain = config.srs.settings.domain.to_key();
        let mut domains: Vec<String> = hosted.iter().map(Domain::to_key).collect();
        domains.push(srs_domain.clone());
        let never_seals = config.auth.arc == ArcSealing::Off;
        Self { hostname: config.hostname.to_string(), domains, srs_domain, never_seals }
    }

    fn has(&self, domain: &str) -> bool {
        self.domains.iter().any(|own| own.eq_ignore_ascii_case(domain))
    }
}

impl Received {
    /// Reads a message whose lines end in CRLF, without a look at the journal.
    pub fn read(message: &[u8], ours: &Ours) -> Self {
        let mut received = read::read(message, ours);
        received.findings = examine::examine(&received, ours);
        received
    }
}

/// Reads a message as it arrived, and what the journal has of it where the message itself does not say.
///
/// # Errors
/// When the store or the journal cannot be read.
pub async fn received(
    config: &Config,
    store: Option<&Store>,
    message: &[u8],
) -> Result<Received, Error> {
    let hosted = match store {
        Some(store) => store.domains().await?,
        None => Vec::new(),
    };
    let ours = Ours::new(config, &hosted);
    let mut received = read::read(message, &ours);
    if let (None, Some(hop)) = (&received.here, &received.hop) {
        let filter = Filter { id: Some(hop.id.clone()), ..Filter::default() };
        let page = trace::latest(&Place::of(config), &filter, None, 1).await?;
        let told = page.records.first().and_then(|record| Told::read(&record.auth));
        received.here = told.map(|told| Verdicts::told(&ours.hostname, &told));
    }
    received.findings = examine::examine(&received, &ours);
    Ok(received)
}
