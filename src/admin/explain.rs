//! What would happen to a message, without sending it.

use super::{
    aliases::{self, Leads},
    running::Running,
};
use crate::{
    address::{Domain, ForwardPath, ReversePath},
    alias::{Named, Owner, Ways},
    clock,
    config::Config,
    dns::{NoMail, without_mail},
    mail::{
        OpenError, Parts,
        checks::{self, Subject},
        decide::decide,
        dnsbl::{Outcome, Said, refusal_at_once},
        look::Bearer,
        plan::plan,
        recipient::{Answered, Recipient},
        refusal::Refusal,
        sender::Sender,
        senders::{leave_out_by_author, let_in, refuse_recipient},
        submission::{judge, signs},
    },
    next_hop::{Destination, Target},
    reply::Reply,
    rspamd::Verdict as FilterVerdict,
    verdict::Class,
};
use serde::Serialize;
use std::{
    collections::HashSet,
    net::{IpAddr, Ipv4Addr},
    slice,
    sync::Arc,
    time::Duration,
};
use tokio::time::Instant;
use utoipa::ToSchema;

/// How long DNS of the destinations may take.
const DNS_PATIENCE: Duration = Duration::from_secs(3);

/// A message that might come.
#[derive(Debug, Clone)]
pub struct Question {
    /// To whom.
    pub recipient: ForwardPath,
    /// From whom.
    pub sender: ReversePath,
    /// Who brings it.
    pub ip: IpAddr,
    /// What the client calls itself.
    pub helo: String,
    /// The message, lines ending in CRLF.
    pub message: Vec<u8>,
    /// The spam filter is asked too.
    pub asks_filter: bool,
}

/// What would happen to a message. Its fields in JSON are a promise to scripts.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Explanation {
    /// To whom.
    pub to: String,
    /// From whom; `<>` for the null reverse-path.
    pub from: String,
    /// Where the message leads. Empty when it is refused at RCPT, or thrown away.
    pub destinations: Vec<ExplainedDestination>,
    /// What the alias names and what does not get it, and why.
    pub lost: Vec<String>,
    /// The alias that answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub alias: Option<String>,
    /// The rule of that alias, or for it, that decides on the sender or the message.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub rule: Option<String>,
    /// What the owner of the alias says of its mail, where he says anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub rules: Option<String>,
    /// How many messages the alias has had of those that its own limit allows, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub limit: Option<String>,
    /// The alias that the message makes, if it is taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub makes: Option<String>,
    /// Whom it answers and as which alias, where it is addressed so.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub answers: Option<String>,
    /// The reverse-path it leaves with.
    #[schema(required = true)]
    pub srs_from: Option<String>,
    /// What lists in DNS say of the client and of the domains that the message is from.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub lists: Vec<ExplainedList>,
    /// What the checks find; nothing when none is made.
    #[schema(required = true)]
    pub checks: Option<String>,
    /// What the destination will conclude.
    #[schema(required = true)]
    pub class: Option<String>,
    /// What the spam filter says, where it is asked and answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<serde_json::Value>, nullable = false)]
    pub filter: Option<FilterVerdict>,
    /// Why it says nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub unfiltered: Option<String>,
    /// What becomes of the message.
    pub verdict: Verdict,
    /// The reply that refuses it, if one does.
    #[schema(required = true)]
    pub reply: Option<String>,
    /// How it gets to the mailboxes; `None` where that was not asked.
    #[serde(skip)]
    pub ways: Option<Ways>,
}

/// A mailbox, and who takes mail for it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ExplainedDestination {
    /// The mailbox.
    pub mailbox: String,
    /// Who takes its mail.
    pub next_hop: String,
    /// Why its domain takes no mail, where DNS says that it takes none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub no_mail: Option<String>,
}

/// What a list in DNS says.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ExplainedList {
    /// The list, without its key.
    pub zone: String,
    /// Whom it was asked about.
    pub about: String,
    /// `listed`, `not`, `error` or `timeout`, where it does not answer.
    pub answer: &'static str,
    /// The answer by which it is listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, nullable = false)]
    pub code: Option<Ipv4Addr>,
    /// What becomes of mail from who is listed.
    pub action: String,
    /// All that in a sentence.
    pub said: String,
}

/// What becomes of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The client gets a 4xx or 5xx.
    Refused,
    /// The alias throws the message away.
    Discarded,
    /// From becomes that of the alias.
    Munged,
    /// It goes on with fields that say that it is spam.
    Marked,
    /// It leaves as an answer of the alias.
    Answered,
    /// The message goes on as it is.
    Forwarded,
}

