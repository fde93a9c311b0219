//! `onward doctor --postfix` beside a real Postfix: each fault is found, and its own commands mend it.

use crate::support::onward::Onward;
use crate::support::postfix::Postfix;
use crate::support::receiver::Receiver;
use serde_json::Value;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};

struct Patient {
    onward: Onward,
    postfix: Postfix,
}

impl Patient {
    fn findings(&self) -> Vec<Value> {
        let directory = self.postfix.config_dir();
        let long_ago = SystemTime::now() - Duration::from_secs(60);
        // Postfix waits until a file that was just changed is a second old.
        let main = fs::File::options().append(true).open(directory.join("main.cf")).unwrap();
        main.set_modified(long_ago).unwrap();
        let directory = directory.to_str().unwrap();
        let found = self.onward.cli(&["doctor", "--postfix", "--json", "--config-dir", directory]);
        let findings: Vec<Value> =
            found.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let is_ill = findings.iter().any(|finding| finding["severity"] == "error");
        assert_eq!(found.code, Some(i32::from(is_ill)), "{}", found.stderr);
        findings
    }

    fn ids(&self) -> Vec<String> {
        let mut ids: Vec<String> = self
            .findings()
            .iter()
            .map(|finding| finding["id"].as_str().unwrap().to_owned())
            .collect();
        ids.dedup();
        ids
    }

    fn postconf(&self, arguments: &[&str]) {
        let mut command = Command::new("/usr/sbin/postconf");
        command.arg("-c").arg(self.postfix.config_dir()).args(arguments);
        let done = command.output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }

    /// Runs what the findings of this id say.
    fn mend(&self, id: &str) {
        for finding in self.findings().iter().filter(|finding| finding["id"] == id) {
            for command in finding["mend"].as_array().unwrap() {
                let mut shell = Command::new("sh");
                shell.arg("-c").arg(command.as_str().unwrap());
                let path = std::env::var("PATH").unwrap();
                shell.env("PATH", format!("{path}:/usr/sbin"));
                let done = shell.output().unwrap();
                assert!(
                    done.status.success(),
                    "{command}: {}",
                    String::from_utf8_lossy(&done.stderr)
                );
            }
        }
    }
}

