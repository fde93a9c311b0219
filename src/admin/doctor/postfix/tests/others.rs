//! The milter's knowledge, services of others, ports, and settings that hurt without a word about Onward.

use super::{
    CLASSES, DOMAIN, FORWARD, FREE, Fake, MILTER, OWN_BOUNCES, POLICY, REVERSE, SOCKETMAP, Unit,
    findings,
};

const MILTERS: &str = "smtpd_milters = inet:127.0.0.1:10005\nrelay_domains = srs.example.org\n";
const HEALTHY: [&str; 4] = [FORWARD, REVERSE, CLASSES, DOMAIN];

fn milter(lines: &str, main: &[&str], machine: &Fake) -> Vec<String> {
    let listener = format!("{MILTER}{lines}");
    findings(&[&listener], &[&[MILTERS, OWN_BOUNCES], main].concat(), FREE, machine)
}

fn tables(main: &[&str], machine: &Fake) -> Vec<String> {
    findings(&[SOCKETMAP], &[&HEALTHY[..], main].concat(), FREE, machine)
}

#[test]
fn the_milter_knows_what_postfix_knows() {
    let here = Fake::default();
    let maps = "virtual_alias_maps = hash:/v, proxy:mysql:/m\nalias_maps = hash:/a\n";
    let sed = |said: &[String], id: &str, line: &str| {
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(said[0].starts_with(&format!("{id}: sed -i ")), "{said:?}");
        assert!(said[0].contains(line), "{said:?}");
    };
    let all = "alias_maps = [\"hash:/v\", \"mysql:/m\", \"hash:/a\"]\n";
    assert_eq!(milter(all, &[maps], &here), [""; 0]);
    let written = "alias_maps = [\"hash:/v\", \"proxy:mysql:/m\", \"hash:/a\"]";
    sed(&milter("", &[maps], &here), "alias-maps", written);
    sed(&milter("alias_maps = [\"hash:/v\"]\n", &[maps], &here), "alias-maps", written);
    let broken = Fake {
        broken: vec![("hash:/v", "open /v: No such file or directory", "/v does not exist")],
        ..Fake::default()
    };
    sed(&milter(all, &[maps], &broken), "alias-map", "[\"mysql:/m\", \"hash:/a\"]");
    let unmade = Fake {
        broken: vec![("hash:/v", "open /v.db: No such file or directory", "postmap hash:/v")],
        ..Fake::default()
    };
    assert_eq!(milter(all, &[maps], &unmade), ["alias-map: postmap hash:/v"]);
    let down =
        Fake { broken: vec![("hash:/v", "Connection refused", "start it")], ..Fake::default() };
    assert_eq!(milter(all, &[maps], &down), ["alias-map"]);
    let domains = "mydestination = a.test, host, localhost.localdomain, localhost\n\
        virtual_mailbox_domains = b.test hash:/d\n";
    assert_eq!(
        milter("local_domains = [\"*.test\", \"a.test\", \"b.test\"]\n", &[domains], &here),
        [""; 0]
    );
    sed(
        &milter("local_domains = [\"a.test\"]\n", &[domains], &here),
        "local-domains",
        "local_domains = [\"a.test\", \"b.test\"]",
    );
    sed(&milter("shadow = true\n", &[], &here), "shadow", "c\\shadow = false");
}

#[test]
fn bounces_of_postfix_find_back() {
    let here = Fake::default();
    let told = |main: &[&str]| findings(&[MILTER, SOCKETMAP], main, FREE, &here);
    let mend = "own-bounces: -e 'non_smtpd_milters = inet:127.0.0.1:10005'; \
        -e 'internal_mail_filter_classes = bounce'";
    assert_eq!(told(&[MILTERS]), [mend]);
    assert_eq!(told(&[MILTERS, "non_smtpd_milters = inet:127.0.0.1:10005\n"]), [mend]);
    assert_eq!(told(&[MILTERS, OWN_BOUNCES]), [""; 0]);
    assert_eq!(told(&[MILTERS, REVERSE, CLASSES]), [""; 0]);
    let two = told(&[MILTERS, OWN_BOUNCES, FORWARD, REVERSE, CLASSES]);
    assert_eq!(two, ["milter-and-maps: -X sender_canonical_maps"]);
}

