//! Postfix as the judge of envelopes: what it takes from a client, Onward takes, or docs/STANDARDS.md says
//! why not.

use super::judge;
use crate::support::client::Client;
use crate::support::onward::Onward;
use crate::support::postfix::Postfix;
use crate::support::receiver::Receiver;
use std::net::SocketAddr;

/// Under this heading docs/STANDARDS.md has the kinds of shapes that Postfix alone takes.
const HEADING: &str = "## Envelopes that Postfix takes and Onward does not";

/// Local parts, each with its kind. The empty kind is for what nobody should refuse.
const LOCAL_PARTS: &[(&str, &str)] = &[
    ("", "a"),
    ("", "first.last"),
    ("", "a+tag"),
    ("", "a=b"),
    ("", "o'brien"),
    ("", "!#$%&*/?^_`{|}~"),
    ("", "ilo."),
    ("", ".ilo"),
    ("", "a..b"),
    ("", "..."),
    ("", "."),
    ("", "=?utf-8?q?a?="),
    ("", r#""a b""#),
    ("", r#""a@b""#),
    ("", r#""a>b""#),
    ("", r#""a\"b""#),
    ("", r#""a\\b""#),
    ("", r#""a..b""#),
    ("", r#""a> SIZE=1""#),
    ("backslash", r"a\b"),
    ("backslash", r"\a"),
    ("mixed quotes", r#""a".b"#),
    ("mixed quotes", r#"a."b""#),
    ("mixed quotes", r#""a"b"#),
    ("no local part", r#""""#),
    ("no local part", ""),
    ("comment", "a(c)"),
    ("comment", "(c)a"),
    ("specials", "a:b"),
    ("specials", "a]b"),
    ("specials", "a,b"),
    ("specials", "a;b"),
    ("specials", "a[b"),
    ("two @", "a@b"),
    ("blank inside", "a "),
    ("blank inside", "a b"),
    ("control", "a\x01b"),
    ("control", "a\x7fb"),
    ("control", "\"a\tb\""),
    ("8-bit", "müller"),
];

/// How a path with an ordinary domain is written.
const WRITTEN: &[&str] = &["<{}@b.test>", "  \t<{}@b.test.>", "{}@b.test"];

/// Whole arguments.
const ARGUMENTS: &[(&str, &str)] = &[
    ("", "<>"),
    ("", " <>"),
    ("", "< >"),
    ("", "< a@b.test >"),
    ("", "\t<a@b.test>"),
    ("", " a@b.test"),
    ("", "a@b.test."),
    ("", "<a@b.test.>"),
    ("", "<a@b>"),
    ("", "<a@b_c.test>"),
    ("", "<a@[192.0.2.1]>"),
    ("", "<a@[IPv6:2001:db8::1]>"),
    ("", "<@x.test:a@b.test>"),
    ("", "<@x.test,@y.test:a@b.test>"),
    ("", "<root@localhost>"),
    ("", "<a@localhost.localdomain.>"),
    ("", "<postmaster>"),
    ("", "<MAILER-DAEMON>"),
    ("", "<root>"),
    ("", "<a@b.test> SIZE=10"),
    ("", "<a@b.test>\tSIZE=10"),
    ("", "<a@b.test>   SIZE=10  BODY=8BITMIME "),
    ("", "a@b.test size=10"),
    ("", "<a..b@b.test> BODY=7bit"),
    ("", "<a@b.test> SMTPUTF8"),
    ("", "<müller@b.test> SMTPUTF8"),
    ("local part without brackets", "root"),
    ("local part without brackets", " SIZE=10"),
    ("no address", ""),
    ("no address", " "),
    ("no address", "<@>"),
    ("no address", "\"\""),
    ("no address", "<\"\">"),
    ("no local part", "<@b.test>"),
    ("brackets", "<<a@b.test>>"),
    ("brackets", "<a@b.test>>"),
    ("brackets", "a@b.test>"),
    ("brackets", "<a@b.test"),
    ("brackets", "<a@b.test><c@b.test>"),
    ("after the path", "<a@b.test>;"),
    ("after the path", "<a@b.test>,"),
    ("after the path", "<a@b.test>x"),
    ("after the path", "<a@b.test> (c)"),
    ("after the path", ":<a@b.test>"),
    ("domain", "<a@b.test..>"),
    ("domain", "<a@b..test>"),
    ("domain", "<a@-b.test>"),
    ("domain", "<a@b.123>"),
    ("domain", "<a@192.0.2.1>"),
    ("domain", "<a@[x]>"),
    ("domain", "<a@>"),
    ("comment", "<a@b.test(c)>"),
    ("comment", "<(c) a@b.test>"),
    ("source route", "<@:a@b.test>"),
    ("source route", "<@x.test:root>"),
    ("specials", "mailto:a@b.test"),
    ("parameters", "<a@b.test> AUTH=<>"),
    ("parameters", "<a@b.test> RET=HDRS ENVID=x"),
    ("parameters", "<a@b.test> SIZE=1 SIZE=2"),
    ("parameters", "<a@b.test> X=Y"),
    ("parameters", "<a@b.test> SIZE=x"),
];

const HELO_NAMES: &[(&str, &str)] = &[
    ("", "mx.test"),
    ("", "mx.test."),
    ("", "localhost"),
    ("", "my_pc"),
    ("", "(none)"),
    ("", "My PC"),
    ("", "two  blanks"),
    ("", " leading"),
    ("", "a\tb"),
    ("", "\"quoted\""),
    ("", "half\"quoted"),
    ("", "it's"),
    ("", "drucker-büro"),
    ("", "<mx.test>"),
    ("", "<"),
    ("", "a@b"),
    ("", "a;b,c"),
    ("", "a\\b"),
    ("", "-"),
    ("", "192.0.2.1"),
    ("", "[192.0.2.1]"),
    ("", "[IPv6:2001:db8::1]"),
    ("", "[300.0.0.1]"),
    ("", "a(b(c))d"),
    ("no name", ""),
    ("control", "a\x01b"),
    ("control", "a\x1b[0m"),
    ("control", "a\x7fb"),
    ("long", LONG),
];

const LONG: &str = match std::str::from_utf8(&[b'x'; 300]) {
    Ok(name) => name,
    Err(_) => "",
};

/// A command, with its kind.
#[derive(Debug)]
struct Shape {
    kind: &'static str,
    line: String,
}

fn shapes() -> Vec<Shape> {
    let mut shapes = Vec::new();
    for verb in ["MAIL FROM:", "RCPT TO:"] {
        let domain = if verb == "RCPT TO:" { "example.org" } else { "b.test" };
        let mut add = |kind, argument: String| {
            shapes.push(Shape {
                kind,
                line: format!("{verb}{}", argument.replace("b.test", domain)),
            });
        };
        for (kind, local) in LOCAL_PARTS {
            for written in WRITTEN {
                add(kind, written.replace("{}", local));
            }
        }
        for (kind, argument) in ARGUMENTS {
            add(kind, (*argument).to_owned());
        }
    }
    for line in [
        "MAIL  FROM:<a@b.test>",
        "MAIL\tFROM:<a@b.test>",
        "mail from:<a@b.test>",
        "MAIL FROM :<a@b.test>",
    ] {
        shapes.push(Shape { kind: "", line: line.to_owned() });
    }
    for verb in ["HELO", "EHLO"] {
        let named = HELO_NAMES.iter();
        shapes.extend(named.map(|(kind, name)| Shape { kind, line: format!("{verb} {name}") }));
    }
    shapes
}

/// Whether the server takes each of these.
fn taken(server: SocketAddr, shapes: &[Shape]) -> Vec<bool> {
    let mut verdicts = Vec::new();
    // Sessions are bounded in their transactions without a message.
    for some in shapes.chunks(20) {
        let mut client = Client::session(server);
        for shape in some {
            if shape.line.starts_with("RCPT") {
                client.mail("sender@elsewhere.test").expect_code(250);
            }
            verdicts.push(client.command(&shape.line).code == 250);
            client.command("RSET").expect_code(250);
        }
    }
    verdicts
}

#[test]
fn what_postfix_takes_onward_takes_or_the_standards_say_why_not() {
    let Some(builder) = Postfix::builder() else { return };
    let postfix = builder
        .mailbox("hello@example.org")
        .set("virtual_mailbox_maps", "static:all")
        .set("smtpd_error_sleep_time", "0")
        .set("smtpd_soft_error_limit", "10000")
        .set("smtpd_hard_error_limit", "20000")
        .start();
    let sink = Receiver::smtp().start();
    let onward = Onward::forwarding_to(&sink.route())
        .alias("*@example.org", &["all@sink.test"])
        .config("limits.errors = 10000")
        .start();
    let shapes = shapes();
    assert!(shapes.len() >= 200, "{}", shapes.len());
    let judged =
        taken(postfix.address(), &shapes).into_iter().zip(taken(onward.address(), &shapes));
    judge::expect_explained(HEADING, shapes.iter().map(|shape| (shape.kind, shape)).zip(judged));
}
