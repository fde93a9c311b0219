//! Aliases that lead to domains which take no mail: a slip that nobody notices until a mail is refused.

use crate::support::dns::{Dns, Fault};
use crate::support::onward::Onward;
use serde_json::Value;

fn zone() -> Dns {
    let dns = Dns::start();
    dns.mx("box.test", 10, "mx.box.test").null_mx("null.test").know("bare.test");
    dns.a("web.test", "192.0.2.7".parse().unwrap()).fault("broken.test", Fault::ServFail);
    dns
}

#[test]
fn an_alias_to_a_domain_that_takes_no_mail_is_made_with_a_warning() {
    let dns = zone();
    let onward = Onward::builder()
        .domain("example.org")
        .dns(&dns)
        .route("routed.test", "127.0.0.1:9")
        .build();
    let add = |name: &str, to: &[&str]| {
        let address = format!("{name}@example.org");
        let told = onward.cli(&[&["alias", "add", &address][..], to].concat());
        assert_eq!(told.code, Some(0), "{}", told.stderr);
        told.stderr
    };
    assert_eq!(
        add("fine", &["a@box.test", "b@web.test", "c@routed.test", "fine2@example.org"]),
        ""
    );
    assert_eq!(add("unknown", &["a@broken.test"]), "", "nothing is known");
    for (name, domain, says) in [
        ("slip", "gmial.test", "does not exist"),
        ("bare", "bare.test", "neither MX nor address"),
        ("null", "null.test", "takes no mail (null MX)"),
    ] {
        let told = add(name, &["a@box.test", &format!("me@{domain}")]);
        let is_told = told.starts_with(&format!(
            "onward: warning: {name}@example.org leads to me@{domain}, whose"
        )) && told.contains(says)
            && told.lines().count() == 1;
        assert!(is_told, "{told}");
    }
    let file = onward.state_dir().join("aliases");
    std::fs::write(&file, onward.run(&["alias", "export"])).unwrap();
    let apply = ["alias", "apply", file.to_str().unwrap()];
    assert_eq!(onward.cli(&apply).stderr, "", "nothing is new");
    onward.run(&["alias", "remove", "slip@example.org"]);
    assert!(onward.cli(&apply).stderr.contains("slip@example.org leads to me@gmial.test"));

    let told = onward.cli(&["doctor", "--json", "--address", "192.0.2.10"]);
    let findings = told.stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let named: Vec<String> = findings
        .filter(|finding| finding["id"] == "destination")
        .map(|finding| finding["what"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(named.len(), 3, "{}", told.stdout);
    assert!(named.iter().any(|what| what.contains("me@gmial.test")), "{named:?}");
}

#[test]
fn explain_says_that_a_destination_does_not_exist() {
    let dns = zone();
    let onward = Onward::builder()
        .domain("example.org")
        .alias("slip@example.org", &["me@gmial.test"])
        .alias("half@example.org", &["me@gmial.test", "me@web.test"])
        .dns(&dns)
        .build();
    let explain = |to: &str| {
        let client = ["--from", "a@nobody.test", "--ip", "127.0.0.1"];
        onward.cli(&[&["explain", to][..], &client].concat())
    };
    let slip = explain("slip@example.org");
    assert_eq!(slip.code, Some(1), "{}", slip.stdout);
    assert!(slip.stdout.contains("whose domain does not exist in DNS"), "{}", slip.stdout);
    assert!(slip.stdout.contains("550 5.1.2 "), "{}", slip.stdout);
    let half = explain("half@example.org");
    assert_eq!(half.code, Some(0), "{}", half.stdout);
    assert!(half.stdout.contains("whose domain does not exist in DNS"), "{}", half.stdout);
}
