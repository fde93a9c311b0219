mod handed;
mod headers;
mod others;

use super::{
    Ours,
    endpoint::Place,
    examine,
    machine::{Barrier, Machine, Unit},
    onward_toml::OnwardToml,
    setup::{Printed, Setup},
};
use crate::{
    config::{self, Config},
    postfix::MapFault,
};
use std::path::{Path, PathBuf};

const SOCKETMAP: &str = "[[listen]]\nprotocol = \"socketmap\"\naddress = \"127.0.0.1:10003\"\n";
const SOCKET: &str = "[[listen]]\nprotocol = \"socketmap\"\naddress = \"unix:/queue/onward/srs\"\n";
const MILTER: &str = "[[listen]]\nprotocol = \"milter\"\naddress = \"127.0.0.1:10005\"\n";
const POLICY: &str = "[[listen]]\nprotocol = \"policy\"\naddress = \"127.0.0.1:10004\"\n";
const SMTP: &str = "[[listen]]\nprotocol = \"smtp\"\naddress = \"127.0.0.1:10025\"\n\
    xforward = [\"127.0.0.1\"]\n";
const TCP_TABLES: &str = "[[listen]]\nprotocol = \"tcp-table\"\naddress = \"127.0.0.1:10001\"\n\
    direction = \"forward\"\n[[listen]]\nprotocol = \"tcp-table\"\naddress = \"127.0.0.1:10002\"\n\
    direction = \"reverse\"\n";

/// What stands in every main.cf here.
const QUEUE: &str = "queue_directory = /queue\nmail_owner = postfix\n\
    parent_domain_matches_subdomains = relay_domains\n";
const CLASSES: &str = "sender_canonical_classes = envelope_sender\n\
    recipient_canonical_classes = envelope_recipient\n";
const FORWARD: &str = "sender_canonical_maps = socketmap:inet:127.0.0.1:10003:forward\n";
const REVERSE: &str = "recipient_canonical_maps = socketmap:inet:127.0.0.1:10003:reverse\n";
const OWN_BOUNCES: &str = "non_smtpd_milters = inet:127.0.0.1:10005\n\
    internal_mail_filter_classes = bounce\n";
const HANDS: &str = "relay_recipient_maps = socketmap:inet:127.0.0.1:10003:recipients\n\
    smtp_send_xforward_command = yes\n";
/// The SRS domain as a relay domain of which SRS addresses alone are known.
const RELAYED: &str = "relay_domains = srs.example.org\nrelay_recipient_maps = regexp:/srs\n";
const DOMAIN: &str = "virtual_alias_domains = srs.example.org\n";

const FREE: &str = "smtp inet n - n - - smtpd\ncleanup unix n - n - 0 cleanup\n\
    rewrite unix - - n - - trivial-rewrite\n";
const CHROOTED: &str = "smtp inet n - y - - smtpd\ncleanup unix n - y - 0 cleanup\n\
    rewrite unix - - y - - trivial-rewrite\n";

