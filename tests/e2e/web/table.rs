//! Every route of the page, by every method, for everybody: a row for each, or the test fails.

use super::site::{Person, Site};
use regex::Regex;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// What is asked of a route, and what is answered to: nobody, the owner of example.org, the owner of other.test, an
/// administrator. Where something belongs to somebody, it is of example.org.
struct Row {
    method: &'static str,
    pattern: &'static str,
    /// Makes what is asked about, anew for each who asks.
    path: fn(&Site) -> String,
    form: &'static str,
    answers: [u16; 4],
}

const fn get(pattern: &'static str, path: fn(&Site) -> String, answers: [u16; 4]) -> Row {
    Row { method: "GET", pattern, path, form: "", answers }
}

const fn post(
    pattern: &'static str,
    path: fn(&Site) -> String,
    form: &'static str,
    answers: [u16; 4],
) -> Row {
    Row { method: "POST", pattern, path, form, answers }
}

/// The id of a session of the owner of example.org.
fn session(site: &Site) -> String {
    site.owner("example.org");
    let list = site.onward.run(&["web", "list", "--json"]);
    let all = list.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let mut owners = all.filter(|one| one["domains"][0] == "example.org");
    owners.next_back().unwrap()["id"].as_str().unwrap().to_owned()
}

/// The page of an alias of example.org.
fn alias(site: &Site) -> String {
    site.onward.cli(&["alias", "add", "hello@example.org", "me@sink.test"]);
    "/aliases/hello@example.org".into()
}

/// Where a token for example.org is revoked.
fn token(site: &Site) -> String {
    let made: &[&str] = &["--label", "x", "--scope", "manage", "--domain", "example.org", "--json"];
    let made = site.onward.run(&[&["token", "add"], made].concat());
    let made: serde_json::Value = serde_json::from_str(&made).unwrap();
    format!("/tokens/{}/revoke", made["id"].as_str().unwrap())
}

/// What is done with an account that sends as an address of example.org, and has a password.
fn account(site: &Site, what: &str) -> String {
    alias(site);
    let name = "hello@example.org";
    site.onward.cli(&["account", "add", name, "--as", name]);
    site.onward.cli(&["account", "password", "add", name, "--label", "x"]);
    format!("/accounts/{name}/{what}")
}

/// The path of a message to example.org, which was refused as there is no such alias.
fn message(site: &Site) -> String {
    if site.onward.run(&["trace", "--json"]).is_empty() {
        let mut client = site.onward.session();
        client.mail("news@shop.test");
        client.rcpt("nobody@example.org").expect_code(550);
    }
    let found = site.onward.wait_for_trace(&[], 1).remove(0);
    format!("/messages/{}", found["id"].as_str().unwrap())
}

