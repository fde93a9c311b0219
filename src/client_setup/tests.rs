use super::*;

fn outgoing() -> Outgoing {
    let host = Domain::parse("mx.example.org").unwrap();
    Outgoing { host, implicit: Some(465), starttls: Some(587) }
}

fn incoming() -> Incoming {
    Incoming {
        server: "imap.mailbox.example".parse().unwrap(),
        username: Some("me&you@mailbox.example".to_owned()),
    }
}

fn person() -> Person {
    let mailbox = |text| Mailbox::parse(text).unwrap();
    Person { account: mailbox("jo@example.org"), address: mailbox("a&b@example.org") }
}

#[test]
fn servers_are_written_with_a_port_or_without() {
    assert_eq!("imap.a.test".parse::<Server>().unwrap().to_string(), "imap.a.test:993");
    assert_eq!("imap.a.test:1993".parse::<Server>().unwrap().port, 1993);
    for bad in ["", "a b", "[127.0.0.1]", "imap.a.test:0", "imap.a.test:65536", ":993"] {
        assert!(bad.parse::<Server>().is_err(), "{bad:?}");
    }
}

#[test]
fn tls_from_the_first_octet_on_comes_first() {
    let domain = Domain::parse("example.org").unwrap();
    let text = autoconfig(&domain, &outgoing(), Some(&incoming()), "%EMAILADDRESS%");
    let at = |part: &str| text.find(part).unwrap_or_else(|| panic!("{part} in {text}"));
    assert!(at("<port>465</port>") < at("<port>587</port>"));
    assert!(at("<socketType>SSL</socketType>") < at("<socketType>STARTTLS</socketType>"));
    assert!(text.contains("<username>me&amp;you@mailbox.example</username>"));
    assert_eq!(text.matches("<username>%EMAILADDRESS%</username>").count(), 2);
    let without =
        autoconfig(&domain, &Outgoing { starttls: None, ..outgoing() }, None, "jo@example.org");
    assert!(!without.contains("incoming") && !without.contains("587"), "{without}");
}

#[test]
fn a_profile_has_both_servers_and_no_password() {
    let text = apple_profile(&person(), &outgoing(), &incoming()).unwrap();
    for part in [
        "<key>OutgoingMailServerUsername</key>\n<string>jo@example.org</string>",
        "<key>EmailAddress</key>\n<string>a&amp;b@example.org</string>",
        "<key>IncomingMailServerPortNumber</key>\n<integer>993</integer>",
        "<key>OutgoingMailServerPortNumber</key>\n<integer>465</integer>",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(!text.contains("<key>OutgoingPassword</key>"), "{text}");
    assert_eq!(text, apple_profile(&person(), &outgoing(), &incoming()).unwrap());
    let asks = Incoming { username: None, ..incoming() };
    let asks = apple_profile(&person(), &outgoing(), &asks).unwrap();
    assert!(!asks.contains("IncomingMailServerUsername"), "{asks}");
    let nowhere = Outgoing { implicit: None, starttls: None, ..outgoing() };
    assert_eq!(apple_profile(&person(), &nowhere, &incoming()), None);
}

#[test]
fn a_profile_names_itself_by_a_uuid_of_version_8() {
    let text = apple_profile(&person(), &outgoing(), &incoming()).unwrap();
    let ids: Vec<&str> = text
        .split("<key>PayloadUUID</key>\n<string>")
        .skip(1)
        .filter_map(|rest| rest.split_once("</string>").map(|(id, _)| id))
        .collect();
    assert_eq!(ids.len(), 2);
    assert_ne!(ids.first(), ids.last());
    for id in ids {
        let lengths: Vec<usize> = id.split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12], "{id}");
        assert_eq!(id.chars().nth(14), Some('8'), "{id}");
        assert!(matches!(id.chars().nth(19), Some('8' | '9' | 'A' | 'B')), "{id}");
    }
}

#[test]
fn services_that_are_not_there_are_said_not_to_be() {
    let domain = Domain::parse("example.org").unwrap();
    let lines = |incoming: Option<&Server>| -> Vec<String> {
        records(&domain, &outgoing(), incoming).iter().map(ToString::to_string).collect()
    };
    let without = lines(None);
    assert!(
        without
            .contains(&"_submissions._tcp.example.org. IN SRV 0 1 465 mx.example.org.".to_owned())
    );
    assert!(
        without
            .contains(&"_submission._tcp.example.org. IN SRV 10 1 587 mx.example.org.".to_owned())
    );
    assert!(without.contains(&"_imaps._tcp.example.org. IN SRV 0 1 0 .".to_owned()));
    let with = lines(Some(&incoming().server));
    assert!(
        with.contains(&"_imaps._tcp.example.org. IN SRV 0 1 993 imap.mailbox.example.".to_owned())
    );
}

#[test]
fn what_xml_cannot_hold_is_left_out() {
    assert_eq!(escaped("a<b>&c\u{0}\u{1b}\nd\u{85}"), "a&lt;b&gt;&amp;c d");
}
