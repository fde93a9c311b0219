//! What asks DNS for people: by a form alone, one question of each at a time, and nobody waits for somebody else's.

use super::site::{Person, Site};
use crate::support::dns::{Dns, Fault};
use crate::support::onward::Onward;
use crate::support::wait_until;
use std::thread;

const QUESTION: &str = "from=a%40silent.test&ip=192.0.2.1";

/// A page over a daemon whose DNS says nothing of `silent.test` until that is released.
fn site(dns: &Dns) -> Site {
    dns.fault("silent.test", Fault::Silence);
    let believed = "web.hosts = [\"127.0.0.1\"]";
    let builder = Onward::builder().dns(dns).config("web.trusted_proxy = [\"127.0.0.1\"]");
    let builder = builder.config(believed);
    let site = Site::start_with(builder);
    for address in ["hello@example.org", "hello@other.test"] {
        site.onward.run(&["alias", "add", address, "bob@sink.test"]);
    }
    site
}

#[test]
fn a_link_asks_no_dns_whatever_stands_in_it() {
    let dns = Dns::start();
    let site = site(&dns);
    let owner = site.owner("example.org");
    let page = site.get(&owner, &format!("/aliases/hello@example.org?{QUESTION}"));
    assert_eq!(page.status, 200);
    assert!(!page.body.contains("id=\"explained\""), "{page:?}");
    assert_eq!(dns.queries("silent.test"), 0);
    // Nor does the page of another site.
    let path = "/aliases/hello@example.org/explain";
    let other = "Origin: https://evil.test\r\nSec-Fetch-Site: cross-site\r\n";
    assert_eq!(site.ask(&owner, "POST", path, other, QUESTION).status, 403);
    assert_eq!(dns.queries("silent.test"), 0);
}

#[test]
fn whoever_asks_again_before_the_answer_waits_and_nobody_else_does() {
    let dns = Dns::start();
    let site = site(&dns);
    let path = "/aliases/hello@example.org/explain";
    let named = |name: &str| {
        format!("Remote-User: {name}\r\nOrigin: {}\r\nSec-Fetch-Site: same-origin\r\n", site.base())
    };
    let ask = |name: &str, question: &str| {
        site.ask(&Person::nobody(), "POST", path, &named(name), question)
    };
    thread::scope(|scope| {
        let first = scope.spawn(|| ask("anna", QUESTION));
        wait_until("the question", || (dns.queries("silent.test") > 0).then_some(()));
        let known = "from=a%40known.test&ip=192.0.2.1";
        let again = ask("anna", known);
        assert_eq!(again.status, 422, "{again:?}");
        assert!(again.body.contains("What you asked before is not answered yet"), "{again:?}");
        let other = ask("otto", known);
        assert_eq!(other.status, 200, "{other:?}");
        assert!(other.body.contains("id=\"explained\""), "{other:?}");
        dns.release("silent.test");
        assert_eq!(first.join().unwrap().status, 200);
    });
    assert_eq!(ask("anna", "from=a%40known.test&ip=192.0.2.1").status, 200, "it is answered");
}

#[test]
fn a_domain_whose_dns_is_silent_keeps_nobody_from_having_theirs_checked() {
    let dns = Dns::start();
    dns.know("other.test").fault("example.org", Fault::Silence);
    let site = Site::start_with(Onward::builder().dns(&dns).domain("second.test"));
    let anna = site.log_in(&["--domain", "example.org", "--domain", "second.test"]);
    let otto = site.owner("other.test");
    thread::scope(|scope| {
        let first = scope.spawn(|| site.post(&anna, "/domains/example.org/check", ""));
        wait_until("the check", || (dns.queries("example.org") > 0).then_some(()));
        let told = |person: &Person, domain: &str| {
            let path = format!("/domains/{domain}");
            assert_eq!(site.post(person, &format!("{path}/check"), "").status, 303);
            site.get(person, &path).body
        };
        let page = told(&otto, "other.test");
        assert!(page.contains("Here is what it says"), "{page}");
        let page = told(&anna, "second.test");
        assert!(page.contains("What you asked for before goes on"), "{page}");
        // Nor does another session of hers look a second time.
        let again = site.owner("example.org");
        let page = told(&again, "example.org");
        assert!(page.contains("takes longer than usual"), "{page}");
        dns.release("example.org");
        assert_eq!(first.join().unwrap().status, 303);
    });
}
