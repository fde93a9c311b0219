//! addy.io: its export has a column for each thing that it keeps of an alias, but none for recipients; the table for its
//! own import and its API name them.

use super::{
    items::{documents, flag, page, page_of, text, under},
    table::Table,
    taken::{Does, Foreign, Taking, addresses, is_yes, neither},
};
use serde_json::Value;

const FROM_NAME: &str = "the display name of answers (from_name) has no counterpart here";
const ATTACHED: &str =
    "that only its recipients may answer (attached_recipients_only) has no counterpart here";
const DELETED: &str = "is deleted there, and left out";

/// What means something, or nothing at all to anybody but addy.io itself.
const KNOWN: &[&str] = &[
    "id",
    "user_id",
    "aliasable_id",
    "aliasable_type",
    "local_part",
    "extension",
    "domain",
    "email",
    "alias",
    "active",
    "pinned",
    "description",
    "recipients",
    "from_name",
    "attached_recipients_only",
    "emails_forwarded",
    "emails_blocked",
    "emails_replied",
    "emails_sent",
    "last_forwarded",
    "last_blocked",
    "last_replied",
    "last_sent",
    "last_used",
    "created_at",
    "updated_at",
    "deleted_at",
];

pub(super) fn read_csv(file: &str, taking: &mut Taking<'_>) {
    let Some(table) = Table::read(file, &["email", "alias"], taking) else { return };
    for name in table.unread(KNOWN) {
        taking.note(1, format!("the column {name:?} is not known, and not read"));
    }
    for line in table.lines() {
        let address = line.text(&["email", "alias"]).to_owned();
        if !line.text(&["deleted_at"]).is_empty() {
            taking.note_of(line.place, &address, DELETED);
            continue;
        }
        // A spreadsheet writes false as nothing; where there is no such column, all are on.
        let active = line.get(&["active"]).unwrap_or("1");
        let Some(enabled) = is_yes(active, false) else {
            taking.problem(line.place, neither(&address, active));
            continue;
        };
        if !line.text(&["from_name"]).is_empty() {
            taking.note_of(line.place, &format!("of {address}"), FROM_NAME);
        }
        if is_yes(line.text(&["attached_recipients_only"]), false) == Some(true) {
            taking.note_of(line.place, &format!("of {address}"), ATTACHED);
        }
        taking.take(Foreign {
            place: line.place,
            does: Does::Forward(addresses(line.text(&["recipients"]))),
            note: line.text(&["description"]).to_owned(),
            enabled,
            address,
        });
    }
}

pub(super) fn read_json(file: &str, taking: &mut Taking<'_>) {
    let mut place = 0;
    let read = documents(file, taking);
    let documents = read.len() as u64;
    for document in read {
        let Some(items) = under(&document, &["data"]) else {
            taking.problem(place + 1, "addy.io's JSON has a list \"data\", and this has none");
            continue;
        };
        let number = |name: &str| document.pointer(name).and_then(Value::as_u64);
        match (number("/meta/total"), number("/meta/last_page")) {
            (None, Some(last)) if last > documents => {
                let number = number("/meta/current_page").unwrap_or(1);
                page_of(place + 1, number, last, taking);
            }
            (total, _) => page(place + 1, items.len(), total, taking),
        }
        for item in items {
            place += 1;
            one(place, item, taking);
        }
    }
}

fn one(place: usize, item: &Value, taking: &mut Taking<'_>) {
    let address = text(item, "email").to_owned();
    if !text(item, "deleted_at").is_empty() {
        return taking.note_of(place, &address, DELETED);
    }
    let Some(enabled) = flag(item, "active", true) else {
        return taking.problem(place, neither(&address, &item["active"].to_string()));
    };
    if !text(item, "from_name").is_empty() {
        taking.note_of(place, &format!("of {address}"), FROM_NAME);
    }
    if flag(item, "attached_recipients_only", false) == Some(true) {
        taking.note_of(place, &format!("of {address}"), ATTACHED);
    }
    let recipients = under(item, &["recipients"]).unwrap_or_default();
    let targets = recipients
        .into_iter()
        .map(|one| one.as_str().unwrap_or(text(one, "email")).to_owned())
        .filter(|target| !target.is_empty());
    let does = Does::Forward(targets.collect());
    taking.take(Foreign {
        place,
        address,
        does,
        note: text(item, "description").to_owned(),
        enabled,
    });
}
