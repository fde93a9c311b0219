//! What is counted, for Prometheus. Labels have few values, whatever strangers send.

mod accounts;
mod events;
mod filter;
mod format;
mod labels;
mod now;
mod process;
mod providers;

pub use accounts::{LoginResult, NotSubmitted};
pub use filter::Filtered;
pub use format::Format;
pub use labels::{Bounced, DestinationClass, Forwarded, Limit, Returned, Verdict};
pub use now::Now;
pub use process::ProcessFigures;

use crate::dsn::Silence;
use labels::{
    AttemptLabels, BounceLabels, DnsLabels, DnsblLabels, ForwardLabels, LimitLabels, NoticeLabels,
    OutcomeLabels, ReturnLabels, StatusLabels, TlsLabels, TlsSession,
};
use prometheus_client::{
    encoding::text::encode,
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram, info::Info},
    registry::Registry,
};
use std::sync::atomic::AtomicU64;

/// From a tenth of a second to the longest budget, in seconds.
const BUCKETS: [f64; 12] = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 45.0, 120.0];

type Counts<L> = Family<L, Counter>;
type Level = Gauge<f64, AtomicU64>;
type Took = fn() -> Histogram;

/// All metrics; one for the life of the process.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    messages: Counts<OutcomeLabels>,
    octets: Counter,
    took: Family<OutcomeLabels, Histogram>,
    encrypted: Counts<TlsLabels>,
    refused: Counts<StatusLabels>,
    attempts: Counts<AttemptLabels>,
    attempt_took: Family<AttemptLabels, Histogram>,
    forwarded: Counts<ForwardLabels>,
    returned: Counts<ReturnLabels>,
    bounced: Counts<BounceLabels>,
    dkim_broken: Counter,
    notices: Counts<NoticeLabels>,
    over_rate: Counts<LimitLabels>,
    dnsbl: Counts<DnsblLabels>,
    spool_messages: Level,
    spool_octets: Level,
    spool_age: Level,
    spool_unreadable: Level,
    store_trouble: Level,
    connections: Level,
    map_connections: Level,
    idle_connections: Level,
    memory: Level,
    dns: Family<DnsLabels, Counter>,
    dns_questions: Counter,
    tls: Family<TlsSession, Counter>,
    certificate_end: Level,
    filter: filter::Filter,
    accounts: accounts::Accounts,
    events: events::Events,
    providers: providers::Providers,
    process: process::Process,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// Nothing counted yet.
    pub fn new() -> Self {
        let took: Took = || Histogram::new(BUCKETS);
        let mut metrics = Self {
            registry: Registry::default(),
            messages: Family::default(),
            octets: Counter::default(),
            took: Family::new_with_constructor(took),
            encrypted: Family::default(),
            refused: Family::default(),
            attempts: Family::default(),
            attempt_took: Family::new_with_constructor(took),
            forwarded: Family::default(),
            returned: Family::default(),
            bounced: Family::default(),
            dkim_broken: Counter::default(),
            notices: Family::default(),
            over_rate: Family::default(),
            dnsbl: Family::default(),
            spool_messages: Level::default(),
            spool_octets: Level::default(),
            spool_age: Level::default(),
            spool_unreadable: Level::default(),
            store_trouble: Level::default(),
            connections: Level::default(),
            map_connections: Level::default(),
            idle_connections: Level::default(),
            memory: Level::default(),
            dns: Family::default(),
            dns_questions: Counter::default(),
            tls: Family::default(),
            certificate_end: Level::default(),
            filter: filter::Filter::new(took),
            accounts: accounts::Accounts::new(),
            events: events::Events::new(),
            providers: providers::Providers::default(),
            process: process::Process::default(),
        };
        metrics.register();
        metrics.begin();
        metrics
    }

    /// From zero on, so that a first one is seen as a rise.
    fn begin(&self) {
        let returned = [
            Returned::Reversed,
            Returned::BadTag,
            Returned::Expired,
            Returned::Malformed,
            Returned::NotABounce,
            Returned::UsedUp,
        ];
        for result in returned {
            let _ = self.returned.get_or_create(&ReturnLabels { result });
        }
        for result in ["sent", "replayed", "over_limit", "nowhere"] {
            let _ = self.notices.get_or_create(&NoticeLabels { result });
        }
        for result in [Bounced::Retold, Bounced::Relayed] {
            let _ = self.bounced.get_or_create(&BounceLabels { result });
        }
        for limit in Limit::ALL {
            let _ = self.over_rate.get_or_create(&LimitLabels { limit: limit.key() });
        }
        let _ = self.forwarded.get_or_create(&ForwardLabels { result: Forwarded::Rewritten });
        let plain = TlsSession { policy: "no-policy-found", result: "success" };
        let _ = self.tls.get_or_create(&plain);
    }

    fn register(&mut self) {
        let Self { registry, .. } = self;
        let r = registry.sub_registry_with_prefix("onward");
        self.filter.register(r);
        self.accounts.register(r);
        self.events.register(r);
        self.providers.register(r);
        r.register("messages", "Messages by what became of them", self.messages.clone());
        r.register("message_octets", "Octets of messages that came", self.octets.clone());
        r.register(
            "message_seconds",
            "From the end of a message to its reply, by what became of it",
            self.took.clone(),
        );
        r.register("received", "Messages by how they came encrypted", self.encrypted.clone());
        r.register("refusals", "Refused recipients and messages by status", self.refused.clone());
        r.register("attempts", "Attempts to deliver", self.attempts.clone());
        r.register("attempt_seconds", "How long an attempt took", self.attempt_took.clone());
        r.register(
            "srs_forward",
            "Senders, and whether they were rewritten",
            self.forwarded.clone(),
        );
        r.register("srs_reverse", "SRS addresses that came back", self.returned.clone());
        r.register(
            "over_rate",
            "Messages and recipients beyond a rate of [limits]",
            self.over_rate.clone(),
        );
        r.register("dnsbl", "What lists in DNS said of clients and domains", self.dnsbl.clone());
        r.register("bounces", "Messages to them, retold or relayed", self.bounced.clone());
        r.register(
            "dkim_broken",
            "Messages with a signature that verified and cannot be kept by any forward",
            self.dkim_broken.clone(),
        );
        r.register(
            "notices",
            "DSNs that senders are owed, by whether they were sent and why not",
            self.notices.clone(),
        );
        r.register("spool_messages", "Messages in the spool", self.spool_messages.clone());
        r.register("spool_octets", "Octets in the spool", self.spool_octets.clone());
        r.register(
            "spool_oldest_seconds",
            "Age of the oldest message there",
            self.spool_age.clone(),
        );
        r.register(
            "spool_unreadable",
            "Messages left aside in the spool because they cannot be read",
            self.spool_unreadable.clone(),
        );
        r.register(
            "store_trouble",
            "1 while the database was moved or replaced, and nothing is spooled",
            self.store_trouble.clone(),
        );
        r.register("connections", "Clients connected", self.connections.clone());
        r.register("map_connections", "Postfix's connections", self.map_connections.clone());
        r.register(
            "destination_connections_idle",
            "Connections to destinations that are kept",
            self.idle_connections.clone(),
        );
        r.register("message_memory_octets", "Octets of messages held", self.memory.clone());
        r.register("dns_lookups", "DNS look-ups by what came of them", self.dns.clone());
        r.register(
            "dns_questions",
            "Questions to DNS that were not answered from what is known",
            self.dns_questions.clone(),
        );
        r.register(
            "tls_sessions",
            "Sessions with mail servers by policy and result",
            self.tls.clone(),
        );
        r.register(
            "certificate_end_timestamp_seconds",
            "When our certificate ends",
            self.certificate_end.clone(),
        );
        r.register("build", "The version", Info::new([("version", env!("CARGO_PKG_VERSION"))]));
        self.process.register(&mut self.registry);
    }

    /// This process, as it is now.
    pub fn process(&self) -> ProcessFigures {
        self.process.figures()
    }

    /// A message that was answered; `outcome` as in the journal.
    pub fn message(&self, outcome: &'static str, octets: u64, seconds: f64, tls: &str) {
        let labels = OutcomeLabels { outcome };
        self.messages.get_or_create(&labels).inc();
        self.took.get_or_create(&labels).observe(seconds);
        self.octets.inc_by(octets);
        let tls = match tls.split(' ').next() {
            Some("TLSv1.2") => "TLSv1.2",
            Some("TLSv1.3") => "TLSv1.3",
            _ => "none",
        };
        self.encrypted.get_or_create(&TlsLabels { tls }).inc();
    }

    /// A recipient or message that was refused or put off, with its enhanced status code.
    pub fn refusal(&self, code: u16, status: Option<(u8, u16, u16)>) {
        // Those of the registry of RFC 5248; a destination may make up others.
        let status = match status {
            Some((a, b @ 0..=7, c @ 0..=30)) => format!("{a}.{b}.{c}"),
            _ if code >= 500 => "5".to_owned(),
            _ => "4".to_owned(),
        };
        self.refused.get_or_create(&StatusLabels { status }).inc();
    }

    /// An attempt to deliver; `class` as in the journal.
    pub fn attempt(&self, destination: DestinationClass, class: &'static str, seconds: f64) {
        let labels = AttemptLabels { destination: destination.as_str(), class };
        self.attempts.get_or_create(&labels).inc();
        self.attempt_took.get_or_create(&labels).observe(seconds);
    }

    /// A sender on its way out.
    pub fn srs_forward(&self, result: Forwarded) {
        self.forwarded.get_or_create(&ForwardLabels { result }).inc();
    }

    /// An SRS address that came back.
    pub fn srs_reverse(&self, result: Returned) {
        self.returned.get_or_create(&ReturnLabels { result }).inc();
    }

    /// A message to an SRS address that goes on in this way.
    pub fn bounced(&self, result: Bounced) {
        self.bounced.get_or_create(&BounceLabels { result }).inc();
    }

    /// A message with a signature that breaks behind our fields.
    pub fn dkim_broken(&self) {
        self.dkim_broken.inc();
    }

    /// A DSN that a sender was owed, or would have been: sent, or why it was not.
    pub fn notice(&self, silence: Option<Silence>) {
        let result = silence.map_or("sent", Silence::as_str);
        self.notices.get_or_create(&NoticeLabels { result }).inc();
    }

    /// A rate that was exceeded.
    pub fn over_rate(&self, limit: Limit) {
        self.over_rate.get_or_create(&LimitLabels { limit: limit.key() }).inc();
    }

    /// A list that will be asked: from zero on, so that a first answer of a kind is seen as a rise.
    pub fn dnsbl_begins(&self, zone: &str) {
        for verdict in Verdict::ALL {
            let labels = DnsblLabels { zone: zone.to_owned(), outcome: verdict.as_str() };
            let _ = self.dnsbl.get_or_create(&labels);
        }
    }

    /// What a list said, or that it said nothing in time; `zone` is its name without its key.
    pub fn dnsbl(&self, zone: &str, verdict: Verdict) {
        let labels = DnsblLabels { zone: zone.to_owned(), outcome: verdict.as_str() };
        self.dnsbl.get_or_create(&labels).inc();
    }

    /// All metrics in a format.
    pub fn text(&self, now: &Now, format: Format) -> String {
        self.spool_messages.set(now.spool_messages as f64);
        self.spool_octets.set(now.spool_octets as f64);
        self.spool_age.set(now.spool_age);
        self.spool_unreadable.set(now.spool_unreadable as f64);
        self.store_trouble.set(f64::from(u8::from(now.store_trouble)));
        self.connections.set(now.connections as f64);
        self.map_connections.set(now.map_connections as f64);
        self.idle_connections.set(now.idle_connections as f64);
        self.memory.set(now.memory as f64);
        self.certificate_end.set(now.certificate_end.map_or(0.0, |end| end.as_secs() as f64));
        for (kind, result, count) in &now.dns {
            raise(&self.dns.get_or_create(&DnsLabels { kind, result }), *count);
        }
        raise(&self.dns_questions, now.dns_questions);
        for (policy, result, count) in &now.tls {
            raise(&self.tls.get_or_create(&TlsSession { policy, result }), *count);
        }
        self.events.look(now);
        self.providers.look(now);
        self.process.look();
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = encode(&mut text, &self.registry);
        match format {
            Format::OpenMetrics => text,
            Format::Text => format::classic(&text),
        }
    }
}

/// Counted elsewhere, from zero after a reload: it never goes back here.
fn raise(counter: &Counter, count: u64) {
    counter.inc_by(count.saturating_sub(counter.get()));
}

#[cfg(test)]
mod tests;
