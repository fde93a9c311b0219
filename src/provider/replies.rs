//! What a destination means by a reply that does not take a message. One table: the first row that fits is the answer, and
//! each row has a reply that was seen, which its test reads.

use super::{
    APPLE, COMCAST, GMX, GOOGLE, Judgement, MIMECAST, Meaning, Measure, ORANGE, OUTLOOK, Pace,
    Provider, QQ, Repeated, Scope, YAHOO,
};
use Meaning as M;
use std::time::Duration;

/// A row: who says it, with which codes and which words, what it means, and what is done.
struct Row {
    /// Whose hosts say it, those of a whole house; `None`: anybody's.
    who: Option<&'static Provider>,
    /// The beginning of the code: `5`, `421`; empty for any.
    code: &'static str,
    /// Subject and detail of the enhanced status code; none for any.
    status: &'static [(u16, u16)],
    /// One of these words, in lower case; none for any.
    words: &'static [&'static str],
    means: Meaning,
    /// What is done; `None`: as always with that meaning.
    asks: Option<(Scope, Measure)>,
    repeated: Option<Repeated>,
    /// A reply that was seen.
    #[cfg_attr(not(test), expect(dead_code, reason = "what the tests read"))]
    seen: &'static str,
}

/// Most of a reply that is looked at.
const LOOKED_AT: usize = 2000;

/// What the host of that name, as journals have it, means by `reply`, as they have that; `None` where nothing is known.
pub fn meaning(host: &str, reply: &str) -> Option<Meaning> {
    row_for(host, reply).map(|row| row.means)
}

/// What is to be done about `reply` of the host of that name, both as for [`meaning`].
pub fn judge(host: &str, reply: &str) -> Judgement {
    let row = row_for(host, reply);
    let (asks, repeated) = row.map_or((None, None), |row| (row.asks, row.repeated));
    Judgement::of(reply, row.map(|row| row.means), asks, repeated)
}

fn row_for(host: &str, reply: &str) -> Option<&'static Row> {
    let who = Provider::of_host(host);
    let reply: String = reply.chars().take(LOOKED_AT).collect::<String>().to_ascii_lowercase();
    let reply = without_addresses(&reply);
    let (code, rest) = reply.split_once([' ', '-']).unwrap_or((&reply, ""));
    if code.len() != 3 || !code.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let status = rest.split(' ').next().and_then(status);
    let fits = |row: &&Row| {
        row.who.is_none_or(|wanted| who.is_some_and(|who| who.house == wanted.house))
            && code.starts_with(row.code)
            && (row.status.is_empty() || status.is_some_and(|found| row.status.contains(&found)))
            && (row.words.is_empty() || row.words.iter().any(|word| rest.contains(word)))
    };
    TABLE.iter().find(fits)
}

/// What a reply says beside the addresses that it repeats: what stands in those is chosen by whoever wrote, or has the alias.
fn without_addresses(reply: &str) -> String {
    let mut is_within = false;
    let mut outside = String::with_capacity(reply.len());
    for c in reply.chars() {
        match c {
            '<' => is_within = true,
            '>' => is_within = false,
            c if !is_within => outside.push(c),
            _ => {}
        }
    }
    outside.split(' ').filter(|word| !word.contains('@')).collect::<Vec<_>>().join(" ")
}

/// Subject and detail of `5.7.26`.
fn status(text: &str) -> Option<(u16, u16)> {
    let mut numbers = text.split('.');
    let class = numbers.next()?;
    let (subject, detail) = (numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?);
    (matches!(class, "2" | "4" | "5") && numbers.next().is_none()).then_some((subject, detail))
}

const fn row(
    who: Option<&'static Provider>,
    code: &'static str,
    status: &'static [(u16, u16)],
    words: &'static [&'static str],
    means: Meaning,
    seen: &'static str,
) -> Row {
    Row { who, code, status, words, means, asks: None, repeated: None, seen }
}

