use super::Outcome;
use crate::{
    account::AccountId,
    address::{Mailbox, ReversePath},
    alias::{AnswerAddress, OwnedDomain, Owner, Ways},
    rspamd::Verdict,
    time::Millis,
};
use serde::{Serialize, Serializer};
use std::net::IpAddr;
use utoipa::ToSchema;

/// What happened to one message, or to one refused RCPT. Its JSON is a promise to scripts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Message)]
pub struct Record {
    /// The id of the message, as in our Received field and our 250.
    pub id: String,
    /// When the message came.
    #[schema(value_type = String, format = DateTime)]
    pub time: Millis,
    /// The client that brought the message; nothing on a unix socket.
    #[schema(value_type = Option<String>, required = true)]
    pub client: Option<IpAddr>,
    /// What the client called itself.
    #[serde(skip)]
    pub helo: String,
    /// The reverse-path of the message.
    #[serde(serialize_with = "bare")]
    #[schema(value_type = String)]
    pub from: ReversePath,
    /// The reverse-path that the message left with, when that was rewritten.
    #[schema(required = true)]
    pub srs_from: Option<String>,
    /// The recipients as given.
    pub to: Vec<String>,
    /// What became of the message.
    pub outcome: Outcome,
    /// The reply the client got.
    pub reply: String,
    /// Octets of the message.
    #[serde(skip)]
    pub size: u64,
    /// Milliseconds from the first command to the final reply; of a spooled message, to its last attempt.
    #[serde(skip)]
    pub ms: u64,
    /// The attempts to deliver the message, in order.
    pub attempts: Vec<AttemptLine>,
    /// What the inbound checks found, and what was concluded; empty when none was made.
    pub auth: String,
    /// How the client's session was encrypted, such as `TLSv1.3 TLS_AES_256_GCM_SHA384`; empty for plaintext.
    pub tls: String,
    /// What the spam filter says of the message, where one was asked and answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<serde_json::Value>, nullable = false)]
    pub filter: Option<Verdict>,
    /// What the owner should know beyond that, such as a destination that was left out.
    #[serde(rename = "note")]
    pub detail: String,
    /// Those of its mailboxes that aliases of other domains than its recipient's lead to; `None` where nobody noted that.
    #[serde(skip)]
    pub ways: Option<Ways>,
    /// The node that wrote it down; `None` where the store is of one machine, and before it is written.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub node: Option<String>,
}

impl Record {
    /// The account that sent the message.
    pub fn account(&self) -> Option<AccountId> {
        AccountId::of_cause_named(&self.auth)
    }

    /// Whether an account sent the message, be it known which or not.
    pub fn is_submitted(&self) -> bool {
        self.auth == SUBMITTED || self.account().is_some()
    }
}

/// With this the journal begins what it has instead of a reply, where no host was asked.
pub const HELD: &str = "held by the governor";

/// What stands in the place of an account that is somebody else's.
const SUBMITTED: &str = "an account";

impl Record {
    /// The record as the owner of `own` may read it; `None` where nothing of it is his. Where others were recipients too, it is
    /// not known which attempts were for them, and so neither is one shown nor what all of them came to. Of mailboxes that
    /// others' aliases lead to there is neither a name nor a word of theirs, and of an account of others not which it is.
    pub fn part_of(mut self, own: &[OwnedDomain]) -> Option<Self> {
        let owner = &Owner::at(self.time, own);
        let is_sender = self.is_sent_as(owner);
        let is_own = |to: &String| owner.owns(to);
        if self.to.is_empty() || !is_sender && !self.to.iter().any(is_own) {
            return None;
        }
        if !is_sender {
            self.hide_who_answers();
            if self.account().is_some() {
                self.auth = SUBMITTED.to_owned();
            }
        }
        // Why a provider gets nothing was said of others' mail.
        for attempt in self.attempts.iter_mut().filter(|it| it.reply.starts_with(HELD)) {
            if let Some(end) = attempt.reply.find("Z: ") {
                attempt.reply.truncate(end + 1);
            }
        }
        if !is_sender && !self.to.iter().all(is_own) {
            self.to.retain(is_own);
            self.attempts.clear();
            (self.srs_from, self.detail, self.reply) = (None, String::new(), String::new());
            // Its client was answered the same for all; what happened after that did for each alone.
            if !self.outcome.is_refusal() {
                self.outcome = Outcome::Taken;
            }
            self.ms = 0;
            return Some(self);
        }
        let is_whole = self.hide_beyond(owner);
        if !is_whole {
            self.detail = told_rules(&self.detail);
        }
        Some(self)
    }

    /// Puts the alias in the place of a mailbox that answered as it: by which aliases that one is reached is not noted, and
    /// it may be others'.
    fn hide_who_answers(&mut self) {
        let as_alias = |to: &String| AnswerAddress::read(&Mailbox::parse(to).ok()?);
        let Some(answer) = self.to.iter().find_map(as_alias) else { return };
        self.from = ReversePath::Mailbox(answer.alias);
        (self.client, self.helo, self.auth) = (None, String::new(), String::new());
        self.detail = told_rules(&self.detail);
    }

