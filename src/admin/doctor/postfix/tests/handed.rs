//! Domains that Onward hosts, and what Postfix makes of them.

use super::{FREE, Fake, HANDS, SMTP, SOCKETMAP, findings};

const RELAY: &str = "relay_domains = socketmap:inet:127.0.0.1:10003:domains, srs.example.org\n";
const TRANSPORT: &str = "transport_maps = socketmap:inet:127.0.0.1:10003:transport, hash:/t\n";
const OURS: &str = "socketmap:inet:127.0.0.1:10003:domains";

/// A machine that hosts a.test, and hands it over as the guide has it.
fn handing() -> Fake {
    Fake {
        known: vec![("hash:/t", "srs.example.org => smtp:[127.0.0.1]:10025"), (OURS, "a.test")],
        domains: vec!["a.test"],
        aliases: vec!["hello@a.test"],
        ..Fake::default()
    }
}

fn told(main: &[&str], machine: &Fake) -> Vec<String> {
    findings(&[SOCKETMAP, SMTP], main, FREE, machine)
}

#[test]
fn a_domain_handed_over_is_in_no_other_list() {
    let here = handing();
    let right = [RELAY, TRANSPORT, HANDS];
    assert_eq!(told(&right, &here), [""; 0]);
    let with = |line| [&right[..], &[line]].concat();
    for (line, mend) in [
        ("mydestination = x.test, a.test\n", "-e 'mydestination = x.test'"),
        ("virtual_alias_domains = A.test\n", "-X virtual_alias_domains"),
        ("virtual_mailbox_domains = x.test a.test\n", "-e 'virtual_mailbox_domains = x.test'"),
    ] {
        assert_eq!(told(&with(line), &here), [format!("both-worlds: {mend}")], "{line}");
    }
    // As a key of the aliases; then as an alias alone, which Postfix follows whatever the lists say.
    let file = "x.test x\na.test a\nhello@a.test b@c.test,\n  d@e.test\n\n@x.test y\n";
    let mut keys = handing();
    keys.files = vec![("/v", file)];
    keys.known.extend([("hash:/v", "a.test"), ("hash:/v", "hello@a.test")]);
    let main = with("virtual_alias_maps = hash:/v\nvirtual_alias_domains = hash:/v\n");
    assert_eq!(
        told(&main, &keys),
        [
            "both-worlds: sed -i '2s/^/#/' '/v'; postmap 'hash:/v'",
            "both-worlds: sed -i '3s/^/#/;4s/^/#/' '/v'; postmap 'hash:/v'"
        ]
    );
}

#[test]
fn a_domain_is_taken_and_sent_on() {
    let here = handing();
    let here_without = Fake { known: here.known[..1].to_vec(), ..handing() };
    assert_eq!(
        told(&["relay_domains = srs.example.org\n", TRANSPORT, HANDS], &here_without),
        ["domains: -e 'relay_domains = srs.example.org, socketmap:inet:127.0.0.1:10003:domains'"]
    );
    let tables = [super::FORWARD, super::REVERSE, super::CLASSES];
    let domains =
        "virtual_alias_domains = socketmap:inet:127.0.0.1:10003:domains, srs.example.org\n";
    let main = [&tables[..], &[domains]].concat();
    let mend = "-e 'virtual_alias_maps = socketmap:inet:127.0.0.1:10003:alias'";
    assert_eq!(told(&main, &here), [format!("no-aliases: {mend}")]);
    let relay = [&tables[..], &[RELAY]].concat();
    let mend = "-e 'transport_maps = socketmap:inet:127.0.0.1:10003:transport'";
    assert_eq!(told(&relay, &here), [format!("no-transport: {mend}")]);
    let maps = "virtual_alias_maps = socketmap:inet:127.0.0.1:10003:alias\n";
    let main = [&tables[..], &[super::DOMAIN, maps]].concat();
    let mend =
        "-e 'virtual_alias_domains = srs.example.org, socketmap:inet:127.0.0.1:10003:domains'";
    assert_eq!(told(&main, &here), [format!("domains: {mend}")]);
    let both = [&main[..], &[domains]].concat();
    assert_eq!(
        told(&both[..5].iter().copied().chain([domains]).collect::<Vec<_>>(), &here),
        [""; 0]
    );
}