impl Row {
    const fn asks(mut self, scope: Scope, measure: Measure) -> Self {
        self.asks = Some((scope, measure));
        self
    }

    /// The provider gets nothing for so long.
    const fn suspends(self, time: Duration) -> Self {
        self.asks(Scope::Provider, Measure::Suspend(time))
    }

    /// The provider gets this much for so long.
    const fn slows(self, connections: u32, each: Duration, time: Duration) -> Self {
        self.asks(Scope::Provider, Measure::Slow(Pace { connections, each, messages: 0, time }))
    }

    /// The provider gets nothing for so long after as many of these.
    const fn repeated(mut self, times: u32, within: Duration, suspend: Duration) -> Self {
        let of_one = match self.means {
            M::Content | M::Reputation => 2,
            _ => times,
        };
        self.repeated = Some(Repeated { times, of_one, within, suspend });
        self
    }
}

const G: Option<&Provider> = Some(&GOOGLE);
const MS: Option<&Provider> = Some(&OUTLOOK);
const Y: Option<&Provider> = Some(&YAHOO);
const A: Option<&Provider> = Some(&APPLE);

const HOUR: Duration = Duration::from_hours(1);
const HALF: Duration = Duration::from_mins(30);
const QUARTER: Duration = Duration::from_mins(15);
/// Messages apart by so much: one a minute, ten a minute.
const ONE: Duration = Duration::from_mins(1);
const TEN: Duration = Duration::from_secs(6);

