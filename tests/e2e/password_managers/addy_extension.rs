//! addy.io's own extension for browsers, with an instance of one's own.

use super::http::{Answer, ask};
use super::{Host, MAILBOX};
use crate::support::wait_until;
use serde_json::{Value, json};

fn extension(host: &Host, token: &str, method: &str, target: &str, body: &str) -> Answer {
    let headers = format!(
        "Content-Type: application/json\r\nX-Requested-With: XMLHttpRequest\r\n\
         X-Requested-From: browser-extension\r\nAuthorization: Bearer {token}\r\n"
    );
    ask(host.plain, method, &format!("/api/v1/{target}"), &headers, body)
}

/// What the extension sends for a new alias, and shows of the answer.
fn make(host: &Host, token: &str, local: &str, format: &str) -> Result<Value, String> {
    let body = json!({
        "domain": "example.org", "local_part": local, "description": "a shop",
        "format": format, "recipient_ids": [],
    });
    let answer = extension(host, token, "POST", "aliases", &body.to_string());
    let json = answer.json();
    match (answer.status, json.get("data"), json.get("errors")) {
        (201, Some(data), _) => Ok(data.clone()),
        (401, ..) => Err("Unauthenticated".to_owned()),
        (429, ..) => Err("You have reached your hourly limit for creating new aliases".to_owned()),
        (422, _, Some(errors)) => {
            let first = errors.as_object().unwrap().values().next().unwrap();
            Err(first[0].as_str().unwrap().to_owned())
        }
        _ => Err(json["message"].as_str().unwrap().to_owned()),
    }
}

const LIST: &str = "aliases?filter[deleted]=without&filter[active]=&filter[pinned]=";

/// The aliases of a page.
fn list(host: &Host, token: &str, more: &str) -> Value {
    let target = format!("{LIST}{more}");
    extension(host, token, "GET", &target, "").expect(200).json()
}

#[test]
fn starts_with_a_token_that_only_makes_aliases() {
    let host = Host::start();
    host.onward.run(&["alias", "add", "private@example.org", "me@sink.test"]);
    let token = host.token(&[]);
    let options = extension(&host, &token, "GET", "domain-options", "").expect(200).json();
    let expected = json!({
        "data": ["example.org"],
        "sharedDomains": [],
        "defaultAliasDomain": "example.org",
        "defaultAliasFormat": "random_characters",
    });
    assert_eq!(options, expected);
    let page =
        list(&host, &token, "&filter[search]=&sort=-created_at&page[number]=1&page[size]=10");
    assert_eq!((&page["data"], &page["meta"]["total"]), (&json!([]), &json!(0)));
    assert_eq!(page["links"]["next"], Value::Null);
    let target = "recipients?filter[verified]=true&alias_count=false";
    let recipients = extension(&host, &token, "GET", target, "").expect(200).json();
    assert_eq!(recipients, json!({ "data": [] }));
    let details = extension(&host, &token, "GET", "api-token-details", "").expect(200).json();
    assert_eq!((&details["name"], &details["expires_at"]), (&json!("phone"), &Value::Null));
    extension(&host, "wrong", "GET", "domain-options", "").expect(401);
}