#[test]
fn services_of_others_that_nobody_is() {
    let here = Fake { silent: vec!["127.0.0.1:999", "/queue/x"], ..Fake::default() };
    for (main, expected) in [
        (
            "smtpd_recipient_restrictions = permit_mynetworks, check_policy_service inet:127.0.0.1:999, permit\n",
            "no-answer: -e 'smtpd_recipient_restrictions = permit_mynetworks, permit'",
        ),
        (
            "smtpd_recipient_restrictions = check_policy_service { inet:127.0.0.1:999, default_action=DUNNO }\n",
            "",
        ),
        (
            "smtpd_milters = unix:x\nmilter_default_action = tempfail\n",
            "no-answer: -X smtpd_milters",
        ),
        ("smtpd_milters = unix:x\nmilter_default_action = accept\n", ""),
        ("smtpd_milters = { unix:x, default_action = accept }, inet:h:1\n", ""),
    ] {
        assert_eq!(tables(&[main], &here).join(""), expected, "{main}");
    }
    let own =
        format!("{FREE}smtp/inet/smtpd_client_restrictions = check_policy_service,unix:x,permit\n");
    assert_eq!(
        findings(&[SOCKETMAP], &HEALTHY, &own, &here),
        ["no-answer: -P 'smtp/inet/smtpd_client_restrictions=permit'"]
    );
}

#[test]
fn a_policy_service_stands_in_front() {
    let here = Fake::default();
    let rest = "smtpd_data_restrictions = check_policy_service inet:127.0.0.1:10004\n\
        smtpd_end_of_data_restrictions = check_policy_service inet:127.0.0.1:10004\n";
    let told = |line: &str| {
        let main = [&HEALTHY[..], &[rest, line]].concat();
        findings(&[SOCKETMAP, POLICY], &main, FREE, &here).join("")
    };
    let first = "-e 'smtpd_recipient_restrictions = check_policy_service inet:127.0.0.1:10004, permit_mynetworks'";
    let behind = "smtpd_recipient_restrictions = permit_mynetworks, check_policy_service inet:127.0.0.1:10004\n";
    assert_eq!(told(behind), format!("policy-order: {first}"));
    assert_eq!(
        told("smtpd_recipient_restrictions = permit_mynetworks\n"),
        format!("policy-at-data: {first}")
    );
}

#[test]
fn options_that_lose_aliases() {
    let here = Fake::default();
    let in_main = ["receive_override_options = no_address_mappings, no_milters\n"];
    assert_eq!(
        tables(&in_main, &here),
        ["receive-override: -e 'receive_override_options = no_milters'"]
    );
    // With a milter both hurt, and one command takes both away.
    assert_eq!(milter("", &in_main, &here), ["receive-override: -X receive_override_options"; 2]);
    let own = format!("{FREE}smtp/inet/receive_override_options = no_address_mappings\n");
    let mend = "receive-override: -PX 'smtp/inet/receive_override_options'";
    assert_eq!(findings(&[SOCKETMAP], &HEALTHY, &own, &here), [mend]);
    // Aliases are followed behind a content filter.
    let filter = ["content_filter = smtp:[127.0.0.1]:10024\n"];
    let main = [&HEALTHY[..], &filter].concat();
    let back = format!(
        "{own}127.0.0.1:10026 inet n - n - - smtpd\n127.0.0.1:10026/inet/content_filter = \n\
         127.0.0.1:10026/inet/receive_override_options = no_milters\n"
    );
    assert_eq!(findings(&[SOCKETMAP], &main, &back, &here), [""; 0]);
    let both = back.replace("no_milters", "no_address_mappings");
    assert_eq!(findings(&[SOCKETMAP], &main, &both, &here), [mend]);
    let submission = format!(
        "{FREE}submission inet n - n - - smtpd\nsubmission/inet/smtpd_milters = inet:127.0.0.1:10005\n"
    );
    let main = ["relay_domains = srs.example.org\n", OWN_BOUNCES];
    assert_eq!(
        findings(&[MILTER], &main, &submission, &here),
        ["door: -e 'smtpd_milters = inet:127.0.0.1:10005'"]
    );
}

#[test]
fn ports_that_two_want() {
    let socket = |is_enabled| Fake {
        units: vec![(
            "onward.socket",
            Unit { is_enabled, is_active: false, listens: vec!["[::]:25 (Stream)".into()] },
        )],
        ..Fake::default()
    };
    let mend = "port: systemctl disable --now onward.socket && systemctl restart onward.service";
    assert_eq!(tables(&[], &socket(true)), [mend]);
    assert_eq!(tables(&[], &socket(false)), [""; 0]);
    let here = Fake::default();
    let named = "[[listen]]\nprotocol = \"smtp\"\naddress = \"systemd:smtp\"\n";
    let other = FREE.replace("smtp inet", "192.0.2.1:2525 inet");
    let told =
        |listen: &str, machine: &Fake| findings(&[SOCKETMAP, listen], &HEALTHY, &other, machine);
    assert_eq!(told("", &socket(true)), [mend]);
    assert_eq!(told(named, &socket(true)), [""; 0]);
    let smtp = |at: &str| format!("[[listen]]\nprotocol = \"smtp\"\naddress = \"{at}\"\n");
    assert_eq!(told(&smtp("0.0.0.0:2525"), &here), ["port"]);
    assert_eq!(told(&smtp("192.0.2.1:2525"), &here), ["port"]);
    assert_eq!(told(&smtp("192.0.2.2:2525"), &here), [""; 0]);
}

