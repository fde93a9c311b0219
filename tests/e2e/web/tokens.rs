//! Tokens and accounts at the page: made, shown once, worth something, revoked.

use super::aliases::no_errors;
use super::browser::Browser;
use super::site::{Person, Site};
use crate::api::Answer;
use crate::support::onward::Onward;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

fn form(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// Makes an alias by the API, with a token.
fn make(api: SocketAddr, token: &str, address: &str) -> Answer {
    let body = json!({"address": address}).to_string();
    let mut stream = TcpStream::connect(api).unwrap();
    let head = format!(
        "POST /api/aliases HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    Answer::of(&answer)
}

fn lines(onward: &Onward, what: &str) -> Vec<Value> {
    let listed = onward.run(&[what, "list", "--json"]);
    listed.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// What is shown once.
fn secret(body: &str) -> String {
    let from = body.split_once("id=\"secret\">").unwrap_or_else(|| panic!("{body}")).1;
    from.split_once('<').unwrap().0.to_owned()
}

#[test]
fn a_token_is_shown_once_works_and_is_revoked() {
    let (builder, api) = Onward::builder().listen("http", &["serve = [\"api\"]"]);
    let site = Site::start_with(builder);
    let Some(browser) = Browser::start(&site.base()) else { return };
    browser.open(&site.link(&["--domain", "example.org"]));
    browser.press("Log in");
    browser.wait_for_text("Log out");
    browser.open("/tokens");
    browser.wait_for_text("There are no tokens yet");
    browser.axe_finds_nothing();
    browser.screenshot("tokens-none");
    browser.fill("#field-label", "password <manager>");
    browser.press("Make the token");
    browser.wait_for_text("lead to fixed mailboxes: name one");
    browser.fill("#field-destinations", "me@sink.test");
    browser.press("Make the token");
    browser.wait_for_text("Here it is, this once");
    browser.axe_finds_nothing();
    browser.screenshot("token-made");
    let token = browser.text("#secret");
    assert!(token.starts_with("onw_"), "{token}");
    assert_eq!(make(api, &token, "one@example.org").status, 201);
    browser.open("/tokens");
    assert!(browser.text("tbody").contains("password <manager>"));
    assert!(!browser.source().contains(&token), "it is shown once");
    browser.screenshot("tokens");
    browser.press("Revoke");
    browser.wait_for_text("is worth nothing any more");
    assert_eq!(make(api, &token, "two@example.org").status, 401);
    no_errors(&browser);
}

#[test]
fn an_owner_makes_and_sees_tokens_of_his_domains_alone() {
    let (builder, api) = Onward::builder().listen("http", &["serve = [\"api\"]"]);
    let site = Site::start_with(builder);
    let onward = &site.onward;
    onward.run(&[
        "token",
        "add",
        "--label",
        "of other",
        "--scope",
        "manage",
        "--domain",
        "other.test",
    ]);
    onward.run(&["token", "add", "--label", "of all", "--scope", "admin"]);
    let (owner, admin) = (site.owner("example.org"), site.admin());
    let seen = site.get(&owner, "/tokens").body;
    assert!(
        !seen.contains("of other") && !seen.contains("of all") && !seen.contains("value=\"admin\""),
        "{seen}"
    );
    for record in lines(onward, "token") {
        let path = format!("/tokens/{}/revoke", record["id"].as_str().unwrap());
        assert_eq!(site.post(&owner, &path, "").status, 404);
    }
    for (pairs, field) in [
        (vec![("label", "x"), ("scope", "admin")], "field-scope-error"),
        (vec![("label", "x"), ("scope", "manage"), ("domain", "other.test")], "field-domain-error"),
        (
            vec![("label", "x"), ("scope", "manage"), ("domain", "nobody.test")],
            "field-domain-error",
        ),
        (vec![("label", "x"), ("scope", "manage"), ("domain", "")], "field-domain-error"),
        (vec![("label", ""), ("scope", "manage"), ("domain", "example.org")], "field-label-error"),
        (
            vec![
                ("label", "x"),
                ("scope", "manage"),
                ("domain", "example.org"),
                ("expires", "2020-01-01"),
            ],
            "field-expires-error",
        ),
        (
            vec![
                ("label", "x"),
                ("scope", "manage"),
                ("domain", "example.org"),
                ("daily_limit", "0"),
            ],
            "field-daily_limit-error",
        ),
        (
            vec![
                ("label", "x"),
                ("scope", "create"),
                ("domain", "example.org"),
                ("destinations", "me"),
            ],
            "field-destinations-error",
        ),
    ] {
        let answer = site.post(&owner, "/tokens", &form(&pairs));
        assert!(answer.status == 422 && answer.body.contains(field), "{pairs:?}: {answer:?}");
        assert!(
            answer.body.contains("value=\"x\"") || field == "field-label-error",
            "what was typed stays"
        );
    }
    assert_eq!(lines(onward, "token").len(), 2);
    let new = [
        ("label", "mine"),
        ("scope", "manage"),
        ("domain", "example.org"),
        ("expires", "2999-12-31"),
        ("destinations", "me@sink.test"),
    ];
    let made = site.post(&owner, "/tokens", &form(&new));
    assert_eq!(made.status, 201, "{made:?}");
    let token = secret(&made.body);
    assert_eq!(make(api, &token, "a@example.org").status, 201);
    assert_eq!(make(api, &token, "a@other.test").status, 403);
    let all = lines(onward, "token");
    let record = all.iter().find(|record| record["label"] == "mine").unwrap();
    assert_eq!(record["expires"], "2999-12-31T23:59:59Z");
    let everything = form(&[("label", "all"), ("scope", "admin")]);
    assert_eq!(site.post(&admin, "/tokens", &everything).status, 201);
    assert_eq!(site.get(&admin, "/tokens").body.matches("/revoke\"").count(), 4);
}

#[test]
fn accounts_are_an_administrators_made_switched_and_their_passwords_revoked() {
    let site = Site::start();
    let onward = &site.onward;
    onward.run(&["alias", "add", "anna@example.org", "me@sink.test"]);
    let owner = site.owner("example.org");
    for (method, path) in [
        ("GET", "/accounts"),
        ("POST", "/accounts"),
        ("POST", "/accounts/anna@example.org/switch"),
        ("POST", "/accounts/anna@example.org/password"),
        ("POST", "/accounts/anna@example.org/password/revoke"),
    ] {
        for (person, status) in
            [(&owner, 404), (&Person::nobody(), if method == "GET" { 303 } else { 403 })]
        {
            let answer = match method {
                "GET" => site.get(person, path),
                _ => site.post(person, path, "name=anna%40example.org&label=x&to=disabled"),
            };
            assert_eq!(answer.status, status, "{method} {path}");
        }
    }
    assert_eq!(lines(onward, "account").len(), 0);

    let Some(browser) = Browser::start(&site.base()) else { return };
    browser.open(&site.link(&[]));
    browser.press("Log in");
    browser.wait_for_text("Log out");
    browser.open("/accounts");
    browser.wait_for_text("There are no accounts yet");
    browser.fill("#field-name", "anna@example.org");
    browser.fill("#field-send_as", "nobody@example.org");
    browser.fill("#field-label", "phone");
    browser.press("Make the account and a password");
    browser.wait_for_text("no alias that is switched on answers it");
    browser.axe_finds_nothing();
    browser.fill("#field-send_as", "*@example.org");
    browser.press("Make the account and a password");
    browser.wait_for_text("Here it is, this once");
    let password = browser.text("#secret");
    assert!(password.len() > 15, "{password}");
    let all = lines(onward, "account");
    assert_eq!(
        (&all[0]["send_as"], &all[0]["state"]),
        (&json!(["*@example.org"]), &json!("enabled"))
    );
    browser.open("/accounts");
    assert!(!browser.source().contains(&password), "it is shown once");
    browser.axe_finds_nothing();
    browser.screenshot("accounts");
    browser.press("Switch off");
    browser.wait_for_text("sends nothing any more");
    assert_eq!(lines(onward, "account")[0]["state"], "disabled");
    browser.press("Let it send");
    browser.wait_for_text("may send.");
    browser.fill("td input[name=label]:not([type=hidden])", "phone");
    browser.press("Make a password");
    browser.wait_for_text("No password was made");
    browser.fill("td input[name=label]:not([type=hidden])", "tablet");
    browser.press("Make a password");
    browser.wait_for_text("Here it is, this once");
    browser.press("To the accounts");
    browser.press("Revoke");
    browser.wait_for_text("The password phone of anna@example.org");
    let labels: Vec<_> = lines(onward, "account")[0]["passwords"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["label"].clone())
        .collect();
    assert_eq!(labels, ["tablet"]);
    no_errors(&browser);
}
