use super::*;
use crate::admin::doctor::Severity;
use std::net::IpAddr;

fn ours() -> Ours {
    Ours {
        hostname: "mx.example.org".to_owned(),
        domains: vec!["example.org".to_owned(), "srs.example.org".to_owned()],
        srs_domain: "srs.example.org".to_owned(),
        never_seals: false,
    }
}

/// Files of tests/received, each in the form of the receiver that it is named after.
fn file(name: &str) -> String {
    let path = format!("{}/tests/received/{name}.eml", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).unwrap().replace('\n', "\r\n")
}

fn read(message: &str) -> Received {
    Received::read(message.as_bytes(), &ours())
}

fn ids(received: &Received) -> Vec<(Severity, &'static str)> {
    received.findings.iter().map(|finding| (finding.severity, finding.id)).collect()
}

#[test]
fn each_receiver_is_read_and_nothing_is_wrong() {
    for (name, who, arc) in [
        ("gmail", "Gmail", Some("pass")),
        ("outlook", "Outlook", Some("pass")),
        ("icloud", "iCloud", Some("pass")),
        ("yahoo", "Yahoo", Some("pass")),
    ] {
        let received = read(&file(name));
        assert!(received.findings.is_empty(), "{name}: {:#?}", received.findings);
        let (hop, here, there) =
            (received.hop.unwrap(), received.here.unwrap(), received.there.unwrap());
        assert_eq!((&*hop.by, &*hop.id), ("mx.example.org", "0DPHZ3R000000000"), "{name}");
        assert_eq!(hop.recipient.as_deref(), Some("hello@example.org"));
        assert_eq!(hop.sealed_by.as_deref(), Some("srs.example.org"), "{name}");
        assert_eq!(hop.signed_by, ["srs.example.org"], "{name}");
        assert_eq!((&*there.who, there.arc.as_deref()), (who, arc), "{name}");
        let spf = there.spf.unwrap();
        assert_eq!((&*spf.result, &*spf.domain), ("pass", "srs.example.org"), "{name}");
        if name != "yahoo" {
            assert_eq!(spf.client, "192.0.2.10".parse::<IpAddr>().ok(), "{name}");
        }
        assert!(there.dkim.iter().any(|it| it.result == "pass" && it.domain == "sender.test"));
        let dmarc = there.dmarc.unwrap();
        assert_eq!((&*dmarc.result, &*dmarc.domain), ("pass", "sender.test"), "{name}");
        let spf = here.spf.unwrap();
        assert_eq!((&*spf.result, &*spf.domain), ("pass", "sender.test"), "{name}");
        assert_eq!(here.dmarc.unwrap().policy.as_deref(), Some("reject"), "{name}");
    }
}

