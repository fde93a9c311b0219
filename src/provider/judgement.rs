//! What a reply that does not take a message asks of us: what it is about, and what is done.

use super::Meaning;
use std::time::Duration;

/// What a reply is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// This message alone.
    Message,
    /// The mailbox, whatever comes to it.
    Mailbox,
    /// The transaction: what else is in it.
    Transaction,
    /// The connection: another one may do.
    Connection,
    /// The host: others of the provider may do.
    Host,
    /// All that we have for the provider.
    Provider,
    /// How this server is set up: names, SPF, DKIM, TLS.
    Configuration,
}

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// The message waits as long as messages do.
    PutOff,
    /// The message waits for so long at least.
    Wait(Duration),
    /// Those recipients get a transaction of their own, at once.
    Split,
    /// Another connection is tried, at once.
    Reopen,
    /// The provider gets less for a time.
    Slow(Pace),
    /// The provider gets nothing for so long.
    Suspend(Duration),
    /// The message ends.
    Fail,
}

/// How much a provider gets that wants less.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Connections at most; 0: half of what there were.
    pub connections: u32,
    /// From one message to the next; nothing: as before.
    pub each: Duration,
    /// Messages over one connection at most; 0: as before.
    pub messages: u32,
    /// For how long.
    pub time: Duration,
}

/// What many replies about single messages say of the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Repeated {
    /// So many of them.
    pub times: u32,
    /// Of which one who causes mail has so many at most: what one sends does not suspend a provider for all.
    pub of_one: u32,
    /// In so long.
    pub within: Duration,
    /// The provider gets nothing for so long then.
    pub suspend: Duration,
}

/// What is concluded from a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Judgement {
    /// What the reply means; `None` where nobody knows.
    pub meaning: Option<Meaning>,
    /// What it is about.
    pub scope: Scope,
    /// What is done.
    pub measure: Measure,
    /// What is done where it comes again and again.
    pub repeated: Option<Repeated>,
}

/// A 421 that nobody knows may be about anything. Five of them in ten minutes, of several who cause mail, are about us.
const CLOSING: Repeated = Repeated {
    times: 5,
    of_one: 2,
    within: Duration::from_mins(10),
    suspend: Duration::from_mins(10),
};

impl Judgement {
    /// Of a reply as journals have it. `asks`: what its row of the table wants; else it is as always with that meaning.
    pub(super) fn of(
        reply: &str,
        meaning: Option<Meaning>,
        asks: Option<(Scope, Measure)>,
        repeated: Option<Repeated>,
    ) -> Self {
        let end = if reply.starts_with('5') { Measure::Fail } else { Measure::PutOff };
        let (scope, measure) = asks.unwrap_or_else(|| usual(meaning, end));
        // What is known to be about messages is about no other.
        let may_be_of_us = meaning.is_none_or(|meaning| meaning == Meaning::Busy);
        let is_closing = may_be_of_us && reply.starts_with("421") && measure == Measure::PutOff;
        Self { meaning, scope, measure, repeated: repeated.or(is_closing.then_some(CLOSING)) }
    }

    /// Of a host that took no connection, or hung up.
    pub const fn of_silence() -> Self {
        let (scope, measure) = (Scope::Host, Measure::PutOff);
        Self { meaning: None, scope, measure, repeated: None }
    }

    /// True where a refusal is not about the mail: our address is blocked, or sends too much for now. Whoever wrote
    /// cannot mend that, and the mail is put off.
    pub fn is_of_ours(&self) -> bool {
        let is_for_now = matches!(self.measure, Measure::Suspend(_) | Measure::Slow(_));
        let is_ours = matches!(
            self.meaning,
            Some(Meaning::Blocked | Meaning::Rate | Meaning::Busy | Meaning::Connections)
        );
        self.scope == Scope::Provider && is_for_now && is_ours
            || matches!(self.measure, Measure::Wait(_))
    }
}

