//! Method, path, query and body of whatever asks as a password manager does: what is read of it keeps its bounds, nothing
//! of it is markup of an answer, and no name is one that speaks for a domain.
#![no_main]

use libfuzzer_sys::fuzz_target;
use onward::{
    naming::{Site, is_reserved, new_name},
    password_manager::{Dialect, Fields, MAX_NOTE, Query, addy, simplelogin},
    token::NameFormat,
};

fuzz_target!(|data: &[u8]| {
    let mut parts = data.splitn(4, |octet| *octet == b'\n');
    let mut next = || parts.next().unwrap_or_default();
    let (method, path, query, body) = (next(), next(), next(), next());
    let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
    let (method, path, query) = (text(method), text(path), Query::read(&text(query)));
    let dialect = Dialect::of_path(&path, true);
    let addy_route = addy::Route::of(&method, &path);
    let simplelogin_route = simplelogin::Route::of(&method, &path);
    assert!(addy_route.is_err() || dialect == Some(Dialect::Addy));
    assert!(simplelogin_route.is_err() || dialect == Some(Dialect::SimpleLogin));

    let note = |note: &Option<String>| {
        if let Some(note) = note {
            assert!(!note.is_empty() && note.chars().count() <= MAX_NOTE);
            assert!(!note.chars().any(|sign| sign.is_control() || ('\u{202a}'..='\u{202e}').contains(&sign)));
        }
    };
    let site = |site: &Option<Site>| {
        let name = new_name(NameFormat::Site, site.as_ref(), [7; 16]);
        assert!(name.len() <= 64 && !is_reserved(&name));
        let is_plain = |octet: u8| {
            octet.is_ascii_lowercase() || octet.is_ascii_digit() || b".-".contains(&octet)
        };
        assert!(name.bytes().all(is_plain), "{name}");
    };
    let listing = addy::Listing::read(&query);
    assert!(listing.number >= 1 && (1..=100).contains(&listing.size));
    let _ = listing.page(vec![1, 2, 3]);
    site(&query.text("hostname").and_then(Site::of));
    let Ok(fields) = Fields::read(body) else { return };
    if let Ok(alias) = addy::NewAlias::read(&fields) {
        note(&alias.description);
        site(&alias.site);
        assert!(alias.chosen.is_none_or(|name| !is_reserved(name.as_str())));
    }
    if let Ok(alias) = simplelogin::NewAlias::read(&query, &fields) {
        note(&alias.note);
        site(&alias.site);
    }
    if let Ok(alias) = simplelogin::CustomAlias::read(&fields) {
        note(&alias.note);
        assert!(!is_reserved(alias.name.as_str()));
    }
    if let Ok(listing) = simplelogin::Listing::read(&query, &fields) {
        let _ = listing.page(vec![1, 2, 3]);
    }
});
