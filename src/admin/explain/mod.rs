//! What would happen to a message, without sending it.

mod told;

pub use told::{ExplainedDestination, ExplainedList, Explanation, Verdict};

use super::{
    aliases::{self, Leads},
    running::Running,
};
use crate::{
    address::{Domain, ForwardPath, ReversePath},
    clock,
    config::Config,
    dns::{NoMail, without_mail},
    mail::{
        OpenError, Parts,
        checks::{self, Subject},
        decide::decide,
        dnsbl::{Said, refusal_at_once},
        look::Bearer,
        plan::plan,
        recipient::{Answered, Recipient},
        refusal::Refusal,
        sender::Sender,
        senders::{leave_out_by_author, let_in, refuse_recipient},
        submission::{judge, signs},
    },
    next_hop::{Destination, NextHop, Target},
    provider::governor::{Hold, State},
    reply::Reply,
    verdict::Class,
};
use std::{collections::HashSet, net::IpAddr, slice, sync::Arc, time::Duration};
use tokio::time::Instant;

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

/// Answers with the aliases, secrets and DNS of this moment, by the checks and the plan that a message would
/// meet. Nothing is sent and nothing kept.
///
/// # Errors
/// When the daemon could not start either.
pub async fn explain(config: Config, question: &Question) -> Result<Explanation, OpenError> {
    let Question { recipient, sender: from, ip, helo, message, asks_filter } = question;
    let mut parts = Parts::open_to_read(config).await?;
    if !asks_filter {
        parts.filter = None;
    }
    if let Some(kept) = Running::limits(&parts.config.state_dir) {
        parts.go_on_with_limits(&kept);
    }
    if let Some(known) = Running::providers(&parts.config.state_dir) {
        parts.outbound.governor().go_on(known.kept);
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
    for to in &recipient.destinations {
        let no_mail = why(to).map(|why| why.to_string());
        let hold = if no_mail.is_none() { hold(&parts, &to.next_hop).await } else { None };
        let (mailbox, next_hop) = (to.mailbox.to_string(), to.next_hop.to_string());
        let held = hold.as_ref().map(ToString::to_string);
        explanation.destinations.push(ExplainedDestination {
            mailbox,
            next_hop,
            no_mail,
            held,
            hold,
        });
    }
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
        None if explanation.destinations.iter().all(|to| to.hold.is_some()) => Verdict::Waits,
        None if is_munged => Verdict::Munged,
        None if is_marked => Verdict::Marked,
        None => Verdict::Forwarded,
    };
    explanation.reply = objection.map(|reply| reply.to_string());
    Ok(explanation)
}

/// Until when who has the hosts of a destination gets nothing, and why.
async fn hold(parts: &Parts, hop: &NextHop) -> Option<Hold> {
    let governor = parts.outbound.governor();
    // Mostly nobody is held, and then DNS need not be asked.
    if governor.told().iter().all(|told| told.state != State::Suspended) {
        return None;
    }
    let whose = parts.outbound.whose(hop, Instant::now() + DNS_PATIENCE).await?;
    governor.hold(&whose)
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

/// What the alias of a recipient that is refused names, where that is why it is refused.
async fn lost(parts: &Parts, recipient: &ForwardPath) -> Vec<String> {
    let ForwardPath::Mailbox(mailbox) = recipient else { return Vec::new() };
    let found = aliases::answering(&parts.store, mailbox).await;
    let alias = found.ok().flatten().map(|alias| vec![alias]).unwrap_or_default();
    let nowhere = aliases::nowhere(&parts.config, &parts.store, Leads::Aliases(&alias)).await;
    nowhere.into_iter().map(|it| format!("{}: {}", it.destination, it.why)).collect()
}
