//! What no client should send, and what none is told.

use super::http::{Answer, raw, request};
use super::{Host, MAILBOX};
use serde_json::json;

const ADDY: &str = "/api/v1/aliases";
const SIMPLELOGIN: &str = "/api/alias/random/new";

/// The words of an error, in the dialect of its path.
#[track_caller]
fn words(target: &str, answer: &Answer) -> String {
    let json = answer.json();
    let (own, other) = match target.contains("/v1/") {
        true => ("message", "error"),
        false => ("error", "message"),
    };
    assert_eq!(json.get(other), None, "{target}: {answer:?}");
    json[own].as_str().unwrap_or_else(|| panic!("{target}: {answer:?}")).to_owned()
}

#[test]
fn what_is_no_request_makes_no_alias() {
    let host = Host::start();
    let token = host.token(&[]);
    let bodies = [
        "",
        " ",
        "domain=example.org&description=x",
        "{",
        "[]",
        "null",
        "\"example.org\"",
        "{\"domain\":\"example.org\"} x",
        "{\"domain\":\"example.org\",\"domain\":\"example.org\",\"note\":\"a\",\"note\":\"b\"}",
        "{\"domain\":17,\"note\":17}",
        "{\"domain\":[\"example.org\"],\"note\":[]}",
        "{\"domain\":{\"a\":1},\"note\":{}}",
        "{\"domain\":\"example.org\",\"description\":false,\"note\":false}",
    ];
    for body in bodies {
        for answer in [
            host.addy("POST", ADDY, &token, body),
            host.simplelogin("POST", SIMPLELOGIN, &token, body),
        ] {
            assert!([400, 422].contains(&answer.status), "{body}: {answer:?}");
            assert!(!answer.header("content-type").unwrap().contains("problem"), "{answer:?}");
        }
        words(ADDY, &host.addy("POST", ADDY, &token, body));
        words(SIMPLELOGIN, &host.simplelogin("POST", SIMPLELOGIN, &token, body));
    }
    let long = json!({ "domain": "example.org", "description": "x".repeat(201) }).to_string();
    let answer = host.addy("POST", ADDY, &token, &long).expect(422);
    assert!(answer.json()["errors"]["description"][0].as_str().unwrap().contains("200"));
    assert_eq!(host.count(), 0);
    // SimpleLogin has no such limit; what is longer than a note of ours is cut.
    let long = json!({ "note": format!("{}\u{202e}\r\n", "x".repeat(9_000)) }).to_string();
    let made = host.simplelogin("POST", SIMPLELOGIN, &token, &long).expect(201).json();
    assert_eq!(made["note"].as_str().unwrap().chars().count(), 500);
}

#[test]
fn every_error_is_in_the_dialect_of_its_path() {
    let host = Host::start();
    let token = host.token(&[]);
    let huge = json!({ "domain": "example.org", "note": "x".repeat(70_000) }).to_string();
    for (method, target, body, status) in [
        ("GET", "/api/v1/account-details", "", 404),
        ("GET", "/api/v1/", "", 404),
        ("PUT", ADDY, "{}", 405),
        ("GET", "/api/v1/active-aliases", "", 405),
        ("POST", ADDY, &huge, 413),
        ("GET", "/api/notifications", "", 404),
        ("GET", SIMPLELOGIN, "", 405),
        ("POST", "/api/user_info", "{}", 405),
        ("POST", SIMPLELOGIN, &huge, 413),
        ("GET", "/api/aliases/99999999999999999999", "", 403),
    ] {
        let answer = match target.contains("/v1/") {
            true => host.addy(method, target, &token, body),
            false => host.simplelogin(method, target, &token, body),
        };
        assert_eq!(answer.status, status, "{method} {target}: {answer:?}");
        assert!(!words(target, &answer).is_empty());
        assert_eq!(answer.header("allow").is_some(), status == 405, "{answer:?}");
    }
    // Who shows no token is told of none of it.
    for (method, target) in
        [("PUT", ADDY), ("GET", "/api/v1/nothing"), ("GET", "/api/notifications")]
    {
        let answer = raw(host.plain, &request(method, target, "", ""));
        assert_eq!(answer.status, 401, "{answer:?}");
        words(target, &answer);
    }
}

#[test]
fn who_guesses_tokens_waits_and_who_has_one_does_not() {
    let host = Host::start();
    let token = host.token(&[]);
    let guess = |n: u32| host.addy("GET", "/api/v1/domain-options", &format!("onw_{n:032}"), "");
    let refused = (0..100).map(guess).find(|answer| answer.status != 401).unwrap().expect(429);
    assert!(refused.header("retry-after").is_some());
    assert!(!words(ADDY, &refused).is_empty());
    let wrong = host.simplelogin("GET", "/api/user_info", "onw_something", "").expect(429);
    assert!(!words(SIMPLELOGIN, &wrong).is_empty());
    host.addy("GET", "/api/v1/domain-options", &token, "").expect(200);
}

#[test]
fn nothing_is_told_of_where_aliases_lead() {
    let host = Host::start();
    host.onward.run(&["alias", "add", "private@example.org", MAILBOX]);
    host.onward.run(&["alias", "add", "loop@example.org", "elsewhere@other.test"]);
    host.onward.run(&["alias", "add", "elsewhere@other.test", "shop@example.org"]);
    let makes = host.token(&[]);
    let circles = host.token_of(&["--domain", "example.org", "--to", "loop@example.org"]);
    let manages = host.token(&["--scope", "manage"]);
    let custom = |name: &str| {
        json!({ "domain": "example.org", "format": "custom", "local_part": name }).to_string()
    };
    let mut answers = Vec::new();
    for token in [&circles, &makes, &manages] {
        for (method, target, body) in [
            ("POST", ADDY, custom("private")),
            ("POST", ADDY, custom("shop")),
            ("GET", "/api/v1/aliases", String::new()),
            ("GET", "/api/v1/recipients", String::new()),
            ("GET", "/api/v1/domain-options", String::new()),
        ] {
            answers.push((token, target, host.addy(method, target, token, &body)));
        }
        for (method, target, body) in [
            ("POST", SIMPLELOGIN, "{}"),
            ("GET", "/api/v2/aliases?page_id=0", ""),
            ("GET", "/api/mailboxes", ""),
            ("GET", "/api/user_info", ""),
            ("GET", "/api/v5/alias/options", ""),
        ] {
            answers.push((token, target, host.simplelogin(method, target, token, body)));
        }
    }
    for (token, target, answer) in &answers {
        assert!(answer.status < 500, "{target}: {answer:?}");
        assert!(!answer.body.contains("sink.test"), "{target}: {answer:?}");
        if **token != manages {
            let own = ["other.test", "loop@"];
            assert!(own.iter().all(|hidden| !answer.body.contains(hidden)), "{target}: {answer:?}");
        }
    }
    // Before another token made shop@example.org.
    let of_circle: Vec<_> = answers.iter().filter(|(token, ..)| **token == circles).collect();
    let refused = of_circle.iter().find(|(.., answer)| answer.body.contains("lead back"));
    assert_eq!(refused.map(|(.., answer)| answer.status), Some(422), "{of_circle:?}");
    // Nor is the token in the log.
    let log = host.onward.log().join("\n");
    assert!([&makes, &manages, &circles].iter().all(|token| !log.contains(token.as_str())));
}
