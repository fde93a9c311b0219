//! Aliases at the page: in a browser, with real mail; and what nobody but their owner may do.

use super::browser::Browser;
use super::site::{Person, Site};
use crate::support::client::Reply;
use crate::support::onward::Onward;
use crate::support::receiver::Receiver;
use crate::support::wait_until;
use serde_json::{Value, json};

const MESSAGE: &[u8] = b"From: alice@sender.test\r\n\r\nhello\r\n";

fn send(onward: &Onward, from: &str, to: &str) -> Reply {
    let mut client = onward.session();
    client.mail(from).expect_code(250);
    let reply = client.rcpt(to);
    if reply.code == 250 { client.data(MESSAGE) } else { reply }
}

/// The browser complains of nothing but of forms that were refused, as they were to be, and of the page of whoever begins.
#[track_caller]
pub(super) fn no_errors(browser: &Browser) {
    let is_meant = |line: &String| {
        line.contains("status of 422")
            || line.contains("/overview") && line.contains("status of 404")
    };
    let said: Vec<_> = browser.console().into_iter().filter(|line| !is_meant(line)).collect();
    assert!(said.is_empty(), "{said:#?}");
}

/// An alias as `alias show --json` has it.
#[track_caller]
fn alias(onward: &Onward, address: &str) -> Value {
    serde_json::from_str(&onward.run(&["alias", "show", address, "--json"])).unwrap()
}

#[track_caller]
fn wait_for_forwarded(onward: &Onward, address: &str, count: u64) {
    wait_until(format!("{address} has taken {count}"), || {
        (alias(onward, address)["counters"]["forwarded"] == count).then_some(())
    });
}