/// What nobody may see who is not logged in: a page leads to the login, a form is refused.
const ROWS: &[Row] = &[
    get("/", |_| "/".into(), [303, 303, 303, 303]),
    // Anybody loads them; this is none.
    get("/assets/{name}", |_| "/assets/absent.css".into(), [404, 404, 404, 404]),
    post("/language", |_| "/language".into(), "lang=de&back=/", [303, 303, 303, 303]),
    get("/login", |_| "/login".into(), [200, 303, 303, 303]),
    get("/login/{secret}", |site| site.link(&[]), [200, 200, 200, 200]),
    post("/login/{secret}", |site| site.link(&[]), "", [303, 303, 303, 303]),
    get("/welcome", |_| "/welcome".into(), [200, 303, 303, 303]),
    post("/logout", |_| "/logout".into(), "", [403, 303, 303, 303]),
    get("/sessions", |_| "/sessions".into(), [303, 200, 200, 200]),
    get("/aliases", |_| "/aliases".into(), [303, 200, 200, 200]),
    // Nothing is picked.
    post("/aliases/many", |_| "/aliases/many".into(), "do=delete", [403, 422, 422, 422]),
    post("/aliases/undo", |_| "/aliases/undo".into(), "", [403, 303, 303, 303]),
    get("/aliases/new", |_| "/aliases/new".into(), [303, 200, 200, 200]),
    post("/aliases/new", |_| "/aliases/new".into(), "name=", [403, 422, 422, 422]),
    get("/aliases/{address}", alias, [303, 200, 404, 200]),
    // It is not what was seen.
    post("/aliases/{address}", alias, "version=x", [403, 409, 404, 409]),
    post(
        "/aliases/{address}/explain",
        |site| alias(site) + "/explain",
        "from=a%40sender.test&ip=192.0.2.1",
        [403, 200, 404, 200],
    ),
    get("/blocks", |_| "/blocks".into(), [303, 200, 200, 200]),
    post(
        "/blocks",
        |_| "/blocks".into(),
        "pattern=%40shop.test&domain=example.org",
        [403, 303, 422, 303],
    ),
    post(
        "/blocks/remove",
        |_| "/blocks/remove".into(),
        "pattern=%40shop.test&domain=example.org",
        [403, 303, 404, 303],
    ),
    get("/tokens", |_| "/tokens".into(), [303, 200, 200, 200]),
    post(
        "/tokens",
        |_| "/tokens".into(),
        "label=x&scope=manage&domain=example.org",
        [403, 201, 422, 201],
    ),
    post("/tokens/{id}/revoke", token, "", [403, 303, 404, 303]),
    get("/accounts", |_| "/accounts".into(), [303, 404, 404, 200]),
    post("/accounts", |_| "/accounts".into(), "name=", [403, 404, 404, 422]),
    post(
        "/accounts/{name}/switch",
        |site| account(site, "switch"),
        "to=disabled",
        [403, 404, 404, 303],
    ),
    post(
        "/accounts/{name}/password",
        |site| account(site, "password"),
        "label=",
        [403, 404, 404, 303],
    ),
    post(
        "/accounts/{name}/password/revoke",
        |site| account(site, "password/revoke"),
        "label=x",
        [403, 404, 404, 303],
    ),
    post(
        "/sessions/{id}/revoke",
        |site| format!("/sessions/{}/revoke", session(site)),
        "",
        [403, 303, 404, 303],
    ),
    get("/messages", |_| "/messages?from=%40shop.test".into(), [303, 200, 200, 200]),
    get("/messages/{id}", message, [303, 200, 404, 200]),
    // It does not wait.
    post("/messages/{id}/retry", |site| message(site) + "/retry", "", [403, 422, 404, 422]),
    post("/messages/{id}/drop", |site| message(site) + "/drop", "", [403, 422, 404, 422]),
    post(
        "/messages/{id}/block",
        |site| message(site) + "/block",
        "pattern=address&for=domain+example.org",
        [403, 303, 404, 303],
    ),
    // No alias is there that could.
    post(
        "/messages/{id}/allow",
        |site| message(site) + "/allow",
        "pattern=address&for=alias+nobody%40example.org",
        [403, 422, 404, 422],
    ),
    post("/messages/{id}/explain", |site| message(site) + "/explain", "", [403, 200, 404, 200]),
    get("/queue", |_| "/queue".into(), [303, 404, 404, 200]),
    post("/queue/retry", |_| "/queue/retry".into(), "", [403, 404, 404, 303]),
    post("/queue/drop", |_| "/queue/drop".into(), "", [403, 404, 404, 303]),
    // Domains
    get("/domains", |_| "/domains".into(), [303, 200, 200, 200]),
    post("/domains", |_| "/domains".into(), "domain=new.test", [403, 404, 404, 303]),
    get("/domains/{domain}", |_| "/domains/example.org".into(), [303, 200, 404, 200]),
    post(
        "/domains/{domain}/check",
        |_| "/domains/example.org/check".into(),
        "",
        [403, 303, 404, 303],
    ),
    post(
        "/domains/{domain}/settings",
        |_| "/domains/example.org/settings".into(),
        "digest=daily",
        [403, 303, 404, 303],
    ),
    post(
        "/domains/{domain}/block",
        |_| "/domains/example.org/block".into(),
        "pattern=%40spam.test",
        [403, 303, 404, 303],
    ),
    post(
        "/domains/{domain}/unblock",
        |_| "/domains/example.org/unblock".into(),
        "pattern=%40spam.test",
        [403, 303, 404, 303],
    ),
    // Its name is to be typed.
    post(
        "/domains/{domain}/remove",
        |_| "/domains/example.org/remove".into(),
        "name=other.test",
        [403, 404, 404, 422],
    ),
    post("/doctor", |_| "/doctor".into(), "", [403, 404, 404, 303]),
    // Overview
    get("/overview", |_| "/overview".into(), [303, 404, 404, 200]),
];

