use super::{define::section, reader::Table};
use crate::{
    address::{DomainPattern, Mailbox},
    provider::{APPLE, OFFICE365, OUTLOOK, YAHOO},
    verdict::{AuthPolicy, Check, OwnFrom, Sign, SpfOnly},
};
use std::str::FromStr;

section! {
    /// Who sent a message, checked as the destination will. `off`: not checked, unless it must be known
    /// whether a bounce would reach whoever wrote; `mark`: told in Authentication-Results; `enforce`: what
    /// fails is refused, and where DNS does not answer it is put off (451).
    table "auth", Keys => pub struct Auth {
        /// What decides about a message.
        policy: AuthPolicy,
        /// Recipients that take mail which nobody vouches for, `unauthenticated = "refuse"` or not.
        open_recipients: Vec<Mailbox>,
        /// A message without Message-ID is refused.
        refuse_without_id: bool,
        /// Where an ARC set is added.
        arc: ArcSealing,
    }

    /// SPF of the reverse-path, or of the HELO name where that is null. `enforce` refuses a `fail` (550
    /// 5.7.23) and a broken record (550 5.7.24).
    spf: Check = one_of("off" => Check::Off, "mark" => Check::Mark, "enforce" => Check::Enforce),
        default "mark";
    /// DKIM signatures. `enforce` refuses mail that has some, none of which verifies (550 5.7.20).
    dkim: Check = one_of("off" => Check::Off, "mark" => Check::Mark, "enforce" => Check::Enforce),
        default "mark";
    /// The DMARC policy of the From domain. `enforce` refuses what fails a reject policy (550 5.7.1).
    dmarc: Check = one_of("off" => Check::Off, "mark" => Check::Mark, "enforce" => Check::Enforce),
        default "enforce";
    /// With `dmarc = "enforce"`: what happens to mail that fails a quarantine policy.
    quarantine: bool = one_of("mark" => false, "refuse" => true), default "mark";
    /// What happens to mail that passes an enforced DMARC policy by SPF only, so that it would fail at the
    /// destination. `munge`: From becomes the alias, as mailing lists do, and answers go to the author;
    /// `refuse`: 550 5.7.26; `pass`: it goes on as it is.
    spf_only: SpfOnly = one_of(
        "munge" => SpfOnly::Munge, "refuse" => SpfOnly::Refuse, "pass" => SpfOnly::Pass
    ), default "munge";
    /// What happens to mail with neither an SPF nor a DKIM pass: `refuse` is 550 5.7.26.
    unauthenticated: bool = one_of("accept" => false, "refuse" => true), default "accept";
    /// Recipients that take such mail all the same, and mail that `own_from` would refuse, munged. A message
    /// with further recipients is refused.
    accept_unauthenticated_for: Vec<Mailbox> = list("mail addresses", Mailbox::parse), default [];
    /// What happens to mail whose From is of a domain of yours (that of the reverse-path or the signature with
    /// which it would leave, or one that DMARC takes for the same owner's) and which does not prove that, by
    /// DMARC or where there is no DMARC record by SPF or DKIM; `dmarc`, `spf` and `dkim` may be off. It would
    /// pass for genuine behind us. `refuse`: 550 5.7.1, unless all recipients are in
    /// `accept_unauthenticated_for`; `munge`: From becomes the alias and says "not verified", unsigned; `mark`:
    /// it goes on, and the journal notes it.
    pub own_from: OwnFrom = one_of(
        "refuse" => OwnFrom::Refuse, "munge" => OwnFrom::Munge, "mark" => OwnFrom::Mark
    ), default "refuse";
    /// What the DKIM keys sign: `authenticated` is forwards with an SPF or DKIM pass, `all` every forward,
    /// `none` none. Messages of our own are always signed, and what returns to SRS addresses never.
    pub sign: Sign = one_of(
        "authenticated" => Sign::Authenticated, "all" => Sign::All, "none" => Sign::None
    ), default "authenticated";
    /// What happens to mail without a Message-ID, which Gmail refuses: `mark` notes it in the journal,
    /// `refuse` is 550 5.6.0.
    missing_message_id: bool = one_of("mark" => false, "refuse" => true), default "mark";
    /// Which destinations get an ARC set, if there is a DKIM key of the SRS domain: `auto` those of
    /// `arc_domains`, `on` all.
    arc: Option<ArcSealing> = one_of(
        "auto" => None, "on" => Some(ArcSealing::On), "off" => Some(ArcSealing::Off)
    ), default "auto";
    /// Domains of destinations that want ARC: Apple asks forwarders for it, Yahoo and Microsoft count it;
    /// Google has dropped it.
    arc_domains: Vec<DomainPattern> = list("\"domain\", \"*.domain\" or \"*\"", DomainPattern::from_str),
        computed arc_domains;
}

/// Which destinations get an ARC set of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ArcSealing {
    /// No destination.
    Off,
    /// Every destination.
    On,
    /// Destinations whose domain matches one of these patterns.
    For(Vec<DomainPattern>),
}

impl Auth {
    /// True when mail for `recipient` need not be authenticated.
    pub fn is_open(&self, recipient: &Mailbox) -> bool {
        let key = recipient.to_key();
        self.open_recipients.iter().any(|open| open.to_key() == key)
    }
}

pub(super) fn read(root: &Table<'_>) -> Option<Auth> {
    let mut keys: Keys<'_> = root.table();
    let policy = AuthPolicy {
        spf: keys.spf.value?,
        dkim: keys.dkim.value?,
        dmarc: keys.dmarc.value?,
        spf_only: keys.spf_only.value?,
        refuse_quarantine: keys.quarantine.value?,
        refuse_unauthenticated: keys.unauthenticated.value?,
    };
    let open_recipients = keys.accept_unauthenticated_for.value.take()?;
    let refuse_without_id = keys.missing_message_id.value?;
    let (arc, domains) = (keys.arc.value.take()?, keys.arc_domains.value.take()?);
    let arc = arc.unwrap_or(ArcSealing::For(domains));
    keys.checked(policy, open_recipients, refuse_without_id, arc)
}

fn arc_domains() -> String {
    let patterns = [&APPLE, &OUTLOOK, &OFFICE365, &YAHOO].into_iter().flat_map(|provider| {
        let tenants = provider.tenants.iter().map(|above| format!("*.{above}"));
        provider.domains.iter().map(|domain| (*domain).to_owned()).chain(tenants)
    });
    format!("{:?}", patterns.collect::<Vec<String>>())
}
