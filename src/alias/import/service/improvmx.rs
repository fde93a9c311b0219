//! ImprovMX: `alias,forward`, where an alias is a name or `*`, and forwards have commas between; its API names the
//! domain only where it lists domains with their aliases.

use super::{
    items::{documents, page, text, under},
    table::Table,
    taken::{Does, Foreign, Taking, addresses, is_yes, neither},
};
use serde_json::Value;

pub(super) fn read_csv(file: &str, taking: &mut Taking<'_>) {
    let Some(table) = Table::read(file, &["alias", "email"], taking) else { return };
    let known =
        ["alias", "email", "forward", "forwards", "forward_to", "domain", "active", "enabled"];
    for name in table.unread(&known).into_iter().filter(|name| !matches!(&**name, "id" | "created"))
    {
        taking.note(1, format!("the column {name:?} has no counterpart here"));
    }
    for line in table.lines() {
        let name = line.text(&["alias", "email"]);
        let word = line.text(&["active", "enabled"]);
        let Some(enabled) = is_yes(word, true) else {
            taking.problem(line.place, neither(name, word));
            continue;
        };
        let targets = addresses(line.text(&["forward", "forwards", "forward_to"]));
        one(line.place, name, Some(line.text(&["domain"])), targets, enabled, taking);
    }
}

pub(super) fn read_json(file: &str, taking: &mut Taking<'_>) {
    let mut place = 0;
    for document in documents(file, taking) {
        // Of several domains, of one, or the aliases of one that is not named.
        let domains = under(&document, &["domains", "domain"]).unwrap_or_default();
        let mut named = false;
        for domain in domains.iter().filter(|domain| domain.get("domain").is_some()) {
            named = true;
            let name = text(domain, "domain");
            taking.domain(place + 1, name);
            for item in under(domain, &["aliases"]).unwrap_or_default() {
                place += 1;
                of_json(place, item, Some(name), taking);
            }
        }
        if named {
            continue;
        }
        let Some(items) = under(&document, &["aliases", "alias"]) else {
            taking.problem(
                place + 1,
                "ImprovMX's JSON has a list \"aliases\" or \"domains\", and this has neither",
            );
            continue;
        };
        page(place + 1, items.len(), document.get("total").and_then(Value::as_u64), taking);
        for item in items {
            place += 1;
            of_json(place, item, None, taking);
        }
    }
}

fn of_json(place: usize, item: &Value, domain: Option<&str>, taking: &mut Taking<'_>) {
    let name = text(item, "alias");
    let enabled = item.get("active").and_then(Value::as_bool).unwrap_or(true);
    one(place, name, domain, addresses(text(item, "forward")), enabled, taking);
}

fn one(
    place: usize,
    name: &str,
    domain: Option<&str>,
    targets: Vec<String>,
    enabled: bool,
    taking: &mut Taking<'_>,
) {
    // A bad domain has its own line already, where the file lists domains.
    let Some(address) = taking.completed(place, name, domain) else { return };
    taking.take(Foreign {
        place,
        address,
        does: Does::Forward(targets),
        note: String::new(),
        enabled,
    });
}