/// One change to what Gmail got, and what is found by it.
#[test]
fn what_differs_is_named_with_what_mends_it() {
    let gmail = file("gmail");
    let dkim = "dkim=pass header.i=@sender.test header.s=a";
    let dmarc = "dmarc=pass (p=REJECT sp=REJECT dis=NONE)";
    let failed = dmarc.replace("pass", "fail");
    let failed = failed.as_str();
    let by_us = "dkim=pass header.i=\"@sender.test\"";
    for (changes, found, mend) in [
        (
            &[("spf=pass (google", "spf=softfail (google")][..],
            (Severity::Error, "spf"),
            Some("onward doctor --address 192.0.2.10"),
        ),
        (&[("spf=pass (google", "spf=temperror (google")], (Severity::Hint, "spf"), None),
        (
            &[("SRS0=x=y@srs.example.org\"", "alice@sender.test\"")],
            (Severity::Warning, "not-rewritten"),
            None,
        ),
        (
            &[
                ("SRS0=x=y@srs.example.org\"", "alice@sender.test\""),
                ("spf=pass (google", "spf=fail (google"),
            ],
            (Severity::Error, "not-rewritten"),
            Some("onward check"),
        ),
        (
            &[(dkim, "dkim=fail header.i=@sender.test header.s=a")],
            (Severity::Error, "dkim-broken"),
            Some("onward trace --id '0DPHZ3R000000000'"),
        ),
        (
            &[("dkim=pass header.i=@srs.example.org", "dkim=neutral header.i=@srs.example.org")],
            (Severity::Error, "own-dkim"),
            Some("onward dkim key dns"),
        ),
        (
            &[
                (dkim, "dkim=fail header.i=@sender.test"),
                (by_us, "dkim=fail header.i=\"@sender.test\""),
            ],
            (Severity::Hint, "dkim-came-broken"),
            None,
        ),
        (
            &[(dmarc, failed)],
            (Severity::Error, "dmarc-lost"),
            Some("onward trace --id '0DPHZ3R000000000'"),
        ),
        (
            &[(dmarc, failed), (by_us, "dkim=none x.y=\"@sender.test\"")],
            (Severity::Error, "dmarc-by-spf"),
            Some("in [auth]: spf_only = \"munge\", dmarc = \"enforce\"; then onward reload"),
        ),
        (
            &[(dmarc, "dmarc=fail (p=NONE)"), (by_us, "dkim=none x.y=\"@sender.test\"")],
            (Severity::Warning, "dmarc-by-spf"),
            Some("in [auth]: spf_only = \"munge\", dmarc = \"enforce\"; then onward reload"),
        ),
        (
            &[(dmarc, failed), ("dmarc=pass header.from", "dmarc=fail header.from")],
            (Severity::Warning, "dmarc-failed"),
            None,
        ),
        (
            &[(dmarc, failed), ("header.from=sender.test\r\n", "header.from=example.org\r\n")],
            (Severity::Error, "own-dmarc"),
            Some("onward dkim key add example.org"),
        ),
        (
            &[("arc=pass (i=1", "arc=fail (i=1")],
            (Severity::Warning, "arc"),
            Some("onward dkim key dns"),
        ),
        (
            &[("by mx.example.org (Onward)", "by mx.example.org (Postfix)")],
            (Severity::Error, "no-hop"),
            None,
        ),
        (
            &[("by mx.example.org (Onward)", "by old.example.org (Onward)")],
            (Severity::Warning, "other-hop"),
            None,
        ),
        (&[("Authentication-Results: ", "X-Results: ")], (Severity::Warning, "no-results"), None),
    ] {
        let mut message = gmail.clone();
        for (from, to) in changes {
            assert!(message.contains(from), "{from}");
            message = message.replace(from, to);
        }
        let received = read(&message);
        let it = received.findings.iter().find(|it| (it.severity, it.id) == found);
        let it = it.unwrap_or_else(|| panic!("{found:?}: {:#?}", received.findings));
        assert_eq!(it.mend.first().map(String::as_str), mend, "{found:?}");
    }
}

#[test]
fn who_asks_for_arc_is_missed_it() {
    for (name, missing) in [("gmail", false), ("outlook", true), ("icloud", true), ("yahoo", true)]
    {
        let message = file(name).replace("ARC-Seal: a=rsa-sha256;\r\n b", "X-Seal: b");
        let received = read(&message);
        let found = ids(&received);
        assert_eq!(found.contains(&(Severity::Hint, "no-arc")), missing, "{name}: {found:?}");
        let never = Ours { never_seals: true, ..ours() };
        let received = Received::read(message.as_bytes(), &never);
        let mends: Vec<_> = received.findings.iter().flat_map(|finding| &finding.mend).collect();
        assert_eq!(mends.iter().any(|mend| mend.contains("arc = \"auto\"")), missing, "{name}");
    }
}

#[test]
fn microsofts_own_judgement_counts() {
    let message = file("outlook").replace("compauth=pass", "compauth=fail");
    assert_eq!(ids(&read(&message)), [(Severity::Warning, "compauth")]);
}

/// The sender may have written whatever he likes below our hop, and a field of a host above another's.
#[test]
fn only_what_stands_above_our_hop_is_the_receivers() {
    let forged = "Authentication-Results: mx.google.com; dmarc=fail header.from=sender.test\r\n";
    let message = file("gmail").replace("From: Alice", &format!("{forged}From: Alice"));
    assert!(read(&message).findings.is_empty());
    // Somebody else on top, who got it from Gmail.
    let other = "Authentication-Results: mx.later.test; spf=fail smtp.mailfrom=x@gmail.com\r\n";
    let received = read(&format!("{other}{}", file("gmail")));
    assert_eq!((ids(&received), &*received.there.unwrap().who), (vec![], "Gmail"));
    // A hop that a sender made up stands below ours.
    let hop = "Received: from a ([192.0.2.1])\r\n\tby mx.example.org (Onward) with ESMTP id 0DPHZ3R000000001; x\r\n";
    let message = file("gmail").replace("From: Alice", &format!("{hop}From: Alice"));
    assert_eq!(read(&message).hop.unwrap().id, "0DPHZ3R000000000");
}

#[test]
fn what_has_no_field_or_nothing_but_fields_is_read() {
    for message in ["", "\r\n", "x", "Received:\r\n\r\n", "Authentication-Results:;;(((\r\n"] {
        assert_eq!(
            ids(&read(message)),
            [(Severity::Error, "no-hop"), (Severity::Warning, "no-results")],
            "{message:?}"
        );
    }
    let many = format!("{}\r\n", "Authentication-Results: a; b=c\r\n".repeat(50_000));
    read(&many);
}