#[test]
fn makes_aliases_of_every_format() {
    let host = Host::start();
    let token = host.token(&[]);
    for (format, dots) in [
        ("random_characters", 0),
        ("random_words", 2),
        ("random_male_name", 2),
        ("random_female_name", 2),
        ("random_noun", 2),
        ("uuid", 0),
    ] {
        let alias = make(&host, &token, "", format).unwrap();
        let local = alias["local_part"].as_str().unwrap();
        assert_eq!(local.matches('.').count(), dots, "{format}: {local}");
        assert_eq!(local.len() == 36, format == "uuid", "{format}: {local}");
        assert_eq!(alias["extension"], Value::Null);
        assert_eq!(alias["email"], format!("{local}@example.org"));
    }
    let alias = make(&host, &token, "My.Shop", "custom").unwrap();
    assert_eq!(alias["email"], "my.shop@example.org");
    let shown = host.shown("my.shop@example.org");
    assert_eq!((&shown["destinations"], &shown["note"]), (&json!([MAILBOX]), &json!("a shop")));
    for (local, says) in [
        ("my.shop", "exists already"),
        ("", "required"),
        ("postmaster", "kept for"),
        ("Admin", "kept for"),
        ("SRS0-x", "kept for"),
        ("a*", "letters, digits"),
        ("/^.*$/", "letters, digits"),
        ("a+b", "letters, digits"),
    ] {
        let error = make(&host, &token, local, "custom").unwrap_err();
        assert!(error.contains(says), "{local}: {error}");
    }
    let error = make(&host, &token, "", "random_nonsense").unwrap_err();
    assert!(error.contains("format"), "{error}");
    assert_eq!(make(&host, "wrong", "", "uuid"), Err("Unauthenticated".to_owned()));
    assert_eq!(host.count(), 7);
}

#[test]
fn shows_what_came_of_the_mail() {
    let host = Host::start();
    host.onward.run(&["alias", "add", "first@example.org", "me@sink.test"]);
    let token = host.token(&["--scope", "manage"]);
    let message = b"From: <news@shop.example>\r\nSubject: x\r\n\r\nx\r\n";
    let counted = |name: &str| {
        wait_until("it to be counted", || {
            let alias = list(&host, &token, "")["data"][0].clone();
            (alias[name] == 1).then_some(alias)
        })
    };
    let mut session = host.onward.session();
    session.transaction("news@shop.example", &["first@example.org"], message).expect_code(250);
    let alias = counted("emails_forwarded");
    assert_eq!(alias["emails_blocked"], 0, "{alias}");
    for name in ["created_at", "last_forwarded"] {
        assert!(alias[name].as_str().is_some_and(|time| time.len() == 19), "{name}: {alias}");
    }
    host.onward.run(&["alias", "set", "first@example.org", "--block", "@shop.example"]);
    wait_until("the block to be known", || {
        let mut session = host.onward.session();
        session.mail("news@shop.example").expect_code(250);
        (session.rcpt("first@example.org").code == 550).then_some(())
    });
    counted("emails_blocked");
    let listed = host.simplelogin("GET", "/api/v2/aliases?page_id=0", &token, "").expect(200);
    let alias = &listed.json()["aliases"][0];
    assert_eq!((&alias["nb_forward"], &alias["nb_block"]), (&json!(1), &json!(1)), "{alias}");
}

#[test]
fn makes_none_with_a_token_that_leads_nowhere() {
    let host = Host::start();
    let token = host.token_of(&["--scope", "manage", "--domain", "example.org"]);
    let error = make(&host, &token, "", "uuid").unwrap_err();
    assert!(error.contains("no mailbox"), "{error}");
    assert_eq!(host.count(), 0);
}

