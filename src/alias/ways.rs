use crate::{
    address::{Domain, Mailbox},
    srs::is_srs_shaped,
    time::Millis,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Whose aliases lead mail on, beyond those of the domain that its sender wrote to: of each such mailbox the domains whose
/// aliases are on the way. What only aliases of that domain lead to does not stand here.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Ways(BTreeMap<String, BTreeSet<String>>);

/// In the place of a domain, where no alias leads on but the configuration: to whom runs this server.
const NO_DOMAIN: &str = "";

/// What an owner reads in the place of a mailbox that others lead mail to.
const ANOTHERS: &str = "another domain's alias";
/// ... that is the operator's.
const OPERATORS: &str = "the postmaster of this server";
/// ... of which nobody noted who leads there: an earlier version took the message.
const UNKNOWN: &str = "not known to be of this domain alone";

impl Ways {
    /// True where all mail stays with the aliases of one domain.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Notes how mail gets to `mailbox`: through the aliases of `domains`, of which the first is the one that was written to.
    pub fn add<'a>(&mut self, mailbox: &Mailbox, domains: impl IntoIterator<Item = &'a Domain>) {
        self.insert(mailbox, domains.into_iter().map(Domain::to_key).collect());
    }

    /// Notes that mail for `domain` gets to `mailbox` by the configuration.
    pub fn add_operators(&mut self, mailbox: &Mailbox, domain: &Domain) {
        self.insert(mailbox, BTreeSet::from([domain.to_key(), NO_DOMAIN.to_owned()]));
    }

    /// Adds those of another recipient.
    pub fn add_all(&mut self, other: &Self) {
        for (mailbox, domains) in &other.0 {
            self.0.entry(mailbox.clone()).or_default().extend(domains.iter().cloned());
        }
    }

    /// Those to `mailbox` alone.
    pub fn to(&self, mailbox: &Mailbox) -> Self {
        let key = mailbox.to_string();
        let found = self.0.get_key_value(&key);
        Self(found.map(|(key, domains)| (key.clone(), domains.clone())).into_iter().collect())
    }

    /// Octets of what stands here, roughly.
    pub fn octets(&self) -> usize {
        let of = |(mailbox, domains): (&String, &BTreeSet<String>)| {
            mailbox.len() + domains.iter().map(String::len).sum::<usize>()
        };
        self.0.iter().map(of).sum()
    }

    fn insert(&mut self, mailbox: &Mailbox, domains: BTreeSet<String>) {
        if domains.len() > 1 {
            self.0.entry(mailbox.to_string()).or_default().extend(domains);
        }
    }
}

/// A domain of somebody, and since when: before it was added it may have been somebody else's, of whose mail nothing is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnedDomain {
    /// The domain.
    pub domain: Domain,
    /// When it was added last.
    pub since: Millis,
}

impl OwnedDomain {
    /// Whether what was at `time` is for its owner to see.
    pub fn sees(&self, time: Millis) -> bool {
        self.since <= time
    }
}

/// Whoever may see of a message what is of these domains alone: their recipients, and what their own aliases lead to.
#[derive(Debug, Clone)]
pub struct Owner<'a>(Vec<&'a Domain>);

impl<'a> Owner<'a> {
    /// Of what is asked now.
    pub fn now(domains: &'a [Domain]) -> Self {
        Self(domains.iter().collect())
    }

    /// Of what came at `time`: the owner of those domains that were his by then.
    pub fn at(time: Millis, own: &'a [OwnedDomain]) -> Self {
        Self(own.iter().filter(|own| own.sees(time)).map(|own| &own.domain).collect())
    }

    /// Whether what is of `domain` is the owner's.
    pub fn has(&self, domain: &Domain) -> bool {
        self.0.contains(&domain)
    }

    /// Whether a recipient, as it was given, is the owner's. An SRS address stands for somebody elsewhere.
    pub fn owns(&self, recipient: &str) -> bool {
        Mailbox::parse(recipient)
            .is_ok_and(|mailbox| self.has(mailbox.domain()) && !is_srs_shaped(mailbox.local()))
    }

