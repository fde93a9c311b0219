//! Tables of header checks.

use super::{
    super::headers::{Rule, changing},
    CLASSES, DOMAIN, FORWARD, FREE, Fake, REVERSE, assert_tables,
};

#[test]
fn rules_that_break_signatures() {
    for (rule, expected) in [
        ("/^Subject:(.*)/ REPLACE Subject: x", true),
        ("/^subject: \\*\\*\\*SPAM/ ignore", true),
        ("/^(Date|X-A):/ IGNORE", true),
        ("/./ IGNORE", true),
        ("/^Content-(Type|Disposition):.*exe/ STRIP", false),
        ("/^Content-(Type|Disposition):/ STRIP", true),
        ("m!^From:! IGNORE", false),
        ("!^From:!i IGNORE", false),
        ("/^From: .*evil/ REJECT ignore this", false),
        ("/^X-Forwarded-From:/ IGNORE", false),
        ("/^X-Subject-Tag:/ IGNORE", false),
        ("/^Received:/ IGNORE", false),
        ("/^From:/ PREPEND X-A: b", false),
        ("|^From:| IGNORE", true),
        ("/^FROM:/i IGNORE", true),
        ("/(/ IGNORE", false),
        ("/^From:/", false),
        ("", false),
    ] {
        assert_eq!(!changing(rule).is_empty(), expected, "{rule}");
    }
    let text =
        "# no\n/^(Date):/\n\n  # between\n  IGNORE\n/^X:/ IGNORE\nif /^To:/\n/x/ REJECT\nendif\n";
    let rule = "/^(Date):/\n\n  # between\n  IGNORE";
    assert_eq!(changing(text), [Rule { lines: (2, 5), text: rule }]);
}

#[test]
fn tables_of_header_checks() {
    let file = "/h";
    let machine = Fake {
        files: vec![(file, "/^Date:/ IGNORE\n")],
        known: vec![("hash:/k", "Subject: Hello")],
        ..Fake::default()
    };
    let checks = "header_checks = regexp:/h\nmime_header_checks = regexp:/h\n";
    let healthy = [FORWARD, REVERSE, CLASSES, DOMAIN];
    let main = [&healthy[..], &[checks]].concat();
    assert_tables(&main, FREE, &machine, &["header-checks: sed -i '1,1s/^/#/' '/h'"]);
    let other = [&healthy[..], &["smtp_header_checks = hash:/k\n"]].concat();
    assert_tables(&other, FREE, &machine, &["header-checks"]);
}