#[rustfmt::skip]
static TABLE: [Row; 81] = [
    row(G, "", &[(7, 26)], &["dmarc"], M::Dmarc, "550 5.7.26 Unauthenticated email from bank.example is not accepted due to domain's DMARC policy."),
    row(G, "", &[(7, 26), (7, 27), (7, 30), (7, 32), (7, 40)], &[], M::Unauthenticated, "550 5.7.26 Your email has been blocked because the sender is unauthenticated. Gmail requires all senders to authenticate with either SPF or DKIM."),
    row(G, "", &[(7, 23), (7, 25)], &[], M::NoReverseName, "550 5.7.25 The IP address sending this message does not have a PTR record setup"),
    row(G, "", &[(7, 1)], &["ptr record", "ipv6 sending"], M::NoReverseName, "550 5.7.1 Gmail has detected that this message does not meet IPv6 sending guidelines regarding PTR records and authentication."),
    row(G, "", &[(7, 29)], &[], M::NeedsTls, "421 4.7.29 Your email has been rate limited because it was not sent over a TLS connection."),
    row(G, "", &[(7, 28)], &["dkim domain", "spf domain", "url domain", "message-id"], M::Rate, "421 4.7.28 Gmail has detected an unusual rate of mail originating from your DKIM domain [example.org]. To protect our users from spam, mail sent from your domain has been temporarily rate limited.").asks(Scope::Message, Measure::Wait(HALF)),
    row(G, "", &[(7, 28)], &[], M::Rate, "421 4.7.28 Gmail has detected an unusual rate of unsolicited mail originating from your IP address.").slows(0, TEN, HALF),
    row(G, "", &[(7, 0), (7, 1)], &["reputation"], M::Reputation, "550 5.7.1 Our system has detected that this message is likely suspicious due to the very low reputation of the sending domain.").repeated(5, HOUR, HOUR),
    row(G, "", &[(7, 0), (7, 1)], &["unsolicited", "nature of the content", "suspicious"], M::Content, "421 4.7.0 This message is suspicious due to the nature of the content or the links within.").repeated(5, HOUR, HOUR),
    row(G, "", &[(7, 1)], &["rfc 5322", "from header", "message-id", "duplicate header"], M::Form, "550 5.7.1 Messages missing a valid Message-ID header are not accepted."),
    row(G, "4", &[(2, 1)], &[], M::MailboxBusy, "450 4.2.1 The user you are trying to contact is receiving mail at a rate that prevents additional messages from being delivered."),
    row(G, "5", &[(2, 1)], &[], M::Disabled, "550 5.2.1 The email account that you tried to reach is inactive."),
    row(G, "4", &[(3, 0)], &["multiple destination domains"], M::Recipients, "451 4.3.0 Multiple destination domains per transaction is unsupported. Please try again."),

    row(MS, "", &[(7, 515)], &[], M::Unauthenticated, "550 5.7.515 Access denied, sending domain shop.example does not meet the required authentication level."),
    row(MS, "5", &[(7, 1)], &["s3140", "s3150", "block list", "banned sending ip"], M::Blocked, "550 5.7.1 Unfortunately, messages from [192.0.2.7] weren't sent. Please contact your Internet service provider since part of their network is on our block list (S3140).").suspends(HOUR.saturating_mul(2)),
    row(MS, "5", &[(7, 606), (7, 607), (7, 608), (7, 609), (7, 610), (7, 649), (7, 511)], &[], M::Blocked, "550 5.7.606 Access denied, banned sending IP [192.0.2.7].").suspends(HOUR.saturating_mul(2)),
    row(MS, "4", &[(7, 650), (7, 651)], &[], M::Rate, "451 4.7.650 The mail server [192.0.2.7] has been temporarily rate limited due to IP reputation.").slows(1, ONE, HALF.saturating_mul(3)).repeated(3, HOUR, HALF),
    row(MS, "4", &[(7, 500)], &[], M::Busy, "451 4.7.500 Server busy. Please try again later from [192.0.2.7]. (S77719)").suspends(HALF),
    row(MS, "4", &[], &["messages per connection"], M::Connections, "421 4.3.2 The mail server [192.0.2.7] has exceeded maximum number of messages per connection.").asks(Scope::Connection, Measure::Slow(Pace { connections: 0, each: Duration::ZERO, messages: 2, time: HOUR })),
    row(MS, "4", &[], &["number of concurrent", "number of connections", "max concurrent connections"], M::Connections, "421 4.3.2 The maximum number of concurrent server connections has exceeded a limit, closing transmission channel").slows(1, Duration::ZERO, HOUR),
    row(MS, "5", &[(2, 121), (2, 122)], &[], M::MailboxBusy, "554 5.2.122 The recipient has exceeded their limit for the number of messages they can receive per hour").asks(Scope::Mailbox, Measure::Wait(HOUR)),
    row(MS, "5", &[(4, 1)], &["recipient address rejected"], M::NoSuchUser, "550 5.4.1 Recipient address rejected: Access denied."),
    row(MS, "5", &[(5, 0)], &["mailbox unavailable"], M::NoSuchUser, "550 5.5.0 Requested action not taken: mailbox unavailable (S2017062302)."),

    row(Y, "", &[], &["[tss04]", "[ipts04]", "[ts04]"], M::Rate, "421 4.7.0 [TSS04] Messages from 192.0.2.7 temporarily deferred due to unexpected volume or user complaints").suspends(HOUR.saturating_mul(2)),
    row(Y, "", &[], &["[tss05]", "[ipts05]"], M::Rate, "421 4.7.0 [TSS05] Messages from 192.0.2.7 temporarily deferred due to user complaints").suspends(HOUR.saturating_mul(4)),
    row(Y, "", &[], &["[ts02]"], M::Rate, "421 4.7.0 [TS02] Messages from 192.0.2.7 temporarily deferred due to unusual traffic patterns").slows(1, ONE, HALF),
    row(Y, "", &[], &["[ts03]"], M::Rate, "421 4.7.1 [TS03] All messages from 192.0.2.7 will be permanently deferred").slows(0, TEN, HALF),
    row(Y, "4", &[], &["max message per connection"], M::Connections, "421 Max message per connection reached, closing transmission channel").asks(Scope::Connection, Measure::Reopen),
    row(Y, "", &[], &["vs98-ip0"], M::Blocked, "553 Mail from 192.0.2.7 not allowed - VS98-IP0 deferred").suspends(HOUR),
    row(Y, "5", &[], &["[bl"], M::Blocked, "553 5.7.1 [BL21] Connections will not be accepted from 192.0.2.7, because the ip is in Spamhaus's list").suspends(HOUR.saturating_mul(2)),
    row(Y, "5", &[], &["[tss06]", "[tss07]", "[tss08]", "[tss09]"], M::Reputation, "553 5.7.2 [TSS09] All messages from 192.0.2.7 will be permanently deferred"),
    row(Y, "5", &[], &["ph01", "message not accepted for policy reasons"], M::Content, "554 5.7.9 Message not accepted for policy reasons. PH01"),

    row(A, "", &[], &["[hcm1]", "[bs02]", "service unavailable"], M::Rate, "421 4.7.1 [HCM1] Message rejected due to volume. Please try again later").suspends(QUARTER),
    row(A, "4", &[(7, 1)], &["volume"], M::Rate, "421 4.7.1 Message deferred due to unusual volume").suspends(QUARTER),
    row(A, "5", &[], &["spamhaus dbl"], M::Content, "554 5.7.1 Your email was rejected due to having a domain present in the Spamhaus DBL -- see https://www.spamhaus.org/dbl/").repeated(3, HOUR, HOUR.saturating_mul(4)),
    row(A, "5", &[], &["dmarc policy"], M::Dmarc, "554 5.7.1 Your message was rejected due to bank.example's DMARC policy."),
    row(A, "5", &[], &["[cs01]", "[hm08]", "[hm07]", "[bs01]"], M::Content, "554 5.7.1 [CS01] Message rejected due to local policy."),

    row(Some(&GMX), "", &[], &["policy restrictions"], M::Reputation, "554 Transaction failed. Reject due to policy restrictions.").slows(0, ONE, HOUR),
    row(Some(&COMCAST), "4", &[], &["rl000010"], M::Rate, "451 4.2.0 Throttled - https://postmaster.comcast.net/smtp-error-codes.php#RL000010").suspends(Duration::from_mins(5)),
    row(Some(&ORANGE), "4", &[], &["trop de connexions"], M::Connections, "421 mwinf5c04 ME Trop de connexions, veuillez verifier votre configuration. Too many connections, slow down. OFR004_104").slows(1, Duration::ZERO, HOUR),
    row(Some(&ORANGE), "", &[], &["service refuse"], M::Blocked, "421 mwinf5c77 ME Service refuse. Veuillez essayer plus tard. Service refused, please try later. OFR_506").suspends(HOUR),
    row(Some(&QQ), "5", &[], &["frequency limited"], M::Rate, "550 Ip frequency limited. http://service.mail.qq.com/cgi-bin/help?subtype=1&&id=20022&&no=1000725").suspends(HOUR),
    row(Some(&MIMECAST), "4", &[], &["internal resource temporarily unavailable"], M::Busy, "451 Internal resource temporarily unavailable - https://community.mimecast.com/docs/DOC-1369#451").suspends(HALF),

    row(None, "", &[], &["greylist", "graylist", "grey listed", "greylisting"], M::Greylisted, "450 4.2.0 <bob@sink.test>: Recipient address rejected: Greylisted, see http://postgrey.schweikert.ch/help/"),
    row(None, "5", &[], &["dmarc"], M::Dmarc, "550 5.7.1 Rejected by DMARC policy for bank.example"),
    row(None, "", &[], &["spamhaus", "spamcop", "barracudacentral", "blocked using", "dnsbl", "sorbs"], M::Listed, "554 5.7.1 Service unavailable; Client host [192.0.2.7] blocked using zen.spamhaus.org"),
    row(None, "4", &[], &["rate limited due to ip reputation", "temporarily deferred due to", "will be permanently deferred"], M::Rate, "421 4.7.0 Messages from 192.0.2.7 temporarily deferred due to user complaints").slows(1, ONE, HALF.saturating_mul(3)),
    row(None, "4", &[(7, 1)], &["takes no mail from this server for now"], M::Rate, "451 4.7.1 The destination takes no mail from this server for now, try again later").asks(Scope::Message, Measure::PutOff),
    row(None, "4", &[(7, 0), (7, 1)], &["temporarily deferred", "rate limit", "too many messages", "throttl"], M::Rate, "421 4.7.0 Rate limited, try again later"),
    row(None, "5", &[], &["policy restrictions"], M::Reputation, "554 5.7.0 Transaction failed: reject due to policy restrictions"),
    row(None, "", &[(1, 10)], &[], M::NullMx, "556 5.1.10 The destination does not accept mail (null MX)"),
    row(None, "5", &[(1, 2)], &[], M::NoDomain, "550 5.1.2 The domain that this address leads to does not exist"),
    row(None, "5", &[(1, 1), (1, 0), (1, 6)], &[], M::NoSuchUser, "550 5.1.1 The email account that you tried to reach does not exist."),
    row(None, "5", &[], &["user unknown", "no such user", "unknown user", "does not exist", "no mailbox here"], M::NoSuchUser, "550 No such user here"),
    row(None, "", &[(2, 2)], &[], M::Full, "452 4.2.2 The email account that you tried to reach is over quota and inactive."),
    row(None, "", &[], &["over quota", "quota exceeded", "mailbox full", "mailbox is full"], M::Full, "552 Mailbox full"),
    row(None, "5", &[(2, 1)], &[], M::Disabled, "550 5.2.1 This mailbox is disabled"),
    row(None, "4", &[(2, 1)], &[], M::MailboxBusy, "450 4.2.1 Mailbox is busy, try again later"),
    row(None, "", &[(2, 3), (3, 4)], &[], M::TooLarge, "552 5.3.4 Message size exceeds fixed limit"),
    row(None, "5", &[(7, 20), (7, 21), (7, 22), (7, 23), (7, 24), (7, 26), (7, 27)], &[], M::Unauthenticated, "550 5.7.23 SPF validation failed"),
    row(None, "", &[(7, 25)], &[], M::NoReverseName, "550 5.7.25 Reverse DNS validation failed"),
    row(None, "", &[], &["reverse dns", "reverse hostname", "ptr record", "cannot find your"], M::NoReverseName, "450 4.7.1 Client host rejected: cannot find your reverse hostname, [192.0.2.7]"),
    row(None, "", &[(7, 4)], &["must offer tls"], M::TlsMissing, "451 4.7.4 The destination must offer TLS and does not, try again later"),
    row(None, "", &[(7, 5)], &["tls with the destination", "certificate"], M::TlsFailed, "451 4.7.5 The destination's certificate is not trusted, try again later"),
    row(None, "", &[(7, 0)], &["own tls policy"], M::TlsPolicy, "451 4.7.0 The destination's own TLS policy bars its hosts, try again later"),
    row(None, "", &[(7, 0)], &["does not accept this server"], M::RefusesUs, "451 4.7.0 The destination does not accept this server, try again later"),
    row(None, "", &[], &["starttls", "tls is required", "tls required"], M::NeedsTls, "530 5.7.0 Must issue a STARTTLS command first"),
    row(None, "", &[(4, 1)], &[], M::Unreachable, "451 4.4.1 The destination cannot be reached, try again later"),
    row(None, "", &[(4, 3)], &[], M::DnsSilent, "451 4.4.3 DNS of the destination does not answer, try again later"),
    row(None, "", &[(4, 4)], &[], M::NoServer, "451 4.4.4 The destination's domain has no mail server, try again later"),
    row(None, "", &[(4, 6)], &[], M::Loop, "554 5.4.6 Too many hops"),
    row(None, "", &[(4, 2)], &["broke"], M::Lost, "451 4.4.2 The connection to the destination broke, try again later"),
    row(None, "", &[(4, 7), (4, 2)], &[], M::Slow, "451 4.4.7 The destination took too long, try again later"),
    row(None, "", &[(6, 3), (6, 7)], &[], M::Encoding, "554 5.6.7 The destination does not take UTF-8 addresses or headers"),
    row(None, "5", &[(6, 0)], &[], M::Form, "550 5.6.0 Lone CR or LF in headers"),
    row(None, "4", &[(5, 3)], &[], M::Recipients, "452 4.5.3 Too many recipients"),
    row(None, "4", &[], &["too many connections", "concurrent connections"], M::Connections, "421 Too many concurrent connections from this client"),
    row(None, "5", &[], &["relay"], M::NoRelay, "554 5.7.1 <bob@sink.test>: Relay access denied"),
    row(None, "5", &[], &["spam", "unsolicited", "junk", "virus"], M::Content, "550 5.7.1 Message content rejected as spam"),
    row(None, "5", &[(7, 0), (7, 1)], &[], M::Policy, "550 5.7.1 Delivery not authorized, message refused"),
    row(None, "4", &[(3, 0), (3, 1), (3, 2)], &[], M::Busy, "451 4.3.0 Temporary server error. Please try again later"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reply::Reply;

    /// A host of a provider, as journals have it.
    fn host(who: Option<&'static Provider>) -> String {
        let suffix = who.map_or("sink.test", |who| who.hosts[0]);
        format!("mx1.{suffix} [192.0.2.25]:25")
    }

    #[test]
    fn each_row_is_what_its_reply_means() {
        for (number, row) in TABLE.iter().enumerate() {
            let found = row_for(&host(row.who), row.seen);
            let is_itself = found.is_some_and(|found| std::ptr::eq(found, row));
            assert!(is_itself, "row {number}: {} is {:?}", row.seen, found.map(|row| row.seen));
            assert!(row.words.iter().all(|word| *word == word.to_ascii_lowercase()), "{number}");
        }
    }

    #[test]
    fn our_own_replies_for_destinations_are_known() {
        for (reply, means) in [
            (Reply::destination_unreachable(), M::Unreachable),
            (Reply::destination_lost(), M::Lost),
            (Reply::destination_too_slow(), M::Slow),
            (Reply::destination_dns(), M::DnsSilent),
            (Reply::destination_not_found(), M::NoServer),
            (Reply::destination_nonexistent(), M::NoDomain),
            (Reply::destination_null_mx(), M::NullMx),
            (Reply::destination_without_tls(), M::TlsMissing),
            (Reply::destination_tls_failed(), M::TlsFailed),
            (Reply::destination_not_trusted(), M::TlsFailed),
            (Reply::destination_policy(), M::TlsPolicy),
            (Reply::destination_refuses_us(), M::RefusesUs),
            (Reply::destination_held(), M::Rate),
            (Reply::destination_size(), M::TooLarge),
            (Reply::destination_without_8bitmime(), M::Encoding),
            (Reply::destination_without_smtputf8(), M::Encoding),
        ] {
            assert_eq!(meaning("mx:sink.test", &reply.to_string()), Some(means), "{reply}");
        }
    }

    #[test]
    fn what_one_provider_says_is_not_read_as_anothers() {
        let elsewhere = "mx.notgoogle.com [192.0.2.1]:25";
        assert_eq!(meaning(elsewhere, "421 4.7.28 x"), None);
        assert_eq!(meaning("aspmx.l.GOOGLE.com [192.0.2.1]:25", "421 4.7.28 x"), Some(M::Rate));
    }

    #[test]
    fn whatever_stands_there_is_read() {
        let long = format!("550 5.1.1 {}", "\u{202e}<b>".repeat(10_000));
        assert_eq!(meaning("x", &long), Some(M::NoSuchUser));
        for none in ["", "550", "5\u{e9}0 x", "abc 5.1.1 x", "250 2.0.0 ok", "599 5.9.9.9 x"] {
            assert_eq!(meaning("", none), None, "{none:?}");
        }
    }
}
