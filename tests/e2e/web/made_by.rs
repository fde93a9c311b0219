//! Who made what: tokens of sessions that are over, and each change in the log.

use super::site::{Person, Site};
use crate::api::{raw, token};
use crate::support::onward::Onward;

fn is_in(site: &Site, person: &Person) -> bool {
    site.get(person, "/sessions").status == 200
}

/// Makes a token at the page; gives it.
fn token_of(site: &Site, person: &Person, label: &str) -> String {
    let form = format!("label={label}&scope=manage&domain=example.org");
    let made = site.post(person, "/tokens", &form);
    assert_eq!(made.status, 201, "{made:?}");
    let (_, secret) = made.body.split_once("id=\"secret\">").unwrap();
    secret.split_once('<').unwrap().0.to_owned()
}

#[test]
fn who_is_logged_out_leaves_no_token_behind_that_nobody_knows_of() {
    let (builder, api) = Onward::builder().listen("http", &["serve = [\"api\"]"]);
    let site = Site::start_with(builder);
    let works = |token: &str| {
        let head = format!("Authorization: Bearer {token}\r\n");
        raw(api, "GET", "/api/aliases", &head, b"").status == 200
    };
    let admin = site.admin();
    let session = |label: &str| {
        let person = site.log_in(&["--domain", "example.org", "--label", label]);
        let list = site.onward.run(&["web", "list"]);
        let line = list.lines().find(|line| line.contains(label)).unwrap().to_owned();
        (person, line.split(' ').next().unwrap().to_owned())
    };
    let ((anna, of_anna), (otto, of_otto)) = (session("Anna"), session("Otto"));
    let (first, second) = (token_of(&site, &anna, "first"), token_of(&site, &anna, "second"));
    let third = token_of(&site, &otto, "third");
    // It is said who made them.
    let list = site.onward.run(&["token", "list"]);
    assert!(list.contains(&format!("made by session {of_anna} (Anna)")), "{list}");
    let json = site.onward.run(&["token", "list", "--json"]);
    let json: Vec<serde_json::Value> =
        json.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of_third = json.iter().find(|token| token["label"] == "third").unwrap();
    assert_eq!(of_third["session"], of_otto.as_str(), "{json:?}");
    let page = site.get(&admin, "/tokens").body;
    assert!(page.contains(&format!("session {of_anna} (Anna)")), "{page}");
    // Ended alone, they go on, and whoever ends it is told.
    let page = site.get(&admin, "/sessions").body;
    assert!(page.contains("with the tokens that it made (2)"), "{page}");
    let path = format!("/sessions/{of_anna}/revoke");
    assert_eq!(site.post(&admin, &path, "").status, 303);
    let page = site.get(&admin, "/sessions").body;
    assert!(page.contains("Tokens that it made and that go on: 2."), "{page}");
    assert!(!is_in(&site, &anna) && works(&first) && works(&second));
    // ... until they are ended too.
    let ended = site.onward.run(&["web", "revoke", &of_anna, "--tokens"]);
    assert_eq!(ended.lines().filter(|line| line.starts_with("revoked ")).count(), 2, "{ended}");
    assert!(!works(&first) && !works(&second) && works(&third));
    let path = format!("/sessions/{of_otto}/revoke");
    assert_eq!(site.post(&admin, &path, "tokens=1").status, 303);
    let page = site.get(&admin, "/sessions").body;
    assert!(page.contains("Tokens that it made and that ended with it: 1."), "{page}");
    assert!(!is_in(&site, &otto) && !works(&third));
    // By the command line, without the flag.
    let (_, of_otto) = {
        let (person, id) = session("Otto");
        token_of(&site, &person, "fourth");
        (person, id)
    };
    let told = site.onward.cli(&["web", "revoke", &of_otto]);
    assert!(told.stderr.contains("goes on") && told.stderr.contains("--tokens"), "{told:?}");
}

#[test]
fn the_log_says_of_each_change_who_made_it() {
    let (builder, api) = Onward::builder().listen("http", &["serve = [\"api\"]"]);
    let hosts = "web.hosts = [\"127.0.0.1\"]";
    let proxy = "web.trusted_proxy = [\"127.0.0.1\"]";
    let site = Site::start_with(builder.config(hosts).config(proxy));
    let anna = site.log_in(&["--label", "Anna"]);
    let list = site.onward.run(&["web", "list"]);
    let by = format!("session {} (Anna)", list.split(' ').next().unwrap());
    let token = token(&site.onward, &["--scope", "admin"]);
    let listed = site.onward.run(&["token", "list"]);
    let by_token = format!("token {} (test)", listed.split(' ').next().unwrap());
    let post = |path: &str, form: &str| {
        let answer = site.post(&anna, path, form);
        assert!([201, 303].contains(&answer.status), "{path}: {answer:?}");
    };
    post("/domains", "domain=new.test");
    let page = site.get(&anna, "/domains/new.test").body;
    let version = page.split("name=\"version\" value=\"").nth(1).unwrap();
    let version = version.split('"').next().unwrap().replace("&quot;", "\"");
    let version: String = form_urlencoded::byte_serialize(version.as_bytes()).collect();
    post("/domains/new.test/settings", &format!("digest=weekly&version={version}"));
    post("/domains/new.test/block", "pattern=a%40b.test");
    post("/domains/new.test/unblock", "pattern=a%40b.test");
    post("/blocks", "pattern=%40b.test&domain=");
    post("/blocks/remove", "pattern=%40b.test&domain=");
    post("/tokens", "label=x&scope=manage&domain=new.test");
    post("/domains/new.test/remove", "name=new.test");
    let named = "Remote-User: otto\r\nSec-Fetch-Site: same-origin\r\n";
    let answer = site.ask(&Person::nobody(), "POST", "/domains", named, "domain=otto.test");
    assert_eq!(answer.status, 303, "{answer:?}");
    let head = format!("Authorization: Bearer {token}\r\nContent-Type: application/json\r\n");
    let ask = |method: &str, path: &str, body: &str| {
        let answer = raw(api, method, path, &head, body.as_bytes());
        assert!(answer.status < 300, "{method} {path}: {answer:?}");
    };
    ask(
        "POST",
        "/api/aliases",
        "{\"address\":\"a@example.org\",\"destinations\":[\"b@sink.test\"]}",
    );
    ask("POST", "/api/aliases/a@example.org/disable", "");
    ask("DELETE", "/api/aliases/a@example.org", "");
    post("/logout", "");
    site.onward.wait_for_log("logged out");
    let log = site.onward.log();
    for (what, of, by) in [
        ("logged in", "admin", by.as_str()),
        ("domain added", "new.test", &by),
        ("domain changed", "new.test", &by),
        ("block added", "a@b.test for new.test", &by),
        ("block removed", "a@b.test for new.test", &by),
        ("block added", "@b.test for all", &by),
        ("block removed", "@b.test for all", &by),
        ("token made", "(x)", &by),
        ("domain removed", "new.test with 0 aliases", &by),
        ("domain added", "otto.test", "user otto"),
        ("alias made", "a@example.org", &by_token),
        ("alias disabled", "a@example.org", &by_token),
        ("alias removed", "a@example.org", &by_token),
        ("logged out", "admin", &by),
    ] {
        let said = |line: &&String| [what, of, by].iter().all(|part| line.contains(part));
        assert_eq!(log.iter().filter(said).count(), 1, "{what} {of} {by}: {log:#?}");
    }
}
