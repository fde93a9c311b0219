//! What DNS and this machine say, before anything is made of it.

use crate::{
    address::Domain,
    admin::{
        aliases::{Nowhere, UnsafeAlias},
        keystore::SealedKeys,
        providers::Told,
        secrets::SecretDifference,
        spam_filter::FilterStatus,
    },
    auth::{dkim::KeyState, spf::Spf},
    dnsbl::{Kind, Trouble, Zone},
    mta_sts::Policy,
    store::Unreadable,
    time::UnixTime,
    tls::Life,
};
use std::{collections::BTreeSet, net::IpAddr, path::PathBuf};

/// All of it.
#[derive(Debug, Clone, Default)]
pub(super) struct Facts {
    /// Where our mail leaves from, and where mail must come.
    pub(super) ours: Vec<IpAddr>,
    /// The addresses of our host name.
    pub(super) host: Vec<IpAddr>,
    pub(super) reverse: Vec<Reverse>,
    /// The hosted domains, and the one of SRS.
    pub(super) domains: Vec<Mx>,
    /// Of each domain in whose name mail leaves.
    pub(super) spf: Vec<SpfOf>,
    pub(super) keys: Vec<Key>,
    /// What holds for the SRS domain.
    pub(super) dmarc: Vec<String>,
    /// DMARC records of hosted domains whose munged mail hangs on the SRS domain.
    pub(super) policies: Vec<(Domain, Vec<String>)>,
    pub(super) listed: Vec<(IpAddr, Zone)>,
    /// Lists of the configuration that do not do what lists do.
    pub(super) lists: Vec<(Zone, Kind, Trouble)>,
    /// What accounts send as, and how they get there.
    pub(super) sending: Sending,
    /// Of our certificate; `None` without one, and an error where it cannot be read.
    pub(super) certificate: Option<Result<Life, String>>,
    /// By ACME: nothing need be there yet.
    pub(super) is_issued: bool,
    /// What our domains have others demand.
    pub(super) sts: Vec<Sts>,
    /// What our domains have at `_smtp._tls.`: records of TLS-RPT, or what was to be one.
    pub(super) tls_rpt: Vec<(Domain, Vec<String>)>,
    /// Where machines that share the store have other secrets than this one.
    pub(super) secrets_elsewhere: Vec<SecretDifference>,
    /// Where SRS secrets and DKIM keys are in the store.
    pub(super) sealed: Option<SealedKeys>,
    /// Secrets, with their modes.
    pub(super) secrets: Vec<(PathBuf, u32)>,
    /// Secrets that the service's user may not read, and its name.
    pub(super) barred: Vec<(PathBuf, String)>,
    /// Sockets that systemd hands over and no listener is on.
    pub(super) unnamed_sockets: Vec<String>,
    /// Messages in the spool that cannot be read.
    pub(super) unreadable: Vec<Unreadable>,
    /// Aliases that are never followed.
    pub(super) unsafe_aliases: Vec<UnsafeAlias>,
    /// Destinations of aliases whose domains take no mail.
    pub(super) nowhere: Vec<Nowhere>,
    /// The spam filter, asked about a message.
    pub(super) filter: Option<FilterStatus>,
    /// Nobody serves from the state directory, and how it is started here.
    pub(super) is_down: Option<&'static str>,
    /// Files that we may not look at, and what the system says.
    pub(super) closed: Vec<(PathBuf, String)>,
    /// Octets free, and in all, where the state is.
    pub(super) disk: Option<(u64, u64)>,
    /// The clock is known to follow others, or not to.
    pub(super) is_clock_set: Option<bool>,
    /// When all this was.
    pub(super) now: UnixTime,
    /// The host that was to be reached, and why it was not.
    pub(super) way_out: Option<(String, String)>,
    /// Providers that get less mail than they take.
    pub(super) held_back: Vec<Told>,
    /// What destinations said of this server within a week.
    pub(super) heard: Vec<Heard>,
    /// An alias leads to Gmail.
    pub(super) leads_to_gmail: bool,
    /// Names that nobody answered about: nothing is said of them.
    pub(super) unanswered: BTreeSet<String>,
}