#[test]
fn each_fault_is_found_and_mended_by_its_own_commands() {
    let Some(postfix) = Postfix::builder() else { return };
    let sink = Receiver::smtp().start();
    let (builder, map) = Onward::builder().listen("socketmap", &[]);
    let (builder, milter) = builder.listen("milter", &[]);
    let (builder, backwards) = builder.listen("tcp-table", &["direction = \"reverse\""]);
    let queue = tempfile::tempdir().unwrap();
    fs::set_permissions(queue.path(), Permissions::from_mode(0o700)).unwrap();
    let socket = queue.path().join("srs");
    let far = format!(
        "[[listen]]\nprotocol = \"socketmap\"\naddress = \"unix:{}\"\ngroup = \"postfix\"\n",
        socket.display()
    );
    let onward = builder.toml(&far).start();
    let [forward, reverse] =
        ["forward", "reverse"].map(|name| format!("socketmap:inet:{map}:{name}"));
    let postfix = postfix
        .relay(sink.address())
        .set("virtual_alias_domains", "alias.test example.org")
        .set("sender_canonical_maps", &forward)
        .set("sender_canonical_classes", "envelope_sender")
        .set("recipient_canonical_maps", &reverse)
        .set("recipient_canonical_classes", "envelope_recipient")
        .start();
    let patient = Patient { onward, postfix };
    assert_eq!(patient.ids(), [""; 0]);
    let directory = patient.postfix.config_dir();
    let [main, master] = ["main.cf", "master.cf"].map(|name| directory.join(name));
    let healthy = [&main, &master].map(|file| fs::read_to_string(file).unwrap());
    let rules = directory.join("header_checks");
    fs::write(&rules, "# no\n/^Received:/ IGNORE\n/^Subject:(.*)/\n  REPLACE Subject: x\n")
        .unwrap();
    let header_checks = format!("header_checks = regexp:{}", rules.display());
    let far = |name: &str| format!("socketmap:unix:{}:{name}", socket.display());
    let milters = format!("smtpd_milters = inet:{milter}");
    let chroot: &[&str] = &["-F", "cleanup/unix/chroot = y"];
    let set = |line: String| vec!["-e".to_owned(), line];
    let own = |line: String| vec!["-P".to_owned(), line];
    let faults: Vec<(&str, Vec<Vec<String>>)> = vec![
        (
            "not-used",
            vec![set("sender_canonical_maps =".into()), set("recipient_canonical_maps =".into())],
        ),
        ("srs-domain", vec![set("virtual_alias_domains = alias.test".into())]),
        (
            "header-classes",
            vec![
                set("sender_canonical_classes = envelope_sender, header_sender".into()),
                set("recipient_canonical_classes = envelope_recipient, header_recipient".into()),
            ],
        ),
        ("half", vec![set("recipient_canonical_maps =".into())]),
        (
            "order",
            vec![set(format!("sender_canonical_maps = {forward}, inline:{{ a@b.test=c@d.test }}"))],
        ),
        (
            "two-rewriters",
            vec![set(format!("recipient_canonical_maps = tcp:localhost:10002, {reverse}"))],
        ),
        ("no-listener", vec![set("sender_canonical_maps = tcp:localhost:10001".into())]),
        (
            "chroot",
            vec![
                set(format!("sender_canonical_maps = {}", far("forward"))),
                set(format!("recipient_canonical_maps = {}", far("reverse"))),
                chroot.iter().map(|&word| word.to_owned()).collect(),
            ],
        ),
        ("milter-and-maps", vec![set(milters.clone()), set("relay_domains = example.org".into())]),
        (
            "milter-default-action",
            vec![set(milters.clone()), set("milter_default_action = accept".into())],
        ),
        ("milter-protocol", vec![set(milters.clone()), set("milter_protocol = 4".into())]),
        ("header-checks", vec![set(header_checks)]),
        ("wrong-listener", vec![set(format!("sender_canonical_maps = tcp:{backwards}"))]),
        (
            "permissions",
            vec![
                set(format!("sender_canonical_maps = {}", far("forward"))),
                set(format!("recipient_canonical_maps = {}", far("reverse"))),
            ],
        ),
        ("override", vec![own("cleanup/unix/sender_canonical_maps=".into())]),
        (
            "header-classes",
            vec![own("cleanup/unix/sender_canonical_classes=header_sender,envelope_sender".into())],
        ),
        (
            "srs-recipients",
            vec![
                set(milters.clone()),
                set("sender_canonical_maps =".into()),
                set("recipient_canonical_maps =".into()),
            ],
        ),
        (
            "srs-recipients",
            vec![
                set(milters.clone()),
                set("sender_canonical_maps =".into()),
                set("recipient_canonical_maps =".into()),
                set("virtual_alias_domains =".into()),
                set("mydestination = example.org".into()),
                set("local_recipient_maps = inline:{ postmaster=x }".into()),
            ],
        ),
        (
            "srs-transport",
            vec![
                set(format!("transport_maps = socketmap:inet:{map}:transport")),
                set("virtual_alias_domains =".into()),
                set("relay_domains = example.org".into()),
            ],
        ),
        ("canonical-maps", vec![set("canonical_maps = inline:{ a@b.test=c@d.test }".into())]),
        ("delimiter", vec![set("recipient_delimiter = =".into())]),
        ("smtputf8", vec![set("smtputf8_enable = no".into())]),
    ];
    for (id, changes) in faults {
        for (file, text) in [&main, &master].into_iter().zip(&healthy) {
            fs::write(file, text).unwrap();
        }
        for change in &changes {
            patient.postconf(&change.iter().map(String::as_str).collect::<Vec<_>>());
        }
        let ids = patient.ids();
        assert!(ids.iter().any(|found| found == id), "{id} is not among {ids:?}");
        patient.mend(id);
        let ids = patient.ids();
        assert!(!ids.iter().any(|found| found == id), "{id} is still among {ids:?}");
        assert_is_configuration(&directory);
    }
    // In words too, with what to do.
    fs::write(&main, &healthy[0]).unwrap();
    patient.postconf(&["-e", "virtual_alias_domains = alias.test"]);
    let directory = directory.display().to_string();
    let said = patient.onward.cli(&["doctor", "--postfix", "--config-dir", &directory]);
    assert_eq!(said.code, Some(1));
    for part in [
        "ERROR srs-domain: Postfix takes no mail for the SRS domain",
        "mend: postconf -c '",
        "postfix reload",
    ] {
        assert!(said.stdout.contains(part), "{}", said.stdout);
    }
    let nowhere = patient.onward.cli(&["doctor", "--postfix", "--config-dir", "/nonexistent"]);
    assert!(nowhere.code == Some(1) && nowhere.stderr.contains("onward: "), "{}", nowhere.stderr);
}

