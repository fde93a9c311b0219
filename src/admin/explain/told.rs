//! What is told of a message that might come, and what of it an owner may read.

use crate::{
    alias::{Named, Owner, Ways},
    mail::{
        dnsbl::{Outcome, Said},
        refusal::Refusal,
    },
    rspamd::Verdict as FilterVerdict,
};
use serde::Serialize;
use std::net::Ipv4Addr;
use utoipa::ToSchema;

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

    pub(super) fn name(&mut self, named: Option<&Named>) {
        let Some(Named { address, rules, .. }) = named else { return };
        self.alias = Some(address.clone());
        let rules = Some(rules).filter(|rules| !rules.is_empty());
        self.rules = rules.map(|rules| rules.to_string().trim_start().to_owned());
    }

    pub(super) fn refuse(&mut self, refusal: &Refusal) {
        self.name(refusal.named.as_deref());
        self.rule = refusal.rule.as_ref().map(ToString::to_string);
        self.reply = Some(refusal.reply.to_string());
    }
}

impl ExplainedList {
    pub(super) fn of(said: &Said) -> Self {
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
