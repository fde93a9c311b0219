//! `onward doctor` with a real resolver: a zone in which all is wrong, and the one that it prints itself.

use crate::support::onward::Onward;
use crate::support::unbound::Unbound;
use serde_json::Value;

const ADDRESS: &str = "192.0.2.10";

fn findings(onward: &Onward, more: &[&str]) -> Vec<Value> {
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
    // These depend on the machine of the test.
    ids.retain(|id| !["clock", "disk"].contains(id));
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
        // The policy that its record now announces has no server yet.
        ["mta-sts", "no-certificate"],
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
    for part in ["init.invalid.  MX   10 mx.init.invalid.", "As it is now", "ERROR hostname: "] {
        assert!(out.contains(part), "{out}");
    }
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_onward"));
    let aliases = command.arg("--config").arg(&config).args(["alias", "list"]).output().unwrap();
    assert!(String::from_utf8(aliases.stdout).unwrap().contains("hello@init.invalid"));
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
