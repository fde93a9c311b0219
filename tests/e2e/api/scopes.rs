//! Every scope at every route: a row for each operation of the document, or the test fails.

use super::Api;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// A body with a place for a name that is free.
type Body = Option<fn(&str) -> Value>;

/// The operation as the document has it, the target with example.org and `{new}` for a free name, the same for other.test, a body,
/// and what tokens of the scopes create, manage and admin are answered; and manage of what is another domain's.
type Row = (&'static str, &'static str, &'static str, &'static str, Body, [u16; 3], u16);

fn new_alias(at: &str) -> Value {
    // Where it leads is what the token says, or where none is said, for those who may say it.
    json!({"address": at})
}

fn destined(at: &str) -> Value {
    json!({"address": at, "destinations": ["me@sink.test"]})
}

fn patch(_: &str) -> Value {
    json!({"note": "x"})
}

fn domain(at: &str) -> Value {
    json!({"domain": at.split('@').next_back().unwrap().to_owned()})
}

fn weekly(_: &str) -> Value {
    json!({"digest": "weekly"})
}

fn block(at: &str) -> Value {
    json!({"pattern": "@shop.test", "domain": at.split('@').next_back().unwrap().to_owned()})
}

const ROWS: &[Row] = &[
    ("GET", "/api/openapi.json", "/api/openapi.json", "", None, [200, 200, 200], 0),
    ("GET", "/api/status", "/api/status", "", None, [403, 403, 200], 0),
    ("GET", "/api/domains", "/api/domains", "", None, [403, 200, 200], 0),
    ("POST", "/api/domains", "/api/domains", "", Some(domain), [403, 403, 201], 0),
    (
        "GET",
        "/api/domains/{domain}",
        "/api/domains/example.org",
        "/api/domains/other.test",
        None,
        [403, 200, 200],
        403,
    ),
    (
        "PATCH",
        "/api/domains/{domain}",
        "/api/domains/example.org",
        "/api/domains/other.test",
        Some(weekly),
        [403, 200, 200],
        403,
    ),
    (
        "DELETE",
        "/api/domains/{domain}",
        "/api/domains/absent.test",
        "/api/domains/other.test",
        None,
        [403, 403, 404],
        403,
    ),
    (
        "GET",
        "/api/aliases",
        "/api/aliases",
        "/api/aliases?domain=other.test",
        None,
        [403, 200, 200],
        403,
    ),
    ("POST", "/api/aliases", "/api/aliases", "", Some(new_alias), [201, 422, 422], 0),
    (
        "POST",
        "/api/aliases",
        "/api/aliases",
        "/api/aliases#other",
        Some(destined),
        [201, 201, 201],
        403,
    ),
    (
        "GET",
        "/api/aliases/{address}",
        "/api/aliases/hello@example.org",
        "/api/aliases/hello@other.test",
        None,
        [403, 200, 200],
        403,
    ),
    (
        "PATCH",
        "/api/aliases/{address}",
        "/api/aliases/hello@example.org",
        "/api/aliases/hello@other.test",
        Some(patch),
        [403, 200, 200],
        403,
    ),
    (
        "DELETE",
        "/api/aliases/{address}",
        "/api/aliases/absent@example.org",
        "/api/aliases/hello@other.test",
        None,
        [403, 404, 404],
        403,
    ),
    (
        "POST",
        "/api/aliases/{address}/enable",
        "/api/aliases/hello@example.org/enable",
        "/api/aliases/hello@other.test/enable",
        None,
        [403, 200, 200],
        403,
    ),
    (
        "POST",
        "/api/aliases/{address}/disable",
        "/api/aliases/hello@example.org/disable",
        "/api/aliases/hello@other.test/disable",
        None,
        [403, 200, 200],
        403,
    ),
    (
        "GET",
        "/api/blocks",
        "/api/blocks",
        "/api/blocks?domain=other.test",
        None,
        [403, 200, 200],
        403,
    ),
    ("POST", "/api/blocks", "/api/blocks", "/api/blocks#all", Some(block), [403, 201, 200], 403),
    (
        "DELETE",
        "/api/blocks",
        "/api/blocks?pattern=@absent.test&domain=example.org",
        "/api/blocks?pattern=@shop.test",
        None,
        [403, 404, 404],
        403,
    ),
    ("GET", "/api/messages", "/api/messages", "", None, [403, 200, 200], 0),
    ("GET", "/api/messages/{id}", "/api/messages/absent", "", None, [403, 404, 404], 0),
    ("GET", "/api/queue", "/api/queue", "", None, [403, 200, 200], 0),
    ("GET", "/api/queue/{id}", "/api/queue/absent", "", None, [403, 404, 404], 0),
    ("DELETE", "/api/queue/{id}", "/api/queue/absent", "", None, [403, 404, 404], 0),
    ("POST", "/api/queue/{id}/retry", "/api/queue/absent/retry", "", None, [403, 404, 404], 0),
    (
        "GET",
        "/api/explain",
        "/api/explain?to=hello@example.org&from=a@sender.test&ip=192.0.2.1",
        "/api/explain?to=hello@other.test&from=a@sender.test&ip=192.0.2.1",
        None,
        [403, 200, 200],
        403,
    ),
];

