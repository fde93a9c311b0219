use crate::{
    address::Domain,
    admin::Store,
    alias::Alias,
    config::Config,
    dns::{Resolver, without_mail},
    mail::aliases::Aliases,
};
use std::{collections::HashSet, fmt, time::Duration};

/// Domains that are asked for at once; what is beyond is not looked at.
const MAX_DOMAINS: usize = 200;
/// Destinations that are remembered, and those that are told of.
const MAX_DESTINATIONS: usize = 10_000;
const MAX_TOLD: usize = 50;
/// How long all of them may take: whoever adds an alias waits for it.
const PATIENCE: Duration = Duration::from_secs(3);

/// A destination whose domain takes no mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nowhere {
    /// The address of the alias.
    pub alias: String,
    /// Where it leads.
    pub destination: String,
    /// What is wrong with the domain.
    pub why: String,
}

impl fmt::Display for Nowhere {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { alias, destination, why } = self;
        write!(f, "{alias} leads to {destination}, whose domain {why}: mail to it is refused")
    }
}

/// Destinations of aliases about whose domains DNS is to be asked.
pub(in crate::admin) struct Asked {
    aliases: Aliases,
    destinations: Vec<(String, String, Domain)>,
    domains: HashSet<Domain>,
}

/// Those destinations of `aliases` whose domains take no mail, by the resolver of the configuration. Nothing is said
/// where DNS does not answer in time.
pub async fn nowhere(config: &Config, store: &Store, aliases: &[Alias]) -> Vec<Nowhere> {
    let mut asked = Asked::new(config, store);
    aliases.iter().for_each(|alias| asked.add(alias));
    match Resolver::new(&config.dns.servers) {
        Ok(resolver) if !asked.domains.is_empty() => asked.answers(&resolver).await,
        _ => Vec::new(),
    }
}

impl Asked {
    pub(in crate::admin) fn new(config: &Config, store: &Store) -> Self {
        let aliases = Aliases::new(store.clone(), &config.routes);
        Self { aliases, destinations: Vec::new(), domains: HashSet::new() }
    }

    pub(in crate::admin) fn add(&mut self, alias: &Alias) {
        for destination in alias.destinations().iter().filter(|_| alias.enabled()) {
            let domain = destination.domain().and_then(|domain| self.aliases.asked_for(domain));
            let Some(domain) = domain else { continue };
            let is_known = self.domains.contains(&domain);
            if is_known && self.destinations.len() >= MAX_DESTINATIONS
                || !is_known && self.domains.len() >= MAX_DOMAINS
            {
                continue;
            }
            self.domains.insert(domain.clone());
            let (alias, destination) = (alias.address().to_string(), destination.to_string());
            self.destinations.push((alias, destination, domain));
        }
    }

    pub(in crate::admin) async fn answers(self, resolver: &Resolver) -> Vec<Nowhere> {
        let without = without_mail(resolver, self.domains, PATIENCE).await;
        let told = self.destinations.into_iter().filter_map(|(alias, destination, domain)| {
            let why = without.get(&domain)?.to_string();
            Some(Nowhere { alias, destination, why })
        });
        told.take(MAX_TOLD).collect()
    }
}
