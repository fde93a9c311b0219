//! What the form of an alias says and takes.

use super::{alias, done, form, get, hidden, picked, send};
use crate::web::site::Site;
use serde_json::json;

#[test]
fn all_that_an_alias_can_have_is_said_by_the_form() {
    let site = Site::start();
    let owner = site.owner("example.org");
    let all = [
        ("name", "shop"),
        ("domain", "example.org"),
        ("action", "forward"),
        ("destinations", "me@sink.test\r\nyou@sink.test"),
        ("enabled", "on"),
        ("note", "For <b>\"the shop\"</b> & co"),
        ("expires", "2999-12-31T12:00"),
        ("max_messages", "7"),
        ("allow", "@friend.test\r\n*.friend.test"),
        ("block", "*"),
        ("limit", "30/1h"),
        ("spam", "mark"),
        ("keep_tag", "true"),
        ("digest", "weekly"),
        ("reply_by_address", "on"),
    ];
    done(&site, &owner, "/aliases/new", &all);
    let mut shown = alias(&site.onward, "shop@example.org");
    let counters = shown.as_object_mut().unwrap().remove("counters").unwrap();
    assert_eq!(counters["forwarded"], 0);
    for name in ["leads_to", "refused"] {
        shown.as_object_mut().unwrap().remove(name);
    }
    let wanted = json!({
        "address": "shop@example.org", "kind": "exact", "destinations": ["me@sink.test", "you@sink.test"],
        "enabled": true, "note": "For <b>\"the shop\"</b> & co", "expires": "2999-12-31T12:00:00Z", "max_messages": 7,
        "allow": ["@friend.test", "*.friend.test"], "block": ["*"], "limit": "30/1h", "spam": "mark", "keep_tag": true,
        "digest": "weekly", "reply_by_address": true
    });
    assert_eq!(shown, wanted);

    // The form shows all of it, and sent as it is it changes nothing.
    let page = get(&site, &owner, "/aliases/shop@example.org");
    assert!(
        page.contains("value=\"For &lt;b&gt;&quot;the shop&quot;&lt;/b&gt; &amp; co\""),
        "{page}"
    );
    let version = hidden(&page, "version");
    let mut same = all.to_vec();
    same.push(("version", &version));
    let page = done(&site, &owner, "/aliases/shop@example.org", &same);
    assert!(page.contains("One was so already."), "{page}");
    assert!(!page.contains("/aliases/undo"), "nothing to take back");

    // A catch-all, and a regex.
    for (name, place) in [("*", "/aliases/%2A@example.org"), (r"/^s-.*@example\.org$/", "")] {
        let made = [
            ("name", name),
            ("domain", "example.org"),
            ("destinations", "me@sink.test"),
            ("enabled", "on"),
        ];
        let page = done(&site, &owner, "/aliases/new", &made);
        assert!(page.contains("takes mail now") && page.contains(place), "{name}: {page}");
    }
    let list = get(&site, &owner, "/aliases");
    assert_eq!(list.matches("name=\"pick\"").count(), 3, "{list}");

    // What refuses: its text, and nowhere it leads.
    let version = hidden(&get(&site, &owner, "/aliases/%2A@example.org"), "version");
    let refuses = [
        ("version", version.as_str()),
        ("action", "reject"),
        ("text", "Write by post"),
        ("enabled", "on"),
    ];
    done(&site, &owner, "/aliases/%2A@example.org", &refuses);
    send(&site.onward, "a@sender.test", "any@example.org").expect("550 5.7.1 Write by post");
}

#[test]
fn a_change_that_somebody_else_made_meanwhile_is_told_and_not_overwritten() {
    let site = Site::start();
    let owner = site.owner("example.org");
    site.onward.run(&["alias", "add", "shop@example.org", "me@sink.test", "--note", "old"]);
    let seen = get(&site, &owner, "/aliases/shop@example.org");
    let list = get(&site, &owner, "/aliases");
    site.onward.run(&["alias", "set", "shop@example.org", "--note", "of somebody else"]);

    let version = hidden(&seen, "version");
    let mine = [
        ("version", version.as_str()),
        ("action", "forward"),
        ("destinations", "you@sink.test"),
        ("note", "mine"),
        ("enabled", "on"),
    ];
    let answer = site.post(&owner, "/aliases/shop@example.org", &form(&mine));
    assert_eq!(answer.status, 409, "{answer:?}");
    for said in
        ["Somebody else changed this alias", "of somebody else", "value=\"mine\"", "you@sink.test"]
    {
        assert!(answer.body.contains(said), "{said}: {}", answer.body);
    }
    assert_eq!(alias(&site.onward, "shop@example.org")["note"], "of somebody else");

    // Nor by what stands on a list that was loaded before.
    let value = picked(&list, "shop@example.org");
    for (word, said) in
        [("delete", "No alias was removed."), ("disable", "No alias was switched off.")]
    {
        let page = done(&site, &owner, "/aliases/many", &[("do", word), ("pick", &value)]);
        assert!(
            page.contains(said) && page.contains("somebody changed it meanwhile"),
            "{word}: {page}"
        );
    }
    assert_eq!(alias(&site.onward, "shop@example.org")["enabled"], true);

    // Seen, and sent again, it is saved.
    let version = hidden(&answer.body, "version");
    let mut again = mine.to_vec();
    again[0] = ("version", &version);
    let saved = done(&site, &owner, "/aliases/shop@example.org", &again);
    let change = hidden(&saved, "change");
    let now = alias(&site.onward, "shop@example.org");
    assert_eq!((&now["note"], &now["destinations"]), (&json!("mine"), &json!(["you@sink.test"])));
    // What was taken back meanwhile is nobody's to take back.
    site.onward.run(&["alias", "set", "shop@example.org", "--note", "later"]);
    let page = done(&site, &owner, "/aliases/undo", &[("change", &change)]);
    assert!(page.contains("Nothing was taken back."), "{page}");
    assert_eq!(alias(&site.onward, "shop@example.org")["note"], "later");
}
