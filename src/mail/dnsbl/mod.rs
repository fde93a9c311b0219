//! Lists in DNS that clients and senders may be on (`[[dnsbl]]`): all are asked at once, waited for a little, and never
//! relied upon.

mod inquiry;
mod list;

pub(crate) use inquiry::Inquiry;
pub(crate) use list::{List, Outcome, Said};

use super::{
    aliases::is_role,
    rates::{Questions, Rates},
    recipient::Recipient,
};
use crate::{
    address::{Domain, ForwardPath, ReversePath},
    config::{Config, Dnsbl, IpNet},
    dns::{Resolver, ResolverError},
    dnsbl::{Action, Kind, Question, is_public},
    metrics::Metrics,
    reply::Reply,
};
use list::Asking;
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
            false => Some(Resolver::patient(&config.dns.servers)?),
        };
        Ok(Self { lists: lists.collect(), exempt: config.limits.exempt.clone(), resolver })
    }

    /// True where domains are asked about.
    pub(crate) fn are_of_domains(&self) -> bool {
        self.lists.iter().any(|list| list.config.kind == Kind::FromDomain)
    }

    /// True where mail of `client` may be refused, or put off, for what its authors are.
    pub(crate) fn may_refuse_authors(&self, client: Option<IpAddr>) -> bool {
        let refuses =
            |config: &Dnsbl| config.kind == Kind::FromDomain && config.action != Action::Mark;
        !self.is_exempt(client) && self.lists.iter().any(|list| refuses(&list.config))
    }

    /// Asks about a client, unless it is one of ours.
    pub(crate) fn ask_client(&self, rates: &Arc<Rates>, client: Option<IpAddr>) -> Option<Inquiry> {
        let known = client.filter(|ip| is_public(*ip));
        self.ask(rates, client, &known.map(Question::Client).into_iter().collect::<Vec<_>>(), None)
    }

    /// Asks about the domain of a reverse-path.
    pub(crate) fn ask_reverse_path(
        &self,
        rates: &Arc<Rates>,
        client: Option<IpAddr>,
        path: &ReversePath,
    ) -> Option<Inquiry> {
        let named = named_by(path).filter(|_| self.are_of_domains())?;
        self.ask(rates, client, &[named], None)
    }

    /// Asks about the domains of authors, but not again about that of the reverse-path.
    pub(crate) fn ask_authors(
        &self,
        rates: &Arc<Rates>,
        client: Option<IpAddr>,
        domains: &[Domain],
        reverse_path: &ReversePath,
    ) -> Option<Inquiry> {
        let named: Vec<_> = domains.iter().cloned().map(Question::Domain).collect();
        self.ask(rates, client, &named, named_by(reverse_path).as_ref())
    }

    /// Asks all lists about whom the mail of a client names. The questions count against the client; those about
    /// `asked` were asked before.
    fn ask(
        &self,
        rates: &Arc<Rates>,
        client: Option<IpAddr>,
        named: &[Question],
        asked: Option<&Question>,
    ) -> Option<Inquiry> {
        let resolver = self.resolver.as_ref().filter(|_| !self.is_exempt(client))?;
        let mut inquiry = Inquiry::begin();
        for list in &self.lists {
            let questions = |named| list.config.questions(named, client);
            let mut asked = asked.map(questions).unwrap_or_default();
            for question in named.iter().flat_map(questions) {
                if asked.contains(&question) {
                    continue;
                }
                asked.push(question.clone());
                // Each has its own, which tells whether that one was refused.
                let counted = Questions::default();
                let asker = counted.asker(rates, client);
                let whose = asker.client;
                let resolver = resolver.for_asker(asker);
                inquiry.add(list, Asking { resolver, whose, questions: counted }, question);
            }
        }
        Some(inquiry)
    }

    fn is_exempt(&self, client: Option<IpAddr>) -> bool {
        client.is_some_and(|ip| self.exempt.iter().any(|net| net.contains(ip)))
    }
}

fn named_by(path: &ReversePath) -> Option<Question> {
    path.mailbox().map(|mailbox| Question::Domain(mailbox.domain().clone()))
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
    let is_bound = binds(recipient, reverse_path) && recipient.rules().allow.is_empty();
    is_bound.then(|| refusal(said)).flatten()
}

/// Whether a listing could mean two things for the recipients of one transaction, which has one reply for all.
pub(crate) fn differ(one: &Recipient, other: &Recipient, reverse_path: &ReversePath) -> bool {
    binds(one, reverse_path) != binds(other, reverse_path)
        || one.rules().allow != other.rules().allow
}

/// The reply that refuses mail from who is listed, or puts it off; `None` where it is only marked. Where a list could not
/// be asked because of what the client did, its mail comes again.
pub(crate) fn refusal<'a>(said: impl IntoIterator<Item = &'a Said>) -> Option<Reply> {
    let against = said.into_iter().filter(|said| said.action().is_some());
    // Of equals the first, in the order of the configuration.
    let severity = |said: &&Said| (said.action(), Reverse(said.list.place));
    against.max_by_key(severity).and_then(Said::reply)
}

impl Said {
    fn reply(&self) -> Option<Reply> {
        let (who, zone) = (self.question.to_string(), self.list.config.zone.shown());
        match (&self.outcome, self.action()?) {
            (_, Action::Mark) => None,
            (Outcome::OverBudget(reply), _) => Some(reply.clone()),
            (Outcome::Listed { reason, .. }, Action::Refuse) => {
                Some(Reply::listed(&who, zone, reason.as_deref()))
            }
            (Outcome::Listed { reason, .. }, Action::Defer) => {
                Some(Reply::listed_for_now(&who, zone, reason.as_deref()))
            }
            _ => None,
        }
    }

    /// True for what stands against the mail, or is told with it.
    pub(crate) fn matters(&self) -> bool {
        self.action().is_some()
    }
}
