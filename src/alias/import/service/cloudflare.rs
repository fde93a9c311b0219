//! Cloudflare Email Routing: rules with matchers and actions. A literal address is forwarded, dropped or handed to a
//! Worker; `all` is the catch-all of the zone, which its rule does not name.

use super::{
    items::{documents, flag, page, text, under},
    taken::{Does, Foreign, Taking, neither},
};
use serde_json::Value;
use std::collections::BTreeSet;

pub(super) fn read(file: &str, taking: &mut Taking<'_>) {
    let documents = documents(file, taking);
    let mut rules: Vec<&Value> = Vec::new();
    for document in &documents {
        match under(document, &["result", "rules"]) {
            Some(found) => {
                let total = document.pointer("/result_info/total_count").and_then(Value::as_u64);
                page(rules.len() + 1, found.len(), total, taking);
                rules.extend(found);
            }
            // One rule by itself.
            None if document.get("matchers").is_some() => rules.push(document),
            None => taking
                .problem(rules.len() + 1, "Cloudflare's JSON has \"result\", and this has none"),
        }
    }
    let zone = zone(&rules);
    let catch_alls = rules.iter().filter(|rule| is_catch_all(rule)).count();
    for (place, rule) in (1..).zip(&rules) {
        // The list of rules has the catch-all too, and its own answer may follow.
        let is_again = catch_alls > 1
            && is_catch_all(rule)
            && rules.iter().skip(place).any(|later| is_catch_all(later));
        if !is_again {
            one(place, rule, zone.as_deref(), taking);
        }
    }
}

/// The domain, where all rules are of one.
fn zone(rules: &[&Value]) -> Option<String> {
    let domains: BTreeSet<String> = rules
        .iter()
        .flat_map(|rule| under(rule, &["matchers"]).unwrap_or_default())
        .filter_map(|matcher| Some(text(matcher, "value").rsplit_once('@')?.1.to_ascii_lowercase()))
        .collect();
    match domains.len() {
        1 => domains.into_iter().next(),
        _ => None,
    }
}

fn is_catch_all(rule: &Value) -> bool {
    let matchers = under(rule, &["matchers"]).unwrap_or_default();
    matches!(matchers[..], [matcher] if text(matcher, "type") == "all")
}

fn one(place: usize, rule: &Value, zone: Option<&str>, taking: &mut Taking<'_>) {
    let name = text(rule, "name");
    let subject =
        if name.is_empty() { "the rule".to_owned() } else { format!("the rule {name:?}") };
    let matchers = under(rule, &["matchers"]).unwrap_or_default();
    let [matcher] = matchers[..] else {
        let cause = "has not one matcher, but several or none";
        return taking.problem_of(place, &subject, cause);
    };
    let Some(enabled) = flag(rule, "enabled", true) else {
        return taking.problem(place, neither(&subject, &rule["enabled"].to_string()));
    };
    let is_all = text(matcher, "type") == "all";
    let address = match (text(matcher, "type"), text(matcher, "field")) {
        ("all", _) => match taking.completed(place, "*", zone) {
            Some(address) => address,
            None => return,
        },
        ("literal", "to" | "") => text(matcher, "value").to_owned(),
        (kind, field) => {
            let what = format!("matches {field:?} by {kind:?}, which has no counterpart");
            return taking.problem_of(place, &subject, &what);
        }
    };
    let actions = under(rule, &["actions"]).unwrap_or_default();
    let mut targets = Vec::new();
    let mut drops = false;
    for action in &actions {
        match text(action, "type") {
            "forward" => targets.extend(
                under(action, &["value"]).unwrap_or_default().into_iter().filter_map(Value::as_str),
            ),
            "drop" => drops = true,
            "worker" => {
                let cause = "is handed to a Worker, which runs nowhere here";
                return taking.problem_of(place, &address, cause);
            }
            other => {
                let cause = format!("has the action {other:?}, which is not known");
                return taking.problem_of(place, &address, &cause);
            }
        }
    }
    if is_all && !enabled && (drops || targets.is_empty()) {
        return taking.note_of(place, &address, "is switched off there, and drops nothing");
    }
    let does = match (drops, targets.is_empty()) {
        (true, true) => Does::Discard,
        (true, false) => {
            return taking.problem_of(place, &address, "is both dropped and forwarded there");
        }
        (false, _) => Does::Forward(targets.into_iter().map(str::to_owned).collect()),
    };
    // Its own names say when a rule was made.
    let note = if name.starts_with("Rule created at") { "" } else { name }.to_owned();
    taking.take(Foreign { place, address, does, note, enabled });
}
