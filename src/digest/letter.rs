//! The mail that brings a digest.

use super::{Every, Period, Senders, Tally};
use crate::{
    address::{Domain, Mailbox},
    message::MessageId,
    time::UnixTime,
};
use jiff::{Timestamp, tz::TimeZone};
use mail_builder::{
    MessageBuilder,
    headers::{address::Address, date::Date, raw::Raw},
};
use std::{collections::BTreeMap, fmt::Write};

/// Aliases that one mail tells of by name.
const MAX_ALIASES: usize = 300;
/// Senders that are named of each kind.
const NAMED: usize = 10;
/// Longest local part of a sender that is shown.
const MAX_LOCAL: usize = 64;

/// What one owner is told of the aliases of one domain.
#[derive(Debug)]
pub struct Letter<'a> {
    /// The name of the message.
    pub id: MessageId,
    /// Our own name.
    pub hostname: &'a Domain,
    /// The domain of the aliases.
    pub domain: &'a Domain,
    /// How often such a mail comes.
    pub every: Every,
    /// What it is about.
    pub period: Period,
    /// The postmaster of the domain, from whom it comes.
    pub from: &'a Mailbox,
    /// The alias to whom it is addressed: the owner reads the mail of that one.
    pub to: &'a Mailbox,
    /// The aliases, and what came to each.
    pub aliases: &'a BTreeMap<String, Tally>,
}

impl Letter<'_> {
    /// The message. CRLF line ends.
    pub fn to_message(&self, now: UnixTime) -> Vec<u8> {
        let mut message = Vec::new();
        MessageBuilder::new()
            .from(Address::new_address(Some("Onward"), self.from.to_string()))
            .to(Address::new_address(None::<&str>, self.to.to_string()))
            .subject(self.subject())
            .date(Date::new(Timestamp::from(now).as_second()))
            .message_id(format!("{}@{}", self.id, self.hostname))
            .header("Auto-Submitted", Raw::new("auto-generated"))
            .text_body(self.text())
            .serialize(&mut message);
        message
    }

    /// What the subject says.
    pub fn subject(&self) -> String {
        let what = match self.every {
            Every::Day => "Your aliases today",
            Every::Week => "Your aliases this week",
        };
        format!("{what}: {}", self.domain)
    }

    /// What the mail says, in lines that end in LF.
    pub fn text(&self) -> String {
        let Self { domain, period, every, hostname, .. } = self;
        let mut text = format!(
            "What came to your aliases at {domain}\nfrom {} to {} (UTC)\n",
            minute(period.since),
            minute(period.until)
        );
        let (mut rest, mut unnamed) = (Tally::default(), 0);
        for (at, (alias, tally)) in self.aliases.iter().enumerate() {
            if at < MAX_ALIASES {
                write_alias(&mut text, &shown_alias(alias), tally);
            } else {
                unnamed += 1;
                rest.add(tally);
            }
        }
        if unnamed > 0 {
            write_alias(&mut text, &format!("{unnamed} more aliases together"), &rest);
        }
        let pronoun = if *every == Every::Day { "day" } else { "week" };
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            "\nThis mail comes once a {pronoun}, and only when there is something to tell.\n\
             Whoever runs {hostname} can change that, with\n  onward alias set ADDRESS --digest daily|weekly|off\n"
        );
        text
    }
}

fn minute(time: UnixTime) -> String {
    Timestamp::from(time).to_zoned(TimeZone::UTC).strftime("%Y-%m-%d %H:%M").to_string()
}

fn write_alias(text: &mut String, name: &str, tally: &Tally) {
    let mut line = |indent: &str, line: &str| {
        text.push_str(indent);
        text.push_str(line);
        text.push('\n');
    };
    line("\n", name);
    let mut senders = |what: &str, senders: &Senders| {
        if senders.count() == 0 {
            return;
        }
        line("  ", &format!("{what}: {}", messages(senders.count())));
        let (first, others) = senders.first(NAMED, shown);
        for (sender, count) in first {
            line("    ", &format!("{count} from {sender}"));
        }
        if others > 0 {
            line("    ", &format!("{others} from others"));
        }
    };
    senders("Forwarded", &tally.forwarded);
    for (why, refused) in &tally.refused {
        let what = if why.is_for_now { "Put off" } else { "Refused" };
        senders(&format!("{what}, because {}", why.why), refused);
    }
    senders("Not delivered", &tally.failed);
    senders("Waiting here, as the mailbox behind the alias is not ready", &tally.held);
    for (what, count) in
        [("Sent as the alias", tally.sent), ("Thrown away, as the alias says", tally.discarded)]
    {
        if count > 0 {
            line("  ", &format!("{what}: {}", messages(count)));
        }
    }
}

