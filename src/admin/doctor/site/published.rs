//! The published rules of a large receiver, held against a message or this set-up.

use super::{
    dns::{Dns, dmarc, mx},
    gather::our_addresses,
};
use crate::{
    address::{Domain, LocalPart, Mailbox, ReversePath},
    admin::{Error, Store, keystore::Keys},
    auth::{
        self, Incoming, SenderSpf,
        dkim::{KeyKind, KeyState},
        spf::{self, Query, Spf},
    },
    clock,
    config::{ArcSealing, Config},
    dns::Resolver,
    message::{Authors, Header, OwnTrace},
    provider::published::{Else, Facts, Form, Rule, RuleBook, Whom},
    verdict::{Arc, AuthPolicy, Check, Dkim, Findings, SpfOnly, is_one_owner},
};
use serde::Serialize;
use std::{net::IpAddr, time::Duration};
use tokio::time::Instant;

/// For the checks of one message, DNS included.
const PATIENCE: Duration = Duration::from_secs(40);

/// All is looked at, and nothing refused.
const POLICY: AuthPolicy = AuthPolicy {
    spf: Check::Mark,
    dkim: Check::Mark,
    dmarc: Check::Mark,
    spf_only: SpfOnly::Pass,
    refuse_quarantine: false,
    refuse_unauthenticated: false,
};

/// What is held against the rules.
#[derive(Debug, Clone)]
pub struct Outgoing<'a> {
    /// Whose rules.
    pub book: RuleBook,
    /// Rules for whoever sends many messages count too.
    pub is_bulk: bool,
    /// Our addresses, where they cannot be found out.
    pub addresses: Vec<IpAddr>,
    /// The message, with lines that end in CRLF; without one it is about the set-up alone.
    pub message: Option<&'a [u8]>,
}

/// A rule, and whether it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HeldRule {
    /// A name that stays.
    pub rule: &'static str,
    /// The rule in plain words.
    pub says: &'static str,
    /// Where it is written, and as of when.
    pub source: &'static str,
    /// `all`, `bulk` or `forwarders`.
    pub whom: &'static str,
    /// Whether it is kept; `None` where that is not known.
    pub kept: Option<bool>,
    /// The reply to what breaks it; `None` where it is only filed as spam sooner.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply: Option<&'static str>,
}

/// Holds a message, as it would be forwarded or sent from here, or the set-up alone against the rules. Without a
/// configuration nothing is known of the set-up.
///
/// # Errors
/// When the store or the keys cannot be read.
pub async fn held(
    config: Option<&Config>,
    store: Option<&Store>,
    outgoing: &Outgoing<'_>,
) -> Result<Vec<HeldRule>, Error> {
    let servers = config.map(|config| &*config.dns.servers).unwrap_or_default();
    let resolver = Resolver::new(servers).map_err(Error::refused)?;
    let hosted = match store {
        Some(store) => store.domains().await?,
        None => Vec::new(),
    };
    let mut facts = Facts { is_bulk: outgoing.is_bulk, is_forward: true, ..Facts::default() };
    let mut address = None;
    if let Some(config) = config {
        address = of_site(config, &resolver, outgoing, &mut facts).await?;
    }
    if let Some(message) = outgoing.message {
        let sender = Sender { config, hosted: &hosted, address };
        sender.of_message(&resolver, message, &mut facts).await;
    }
    Ok(outgoing.book.rules_for(&facts).map(|rule| HeldRule::of(rule, &facts)).collect())
}

impl HeldRule {
    fn of(rule: &Rule, facts: &Facts) -> Self {
        Self {
            rule: rule.id,
            says: rule.says,
            source: rule.source,
            whom: match rule.whom {
                Whom::All => "all",
                Whom::Bulk => "bulk",
                Whom::Forwarders => "forwarders",
            },
            kept: rule.is_kept(facts),
            reply: match rule.else_ {
                Else::Reply(reply) => Some(reply),
                Else::Distrust => None,
            },
        }
    }
}

/// What holds for whatever is forwarded; gives an address that it leaves from.
async fn of_site(
    config: &Config,
    resolver: &Resolver,
    outgoing: &Outgoing<'_>,
    facts: &mut Facts,
) -> Result<Option<IpAddr>, Error> {
    let mut dns = Dns::new(resolver);
    let host = dns.addresses(&config.hostname).await;
    let asked = super::Asked { addresses: outgoing.addresses.clone(), ..<_>::default() };
    let ours = our_addresses(&asked, &host);
    let srs_domain = &config.srs.settings.domain;
    let mut named = Vec::new();
    for ip in &ours {
        named.push(dns.reverse(*ip, &config.hostname).await.map(|name| name.is_ours));
    }
    let all_named = all(named);
    (facts.name_leads_back, facts.name_is_ours) = (all_named, all_named);
    facts.spf = spf_of(resolver, config, &ours).await;
    let records = dmarc(&mut dns, srs_domain).await;
    let is_known = dns.unanswered.iter().all(|name| !name.starts_with("_dmarc."));
    facts.own_dmarc = is_known.then_some(!records.is_empty());
    let found = mx(resolver, srs_domain.clone(), &ours).await;
    facts.reverse_path_exists = found.is_known.then_some(found.exists);
    facts.reverse_path_is_ours = Some(true);
    // Mail for these houses never leaves in plaintext; a route is the operator's own.
    let mailboxes = Domain::parse(outgoing.book.domain()).ok();
    let is_routed = mailboxes
        .as_ref()
        .is_some_and(|to| config.routes.iter().any(|route| route.pattern.matches(to)));
    facts.tls = (!is_routed).then_some(true);
    let (mut signs, mut seals) = (false, false);
    for stored in Keys::of(config).now().await?.keys()? {
        if stored.domain != *srs_domain || stored.state != KeyState::Active {
            continue;
        }
        let key = stored.key()?;
        if key.kind() == KeyKind::Rsa {
            let bits = u32::try_from(key.bits()).unwrap_or(u32::MAX);
            facts.key_bits = Some(facts.key_bits.map_or(bits, |least| least.min(bits)));
        }
        let wanted = super::facts::tag(&key.dns_text(), "p");
        let texts = dns.texts(&key.dns_name()).await;
        let is_published = texts.iter().any(|text| super::facts::tag(text, "p") == wanted);
        signs |= is_published;
        seals |= is_published && key.kind() == KeyKind::Rsa;
    }
    facts.dkim = Some(signs);
    seals &= match (&config.auth.arc, &mailboxes) {
        (ArcSealing::Off, _) | (_, None) => false,
        (ArcSealing::On, _) => true,
        (ArcSealing::For(patterns), Some(to)) => patterns.iter().any(|it| it.matches(to)),
    };
    facts.arc = Some(if seals { Arc::Pass } else { Arc::None });
    Ok(ours.first().copied())
}

