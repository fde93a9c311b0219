use super::*;
use regex::Regex;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// The variables of each text of a language.
fn variables(language: Language) -> BTreeMap<String, BTreeSet<String>> {
    let resource = FluentResource::try_new(language.source().to_owned());
    assert!(resource.is_ok(), "{language:?}: {:?}", resource.err().map(|(_, errors)| errors));
    let (mut all, mut key) = (BTreeMap::new(), String::new());
    let variable = Regex::new(r"\$([a-z-]+)").unwrap();
    for line in language.source().lines() {
        if let Some((name, _)) = line.split_once(" =")
            && line.starts_with(|c: char| c.is_ascii_lowercase())
        {
            key = name.to_owned();
            let twice = all.insert(key.clone(), BTreeSet::new());
            assert!(twice.is_none(), "{language:?}: {key} stands there twice");
        }
        let names = variable.captures_iter(line).map(|found| found[1].to_owned());
        let names: Vec<_> = names.collect();
        if !line.starts_with('#') && !names.is_empty() {
            all.get_mut(&key).unwrap().extend(names);
        }
    }
    all
}

/// The code of the page without its tests.
fn code() -> String {
    fn read(dir: &Path, text: &mut String) {
        let mut paths: Vec<PathBuf> =
            fs::read_dir(dir).unwrap().map(|e| e.unwrap().path()).collect();
        paths.sort();
        for path in paths {
            if path.is_dir() {
                read(&path, text);
            } else if path.extension().is_some_and(|ext| ext == "rs") && !path.ends_with("tests.rs")
            {
                let file = fs::read_to_string(&path).unwrap();
                text.push_str(file.split("#[cfg(test)]").next().unwrap());
            }
        }
    }
    let mut text = String::new();
    read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/web/page"), &mut text);
    text
}

#[test]
fn every_text_is_there_in_every_language_and_used() {
    let english = variables(Language::English);
    let german = variables(Language::German);
    assert_eq!(english, german, "a key or a variable is missing in one language");
    let code = code();
    let said = Regex::new(r#"say\(\s*"([^"]+)""#).unwrap();
    for key in said.captures_iter(&code).map(|found| found[1].to_owned()) {
        assert!(english.contains_key(&key), "{key} is said and stands in no file");
    }
    // A key that is chosen among several stands in the code too, somewhere.
    for key in english.keys() {
        assert!(code.contains(&format!("\"{key}\"")), "{key} is said nowhere");
    }
}

#[test]
fn the_language_that_is_wanted_most() {
    for (wanted, language) in [
        ("", Language::English),
        ("de", Language::German),
        ("de-AT,en;q=0.5", Language::German),
        ("fr,de;q=0.4,en;q=0.3", Language::German),
        ("fr", Language::English),
        ("en;q=0.4, de;q=0.8", Language::German),
        ("de;q=0", Language::English),
        ("de;q=x", Language::English),
    ] {
        assert_eq!(best(wanted), language, "{wanted}");
    }
}

#[test]
fn a_choice_counts_more_than_the_browser() {
    let headers = HeaderMap::from_iter([
        (ACCEPT_LANGUAGE, "de".parse().unwrap()),
        (hyper::header::COOKIE, "lang=en".parse().unwrap()),
    ]);
    assert_eq!(Texts::of(&headers).language(), Language::English);
}

#[test]
fn numbers_and_what_comes_from_outside() {
    let [english, german] = Language::ALL.map(Texts);
    assert_eq!(english.number(1_234_567), "1,234,567");
    assert_eq!(german.number(1_234_567), "1.234.567");
    assert_eq!(german.number(12), "12");
    let said = english.say("trouble-wait-text", &[("seconds", 1_200_u64.into())]);
    assert!(said.contains("1,200"), "{said}");
    let said = english.say("sessions-revoked", &[("id", "\u{202e}x".into())]);
    assert!(said.contains("U+202E") && !said.contains('\u{202e}'), "{said}");
    assert_eq!(english.say("no-such-key", &[]), "no-such-key");
}
