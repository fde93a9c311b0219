//! SimpleLogin's own extension for browsers, with a server of one's own.

use super::{Host, MAILBOX};
use serde_json::json;

#[test]
fn starts_and_makes_aliases() {
    let host = Host::start();
    host.onward.run(&["alias", "add", "private@example.org", "me@sink.test"]);
    let token = host.token(&[]);
    let ask =
        |method: &str, target: &str, body: &str| host.simplelogin(method, target, &token, body);
    let info = ask("GET", "/api/user_info", "").expect(200).json();
    assert_eq!((&info["name"], &info["is_premium"]), (&json!("phone"), &json!(true)));
    let target = "/api/v4/alias/options?hostname=www.shop.example";
    let options = ask("GET", target, "").expect(200).json();
    let expected = json!({
        "can_create": true,
        "prefix_suggestion": "shop",
        "suffixes": [["@example.org", "@example.org"]],
    });
    assert_eq!(options, expected);
    assert_eq!(ask("GET", "/api/mailboxes", "").expect(200).json(), json!({ "mailboxes": [] }));
    let listed = ask("POST", "/api/v2/aliases?page_id=0", r#"{"query":""}"#).expect(200).json();
    assert_eq!(listed, json!({ "aliases": [] }), "what others made is not its business");

    let note = json!({ "note": "Used on shop.example" }).to_string();
    let random = ask("POST", "/api/alias/random/new?hostname=shop.example", &note);
    assert_eq!(random.expect(201).json()["note"], "Used on shop.example");
    let word = ask("POST", "/api/alias/random/new?mode=word", &note).expect(201).json();
    assert_eq!(word["alias"].as_str().unwrap().matches('.').count(), 3, "{word}");
    let error = ask("POST", "/api/alias/random/new?mode=letters", &note).expect(400).json();
    assert!(error["error"].as_str().unwrap().contains("word or uuid"), "{error}");

    let custom = |prefix: &str, suffix: &str| {
        let body = json!({ "alias_prefix": prefix, "signed_suffix": suffix, "note": "x" });
        ask("POST", "/api/v2/alias/custom/new?hostname=shop.example", &body.to_string())
    };
    let made = custom("shop", "@example.org").expect(201).json();
    assert_eq!(made["alias"], "shop@example.org");
    assert_eq!(host.shown("shop@example.org")["destinations"], json!([MAILBOX]));
    for (prefix, suffix, status, says) in [
        ("shop", "@example.org", 409, "exists already"),
        ("shop2", "@other.test", 400, "suffix"),
        ("shop2", "", 400, "signed_suffix"),
        ("abuse", "@example.org", 400, "kept for"),
    ] {
        let error = custom(prefix, suffix).expect(status).json();
        assert!(error["error"].as_str().unwrap().contains(says), "{error}");
    }
    for target in ["/api/aliases/1", "/api/aliases/1/toggle"] {
        let method = if target.ends_with("toggle") { "POST" } else { "GET" };
        let error = ask(method, target, "{}").expect(403).json();
        assert!(error["error"].as_str().unwrap().contains("--scope manage"), "{error}");
    }
    let error = ask("POST", "/api/auth/login", r#"{"email":"a","password":"b"}"#).expect(404);
    assert!(error.json()["error"].is_string());
    assert_eq!(host.simplelogin("GET", "/api/user_info", "wrong", "").status, 401);
}

#[test]
fn sees_and_switches_with_a_token_that_manages() {
    let host = Host::start();
    host.onward.run(&["alias", "add", "first@example.org", "me@sink.test"]);
    host.onward.run(&["alias", "add", "elsewhere@other.test", "me@sink.test"]);
    let token = host.token(&["--scope", "manage"]);
    let ask =
        |method: &str, target: &str, body: &str| host.simplelogin(method, target, &token, body);
    let listed = ask("GET", "/api/v2/aliases?page_id=0", "").expect(200).json();
    let aliases = listed["aliases"].as_array().unwrap();
    assert_eq!(aliases.len(), 1, "{listed}");
    assert_eq!(
        (&aliases[0]["email"], &aliases[0]["enabled"]),
        (&json!("first@example.org"), &json!(true))
    );
    let id = aliases[0]["id"].as_u64().unwrap();
    let next = ask("POST", "/api/v2/aliases?page_id=1", r#"{"query":"first"}"#).expect(200).json();
    assert_eq!(next, json!({ "aliases": [] }));
    ask("GET", "/api/v2/aliases", "").expect(400);

    let target = format!("/api/aliases/{id}");
    let toggle = format!("{target}/toggle");
    assert_eq!(ask("POST", &toggle, "{}").expect(200).json(), json!({ "enabled": false }));
    assert_eq!(host.shown("first@example.org")["enabled"], false);
    assert_eq!(ask("POST", &toggle, "{}").expect(200).json(), json!({ "enabled": true }));
    ask("PUT", &target, r#"{"note":"a shop"}"#).expect(200);
    assert_eq!(ask("GET", &target, "").expect(200).json()["note"], "a shop");
    assert_eq!(ask("DELETE", &target, "").expect(200).json(), json!({ "deleted": true }));
    assert_eq!(host.count(), 1);
    ask("DELETE", &target, "").expect(404);
}
