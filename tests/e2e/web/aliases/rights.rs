//! What nobody but their owner may see or do.

use super::{alias, done, form, get, hidden, no_errors, picked, send};
use crate::support::onward::Onward;
use crate::support::receiver::Receiver;
use crate::web::browser::Browser;
use crate::web::site::Site;
use serde_json::json;

#[test]
fn an_owner_sees_and_changes_nothing_of_others() {
    let site = Site::start();
    let onward = &site.onward;
    for address in ["own@example.org", "secret@other.test", r"/^r.*@other\.test$/"] {
        onward.run(&["alias", "add", address, "hidden@sink.test"]);
    }
    onward.run(&["alias", "set", "secret@other.test", "--note", "a secret note"]);
    let (owner, other, admin) = (site.owner("example.org"), site.owner("other.test"), site.admin());
    let list = get(&site, &admin, "/aliases");
    for address in ["own@example.org", "secret@other.test", "other\\.test"] {
        assert!(list.contains(address), "{address}: {list}");
    }
    for query in [
        "",
        "?domain=other.test",
        "?q=secret",
        "?q=hidden@",
        "?note=secret",
        "?unused=1",
        "?state=on",
        "?state=off",
    ] {
        let list = get(&site, &owner, &format!("/aliases{query}"));
        for foreign in ["secret@", "a secret note", "other.test"] {
            let said = list.replace("value=\"secret\"", "").replace("domain=other.test", "");
            assert!(!said.contains(foreign), "{query}: {foreign} in {said}");
        }
    }
    let secret = picked(&get(&site, &other, "/aliases"), "secret@other.test");
    let secret = secret.as_str();
    let missing = site.get(&owner, "/aliases/none@example.org");
    assert_eq!(missing.status, 404);
    for address in
        ["secret@other.test", "%2F%5Er.%2A@other%5C.test%24%2F", "*@other.test", "nonsense"]
    {
        let path = format!("/aliases/{address}");
        let hidden = site.get(&owner, &path);
        let same = missing.body.replace("/aliases/none@example.org", &path);
        assert_eq!((hidden.status, hidden.body), (404, same), "{address}");
        let post = site.post(&owner, &path, &form(&[("version", "x"), ("note", "mine")]));
        assert_eq!(post.status, 404, "{address}");
    }
    for word in ["disable", "delete", "note"] {
        for pairs in [
            vec![("do", word), ("pick", secret), ("bulk_note", "mine")],
            vec![("one", secret), ("do", word)],
        ] {
            let answer = site.post(&owner, "/aliases/many", &form(&pairs));
            assert!(matches!(answer.status, 303 | 422), "{answer:?}");
        }
    }
    let one = format!("delete {secret}");
    assert_eq!(site.post(&owner, "/aliases/many", &form(&[("one", &one)])).status, 303);
    let kept = alias(onward, "secret@other.test");
    assert_eq!((&kept["note"], &kept["enabled"]), (&json!("a secret note"), &json!(true)));

    // A new one at a domain of somebody else, or at one that nobody hosts: the same words.
    for name in [
        "new@other.test",
        "new@nobody.test",
        r"/^n.*@other\.test$/",
        r"/^n@(other|example)\.test$/",
    ] {
        let made = [("name", name), ("destinations", "me@sink.test"), ("enabled", "on")];
        let answer = site.post(&owner, "/aliases/new", &form(&made));
        assert_eq!(answer.status, 422, "{name}: {answer:?}");
        assert!(answer.body.contains("address-error"), "{name}");
    }
    // What undoes a change of one is nobody else's.
    let off = done(&site, &other, "/aliases/many", &[("do", "disable"), ("pick", secret)]);
    let change = hidden(&off, "change");
    let page = done(&site, &owner, "/aliases/undo", &[("change", &change)]);
    assert!(page.contains("too late"), "{page}");
    assert_eq!(alias(onward, "secret@other.test")["enabled"], false);

    // Explaining asks about one's own.
    let asked =
        form(&[("from", "a@sender.test"), ("ip", "192.0.2.1"), ("to", "secret@other.test")]);
    let page = site.post(&owner, "/aliases/own@example.org/explain", &asked);
    assert_eq!(page.status, 200, "{page:?}");
    assert!(page.body.contains("The alias own@example.org answers."), "{page:?}");
    assert!(!page.body.contains("secret@other.test"), "{page:?}");
    assert_eq!(site.post(&owner, "/aliases/secret@other.test/explain", &asked).status, 404);
}

#[test]
fn blocks_are_an_owners_for_his_domain_and_an_administrators_for_all() {
    let sink = Receiver::smtp().start();
    let site = Site::start_with(Onward::builder().route("sink.test", &sink.route()));
    let onward = &site.onward;
    onward.run(&["alias", "add", "hello@example.org", "bob@sink.test"]);
    let (owner, admin) = (site.owner("example.org"), site.admin());
    done(
        &site,
        &owner,
        "/blocks",
        &[("pattern", "@shop.test"), ("domain", "example.org"), ("note", "<i>spam</i>")],
    );
    send(onward, "a@shop.test", "hello@example.org").expect("550 5.7.1");
    for (pairs, field) in [
        (vec![("pattern", "@shop.test"), ("domain", "")], "field-domain-error"),
        (vec![("pattern", "@shop.test"), ("domain", "other.test")], "field-domain-error"),
        (vec![("pattern", "shop"), ("domain", "example.org")], "field-pattern-error"),
    ] {
        let answer = site.post(&owner, "/blocks", &form(&pairs));
        assert!(answer.status == 422 && answer.body.contains(field), "{pairs:?}: {answer:?}");
    }
    done(&site, &admin, "/blocks", &[("pattern", "@evil.test"), ("domain", "")]);
    done(&site, &admin, "/blocks", &[("pattern", "@foe.test"), ("domain", "other.test")]);
    let seen = get(&site, &owner, "/blocks");
    assert!(seen.contains("@shop.test") && seen.contains("&lt;i&gt;spam"), "{seen}");
    assert!(!seen.contains("evil.test") && !seen.contains("foe.test"), "{seen}");
    for (pattern, domain) in [("@evil.test", ""), ("@foe.test", "other.test")] {
        let pairs = form(&[("pattern", pattern), ("domain", domain)]);
        assert_eq!(site.post(&owner, "/blocks/remove", &pairs).status, 404, "{pattern}");
    }
    assert_eq!(onward.run(&["block", "list"]).lines().count(), 3);
    done(&site, &owner, "/blocks/remove", &[("pattern", "@shop.test"), ("domain", "example.org")]);
    send(onward, "a@shop.test", "hello@example.org").expect_code(250);
    // What was not blocked was no mail refused for.
    let again = [("pattern", "@shop.test"), ("domain", "example.org")];
    let page = done(&site, &owner, "/blocks/remove", &again);
    assert!(page.contains("@shop.test was not blocked"), "{page}");
    assert!(!page.contains("taken again"), "{page}");
    let page = done(&site, &owner, "/domains/example.org/unblock", &again[..1]);
    assert!(page.contains("was not blocked for the whole domain"), "{page}");
    assert!(!page.contains("onward block"), "{page}");

    let Some(browser) = Browser::start(&site.base()) else { return };
    browser.open(&site.link(&[]));
    browser.press("Log in");
    browser.wait_for_text("Log out");
    browser.open("/blocks");
    browser.axe_finds_nothing();
    browser.screenshot("blocks");
    browser.press("Unblock");
    browser.wait_for_text("is taken again");
    no_errors(&browser);
}
