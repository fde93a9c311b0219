use crate::{
    address::Domain,
    password_manager::Told,
    time::UnixTime,
    token::{NameFormat, Token},
};
use jiff::Timestamp;
use serde_json::{Value, json};

/// How ids of aliases begin: addy.io's are UUIDs, and these are such of version 8 (RFC 9562) with `onward` and the number
/// in them.
const ID: &str = "6f6e7761-7264-8000-8000-";
/// Digits behind it.
const DIGITS: usize = 12;

/// An alias as addy.io's AliasResource. What it leads to is not told.
pub fn resource(alias: &Told) -> Value {
    let address = &alias.address;
    let local = address.local().as_str();
    let (name, extension) = match local.split_once('+') {
        Some((name, extension)) if !name.is_empty() => (name, Some(extension)),
        _ => (local, None),
    };
    let made = alias.made.map(time);
    json!({
        "id": id(alias.id),
        "user_id": id(0),
        "aliasable_id": null,
        "aliasable_type": null,
        "local_part": name,
        "extension": extension,
        "domain": address.domain().as_str(),
        "email": address.to_string(),
        "active": alias.is_enabled,
        "description": alias.note,
        "from_name": null,
        "attached_recipients_only": false,
        "pinned": false,
        "emails_forwarded": alias.forwarded,
        "emails_blocked": alias.refused,
        "emails_replied": 0,
        "emails_sent": 0,
        "recipients": [],
        "last_forwarded": alias.last_use.map(time),
        "last_blocked": null,
        "last_replied": null,
        "last_sent": null,
        "created_at": made,
        "updated_at": made,
        "deleted_at": null,
    })
}

/// The number of the alias that a client names by an id of ours; `None` for what is no such.
pub fn alias_id(text: &str) -> Option<u32> {
    let digits = text.strip_prefix(ID).filter(|digits| digits.len() == DIGITS)?;
    let is_plain = digits.bytes().all(|octet| matches!(octet, b'0'..=b'9' | b'a'..=b'f'));
    is_plain.then(|| u32::from_str_radix(digits, 16).ok()).flatten()
}

/// The id by which clients name the alias of a number.
pub fn id(number: u32) -> String {
    format!("{ID}{number:012x}")
}

/// What the extension asks at its start: the domains at which the token makes aliases, and how.
pub fn domain_options(domains: &[Domain], format: NameFormat) -> Value {
    let names: Vec<&str> = domains.iter().map(Domain::as_str).collect();
    // Its list has no word for names of sites.
    let format = match format {
        NameFormat::Site => NameFormat::RandomCharacters,
        other => other,
    };
    json!({
        "data": names,
        "sharedDomains": [],
        "defaultAliasDomain": names.first(),
        "defaultAliasFormat": format.as_str(),
    })
}

/// What the token itself is.
pub fn token_details(token: &Token) -> Value {
    json!({
        "name": token.label.to_string(),
        "created_at": time(token.added),
        "expires_at": token.expires.map(time),
    })
}

/// As addy.io writes times, in UTC: `2026-11-29 16:40:00`.
fn time(time: UnixTime) -> String {
    Timestamp::from(time).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::Mailbox;

    fn told(address: &str) -> Told {
        Told {
            id: 17,
            address: Mailbox::parse(address).unwrap(),
            is_enabled: true,
            note: Some("shop".to_owned()),
            forwarded: 3,
            refused: 2,
            last_use: Some(UnixTime::new(1_795_000_000)),
            made: None,
        }
    }

    #[test]
    fn what_clients_read() {
        let alias = resource(&told("k7f2qd@example.org"));
        assert_eq!(alias["id"], "6f6e7761-7264-8000-8000-000000000011");
        assert_eq!(alias["email"], "k7f2qd@example.org");
        assert_eq!(alias["local_part"], "k7f2qd");
        assert_eq!(alias["extension"], Value::Null);
        assert_eq!(alias["domain"], "example.org");
        assert_eq!(alias["active"], true);
        assert_eq!(alias["description"], "shop");
        assert_eq!(alias["last_forwarded"], "2026-11-18 11:06:40");
        assert_eq!(alias["created_at"], Value::Null);
        let alias = resource(&told("a+b@example.org"));
        assert_eq!((&alias["local_part"], &alias["extension"]), (&json!("a"), &json!("b")));
        let alias = resource(&told("+b@example.org"));
        assert_eq!((&alias["local_part"], &alias["extension"]), (&json!("+b"), &Value::Null));
    }

    #[test]
    fn ids_there_and_back() {
        for number in [0, 1, 17, u32::MAX] {
            assert_eq!(alias_id(&id(number)), Some(number));
        }
        for text in
            ["", "17", ID, "6f6e7761-7264-8000-8000-0000000000Gg", &format!("{ID}ffffffffffff")]
        {
            assert_eq!(alias_id(text), None, "{text}");
        }
        assert_eq!(alias_id("6f6e7761-7264-8000-8000-+00000000001"), None);
    }

    #[test]
    fn what_the_extension_asks_at_its_start() {
        let domains = [Domain::parse("example.org").unwrap()];
        let options = json!({
            "data": ["example.org"],
            "sharedDomains": [],
            "defaultAliasDomain": "example.org",
            "defaultAliasFormat": "random_characters",
        });
        for format in [NameFormat::RandomCharacters, NameFormat::Site] {
            assert_eq!(domain_options(&domains, format), options);
        }
        let words = domain_options(&domains, NameFormat::RandomWords);
        assert_eq!(words["defaultAliasFormat"], "random_words");
        assert_eq!(domain_options(&[], NameFormat::Uuid)["defaultAliasDomain"], Value::Null);
    }
}
