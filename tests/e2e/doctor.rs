//! `onward doctor` with a real resolver: a zone in which all is wrong, and the one that it prints itself.

use crate::support::dns::{Dns, Fault};
use crate::support::onward::Onward;
use crate::support::unbound::Unbound;
use serde_json::Value;
use std::net::Ipv4Addr;

const ADDRESS: &str = "192.0.2.10";

pub(crate) fn findings(onward: &Onward, more: &[&str]) -> Vec<Value> {
    let arguments = [&["doctor", "--json", "--address", ADDRESS], more].concat();
    let told = onward.cli(&arguments);
    let findings: Vec<Value> =
        told.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let is_ill = findings.iter().any(|finding| finding["severity"] == "error");
    assert_eq!(told.code, Some(i32::from(is_ill)), "{}", told.stderr);
    findings
}

fn ids(findings: &[Value]) -> Vec<&str> {
    let mut ids: Vec<&str> =
        findings.iter().map(|finding| finding["id"].as_str().unwrap()).collect();
    ids.sort_unstable();
    ids.dedup();
    // These depend on the machine of the test, and on whether anybody serves.
    ids.retain(|id| !["clock", "daemon", "disk"].contains(id));
    ids
}

#[test]
fn a_broken_zone_and_the_records_that_mend_it() {
    let broken = [
        "example.org. SOA ns.example.org. x.example.org. 1 3600 600 86400 300",
        "example.org. MX 10 mx.else.test.",
        "example.org. TXT \"v=spf1 -all\"",
        "_dmarc.example.org. TXT \"v=DMARC1; p=sometimes\"",
        "other.test. SOA ns.example.org. x.example.org. 1 3600 600 86400 300",
        "10.2.0.192.list.test. A 127.0.0.2",
        "10.2.0.192.in-addr.arpa. PTR vps10.provider.test.",
        "mx.example.org. A 192.0.2.99",
        "_mta-sts.other.test. TXT \"v=STSv1; id=\"",
        "mta-sts.other.test. A 127.0.0.2",
    ];
    let Some(unbound) = Unbound::start(&broken) else { return };
    let onward = Onward::builder()
        .name_server(unbound.address())
        .domain("example.org")
        .domain("other.test")
        .domain("gone.test")
        .route("sink.test", "127.0.0.1:9")
        .build();
    onward.run(&["dkim", "key", "add", "example.org", "--kind", "ed25519"]);
    let found = findings(&onward, &["--dnsbl", "list.test"]);
    assert_eq!(
        ids(&found),
        [
            "dkim",
            "dmarc",
            "domain",
            "listed",
            "mta-sts",
            "mx",
            "no-certificate",
            "permissions",
            "ptr",
            "spf"
        ]
    );
    // In words it says the same, with what to do.
    let told = onward.cli(&["doctor", "--address", ADDRESS]).stdout;
    assert!(told.contains("mend: example.org. MX 10 mx.example.org.\n"), "{told}");

    // Its own words, as a zone; what needs somebody else's hand is left out.
    let secret = onward.config_path().with_file_name("srs.secret");
    std::fs::set_permissions(secret, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let mended: Vec<String> = found
        .iter()
        .filter(|finding| finding["id"] != "daemon")
        .flat_map(|finding| finding["mend"].as_array().unwrap())
        .map(|mend| mend.as_str().unwrap().to_owned())
        .filter(|mend| !mend.starts_with("chmod") && !mend.starts_with("certbot"))
        .map(|mend| {
            mend.replace("192.0.2.10 PTR", "10.2.0.192.in-addr.arpa. PTR").replace(" IN ", " ")
        })
        .collect();
    let mut mended: Vec<&str> = mended.iter().map(String::as_str).collect();
    mended.sort_unstable();
    mended.dedup();
    let Some(unbound) = Unbound::start(&mended) else { return };
    onward.edit_config(|text| {
        let (before, rest) = text.split_once("servers = [").unwrap();
        let (_, after) = rest.split_once(']').unwrap();
        format!("{before}servers = [\"{}\"]{after}", unbound.address())
    });
    assert_eq!(
        ids(&findings(&onward, &["--dnsbl", "list.test"])),
        // The policy that its record now announces has no server yet, and two domains that reach us now no key.
        ["mta-sts", "munged", "no-certificate"],
        "{mended:?}"
    );
}

/// `onward init` ends with the records to publish, and what DNS says of them.
#[test]
fn init_looks_too() {
    let directory = tempfile::tempdir().unwrap();
    let config = directory.path().join("etc/onward.toml");
    let state = directory.path().join("state");
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_onward"));
    command.arg("--config").arg(&config).arg("init").arg("--state-dir").arg(&state).args([
        "--yes",
        "--doctor",
        "--hostname=mx.init.invalid",
        "--domain=init.invalid",
        "--alias=hello@init.invalid",
        "--to=bob@sink.test",
    ]);
    let done = command.output().unwrap();
    let out = String::from_utf8(done.stdout).unwrap();
    assert!(done.status.success(), "{out}");
    for part in [
        "  init.invalid.  ",
        "  MX    10 mx.init.invalid.",
        "  TXT   \"v=spf1 a:mx.init.invalid ~all\"",
        "._domainkey.srs.init.invalid.",
        "As it is now",
        "ERROR hostname: ",
    ] {
        assert!(out.contains(part), "{out}");
    }
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_onward"));
    let aliases = command.arg("--config").arg(&config).args(["alias", "list"]).output().unwrap();
    assert!(String::from_utf8(aliases.stdout).unwrap().contains("hello@init.invalid"));
}

/// What `onward init` writes down for DNS is all that the doctor asks of it.
#[test]
fn the_zone_of_init_leaves_nothing_to_mend() {
    let directory = tempfile::tempdir().unwrap();
    let config = directory.path().join("etc/onward.toml");
    let state = directory.path().join("state");
    let run = |arguments: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_onward"));
        command.env_remove("STATE_DIRECTORY").arg("--config").arg(&config).args(arguments);
        command.output().unwrap()
    };
    let done = run(&[
        "init",
        "--yes",
        "--hostname=mx.example.org",
        "--domain=example.org",
        "--postmaster=you@sink.test",
        "--address=192.0.2.10",
        "--tls-rpt",
        "--acme",
        "--state-dir",
        state.to_str().unwrap(),
    ]);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let told = String::from_utf8(done.stdout).unwrap();
    assert!(told.contains("10.2.0.192.in-addr.arpa."), "{told}");
    let zone = std::fs::read_to_string(config.with_file_name("dns.zone")).unwrap();
    let mut records: Vec<String> = zone
        .lines()
        .filter(|line| line.contains(" 3600 IN "))
        .map(|line| line.trim_start_matches("; ").replace(" 3600 IN ", " "))
        .collect();
    assert!(records.len() >= 8, "{zone}");
    records.push("sink.test. MX 10 mx.sink.test.".to_owned());
    let records: Vec<&str> = records.iter().map(String::as_str).collect();
    let Some(unbound) = Unbound::start(&records) else { return };
    let text = std::fs::read_to_string(&config).unwrap();
    assert!(text.contains("acme = \"letsencrypt\"\nacme_contact = \"you@sink.test\"\n"), "{text}");
    let dns = format!("{text}\n[dns]\nservers = [\"{}\"]\n", unbound.address());
    std::fs::write(&config, dns).unwrap();
    let looked = run(&["doctor", "--json", "--address", "192.0.2.10"]);
    let found = String::from_utf8(looked.stdout).unwrap();
    let found: Vec<Value> = found.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(ids(&found), [""; 0], "{found:#?}");
}