/// Method and pattern of every route, as the source has them.
fn routes() -> BTreeSet<(String, String)> {
    fn sources(directory: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                sources(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    let mut files = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/web/page"), &mut files);
    let texts: Vec<_> = files.iter().map(|file| fs::read_to_string(file).unwrap()).collect();
    texts.iter().flat_map(|text| routes_in(text)).collect()
}

fn routes_in(code: &str) -> Vec<(String, String)> {
    let method = Regex::new(r"\b(get|post|put|patch|delete)\(").unwrap();
    let mut found = Vec::new();
    for part in code.split(".route(").skip(1) {
        let mut depth = 1;
        let end = part.char_indices().find(|(_, c)| {
            depth += match c {
                '(' => 1,
                ')' => -1,
                _ => 0,
            };
            depth == 0
        });
        let call = &part[..end.unwrap().0];
        let pattern = call.split('"').nth(1).unwrap_or_else(|| panic!("no path: {call}"));
        let before = found.len();
        for name in method.captures_iter(call) {
            found.push((name[1].to_uppercase(), pattern.to_owned()));
        }
        assert!(found.len() > before, "no method: {call}");
    }
    found
}

#[test]
fn every_route_has_a_row() {
    let rows: BTreeSet<_> =
        ROWS.iter().map(|row| (row.method.to_owned(), row.pattern.to_owned())).collect();
    assert_eq!(routes(), rows);
    let chained = ".route(\"/a/{b}\", get(x).post(y)).route(\n    \"/c\",\n    post(z),\n)";
    let [first, second, third] = routes_in(chained).try_into().unwrap();
    assert_eq!(first, ("GET".to_owned(), "/a/{b}".to_owned()));
    assert_eq!(second, ("POST".to_owned(), "/a/{b}".to_owned()));
    assert_eq!(third, ("POST".to_owned(), "/c".to_owned()));
}

#[test]
fn every_route_answers_everybody_as_its_row_says() {
    let site = Site::start();
    let log_in = |who: usize| match who {
        0 => Person::nobody(),
        1 => site.owner("example.org"),
        2 => site.owner("other.test"),
        _ => site.admin(),
    };
    let mut people: Vec<Person> = (0..4).map(log_in).collect();
    for row in ROWS {
        for who in 0..4 {
            let path = (row.path)(&site);
            let person = &people[who];
            let answer = match row.method {
                "GET" => site.get(person, &path),
                _ => site.post(person, &path, row.form),
            };
            let name = ["nobody", "the owner", "another owner", "an administrator"][who];
            assert_eq!(
                answer.status, row.answers[who],
                "{} {path} by {name}: {answer:?}",
                row.method
            );
            if answer.status == 303 && who == 0 && row.method == "GET" {
                assert_eq!(answer.field("location"), Some("/login"), "{path}");
            }
            // The language is chosen on the answer to a form too, and leads to a page that is there.
            if let Some((_, form)) = answer.body.split_once("class=\"languages\"")
                && who > 0
                && answer.status != 404
            {
                let back = form.split_once("name=\"back\" value=\"").unwrap().1;
                let back = back.split('"').next().unwrap().replace("&amp;", "&");
                let there = site.get(person, &back).status;
                assert!([200, 303].contains(&there), "{} {path} by {name}: {back}", row.method);
            }
            if ["/logout", "/login/{secret}"].contains(&row.pattern) && row.method == "POST" {
                // The session is over.
                people[who] = log_in(who);
            }
        }
    }
    // What has no row is answered to nobody, whoever asks.
    for pattern in ROWS.iter().map(|row| row.pattern).collect::<BTreeSet<_>>() {
        let path = pattern.replace(['{', '}'], "");
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            if !ROWS.iter().any(|row| (row.method, row.pattern) == (method, pattern)) {
                let origin = "Sec-Fetch-Site: same-origin\r\n";
                let answer = site.ask(&people[3], method, &path, origin, "");
                assert_eq!(answer.status, 405, "{method} {path}");
            }
        }
    }
}
