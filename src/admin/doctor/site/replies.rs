//! What destinations said lately of how this server is set up, and which of them get less mail for that.

use super::facts::{Facts, Heard};
use crate::{
    admin::{
        Error, Place,
        doctor::finding::{Finding, Severity, error, finding, warning},
        providers::{self, State, Told},
        trace::{self, Filter},
    },
    clock,
    config::Config,
    next_hop::{NextHop, Target, TlsLevel},
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
    let place = Place::of(config);
    for _ in 0..PAGES {
        let page = trace::latest(&place, &filter, before, PAGE).await?;
        for attempt in page.records.iter().flat_map(|record| &record.attempts) {
            let Some((who, id)) = spoke_of(config, &attempt.host, &attempt.reply) else {
                continue;
            };
            let one = heard.entry((who.clone(), id)).or_insert_with(|| Heard {
                who,
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

/// Who spoke of what of this server.
fn spoke_of(config: &Config, host: &str, reply: &str) -> Option<(String, &'static str)> {
    let meaning = meaning(host, reply);
    if let Some(relay) = smart_host(config, host) {
        let is_of_login = ["530 ", "534 ", "535 ", "538 ", "454 4.7.0"];
        let is_of_login = is_of_login.iter().any(|code| reply.starts_with(code));
        let about = match meaning {
            Some(Meaning::TlsFailed | Meaning::TlsMissing) => Some("TLS, or its certificate"),
            Some(Meaning::RefusesUs | Meaning::NoRelay) => Some("our login"),
            _ => is_of_login.then_some("our login"),
        };
        return about.map(|about| (format!("the smart host {relay}"), about));
    }
    let who = Provider::of_host(host).map_or("other destinations", |who| who.name);
    meaning.and_then(of_us).map(|about| (who.to_owned(), about))
}

/// The smart host of a route that a host of the journal is.
fn smart_host<'a>(config: &'a Config, host: &str) -> Option<&'a NextHop> {
    let is_it = |to: &&NextHop| match &to.target {
        Target::Host { name, .. } => {
            host.strip_prefix(name.as_str()).is_some_and(|rest| rest.starts_with(" ["))
        }
        Target::Addr(address) => host == address.to_string(),
        Target::Mx(_) | Target::Unix(_) => false,
    };
    let hops = config.routes.iter().map(|route| &route.to);
    hops.filter(|to| to.login().is_some() || to.tls == TlsLevel::Verified).find(is_it)
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
    use crate::config::Machine;
    use std::path::Path;

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
    fn a_smart_host_that_does_not_let_us_in_is_named() {
        let text = "[srs]\ndomain = \"example.org\"\n[[route]]\ndomain = \"*\"\nto = \"relay.test:587\"\n\
                    tls = \"verified\"\nusername = \"u\"\npassword_file = \"/p\"\n";
        let machine = Machine { hostname: "mx.example.org".into(), ..Machine::default() };
        let config = Config::parse(text, Path::new("onward.toml"), &machine).unwrap();
        let spoke =
            |host, reply| spoke_of(&config, host, reply).map(|(who, of)| format!("{who}: {of}"));
        let (relay, other) = ("relay.test [192.0.2.1]:587", "mx.sink.test [192.0.2.1]:25");
        let of_login = Some("the smart host relay.test:587: our login".to_owned());
        for reply in [
            "535 5.7.8 Error: authentication failed",
            "454 4.7.0 Temporary authentication failure",
            "451 4.7.0 The destination does not accept this server, try again later",
            "554 5.7.1 <bob@sink.test>: Relay access denied",
        ] {
            assert_eq!(spoke(relay, reply), of_login, "{reply}");
        }
        let of_tls =
            spoke(relay, "451 4.7.5 The destination's certificate is not trusted, try again later");
        assert_eq!(
            of_tls.as_deref(),
            Some("the smart host relay.test:587: TLS, or its certificate")
        );
        assert_eq!(spoke(relay, "550 5.1.1 nobody"), None);
        assert_eq!(spoke(other, "554 5.7.1 <bob@sink.test>: Relay access denied"), None);
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