fn assert_is_configuration(directory: &Path) {
    let mut command = Command::new("/usr/sbin/postfix");
    command.arg("-c").arg(directory).arg("check");
    let check = command.output().unwrap();
    assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stderr));
}

#[test]
fn a_socket_within_the_chroot_is_named_in_each_way_that_works() {
    let Some(postfix) = Postfix::builder() else { return };
    let postfix = postfix
        .set("virtual_alias_domains", "example.org")
        .set("sender_canonical_classes", "envelope_sender")
        .set("recipient_canonical_classes", "envelope_recipient")
        .start();
    let queue = postfix.config_dir().with_file_name("queue");
    let directory = queue.join("onward");
    fs::create_dir(&directory).unwrap();
    let socket = directory.join("srs");
    let listen = format!(
        "[[listen]]\nprotocol = \"socketmap\"\naddress = \"unix:{}\"\ngroup = \"postfix\"\n",
        socket.display()
    );
    let patient = Patient { onward: Onward::builder().toml(&listen).start(), postfix };
    let name = |path: &str| {
        for (map, table) in [("sender", "forward"), ("recipient", "reverse")] {
            let value = format!("{map}_canonical_maps = socketmap:unix:{path}:{table}");
            patient.postconf(&["-e", &value]);
        }
    };
    let chroot = |is_chrooted: bool| {
        for service in ["cleanup/unix", &format!("{}/inet", patient.postfix.address())] {
            let field = format!("{service}/chroot = {}", if is_chrooted { "y" } else { "n" });
            patient.postconf(&["-F", &field]);
        }
    };
    let whole = socket.display().to_string();
    for (path, is_chrooted, expected) in [
        ("onward/srs", true, None),
        ("onward/srs", false, None),
        ("/onward/srs", true, None),
        ("/onward/srs", false, Some("no-listener")),
        (whole.as_str(), false, None),
        (whole.as_str(), true, Some("chroot")),
    ] {
        name(path);
        chroot(is_chrooted);
        assert_eq!(patient.ids(), Vec::from_iter(expected), "{path} {is_chrooted}");
        if let Some(id) = expected {
            patient.mend(id);
            assert_eq!(patient.ids(), [""; 0], "{path} {is_chrooted}");
        }
    }
    // A socket that its user may not write to is found, and reached once it is given to its group.
    name(&whole);
    chroot(false);
    let change = |from: &str, to: &str| patient.onward.edit_config(|text| text.replace(from, to));
    change("group = \"postfix\"", "group = \"root\"");
    patient.onward.run(&["reload"]);
    assert_eq!(patient.ids(), ["permissions"]);
    change("group = \"root\"", "group = \"postfix\"");
    patient.onward.run(&["reload"]);
    assert_eq!(patient.ids(), [""; 0]);
    // Postfix agrees, where it can be asked outside of a chroot.
    let reverse = |path: &str| format!("socketmap:unix:{path}:forward");
    assert!(patient.postfix.postmap("a@b.test", &reverse(&whole)).is_some());
}