pub(super) fn form(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// The value of the first hidden field of this name.
#[track_caller]
pub(super) fn hidden(body: &str, name: &str) -> String {
    let from = body.split_once(&format!("name=\"{name}\" value=\"")).expect(name).1;
    from.split_once('"').unwrap().0.to_owned()
}

/// What the box of an alias on the list sends.
#[track_caller]
pub(super) fn picked(body: &str, address: &str) -> String {
    let mut values = body.split("value=\"").filter_map(|rest| rest.split_once('"'));
    let found = values.find(|(value, _)| value.ends_with(&format!(" {address}")));
    found.unwrap_or_else(|| panic!("no {address} in {body}")).0.to_owned()
}

#[track_caller]
fn get(site: &Site, person: &Person, path: &str) -> String {
    let answer = site.get(person, path);
    assert_eq!(answer.status, 200, "{path}: {answer:?}");
    answer.body
}

/// Sends a form that does something, and gives the page that says what was done.
#[track_caller]
fn done(site: &Site, person: &Person, path: &str, pairs: &[(&str, &str)]) -> String {
    let answer = site.post(person, path, &form(pairs));
    assert_eq!(answer.status, 303, "{path} {pairs:?}: {answer:?}");
    let place = answer.head.lines().find_map(|line| line.strip_prefix("location: ")).unwrap();
    get(site, person, place)
}

#[test]
fn an_owner_makes_switches_and_removes_an_alias_and_its_mail_follows() {
    let sink = Receiver::smtp().start();
    let site = Site::start_with(Onward::builder().route("sink.test", &sink.route()));
    let Some(browser) = Browser::start(&site.base()) else { return };
    browser.open(&site.link(&["--domain", "example.org"]));
    browser.press("Log in");
    browser.wait_for_text("There are no aliases yet");
    browser.axe_finds_nothing();
    browser.screenshot("aliases-none");
    walk(&site, &browser, true);
    no_errors(&browser);
}

#[test]
fn aliases_are_made_switched_and_removed_with_script_switched_off() {
    let sink = Receiver::smtp().start();
    let site = Site::start_with(Onward::builder().route("sink.test", &sink.route()));
    let Some(browser) = Browser::without_script(&site.base()) else { return };
    browser.open(&site.link(&["--domain", "example.org"]));
    browser.press("Log in");
    walk(&site, &browser, false);
    no_errors(&browser);
}

fn walk(site: &Site, browser: &Browser, looks: bool) {
    let onward = &site.onward;
    let look = |name: &str| {
        if looks {
            browser.axe_finds_nothing();
            browser.screenshot(name);
        }
    };
    browser.press("Make the first alias");
    let offered = |browser: &Browser| {
        let source = browser.source();
        let at = source.find("id=\"field-name\"").unwrap();
        let from = source[at..].split_once("value=\"").unwrap().1;
        from.split_once('"').unwrap().0.to_owned()
    };
    let first = offered(browser);
    assert_eq!(first.len(), 8, "{first}");
    browser.fill("#field-note", "shop.example");
    browser.press("Another name");
    browser.wait_for_text("Address of the alias");
    wait_until("another name", || (offered(browser) != first).then_some(()));
    let name = offered(browser);
    assert!(name.starts_with("shop."), "{name}");
    let address = format!("{name}@example.org");

    // Without a destination, the field says so and keeps what was typed.
    browser.click(".buttons .main");
    browser.wait_for_text("Mailboxes that get the mail");
    wait_until("the error", || (browser.count("#destinations-error") == 1).then_some(()));
    assert_eq!(offered(browser), name);
    look("alias-new-error");
    browser.fill("#field-destinations", "me@sink.test");
    browser.click(".buttons .main");
    browser.wait_for_text(&format!("{address} takes mail now."));
    look("alias-one");

    send(onward, "a@sender.test", &address).expect_code(250);
    wait_for_forwarded(onward, &address, 1);
    browser.open("/aliases");
    assert_eq!(browser.text("td.number"), "1");
    assert_eq!(browser.count(".spark .taken"), 1);
    look("aliases");

    // Off by the button of its row, and on again by undoing that.
    browser.press("Switch off");
    browser.wait_for_text("One alias is switched off");
    send(onward, "a@sender.test", &address).expect("550 5.1.1");
    look("aliases-undo");
    browser.click(".notice button");
    browser.wait_for_text("Taken back");
    send(onward, "a@sender.test", &address).expect_code(250);
    wait_for_forwarded(onward, &address, 2);

    // Removed, and back with rules and counters.
    browser.open(&format!("/aliases/{address}"));
    browser.fill("#field-note", "a better note");
    browser.click(".buttons .main");
    browser.wait_for_text("One alias is changed");
    let before = alias(onward, &address);
    assert_eq!(before["note"], "a better note");
    browser.press("Remove");
    browser.wait_for_text("One alias is removed");
    send(onward, "a@sender.test", &address).expect("550 5.1.1");
    assert_eq!(onward.cli(&["alias", "show", &address]).code, Some(1));
    browser.click(".notice button");
    browser.wait_for_text("Taken back");
    let mut after = alias(onward, &address);
    // What was refused while it was away may be counted nowhere.
    assert_eq!(after["counters"]["forwarded"], before["counters"]["forwarded"]);
    after["counters"] = before["counters"].clone();
    assert_eq!(after, before);
    send(onward, "a@sender.test", &address).expect_code(250);

    // Picked, and something done with all of them.
    onward.run(&["alias", "add", "other@example.org", "me@sink.test"]);
    browser.open("/aliases?q=example.org");
    if looks {
        // As cards there is no head to pick all by.
        browser.resize(1280);
        browser.click("input[data-all]");
    } else {
        browser.click("tr:nth-child(1) input[name=pick]");
        browser.click("tr:nth-child(2) input[name=pick]");
    }
    browser.click("select[name=do] option[value=disable]");
    browser.press("Do it");
    browser.wait_for_text("2 aliases are switched off");
    assert_eq!(browser.path(), "/aliases?q=example.org&domain=example.org");
    send(onward, "a@sender.test", "other@example.org").expect("550 5.1.1");

    // Nobody picked: said beside the list, and nothing is done.
    browser.open("/aliases");
    browser.press("Do it");
    browser.wait_for_text("No alias is picked");

    browser.fill("input[name=q]", "better note");
    if looks {
        // As one types.
        wait_until("one row", || (browser.count("tbody tr") == 1).then_some(()));
    } else {
        browser.press("Search");
        browser.wait_for_text("a better note");
        assert_eq!(browser.count("tbody tr"), 1);
    }
    browser.fill("input[name=q]", "nothing like that");
    if !looks {
        browser.press("Search");
    }
    browser.wait_for_text("No alias fits");

    // What would become of a message.
    browser.open(&format!("/aliases/{address}"));
    browser.fill("#explain-from", "news@shop.test");
    browser.fill("#explain-ip", "192.0.2.1");
    browser.press("Explain");
    browser.wait_for_text("It would be refused.");
    look("alias-explained");
}

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
    let page = get(
        &site,
        &owner,
        "/aliases/own@example.org?from=a@sender.test&ip=192.0.2.1&to=secret@other.test",
    );
    // The foot of the page leads back to what was asked.
    let told = page.split("<footer").next().unwrap();
    assert!(told.contains("own@example.org") && !told.contains("secret@other.test"), "{page}");
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

#[test]
fn hostile_notes_and_names_are_shown_and_do_nothing() {
    let site = Site::start();
    let onward = &site.onward;
    let owner = site.owner("example.org");
    let long = "x".repeat(10_000);
    for (field, value, error) in [
        ("note", long.as_str(), "note-error"),
        ("note", "a\u{202e}b", "note-error"),
        ("name", long.as_str(), "address-error"),
        ("destinations", long.as_str(), "destinations-error"),
        ("name", "<script>alert(1)</script>", "address-error"),
    ] {
        let mut pairs = vec![("domain", "example.org"), (field, value)];
        for (name, other) in [("name", "a"), ("destinations", "me@sink.test")] {
            if name != field {
                pairs.push((name, other));
            }
        }
        let answer = site.post(&owner, "/aliases/new", &form(&pairs));
        assert!(answer.status == 422 && answer.body.contains(error), "{field} {}", value.len());
        assert!(!answer.body.contains("<script>alert"), "{field}");
    }
    let note = "\"><script>alert(1)</script><img src=x onerror=alert(1)> שלום مرحبا ".repeat(6);
    for (address, destination) in [
        (r#""<b>&\"'x"@example.org"#, r#""<i>&y"@sink.test"#),
        (r"/^(<svg onload=alert\(1\)>|long.*)@example\.org$/", "me@sink.test"),
    ] {
        onward.run(&["alias", "add", address, destination, "--note", note.trim()]);
    }
    let wide = format!("{}@example.org", "w".repeat(64));
    onward.run(&[
        "alias",
        "add",
        &wide,
        &format!("{}@sink.test", "v".repeat(64)),
        "--note",
        &"n".repeat(500),
    ]);
    let Some(browser) = Browser::start(&site.base()) else { return };
    browser.open(&site.link(&["--domain", "example.org"]));
    browser.press("Log in");
    browser.wait_for_text("Log out");
    for path in [
        "/aliases",
        "/aliases?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E",
        "/aliases?q=%E2%80%AEalert",
    ] {
        browser.open(path);
        browser.wait_for_text("Search");
        assert_eq!(
            browser.eval(
                "return document.querySelectorAll('main script, main img, main b, main i').length"
            ),
            0
        );
    }
    browser.open("/aliases");
    assert_eq!(browser.count("tbody tr"), 3);
    browser.axe_finds_nothing();
    browser.screenshot("aliases-hostile");
    browser.click("tbody tr a");
    browser.wait_for_text("Change");
    browser.screenshot("alias-hostile");
    no_errors(&browser);
}
