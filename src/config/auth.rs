use super::{reader::Table, schema};
use crate::{
    address::{DomainPattern, Mailbox},
    provider::{APPLE, MICROSOFT, YAHOO},
    verdict::{Check, Policy, SpfOnly},
};
use std::str::FromStr;

/// `[auth]`: who sends, and what the destination will think of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Auth {
    /// What decides about a message.
    pub policy: Policy,
    /// Recipients that take mail which nobody vouches for, `unauthenticated = "refuse"` or not.
    pub open_recipients: Vec<Mailbox>,
    /// A message without Message-ID is refused.
    pub refuse_without_id: bool,
    /// Where an ARC set is added.
    pub arc: ArcSealing,
}

/// Which destinations get an ARC set of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ArcSealing {
    /// None.
    Off,
    /// All.
    On,
    /// Those whose domain matches one of these.
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
    let table = root.table(&schema::AUTH);
    let check = |key| {
        table.one_of(key, |text| match text {
            "off" => Some(Check::Off),
            "mark" => Some(Check::Mark),
            "enforce" => Some(Check::Enforce),
            _ => None,
        })
    };
    let refuses = |key, otherwise: &'static str| {
        table.one_of(key, |text| match text {
            "refuse" => Some(true),
            other => (other == otherwise).then_some(false),
        })
    };
    let (spf, dkim, dmarc) = (check("spf"), check("dkim"), check("dmarc"));
    let refuse_unauthenticated = refuses("unauthenticated", "accept");
    let open_recipients = table.list("accept_unauthenticated_for", Mailbox::parse);
    let spf_only = table.one_of("spf_only", |text| match text {
        "munge" => Some(SpfOnly::Munge),
        "refuse" => Some(SpfOnly::Refuse),
        "pass" => Some(SpfOnly::Pass),
        _ => None,
    });
    let refuse_quarantine = refuses("quarantine", "mark");
    let refuse_without_id = refuses("missing_message_id", "mark");
    let arc = table.text("arc", |text| match text {
        "auto" | "on" | "off" => Ok(text.to_owned()),
        _ => Err(format!("{text:?} is not known")),
    });
    let arc_domains = table.list("arc_domains", DomainPattern::from_str);
    let (arc, arc_domains) = (arc?, arc_domains?);
    Some(Auth {
        policy: Policy {
            spf: spf?,
            dkim: dkim?,
            dmarc: dmarc?,
            spf_only: spf_only?,
            refuse_quarantine: refuse_quarantine?,
            refuse_unauthenticated: refuse_unauthenticated?,
        },
        open_recipients: open_recipients?,
        refuse_without_id: refuse_without_id?,
        arc: match arc.as_str() {
            "on" => ArcSealing::On,
            "off" => ArcSealing::Off,
            _ => ArcSealing::For(arc_domains),
        },
    })
}

/// Of the providers that count ARC. Google has dropped it.
pub(super) fn arc_domains() -> String {
    let patterns = [&APPLE, &MICROSOFT, &YAHOO].into_iter().flat_map(|provider| {
        let tenants = provider.tenants.iter().map(|above| format!("*.{above}"));
        provider.domains.iter().map(|domain| (*domain).to_owned()).chain(tenants)
    });
    format!("{:?}", patterns.collect::<Vec<String>>())
}
