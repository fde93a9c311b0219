//! Each `tests/configs/NN-name.toml` gives exactly what its `.expected` says: the findings, or
//! `valid` and the warnings. With `UPDATE_EXPECTED=1` the files are rewritten, to be read in the diff.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use onward::config::{Config, Machine};
use std::{
    fs,
    path::{Path, PathBuf},
};

#[test]
fn every_broken_config_is_explained() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/configs");
    let mut files: Vec<PathBuf> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .collect();
    files.sort();
    assert!(files.len() >= 15, "the configs are found");

    let mut wrong = String::new();
    for file in files {
        let answer = answer(&file);
        let expected_file = file.with_extension("expected");
        if std::env::var_os("UPDATE_EXPECTED").is_some() {
            fs::write(&expected_file, &answer).unwrap();
        }
        let expected = fs::read_to_string(&expected_file).unwrap_or_default();
        if answer != expected {
            wrong.push_str(&format!(
                "\n{}\n--- expected\n{expected}--- is\n{answer}",
                file.display()
            ));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

fn answer(file: &Path) -> String {
    let name = Path::new(file.file_name().unwrap());
    let machine = Machine { hostname: "machine".into(), ..Machine::default() };
    match Config::parse(&fs::read_to_string(file).unwrap(), name, &machine) {
        Ok(config) => {
            let warnings = config.warnings.iter().map(|warning| format!("warning: {warning}\n"));
            format!("valid\n{}", warnings.collect::<String>())
        }
        Err(error) => format!("{error}\n"),
    }
}

#[test]
fn the_reference_is_the_one_of_the_definitions() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/CONFIG.md");
    if std::env::var_os("UPDATE_EXPECTED").is_some() {
        fs::write(&file, onward::config::reference::markdown()).unwrap();
    }
    let committed = fs::read_to_string(file).unwrap_or_default();
    assert_eq!(committed, onward::config::reference::markdown(), "set UPDATE_EXPECTED=1 and look");
}
