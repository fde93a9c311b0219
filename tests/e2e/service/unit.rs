//! The units of systemd/, as far as systemd's own tools judge them without running as a service manager.

use crate::support::onward::Onward;
use crate::support::peer;
use crate::support::receiver::Receiver;
use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

const SOCKETS: [&str; 6] = [
    "onward.socket",
    "onward-smtps.socket",
    "onward-submission.socket",
    "onward-acme.socket",
    "onward-socketmap.socket",
    "onward-milter.socket",
];

fn unit(name: &str) -> String {
    format!("{}/systemd/{name}", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn its_exposure_is_that_of_a_daemon_without_privileges() {
    let service = unit("onward.service");
    let arguments = ["security", "--offline=yes", "--threshold=12", "--no-pager", &service];
    let Some(judged) = peer::run("systemd-analyze", &arguments) else { return };
    assert!(judged.success, "{}", judged.output);
    assert!(judged.output.contains("Overall exposure level"), "{}", judged.output);
}

#[test]
fn the_units_are_well_formed() {
    let directory = tempfile::tempdir().unwrap();
    let mut files = Vec::new();
    for name in [&["onward.service"][..], &SOCKETS].concat() {
        let text = fs::read_to_string(unit(name)).unwrap();
        let file = directory.path().join(name);
        // The program and its manual are where a package puts them.
        let text = text.replace("/usr/bin/onward", env!("CARGO_BIN_EXE_onward"));
        let lines = text.lines().filter(|line| !line.starts_with("Documentation="));
        fs::write(&file, lines.collect::<Vec<_>>().join("\n")).unwrap();
        files.push(file.display().to_string());
    }
    let arguments: Vec<&str> =
        [&["verify", "--man=no"], &files.iter().map(String::as_str).collect::<Vec<_>>()[..]]
            .concat();
    let Some(judged) = peer::run("systemd-analyze", &arguments) else { return };
    let ours = judged.output.lines().filter(|line| line.contains("onward"));
    assert_eq!(ours.collect::<Vec<_>>(), [""; 0]);
}

/// A host whose Onward answers Postfix's tables keeps port 25 for Postfix, whatever becomes of the service.
#[test]
fn the_service_pulls_in_no_port() {
    let service = fs::read_to_string(unit("onward.service")).unwrap();
    let mut lines = service.lines().filter(|line| !line.starts_with('#'));
    assert_eq!(lines.find(|line| line.contains(".socket")), None);
    for name in SOCKETS {
        let socket = fs::read_to_string(unit(name)).unwrap();
        assert!(socket.contains("\nService=onward.service\n"), "{name}");
        assert!(socket.contains("\nFileDescriptorName="), "{name}");
    }
}

/// More than the messages that may be held, and what is counted beside them; and nothing of it in a core file.
#[test]
fn its_memory_is_bounded_and_never_dumped() {
    let service = fs::read_to_string(unit("onward.service")).unwrap();
    let value = |key: &str| {
        let found = service.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
        found.unwrap_or_else(|| panic!("no {key}"))
    };
    assert_eq!(value("LimitCORE"), "0");
    let gibibytes: u64 = value("MemoryMax").strip_suffix('G').unwrap().parse().unwrap();
    // The default of message_memory, 100 KB a connection, and the rest.
    let needed = (512 << 20) + 2_000 * 100_000 + (300 << 20);
    assert!(gibibytes << 30 > needed, "{gibibytes}");
}

/// Whatever the daemon asks of the kernel is in its filter.
#[test]
fn its_system_calls_are_allowed() {
    let Some(_) = peer::program("strace").and_then(|_| peer::program("systemd-analyze")) else {
        return;
    };
    let group = |name: &str| -> BTreeSet<String> {
        let printed =
            Command::new("systemd-analyze").args(["syscall-filter", name]).output().unwrap();
        let text = String::from_utf8(printed.stdout).unwrap();
        let lines = text.lines().skip(1).map(str::trim).filter(|line| !line.starts_with('#'));
        lines.filter(|line| !line.is_empty()).map(str::to_owned).collect()
    };
    fn all(name: &str, group: &dyn Fn(&str) -> BTreeSet<String>) -> BTreeSet<String> {
        group(name)
            .into_iter()
            .flat_map(|entry| match entry.starts_with('@') {
                true => all(&entry, group),
                false => BTreeSet::from([entry]),
            })
            .collect()
    }
    let service = fs::read_to_string(unit("onward.service")).unwrap();
    let mut allowed = BTreeSet::new();
    for line in service.lines().filter_map(|line| line.strip_prefix("SystemCallFilter=")) {
        let (is_taken, names) = line.strip_prefix('~').map_or((false, line), |rest| (true, rest));
        for name in names.split(' ') {
            for call in all(name, &group) {
                if is_taken {
                    allowed.remove(&call)
                } else {
                    allowed.insert(call)
                };
            }
        }
    }
    let sink = Receiver::smtp().start();
    let mut onward = Onward::forwarding_to(sink.name()).build();
    let log = onward.state_dir().join("calls");
    onward.serve_traced(&log, &["-e", "trace=all"]).unwrap();
    let text = b"From: <a@sender.test>\r\nSubject: x\r\n\r\nx\r\n";
    let mut client = onward.session();
    client.transaction("a@sender.test", &["hello@example.org"], text).expect_code(250);
    onward.signal("HUP");
    onward.wait_for_log("configuration read again");
    onward.terminate();
    let log = fs::read_to_string(log).unwrap();
    let called: BTreeSet<String> = log
        .lines()
        .filter_map(|line| line.split_once(' ')?.1.trim_start().split_once('('))
        .map(|(name, _)| name.to_owned())
        .filter(|name| {
            name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        })
        .collect();
    assert!(called.contains("accept4") && called.contains("fsync"), "{called:?}");
    // What starts the program is systemd's, and its own limits it may fail to raise.
    // SQLite gives files to their owner when it runs as root, as this test does.
    let beside = ["execve", "setrlimit", "arch_prctl", "fchown"];
    let refused: Vec<_> = called
        .iter()
        .filter(|name| !allowed.contains(*name) && !beside.contains(&name.as_str()))
        .collect();
    assert!(refused.is_empty(), "{refused:?}");
}
