//! docs/SECURITY.md names tests; every one of them exists.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The first cells of its tables.
const HEADS: [&str; 2] = ["| attack |", "| he sends |"];

#[test]
fn the_tests_it_names_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(root.join("docs/SECURITY.md")).unwrap();
    let rows: Vec<Vec<&str>> = text
        .lines()
        .filter(|line| line.starts_with("| ") && !HEADS.iter().any(|head| line.starts_with(head)))
        .map(|line| line.split('|').map(str::trim).collect())
        .collect();
    assert!(rows.len() >= 15, "the table is found");
    for row in rows {
        let [_, attack, _, tests, _] = row[..] else { panic!("three columns: {row:?}") };
        let named: Vec<&str> = tests.split('`').skip(1).step_by(2).collect();
        assert!(!named.is_empty() || tests == "by design", "no test against: {attack}");
        for name in named {
            assert!(exists(root, name), "{name}, against: {attack}");
        }
    }
}

/// `tests/…` is a path; `a::b` is a module that has tests, `a::b::test` one test of it.
fn exists(root: &Path, name: &str) -> bool {
    if name.starts_with("tests/") {
        return root.join(name).exists();
    }
    let has = |module: &str, what: &str| {
        let stem = module.replace("::", "/");
        let files: [PathBuf; 3] = [
            root.join(format!("src/{stem}.rs")),
            root.join(format!("src/{stem}/mod.rs")),
            root.join(format!("src/{stem}/tests.rs")),
        ];
        files.iter().any(|file| fs::read_to_string(file).is_ok_and(|text| text.contains(what)))
    };
    let test = name.rsplit_once("::").map(|(module, test)| (module, format!("fn {test}()")));
    has(name, "#[test]") || test.is_some_and(|(module, test)| has(module, &test))
}