    fn has_key(&self, key: &str) -> bool {
        self.0.iter().any(|own| own.to_key() == key)
    }

    /// What the owner reads in the place of `mailbox`, which mail for the recipients `to` went to by `ways`; `None` where
    /// it is his to see: he, or the sender, named it himself. Ways that nobody knows lead to others.
    pub fn hidden(
        &self,
        mailbox: &str,
        to: &[impl AsRef<str>],
        ways: Option<&Ways>,
    ) -> Option<&'static str> {
        if to.iter().any(|to| to.as_ref() == mailbox) {
            return None;
        }
        let Some(Ways(ways)) = ways else { return Some(UNKNOWN) };
        match ways.get(mailbox) {
            Some(domains) if domains.contains(NO_DOMAIN) => Some(OPERATORS),
            Some(domains) if domains.iter().all(|domain| self.has_key(domain)) => None,
            Some(_) => Some(ANOTHERS),
            None => (!to.iter().all(|to| self.owns(to.as_ref()))).then_some(ANOTHERS),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_owner_sees_where_his_own_aliases_lead_and_no_further() {
        let [own, other] = ["own.test", "other.test"].map(|name| Domain::parse(name).unwrap());
        let mailbox = |text| Mailbox::parse(text).unwrap();
        let mut ways = Ways::default();
        ways.add(&mailbox("near@x.test"), [&own, &own]);
        ways.add(&mailbox("Far@x.test"), [&own, &other]);
        ways.add_operators(&mailbox("root@x.test"), &own);
        let known = Some(&ways);
        let of = |owner: &Domain, mailbox, to: &[&str], ways| {
            Owner::now(std::slice::from_ref(owner)).hidden(mailbox, to, ways)
        };
        let to = ["a@own.test"];
        for (mailbox, hidden) in [
            ("near@x.test", None),
            ("Far@x.test", Some(ANOTHERS)),
            ("root@x.test", Some(OPERATORS)),
        ] {
            assert_eq!(of(&own, mailbox, &to, known), hidden, "{mailbox}");
        }
        assert_eq!(of(&other, "near@x.test", &to, known), Some(ANOTHERS), "no recipient of his");
        assert_eq!(of(&own, "near@x.test", &["a@own.test", "b@other.test"], known), Some(ANOTHERS));
        assert_eq!(of(&own, "b@x.test", &["b@x.test"], known), None, "whom an account named");
        assert_eq!(of(&own, "near@x.test", &to, None), Some(UNKNOWN), "of an earlier version");
        assert_eq!(
            of(&own, "x@y.test", &["SRS0=AAAA=XY=y.test=x@own.test"], known),
            Some(ANOTHERS)
        );
        let both = [own.clone(), other.clone()];
        assert_eq!(Owner::now(&both).hidden("Far@x.test", &to, known), None, "both are his");
        assert_eq!(Owner::now(&both).hidden("root@x.test", &to, known), Some(OPERATORS));
        let owned = [(own.clone(), 5), (other, 7)].map(|(domain, since)| {
            let since = Millis::new(since);
            OwnedDomain { domain, since }
        });
        let at = |time| Owner::at(Millis::new(time), &owned);
        assert!(!at(4).owns(to[0]) && at(5).owns(to[0]), "not before it was his");
        let far = |time| at(time).hidden("Far@x.test", &to, known);
        assert_eq!((far(6), far(7)), (Some(ANOTHERS), None), "it was another's then");
        let mut sum = Ways::default();
        sum.add_all(&ways);
        assert_eq!(sum, ways);
        assert_eq!(ways.to(&mailbox("Far@x.test")).0.len(), 1);
        assert!(ways.to(&mailbox("near@x.test")).is_empty() && !ways.is_empty());
        let text = serde_json::to_string(&ways).unwrap();
        assert_eq!(serde_json::from_str::<Ways>(&text).unwrap(), ways);
    }
}