#[derive(Default)]
struct Fake {
    /// Table, key.
    known: Vec<(&'static str, &'static str)>,
    files: Vec<(&'static str, &'static str)>,
    silent: Vec<&'static str>,
    failing: Vec<(&'static str, &'static str)>,
    barred: Option<&'static str>,
    /// Tables that cannot be asked: what is said, and the mend.
    broken: Vec<(&'static str, &'static str, &'static str)>,
    units: Vec<(&'static str, Unit)>,
    domains: Vec<&'static str>,
    aliases: Vec<&'static str>,
}

impl Machine for Fake {
    fn lookup(&self, table: &str, key: &str) -> Option<String> {
        if table == "regexp:/srs" && key.starts_with("SRS0=") {
            return Some("srs".to_owned());
        }
        let mut known = self.known.iter().filter(|(name, _)| *name == table);
        known.find_map(|(_, entry)| match entry.split_once(" => ") {
            Some((name, value)) => (name == key).then(|| value.to_owned()),
            None => (*entry == key).then(|| "IGNORE".to_owned()),
        })
    }

    fn failures(&self) -> Vec<(String, String)> {
        let failing = self.failing.iter();
        failing.map(|&(table, why)| (table.to_owned(), why.to_owned())).collect()
    }

    fn rebuilt(&self, table: &str, why: &str) -> Option<String> {
        let source = why.strip_suffix(".db: No such file or directory")?.rsplit(' ').next()?;
        self.read(source).map(|_| format!("postmap {table}"))
    }

    fn read(&self, file: &str) -> Option<String> {
        self.files.iter().find(|(name, _)| *name == file).map(|(_, text)| (*text).to_owned())
    }

    fn answers(&self, place: &Place) -> bool {
        !self.silent.contains(&place.to_string().as_str())
    }

    fn barrier(&self, socket: &Path) -> Option<Barrier> {
        self.barred.map(PathBuf::from).map(|path| Barrier {
            is_socket: path == socket,
            path,
            has_no_group: true,
            group: "postfix".to_owned(),
        })
    }

    fn unit(&self, name: &str) -> Option<Unit> {
        self.units.iter().find(|(known, _)| *known == name).map(|(_, unit)| unit.clone())
    }

    fn real(&self, path: &Path) -> PathBuf {
        path.to_owned()
    }
}

fn toml(listeners: &[&str]) -> String {
    format!(
        "hostname = \"mx.example.org\"\n[srs]\ndomain = \"srs.example.org\"\n{}",
        listeners.concat()
    )
}

fn onward(text: &str) -> Config {
    let machine = config::Machine::default();
    Config::parse(text, Path::new("onward.toml"), &machine).unwrap()
}

/// The findings as `id` or, where a command is offered, `id: its words`.
fn findings(listeners: &[&str], main: &[&str], master: &str, machine: &Fake) -> Vec<String> {
    let main = format!("{QUEUE}{}", main.concat());
    let (services, own): (Vec<&str>, Vec<&str>) =
        master.lines().partition(|line| !line.contains(" = "));
    let (services, own) = (services.join("\n"), own.join("\n"));
    let printed = Printed {
        values: &main,
        written: &main,
        master: &services,
        own_values: &own,
        own_written: &own,
    };
    let setup = Setup::new(&printed, None);
    let text = toml(listeners);
    let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    let ours = Ours {
        config: &onward(&text),
        file: OnwardToml::of(Path::new("onward.toml"), &text),
        domains: owned(&machine.domains),
        aliases: owned(&machine.aliases),
        faults: machine
            .broken
            .iter()
            .map(|(map, why, mend)| MapFault {
                map: (*map).to_owned(),
                why: (*why).to_owned(),
                mend: (*mend).to_owned(),
            })
            .collect(),
    };
    let found = examine(&ours, &setup, machine);
    let told = found.into_iter().map(|finding| {
        let mend = finding.mend.join("; ").replace("postconf ", "");
        if mend.is_empty() { finding.id.to_owned() } else { format!("{}: {mend}", finding.id) }
    });
    told.collect()
}

#[track_caller]
fn assert_tables(main: &[&str], master: &str, machine: &Fake, expected: &[&str]) {
    assert_eq!(findings(&[SOCKETMAP], main, master, machine), expected);
}

#[test]
fn a_healthy_one_has_no_findings() {
    let here = Fake::default();
    let none: [&str; 0] = [];
    let tables = [FORWARD, REVERSE, CLASSES, DOMAIN];
    assert_tables(&tables, FREE, &here, &none);
    let milter = ["smtpd_milters = { inet:localhost:10005, timeout=3s }\n", OWN_BOUNCES, RELAYED];
    assert_eq!(findings(&[MILTER], &milter, CHROOTED, &here), none);
    let tcp = [
        "sender_canonical_maps = tcp:127.0.0.1:10001\n",
        "recipient_canonical_maps = tcp:127.0.0.1:10002\n",
        CLASSES,
        DOMAIN,
    ];
    assert_eq!(findings(&[TCP_TABLES], &tcp, FREE, &here), none);
    let transport = [
        "relay_domains = socketmap:inet:127.0.0.1:10003:domains, srs.example.org\n",
        "transport_maps = socketmap:inet:127.0.0.1:10003:transport, inline:{ srs.example.org=x }\n",
    ];
    let transport = [transport[0], transport[1], HANDS];
    let knows = Fake {
        known: vec![("inline:{ srs.example.org=x }", "srs.example.org")],
        ..Fake::default()
    };
    assert_eq!(findings(&[SOCKETMAP, SMTP], &transport, FREE, &knows), none);
    let everywhere = "[[listen]]\nprotocol = \"socketmap\"\naddress = \"0.0.0.0:10003\"\n";
    let far = tables.map(|line| line.replace("127.0.0.1", "192.0.2.5"));
    let far = far.each_ref().map(String::as_str);
    assert_eq!(findings(&[everywhere], &far, FREE, &here), none);
}

#[test]
fn sockets_and_roots() {
    let here = Fake::default();
    let at = |path: &str, master: &str, machine: &Fake| {
        let maps = format!(
            "sender_canonical_maps = socketmap:unix:{path}:forward\n\
             recipient_canonical_maps = socketmap:unix:{path}:reverse\n"
        );
        let found = findings(&[SOCKET], &[&maps, CLASSES, DOMAIN], master, machine);
        found.into_iter().next()
    };
    let mended = "-e 'sender_canonical_maps = socketmap:unix:onward/srs:forward'";
    for (path, master, expected) in [
        ("onward/srs", CHROOTED, None),
        ("onward/srs", FREE, None),
        ("/onward/srs", CHROOTED, None),
        ("/queue/onward/srs", FREE, None),
        ("/queue/onward/srs", CHROOTED, Some(format!("chroot: {mended}"))),
        ("/onward/srs", FREE, Some(format!("no-listener: {mended}"))),
    ] {
        assert_eq!(at(path, master, &here), expected, "{path}");
    }
    let outside = "[[listen]]\nprotocol = \"milter\"\naddress = \"unix:/run/onward/milter\"\n";
    let milter = [
        "smtpd_milters = unix:/run/onward/milter\nnon_smtpd_milters = unix:/run/onward/milter\n",
        "internal_mail_filter_classes = bounce\n",
        RELAYED,
    ];
    assert_eq!(
        findings(&[outside], &milter, CHROOTED, &here),
        ["chroot: -F 'smtp/inet/chroot = n'", "chroot: -F 'cleanup/unix/chroot = n'"]
    );
    let policy = outside.replace("milter", "policy");
    let policies = [
        "smtpd_recipient_restrictions = check_policy_service unix:/run/onward/policy, permit\n",
        FORWARD,
        REVERSE,
        CLASSES,
        DOMAIN,
    ];
    let barred = Fake { barred: Some("/run/onward"), ..Fake::default() };
    assert_eq!(
        findings(&[&policy, SOCKETMAP], &policies, FREE, &barred),
        [
            "permissions: chgrp postfix '/run/onward'; chmod g+x '/run/onward'",
            "policy-at-data: -e 'smtpd_data_restrictions = check_policy_service \
             unix:/run/onward/policy'; -e 'smtpd_end_of_data_restrictions = check_policy_service \
             unix:/run/onward/policy'"
        ]
    );
    let barred = Fake { barred: Some("/run/onward/policy"), ..Fake::default() };
    let found = findings(&[&policy, SOCKETMAP], &policies, FREE, &barred);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].starts_with("permissions"), "{found:?}");
}

