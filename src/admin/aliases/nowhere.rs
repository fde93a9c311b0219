use crate::{
    address::{Domain, Mailbox},
    admin::Store,
    alias::{Alias, AliasAddress, AliasSource, Expansion, Key, Pattern},
    config::Config,
    dns::{Resolver, without_mail},
    mail::aliases::Aliases,
    reply::Reply,
    srs::is_srs_shaped,
};
use std::{
    collections::{HashMap, HashSet},
    fmt,
    time::Duration,
};

/// Domains that are asked for at once; what is beyond is not looked at.
const MAX_DOMAINS: usize = 200;
/// Destinations that are remembered, and those that are told of.
const MAX_DESTINATIONS: usize = 10_000;
const MAX_TOLD: usize = 50;
/// How long all of them may take: whoever adds an alias waits for it.
const PATIENCE: Duration = Duration::from_secs(3);

/// A destination that takes no mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nowhere {
    /// The address of the alias, or what else leads there.
    pub alias: String,
    /// Where it leads.
    pub destination: String,
    /// What is wrong with it.
    pub why: String,
}

impl fmt::Display for Nowhere {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { alias, destination, why } = self;
        write!(f, "{alias} leads to {destination}, {why}: mail to it is refused")
    }
}

/// Destinations of aliases, about which DNS or the aliases here are to be asked.
pub(in crate::admin) struct Asked<'a> {
    postmaster: Option<&'a Mailbox>,
    aliases: Aliases,
    /// Addresses that are about to be answered here, as numbers in order, since they may be a million; their domains, and the
    /// regexes.
    coming: Vec<u64>,
    coming_domains: HashSet<Domain>,
    patterns: Vec<Pattern>,
    led: Vec<Led>,
    domains: HashSet<Domain>,
}

/// What leads somewhere, and is in the store or about to come.
#[derive(Clone, Copy)]
pub enum Leads<'a> {
    /// Aliases.
    Aliases(&'a dyn AliasSource),
    /// Something else, such as a token, whose name `from` is, to mailboxes.
    To {
        /// Its name.
        from: &'a str,
        /// Where it leads.
        to: &'a [Mailbox],
    },
}

/// Who leads where.
struct Led {
    from: String,
    to: String,
    place: Place,
}

enum Place {
    /// The domain that DNS knows of.
    Elsewhere(Domain),
    Here(Mailbox),
}

/// Those destinations that take no mail: their domains, by the resolver of the configuration, or no alias here. Nothing
/// is said where DNS does not answer in time.
pub async fn nowhere(config: &Config, store: &Store, leads: Leads<'_>) -> Vec<Nowhere> {
    Asked::of(config, store, leads).answers_of(config).await
}

/// The same of destinations at `domain`, or any, of which the aliases here answer: nothing is asked of DNS, for which
/// nobody has to wait then.
pub async fn nowhere_here(
    config: &Config,
    store: &Store,
    leads: Leads<'_>,
    domain: Option<&Domain>,
) -> Vec<Nowhere> {
    let mut asked = Asked::of(config, store, leads);
    asked.led.retain(|led| match &led.place {
        Place::Elsewhere(_) => false,
        Place::Here(mailbox) => domain.is_none_or(|domain| domain == mailbox.domain()),
    });
    asked.answers(None).await
}

/// The same for the postmaster of the configuration.
pub async fn postmaster_nowhere(config: &Config, store: &Store) -> Vec<Nowhere> {
    let mut asked = Asked::new(config, store);
    asked.add_postmaster();
    asked.answers_of(config).await
}

impl<'a> Asked<'a> {
    pub(in crate::admin) fn new(config: &'a Config, store: &'a Store) -> Self {
        Self {
            postmaster: config.postmaster.as_ref(),
            aliases: Aliases::new(store.clone(), &config.routes),
            coming: Vec::new(),
            coming_domains: HashSet::new(),
            patterns: Vec::new(),
            led: Vec::new(),
            domains: HashSet::new(),
        }
    }

    fn of(config: &'a Config, store: &'a Store, leads: Leads<'a>) -> Self {
        let mut asked = Self::new(config, store);
        let aliases = match leads {
            Leads::Aliases(aliases) => aliases,
            Leads::To { from, to } => {
                for mailbox in to {
                    asked.lead(&from, || mailbox.to_string(), mailbox.domain(), Some(mailbox));
                }
                return asked;
            }
        };
        asked.coming.reserve_exact(aliases.count());
        for (_, alias) in aliases.aliases() {
            asked.coming.push(alias.address().key().fingerprint());
            if let Some(domain) = alias.address().domain()
                && !asked.coming_domains.contains(domain)
            {
                asked.coming_domains.insert(domain.clone());
            }
            if let AliasAddress::Regex(pattern) = alias.address() {
                asked.patterns.push(pattern.clone());
            }
        }
        asked.coming.sort_unstable();
        for (_, alias) in aliases.aliases() {
            if asked.led.len() >= MAX_DESTINATIONS {
                break;
            }
            asked.add(&alias);
        }
        asked
    }

