//! Aliases: made, looked for, changed and removed.

use super::{Answer, Api};
use serde_json::{Value, json};
use std::thread;

const HELLO: &str = "/api/aliases/hello@example.org";

fn hello(api: &Api) -> Answer {
    let body = json!({"address": "hello@example.org", "destinations": ["bob@sink.test"]});
    let made = api.ask(&api.admin, "POST", "/api/aliases", Some(&body));
    assert_eq!(made.status, 201, "{made:?}");
    made
}

#[test]
fn what_is_not_named_stays_and_null_takes_away() {
    let api = Api::start();
    hello(&api);
    let patch = |body: Value| api.admin("PATCH", HELLO, Some(&body), 200);
    let all = json!({
        "note": "the shop", "expires": "2099-12-31T12:00:00Z", "max_messages": 5, "allow": ["@a.test"],
        "block": ["*.b.test", "c@d.test"], "limit": "30/1h", "spam": "mark", "keep_tag": true, "digest": "daily",
        "reply_by_address": true,
    });
    let changed = patch(all.clone());
    for (name, value) in all.as_object().unwrap() {
        assert_eq!(&changed[name], value, "{name}");
    }
    let shown: Value =
        serde_json::from_str(&api.onward.run(&["alias", "show", "hello@example.org", "--json"]))
            .unwrap();
    assert_eq!(shown["block"], all["block"], "as the command line has it");
    let changed = patch(json!({"note": null, "block": [], "spam": null}));
    assert!(changed.get("note").is_none() && changed.get("block").is_none());
    assert_eq!(changed["limit"], "30/1h");
    let off = api.admin("POST", &format!("{HELLO}/disable"), None, 200);
    assert_eq!((&off["enabled"], &off["limit"]), (&json!(false), &json!("30/1h")));
    assert_eq!(api.admin("POST", &format!("{HELLO}/enable"), None, 200)["enabled"], true);
    let answer = api.ask(
        &api.admin,
        "PATCH",
        HELLO,
        Some(&json!({"digest": "x", "nmae": 1, "limit": null})),
    );
    assert_eq!((answer.status, answer.faults()), (422, vec!["nmae".to_owned()]));
    let answer =
        api.ask(&api.admin, "PATCH", HELLO, Some(&json!({"digest": "x", "limit": "often"})));
    let mut faults = answer.faults();
    faults.sort_unstable();
    assert_eq!((answer.status, faults), (422, vec!["digest".to_owned(), "limit".to_owned()]));
    for name in ["address", "kind", "destinations", "enabled"] {
        let answer = api.ask(&api.admin, "PATCH", HELLO, Some(&json!({ name: null })));
        assert_eq!((answer.status, answer.faults()), (422, vec![name.to_owned()]), "{answer:?}");
    }
    let expired = json!({"expires": "2020-01-01T00:00:00Z"});
    assert_eq!(api.ask(&api.admin, "PATCH", HELLO, Some(&expired)).faults(), ["expires"]);
    assert_eq!(api.ask(&api.admin, "DELETE", HELLO, None).status, 204);
    assert_eq!(api.ask(&api.admin, "GET", HELLO, None).status, 404);
    assert_eq!(api.ask(&api.admin, "DELETE", HELLO, None).status, 404);
}