#[test]
fn settings_that_hurt() {
    let files = vec![("/s", "<> REJECT\nx@y.test REJECT\n"), ("/v", "@srs.example.org me\n")];
    let known = vec![
        ("hash:/s", "<> => REJECT no"),
        ("hash:/o", "<> => OK"),
        ("hash:/v", "@srs.example.org"),
    ];
    let here = Fake { known, files, ..Fake::default() };
    for (main, expected) in [
        ("soft_bounce = yes\n", "soft-bounce: -X soft_bounce"),
        (
            "masquerade_domains = example.org\nmasquerade_classes = envelope_sender\n",
            "masquerade: -e 'masquerade_domains = !srs.example.org, example.org'",
        ),
        ("masquerade_domains = example.org\nmasquerade_classes = header_sender\n", ""),
        (
            "masquerade_domains = !srs.example.org example.org\nmasquerade_classes = envelope_sender\n",
            "",
        ),
        ("masquerade_domains = le.org srs.example.org\nmasquerade_classes = envelope_sender\n", ""),
        (
            "smtpd_sender_restrictions = check_sender_access hash:/s\n",
            "bounces-refused: sed -i '1s/^/#/' '/s'; postmap 'hash:/s'",
        ),
        ("smtpd_sender_restrictions = check_sender_access hash:/o\n", ""),
        ("virtual_alias_maps = hash:/v\n", "catch-all: sed -i '1s/^/#/' '/v'; postmap 'hash:/v'"),
        ("mynetworks = 127.0.0.0/8, 0.0.0.0/0\n", "open-relay: -e 'mynetworks = 127.0.0.0/8'"),
        (
            "recipient_canonical_classes = x\n",
            "envelope-classes: -e 'recipient_canonical_classes = envelope_recipient'",
        ),
    ] {
        assert_eq!(tables(&[main], &here).join(""), expected, "{main}");
    }
    let domains = [
        "virtual_mailbox_domains = a.test\nmydestination = host.a.test\nmyhostname = host.a.test\n",
    ];
    let said = tables(&domains, &here).join("");
    assert!(
        said.starts_with("exempt: ") && said.contains("exempt_domains = [\"a.test\"]"),
        "{said}"
    );
    let quick = "milter_command_timeout = 5s\n";
    let mend = "milter-timeout: -e 'milter_command_timeout = 30s'";
    assert_eq!(milter("", &[quick], &here), [mend]);
    let main = ["smtpd_milters = { inet:127.0.0.1:10005, default_action=accept }\n", MILTERS];
    assert_eq!(
        findings(
            &[MILTER],
            &[main[0], "relay_domains = srs.example.org\n", OWN_BOUNCES],
            FREE,
            &here
        ),
        ["milter-default-action: -e 'smtpd_milters = inet:127.0.0.1:10005'"]
    );
}

/// The commands of two findings about one parameter are one command, so that neither undoes the other.
#[test]
fn commands_add_up() {
    let here = Fake { domains: vec!["a.test", "b.test"], ..Fake::default() };
    let main = [
        "transport_maps = socketmap:inet:127.0.0.1:10003:transport, inline:{ srs.example.org=x }\n",
        "virtual_alias_domains = a.test c.test b.test\nrelay_domains = d.test\n",
        super::HANDS,
    ];
    let known = vec![("inline:{ srs.example.org=x }", "srs.example.org")];
    let here = Fake { known, ..here };
    let said = findings(&[SOCKETMAP, super::SMTP], &main, FREE, &here);
    let relay =
        "-e 'relay_domains = d.test, srs.example.org, socketmap:inet:127.0.0.1:10003:domains'";
    let lists = format!("-e 'virtual_alias_domains = c.test'; {relay}");
    assert_eq!(
        said,
        [
            format!("srs-domain: {relay}"),
            format!("both-worlds: {lists}"),
            format!("both-worlds: {lists}")
        ]
    );
}