/// Answers with the aliases, secrets and DNS of this moment, by the checks and the plan that a message would
/// meet. Nothing is sent and nothing kept.
///
/// # Errors
/// When the daemon could not start either.
pub async fn explain(config: Config, question: &Question) -> Result<Explanation, OpenError> {
    let Question { recipient, sender: from, ip, helo, message, asks_filter } = question;
    let mut parts = Parts::open_to_read(config)?;
    if !asks_filter {
        parts.filter = None;
    }
    if let Some(kept) = Running::limits(&parts.config.state_dir) {
        parts.go_on_with_limits(&kept);
    }
    let now = clock::now();
    let mut explanation = Explanation {
        to: recipient.bare(),
        from: from.mailbox().map_or_else(|| "<>".to_owned(), ToString::to_string),
        destinations: Vec::new(),
        lost: Vec::new(),
        alias: None,
        rule: None,
        rules: None,
        limit: None,
        makes: None,
        answers: None,
        srs_from: None,
        lists: Vec::new(),
        checks: None,
        class: None,
        filter: None,
        unfiltered: None,
        verdict: Verdict::Refused,
        reply: None,
        ways: None,
    };
    let said = listings(&parts, *ip, from).await;
    explanation.lists = said.iter().map(ExplainedList::of).collect();
    let mut decided = decide(&parts, recipient, now).await;
    let refused = decided.as_mut().ok().and_then(|it| refuse_recipient(&parts, it, from).err());
    let mut recipient = match decided {
        Ok(_) if let Some(refusal) = refused => {
            explanation.refuse(&refusal);
            return Ok(explanation);
        }
        Ok(recipient) if let Some(reply) = refusal_at_once(&recipient, from, &said) => {
            explanation.name(recipient.named.as_deref());
            explanation.reply = Some(reply.to_string());
            return Ok(explanation);
        }
        Ok(recipient) if let Err(refusal) = within_limits(&parts, *ip, &recipient) => {
            explanation.limit = recipient.named.as_ref().and_then(|it| parts.rates.of_limit(it));
            explanation.refuse(&refusal);
            return Ok(explanation);
        }
        Ok(recipient) => recipient,
        Err(refusal) => {
            explanation.lost = lost(&parts, recipient).await;
            explanation.refuse(&refusal);
            return Ok(explanation);
        }
    };
    let domain = |to: &Destination| match &to.next_hop.target {
        Target::Mx(domain) => Some(domain.clone()),
        _ => None,
    };
    let domains: HashSet<Domain> = recipient.destinations.iter().filter_map(domain).collect();
    let without = without_mail(parts.outbound.resolver(), domains, DNS_PATIENCE).await;
    let why = |to: &Destination| domain(to).and_then(|domain| without.get(&domain).copied());
    let destinations = recipient.destinations.iter().map(|to| ExplainedDestination {
        mailbox: to.mailbox.to_string(),
        next_hop: to.next_hop.to_string(),
        no_mail: why(to).map(|why| why.to_string()),
    });
    explanation.destinations = destinations.collect();
    let whys: Option<Vec<NoMail>> = recipient.destinations.iter().map(why).collect();
    let closed = leave_out_by_author(&parts, slice::from_mut(&mut recipient), from, message);
    explanation.lost.clone_from(&recipient.lost);
    explanation.ways = Some(Recipient::ways_of([&recipient]));
    let is_new = recipient.named.as_ref().filter(|named| named.is_new);
    explanation.makes = is_new.map(|named| named.address.clone());
    explanation.name(recipient.named.as_deref());
    explanation.limit = recipient.named.as_ref().and_then(|named| parts.rates.of_limit(named));
    explanation.rule = let_in(&parts, &recipient, from, message);
    let sender = Sender::new(Some(*ip), helo, from);
    let recipients = std::slice::from_ref(&recipient);
    if let Some(answered) = &recipient.answered {
        let (findings, judged) = judge(&parts, &sender, message, now, recipients).await;
        let Answered { alias, to, .. } = &**answered;
        explanation.answers = Some(format!("{to} as {alias}"));
        explanation.srs_from = Some(alias.to_string());
        explanation.checks = Some(findings.to_string());
        let judged = judged.and_then(|_| signs(&parts, alias));
        let objection =
            judged.err().or(whys.and_then(|whys| whys.first().copied()).map(NoMail::reply));
        explanation.verdict = match &objection {
            Some(_) => Verdict::Refused,
            None => Verdict::Answered,
        };
        explanation.reply = objection.map(|reply| reply.to_string());
        return Ok(explanation);
    }
    let (listed, id) = (&*said, clock::message_id());
    let subject = Subject { sender: &sender, recipients, listed, id, tls: None, now };
    let mut report = checks::run(&parts, &subject, message.clone(), parts.memory.reserve()).await;
    explanation.lists.extend(report.lists.iter().map(ExplainedList::of));
    if let Some(checked) = &report.authentication {
        explanation.checks = Some(checked.findings.to_string());
        explanation.class = Some(Class::of(&checked.findings.dmarc).to_string());
    }
    match report.filtered.take() {
        Some(Ok(verdict)) => explanation.filter = Some(verdict),
        Some(Err(why)) => explanation.unfiltered = Some(why),
        None => {}
    }
    if let Some(rule) = &report.rule {
        explanation.rule = Some(rule.to_string());
    }
    let is_marked = !report.marks.is_empty();
    let mut objection = report.objection.take();
    if let (None, Some(rule)) = (&objection, closed) {
        explanation.rule = Some(rule.to_string());
        objection = Some(Reply::sender_blocked());
    }
    let mut is_munged = false;
    match plan(&parts, &sender, vec![recipient], now, Instant::now()).await {
        Ok(planned) => {
            explanation.srs_from = planned.iter().find_map(|planned| match &planned.short {
                Some(_) => Some(format!("a short SRS address at {}", planned.recipient.srs_domain)),
                None => planned.reverse_path.mailbox().map(ToString::to_string),
            });
            if objection.is_none() {
                let looks = Bearer { parts: &parts, sender: &sender, now };
                match looks.looks(&mut report, &planned).await {
                    Ok(looks) => is_munged = looks.iter().any(|look| look.from.is_some()),
                    Err(reply) => objection = Some(reply),
                }
            }
        }
        Err(reply) => objection = objection.or(Some(reply)),
    }
    // Where one of several destinations takes it, the message goes on.
    objection = objection.or(whys.and_then(|whys| whys.first().copied()).map(NoMail::reply));
    explanation.verdict = match &objection {
        Some(_) => Verdict::Refused,
        None if explanation.destinations.is_empty() => Verdict::Discarded,
        None if is_munged => Verdict::Munged,
        None if is_marked => Verdict::Marked,
        None => Verdict::Forwarded,
    };
    explanation.reply = objection.map(|reply| reply.to_string());
    Ok(explanation)
}

