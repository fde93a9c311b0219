use crate::{password_manager::Told, time::UnixTime, token::Token};
use jiff::Timestamp;
use serde_json::{Value, json};

/// An alias as SimpleLogin tells of it; `alias` and `email` are its address. What it leads to is not told.
pub fn resource(alias: &Told) -> Value {
    let address = alias.address.to_string();
    let made = alias.made.unwrap_or_default();
    json!({
        "alias": address,
        "id": alias.id,
        "email": address,
        "creation_date": date(made),
        "creation_timestamp": made.as_secs(),
        "enabled": alias.is_enabled,
        "note": alias.note,
        "name": null,
        "nb_forward": alias.forwarded,
        "nb_block": alias.refused,
        "nb_reply": 0,
        "mailbox": { "id": 0, "email": "" },
        "mailboxes": [],
        "support_pgp": false,
        "disable_pgp": false,
        "latest_activity": null,
        "pinned": false,
    })
}

/// The answer to whoever lists aliases.
pub fn list(aliases: &[Told]) -> Value {
    json!({ "aliases": aliases.iter().map(resource).collect::<Vec<_>>() })
}

/// Who asks: the extension greets by the name.
pub fn user_info(token: &Token) -> Value {
    json!({
        "name": token.label.to_string(),
        "email": "",
        "is_premium": true,
        "in_trial": false,
        "trial_end_timestamp": null,
        "profile_picture_url": null,
        "max_alias_free_plan": token.daily_limit,
        "connected_proton_address": null,
        "can_create_reverse_alias": false,
    })
}

/// As SimpleLogin writes times: `2026-11-29 16:40:00+00:00`.
fn date(time: UnixTime) -> String {
    Timestamp::from(time).strftime("%Y-%m-%d %H:%M:%S+00:00").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::Mailbox;

    #[test]
    fn what_clients_read() {
        let told = Told {
            id: 17,
            address: Mailbox::parse("k7f2qd@example.org").unwrap(),
            is_enabled: true,
            note: None,
            forwarded: 3,
            refused: 2,
            last_use: None,
            made: Some(UnixTime::new(1_795_000_000)),
        };
        let alias = resource(&told);
        assert_eq!(alias["alias"], "k7f2qd@example.org");
        assert_eq!(alias["email"], "k7f2qd@example.org");
        assert_eq!((&alias["id"], &alias["enabled"]), (&json!(17), &json!(true)));
        assert_eq!(alias["creation_timestamp"], 1_795_000_000);
        assert_eq!(alias["creation_date"], "2026-11-18 11:06:40+00:00");
        assert_eq!((&alias["nb_forward"], &alias["nb_block"]), (&json!(3), &json!(2)));
        assert_eq!(list(&[told])["aliases"][0], alias);
    }
}
