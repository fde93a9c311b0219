//! What a destination means by a reply that does not take a message, as one table: the first row that fits is the answer.
//! Each row has what was seen of it, in the words of those who say it; its test reads them.

use super::{
    APPLE, COMCAST, GMX, GOOGLE, MIMECAST, Meaning, Measure, ORANGE, OUTLOOK, Pace, Provider, QQ,
    Repeated, Scope, YAHOO,
};
use Meaning as M;
use std::time::Duration;

/// A row: who says it, with which codes and which words, what it means, and what is done.
pub(super) struct Row {
    /// Whose hosts say it, those of a whole house; `None`: anybody's.
    pub(super) who: Option<&'static Provider>,
    /// The beginning of the code: `5`, `421`; empty for any.
    pub(super) code: &'static str,
    /// Subject and detail of the enhanced status code; none for any.
    pub(super) status: &'static [(u16, u16)],
    /// One of these words, in lower case; none for any.
    pub(super) words: &'static [&'static str],
    pub(super) means: Meaning,
    /// What is done; `None`: as always with that meaning.
    pub(super) asks: Option<(Scope, Measure)>,
    pub(super) repeated: Option<Repeated>,
    /// Replies that were seen: one at least for each code and each word.
    #[cfg_attr(not(test), expect(dead_code, reason = "what the tests read"))]
    pub(super) seen: &'static [&'static str],
}

