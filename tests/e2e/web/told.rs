//! What is said to people, to whom, and in which language.

use super::site::Site;
use crate::support::onward::Onward;

#[test]
fn a_notice_waits_for_whoever_sees_the_whole_page() {
    let site = Site::start();
    site.onward.run(&["alias", "add", "hello@example.org", "bob@sink.test"]);
    let owner = site.owner("example.org");
    let block = "pattern=%40shop.test&domain=example.org";
    assert_eq!(site.post(&owner, "/blocks", block).status, 303);
    // What another tab has fetched meanwhile shows it to nobody.
    let told = "is refused from now on";
    for path in ["/aliases", "/messages", "/domains"] {
        let part = site.ask(&owner, "GET", path, "Onward-Script: part\r\n", "");
        assert!(part.status == 200 && !part.body.contains(told), "{path}");
    }
    assert!(site.get(&owner, "/blocks").body.contains(told));
    assert!(!site.get(&owner, "/blocks").body.contains(told), "it is said once");
}

#[test]
fn what_is_wrong_in_a_form_is_said_in_the_language_of_whoever_sent_it() {
    let site = Site::start_with(Onward::builder());
    for (address, to) in
        [("hello@example.org", "bob@sink.test"), ("a@example.org", "b@example.org")]
    {
        site.onward.run(&["alias", "add", address, to]);
    }
    let admin = site.admin();
    let long = "x".repeat(501);
    let new = |more: &str| format!("name=new&domain=example.org&enabled=on&{more}");
    let to = |more: &str| new(&format!("destinations=me%40sink.test&{more}"));
    for (path, form, english, german) in [
        (
            "/aliases/new",
            new(""),
            "name at least one mailbox",
            "nennen Sie mindestens ein Postfach",
        ),
        (
            "/aliases/new",
            new("destinations=me"),
            "an address is name@domain",
            "eine Adresse ist name@domain",
        ),
        (
            "/aliases/new",
            to("expires=2020-01-01T00%3A00"),
            "this time is over",
            "dieser Zeitpunkt ist vorbei",
        ),
        ("/aliases/new", to("expires=tomorrow"), "is no time", "ist kein Zeitpunkt"),
        (
            "/aliases/new",
            to(&format!("note={long}")),
            "at most 500 characters",
            "höchstens 500 Zeichen",
        ),
        ("/aliases/new", to("limit=often"), "is no limit", "ist keine Grenze"),
        ("/aliases/new", to("block=shop"), "names no sender", "nennt keinen Absender"),
        ("/aliases/new", to("allow=*"), "everybody is allowed", "erlaubt ist jeder"),
        ("/aliases/new", to("max_messages=0"), "a number from 1 to", "eine Zahl von 1 bis"),
        (
            "/aliases/new",
            "name=hello&domain=example.org&destinations=me%40sink.test".into(),
            "there is an alias of this address",
            "es gibt schon einen Alias",
        ),
        (
            "/aliases/new",
            "name=a+b&domain=example.org&destinations=me%40sink.test".into(),
            "is no address of an alias",
            "ist keine Adresse eines Alias",
        ),
        (
            "/aliases/new",
            "name=x&domain=nobody.test&destinations=me%40sink.test".into(),
            "is not hosted here",
            "wird hier nicht betreut",
        ),
        (
            "/aliases/new",
            "name=b&domain=example.org&destinations=a%40example.org&enabled=on".into(),
            "go round in a circle",
            "liefe im Kreis",
        ),
        ("/blocks", "pattern=shop".into(), "names no sender", "nennt keinen Absender"),
        ("/blocks", "pattern=*".into(), "would block all mail", "würde alle Mail sperren"),
        (
            "/domains",
            "domain=a..b".into(),
            "no valid name of a domain",
            "kein gültiger Name einer Domain",
        ),
        (
            "/domains",
            "domain=%5B192.0.2.1%5D".into(),
            "a domain has a name",
            "eine Domain hat einen Namen",
        ),
        (
            "/domains/example.org/block",
            "pattern=shop".into(),
            "names no sender",
            "nennt keinen Absender",
        ),
        (
            "/domains/example.org/settings",
            "auto_create=%28&to=a%40sink.test".into(),
            "is no regex",
            "kein brauchbarer regulärer Ausdruck",
        ),
        (
            "/domains/example.org/settings",
            "auto_create=x&to=me".into(),
            "is no mailbox",
            "ist kein Postfach",
        ),
        (
            "/accounts",
            "name=me&label=x".into(),
            "an address is name@domain",
            "eine Adresse ist name@domain",
        ),
        (
            "/accounts",
            "name=hello%40example.org&label=".into(),
            "a name of 1 to 64",
            "ein Name von 1 bis 64",
        ),
        (
            "/accounts",
            "name=hello%40example.org&label=x&send_as=%2F.*%2F".into(),
            "name the addresses",
            "nennen Sie die Adressen",
        ),
        (
            "/tokens",
            "label=&scope=manage&domain=example.org".into(),
            "a name of 1 to 64",
            "ein Name von 1 bis 64",
        ),
        (
            "/aliases/many",
            "do=replace&old=me&new=b%40x.test&pick=x+hello%40example.org".into(),
            "an address is name@domain",
            "eine Adresse ist name@domain",
        ),
    ] {
        let version = match path.ends_with("/settings") {
            true => {
                let page = site.get(&admin, "/domains/example.org").body;
                let from = page.split_once("name=\"version\" value=\"").unwrap().1;
                format!("&version={}", from.split('"').next().unwrap().replace("&quot;", "%22"))
            }
            false => String::new(),
        };
        let form = format!("{form}{version}");
        let origin = format!("Origin: {}\r\nSec-Fetch-Site: same-origin\r\n", site.base());
        for (language, said, not) in [("en", english, german), ("de-DE,en;q=0.5", german, english)]
        {
            let head = format!("{origin}Accept-Language: {language}\r\n");
            let page = site.ask(&admin, "POST", path, &head, &form);
            assert!((409..=422).contains(&page.status), "{path} {form}: {page:?}");
            assert!(page.body.contains(said), "{path} {form}: {said:?} is not in {}", page.body);
            assert!(!page.body.contains(not), "{path} {form}: {not:?} is in {}", page.body);
        }
    }
}

#[test]
fn an_explanation_is_in_the_language_of_whoever_asks() {
    let site = Site::start();
    site.onward.run(&[
        "alias",
        "add",
        "hello@example.org",
        "bob@sink.test",
        "--block",
        "@shop.test",
    ]);
    let owner = site.owner("example.org");
    let head = format!(
        "Origin: {}\r\nSec-Fetch-Site: same-origin\r\nAccept-Language: de\r\n",
        site.base()
    );
    let page = site.ask(
        &owner,
        "POST",
        "/aliases/hello@example.org/explain",
        &head,
        "from=a%40shop.test&ip=192.0.2.1",
    );
    for said in [
        "Sie würde abgelehnt:",
        "Der Alias hello@example.org antwortet.",
        "Der Alias sperrt @shop.test, und der Absender ist a@shop.test.",
    ] {
        assert!(page.body.contains(said), "{said}: {}", page.body);
    }
    // What the server would say, and how rules are printed, is English, and says so.
    assert!(page.body.contains("<blockquote lang=\"en\">"), "{}", page.body);
}