#[test]
fn a_bounce_goes_round_at_the_mx_that_dns_names() {
    let zone = ["example.org. MX 10 mx.example.org.", "mx.example.org. A 127.0.0.1"];
    let Some(unbound) = Unbound::start(&zone) else { return };
    let mut onward = Onward::builder().name_server(unbound.address()).domain("example.org").start();
    let port = onward.address().port().to_string();
    let tried = |onward: &Onward| {
        let found = findings(onward, &["--round-trip", "--port", &port]);
        let found = found.into_iter().find(|finding| finding["id"] == "round-trip");
        found.map(|finding| finding["what"].as_str().unwrap().to_owned())
    };
    assert_eq!(tried(&onward), None);
    onward.terminate();
    assert!(tried(&onward).unwrap().contains("Connection refused"));
    // Somebody else's server, with another secret.
    let other = Onward::builder().secrets(&["another secret"]).domain("example.org").start();
    let port = other.address().port().to_string();
    let found = findings(&onward, &["--round-trip", "--port", &port]);
    let found = found.iter().find(|finding| finding["id"] == "round-trip").unwrap();
    assert!(found["what"].as_str().unwrap().contains("a bounce is refused"), "{found}");
    let out =
        onward.cli(&["doctor", "--connect", &format!("127.0.0.1:{port}"), "--address", ADDRESS]);
    assert!(!out.stdout.contains("port-25"), "{}", out.stdout);
}