fn messages(count: u64) -> String {
    match count {
        1 => "1 message".to_owned(),
        count => format!("{count} messages"),
    }
}

/// A sender as no reader takes for a link or for another line: an address in plain characters, or only its domain.
fn shown(sender: &str) -> String {
    if sender == "<>" {
        return "mail systems (bounces and the like)".to_owned();
    }
    let Ok(mailbox) = Mailbox::parse(sender) else {
        return "an address that makes no sense".to_owned();
    };
    let (local, domain) = (mailbox.local().as_str(), mailbox.domain().to_key());
    let is_plain = local.len() <= MAX_LOCAL
        && local.bytes().all(|b| b.is_ascii_alphanumeric() || b"._+=-".contains(&b));
    match is_plain && domain.is_ascii() {
        true => format!("{local}@{domain}"),
        false => format!("somebody at {domain}"),
    }
}

/// The address of an alias is its owner's own; a regex may hold any character all the same.
fn shown_alias(alias: &str) -> String {
    alias.chars().map(|c| if c.is_control() { '?' } else { c }).take(300).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::{Refusal, reason};

    fn mailbox(text: &str) -> Mailbox {
        Mailbox::parse(text).unwrap()
    }

    fn message(aliases: &BTreeMap<String, Tally>) -> String {
        let domain = Domain::parse("example.org").unwrap();
        let hostname = Domain::parse("mx.example.org").unwrap();
        let until = UnixTime::new(1_796_018_400);
        let letter = Letter {
            id: MessageId::new(crate::time::Millis::EPOCH, [0; 4]),
            hostname: &hostname,
            domain: &domain,
            every: Every::Day,
            period: Period { since: until - Every::Day.length(), until },
            from: &mailbox("postmaster@example.org"),
            to: &mailbox("hello@example.org"),
            aliases,
        };
        String::from_utf8(letter.to_message(until)).unwrap()
    }

    #[test]
    fn what_it_says() {
        let mut tally = Tally { sent: 2, discarded: 1, ..Tally::default() };
        for _ in 0..3 {
            tally.forwarded.add("news@shop.example");
        }
        tally.forwarded.add("<>");
        tally.refuse(
            reason("550 5.7.1 x", Some("the alias blocks @bad.example"), false),
            Some("a@bad.example"),
            1,
        );
        tally.refuse(reason("450 4.7.1 x", None, false), Some("b@late.example"), 1);
        tally.failed.add("c@lost.example");
        tally.held.add("d@held.example");
        let text = message(&BTreeMap::from([("hello@example.org".to_owned(), tally)]));
        for line in [
            "From: \"Onward\" <postmaster@example.org>",
            "To: <hello@example.org>",
            "Subject: Your aliases today: example.org",
            "Auto-Submitted: auto-generated",
            "What came to your aliases at example.org",
            "hello@example.org",
            "  Forwarded: 4 messages",
            "    3 from news@shop.example",
            "    1 from mail systems (bounces and the like)",
            "  Refused, because the alias blocks @bad.example: 1 message",
            "    1 from a@bad.example",
            "    1 from b@late.example",
            "  Not delivered: 1 message",
            "  Sent as the alias: 2 messages",
            "  Thrown away, as the alias says: 1 message",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
        assert!(text.contains("Content-Type: text/plain"), "{text}");
        assert!(text.contains("Waiting here"), "{text}");
    }

    #[test]
    fn hostile_addresses_are_not_repeated() {
        let mut tally = Tally::default();
        for sender in [
            "\"http://evil.test/x\"@a.test",
            "\"x <b@bank.test>\"@a.test",
            "https://evil.test/@a.test",
            "\u{202e}moc.knab@a.test",
            "not an address http://evil.test",
        ] {
            tally.forwarded.add(sender);
            let refusal = Refusal { why: "of a rule".into(), ..Refusal::other(false) };
            tally.refuse(refusal, Some(sender), 1);
        }
        let text = message(&BTreeMap::from([("hello@example.org".to_owned(), tally)]));
        for bad in ["evil", "bank", "\u{202e}", "knab"] {
            assert!(!text.contains(bad), "{bad}: {text}");
        }
        assert!(text.contains("    3 from somebody at a.test"), "each once: {text}");
        assert_eq!(text.matches("somebody at a.test").count(), 2, "of each kind: {text}");
    }

    #[test]
    fn it_is_bounded() {
        let mut tally = Tally::default();
        (0..10_000).for_each(|n| tally.forwarded.add(&format!("{}{n}@x.test", "y".repeat(50))));
        let aliases = (0..5_000).map(|n| (format!("a{n}@example.org"), tally.clone())).collect();
        let text = message(&aliases);
        assert!(text.len() < 1 << 20, "{}", text.len());
        assert!(text.contains("4700 more aliases together"));
    }
}