    /// Takes out of the attempts what is not for `owner`; true where nothing is hidden from him.
    fn hide_beyond(&mut self, owner: &Owner<'_>) -> bool {
        let (to, ways) = (&self.to, self.ways.as_ref());
        let mut is_whole = ways.is_some_and(Ways::is_empty)
            && to.iter().all(|to| {
                let is_it = |mailbox: &String| mailbox == to;
                owner.owns(to) || self.attempts.iter().any(|it| it.to.iter().any(is_it))
            });
        for attempt in &mut self.attempts {
            let mut hidden = attempt.to.iter().filter_map(|it| owner.hidden(it, to, ways));
            if let Some(instead) = hidden.next() {
                is_whole = false;
                attempt.to = vec![instead.to_owned()];
                instead.clone_into(&mut attempt.host);
                attempt.reply = code_of(&attempt.reply).to_owned();
                attempt.tls.clear();
            }
        }
        is_whole
    }

    fn is_sent_as(&self, owner: &Owner<'_>) -> bool {
        self.account().is_some()
            && self.from.mailbox().is_some_and(|sender| owner.has(sender.domain()))
    }
}

/// Of a reply its code and its enhanced status code: the words are of whoever gave it, and may name the mailbox.
pub fn code_of(reply: &str) -> &str {
    let is_code = |word: &str| word.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let mut end = 0;
    for word in reply.split(' ').take(2).take_while(|word| is_code(word)) {
        end += word.len() + usize::from(end > 0);
    }
    reply.get(..end).unwrap_or_default()
}

/// Of what an owner should know, the rules of his: they name no mailbox.
fn told_rules(detail: &str) -> String {
    let is_rule = |part: &&str| {
        ["refused as the alias ", "refused as another domain's ", "refused by ", "put off by "]
            .iter()
            .any(|it| part.starts_with(it))
    };
    detail.split("; ").filter(is_rule).collect::<Vec<_>>().join("; ")
}

/// One attempt to hand a message to a destination.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Attempt)]
pub struct AttemptLine {
    /// When the attempt began.
    #[schema(value_type = String, format = DateTime)]
    pub time: Millis,
    /// The mailboxes that the attempt was for.
    #[serde(skip)]
    pub to: Vec<String>,
    /// The host that answered, or should have.
    pub host: String,
    /// What the host answered, or what went wrong.
    pub reply: String,
    /// How long the attempt took, in milliseconds.
    pub ms: u64,
    /// How the connection was encrypted, and why that was believed; empty for plaintext.
    pub tls: String,
    /// What the attempt came to: `delivered`, `refused`, `deferred`, `uncertain`.
    #[serde(skip)]
    pub verdict: String,
}

/// What a bounce tells of a message that went out before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bounce {
    /// The id of the message that went out.
    pub id: String,
    /// When the bounce came.
    pub time: Millis,
    /// Nobody will get the message by the recipient that it is about; else it is only late.
    pub is_final: bool,
    /// What the owner should know.
    pub detail: String,
}

impl Record {
    /// The reverse-path of the message without brackets; `<>` for the null one.
    pub fn sender(&self) -> String {
        self.from.mailbox().map_or_else(|| "<>".to_owned(), ToString::to_string)
    }
}

