//! Dependencies point one way: cli → daemon → mail, admin → edges → config → protocols → core; and the lower two
//! layers do no I/O, read no clock and draw no randomness. `rusqlite` is known in `store/sqlite` alone. `docs/ARCHITECTURE.md` has the map.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    missing_docs
)]

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Lowest first. What is not named here fails the test, so a new module must choose its layer.
const LAYERS: [(&str, &[&str]); 7] = [
    (
        "core",
        &[
            "address", "reply", "envelope", "srs", "alias", "message", "fate", "next_hop", "retry",
            "dsn", "verdict", "time",
        ],
    ),
    (
        "protocols",
        &[
            "smtp",
            "proxy",
            "lookup",
            "netstring",
            "socketmap",
            "tcp_table",
            "policy",
            "milter",
            "mta_sts",
            "tls_rpt",
        ],
    ),
    ("config", &["config"]),
    (
        "edges",
        &[
            "store", "dns", "inbound", "outbound", "http", "auth", "postfix", "tls", "acme",
            "metrics", "keys", "clock",
        ],
    ),
    ("what it does", &["mail", "admin"]),
    ("daemon", &["daemon"]),
    ("cli", &["cli", "log", "lib", "main"]),
];

/// What the lower two layers must not touch.
const IMPURE: [&str; 11] = [
    "tokio",
    "std::fs",
    "std::env",
    "std::thread",
    "std::process",
    "TcpStream",
    "TcpListener",
    "UdpSocket",
    "SystemTime",
    "Instant::now",
    "getrandom",
];

fn layer_of(module: &str) -> usize {
    LAYERS
        .iter()
        .position(|(_, modules)| modules.contains(&module))
        .unwrap_or_else(|| panic!("module `{module}` has no layer: name it in tests/layering.rs"))
}

fn sources(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ext| ext == "rs") {
            found.push(path);
        }
    }
}

/// The code of a file: without comments and without what stands behind its first `#[cfg(test)]`.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let text = text.split("#[cfg(test)]").next().unwrap();
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

/// Modules named in `crate::module` and in `use crate::{module::…, module::…}`.
fn uses(code: &str) -> Vec<String> {
    let mut modules = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        if let Some(list) = rest.strip_prefix('{') {
            let mut depth = 0;
            let mut name = String::new();
            for c in list.chars() {
                match c {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => modules.push(std::mem::take(&mut name)),
                    c if depth == 0 => name.push(c),
                    _ => {}
                }
            }
            modules.push(name);
        } else {
            modules.push(rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect());
        }
    }
    modules
        .into_iter()
        .map(|path| path.trim().split("::").next().unwrap_or_default().to_owned())
        .filter(|module| module.chars().next().is_some_and(char::is_lowercase))
        .collect()
}

#[test]
fn no_arrow_points_up_and_the_core_is_pure() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&src, &mut files);
    let mut wrong = Vec::new();
    for file in &files {
        let relative = file.strip_prefix(&src).unwrap();
        let first = relative.iter().next().unwrap().to_str().unwrap();
        let layer = layer_of(first.trim_end_matches(".rs"));
        let is_test = relative.file_name().is_some_and(|name| name == "tests.rs");
        if is_test {
            continue;
        }
        let code = code(file);
        for module in uses(&code) {
            if layer_of(&module) > layer {
                wrong.push(format!(
                    "{}: {} uses {module}, of the higher layer {}",
                    relative.display(),
                    LAYERS[layer].0,
                    LAYERS[layer_of(&module)].0
                ));
            }
        }
        if code.contains("rusqlite") && !relative.starts_with("store/sqlite") {
            wrong.push(format!("{}: SQL stands in store/sqlite alone", relative.display()));
        }
        for word in IMPURE.iter().filter(|word| layer <= 1 && code.contains(**word)) {
            wrong.push(format!("{}: `{word}` in the {}", relative.display(), LAYERS[layer].0));
        }
    }
    assert!(files.len() > 20, "found only {} files", files.len());
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn the_reader_of_use_lines_sees_nested_lists() {
    let code = "use crate::{\n    address::{Domain, Mailbox},\n    dns::Resolver,\n};\nlet x = crate::srs::f();";
    assert_eq!(uses(code), ["address", "dns", "srs"]);
}