impl Explanation {
    /// What `owner`, whose recipient it is about, may read of it: of mailboxes that others' aliases lead to no name. An SRS
    /// address would take mail to whomever he asked about.
    pub fn part_of(mut self, owner: &Owner<'_>) -> Self {
        let to = std::slice::from_ref(&self.to);
        for destination in &mut self.destinations {
            if let Some(instead) = owner.hidden(&destination.mailbox, to, self.ways.as_ref()) {
                let (mailbox, next_hop) = (instead.to_owned(), instead.to_owned());
                *destination = ExplainedDestination { mailbox, next_hop, no_mail: None };
            }
        }
        if !self.ways.as_ref().is_some_and(Ways::is_empty) {
            self.lost.clear();
        }
        if self.answers.is_none() {
            let rewritten = self.srs_from.take().filter(|rewritten| *rewritten != self.from);
            let at = rewritten.as_deref().and_then(|rewritten| rewritten.rsplit(['@', ' ']).next());
            self.srs_from = at.map(|at| format!("an SRS address at {at}"));
        }
        self
    }

    fn name(&mut self, named: Option<&Named>) {
        let Some(Named { address, rules, .. }) = named else { return };
        self.alias = Some(address.clone());
        let rules = Some(rules).filter(|rules| !rules.is_empty());
        self.rules = rules.map(|rules| rules.to_string().trim_start().to_owned());
    }

    fn refuse(&mut self, refusal: &Refusal) {
        self.name(refusal.named.as_deref());
        self.rule = refusal.rule.as_ref().map(ToString::to_string);
        self.reply = Some(refusal.reply.to_string());
    }
}

/// Whether the limits that are kept leave room for one more message.
fn within_limits(parts: &Parts, ip: IpAddr, recipient: &Recipient) -> Result<(), Refusal> {
    parts.rates.may_receive(Some(ip), recipient)?;
    match recipient.named.as_ref().filter(|named| named.is_new) {
        Some(named) => {
            let refused =
                |reply| Refusal { named: Some(Arc::clone(named)), ..Refusal::from(reply) };
            parts.new_aliases.may_make(named).map_err(refused)
        }
        None => Ok(()),
    }
}

/// What lists say of a client and a reverse-path.
async fn listings(parts: &Parts, ip: IpAddr, from: &ReversePath) -> Vec<Said> {
    let client = Some(ip);
    let (lists, rates) = (&parts.lists, &parts.rates);
    let inquiries = [lists.ask_client(rates, client), lists.ask_reverse_path(rates, client, from)];
    let mut said = Vec::new();
    for mut inquiry in inquiries.into_iter().flatten() {
        inquiry.wait().await;
        said.extend(inquiry.all());
    }
    said
}

impl ExplainedList {
    fn of(said: &Said) -> Self {
        let config = &said.list.config;
        Self {
            zone: config.zone.shown().to_owned(),
            about: said.question.to_string(),
            answer: match said.outcome {
                Outcome::Listed { .. } => "listed",
                Outcome::NotListed => "not",
                Outcome::Trouble(_) | Outcome::OverBudget(_) => "error",
                Outcome::Unanswered => "timeout",
            },
            code: said.code(),
            action: config.action.to_string(),
            said: said.to_string(),
        }
    }
}

/// What the alias of a recipient that is refused names, where that is why it is refused.
async fn lost(parts: &Parts, recipient: &ForwardPath) -> Vec<String> {
    let ForwardPath::Mailbox(mailbox) = recipient else { return Vec::new() };
    let found = aliases::answering(&parts.store, mailbox).await;
    let alias = found.ok().flatten().map(|alias| vec![alias]).unwrap_or_default();
    let nowhere = aliases::nowhere(&parts.config, &parts.store, Leads::Aliases(&alias)).await;
    nowhere.into_iter().map(|it| format!("{}: {}", it.destination, it.why)).collect()
}
