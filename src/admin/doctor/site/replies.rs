//! What destinations said lately of how this server is set up, and which of them get less mail for that.

use super::facts::{Facts, Heard};
use crate::{
    admin::{
        Error,
        doctor::finding::{Finding, Severity, error, finding, warning},
        providers::{self, State, Told},
        trace::{self, Filter},
    },
    clock,
    config::Config,
    provider::{Meaning, PROVIDERS, Provider, meaning},
    time::DAY,
};
use std::collections::BTreeMap;

/// Records that are looked at, a page at a time: the latest.
const PAGES: usize = 40;
const PAGE: usize = 500;
/// Most of a reply that is shown.
const SHOWN: usize = 200;

/// Where those ask whose addresses Microsoft blocks.
const MICROSOFT_DELIST: &str =
    "https://olcsupport.office.com/ (Outlook.com) or https://sender.office.com/ (Microsoft 365)";

/// What was said within a week; of each kind the latest.
pub(super) async fn gather(config: &Config, facts: &mut Facts) -> Result<(), Error> {
    facts.held_back = providers::list(config, false)?;
    facts.held_back.retain(|one| one.state != State::Usual);
    let filter = Filter { since: Some(clock::millis() - DAY * 7), ..Filter::default() };
    let (mut before, mut heard) = (None, BTreeMap::<(String, &str), Heard>::new());
    for _ in 0..PAGES {
        let page = trace::latest(&config.state_dir, &filter, before, PAGE).await?;
        for attempt in page.records.iter().flat_map(|record| &record.attempts) {
            let Some(id) = meaning(&attempt.host, &attempt.reply).and_then(of_us) else {
                continue;
            };
            let who = Provider::of_host(&attempt.host).map_or("other destinations", |who| who.name);
            let one = heard.entry((who.to_owned(), id)).or_insert_with(|| Heard {
                who: who.to_owned(),
                meaning: id,
                reply: attempt.reply.chars().take(SHOWN).collect(),
                times: 0,
            });
            one.times += 1;
        }
        before = page.next;
        if before.is_none() {
            break;
        }
    }
    facts.heard = heard.into_values().collect();
    Ok(())
}

/// What of this server a reply is about.
fn of_us(meaning: Meaning) -> Option<&'static str> {
    Some(match meaning {
        Meaning::NoReverseName => "the name of this server's address (PTR)",
        Meaning::Unauthenticated => "SPF and DKIM",
        Meaning::NeedsTls => "TLS",
        Meaning::Blocked => "the address of this server, which is blocked there",
        Meaning::Listed => "a list that the address of this server is on",
        Meaning::RefusesUs => "a login, or TLS, that it wants",
        _ => return None,
    })
}

pub(super) fn examine(facts: &Facts) -> Vec<Finding> {
    let mut findings: Vec<Finding> = facts.held_back.iter().map(held_back).collect();
    for Heard { who, meaning, reply, times } in &facts.heard {
        let times = if *times == 1 { "once".to_owned() } else { format!("{times} times") };
        let what = format!("{who} spoke of {meaning} {times} within a week: {reply}");
        let why = "what they say of this server holds for all mail that it sends them";
        findings.push(warning("replies", what, why, None));
    }
    findings
}

fn held_back(one: &Told) -> Finding {
    let Told { provider, state, why, until, .. } = one;
    let reply = why.as_deref().unwrap_or_default();
    let until = until.map(|until| format!(" until {until}")).unwrap_or_default();
    let mend = vec![format!("onward provider resume {provider}")];
    let is_blocked = meaning(&host_of(provider), reply) == Some(Meaning::Blocked);
    let is_microsoft = matches!(provider.as_str(), "outlook" | "office365");
    let ask = match (is_blocked, is_microsoft) {
        (true, true) => format!("; the address is taken off its list at {MICROSOFT_DELIST}"),
        (true, false) => "; its postmaster page says how the address gets off its list".to_owned(),
        (false, _) => String::new(),
    };
    match state {
        State::Suspended => error(
            "provider",
            format!("{provider} gets no mail{until}: {reply}{ask}"),
            "mail for it waits, or stays with its senders; one message now and then finds out whether it passed",
            mend,
        ),
        State::Slowed | State::Usual if reply.is_empty() => finding(
            Severity::Hint,
            "provider",
            format!(
                "{provider} gets less mail at once than it takes, and more with each twenty messages that arrive"
            ),
            "it said that it got too much",
            None,
        ),
        State::Slowed | State::Usual => warning(
            "provider",
            format!("{provider} gets less mail{until}: {reply}"),
            "mail for it takes longer, and may wait",
            mend,
        ),
    }
}

/// The name of a host that is of this provider, if it is one of those that are known.
fn host_of(provider: &str) -> String {
    let known = PROVIDERS.into_iter().find(|one| one.name == provider);
    known.and_then(|one| one.hosts.first()).map(|host| format!("mx.{host}")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(provider: &str, state: State, why: Option<&str>) -> Told {
        let limits = crate::provider::Limits::OTHERS;
        Told { state, why: why.map(ToOwned::to_owned), ..Told::usual(provider, &limits) }
    }

    #[test]
    fn whoever_is_blocked_is_told_where_to_ask() {
        let blocked = "550 5.7.1 Unfortunately, messages from [192.0.2.7] weren't sent. part of their network is on our block list (S3140).";
        let facts = Facts {
            held_back: vec![
                told("outlook", State::Suspended, Some(blocked)),
                told("google", State::Slowed, Some("421 4.7.28 rate")),
                told("apple", State::Slowed, None),
            ],
            ..Facts::default()
        };
        let found = examine(&facts);
        let severities: Vec<_> = found.iter().map(|finding| finding.severity).collect();
        assert_eq!(severities, [Severity::Error, Severity::Warning, Severity::Hint]);
        assert!(found[0].what.contains("olcsupport.office.com"), "{}", found[0]);
        assert_eq!(found[0].mend, ["onward provider resume outlook"]);
        assert!(!found[1].what.contains("office.com") && found[1].what.contains("421 4.7.28"));
    }

    #[test]
    fn what_was_said_of_us_is_told_once_for_each_kind() {
        let heard = Heard {
            who: "google".into(),
            meaning: "TLS",
            reply: "421 4.7.29 not sent over a TLS connection".into(),
            times: 3,
        };
        let found = examine(&Facts { heard: vec![heard], ..Facts::default() });
        assert_eq!(found.len(), 1);
        assert!(found[0].what.contains("google spoke of TLS 3 times"), "{}", found[0]);
    }
}