#[test]
fn what_is_asked_where() {
    let here = Fake::default();
    let rest = [CLASSES, DOMAIN];
    let swapped = "sender_canonical_maps = tcp:localhost:10002\n\
        recipient_canonical_maps = tcp:localhost:10001\n";
    assert_eq!(
        findings(&[TCP_TABLES], &[swapped, rest[0], rest[1]], FREE, &here),
        [
            "wrong-listener: -e 'sender_canonical_maps = tcp:127.0.0.1:10001'",
            "wrong-listener: -e 'recipient_canonical_maps = tcp:127.0.0.1:10002'"
        ]
    );
    let tcp = "sender_canonical_maps = tcp:localhost:10003\n";
    assert_tables(
        &[tcp, REVERSE, rest[0], rest[1]],
        FREE,
        &here,
        &["wrong-listener: -e 'sender_canonical_maps = socketmap:inet:127.0.0.1:10003:forward'"],
    );
    let healthy = [FORWARD, REVERSE, CLASSES, DOMAIN];
    // Nobody is there, and it is named as ours would be; then somebody else is.
    let aliases = "virtual_alias_maps = hash:/x, socketmap:inet:127.0.0.1:999:alias\n";
    let silent = Fake { silent: vec!["127.0.0.1:999"], ..Fake::default() };
    let main = [&healthy[..], &[aliases]].concat();
    let mended =
        "no-listener: -e 'virtual_alias_maps = hash:/x, socketmap:inet:127.0.0.1:10003:alias'";
    assert_tables(&main, FREE, &silent, &[mended]);
    assert_tables(&main, FREE, &here, &[]);
    let policy = "smtpd_relay_restrictions = permit_mynetworks check_policy_service inet:h:999\n";
    let silent = Fake { silent: vec!["h:999"], ..Fake::default() };
    let main = [&healthy[..], &[policy]].concat();
    assert_eq!(
        findings(&[SOCKETMAP, POLICY], &main, FREE, &silent),
        ["no-listener: -e 'smtpd_relay_restrictions = permit_mynetworks, check_policy_service \
          inet:127.0.0.1:10004'"]
    );
    let silent = Fake { silent: vec!["127.0.0.1:10003"], ..Fake::default() };
    assert_tables(&healthy, FREE, &silent, &["no-answer"]);
}