#[test]
fn every_scope_at_every_route() {
    let api = Api::start();
    for address in ["hello@example.org", "hello@other.test"] {
        api.onward.run(&["alias", "add", address, "bob@sink.test"]);
    }
    let document = api.raw("GET", "/api/openapi.json", "", b"").json();
    let mut described = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys().filter(|key| *key != "parameters") {
            described.insert((method.to_uppercase(), path.clone()));
        }
    }
    let rows = ROWS.iter().map(|row| (row.0.to_owned(), row.1.to_owned()));
    let rows: BTreeSet<_> = rows.collect();
    assert_eq!(rows, described, "each operation has a row here, and each row is one");

    for (n, (method, path, own, foreign, body, answers, of_foreign)) in ROWS.iter().enumerate() {
        let tokens = [&api.create, &api.manage, &api.admin];
        for (scope, (token, expected)) in tokens.into_iter().zip(answers).enumerate() {
            let body = body.map(|body| body(&format!("n{n}-{scope}@example.org")));
            // A domain that is not there yet.
            let body = body.map(|body| match (body.get("domain"), body.get("pattern")) {
                (Some(_), None) => json!({"domain": format!("n{n}-{scope}.test")}),
                _ => body,
            });
            let answer = api.ask(token, method, own, body.as_ref());
            assert_eq!(answer.status, *expected, "{method} {own} by {scope}: {answer:?}");
        }
        if !foreign.is_empty() {
            let target = foreign.split('#').next().unwrap();
            let body = body.map(|body| body(&format!("n{n}@other.test")));
            let answer = api.ask(&api.manage, method, target, body.as_ref());
            assert_eq!(answer.status, *of_foreign, "{method} {foreign}: {answer:?}");
            assert!(!answer.body.contains("bob@"), "{answer:?}");
        }
        let is_open = *path == "/api/openapi.json";
        for head in ["", "Authorization: Bearer onw_x\r\n", "Authorization: Basic x\r\n"] {
            let answer = api.raw(method, own, head, b"");
            assert_eq!(
                answer.status,
                if is_open { 200 } else { 401 },
                "{method} {own}: {answer:?}"
            );
            if !is_open {
                assert_eq!(answer.field("www-authenticate"), Some("bearer realm=\"onward\""));
                answer.faults();
            }
        }
    }
    let all = api.onward.run(&["alias", "list", "--json"]);
    assert!(all.contains("n9-0@example.org") && !all.contains("n9@other.test"), "{all}");
}

#[test]
fn what_a_token_that_creates_may_say() {
    let api = Api::start();
    api.onward.run(&["alias", "add", "hello@example.org", "bob@sink.test"]);
    let ask = |body: Value| {
        let answer = api.ask(&api.create, "POST", "/api/aliases", Some(&body));
        (answer.status, if answer.status == 201 { Vec::new() } else { answer.faults() }, answer)
    };
    let field = |name: &str| vec![name.to_owned()];
    for (body, status, faults) in [
        (json!({"address": "*@example.org"}), 403, field("address")),
        (json!({"address": "/^a.*@example\\.org$/"}), 403, field("address")),
        (json!({"address": "a+b@example.org"}), 403, field("address")),
        (json!({"address": "Postmaster@example.org"}), 403, field("address")),
        (json!({"address": "admin@example.org"}), 403, field("address")),
        (json!({"address": "a@other.test"}), 403, vec![]),
        (json!({"address": "a@elsewhere.test"}), 403, vec![]),
        (json!({"address": "a*@example.org"}), 422, field("address")),
        (json!({"address": "hello@example.org"}), 409, vec![]),
        (json!({"address": "Hello@EXAMPLE.org", "note": "mine now"}), 409, vec![]),
        (json!({"address": "a@example.org", "allow": ["@y.test"]}), 403, field("allow")),
        (json!({"address": "a@example.org", "enabled": true}), 403, field("enabled")),
        (
            json!({"address": "a@example.org", "destinations": ["other@sink.test"]}),
            403,
            field("destinations"),
        ),
        (json!({"address": "a@example.org", "action": "discard"}), 403, field("action")),
    ] {
        let (is, named, answer) = ask(body.clone());
        assert_eq!((is, named), (status, faults), "{body}: {answer:?}");
        assert!(!answer.body.contains("bob@") && !answer.body.contains("me@"), "{answer:?}");
    }
    let (status, _, answer) =
        ask(json!({"address": "a@example.org", "note": "Website: shop.example"}));
    assert_eq!(status, 201, "{answer:?}");
    assert_eq!(answer.field("location"), Some("/api/aliases/a@example.org"));
    assert!(answer.json().get("destinations").is_none(), "{answer:?}");
    let shown: Value =
        serde_json::from_str(&api.onward.run(&["alias", "show", "a@example.org", "--json"]))
            .unwrap();
    assert_eq!(shown["destinations"], json!(["me@sink.test"]));
    assert_eq!(shown["note"], "Website: shop.example");
}