/// A zone in which nothing is wrong, but that there is no certificate; the postmaster is at sink.test.
pub(crate) fn healthy_zone() -> Dns {
    let dns = Dns::start();
    dns.a("mx.example.org", Ipv4Addr::new(192, 0, 2, 10))
        .mx("example.org", 10, "mx.example.org")
        .txt("example.org", "v=spf1 a:mx.example.org ~all")
        .txt("_dmarc.example.org", "v=DMARC1; p=none")
        .ptr("10.2.0.192.in-addr.arpa", "mx.example.org")
        .mx("sink.test", 10, "mx.sink.test");
    dns
}

/// Publishes the DKIM key that was added last.
pub(crate) fn publish_key(onward: &Onward, dns: &Dns) -> String {
    let key = onward.run(&["dkim", "key", "dns", "--json"]);
    let key: Value = serde_json::from_str(key.lines().last().unwrap()).unwrap();
    let name = key["dns_name"].as_str().unwrap().to_owned();
    dns.txt(&name, key["dns_text"].as_str().unwrap());
    name
}

fn is_healthy(onward: &Onward) {
    let secret = onward.config_path().with_file_name("srs.secret");
    std::fs::set_permissions(secret, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    assert_eq!(ids(&findings(onward, &[])), ["no-certificate"]);
}

#[test]
fn what_doctor_is_not_told_is_not_called_missing() {
    let dns = healthy_zone();
    let onward = Onward::builder().dns(&dns).domain("example.org").build();
    onward.run(&["dkim", "key", "add", "example.org", "--kind", "ed25519"]);
    let key = publish_key(&onward, &dns);
    is_healthy(&onward);
    let names =
        ["mx.example.org", "example.org", "_dmarc.example.org", "_mta-sts.example.org", &key];
    for name in names.into_iter().chain(["10.2.0.192.in-addr.arpa", "10.2.0.192.list.test"]) {
        let dns = healthy_zone();
        publish_key(&onward, &dns);
        dns.fault(name, Fault::ServFail);
        onward.edit_config(|text| {
            let (before, rest) = text.split_once("servers = [").unwrap();
            let (_, after) = rest.split_once(']').unwrap();
            format!("{before}servers = [\"{}\"]{after}", dns.address())
        });
        let found = findings(&onward, &["--dnsbl", "list.test"]);
        assert_eq!(ids(&found), ["dns", "no-certificate"], "{name}: {found:#?}");
        assert!(found[0]["what"].as_str().unwrap().contains(name), "{name}: {found:#?}");
    }
}

#[test]
fn a_list_that_declines_to_answer_lists_nothing() {
    let dns = healthy_zone();
    let onward = Onward::builder().dns(&dns).domain("example.org").build();
    onward.run(&["dkim", "key", "add", "example.org", "--kind", "ed25519"]);
    publish_key(&onward, &dns);
    is_healthy(&onward);
    let listed = |answer| {
        dns.clear("10.2.0.192.list.test").a("10.2.0.192.list.test", answer);
        let found = findings(&onward, &["--dnsbl", "list.test"]);
        ids(&found).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(listed(Ipv4Addr::new(127, 0, 0, 4)), ["listed", "no-certificate"]);
    assert_eq!(listed(Ipv4Addr::new(127, 255, 255, 254)), ["dns", "no-certificate"]);
    assert_eq!(listed(Ipv4Addr::new(192, 0, 2, 80)), ["no-certificate"], "a search page");
}

#[test]
fn keys_count_by_what_they_do() {
    let dns = healthy_zone();
    let onward = Onward::builder().dns(&dns).domain("example.org").build();
    let add = |selector, more: &[&str]| {
        let key = ["dkim", "key", "add", "example.org", "--kind", "ed25519", "--selector"];
        onward.run(&[&key[..], &[selector], more].concat());
    };
    add("one", &[]);
    let one = publish_key(&onward, &dns);
    is_healthy(&onward);
    add("two", &["--staged"]);
    let found = findings(&onward, &[]);
    assert_eq!(ids(&found), ["dkim", "no-certificate"]);
    let is_mild = |finding: &Value| finding["id"] == "daemon" || finding["severity"] == "warning";
    assert!(found.iter().all(is_mild), "{found:#?}");
    publish_key(&onward, &dns);
    is_healthy(&onward);
    // Its record is gone, as it should be after a week.
    onward.run(&["dkim", "key", "retire", "example.org", "one"]);
    dns.clear(&one);
    let found = findings(&onward, &[]);
    assert_eq!(ids(&found), ["no-certificate", "no-dkim"]);
    let mends: Vec<&str> = found.iter().filter_map(|finding| finding["mend"][0].as_str()).collect();
    assert!(mends.contains(&"onward dkim key activate example.org two"), "{mends:?}");
    onward.run(&["dkim", "key", "activate", "example.org", "two"]);
    is_healthy(&onward);
}

#[test]
fn what_a_record_says_already_is_kept() {
    let dns = healthy_zone();
    let onward = Onward::builder().dns(&dns).domain("example.org").build();
    onward.run(&["dkim", "key", "add", "example.org", "--kind", "ed25519"]);
    publish_key(&onward, &dns);
    is_healthy(&onward);
    dns.clear("example.org")
        .mx("example.org", 10, "mx.example.org")
        .txt("example.org", "V=SPF1 ip4:198.51.100.7 -all");
    let found = findings(&onward, &[]);
    assert_eq!(ids(&found), ["no-certificate", "spf"]);
    let spf = found.iter().find(|finding| finding["id"] == "spf").unwrap();
    let record = "v=spf1 a:mx.example.org ip4:198.51.100.7 -all";
    assert_eq!(spf["mend"][0], format!("example.org. TXT \"{record}\""));
    dns.clear("example.org").mx("example.org", 10, "mx.example.org").txt("example.org", record);
    is_healthy(&onward);
}

#[test]
fn a_policy_above_counts_below() {
    let dns = healthy_zone();
    dns.mx("srs.example.org", 10, "mx.example.org")
        .txt("srs.example.org", "v=spf1 a:mx.example.org ~all");
    let onward = Onward::builder()
        .dns(&dns)
        .domain("example.org")
        .config("srs.domain = \"srs.example.org\"")
        .build();
    onward.run(&["dkim", "key", "add", "srs.example.org", "--kind", "ed25519"]);
    publish_key(&onward, &dns);
    is_healthy(&onward);
    dns.clear("_dmarc.example.org");
    assert_eq!(ids(&findings(&onward, &[])), ["dmarc", "no-certificate"]);
}

#[test]
fn each_domain_in_whose_name_mail_leaves_needs_spf() {
    let dns = healthy_zone();
    dns.mx("other.test", 10, "mx.example.org");
    let onward = |per_domain: &str| {
        let onward = Onward::builder()
            .dns(&dns)
            .domain("example.org")
            .domain("other.test")
            .config(&format!("srs.per_domain = {per_domain}"))
            .build();
        for domain in ["example.org", "other.test"] {
            onward.run(&["dkim", "key", "add", domain, "--kind", "ed25519"]);
            publish_key(&onward, &dns);
        }
        onward
    };
    is_healthy(&onward("false"));
    let found = findings(&onward("true"), &[]);
    let spf = found.iter().find(|finding| finding["id"] == "spf").unwrap();
    assert_eq!(spf["mend"][0], "other.test. TXT \"v=spf1 a:mx.example.org ~all\"");
}

#[test]
fn the_round_trip_is_the_same_with_each_separator() {
    for separator in ["=", "+", "-"] {
        let dns = Dns::start();
        dns.a("mx.example.org", Ipv4Addr::LOCALHOST).mx("example.org", 10, "mx.example.org");
        let onward = Onward::builder()
            .dns(&dns)
            .domain("example.org")
            .config(&format!("srs.separator = \"{separator}\""))
            .start();
        let port = onward.address().port().to_string();
        let found = findings(&onward, &["--round-trip", "--port", &port]);
        assert!(found.iter().all(|finding| finding["id"] != "round-trip"), "{found:#?}");
    }
}