#[test]
fn where_nothing_answers_here_is_told_of_ones_own_domain() {
    let api = Api::start();
    let make = |token: &str, address: &str, to: &[&str]| {
        let body = json!({"address": address, "destinations": to});
        let answer = api.ask(token, "POST", "/api/aliases", Some(&body));
        assert_eq!(answer.status, 201, "{answer:?}");
        let made: Value = serde_json::from_str(&answer.body).unwrap();
        let warnings = made["warnings"].as_array().cloned().unwrap_or_default();
        warnings.iter().map(|one| one.as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let nowhere = "an address here that leads nowhere";
    let all = ["nobody@example.org", "nobody@other.test", "bob@sink.test"];
    let told = make(&api.admin, "a@example.org", &all);
    assert!(told.len() == 2 && told.iter().all(|one| one.contains(nowhere)), "{told:?}");
    let told = make(&api.manage, "b@example.org", &all);
    assert!(told.len() == 1 && told[0].contains("leads to nobody@example.org"), "{told:?}");
    assert_eq!(make(&api.admin, "nobody@example.org", &["bob@sink.test"]), [""; 0]);
    let seen = api.admin("GET", "/api/aliases/a@example.org", None, 200);
    assert!(seen.get("warnings").is_none(), "it is no part of the alias");
    let to = json!({"destinations": ["none@example.org"]});
    let changed = api.admin("PATCH", "/api/aliases/b@example.org", Some(&to), 200);
    assert!(changed["warnings"][0].as_str().unwrap().contains(nowhere), "{changed}");
    let made = json!({"auto_create": {"pattern": "shop-.*", "destinations": ["none@example.org"]}});
    let changed = api.admin("PATCH", "/api/domains/example.org", Some(&made), 200);
    let says = "what mail makes in example.org leads to none@example.org";
    assert!(changed["warnings"][0].as_str().unwrap().contains(says), "{changed}");
    assert!(api.admin("GET", "/api/domains/example.org", None, 200).get("warnings").is_none());
    let template =
        json!({"auto_create": {"pattern": "shop-.*", "destinations": ["$1@example.org"]}});
    let refused = api.ask(&api.admin, "PATCH", "/api/domains/example.org", Some(&template));
    assert_eq!((refused.status, refused.faults()), (422, vec!["auto_create".to_owned()]));
}

#[test]
fn an_address_that_nobody_can_read_is_nobodys() {
    let api = Api::start();
    for token in [&api.admin, &api.manage, &api.create] {
        let mut body = json!({"address": "a\u{202e}b@example.org", "note": "x"});
        if *token != api.create {
            body["destinations"] = json!(["bob@sink.test"]);
        }
        let answer = api.ask(token, "POST", "/api/aliases", Some(&body));
        assert_eq!((answer.status, answer.faults()), (422, vec!["address".to_owned()]));
        assert!(answer.body.contains("U+202E"), "{answer:?}");
    }
}

#[test]
fn whoever_saw_something_else_changes_nothing() {
    let api = Api::start();
    let made = hello(&api);
    let tag = made.field("etag").unwrap().to_owned();
    let seen = api.ask(&api.admin, "GET", HELLO, None);
    assert_eq!(seen.field("etag"), Some(&*tag));
    let has = format!("If-None-Match: {tag}\r\n");
    let same = api.ask_with(&api.admin, "GET", HELLO, None, &has);
    assert_eq!((same.status, same.body.as_str()), (304, ""));
    api.onward.run(&["alias", "set", "hello@example.org", "--spam", "mark"]);
    let wants = format!("If-Match: {tag}\r\n");
    let patch = json!({"note": "x"});
    for (method, body) in [("PATCH", Some(&patch)), ("DELETE", None)] {
        let answer = api.ask_with(&api.admin, method, HELLO, body, &wants);
        assert_eq!(answer.status, 412, "{answer:?}");
        answer.faults();
    }
    let switch = format!("{HELLO}/disable");
    assert_eq!(api.ask_with(&api.admin, "POST", &switch, None, &wants).status, 412);
    let domain = "/api/domains/example.org";
    let tag_of_domain = api.ask(&api.admin, "GET", domain, None).field("etag").unwrap().to_owned();
    let wants_domain = format!("If-Match: {tag_of_domain}\r\n");
    for (digest, status) in [("daily", 200), ("weekly", 412)] {
        let patch = json!({"digest": digest});
        let answer = api.ask_with(&api.admin, "PATCH", domain, Some(&patch), &wants_domain);
        assert_eq!(answer.status, status, "{answer:?}");
    }
    let tag = api.ask(&api.admin, "GET", HELLO, None).field("etag").unwrap().to_owned();
    let wants = format!("If-Match: \"x\", {tag}\r\n");
    // Of many who saw the same one changes it.
    let statuses: Vec<u16> = thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|n| {
                let (api, wants) = (&api, &wants);
                scope.spawn(move || {
                    let patch = json!({"note": format!("{n}")});
                    api.ask_with(&api.admin, "PATCH", HELLO, Some(&patch), wants).status
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 412).count(), 7, "{statuses:?}");
    let any = api.ask_with(&api.admin, "DELETE", HELLO, None, "If-Match: *\r\n");
    assert_eq!(any.status, 204, "{any:?}");
}

#[test]
fn looked_for_page_by_page() {
    let api = Api::start();
    for n in 0..7 {
        api.onward.run(&["alias", "add", &format!("a{n}@example.org"), "bob@sink.test"]);
    }
    api.onward.run(&["alias", "add", "a@other.test", "eve@sink.test"]);
    api.onward.run(&["alias", "add", r"/^sales-.+@example\.org$/", "bob@sink.test"]);
    api.onward.run(&["alias", "add", "*@example.org", "eve@sink.test"]);
    api.onward.run(&["alias", "disable", "a3@example.org"]);
    api.admin("PATCH", "/api/aliases/a4@example.org", Some(&json!({"note": "The Shop"})), 200);
    let list = |token: &str, query: &str| {
        let answer = api.ask(token, "GET", &format!("/api/aliases{query}"), None);
        assert_eq!(answer.status, 200, "{answer:?}");
        let page = answer.json();
        let found = page["aliases"].as_array().unwrap().iter();
        let found = found.map(|alias| alias["address"].as_str().unwrap().to_owned());
        (found.collect::<Vec<_>>(), page["next"].as_str().map(str::to_owned))
    };
    let (all, next) = list(&api.admin, "");
    assert_eq!((all.len(), next), (10, None));
    let (mut paged, mut cursor) = (Vec::new(), String::new());
    loop {
        let (found, next) = list(&api.admin, &format!("?limit=3{cursor}"));
        assert!(found.len() <= 3);
        paged.extend(found);
        let Some(next) = next else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(paged, all);
    let (own, _) = list(&api.manage, "");
    assert_eq!(own.len(), 9, "{own:?}");
    assert!(!own.contains(&"a@other.test".to_owned()));
    for (query, found) in [
        ("?domain=other.test", vec!["a@other.test"]),
        ("?destination=EVE@sink.test", vec!["*@example.org", "a@other.test"]),
        ("?enabled=false", vec!["a3@example.org"]),
        ("?note=shop", vec!["a4@example.org"]),
        ("?q=THE+shop", vec!["a4@example.org"]),
        ("?q=sales", vec![r"/^sales-.+@example\.org$/"]),
        ("?q=a5%40", vec!["a5@example.org"]),
        ("?q=nothing", vec![]),
    ] {
        let mut listed = list(&api.admin, query).0;
        listed.sort_unstable();
        assert_eq!(listed, found, "{query}");
    }
    for (query, field) in [
        ("?limit=0", "limit"),
        ("?enabled=yes", "enabled"),
        ("?domain=", "domain"),
        ("?destination=x", "destination"),
        ("?unused_since=yesterday", "unused_since"),
        ("?cursor=x", "cursor"),
        ("?page=2", "page"),
        ("?q=a&q=b", "q"),
    ] {
        let answer = api.ask(&api.admin, "GET", &format!("/api/aliases{query}"), None);
        assert_eq!((answer.status, answer.faults()), (422, vec![field.to_owned()]), "{query}");
    }
    let regex = "%2F%5Esales-.%2B%40example%5C.org%24%2F";
    let shown = api.admin("GET", &format!("/api/aliases/{regex}"), None, 200);
    assert_eq!(shown["kind"], "regex");
}

#[test]
fn what_does_not_go_is_said() {
    let api = Api::start();
    hello(&api);
    let add = |body: Value| api.ask(&api.admin, "POST", "/api/aliases", Some(&body));
    let answer = add(json!({"address": "hello@example.org", "destinations": ["x@sink.test"]}));
    assert_eq!(answer.status, 409);
    assert!(!answer.body.contains("bob@sink.test"), "{answer:?}");
    let answer = add(json!({"address": "a@absent.test", "destinations": ["x@sink.test"]}));
    assert_eq!((answer.status, answer.faults()), (422, vec!["address".to_owned()]));
    let to_b = json!({"address": "a@example.org", "destinations": ["b@example.org"]});
    assert_eq!(add(to_b).status, 201);
    let loops = add(json!({"address": "b@example.org", "destinations": ["a@example.org"]}));
    assert_eq!(loops.status, 409, "{loops:?}");
    let answer = add(json!({
        "address": "hello", "destinations": ["me"], "spam": "eat", "count": 1
    }));
    assert_eq!((answer.status, answer.faults()), (422, vec!["count".to_owned()]));
    let answer = add(json!({"address": "hello", "destinations": ["me"], "spam": "eat"}));
    let mut faults = answer.faults();
    faults.sort_unstable();
    assert_eq!(
        (answer.status, faults.as_slice()),
        (422, &["address", "destinations", "spam"].map(String::from)[..])
    );
    assert!(answer.json()["errors"][0]["accepted"].is_string(), "{answer:?}");
    let domains = |method: &str, path: &str, body: Option<&Value>| {
        api.ask(&api.admin, method, path, body).status
    };
    assert_eq!(domains("POST", "/api/domains", Some(&json!({"domain": "example.org"}))), 409);
    assert_eq!(domains("POST", "/api/domains", Some(&json!({"domain": "[192.0.2.1]"}))), 422);
    assert_eq!(domains("DELETE", "/api/domains/example.org", None), 409);
    assert_eq!(domains("DELETE", "/api/domains/example.org?with_aliases=true", None), 204);
    assert_eq!(domains("GET", "/api/domains/example.org", None), 404);
}

#[test]
fn what_is_made_is_shown_as_it_is_kept() {
    let api = Api::start();
    let typed = json!({"address": "Hello@EXAMPLE.org", "destinations": ["Bob@SINK.test"]});
    let made = api.ask(&api.admin, "POST", "/api/aliases", Some(&typed));
    assert_eq!(made.status, 201, "{made:?}");
    let kept = api.ask(&api.admin, "GET", HELLO, None);
    assert_eq!((made.json(), made.field("etag")), (kept.json(), kept.field("etag")));
    // What was answered is what If-Match names.
    let wants = format!("If-Match: {}\r\n", made.field("etag").unwrap());
    let patch = json!({"note": "x"});
    assert_eq!(api.ask_with(&api.admin, "PATCH", HELLO, Some(&patch), &wants).status, 200);
    let domain = api.admin("POST", "/api/domains", Some(&json!({"domain": "New.TEST"})), 201);
    assert_eq!(domain, api.admin("GET", "/api/domains/new.test", None, 200));
    let block = json!({"pattern": "@Shop.TEST", "domain": "EXAMPLE.org", "note": "x"});
    let blocked = api.admin("POST", "/api/blocks", Some(&block), 201);
    assert_eq!(api.admin("GET", "/api/blocks", None, 200)["blocks"], json!([blocked]));
}

#[test]
fn a_block_that_is_none_names_the_field() {
    let api = Api::start();
    for (block, field) in [
        (json!({"pattern": "@shop.test", "note": "a\nb"}), "note"),
        (json!({"pattern": "@shop.test", "note": "x".repeat(501)}), "note"),
        (json!({"pattern": "shop.test"}), "pattern"),
        (json!({"pattern": "*"}), "pattern"),
        (json!({"pattern": "*", "domain": "example.org"}), "pattern"),
        (json!({"pattern": "@shop.test", "domain": "a b"}), "domain"),
        (json!({"pattern": "@shop.test", "scope": "all"}), "scope"),
    ] {
        let answer = api.ask(&api.admin, "POST", "/api/blocks", Some(&block));
        assert_eq!((answer.status, answer.faults()), (422, vec![field.to_owned()]), "{block}");
        assert!(answer.json()["errors"][0]["accepted"].is_string(), "{answer:?}");
    }
    assert_eq!(api.admin("GET", "/api/blocks", None, 200), json!({"blocks": []}));
}