/// What is done where the table has nothing of its own; `end`: what the code says.
fn usual(meaning: Option<Meaning>, end: Measure) -> (Scope, Measure) {
    use Meaning as M;
    let slow = |connections, each| {
        Measure::Slow(Pace { connections, each, messages: 0, time: Duration::from_mins(30) })
    };
    match meaning {
        Some(M::NoSuchUser | M::Disabled | M::Full | M::MailboxBusy) => (Scope::Mailbox, end),
        Some(M::Rate) => (Scope::Provider, slow(0, Duration::from_secs(6))),
        Some(M::Connections) => (Scope::Provider, slow(0, Duration::ZERO)),
        Some(M::Blocked) => (Scope::Provider, Measure::Suspend(Duration::from_hours(2))),
        Some(M::Recipients) => (Scope::Transaction, Measure::Split),
        Some(M::Unauthenticated | M::NoReverseName | M::NeedsTls | M::Listed | M::RefusesUs) => {
            (Scope::Configuration, end)
        }
        Some(
            M::Unreachable
            | M::Lost
            | M::Slow
            | M::DnsSilent
            | M::NoServer
            | M::TlsMissing
            | M::TlsFailed
            | M::TlsPolicy,
        ) => (Scope::Host, end),
        Some(_) | None => (Scope::Message, end),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::judge;

    const GOOGLE: &str = "gmail-smtp-in.l.google.com [192.0.2.1]:25";
    const OUTLOOK: &str = "a.olc.protection.outlook.com [192.0.2.1]:25";
    const OFFICE: &str = "a.mail.protection.outlook.com [192.0.2.1]:25";
    const YAHOO: &str = "mta5.am0.yahoodns.net [192.0.2.1]:25";

    #[test]
    fn what_a_reply_is_about_and_what_is_done() {
        let hours = Duration::from_hours;
        for (host, reply, scope, measure) in [
            (GOOGLE, "550 5.1.1 no such account", Scope::Mailbox, Measure::Fail),
            (GOOGLE, "450 4.2.1 comes too fast", Scope::Mailbox, Measure::PutOff),
            (GOOGLE, "452 4.5.3 too many", Scope::Transaction, Measure::Split),
            (
                GOOGLE,
                "421 4.7.28 an unusual rate of mail from your DKIM domain",
                Scope::Message,
                Measure::Wait(Duration::from_mins(30)),
            ),
            (GOOGLE, "550 5.7.26 unauthenticated", Scope::Configuration, Measure::Fail),
            (GOOGLE, "550 5.7.26 domain's DMARC policy", Scope::Message, Measure::Fail),
            (OFFICE, "451 4.7.500 Server busy", Scope::Provider, Measure::Suspend(hours(1) / 2)),
            (OUTLOOK, "550 5.7.1 list (S3140).", Scope::Provider, Measure::Suspend(hours(2))),
            (YAHOO, "421 4.7.0 [TSS05] deferred", Scope::Provider, Measure::Suspend(hours(4))),
            (YAHOO, "421 Max message per connection", Scope::Connection, Measure::Reopen),
            ("mx.sink.test", "421 4.0.0 later", Scope::Message, Measure::PutOff),
            ("mx.sink.test", "550 nobody knows why", Scope::Message, Measure::Fail),
        ] {
            let found = judge(host, reply);
            assert_eq!((found.scope, found.measure), (scope, measure), "{reply}");
        }
    }

    #[test]
    fn what_addresses_in_a_reply_are_called_decides_nothing() {
        for (host, reply) in [
            (YAHOO, "554 delivery error: dd This user doesn't have an account (tss05x@yahoo.test)"),
            (YAHOO, "451 4.1.8 <tss04@example.org> later"),
            (YAHOO, "554 dd about TSS05x"),
            ("mx.sink.test", "451 4.7.1 <SRS0=x=throttle.test=a@example.org>: rejected"),
        ] {
            let found = judge(host, reply);
            assert_ne!(found.scope, Scope::Provider, "{reply}");
        }
    }

    #[test]
    fn a_refusal_of_our_address_is_no_refusal_of_the_mail() {
        for (host, reply, is_ours) in [
            (OUTLOOK, "550 5.7.1 on our block list (S3150)", true),
            (OFFICE, "550 5.7.606 Access denied, banned sending IP [192.0.2.7].", true),
            (YAHOO, "553 5.7.1 [BL21] Connections will not be accepted from 192.0.2.7", true),
            (OUTLOOK, "554 5.2.122 more than a mailbox may get in an hour", true),
            (GOOGLE, "550 5.7.28 an unusual rate from your IP address", true),
            (OUTLOOK, "550 5.7.515 Access denied", false),
            (GOOGLE, "550 5.7.1 low reputation of the sending domain", false),
            ("mx.sink.test", "554 5.7.1 blocked using zen.spamhaus.org", false),
        ] {
            assert_eq!(judge(host, reply).is_of_ours(), is_ours, "{reply}");
        }
    }

    #[test]
    fn what_nobody_knows_counts_when_it_comes_often() {
        let times = |reply| judge("mx.sink.test", reply).repeated.map(|it| it.times);
        assert_eq!(times("421 4.0.0 what"), Some(5));
        assert_eq!(times("421 4.3.2 going down"), Some(5));
        assert_eq!(times("451 4.0.0 what"), None);
        let reputation = judge(GOOGLE, "550 5.7.1 very low reputation of the sending domain");
        assert_eq!(reputation.repeated.map(|it| it.suspend), Some(Duration::from_hours(1)));
    }
}
