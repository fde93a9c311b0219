//! Lists in DNS that clients and senders may be on (`[[dnsbl]]`): all are asked at once, waited for a little, and never
//! relied upon.

mod inquiry;
mod list;

pub(crate) use inquiry::Inquiry;
pub(crate) use list::{List, Outcome, Said};

use super::{aliases::is_role, recipient::Recipient};
use crate::{
    address::{Domain, ForwardPath, ReversePath},
    config::{Config, IpNet},
    dns::{Resolver, ResolverError},
    dnsbl::{Action, Kind, Question, is_public},
    metrics::Metrics,
    reply::Reply,
};
use std::{cmp::Reverse, net::IpAddr, sync::Arc};

/// The lists of the configuration. They have a resolver of their own, so that floods of clients drive nothing else out
/// of its cache.
#[derive(Debug)]
pub(crate) struct Lists {
    lists: Vec<Arc<List>>,
    exempt: Vec<IpNet>,
    /// `None` without lists.
    resolver: Option<Resolver>,
}

impl Lists {
    /// To be called within a Tokio runtime.
    ///
    /// # Errors
    /// When the system's configuration of name servers cannot be read.
    pub(crate) fn new(config: &Config, metrics: &Arc<Metrics>) -> Result<Self, ResolverError> {
        let lists = config
            .dnsbl
            .iter()
            .enumerate()
            .map(|(place, list)| Arc::new(List::new(place, list.clone(), Arc::clone(metrics))));
        let resolver = match config.dnsbl.is_empty() {
            true => None,
            false => Some(Resolver::new(&config.dns.servers)?),
        };
        Ok(Self { lists: lists.collect(), exempt: config.limits.exempt.clone(), resolver })
    }

    /// True where domains are asked about.
    pub(crate) fn are_of_domains(&self) -> bool {
        self.lists.iter().any(|list| list.config.kind == Kind::FromDomain)
    }

    /// Asks about a client, unless it is one of ours.
    pub(crate) fn ask_client(&self, client: Option<IpAddr>) -> Option<Inquiry> {
        let known = client.filter(|ip| is_public(*ip));
        self.ask(known.map(Question::Client), client)
    }

    /// Asks about the domain of a reverse-path.
    pub(crate) fn ask_reverse_path(
        &self,
        client: Option<IpAddr>,
        path: &ReversePath,
    ) -> Option<Inquiry> {
        let mailbox = path.mailbox().filter(|_| self.are_of_domains());
        let questions = mailbox.map(|mailbox| Question::of_domain(mailbox.domain()));
        self.ask(questions.into_iter().flatten(), client)
    }

    /// Asks about the domains of authors, but not again about that of the reverse-path.
    pub(crate) fn ask_authors(
        &self,
        client: Option<IpAddr>,
        domains: &[Domain],
        reverse_path: &ReversePath,
    ) -> Option<Inquiry> {
        let asked = reverse_path.mailbox().map(|mailbox| Question::of_domain(mailbox.domain()));
        let asked = asked.unwrap_or_default();
        let questions = domains.iter().flat_map(Question::of_domain);
        self.ask(questions.filter(|question| !asked.contains(question)), client)
    }

    fn ask(
        &self,
        questions: impl IntoIterator<Item = Question>,
        client: Option<IpAddr>,
    ) -> Option<Inquiry> {
        let resolver = self.resolver.as_ref()?;
        if client.is_some_and(|ip| self.exempt.iter().any(|net| net.contains(ip))) {
            return None;
        }
        let mut inquiry = Inquiry::begin();
        let mut asked: Vec<Question> = Vec::new();
        for question in questions {
            if asked.contains(&question) {
                continue;
            }
            let lists = self.lists.iter().filter(|list| list.config.asks(&question, client));
            for list in lists {
                inquiry.add(Arc::clone(list), resolver.clone(), question.clone());
            }
            asked.push(question);
        }
        Some(inquiry)
    }
}

/// Whether mail for a recipient may be refused for what lists say. The roles stay reachable for whoever is listed
/// wrongly (RFC 5321 §4.5.1), and what answers a forward of ours has shown a tag that is.
pub(crate) fn binds(recipient: &Recipient, reverse_path: &ReversePath) -> bool {
    match &recipient.path {
        ForwardPath::Postmaster => false,
        ForwardPath::Mailbox(_) if recipient.is_srs_return() => *reverse_path != ReversePath::Null,
        ForwardPath::Mailbox(mailbox) => !is_role(mailbox.local()),
    }
}

/// The reply that refuses a recipient at once. Whether one that allows some senders is to make an exception shows when
/// the author is known.
pub(crate) fn refusal_at_once(
    recipient: &Recipient,
    reverse_path: &ReversePath,
    said: &[Said],
) -> Option<Reply> {
    let is_bound = binds(recipient, reverse_path) && recipient.rules.allow.is_empty();
    is_bound.then(|| refusal(said)).flatten()
}

/// Whether a listing could mean two things for the recipients of one transaction, which has one reply for all.
pub(crate) fn differ(one: &Recipient, other: &Recipient, reverse_path: &ReversePath) -> bool {
    binds(one, reverse_path) != binds(other, reverse_path) || one.rules.allow != other.rules.allow
}

/// The reply that refuses mail from who is listed, or puts it off; `None` where it is only marked.
pub(crate) fn refusal<'a>(said: impl IntoIterator<Item = &'a Said>) -> Option<Reply> {
    let listings = said.into_iter().filter(|said| said.code().is_some());
    // Of equals the first, in the order of the configuration.
    let severity = |said: &&Said| (said.list.config.action, Reverse(said.list.place));
    listings.max_by_key(severity).and_then(Said::reply)
}

impl Said {
    fn reply(&self) -> Option<Reply> {
        let (who, zone) = (self.question.to_string(), self.list.config.zone.shown());
        let Outcome::Listed { reason, .. } = &self.outcome else { return None };
        match self.list.config.action {
            Action::Refuse => Some(Reply::listed(&who, zone, reason.as_deref())),
            Action::Defer => Some(Reply::listed_for_now(&who, zone, reason.as_deref())),
            Action::Mark => None,
        }
    }
}