#[test]
fn sees_and_switches_with_a_token_that_manages() {
    let host = Host::start();
    for command in [
        ["alias", "add", "first@example.org", "me@sink.test"],
        ["alias", "add", "second@example.org", "me@sink.test"],
        ["alias", "add", "*@example.org", "me@sink.test"],
        ["alias", "add", "elsewhere@other.test", "me@sink.test"],
    ] {
        host.onward.run(&command);
    }
    let token = host.token(&["--scope", "manage"]);
    let ask =
        |method: &str, target: &str, body: &str| extension(&host, &token, method, target, body);
    let page = list(&host, &token, "&filter[search]=&sort=email&page[number]=1&page[size]=10");
    let named = |page: &Value| -> Vec<String> {
        let data = page["data"].as_array().unwrap().iter();
        data.map(|alias| alias["email"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(named(&page), ["first@example.org", "second@example.org"]);
    assert_eq!(page["meta"]["total"], 2);
    let page = list(&host, &token, "&filter[search]=&sort=-email&page[number]=1&page[size]=1");
    assert_eq!(named(&page), ["second@example.org"]);
    assert!(page["links"]["next"].is_string());
    let page = list(&host, &token, "&filter[search]=&sort=-email&page[number]=2&page[size]=1");
    assert_eq!(named(&page), ["first@example.org"]);
    assert_eq!(page["links"]["next"], Value::Null);
    let page = list(&host, &token, "&filter[search]=first&page[number]=1&page[size]=10");
    assert_eq!(named(&page), ["first@example.org"]);
    let id = page["data"][0]["id"].as_str().unwrap().to_owned();
    let is_enabled = || host.shown("first@example.org")["enabled"].as_bool().unwrap();

    assert_eq!(ask("DELETE", &format!("active-aliases/{id}"), "").expect(204).body, "");
    assert!(!is_enabled());
    for (active, addresses) in
        [("false", vec!["first@example.org"]), ("true", vec!["second@example.org"])]
    {
        let target = format!("aliases?filter[deleted]=without&filter[active]={active}");
        assert_eq!(named(&ask("GET", &target, "").expect(200).json()), addresses, "{active}");
    }
    let off = ask("GET", &format!("aliases/{id}"), "").expect(200).json();
    assert_eq!((&off["data"]["active"], &off["data"]["id"]), (&json!(false), &json!(id)));
    let on = ask("POST", "active-aliases", &json!({ "id": id }).to_string()).expect(200).json();
    assert_eq!(on["data"]["active"], true);
    assert!(is_enabled());
    // Of deleting, the extension says that it can be taken back.
    ask("DELETE", &format!("aliases/{id}"), "").expect(204);
    assert!(!is_enabled());
    ask("PATCH", &format!("aliases/{id}/restore"), "").expect(200);
    assert!(is_enabled());
    let other = json!({ "description": "another shop" }).to_string();
    let described = ask("PATCH", &format!("aliases/{id}"), &other).expect(200).json();
    assert_eq!(described["data"]["description"], "another shop");
    assert_eq!(host.shown("first@example.org")["note"], "another shop");
    ask("PATCH", &format!("aliases/{id}"), &json!({ "description": "x".repeat(201) }).to_string())
        .expect(422);
    assert_eq!(ask("DELETE", &format!("aliases/{id}/forget"), "").expect(204).body, "");
    assert_eq!(host.onward.cli(&["alias", "show", "first@example.org"]).code, Some(1));
    for (method, target, body) in [
        ("GET", format!("aliases/{id}"), String::new()),
        ("DELETE", format!("aliases/{id}"), String::new()),
        ("PATCH", format!("aliases/{id}/restore"), String::new()),
        ("POST", "active-aliases".to_owned(), json!({ "id": id }).to_string()),
        ("POST", "pinned-aliases".to_owned(), json!({ "id": id }).to_string()),
        ("DELETE", "aliases/17".to_owned(), String::new()),
    ] {
        let answer = ask(method, &target, &body).expect(404);
        assert!(answer.json()["message"].is_string(), "{answer:?}");
    }
    // The catch-all and the alias of another domain are as they were.
    assert_eq!(host.count(), 3);
}

#[test]
fn an_alias_of_another_domain_is_none_by_its_number_either() {
    let host = Host::start();
    host.onward.run(&["alias", "add", "elsewhere@other.test", "me@sink.test"]);
    let theirs = host.token_of(&["--scope", "manage", "--domain", "other.test"]);
    let listed = list(&host, &theirs, "");
    let id = listed["data"][0]["id"].as_str().unwrap();
    let own = host.token(&["--scope", "manage"]);
    for (method, target) in [
        ("GET", format!("aliases/{id}")),
        ("DELETE", format!("aliases/{id}")),
        ("DELETE", format!("active-aliases/{id}")),
        ("DELETE", format!("aliases/{id}/forget")),
        ("PATCH", format!("aliases/{id}/restore")),
    ] {
        extension(&host, &own, method, &target, "").expect(404);
    }
    assert_eq!(host.shown("elsewhere@other.test")["enabled"], true);
}
