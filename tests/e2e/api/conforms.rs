//! The document: committed as it is served, and kept to, whatever is asked.

use super::Api;
use crate::support::{onward::Onward, peer, receiver::Receiver};
use serde_json::{Value, json};
use std::{collections::BTreeMap, env, fs, path::Path, process::Command};

const COMMITTED: &str = "docs/openapi.json";

#[test]
fn the_committed_document_is_the_one_that_is_served() {
    let api = Api::start();
    let served = in_order(api.raw("GET", "/api/openapi.json", "", b"").json());
    let served = serde_json::to_string_pretty(&served).unwrap() + "\n";
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(COMMITTED);
    if env::var_os("UPDATE_EXPECTED").is_some() {
        fs::write(&file, served).unwrap();
        return;
    }
    let committed = fs::read_to_string(&file).unwrap();
    assert!(committed == served, "{COMMITTED} is another one; UPDATE_EXPECTED=1 brings it in line");
}

/// The same with the fields of objects in alphabetical order, whichever order this build keeps.
fn in_order(value: Value) -> Value {
    match value {
        Value::Object(object) => {
            let fields: BTreeMap<_, _> = object.into_iter().collect();
            fields.into_iter().map(|(name, value)| (name, in_order(value))).collect()
        }
        Value::Array(list) => list.into_iter().map(in_order).collect(),
        other => other,
    }
}

/// Requests that a program makes up from the document, sound ones and others: no answer is one that the document does not
/// allow, and none says that something failed. `API_EXAMPLES` sets how many are made up for each operation; more than ten
/// thousand requests, with their number and time, are seen by
/// `API_EXAMPLES=600 cargo test --test e2e -- --nocapture whatever_is_asked` (nextest would end it after two minutes).
#[test]
fn whatever_is_asked_is_answered_as_the_document_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let programs = root.join("target/verifiers/bin");
    let schemathesis = programs.join("schemathesis");
    let Some(schemathesis) = peer::program(schemathesis.to_str().unwrap()) else { return };
    let sink = Receiver::smtp().start();
    let api = Api::start_with(Onward::builder().route("sink.test", &sink.route()));
    for n in 0..5 {
        api.onward.run(&["alias", "add", &format!("a{n}@example.org"), "bob@sink.test"]);
    }
    api.onward.session().transaction("", &["a1@example.org"], b"From: <a@b.test>\r\n\r\nx\r\n");
    let examples = env::var("API_EXAMPLES").unwrap_or_else(|_| "8".into());
    let url = format!("http://{}/api/openapi.json", api.address);
    let directory = tempfile::tempdir().unwrap();
    // Its first line names the place where it was installed, which may have been another.
    let output = Command::new(programs.join("python3"))
        .arg(schemathesis)
        .args(["run", &url, "--max-examples", &examples, "--seed", "1", "--no-color"])
        .args(["--header", &format!("Authorization: Bearer {}", api.admin)])
        .args(["--checks", "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,response_headers_conformance"])
        .args(["--phases", "examples,fuzzing", "--workers", "2", "--request-timeout", "30"])
        .current_dir(directory.path())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    println!("{told}");
    assert!(output.status.success(), "{told}\n{}", String::from_utf8_lossy(&output.stderr));
    // What was made up has not taken the daemon down.
    assert_eq!(api.ask(&api.admin, "GET", "/api/status", None).status, 200);
}

#[test]
fn of_what_is_got_the_document_says_that_it_may_be_the_same() {
    let api = Api::start();
    let document = api.raw("GET", "/api/openapi.json", "", b"").json();
    let paths = document["paths"].as_object().unwrap();
    let got = paths.iter().filter_map(|(path, item)| Some((path, item.get("get")?)));
    let silent: Vec<_> = got.filter(|(_, get)| get["responses"].get("304").is_none()).collect();
    assert!(silent.is_empty(), "{silent:?}");
    for path in ["/api/openapi.json", "/api/domains", "/api/blocks", "/api/queue"] {
        let tag = api.ask(&api.admin, "GET", path, None).field("etag").unwrap().to_owned();
        let has = format!("If-None-Match: {tag}\r\n");
        let same = api.ask_with(&api.admin, "GET", path, None, &has);
        assert_eq!((same.status, same.body.as_str()), (304, ""), "{path}");
    }
}

/// Objects in answers hold fields that the document names and no others; a schema of a part is looked up by its name.
#[test]
fn answers_have_the_fields_of_the_document() {
    let api = Api::start();
    let document = api.raw("GET", "/api/openapi.json", "", b"").json();
    let all = json!({
        "address": "all@example.org", "destinations": ["bob@sink.test"], "note": "x", "max_messages": 5,
        "expires": "2099-12-31T12:00:00Z", "allow": ["@a.test"], "block": ["@b.test"], "limit": "30/1h",
        "spam": "mark", "keep_tag": true, "digest": "daily", "reply_by_address": true, "enabled": false,
    });
    let made = api.admin("POST", "/api/aliases", Some(&all), 201);
    fits(&document, "Alias", &made);
    let rejects = json!({"address": "r@example.org", "action": "reject", "text": "gone"});
    fits(&document, "Alias", &api.admin("POST", "/api/aliases", Some(&rejects), 201));
    fits(&document, "AliasPage", &api.admin("GET", "/api/aliases", None, 200));
    fits(&document, "Domains", &api.admin("GET", "/api/domains", None, 200));
    let auto = json!({"auto_create": {"pattern": "shop-.+", "destinations": ["bob@sink.test"]}, "digest": "daily"});
    fits(&document, "Domain", &api.admin("PATCH", "/api/domains/example.org", Some(&auto), 200));
    let block = json!({"pattern": "@a.test", "domain": "example.org", "note": "x"});
    fits(&document, "Block", &api.admin("POST", "/api/blocks", Some(&block), 201));
    fits(&document, "Blocks", &api.admin("GET", "/api/blocks", None, 200));
    fits(&document, "Problem", &api.admin("GET", "/api/nothing", None, 404));
}

#[track_caller]
fn fits(document: &Value, name: &str, value: &Value) {
    let schema = &document["components"]["schemas"][name];
    let fields = schema["properties"].as_object().unwrap_or_else(|| panic!("no schema {name}"));
    for field in value.as_object().unwrap().keys() {
        assert!(fields.contains_key(field), "{field} is no field of {name}: {value}");
    }
    let required = schema["required"].as_array().cloned().unwrap_or_default();
    for field in required {
        assert!(
            value.get(field.as_str().unwrap()).is_some(),
            "{field} is missing in {name}: {value}"
        );
    }
}