#[test]
fn what_is_refused_is_refused_at_rcpt() {
    let here = handing();
    let xforward = "smtp_send_xforward_command = yes\n";
    let main = [RELAY, TRANSPORT, xforward];
    let mend = "-e 'relay_recipient_maps = socketmap:inet:127.0.0.1:10003:recipients'";
    assert_eq!(told(&main, &here), [format!("backscatter: {mend}")]);
    let others = "relay_recipient_maps = hash:/r\n";
    let mend = "-e 'relay_recipient_maps = hash:/r, socketmap:inet:127.0.0.1:10003:recipients'";
    assert_eq!(
        told(&[&main[..], &[others]].concat(), &here),
        [format!("srs-recipients: {mend}"), format!("recipients: {mend}")]
    );
    let off = [RELAY, TRANSPORT, HANDS, "smtpd_reject_unlisted_recipient = no\n"];
    assert_eq!(told(&off, &here), ["backscatter: -X smtpd_reject_unlisted_recipient"]);
}

#[test]
fn the_way_to_onward_and_back() {
    let here = handing();
    let no_xforward = "relay_recipient_maps = socketmap:inet:127.0.0.1:10003:recipients\n\
        smtp_send_xforward_command = no\n";
    let said = told(&[RELAY, TRANSPORT, no_xforward], &here);
    assert_eq!(said, ["xforward: -e 'smtp_send_xforward_command = yes'"]);
    let right = [RELAY, TRANSPORT, HANDS];
    let deaf = "[[listen]]\nprotocol = \"smtp\"\naddress = \"127.0.0.1:10025\"\n";
    let said = findings(&[SOCKETMAP, deaf], &right, FREE, &here);
    assert!(said.len() == 1 && said[0].starts_with("xforward: sed -i "), "{said:?}");
    let said = findings(&[SOCKETMAP], &right, FREE, &here);
    assert!(said.iter().any(|said| said.starts_with("no-smtp: printf ")), "{said:?}");
    let mut loops = handing();
    loops.known[0] = ("hash:/t", "srs.example.org => smtp:[127.0.0.1]:25");
    loops.files = vec![("/t", "srs.example.org smtp:[127.0.0.1]:25\n")];
    assert_eq!(
        told(&right, &loops),
        ["srs-transport: sed -i '1s/^/#/' '/t'; postmap 'hash:/t'; -e 'transport_maps = \
          socketmap:inet:127.0.0.1:10003:transport, hash:/t, \
          inline:{ srs.example.org=smtp:[127.0.0.1]:10025 }'"]
    );
    for (line, expected) in [
        ("message_size_limit = 0\n", "size: -e 'message_size_limit = 52428800'"),
        ("message_size_limit = 10240000\n", ""),
        (
            "message_size_limit = 90000000\nvirtual_mailbox_limit = 51200000\n",
            "size: -e 'message_size_limit = 51200000'",
        ),
        ("smtp_data_done_timeout = 5m\n", "data-done-timeout: -e 'smtp_data_done_timeout = 600s'"),
        ("smtp_data_done_timeout = 600s\n", ""),
    ] {
        let said = told(&[&right[..], &[line]].concat(), &here);
        assert_eq!(said.join(""), expected, "{line}");
    }
    let tables = [&right[..], &[super::FORWARD, super::REVERSE, super::CLASSES]].concat();
    assert_eq!(
        told(&tables, &here),
        ["transport-and-maps: -X sender_canonical_maps; -X recipient_canonical_maps"]
    );
    let back = "[[route]]\ndomain = \"*\"\nto = \"127.0.0.1:25\"\n";
    let silent = Fake { silent: vec!["127.0.0.1:25"], ..handing() };
    let entry = FREE.replace("smtp inet", "127.0.0.1:2525 inet");
    let said = findings(&[SOCKETMAP, SMTP, back], &right, &entry, &silent);
    assert_eq!(
        said,
        ["route: sed -i '/^to = \"127\\.0\\.0\\.1:25\"$/c\\to = \"127.0.0.1:2525\"' 'onward.toml'"]
    );
    let entry = FREE.replace("smtp inet", "127.0.0.1:25 inet");
    let nets = "mynetworks = 192.0.2.0/24\n";
    let said = findings(&[SOCKETMAP, SMTP, back], &[&right[..], &[nets]].concat(), &entry, &here);
    assert_eq!(said, ["relay-denied: -e 'mynetworks = 192.0.2.0/24, 127.0.0.0/8'"]);
}

#[test]
fn bounces_in_the_domains_handed_over() {
    let here = Fake::default();
    let transport = "transport_maps = socketmap:inet:127.0.0.1:10003:transport\n";
    let domains = "relay_domains = srs.example.org\n";
    assert_eq!(
        findings(&[SOCKETMAP, SMTP], &[transport, domains, HANDS], FREE, &here),
        ["srs-transport: -e 'transport_maps = socketmap:inet:127.0.0.1:10003:transport, \
          inline:{ srs.example.org=smtp:[127.0.0.1]:10025 }'"]
    );
    assert_eq!(
        findings(&[SOCKETMAP, SMTP], &[transport, HANDS], FREE, &here),
        ["srs-domain: -e 'relay_domains = srs.example.org'"]
    );
}
