//! Aliases that lead to domains which take no mail: a slip that nobody notices until a mail is refused.

use crate::support::dns::{Dns, Fault};
use crate::support::onward::Onward;
use serde_json::Value;

fn zone() -> Dns {
    let dns = Dns::start();
    dns.mx("box.test", 10, "mx.box.test")
        .mx("sink.test", 10, "mx.sink.test")
        .null_mx("null.test")
        .know("bare.test");
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
    assert_eq!(add("fine2", &["a@box.test"]), "");
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
fn a_domain_that_many_lead_to_is_warned_of_once() {
    let dns = zone();
    let onward = Onward::builder().domain("example.org").dns(&dns).build();
    let file = onward.state_dir().join("many");
    let line = |name: &str, to: &str| serde_json::json!({"address": format!("{name}@example.org"), "destinations": [to]});
    let mut lines: Vec<Value> = (0..60).map(|n| line(&format!("m{n}"), "me@gmial.test")).collect();
    lines.push(line("last", "me@bare.test"));
    let lines: Vec<String> = lines.iter().map(Value::to_string).collect();
    std::fs::write(&file, lines.join("\n")).unwrap();
    let told = onward.cli(&["alias", "apply", file.to_str().unwrap()]);
    assert_eq!(told.code, Some(0), "{}", told.stderr);
    assert_eq!(told.stderr.lines().count(), 2, "{}", told.stderr);
    assert!(told.stderr.contains("last@example.org leads to me@bare.test"), "{}", told.stderr);
    assert!(told.stderr.contains("(as that of 59 more)"), "{}", told.stderr);
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

#[test]
fn an_alias_to_an_address_here_that_does_not_exist_is_made_with_a_warning() {
    let dns = zone();
    let onward = Onward::builder()
        .domain("example.org")
        .alias("exists@example.org", &["a@box.test"])
        .alias("closed@example.org", &["a@box.test"])
        .alias(r"/^s-.*@example\.org$/", &["a@box.test"])
        .alias("first@example.org", &["missing@example.org"])
        .dns(&dns)
        .build();
    onward.run(&["alias", "disable", "closed@example.org"]);
    let add = |name: &str, to: &[&str]| {
        let address = format!("{name}@example.org");
        let told = onward.cli(&[&["alias", "add", &address][..], to].concat());
        assert_eq!(told.code, Some(0), "{}", told.stderr);
        told.stderr
    };
    let fine = ["exists@example.org", "Exists+t@example.org", "s-1@example.org"];
    assert_eq!(add("fine", &fine), "");
    // The configuration says who that is.
    assert_eq!(add("role", &["postmaster@example.org"]), "");
    for to in ["exsits@example.org", "closed@example.org", "first@example.org"] {
        let told = add("slip", &[to, "a@box.test"]);
        let warning = format!("onward: warning: slip@example.org leads to {to}, an address here");
        assert!(told.starts_with(&warning) && told.contains("550 5.1.1"), "{told}");
        assert_eq!(told.lines().count(), 1, "{told}");
        onward.run(&["alias", "remove", "slip@example.org"]);
    }
    let told = onward.cli(&["doctor", "--json", "--address", "192.0.2.10"]).stdout;
    assert!(told.contains("first@example.org leads to missing@example.org, an address"), "{told}");

    let client = ["--from", "a@nobody.test", "--ip", "127.0.0.1"];
    let told = onward.cli(&[&["explain", "first@example.org"][..], &client].concat());
    assert_eq!(told.code, Some(1));
    assert!(told.stdout.contains("missing@example.org: an address here"), "{}", told.stdout);

    // What comes in one file, or would, is there for its other aliases.
    let file = onward.state_dir().join("aliases");
    std::fs::write(&file, "one: two\ntwo: a@box.test\nthree@new.test: four@new.test\n").unwrap();
    let path = file.to_str().unwrap();
    for more in ["--plan", "--skip"] {
        let from = ["alias", "import", "--from", "aliases", path, "--domain", "example.org"];
        let told = onward.cli(&[&from[..], &["--add-domains", more]].concat());
        assert_eq!(told.code, Some(0), "{}", told.stderr);
        assert!(told.stderr.contains("three@new.test leads to four@new.test"), "{}", told.stderr);
        assert_eq!(told.stderr.lines().count(), 1, "{}", told.stderr);
    }
}

#[test]
fn a_postmaster_who_gets_no_mail_is_told_of() {
    let dns = zone();
    let onward = Onward::builder().domain("example.org").dns(&dns).build();
    for (postmaster, says) in [
        ("me@gmial.test", "me@gmial.test, whose domain does not exist"),
        ("me@null.test", "takes no mail (null MX)"),
        ("nobody@example.org", "nobody@example.org, an address here that leads nowhere"),
    ] {
        onward.edit_config(|text| {
            let lines = text.lines().map(|line| match line.starts_with("postmaster = ") {
                true => format!("postmaster = \"{postmaster}\"\n"),
                false => format!("{line}\n"),
            });
            lines.collect()
        });
        let told = onward.cli(&["doctor", "--address", "192.0.2.10"]).stdout;
        assert!(told.contains("the configuration's postmaster leads to "), "{told}");
        assert!(told.contains(says), "{told}");
        let told = onward.cli(&["domain", "add", "new.test"]);
        assert_eq!(told.code, Some(0));
        assert!(told.stderr.contains(says), "{}", told.stderr);
        let client = ["--from", "a@nobody.test", "--ip", "127.0.0.1"];
        let told = onward.cli(&[&["explain", "abuse@example.org"][..], &client].concat());
        assert_eq!(told.code, Some(1), "{}", told.stdout);
    }
}

#[test]
fn silent_dns_gives_no_warning() {
    let dns = zone();
    dns.fault("quiet.test", Fault::Silence).fault("still.test", Fault::Silence);
    let onward = Onward::builder().domain("example.org").dns(&dns).build();
    let add = ["alias", "add", "a@example.org", "a@quiet.test", "b@still.test", "c@gmial.test"];
    let told = onward.cli(&add);
    assert_eq!(told.code, Some(0), "{}", told.stderr);
    assert!(told.stderr.contains("c@gmial.test, whose domain does not exist"), "{}", told.stderr);
    assert_eq!(told.stderr.lines().count(), 1, "{}", told.stderr);
    assert!(dns.queries("quiet.test") > 0 && dns.queries("still.test") > 0);
}