/// What a destination said of this server.
#[derive(Debug, Clone)]
pub(super) struct Heard {
    /// The provider, or who has no name.
    pub(super) who: String,
    /// Of what.
    pub(super) meaning: &'static str,
    /// The latest of these replies.
    pub(super) reply: String,
    /// How many there were.
    pub(super) times: u64,
}

impl Facts {
    pub(super) fn is_unanswered(&self, name: &str) -> bool {
        self.unanswered.contains(name)
    }
}

/// What is known of what accounts send.
#[derive(Debug, Clone, Default)]
pub(super) struct Sending {
    /// The domains that accounts send as.
    pub(super) domains: Vec<SentAs>,
    /// The certificate that mail programs are shown; `None` without one.
    pub(super) certificate: Option<Result<Life, String>>,
}

/// A domain that accounts send as.
#[derive(Debug, Clone)]
pub(super) struct SentAs {
    pub(super) domain: Domain,
    pub(super) dmarc: Vec<String>,
    /// The SRV records of each name that mail programs ask for: host and port.
    pub(super) services: Vec<(String, Vec<Service>)>,
}

/// Where a SRV record leads; no host says that there is no such service.
pub(super) type Service = (Option<Domain>, u16);

impl Sending {
    pub(super) fn is_sent_as(&self, domain: &Domain) -> bool {
        self.domains.iter().any(|sent| sent.domain == *domain)
    }
}

/// The name of an address of ours.
#[derive(Debug, Clone)]
pub(super) struct Reverse {
    pub(super) ip: IpAddr,
    pub(super) names: Vec<String>,
    /// The host name is among them, and leads back.
    pub(super) is_ours: bool,
}

/// Where mail for a domain goes.
#[derive(Debug, Clone)]
pub(super) struct Mx {
    pub(super) domain: Domain,
    /// DNS knows the domain.
    pub(super) exists: bool,
    pub(super) hosts: Vec<String>,
    /// One of them has an address of ours.
    pub(super) reaches_us: bool,
    /// Whatever had to be asked was answered.
    pub(super) is_known: bool,
}

/// A DKIM key of ours, and whether it is in DNS.
#[derive(Debug, Clone)]
pub(super) struct Key {
    pub(super) domain: String,
    pub(super) selector: String,
    pub(super) state: KeyState,
    pub(super) name: String,
    pub(super) zone_line: String,
    /// What the record says.
    pub(super) text: String,
    /// What is at its place.
    pub(super) found: Vec<String>,
    pub(super) is_published: bool,
}

/// What a domain says of who may send for it.
#[derive(Debug, Clone)]
pub(super) struct SpfOf {
    pub(super) domain: Domain,
    pub(super) records: Vec<String>,
    /// What comes of it for each of our addresses.
    pub(super) results: Vec<(IpAddr, Spf)>,
}

/// What a domain has others demand (MTA-STS).
#[derive(Debug, Clone)]
pub(super) struct Sts {
    pub(super) domain: Domain,
    /// What is at `_mta-sts.`.
    pub(super) records: Vec<String>,
    /// The record there is one that others understand.
    pub(super) has_id: bool,
    /// What its web server says, or why it says nothing.
    pub(super) policy: Result<Policy, String>,
}

/// The value of a tag in a list as of DKIM and DMARC, without blanks.
pub(super) fn tag(text: &str, name: &str) -> Option<String> {
    let mut tags = text.split(';').filter_map(|tag| tag.split_once('='));
    let (_, value) = tags.find(|(tag, _)| tag.trim() == name)?;
    Some(value.split_ascii_whitespace().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags() {
        assert_eq!(tag("v=DKIM1; k=rsa; p=A B=", "p").as_deref(), Some("AB="));
        assert_eq!(tag("v=DMARC1;sp=none; p = reject", "p").as_deref(), Some("reject"));
        assert_eq!(tag("v=DMARC1; sp=none", "p"), None);
    }
}
