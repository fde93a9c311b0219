//! `onward check`.

use super::{initialised, onward};
use std::{fs, os::unix::fs::PermissionsExt};

#[test]
fn check_tells_all_findings_and_fails() {
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("onward.toml");
    fs::write(&config, "[srs]\ntag = 1\n[limits]\nerorrs = 5\n").unwrap();
    let answer = onward(&["--config", config.to_str().unwrap(), "check"]);
    assert_eq!((answer.code, answer.out.as_str()), (1, ""));
    let lines: Vec<&str> = answer.err.lines().collect();
    assert_eq!(lines.len(), 2);
    let name = config.to_str().unwrap();
    assert!(lines[0].starts_with(&format!("{name}:2: srs.tag: an integer")), "{}", lines[0]);
    assert!(
        lines[1]
            .starts_with(&format!("{name}:4: limits.erorrs: unknown key, did you mean errors?"))
    );
}

#[test]
fn check_warns_of_passwords_in_a_file_that_others_may_read() {
    let (_dir, config) = initialised();
    let text = fs::read_to_string(&config).unwrap();
    let database = "postgresql:///onward?host=/nowhere&user=onward&password=hunter2";
    let secrets = format!(
        "{text}\n[store]\npostgres = \"{database}\"\n\n[[dnsbl]]\nzone = \"{{keykey}}.bl.example.net\"\n"
    );
    fs::write(&config, secrets).unwrap();
    let check = |mode| {
        fs::set_permissions(&config, PermissionsExt::from_mode(mode)).unwrap();
        onward(&["check", "--config", config.to_str().unwrap()])
    };
    let told = check(0o644);
    assert_eq!(told.code, 0, "{}", told.err);
    let name = config.display();
    for (key, mend) in [
        ("store.postgres", "; or have a credential hold the URL (docs/NODES.md)"),
        ("dnsbl.zone", ""),
    ] {
        let warning = format!(
            "everybody on this machine may read or write {name} (mode 644), and its {key} holds a secret; chmod o= {name} mends it{mend}\n"
        );
        assert!(told.out.contains(&warning), "{}", told.out);
    }
    assert!(!told.out.contains("hunter2") && !told.err.contains("hunter2"));
    assert!(!check(0o640).out.contains("holds a secret"), "its group is the service's");
    let without = text.replace("[store]", "");
    fs::write(&config, without).unwrap();
    assert!(!check(0o644).out.contains("holds a secret"));
}

/// The nodes of `contrib/compose`, beside a database that is not there.
#[test]
fn check_takes_the_configuration_of_the_try_with_two_nodes() {
    let (dir, _) = initialised();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/contrib/compose/onward.toml");
    let here = |name: &str| dir.path().join(name).display().to_string();
    let text = fs::read_to_string(path).unwrap();
    let text = text
        .replace("/run/secrets/srs", &here("etc/srs.secret"))
        .replace("/var/lib/onward", &here("state"));
    let config = dir.path().join("try.toml");
    fs::write(&config, text).unwrap();
    let check = onward(&["check", "--config", config.to_str().unwrap()]);
    assert_eq!(check.code, 0, "{}", check.err);
    assert!(check.out.contains("postgresql://onward@/run/postgresql/onward"), "{}", check.out);
}

#[test]
fn check_reads_the_secret() {
    let (dir, config) = initialised();
    let secret = dir.path().join("etc/srs.secret");
    let check = || onward(&["check", "--config", config.to_str().unwrap()]);

    fs::set_permissions(&secret, PermissionsExt::from_mode(0o644)).unwrap();
    let readable = check();
    assert_eq!(readable.code, 0);
    assert!(readable.out.contains("warning    everybody on this machine"), "{}", readable.out);

    fs::write(&secret, "\n\n").unwrap();
    let empty = check();
    assert_eq!(empty.code, 1);
    assert!(empty.err.contains("there is no secret in it"), "{}", empty.err);

    fs::remove_file(&secret).unwrap();
    let missing = check();
    assert_eq!(missing.code, 1);
    assert!(missing.err.contains("srs.secret cannot be read"), "{}", missing.err);
    assert!(missing.err.contains("`onward srs key add` makes one"), "{}", missing.err);
    assert_eq!(onward(&["srs", "key", "add", "--config", config.to_str().unwrap()]).code, 0);
    assert_eq!(check().code, 0, "it does");
}

#[test]
fn check_reads_the_secret_of_events() {
    let (dir, config) = initialised();
    let secret = dir.path().join("events.secret");
    let text = fs::read_to_string(&config).unwrap();
    let events = "\n[events]\nwebhook = \"http://127.0.0.1:9/\"\nsecret_file = ";
    fs::write(&config, format!("{text}{events}{:?}\n", secret.to_str().unwrap())).unwrap();
    let check = || onward(&["check", "--config", config.to_str().unwrap()]);
    let missing = check();
    assert_eq!((missing.code, missing.out.as_str()), (1, ""));
    assert!(missing.err.contains("events.secret_file"), "names the key: {}", missing.err);
    assert!(missing.err.contains(secret.to_str().unwrap()), "and the file: {}", missing.err);
    for (written, says) in [("\n", "printable ASCII"), ("short\n", "fewer than 16 characters")] {
        fs::write(&secret, written).unwrap();
        let refused = check();
        assert_eq!(refused.code, 1, "{written:?}");
        assert!(refused.err.contains("events.secret"), "{}", refused.err);
        assert!(refused.err.contains(says), "{}", refused.err);
    }
    fs::write(&secret, format!("{}\n", "s".repeat(43))).unwrap();
    let sound = check();
    assert_eq!(sound.code, 0, "{}", sound.err);
    assert!(!(sound.out + &sound.err).contains("ssss"), "and is told to nobody");
}
