//! Dependencies point one way: web, cli → daemon → mail, admin → edges → config → protocols → core; and the lower two
//! layers do no I/O, read no clock and draw no randomness. `rusqlite` is known in `store/sqlite` alone, `tokio_postgres` in `store/postgres`. `docs/ARCHITECTURE.md` has the map.
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
            "address",
            "reply",
            "envelope",
            "srs",
            "alias",
            "account",
            "token",
            "session",
            "message",
            "fate",
            "next_hop",
            "retry",
            "dsn",
            "verdict",
            "provider",
            "time",
            "rate",
            "dnsbl",
            "slots",
            "client_setup",
            "naming",
            "event",
            "digest",
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
            "tlsa",
            "tls_rpt",
            "rspamd",
            "sasl",
            "password_manager",
        ],
    ),
    ("config", &["config"]),
    (
        "edges",
        &[
            "store",
            "dns",
            "inbound",
            "outbound",
            "http",
            "auth",
            "postfix",
            "tls",
            "acme",
            "metrics",
            "keys",
            "clock",
            "spam_filter",
            "turns",
            "web_client",
        ],
    ),
    ("what it does", &["mail", "admin"]),
    ("daemon", &["daemon"]),
    ("web, cli", &["web", "cli", "log", "lib", "main"]),
];

/// Which other edges an edge may use.
const EDGES: [(&str, &[&str]); 15] = [
    ("clock", &[]),
    ("turns", &[]),
    ("store", &["clock", "tls"]),
    ("dns", &["turns"]),
    ("tls", &["clock"]),
    ("metrics", &["clock"]),
    ("inbound", &["clock", "tls"]),
    ("http", &["inbound", "tls"]),
    ("postfix", &["inbound"]),
    ("outbound", &["clock", "dns", "tls", "web_client"]),
    ("auth", &["dns"]),
    ("acme", &["clock", "http", "inbound", "tls"]),
    ("keys", &["acme", "auth", "tls"]),
    ("spam_filter", &["dns", "tls"]),
    ("web_client", &["tls"]),
];

/// What commands ask `admin` for, and do not touch themselves.
const BEHIND_ADMIN: [&str; 14] = [
    "store",
    "auth",
    "dns",
    "tls",
    "inbound",
    "outbound",
    "keys",
    "http",
    "postfix",
    "acme",
    "metrics",
    "mail",
    "spam_filter",
    "web_client",
];

/// Commands that are more than arguments and printing, and what they may touch all the same.
const OWN_WAY: [(&str, &[&str]); 5] = [
    ("cli/init/mod.rs", &["tls"]),
    ("cli/serve/manager.rs", &["inbound"]),
    ("cli/serve/mod.rs", &["outbound"]),
    ("cli/trial/mailbox.rs", &["inbound"]),
    ("cli/trial/mod.rs", &["outbound"]),
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

/// What describes routes. Types say of themselves how their JSON looks, wherever they are, as they do by serde.
const DESCRIBING: [&str; 2] = ["utoipa::path", "utoipa_axum"];

fn layer_of(module: &str) -> usize {
    LAYERS
        .iter()
        .position(|(_, modules)| modules.contains(&module))
        .unwrap_or_else(|| panic!("module `{module}` has no layer: name it in tests/layering.rs"))
}

fn edges_of(module: &str) -> &'static [&'static str] {
    let edge = EDGES.iter().find(|(edge, _)| *edge == module);
    edge.unwrap_or_else(|| panic!("name the edges that `{module}` may use in tests/layering.rs")).1
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

/// What is wrong with the `code` of a file, named from `src/` on.
fn wrong_in(file: &str, code: &str) -> Vec<String> {
    let module = file.split('/').next().unwrap().trim_end_matches(".rs");
    let layer = layer_of(module);
    let name = LAYERS[layer].0;
    let mut wrong = Vec::new();
    for used in uses(code).into_iter().filter(|used| used != module) {
        if layer_of(&used) > layer {
            let above = LAYERS[layer_of(&used)].0;
            wrong.push(format!("{file}: {name} uses {used}, of the higher layer {above}"));
        } else if name == "edges"
            && layer_of(&used) == layer
            && !edges_of(module).contains(&used.as_str())
        {
            wrong.push(format!("{file}: {module} is not to use {used}"));
        }
    }
    if code.contains("rusqlite") && !file.starts_with("store/sqlite/") {
        wrong.push(format!("{file}: SQL stands in store/sqlite alone"));
    }
    let is_postgres = ["tokio_postgres", "deadpool_postgres"].iter().any(|it| code.contains(it));
    // The URL of a database is read with the configuration.
    if is_postgres && !file.starts_with("store/postgres/") && file != "config/database.rs" {
        wrong.push(format!("{file}: SQL of PostgreSQL stands in store/postgres alone"));
    }
    for word in DESCRIBING.iter().filter(|word| module != "web" && code.contains(**word)) {
        wrong.push(format!("{file}: `{word}` is for web, where the routes are"));
    }
    if names_its_text(code) {
        wrong.push(format!(
            "{file}: a field `message` of a log line stands in the midst of its text"
        ));
    }
    for word in IMPURE.iter().filter(|word| layer <= 1 && code.contains(**word)) {
        wrong.push(format!("{file}: `{word}` in the {name}"));
    }
    wrong
}

/// True where a line of the log has a field of the name that its text has.
fn names_its_text(code: &str) -> bool {
    let events = ["error!(", "warn!(", "info!(", "debug!("];
    let fields = events.iter().flat_map(|event| code.split(event).skip(1));
    // The text stands behind the fields.
    let fields = fields.flat_map(|event| event.split('"').next().unwrap().split(','));
    let mut names = fields.map(|field| field.split('=').next().unwrap().trim());
    names.any(|name| name.trim_start_matches(['%', '?']) == "message")
}

#[test]
fn no_arrow_points_up_and_the_core_is_pure() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&src, &mut files);
    let mut wrong = Vec::new();
    for file in &files {
        let relative = file.strip_prefix(&src).unwrap();
        let is_test = relative.file_name().is_some_and(|name| name == "tests.rs");
        if !is_test {
            wrong.extend(wrong_in(relative.to_str().unwrap(), &code(file)));
        }
    }
    assert!(files.len() > 20, "found only {} files", files.len());
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// What a file of the command line touches that it should ask `admin` for.
fn past_admin(file: &str, code: &str) -> Vec<String> {
    let allowed = OWN_WAY.iter().find(|(own, _)| *own == file).map_or(&[][..], |(_, may)| may);
    let is_wrong = |module: &String| {
        BEHIND_ADMIN.contains(&module.as_str()) && !allowed.contains(&module.as_str())
    };
    uses(code).into_iter().filter(is_wrong).map(|module| format!("{file} uses {module}")).collect()
}