const fn row(
    who: Option<&'static Provider>,
    code: &'static str,
    status: &'static [(u16, u16)],
    words: &'static [&'static str],
    means: Meaning,
    seen: &'static [&'static str],
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

    /// The provider gets less, or nothing, after as many of these.
    const fn repeated(mut self, times: u32, within: Duration, then: Measure) -> Self {
        let of_one = match self.means {
            M::Content | M::Reputation => 2,
            _ => times,
        };
        self.repeated = Some(Repeated { times, of_one, within, then });
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

/// 5.7.606 to 5.7.649, as Microsoft says of addresses that it bans.
#[rustfmt::skip]
const BANNED: &[(u16, u16)] = &[
    (7, 606), (7, 607), (7, 608), (7, 609), (7, 610), (7, 611), (7, 612), (7, 613), (7, 614), (7, 615), (7, 616),
    (7, 617), (7, 618), (7, 619), (7, 620), (7, 621), (7, 622), (7, 623), (7, 624), (7, 625), (7, 626), (7, 627),
    (7, 628), (7, 629), (7, 630), (7, 631), (7, 632), (7, 633), (7, 634), (7, 635), (7, 636), (7, 637), (7, 638),
    (7, 639), (7, 640), (7, 641), (7, 642), (7, 643), (7, 644), (7, 645), (7, 646), (7, 647), (7, 648), (7, 649),
];

#[rustfmt::skip]
pub(super) static TABLE: [Row; 84] = [
    row(G, "", &[(7, 26)], &["dmarc"], M::Dmarc, &["550 5.7.26 Unauthenticated email from bank.example is not accepted due to domain's DMARC policy."]),
    row(G, "", &[(7, 26), (7, 27), (7, 30), (7, 32), (7, 40), (7, 24)], &[], M::Unauthenticated, &[
        "550 5.7.26 Your email has been blocked because the sender is unauthenticated. Gmail requires all senders to authenticate with either SPF or DKIM.",
        "421 4.7.27 Your email has been rate limited because SPF authentication didn't pass for this message.",
        "421 4.7.30 Your email has been rate limited because DKIM authentication didn't pass for this message.",
        "421 4.7.32 Your email has been rate limited because the From: header (RFC5322) in this message isn't aligned with either the authenticated SPF or DKIM organizational domain.",
        "421 4.7.40 Your email has been rate limited because the sending domain doesn't have a DMARC record, or its record has no policy.",
        "451 4.7.24 The SPF record of the sending domain has one or more suspicious entries.",
    ]),
    row(G, "", &[(7, 23), (7, 25)], &[], M::NoReverseName, &[
        "550 5.7.25 The IP address sending this message does not have a PTR record setup",
        "421 4.7.23 The sending IP address for this message doesn't have a PTR record, or the PTR record's forward DNS entry doesn't match the sending IP address.",
    ]),
    row(G, "", &[(7, 0), (7, 1)], &["ptr record", "ipv6 sending"], M::NoReverseName, &[
        "550 5.7.1 Gmail has detected that this message does not meet IPv6 sending guidelines regarding PTR records and authentication.",
        "421 4.7.0 The IP address sending this message does not have a PTR record, or the corresponding forward DNS entry does not point to the sending IP.",
    ]),
    row(G, "", &[(7, 29)], &[], M::NeedsTls, &["421 4.7.29 Your email has been rate limited because it was not sent over a TLS connection."]),
    row(G, "", &[(7, 28)], &["dkim domain", "spf domain", "url domain", "message-id"], M::Rate, &[
        "421 4.7.28 Gmail has detected an unusual rate of mail originating from your DKIM domain [example.org]. To protect our users from spam, mail sent from your domain has been temporarily rate limited.",
        "421 4.7.28 Gmail has detected an unusual rate of mail originating from your SPF domain [example.org].",
        "421 4.7.28 Gmail has detected an unusual rate of mail containing one of your URL domains. URL domain: shop.example",
        "421 4.7.28 Gmail has detected this message exceeded its quota for sending messages with the same Message-ID:.",
    ]).asks(Scope::Message, Measure::Wait(HALF)),
    row(G, "", &[(7, 28)], &[], M::Rate, &[
        "421 4.7.28 Gmail has detected an unusual rate of unsolicited mail originating from your IP address.",
        "450 4.7.28 Gmail has detected an unusual rate of unsolicited mail originating from your IP Netblock.",
        "550 5.7.28 There is an unusual rate of unsolicited mail originating from your IP address. To protect our users from spam, mail sent from your IP address has been blocked.",
    ]).slows(0, TEN, HALF),
    row(G, "", &[(7, 0), (7, 1)], &["unusual rate of unsolicited mail"], M::Rate, &[
        "550 5.7.1 Our system has detected an unusual rate of unsolicited mail originating from your IP address. To protect our users from spam, mail sent from your IP address has been blocked.",
        "421 4.7.0 Our system has detected an unusual rate of unsolicited mail originating from your IP address.",
    ]).slows(0, TEN, HALF),
    row(G, "", &[(7, 0), (7, 1)], &["reputation of the sending ip"], M::Reputation, &[
        "421 4.7.0 This message is suspicious due to the very low reputation of the sending IP address. To protect our users from spam, mail sent from your IP address has been temporarily rate limited.",
        "550 5.7.1 Our system has detected that this message is likely suspicious due to the very low reputation of the sending IP address. To best protect our users from spam, the message has been blocked.",
    ]).repeated(5, HOUR, Measure::Suspend(HOUR)),
    row(G, "", &[(7, 0), (7, 1)], &["reputation"], M::Reputation, &[
        "550 5.7.1 Our system has detected that this message is likely suspicious due to the very low reputation of the sending domain.",
        "421 4.7.0 This message is suspicious due to the very low reputation of the sending domain.",
    ]),
    row(G, "", &[(7, 0), (7, 1)], &["unsolicited", "nature of the content"], M::Content, &[
        "421 4.7.0 This message is suspicious due to the nature of the content or the links within. To best protect our users from spam, the message has been blocked.",
        "550 5.7.1 Our system has detected that this message is likely unsolicited mail. To reduce the amount of spam sent to Gmail, this message has been blocked.",
    ]),
    row(G, "", &[(7, 1)], &["rfc 5322", "from: header", "message-id", "duplicate header"], M::Form, &[
        "550 5.7.1 Messages missing a valid Message-ID header are not accepted.",
        "550 5.7.1 This message is not RFC 5322 compliant because it has duplicate headers.",
        "550 5.7.1 Messages missing a valid address in the From: header, or having no From: header, are not accepted.",
    ]),
    row(G, "4", &[(2, 1)], &[], M::MailboxBusy, &["450 4.2.1 The user you are trying to contact is receiving mail at a rate that prevents additional messages from being delivered."]),
    row(G, "5", &[(2, 1)], &[], M::Disabled, &["550 5.2.1 The email account that you tried to reach is inactive."]),
    row(G, "4", &[(3, 0)], &["multiple destination domains"], M::Recipients, &["451 4.3.0 Multiple destination domains per transaction is unsupported. Please try again."]),
    row(MS, "", &[(7, 515)], &[], M::Unauthenticated, &["550 5.7.515 Access denied, sending domain shop.example does not meet the required authentication level."]),
    row(MS, "5", &[(7, 1)], &["s3140", "s3150", "block list", "banned sending ip"], M::Blocked, &[
        "550 5.7.1 Unfortunately, messages from [192.0.2.7] weren't sent. Please contact your Internet service provider since part of their network is on our block list (S3140).",
        "550 5.7.1 Unfortunately, messages from [192.0.2.7] weren't sent. Please contact your Internet service provider since part of their network is on our block list (S3150).",
        "550 5.7.1 Service unavailable, Access denied, banned sending IP [192.0.2.7]",
    ]).suspends(HOUR.saturating_mul(2)),
    row(MS, "5", BANNED, &[], M::Blocked, &[
        "550 5.7.606 Access denied, banned sending IP [192.0.2.7].",
        "550 5.7.649 Access denied, banned sending IP [192.0.2.7]. To request removal from this list please visit https://sender.office.com/ and follow the directions.",
    ]).suspends(HOUR.saturating_mul(2)),
    row(MS, "5", &[(7, 511)], &["banned"], M::Blocked, &["550 5.7.511 Access denied, banned sender[192.0.2.7]. To request removal from this list please forward this message to delist@messaging.microsoft.com."]).suspends(HOUR.saturating_mul(2)),
    row(MS, "4", &[(7, 650), (7, 651)], &[], M::Rate, &[
        "451 4.7.650 The mail server [192.0.2.7] has been temporarily rate limited due to IP reputation.",
        "451 4.7.651 The mail server [192.0.2.7] has been temporarily rate limited due to IP reputation. For e-mail delivery information, see https://postmaster.live.com (S775)",
    ]).slows(1, ONE, HALF.saturating_mul(3)).repeated(3, HOUR, Measure::Suspend(HALF)),
    row(MS, "4", &[(7, 500)], &[], M::Busy, &["451 4.7.500 Server busy. Please try again later from [192.0.2.7]. (S77719)"]).suspends(HALF),
    row(MS, "4", &[], &["messages per connection"], M::Connections, &["421 4.3.2 The mail server [192.0.2.7] has exceeded maximum number of messages per connection."]).asks(Scope::Connection, Measure::Slow(Pace { connections: 0, each: Duration::ZERO, messages: 2, time: HOUR })),
    row(MS, "4", &[], &["number of concurrent", "number of connections", "max concurrent connections"], M::Connections, &[
        "421 4.3.2 The maximum number of concurrent server connections has exceeded a limit, closing transmission channel",
        "421 4.3.2 Service not available, maximum number of connections reached",
        "421 4.3.2 The max concurrent connections of this server are exceeded",
    ]).slows(1, Duration::ZERO, HOUR),
    row(MS, "5", &[(2, 121), (2, 122)], &[], M::MailboxBusy, &[
        "554 5.2.122 The recipient has exceeded their limit for the number of messages they can receive per hour",
        "554 5.2.121 The recipient's per hour message receive limit from specific sender exceeded.",
    ]).asks(Scope::Mailbox, Measure::Wait(HOUR)),
    row(MS, "5", &[(4, 1)], &["recipient address rejected"], M::NoSuchUser, &["550 5.4.1 Recipient address rejected: Access denied."]),
    row(MS, "5", &[(5, 0)], &["mailbox unavailable"], M::NoSuchUser, &["550 5.5.0 Requested action not taken: mailbox unavailable (S2017062302)."]),
    row(Y, "", &[], &["[tss04]", "[ipts04]"], M::Rate, &[
        "421 4.7.0 [TSS04] Messages from 192.0.2.7 temporarily deferred due to unexpected volume or user complaints",
        "421 4.7.0 [IPTS04] Messages from 192.0.2.7 temporarily deferred due to user complaints - 4.16.55.1; see https://help.yahoo.com/kb/postmaster/SLN3434.html",
    ]).suspends(HOUR.saturating_mul(2)),
    row(Y, "", &[], &["[tss05]", "[ipts05]"], M::Rate, &[
        "421 4.7.0 [TSS05] Messages from 192.0.2.7 temporarily deferred due to user complaints",
        "421 4.7.0 [IPTS05] Messages from 192.0.2.7 temporarily deferred due to user complaints",
    ]).suspends(HOUR.saturating_mul(4)),
    row(Y, "", &[], &["[ts02]"], M::Rate, &["421 4.7.0 [TS02] Messages from 192.0.2.7 temporarily deferred due to unusual traffic patterns"]).slows(1, ONE, HALF),
    row(Y, "", &[], &["[ts03]"], M::Rate, &["421 4.7.1 [TS03] All messages from 192.0.2.7 will be permanently deferred"]).slows(0, TEN, HALF),
    row(Y, "4", &[], &["max message per connection"], M::Connections, &["421 Max message per connection reached, closing transmission channel"]).asks(Scope::Connection, Measure::Reopen),
    row(Y, "", &[], &["vs98-ip0"], M::Blocked, &["553 Mail from 192.0.2.7 not allowed - VS98-IP0 deferred"]).suspends(HOUR),
    row(Y, "5", &[], &["[bl"], M::Blocked, &[
        "553 5.7.1 [BL21] Connections will not be accepted from 192.0.2.7, because the ip is in Spamhaus's list",
        "553 5.7.1 [BL23] Connections not accepted from IP addresses on Spamhaus XBL; see http://postmaster.yahoo.com/errors/550-bl23.html [550]",
    ]).suspends(HOUR.saturating_mul(2)),
    row(Y, "5", &[], &["[tss06]", "[tss07]", "[tss08]", "[tss09]", "[tss11]"], M::Reputation, &[
        "553 5.7.2 [TSS06] All messages from 192.0.2.7 will be permanently deferred; Retrying will NOT succeed.",
        "553 5.7.2 [TSS07] All messages from 192.0.2.7 will be permanently deferred; Retrying will NOT succeed.",
        "553 5.7.2 [TSS08] All messages from 192.0.2.7 will be permanently deferred; Retrying will NOT succeed.",
        "553 5.7.2 [TSS09] All messages from 192.0.2.7 will be permanently deferred; Retrying will NOT succeed.",
        "553 5.7.2 [TSS11] All messages from 192.0.2.7 will be permanently deferred; Retrying will NOT succeed.",
    ]),
    row(Y, "5", &[], &["ph01", "message not accepted for policy reasons"], M::Content, &[
        "554 5.7.9 Message not accepted for policy reasons. See https://postmaster.yahooinc.com/error-codes",
        "554 Message not allowed - [PH01] Email not accepted for policy reasons. Please visit https://postmaster.yahooinc.com/error-codes",
    ]),
    row(A, "", &[], &["[hcm1]", "[bs02]", "service unavailable"], M::Rate, &[
        "421 4.7.1 [HCM1] Message rejected due to volume. Please try again later",
        "451 4.7.1 [BS02] Message deferred. Please visit https://support.apple.com/en-us/HT204137",
        "421 4.7.0 Service unavailable - try again later",
    ]).suspends(QUARTER),
    row(A, "4", &[(7, 1)], &["volume"], M::Rate, &[
        "421 4.7.1 Message deferred due to unusual volume",
        "421 4.7.1 Messages to the recipient deferred due to excessive volume. Try again later - https://support.apple.com/en-us/HT204137",
    ]).suspends(QUARTER),
    row(A, "5", &[], &["spamhaus dbl"], M::Content, &["554 5.7.1 Your email was rejected due to having a domain present in the Spamhaus DBL -- see https://www.spamhaus.org/dbl/"]),
    row(A, "5", &[], &["dmarc policy"], M::Dmarc, &["554 5.7.1 Your message was rejected due to bank.example's DMARC policy."]),
    row(A, "5", &[], &["[cs01]", "[hm07]", "[hm08]", "[bs01]"], M::Content, &[
        "550 5.7.1 [CS01] Message rejected due to local policy. Please visit https://support.apple.com/en-us/HT204137",
        "554 5.7.1 [HM07] Message rejected due to local policy. Please visit https://support.apple.com/en-us/HT204137",
        "554 5.7.1 [HM08] Message rejected due to local policy. Please visit https://support.apple.com/en-us/HT204137",
        "550 5.7.1 [BS01] Message rejected due to local policy. Please visit https://support.apple.com/en-us/HT204137",
    ]),
    row(Some(&GMX), "", &[], &["policy restrictions"], M::Reputation, &["554 Transaction failed. Reject due to policy restrictions."]).repeated(5, HOUR, Measure::Slow(Pace { connections: 0, each: TEN, messages: 0, time: HOUR })),
    row(Some(&COMCAST), "4", &[], &["rl000010"], M::Rate, &["451 4.2.0 Throttled - https://postmaster.comcast.net/smtp-error-codes.php#RL000010"]).suspends(Duration::from_mins(5)),
    row(Some(&ORANGE), "4", &[], &["trop de connexions"], M::Connections, &["421 mwinf5c04 ME Trop de connexions, veuillez verifier votre configuration. Too many connections, slow down. OFR004_104"]).slows(1, Duration::ZERO, HOUR),
    row(Some(&ORANGE), "", &[], &["service refuse"], M::Blocked, &["421 mwinf5c77 ME Service refuse. Veuillez essayer plus tard. Service refused, please try later. OFR_506"]).suspends(HOUR),
    row(Some(&QQ), "5", &[], &["frequency limited"], M::Rate, &["550 Ip frequency limited. http://service.mail.qq.com/cgi-bin/help?subtype=1&&id=20022&&no=1000725"]).suspends(HOUR),
    row(Some(&MIMECAST), "4", &[], &["internal resource temporarily unavailable"], M::Busy, &["451 Internal resource temporarily unavailable - https://community.mimecast.com/docs/DOC-1369#451"]).suspends(HALF),
    row(None, "", &[], &["greylist", "graylist", "grey listed", "greylisting"], M::Greylisted, &[
        "450 4.2.0 <bob@sink.test>: Recipient address rejected: Greylisted, see http://postgrey.schweikert.ch/help/",
        "451 4.7.1 Graylisted for 5 minutes",
        "450 4.7.1 Sorry, you are grey listed",
        "451 4.7.1 Greylisting in action, please come back in 00:05:00",
    ]),
    row(None, "5", &[], &["dmarc"], M::Dmarc, &["550 5.7.1 Rejected by DMARC policy for bank.example"]),
    row(None, "", &[], &["spamhaus", "spamcop", "barracudacentral", "blocked using", "dnsbl", "sorbs"], M::Listed, &[
        "554 5.7.1 Service unavailable; Client host [192.0.2.7] blocked using zen.spamhaus.org",
        "554 5.7.1 Client host [192.0.2.7] is on Spamhaus ZEN",
        "554 5.7.1 192.0.2.7 listed at SpamCop",
        "550 5.7.1 Listed by BarracudaCentral",
        "550 5.7.1 192.0.2.7 found in a DNSBL",
        "550 5.7.1 SORBS lists this host",
    ]),
    row(None, "4", &[], &["rate limited due to ip reputation", "temporarily deferred due to", "will be permanently deferred"], M::Rate, &[
        "421 4.7.0 Messages from 192.0.2.7 temporarily deferred due to user complaints",
        "451 4.7.1 The mail server [192.0.2.7] has been temporarily rate limited due to IP reputation",
        "421 4.7.1 All messages from 192.0.2.7 will be permanently deferred",
    ]).slows(1, ONE, HALF.saturating_mul(3)),
    row(None, "4", &[(7, 1)], &["takes no mail from this server for now"], M::Rate, &["451 4.7.1 The destination takes no mail from this server for now, try again later"]).asks(Scope::Message, Measure::PutOff),
    row(None, "4", &[(7, 0), (7, 1)], &["temporarily deferred", "rate limit", "too many messages", "throttl"], M::Rate, &[
        "421 4.7.0 Rate limited, try again later",
        "451 4.7.1 Messages from 192.0.2.7 are temporarily deferred",
        "450 4.7.1 Too many messages from your address, slow down",
        "421 4.7.0 Connection throttled",
        "451 4.7.0 Throttling: come back later",
    ]),
    row(None, "5", &[], &["policy restrictions"], M::Reputation, &["554 5.7.0 Transaction failed: reject due to policy restrictions"]),
    row(None, "", &[(1, 10)], &[], M::NullMx, &["556 5.1.10 The destination does not accept mail (null MX)"]),
    row(None, "5", &[(1, 2)], &[], M::NoDomain, &["550 5.1.2 The domain that this address leads to does not exist"]),
    row(None, "5", &[(1, 1), (1, 0), (1, 6)], &[], M::NoSuchUser, &[
        "550 5.1.1 The email account that you tried to reach does not exist.",
        "550 5.1.0 Address rejected",
        "550 5.1.6 The mailbox has moved, its new address is not known",
    ]),
    row(None, "5", &[], &["user unknown", "no such user", "unknown user", "does not exist", "no mailbox here"], M::NoSuchUser, &[
        "550 No such user here",
        "550 User unknown",
        "550 Unknown user",
        "554 The account does not exist",
        "550 no mailbox here by that name",
    ]),
    row(None, "", &[(2, 2)], &[], M::Full, &["452 4.2.2 The email account that you tried to reach is over quota and inactive."]),
    row(None, "", &[], &["over quota", "quota exceeded", "mailbox full", "mailbox is full"], M::Full, &[
        "552 Mailbox full",
        "452 The account is over quota",
        "552 Quota exceeded",
        "552 The mailbox is full",
    ]),
    row(None, "5", &[(2, 1)], &[], M::Disabled, &["550 5.2.1 This mailbox is disabled"]),
    row(None, "4", &[(2, 1)], &[], M::MailboxBusy, &["450 4.2.1 Mailbox is busy, try again later"]),
    row(None, "", &[(2, 3), (3, 4)], &[], M::TooLarge, &[
        "552 5.3.4 Message size exceeds fixed limit",
        "552 5.2.3 Your message exceeded the message size limits",
    ]),
    row(None, "5", &[(7, 20), (7, 21), (7, 22), (7, 23), (7, 24), (7, 26), (7, 27)], &[], M::Unauthenticated, &[
        "550 5.7.20 No passing DKIM signature found",
        "550 5.7.21 No acceptable DKIM signature found",
        "550 5.7.22 No valid author-matched DKIM signature found",
        "550 5.7.23 SPF validation failed",
        "550 5.7.24 SPF validation error",
        "550 5.7.26 Multiple authentication checks failed",
        "550 5.7.27 Sender address has a null MX",
    ]),
    row(None, "", &[(7, 25)], &[], M::NoReverseName, &["550 5.7.25 Reverse DNS validation failed"]),
    row(None, "", &[], &["reverse dns", "reverse hostname", "ptr record", "cannot find your"], M::NoReverseName, &[
        "450 4.7.1 Client host rejected: cannot find your reverse hostname, [192.0.2.7]",
        "554 5.7.1 Bad reverse DNS of your address",
        "550 5.7.1 Client host rejected: no reverse hostname",
        "550 5.7.1 Your address has no PTR record",
    ]),
    row(None, "", &[(7, 4)], &["must offer tls"], M::TlsMissing, &["451 4.7.4 The destination must offer TLS and does not, try again later"]),
    row(None, "", &[(7, 5)], &["tls with the destination", "certificate"], M::TlsFailed, &[
        "451 4.7.5 The destination's certificate is not trusted, try again later",
        "451 4.7.5 TLS with the destination failed, try again later",
    ]),
    row(None, "", &[(7, 0)], &["own tls policy"], M::TlsPolicy, &["451 4.7.0 The destination's own TLS policy bars its hosts, try again later"]),
    row(None, "", &[(7, 0)], &["does not accept this server"], M::RefusesUs, &["451 4.7.0 The destination does not accept this server, try again later"]),
    row(None, "", &[], &["starttls", "tls is required", "tls required"], M::NeedsTls, &[
        "530 5.7.0 Must issue a STARTTLS command first",
        "550 5.7.10 TLS is required for this domain",
        "421 4.7.0 TLS required for RCPT domain, closing connection",
    ]),
    row(None, "", &[(4, 1)], &[], M::Unreachable, &["451 4.4.1 The destination cannot be reached, try again later"]),
    row(None, "", &[(4, 3)], &[], M::DnsSilent, &["451 4.4.3 DNS of the destination does not answer, try again later"]),
    row(None, "", &[(4, 4)], &[], M::NoServer, &["451 4.4.4 The destination's domain has no mail server, try again later"]),
    row(None, "", &[(4, 6)], &[], M::Loop, &["554 5.4.6 Too many hops"]),
    row(None, "", &[(4, 2)], &["broke"], M::Lost, &["451 4.4.2 The connection to the destination broke, try again later"]),
    row(None, "", &[(4, 7), (4, 2)], &[], M::Slow, &[
        "451 4.4.7 The destination took too long, try again later",
        "451 4.4.2 Timeout - closing connection",
    ]),
    row(None, "", &[(6, 3), (6, 7)], &[], M::Encoding, &[
        "554 5.6.7 The destination does not take UTF-8 addresses or headers",
        "554 5.6.3 The destination does not take 8-bit data",
    ]),
    row(None, "5", &[(6, 0)], &[], M::Form, &["550 5.6.0 Lone CR or LF in headers"]),
    row(None, "4", &[(5, 3)], &[], M::Recipients, &["452 4.5.3 Too many recipients"]),
    row(None, "4", &[], &["too many connections", "concurrent connections"], M::Connections, &[
        "421 Too many concurrent connections from this client",
        "421 4.7.0 Too many connections from your host",
    ]),
    row(None, "5", &[], &["relay"], M::NoRelay, &["554 5.7.1 <bob@sink.test>: Relay access denied"]),
    row(None, "5", &[], &["spam", "unsolicited", "junk", "virus"], M::Content, &[
        "550 5.7.1 Message content rejected as spam",
        "554 5.7.1 Unsolicited mail is not taken here",
        "554 This looks like junk",
        "554 5.7.1 A virus was found",
    ]),
    row(None, "5", &[(7, 0), (7, 1)], &[], M::Policy, &[
        "550 5.7.1 Delivery not authorized, message refused",
        "554 5.7.0 Refused by local policy",
    ]),
    row(None, "4", &[(3, 0), (3, 1), (3, 2)], &[], M::Busy, &[
        "451 4.3.0 Temporary server error. Please try again later",
        "452 4.3.1 Insufficient system storage",
        "421 4.3.2 The service is going down",
    ]),
];
