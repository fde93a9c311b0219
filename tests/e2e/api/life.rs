//! The life of a token, and where it is not.

use super::{Api, client::token};
use crate::support::{onward::Onward, wait_until};
use serde_json::{Value, json};
use std::{fs, path::Path, thread};

fn make(api: &Api, token: &str, name: &str) -> super::Answer {
    let body = json!({"address": format!("{name}@example.org")});
    api.ask(token, "POST", "/api/aliases", Some(&body))
}

fn listed(api: &Api, id: &str) -> Value {
    let lines = api.onward.run(&["token", "list", "--json"]);
    let mut lines = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.find(|line| line["id"] == id).unwrap_or(Value::Null)
}

#[test]
fn made_used_over_its_limit_and_revoked() {
    let api = Api::start();
    let create = ["--domain", "example.org", "--to", "me@sink.test", "--daily-limit", "3"];
    let made =
        api.onward.run(&[&["token", "add", "--label", "phone", "--json"], &create[..]].concat());
    let made: Value = serde_json::from_str(&made).unwrap();
    let (token, id) = (made["token"].as_str().unwrap(), made["id"].as_str().unwrap());
    assert_eq!(make(&api, token, "a").status, 201);
    assert_eq!(make(&api, token, "a").status, 409, "what is refused is not counted");
    assert_eq!(make(&api, token, "*").status, 403);
    assert_eq!(make(&api, token, "b").status, 201);
    wait_until("what was refused to be given back", || {
        (listed(&api, id)["changes_today"] == 2).then_some(())
    });
    assert_eq!(make(&api, token, "c").status, 201);
    let over = make(&api, token, "d");
    assert_eq!(over.status, 429, "{over:?}");
    over.faults();
    let wait: u64 = over.field("retry-after").unwrap().parse().unwrap();
    assert!((1..=86_400).contains(&wait), "until midnight: {wait}");
    assert!(!api.onward.run(&["alias", "list"]).contains("d@example.org"));
    wait_until("its use to be written down", || {
        let line = listed(&api, id);
        (line["changes_today"] == 3 && line["client"] == "127.0.0.1").then_some(())
    });

    assert_eq!(api.onward.run(&["token", "revoke", id]), format!("revoked {id} (phone)\n"));
    // By another process, and with the very next request.
    assert_eq!(make(&api, token, "e").status, 401);
    assert_eq!(listed(&api, id), Value::Null);
}

#[test]
fn many_at_once_do_not_pass_the_limit() {
    let api = Api::start();
    let limited = token(
        &api.onward,
        &["--domain", "example.org", "--to", "me@sink.test", "--daily-limit", "5"],
    );
    let statuses: Vec<u16> = thread::scope(|scope| {
        let threads: Vec<_> = (0..12)
            .map(|n| {
                let (api, limited) = (&api, &limited);
                scope.spawn(move || make(api, limited, &format!("at-once-{n}")).status)
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let of = |status| statuses.iter().filter(|one| **one == status).count();
    assert_eq!((of(201), of(429)), (5, 7), "{statuses:?}");
    let made = api.onward.run(&["alias", "list"]);
    assert_eq!(made.matches("at-once-").count(), 5, "{made}");
}

#[test]
fn a_token_ends_with_its_time_and_with_its_domain() {
    let api = Api::start();
    let soon = token(&api.onward, &["--scope", "admin", "--expires", "5s"]);
    wait_until("it to expire", || {
        (api.ask(&soon, "GET", "/api/domains", None).status == 401).then_some(())
    });
    assert_eq!(api.ask(&api.manage, "GET", "/api/domains", None).status, 200);
    api.onward.run(&["domain", "remove", "example.org"]);
    api.onward.run(&["domain", "add", "example.org"]);
    assert_eq!(
        api.ask(&api.manage, "GET", "/api/domains", None).status,
        401,
        "not for whoever hosts it next"
    );
    assert_eq!(api.ask(&api.admin, "GET", "/api/domains", None).status, 200);
}

#[track_caller]
fn is_in_no_file(directory: &Path, secret: &str) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            is_in_no_file(&path, secret);
        } else if let Ok(octets) = fs::read(&path) {
            let is_there = octets.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!is_there, "{secret} stands in {}", path.display());
        }
    }
}

#[test]
fn a_token_stands_in_no_log_and_no_file() {
    let mut api = Api::start_with(Onward::builder().config("log_level = \"trace\""));
    let wrong = "onw_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    for token in [&api.create, &api.manage, &api.admin, &wrong.to_owned()] {
        api.ask(token, "GET", "/api/status", None);
        make(&api, token, "a");
        // In the wrong places.
        api.raw("GET", "/api/aliases", &format!("Authorization: Basic {token}\r\n"), b"");
        api.ask(&api.admin, "PATCH", "/api/aliases/absent@example.org", Some(&json!({"note": 1})));
    }
    let log = api.onward.log().join("\n");
    api.onward.terminate();
    for token in [&api.create, &api.manage, &api.admin, &wrong.to_owned()] {
        let bare = token.trim_start_matches("onw_");
        is_in_no_file(&api.onward.state_dir(), bare);
        assert!(!log.contains(bare), "in the log");
    }
}
