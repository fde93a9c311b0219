//! SimpleLogin: `alias,note,enabled,mailboxes`, the mailboxes with blanks between; `/api/export/data`, which says of
//! aliases only whether they are on; and the lists of its API.

use super::{
    items::{documents, flag, text, under},
    table::Table,
    taken::{Does, Foreign, Taking, addresses, is_yes, neither},
};
use serde_json::Value;

pub(super) fn read_csv(file: &str, taking: &mut Taking<'_>) {
    let Some(table) = Table::read(file, &["alias", "email"], taking) else { return };
    for name in table.unread(&["alias", "email", "note", "enabled", "mailboxes", "mailbox"]) {
        taking.note(1, format!("the column {name:?} has no counterpart here"));
    }
    for line in table.lines() {
        let address = line.text(&["alias", "email"]).to_owned();
        let enabled = line.text(&["enabled"]);
        let Some(is_on) = is_yes(enabled, true) else {
            taking.problem(line.place, neither(&address, enabled));
            continue;
        };
        taking.take(Foreign {
            place: line.place,
            does: Does::Forward(addresses(line.text(&["mailboxes", "mailbox"]))),
            note: line.text(&["note"]).to_owned(),
            enabled: is_on,
            address,
        });
    }
}

pub(super) fn read_json(file: &str, taking: &mut Taking<'_>) {
    let mut place = 0;
    for document in documents(file, taking) {
        let Some(items) = under(&document, &["aliases"]) else {
            taking
                .problem(place + 1, "SimpleLogin's JSON has a list \"aliases\", and this has none");
            continue;
        };
        for item in items {
            place += 1;
            one(place, item, taking);
        }
        for domain in under(&document, &["custom_domains"]).unwrap_or_default() {
            if let Some(name) = domain.as_str() {
                taking.domain(place, name);
            }
        }
    }
}

fn one(place: usize, item: &Value, taking: &mut Taking<'_>) {
    let address = [text(item, "email"), text(item, "alias")].concat();
    let Some(enabled) = flag(item, "enabled", true) else {
        return taking.problem(place, neither(&address, &item["enabled"].to_string()));
    };
    let mut targets: Vec<String> = under(item, &["mailboxes"])
        .unwrap_or_default()
        .into_iter()
        .map(|mailbox| mailbox.as_str().unwrap_or(text(mailbox, "email")).to_owned())
        .collect();
    if targets.is_empty() {
        targets = under(item, &["mailbox"])
            .unwrap_or_default()
            .into_iter()
            .map(|mailbox| text(mailbox, "email").to_owned())
            .collect();
    }
    targets.retain(|target| !target.is_empty());
    if !text(item, "name").is_empty() {
        taking.note_of(
            place,
            &format!("of {address}"),
            "the display name (name) has no counterpart here",
        );
    }
    let note = text(item, "note").to_owned();
    taking.take(Foreign { place, address, does: Does::Forward(targets), note, enabled });
}