#[test]
fn commands_do_what_they_do_through_admin() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&src.join("cli"), &mut files);
    let wrong = files.iter().flat_map(|file| {
        past_admin(file.strip_prefix(&src).unwrap().to_str().unwrap(), &code(file))
    });
    assert_eq!(wrong.collect::<Vec<_>>(), [""; 0]);

    let shortcut = "use crate::{\n    admin::domains,\n    store::Directory,\n};";
    assert_eq!(past_admin("cli/domain.rs", shortcut), ["cli/domain.rs uses store"]);
    assert!(past_admin("cli/trial/mod.rs", "use crate::outbound::Dialogue;").is_empty());
}

#[test]
fn a_forbidden_arrow_is_found() {
    let code = "use crate::{\n    config::Config,\n    dns::Resolver,\n    tls::Acceptor,\n};\n";
    assert!(wrong_in("outbound/mod.rs", code).is_empty());
    assert_eq!(
        wrong_in("inbound/driver.rs", code),
        ["inbound/driver.rs: inbound is not to use dns"]
    );
    assert_eq!(
        wrong_in("proxy.rs", "use crate::dns::Resolver;"),
        ["proxy.rs: protocols uses dns, of the higher layer edges"]
    );
    assert_eq!(
        wrong_in("dns/mod.rs", "crate::daemon::run()"),
        ["dns/mod.rs: edges uses daemon, of the higher layer daemon"]
    );
    assert_eq!(
        wrong_in("srs/tag.rs", "Instant::now()"),
        ["srs/tag.rs: `Instant::now` in the core"]
    );
    assert_eq!(
        wrong_in("admin/x.rs", "use tokio_postgres::Client;"),
        ["admin/x.rs: SQL of PostgreSQL stands in store/postgres alone"]
    );
    for fields in ["message", "message = seq, %error", "%error, %message"] {
        let line = format!("tracing::error!({fields}, \"cannot\")");
        let text = "a field `message` of a log line stands in the midst of its text";
        assert_eq!(wrong_in("mail/x.rs", &line), [format!("mail/x.rs: {text}")]);
    }
    assert!(wrong_in("mail/x.rs", "tracing::error!(seq = message, \"a message\")").is_empty());
    assert!(wrong_in("web/api/x.rs", "#[utoipa::path(get)]").is_empty());
    assert_eq!(
        wrong_in("admin/x.rs", "#[utoipa::path(get)]"),
        ["admin/x.rs: `utoipa::path` is for web, where the routes are"]
    );
}

#[test]
fn the_reader_of_use_lines_sees_nested_lists() {
    let code = "use crate::{\n    address::{Domain, Mailbox},\n    dns::Resolver,\n};\nlet x = crate::srs::f();";
    assert_eq!(uses(code), ["address", "dns", "srs"]);
}
