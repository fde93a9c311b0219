//! Many aliases at once: those that are ticked, and all that a search finds.

use super::{alias, done, form, get, hidden};
use crate::support::onward::Onward;
use crate::web::site::Site;
use std::fs;

/// So many aliases of `example.org` that lead to a mailbox of their own, and one of somebody else.
fn with(count: usize) -> Site {
    let site = Site::start_with(Onward::builder());
    let line = |address: &str| {
        format!("{{\"address\":\"{address}\",\"destinations\":[\"me@sink.test\"]}}\n")
    };
    let mut all: String = (0..count).map(|n| line(&format!("shop{n:03}@example.org"))).collect();
    all += &line("shop@other.test");
    let file = site.onward.state_dir().join("all.jsonl");
    fs::write(&file, all).unwrap();
    site.onward.run(&["alias", "apply", &file.display().to_string()]);
    site
}

/// How many aliases of `example.org` there are, and how many of them are switched on.
fn counted(site: &Site) -> (usize, usize) {
    let lines = site.onward.run(&["alias", "list", "--domain", "example.org", "--json"]);
    let all: Vec<serde_json::Value> =
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    (all.len(), all.iter().filter(|alias| alias["enabled"] == true).count())
}

#[test]
fn all_that_a_search_finds_is_switched_off_when_that_is_confirmed_and_on_again_by_undo() {
    let site = with(120);
    let owner = site.owner("example.org");
    let list = get(&site, &owner, "/aliases?q=shop");
    assert!(list.contains("All that this search finds, on other pages too"), "{list}");
    let back = hidden(&list, "back");
    let asked = [("do", "disable"), ("all", "yes"), ("back", back.as_str())];
    let page = site.post(&owner, "/aliases/many", &form(&asked));
    assert_eq!(page.status, 200, "{page:?}");
    assert!(page.body.contains("120 aliases are found."), "{page:?}");
    assert_eq!(hidden(&page.body, "sure"), "120");
    assert_eq!(counted(&site), (120, 120), "nothing is done before it is confirmed");

    // One more came meanwhile.
    site.onward.run(&["alias", "add", "shop-new@example.org", "me@sink.test"]);
    let sure = [&asked[..], &[("sure", "120")]].concat();
    let page = site.post(&owner, "/aliases/many", &form(&sure));
    assert_eq!(page.status, 422, "{page:?}");
    assert!(page.body.contains("Another number is found by now"), "{page:?}");
    assert_eq!(counted(&site), (121, 121));

    let sure = [&asked[..], &[("sure", "121")]].concat();
    let page = done(&site, &owner, "/aliases/many", &sure);
    assert!(page.contains("121 aliases are switched off"), "{page}");
    assert_eq!(counted(&site), (121, 0));
    assert_eq!(alias(&site.onward, "shop@other.test")["enabled"], true, "it is somebody else's");
    let change = hidden(&page, "change");
    let page = done(&site, &owner, "/aliases/undo", &[("change", &change)]);
    assert!(page.contains("121 aliases are as they were"), "{page}");
    assert_eq!(counted(&site), (121, 121));
}

#[test]
fn all_that_a_search_finds_is_removed_only_when_their_number_is_typed() {
    let site = with(101);
    let owner = site.owner("example.org");
    let asked = [("do", "delete"), ("all", "yes"), ("back", "q=shop"), ("sure", "101")];
    for typed in ["", "100", "yes"] {
        let sent = [&asked[..], &[("typed", typed)]].concat();
        let page = site.post(&owner, "/aliases/many", &form(&sent));
        assert_eq!(page.status, 422, "{typed}: {page:?}");
        assert!(page.body.contains("field-typed-error"), "{typed}: {page:?}");
        assert_eq!(counted(&site), (101, 101), "{typed}");
    }
    let sent = [&asked[..], &[("typed", "101")]].concat();
    let page = done(&site, &owner, "/aliases/many", &sent);
    assert!(page.contains("101 aliases are removed"), "{page}");
    assert_eq!(counted(&site), (0, 0));
    assert_eq!(alias(&site.onward, "shop@other.test")["enabled"], true, "it is somebody else's");
    done(&site, &owner, "/aliases/undo", &[("change", &hidden(&page, "change"))]);
    assert_eq!(counted(&site), (101, 101));

    // The rest is for those that are ticked.
    let note = [("do", "note"), ("all", "yes"), ("back", "q=shop"), ("sure", "101")];
    assert_eq!(site.post(&owner, "/aliases/many", &form(&note)).status, 422);
}

#[test]
fn more_than_a_hundred_that_are_ticked_are_refused_in_words_and_none_is_left_out_silently() {
    let site = with(101);
    let owner = site.owner("example.org");
    let mut values = Vec::new();
    let mut path = "/aliases?q=shop".to_owned();
    while values.len() < 101 {
        let list = get(&site, &owner, &path);
        let boxes = list.split("name=\"pick\" value=\"").skip(1);
        values.extend(boxes.map(|rest| rest.split('"').next().unwrap().to_owned()));
        let next = list.split("<a href=\"").find(|rest| rest.contains("rel=\"next\""));
        let Some(next) = next else { break };
        path = next.split('"').next().unwrap().replace("&amp;", "&");
    }
    assert_eq!(values.len(), 101);
    let mut pairs: Vec<(&str, &str)> = values.iter().map(|value| ("pick", &**value)).collect();
    pairs.push(("do", "disable"));
    let page = site.post(&owner, "/aliases/many", &form(&pairs));
    assert_eq!(page.status, 422, "{page:?}");
    assert!(page.body.contains("101 aliases are picked, and 100 is the most at once"), "{page:?}");
    assert_eq!(counted(&site), (101, 101));
    let page = done(&site, &owner, "/aliases/many", &pairs[1..]);
    assert!(page.contains("100 aliases are switched off"), "{page}");
    assert_eq!(counted(&site), (101, 1));
}