#[test]
fn a_policy_service_hears_of_the_message_too() {
    let asks = |parameter: &str, others: &str| {
        format!("{parameter} = check_policy_service inet:127.0.0.1:10004{others}\n")
    };
    let recipients = asks("smtpd_recipient_restrictions", ", permit");
    let data = asks("smtpd_data_restrictions", "");
    let end = asks("smtpd_end_of_data_restrictions", "");
    let here = Fake::default();
    let told = |more: &[&str]| {
        let main = [&[FORWARD, REVERSE, CLASSES, DOMAIN, &recipients], more].concat();
        findings(&[SOCKETMAP, POLICY], &main, FREE, &here)
    };
    assert_eq!(told(&[&data, &end]), [""; 0]);
    let set = |line: &str| format!("-e '{}'", line.trim_end());
    assert_eq!(told(&[]), [format!("policy-at-data: {}; {}", set(&data), set(&end))]);
    let others = "smtpd_data_restrictions = reject_unauth_pipelining\n";
    let both = asks("smtpd_data_restrictions", ", reject_unauth_pipelining");
    assert_eq!(told(&[others, &end]), [format!("policy-at-data: {}", set(&both))]);
}

#[test]
fn parameters_of_a_service() {
    let here = Fake::default();
    let healthy = [FORWARD, REVERSE, CLASSES, DOMAIN];
    let classes = format!("{FREE}cleanup/unix/sender_canonical_classes = header_sender\n");
    let mended = "header-classes: -P 'cleanup/unix/sender_canonical_classes=envelope_sender'";
    assert_tables(&healthy, &classes, &here, &[mended]);
    // smtpd has no use for the classes.
    let classes = format!("{FREE}smtp/inet/sender_canonical_classes = header_sender\n");
    assert_tables(&healthy, &classes, &here, &[]);
    let milter = ["smtpd_milters = inet:127.0.0.1:10005\n", RELAYED, OWN_BOUNCES];
    let without = format!("{FREE}smtp/inet/smtpd_milters = \n");
    assert_eq!(
        findings(&[MILTER], &milter, &without, &here),
        ["override: -PX 'smtp/inet/smtpd_milters'"]
    );
    let behind_a_filter = format!(
        "{FREE}127.0.0.1:10026 inet n - n - - smtpd\n127.0.0.1:10026/inet/smtpd_milters = \n"
    );
    assert_eq!(findings(&[MILTER], &milter, &behind_a_filter, &here), [""; 0]);
    let only_there = format!("{FREE}smtp/inet/smtpd_milters = inet:127.0.0.1:10005\n");
    assert_eq!(findings(&[MILTER], &milter[1..], &only_there, &here), [""; 0]);
}

#[test]
fn who_takes_the_srs_domain() {
    let here = Fake::default();
    let takes = |lists: &str, machine: &Fake| {
        let main = [FORWARD, REVERSE, CLASSES, lists];
        findings(&[SOCKETMAP], &main, FREE, machine).is_empty()
    };
    let file = Fake { files: vec![("/d", "# srs.example.org\nother\n")], ..Fake::default() };
    let also = Fake { files: vec![("/d", "other\nSRS.example.org # x\n")], ..Fake::default() };
    let table = Fake { known: vec![("hash:/t", "example.org")], ..Fake::default() };
    for (lists, machine, expected) in [
        ("relay_domains = example.org\n", &here, true),
        ("relay_domains = org\n", &here, true),
        ("relay_domains = ample.org\n", &here, false),
        ("relay_domains = !srs.example.org, example.org\n", &here, false),
        ("relay_domains = .example.org\n", &here, false),
        ("relay_domains = hash:/t\n", &table, true),
        ("relay_domains = /d\n", &file, false),
        ("relay_domains = /d\n", &also, true),
        ("mydestination = example.org\n", &here, false),
        ("mydestination = SRS.EXAMPLE.ORG\n", &here, true),
        ("virtual_mailbox_domains = hash:/t\n", &table, false),
    ] {
        assert_eq!(takes(lists, machine), expected, "{lists}");
    }
    let no_parents = "parent_domain_matches_subdomains =\n";
    assert!(!takes(&format!("{no_parents}relay_domains = example.org\n"), &here));
    assert!(takes(&format!("{no_parents}relay_domains = .example.org\n"), &here));
    assert_tables(
        &[FORWARD, REVERSE, CLASSES, "virtual_alias_domains = $x\n"],
        FREE,
        &here,
        &["srs-domain: -e 'virtual_alias_domains = $x, srs.example.org'"],
    );
}