    pub(in crate::admin) fn add(&mut self, alias: &Alias) {
        for destination in alias.destinations().iter().filter(|_| alias.enabled()) {
            if let Some(domain) = destination.domain() {
                let to = || destination.to_string();
                self.lead(alias.address(), to, domain, destination.mailbox());
            }
        }
    }

    pub(in crate::admin) fn add_postmaster(&mut self) {
        if let Some(postmaster) = self.postmaster {
            let to = || postmaster.to_string();
            let from = &"the configuration's postmaster";
            self.lead(from, to, postmaster.domain(), Some(postmaster));
        }
    }

    fn lead(
        &mut self,
        from: &impl fmt::Display,
        to: impl Fn() -> String,
        domain: &Domain,
        mailbox: Option<&Mailbox>,
    ) {
        if self.led.len() >= MAX_DESTINATIONS {
            return;
        }
        let is_ours = self.aliases.is_hosted(domain) || self.coming_domains.contains(domain);
        let place = match (is_ours, mailbox) {
            (true, Some(mailbox))
                if !is_srs_shaped(mailbox.local()) && !self.will_answer(mailbox) =>
            {
                Place::Here(mailbox.clone())
            }
            (true, _) => return,
            (false, _) => match self.aliases.asked_for(domain) {
                Some(domain) => Place::Elsewhere(domain),
                None => return,
            },
        };
        if let Place::Elsewhere(domain) = &place
            && !self.domains.contains(domain)
        {
            if self.domains.len() >= MAX_DOMAINS {
                return;
            }
            self.domains.insert(domain.clone());
        }
        self.led.push(Led { from: from.to_string(), to: to(), place });
    }

    fn will_answer(&self, mailbox: &Mailbox) -> bool {
        let key = Key::exact(mailbox);
        let comes = |key: &Key| self.coming.binary_search(&key.fingerprint()).is_ok();
        comes(&key)
            || key.without_tag().is_some_and(|key| comes(&key))
            || comes(&Key::catch_all(mailbox.domain()))
            || self.patterns.iter().any(|pattern| pattern.matches(mailbox))
    }

    async fn answers_of(self, config: &Config) -> Vec<Nowhere> {
        let resolver = match self.domains.is_empty() {
            true => None,
            false => Resolver::new(&config.dns.servers).ok(),
        };
        self.answers(resolver.as_ref()).await
    }

    pub(in crate::admin) async fn answers(mut self, resolver: Option<&Resolver>) -> Vec<Nowhere> {
        let domains = std::mem::take(&mut self.domains);
        let without = match resolver {
            Some(resolver) => without_mail(resolver, domains, PATIENCE).await,
            None => Default::default(),
        };
        let mut told: Vec<Nowhere> = Vec::new();
        // One line tells of a domain; what it is told by, and how many more lead there.
        let mut domains: HashMap<&Domain, (usize, usize)> = HashMap::new();
        for Led { from, to, place } in &self.led {
            let why = match place {
                Place::Elsewhere(domain) => match domains.get_mut(domain) {
                    Some((_, more)) => {
                        *more += 1;
                        None
                    }
                    None => without.get(domain).map(|why| {
                        domains.insert(domain, (told.len(), 0));
                        format!("whose domain {why}")
                    }),
                },
                Place::Here(mailbox) => self
                    .refusal(mailbox)
                    .await
                    .map(|reply| format!("an address here that leads nowhere ({reply})")),
            };
            if let Some(why) = why {
                told.push(Nowhere { alias: from.clone(), destination: to.clone(), why });
            }
            if told.len() == MAX_TOLD {
                break;
            }
        }
        for (at, more) in domains.into_values().filter(|(_, more)| *more > 0) {
            if let Some(told) = told.get_mut(at) {
                told.why += &format!(" (as that of {more} more)");
            }
        }
        told
    }

    /// How mail for an address here is refused for want of an alias. One that refuses it is meant so.
    async fn refusal(&self, mailbox: &Mailbox) -> Option<Reply> {
        let missing = [Reply::no_such_alias(), Reply::relaying_denied()];
        match self.aliases.expand(mailbox).await.as_deref().map(|found| &found.expansion) {
            Ok(Expansion::Refuse(reply)) if missing.contains(reply) => Some(Reply::no_such_alias()),
            // The store of whoever asks may not know that there is a postmaster.
            Ok(Expansion::Refuse(reply)) if *reply == Reply::no_postmaster() => {
                self.postmaster.is_none().then(|| reply.clone())
            }
            _ => None,
        }
    }
}
