use super::{define::section, reader::Table};
use crate::{
    address::Domain,
    provider::{Limits, OwnProvider},
    rate::Rate,
};

/// Most tables: each is looked at for each host.
const MOST: usize = 200;
/// Longest name: it is in file names of nobody, and in lines of people.
const MAX_NAME: usize = 64;

section! {
    /// What the hosts of a provider take, before the built-in table (docs/OPERATIONS.md); any number of them up to 200, the
    /// first match wins.
    tables "provider", Keys;

    /// The name of the provider, as in `onward provider list`.
    name: String = text("lower-case letters, digits, `-` and dots, 64 at most", name), required;
    /// Its hosts, as the MX of destination domains or a route names them: `.mx.example.net` is all below, without a dot
    /// in front it is one host.
    r#match: Vec<String> = list("ends of host names, such as \".mx.example.net\"", suffix), required;
    /// Connections at once, to all of its hosts together, those that are kept for the next message among them.
    connections: u32 = integer(1, 1000), default 10;
    /// Messages over one connection.
    messages_per_connection: u32 = integer(1, 100_000), default 100;
    /// Messages in all.
    rate: Option<Rate> = rate, absent "as many as it takes";
}

pub(super) fn read(root: &Table<'_>) -> Option<Vec<OwnProvider>> {
    let tables: Vec<Keys<'_>> = root.tables();
    if let Some(beyond) = tables.get(MOST) {
        beyond
            .name
            .refuse(format!("this is provider number {}", MOST + 1), format!("{MOST} providers"));
    }
    let mut names = Vec::new();
    for keys in &tables {
        let Some(name) = &keys.name.value else { continue };
        if names.contains(&name) {
            keys.name
                .refuse(format!("there are two providers {name:?}"), "a name of its own for each");
        }
        names.push(name);
    }
    tables.into_iter().map(provider).collect()
}

fn provider(keys: Keys<'_>) -> Option<OwnProvider> {
    if keys.r#match.value.as_ref().is_some_and(Vec::is_empty) {
        keys.r#match.refuse_value("empty: no host would be its own");
        return None;
    }
    let limits = Limits {
        connections: keys.connections.value?,
        messages: keys.messages_per_connection.value?,
        rate: keys.rate.value?,
    };
    Some(OwnProvider { name: keys.name.value?, suffixes: keys.r#match.value?, limits })
}

fn name(text: &str) -> Result<String, String> {
    let is_fine = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.');
    let is_name = !text.is_empty() && text.len() <= MAX_NAME && text.chars().all(is_fine);
    if is_name { Ok(text.to_owned()) } else { Err(format!("{text:?} is no such name")) }
}

fn suffix(text: &str) -> Result<String, String> {
    let name = text.strip_prefix('.').unwrap_or(text);
    match Domain::parse(name) {
        Ok(domain) if domain.literal().is_none() => {
            let dot = if text.starts_with('.') { "." } else { "" };
            Ok(format!("{dot}{}", domain.to_key().trim_end_matches('.')))
        }
        _ => Err(format!("{text:?} is no host name, with a dot in front or without")),
    }
}