/// The worst result that SPF has for the SRS domain and one of our addresses.
async fn spf_of(resolver: &Resolver, config: &Config, ours: &[IpAddr]) -> Option<Spf> {
    let sender = &format!("postmaster@{}", config.srs.settings.domain);
    let mut worst = None;
    for ip in ours {
        let query = Query { ip: *ip, helo: config.hostname.as_str(), sender };
        match spf::check(resolver, &query, Instant::now() + PATIENCE).await {
            Spf::TempError => return None,
            Spf::Pass => worst = worst.or(Some(Spf::Pass)),
            other => worst = Some(other),
        }
    }
    worst
}

/// `None` where there is nothing, or not all is known; false as soon as one is.
fn all(known: Vec<Option<bool>>) -> Option<bool> {
    match known.contains(&Some(false)) {
        true => Some(false),
        false => (!known.is_empty() && known.iter().all(Option::is_some)).then_some(true),
    }
}

/// Who sends a message.
struct Sender<'a> {
    config: Option<&'a Config>,
    hosted: &'a [Domain],
    address: Option<IpAddr>,
}

impl Sender<'_> {
    /// What a message adds: its form, and what its checks come to when it leaves from here.
    async fn of_message(&self, resolver: &Resolver, message: &[u8], facts: &mut Facts) {
        let header = Header::scan(message);
        facts.form = Some(Form::of(&header));
        let authors = Authors::read(&header).ok();
        let author = authors.as_ref().and_then(|authors| authors.mailboxes().first());
        let own = author.filter(|author| self.hosted.contains(author.domain()));
        facts.is_forward = own.is_none();
        // A forward leaves with an address of the SRS domain, what an account sends with the account's.
        let srs = self.config.and_then(|config| {
            let local = LocalPart::new("postmaster").ok()?;
            Mailbox::new(local, config.srs.settings.domain.clone()).ok()
        });
        let reverse_path = own.cloned().or(srs).map_or(ReversePath::Null, ReversePath::Mailbox);
        let findings = self.check(resolver, &header, message, &reverse_path).await;
        if own.is_some() && self.address.is_some() {
            facts.spf = Some(findings.spf).filter(|spf| *spf != Spf::TempError);
        }
        let of_author = |domain: &str| {
            author.is_some_and(|author| is_one_owner(domain, author.domain().as_str()))
        };
        let mut aligned = findings.signatures.iter().filter(|it| of_author(&it.domain));
        facts.aligned_broken = Some(aligned.any(|it| it.result != Dkim::Pass));
        let unanswered = findings.signatures.iter().any(|it| it.result == Dkim::TempError);
        // What leaves unchanged was signed and sealed by us already, if at all.
        let is_ours = |trace: OwnTrace| {
            self.config.is_some_and(|config| trace.by == config.hostname.as_str())
        };
        let mut received = header.named("Received").filter_map(|it| OwnTrace::read(it.value));
        let has_left = received.next().is_some_and(is_ours);
        let passes = findings.has_signature();
        let is_signed_here = !has_left && own.is_none() && facts.dkim == Some(true);
        facts.dkim = match (passes || is_signed_here, unanswered) {
            (true, _) => Some(true),
            (false, true) => None,
            (false, false) => Some(false),
        };
        facts.dmarc = Some((findings.dmarc.result, findings.dmarc.policy));
        facts.arc = match findings.arc {
            Arc::None if !has_left => facts.arc,
            Arc::TempError => None,
            came => Some(came),
        };
    }

    async fn check(
        &self,
        resolver: &Resolver,
        header: &Header<'_>,
        message: &[u8],
        reverse_path: &ReversePath,
    ) -> Findings {
        let hostname = self.config.map_or("localhost", |config| config.hostname.as_str());
        let deadline = Instant::now() + PATIENCE;
        let authors = Authors::read(header).ok();
        let incoming = Incoming {
            ip: self.address,
            helo: hostname,
            reverse_path,
            header,
            authors: authors.as_ref(),
            message,
            now: clock::now(),
        };
        let spf = async {
            let reverse_path = match (self.address, reverse_path.mailbox()) {
                (Some(ip), Some(mailbox)) => {
                    let sender = &mailbox.to_string();
                    spf::check(resolver, &Query { ip, helo: hostname, sender }, deadline).await
                }
                _ => Spf::None,
            };
            SenderSpf { reverse_path, helo: Spf::None }
        };
        auth::check(resolver, incoming, spf, &POLICY, hostname, deadline).await.findings
    }
}