fn bare<S: Serializer>(path: &ReversePath, serializer: S) -> Result<S::Ok, S::Error> {
    match path {
        ReversePath::Null => serializer.serialize_str("<>"),
        ReversePath::Mailbox(mailbox) => serializer.collect_str(mailbox),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::{Domain, Mailbox};

    fn record(to: &[&str], from: &str, auth: &str) -> Record {
        let attempt = AttemptLine {
            time: Millis::EPOCH,
            to: vec!["secret@mailbox.test".into()],
            host: "mx.mailbox.test".into(),
            reply: "250 ok".into(),
            ms: 1,
            tls: String::new(),
            verdict: "delivered".into(),
        };
        Record {
            id: "x".into(),
            time: Millis::EPOCH,
            client: None,
            helo: String::new(),
            from: ReversePath::Mailbox(Mailbox::parse(from).unwrap()),
            srs_from: Some("SRS0=x@example.org".into()),
            to: to.iter().map(|&text| text.to_owned()).collect(),
            outcome: Outcome::Forwarded,
            reply: "250 2.0.0 ok".into(),
            size: 1,
            ms: 1,
            attempts: vec![attempt],
            auth: auth.into(),
            tls: String::new(),
            filter: None,
            detail: "to secret@mailbox.test".into(),
            ways: Some(Ways::default()),
            node: None,
        }
    }

    fn of(domain: &Domain) -> [OwnedDomain; 1] {
        [OwnedDomain { domain: domain.clone(), since: Millis::EPOCH }]
    }

    #[test]
    fn of_a_domain_is_seen_what_came_since_it_is_its_owners() {
        let domain = Domain::parse("example.org").unwrap();
        let own = [OwnedDomain { domain, since: Millis::new(7) }];
        let account = "account 00112233";
        for (from, auth) in [("a@sender.test", ""), ("a@example.org", account)] {
            let to = if auth.is_empty() { "a@example.org" } else { "b@other.test" };
            let at = |time| Record { time: Millis::new(time), ..record(&[to], from, auth) };
            assert!(at(6).part_of(&own).is_none(), "{from}: it was somebody else's");
            assert!(at(7).part_of(&own).is_some(), "{from}");
        }
    }

    #[test]
    fn of_a_domain_is_seen_what_is_its_own() {
        let domain = Domain::parse("example.org").unwrap();
        let own = &of(&domain);
        let stranger = "a@sender.test";
        let alone = record(&["a@example.org", "B@EXAMPLE.org"], stranger, "");
        assert_eq!(alone.clone().part_of(own), Some(alone));
        let mixed = record(&["a@example.org", "b@other.test"], stranger, "");
        let part = mixed.clone().part_of(own).unwrap();
        assert_eq!(part.to, ["a@example.org"]);
        let told = format!("{part:?}");
        assert!(!told.contains("secret") && !told.contains("other.test"), "{told}");
        for (outcome, told) in [
            (Outcome::Forwarded, Outcome::Taken),
            (Outcome::Partial, Outcome::Taken),
            (Outcome::Spooled, Outcome::Taken),
            (Outcome::Failed, Outcome::Taken),
            (Outcome::Refused, Outcome::Refused),
        ] {
            let mixed = Record { outcome, ..mixed.clone() };
            assert_eq!(mixed.part_of(own).unwrap().outcome, told, "{outcome}");
        }
        let id = AccountId::new([1; 5]);
        let sent = record(&["a@example.org"], stranger, id.cause().as_str());
        let part = sent.clone().part_of(own).unwrap();
        assert!(sent.is_submitted() && part.is_submitted() && part.account().is_none(), "{part:?}");

        for none in [&["b@other.test"][..], &["a@sub.example.org"], &["postmaster"], &[]] {
            assert!(record(none, stranger, "").part_of(own).is_none(), "{none:?}");
        }
        let returned = record(&["SRS0=AAAA=XY=other.test=eve@example.org"], stranger, "");
        assert!(returned.part_of(own).is_none(), "it stands for somebody elsewhere");
        let forged = record(&["b@other.test"], "a@example.org", "spf=fail");
        assert!(forged.part_of(own).is_none(), "anybody can write down a sender");
    }

    #[test]
    fn of_a_mailbox_behind_anothers_alias_nothing_is_seen() {
        let [domain, other] =
            ["example.org", "other.test"].map(|name| Domain::parse(name).unwrap());
        let mut ways = Ways::default();
        ways.add(&Mailbox::parse("secret@mailbox.test").unwrap(), [&domain, &other]);
        let rule = "refused by the alias's block @x.test, as it is from a@x.test";
        let detail = format!("to secret@mailbox.test; {rule}");
        let led = Record {
            ways: Some(ways.clone()),
            detail,
            ..record(&["a@example.org"], "a@sender.test", "")
        };
        let unknown = Record { ways: None, ..led.clone() };
        let submitted = record(&["b@other.test"], "a@example.org", "account 00112233");
        for (what, record) in [("led on", led.clone()), ("of an earlier version", unknown)] {
            let part = record.part_of(&of(&domain)).unwrap();
            let told = format!("{:?}{}{:?}", part.attempts, part.detail, part.auth);
            assert!(!told.contains("mailbox.test") && !told.contains("ok"), "{what}: {told}");
            assert_eq!((&*part.attempts[0].reply, &*part.detail), ("250", rule), "{what}");
        }
        let part = submitted.clone().part_of(&of(&domain)).unwrap();
        assert!(!format!("{part:?}").contains("secret"), "{part:?}");
        let seen = submitted.clone().part_of(&of(&other)).unwrap();
        let by_somebody = Record { auth: SUBMITTED.to_owned(), ..submitted };
        assert_eq!(
            seen, by_somebody,
            "it is his own mailbox, and whose account it was is another's"
        );
        assert_eq!(led.clone().part_of(&of(&domain)).unwrap().to, led.to);
    }

    #[test]
    fn why_a_provider_gets_nothing_was_said_of_others_mail() {
        let domain = Domain::parse("example.org").unwrap();
        let held = "held by the governor: hoster.test gets no mail before 2026-11-30T00:00:00.000Z";
        let mut record = record(&["a@example.org"], "a@sender.test", "");
        record.ways = Some(Ways::default());
        record.attempts[0].reply = format!("{held}: 421 4.2.0 <secret@hosted.test> later");
        let part = record.part_of(&of(&domain)).unwrap();
        assert_eq!(part.attempts[0].reply, held);
    }

    #[test]
    fn codes_of_replies() {
        for (reply, code) in [
            ("550 5.1.1 <x@y.test> unknown", "550 5.1.1"),
            ("250 ok", "250"),
            ("550", "550"),
            ("Connection refused by 192.0.2.1", ""),
            ("", ""),
        ] {
            assert_eq!(code_of(reply), code, "{reply}");
        }
    }
}
