//! Mail programs are told over HTTP how they send, and doctor says what keeps others from believing what they send.

use crate::doctor::{findings, healthy_zone, publish_key};
use crate::metrics::get;
use crate::support::DEADLINE;
use crate::support::certificates::Authority;
use crate::support::onward::{Builder, Onward};
use crate::support::peer;
use serde_json::Value;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

const XML: &str = "/mail/config-v1.1.xml";
const WELL_KNOWN: &str = "/.well-known/autoconfig/mail/config-v1.1.xml";
const PROFILE: &str = "/apple.mobileconfig";

/// A daemon that tells mail programs of ports 465 and 587.
struct Told {
    onward: Onward,
    plain: SocketAddr,
    https: SocketAddr,
    metrics: SocketAddr,
    authority: Authority,
}

/// Listeners for what accounts send, by the ports that people reach.
fn submission(builder: Builder) -> Builder {
    let (builder, _) = builder.listen("submission", &["tls = \"implicit\"", "public_port = 465"]);
    builder.listen("submission", &["public_port = 587"]).0
}

impl Told {
    fn start(more: &[&str]) -> Self {
        let authority = Authority::new();
        let builder = Onward::builder()
            .domain("example.org")
            .alias("hello@example.org", &["bob@sink.test"])
            .toml(&authority.issue("mx.example.org", "a").toml())
            .run_first(&["account", "add", "jo@example.org", "--as", "hello@example.org"]);
        let builder = more.iter().fold(submission(builder), |builder, line| builder.config(line));
        let (builder, plain) = builder.listen("http", &["serve = [\"autoconfig\"]"]);
        let (builder, https) =
            builder.listen("http", &["serve = [\"autoconfig\"]", "tls = \"implicit\""]);
        let (builder, metrics) = builder.listen("http", &[]);
        Self { onward: builder.start(), plain, https, metrics, authority }
    }
}

/// The head and the body of an answer.
fn ask(address: SocketAddr, method: &str, target: &str, host: &str) -> (String, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    let request = format!("{method} {target} HTTP/1.1\r\nHost: {host}\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_owned(), body.to_owned())
}

fn body(address: SocketAddr, target: &str) -> String {
    let (head, body) = ask(address, "GET", target, "x.test");
    assert!(head.starts_with("HTTP/1.1 200 "), "{target}: {head}");
    body
}

/// What Python makes of a document; it has parsers of its own for both kinds.
fn python(onward: &Onward, script: &str, document: &str) -> Option<Value> {
    let file = onward.state_dir().join("document");
    std::fs::write(&file, document).unwrap();
    let script = format!(
        "import json, plistlib, sys, xml.etree.ElementTree as E\nd = open(sys.argv[1], 'rb').read()\n{script}"
    );
    let ended = peer::run("python3", &["-c", &script, file.to_str().unwrap()])?;
    assert!(ended.success, "{}: {document}", ended.output);
    Some(serde_json::from_str(&ended.output).unwrap())
}

const READ_XML: &str = "
p = E.fromstring(d).find('emailProvider')
s = lambda e: dict({c.tag: c.text for c in e}, type=e.get('type'))
print(json.dumps([p.get('id'), p.findtext('domain'), [s(e) for e in p.findall('incomingServer')],
                  [s(e) for e in p.findall('outgoingServer')]]))";
const READ_PROFILE: &str = "print(json.dumps(plistlib.loads(d)))";

#[test]
fn programs_are_told_how_to_send_and_nobody_who_has_an_account() {
    let told = Told::start(&["submission.incoming = \"imap.mailbox.example\""]);
    let text = body(told.plain, &format!("{XML}?emailaddress=hello@example.org"));
    // The same of an address that nobody has, and by whichever way it is asked.
    for target in [
        format!("{XML}?emailaddress=nobody%40Example.org"),
        format!("{WELL_KNOWN}?emailaddress=jo@example.org"),
    ] {
        assert_eq!(body(told.plain, &target).replace("Example", "example"), text, "{target}");
    }
    for host in ["autoconfig.example.org", "example.org:80"] {
        for path in [XML, WELL_KNOWN] {
            let (head, found) = ask(told.plain, "GET", path, host);
            assert!(head.contains("content-type: text/xml"), "{head}");
            assert!(head.contains("x-content-type-options: nosniff"), "{head}");
            assert_eq!(found, text);
        }
    }
    if let Some(read) = python(&told.onward, READ_XML, &text) {
        assert_eq!((&read[0], &read[1]), (&"example.org".into(), &"example.org".into()));
        assert_eq!(read[2][0]["hostname"], "imap.mailbox.example");
        let ports = [("465", "SSL"), ("587", "STARTTLS")];
        for (server, (port, tls)) in read[3].as_array().unwrap().iter().zip(ports) {
            assert_eq!(server["hostname"], "mx.example.org");
            assert_eq!((&server["port"], &server["socketType"]), (&port.into(), &tls.into()));
            assert_eq!(server["username"], "%EMAILADDRESS%");
            assert_eq!(server["authentication"], "password-cleartext");
        }
        assert_eq!(read[3].as_array().unwrap().len(), 2);
    }
    // The profile is where the account's owner was told.
    let shown = told.onward.run(&["account", "client", "jo@example.org", "--json"]);
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(shown["is_served"], true);
    let url = shown["profile"].as_str().unwrap();
    let target = url.strip_prefix("https://autoconfig.example.org").unwrap();
    let (head, profile) = ask(told.plain, "GET", target, "autoconfig.example.org");
    assert!(head.contains("content-type: application/x-apple-aspen-config"), "{head}");
    if let Some(read) = python(&told.onward, READ_PROFILE, &profile) {
        let mail = &read["PayloadContent"][0];
        assert_eq!(read["PayloadType"], "Configuration");
        assert_eq!(mail["EmailAddress"], "hello@example.org");
        assert_eq!(mail["OutgoingMailServerUsername"], "jo@example.org");
        assert_eq!(mail["OutgoingMailServerPortNumber"], 465);
        assert_eq!(mail["IncomingMailServerHostName"], "imap.mailbox.example");
        assert_eq!(mail["IncomingMailServerUsername"], Value::Null, "the device asks");
    }
    // Any address of the domain has one, and what is written in it is text.
    let odd = "%22%3Ckey%3Ex%3C%2Fkey%3E%26%22@example.org";
    let profile = body(told.plain, &format!("{PROFILE}?emailaddress={odd}"));
    if let Some(read) = python(&told.onward, READ_PROFILE, &profile) {
        assert_eq!(read["PayloadContent"][0]["EmailAddress"], "\"<key>x</key>&\"@example.org");
    }
}

#[test]
fn nothing_else_is_to_be_had_where_programs_ask() {
    let told = Told::start(&[]);
    let status = |address, method: &str, target: &str, host: &str| {
        let (head, body) = ask(address, method, target, host);
        (head.split(' ').nth(1).unwrap().to_owned(), head, body)
    };
    let unknown = status(told.plain, "GET", "/", "x.test").2;
    for (target, host) in [
        ("/metrics", "x.test"),
        ("/healthz", "x.test"),
        (XML, "x.test"),
        (XML, "autoconfig.else.test"),
        (WELL_KNOWN, ""),
        ("/mail/config-v1.1.xml?emailaddress=a@else.test", "example.org"),
        ("/mail/config-v1.1.xml?emailaddress=example.org", "example.org"),
        // Nothing says where mail is read, and whoever asks has no say in it.
        ("/apple.mobileconfig?emailaddress=hello@example.org", "example.org"),
        ("/apple.mobileconfig?emailaddress=hello@example.org&incoming=imap.evil.test", "x.test"),
        ("/autodiscover/autodiscover.xml", "example.org"),
    ] {
        let (code, head, body) = status(told.plain, "GET", target, host);
        assert_eq!((code.as_str(), &body), ("404", &unknown), "{target} {host}: {head}");
    }
    assert!(get(told.metrics, "GET /metrics").starts_with("HTTP/1.1 200 "));
    let asked = format!("GET {XML}?emailaddress=hello@example.org");
    assert!(get(told.metrics, &asked).starts_with("HTTP/1.1 404 "));

    let (code, head, body) = status(told.plain, "HEAD", XML, "example.org");
    assert_eq!((code.as_str(), body.as_str()), ("200", ""), "{head}");
    let length = self::body(told.plain, &format!("{XML}?emailaddress=a@example.org")).len();
    assert!(head.contains(&format!("content-length: {length}")), "{head}");
    let (code, head, _) = status(told.plain, "POST", XML, "example.org");
    assert!(code == "405" && head.contains("allow: GET, HEAD"), "{head}");
    let long = format!("{XML}?emailaddress={}@example.org", "a".repeat(30_000));
    let (code, ..) = status(told.plain, "GET", &long, "example.org");
    assert!(["400", "414", "431"].contains(&code.as_str()), "{code}");
}

#[test]
fn https_is_spoken_by_the_certificate_that_is_there() {
    let told = Told::start(&[]);
    let url =
        format!("https://mx.example.org:{}{XML}?emailaddress=a@example.org", told.https.port());
    let place = format!("mx.example.org:{}:127.0.0.1", told.https.port());
    let authority = told.authority.file();
    let arguments = ["-sS", "--cacert", authority.to_str().unwrap(), "--resolve", &place, &url];
    let Some(ended) = peer::run("curl", &arguments) else { return };
    assert!(ended.success, "{}", ended.output);
    let text = body(told.plain, &format!("{XML}?emailaddress=a@example.org"));
    assert_eq!(ended.output.trim_end(), text.trim_end());
    let check = told.onward.run(&["check"]);
    let address = told.https;
    assert!(
        check.contains(&format!("http on {address}, autoconfig, TLS from the first octet on")),
        "{check}"
    );
    // Without TLS nothing is told there.
    let mut stream = TcpStream::connect(told.https).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream
        .write_all(format!("GET {XML} HTTP/1.1\r\nHost: example.org\r\n\r\n").as_bytes())
        .unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    assert!(!answer.starts_with(b"HTTP"), "{answer:?}");
}

/// What is said of what accounts send.
fn said(onward: &Onward) -> Vec<(String, Vec<String>)> {
    let ours = ["dkim", "dmarc", "no-dkim", "spf", "srv", "submission", "submission-certificate"];
    let found = findings(onward, &[]).into_iter();
    let found = found.filter(|finding| ours.contains(&finding["id"].as_str().unwrap()));
    found
        .map(|finding| {
            let mend = finding["mend"].as_array().unwrap().iter();
            let mend = mend.map(|mend| mend.as_str().unwrap().to_owned()).collect();
            (finding["id"].as_str().unwrap().to_owned(), mend)
        })
        .collect()
}

#[test]
fn doctor_names_what_a_domain_lacks_that_accounts_send_as() {
    let dns = healthy_zone();
    dns.mx("other.test", 10, "mx.example.org");
    let authority = Authority::new();
    let builder = Onward::builder()
        .dns(&dns)
        .domain("example.org")
        .domain("other.test")
        .alias("hello@other.test", &["bob@sink.test"])
        .toml(&authority.issue("mx.example.org", "a").toml());
    let onward = submission(builder).build();
    let no_key = "no domain has a DKIM key, and accounts send nothing without one";
    assert!(onward.run(&["check"]).contains(no_key));
    onward.run(&["dkim", "key", "add", "example.org", "--kind", "ed25519"]);
    assert!(!onward.run(&["check"]).contains(no_key));
    publish_key(&onward, &dns);
    assert_eq!(said(&onward), [], "nobody sends as other.test yet");

    onward.run(&["account", "add", "jo@home.test", "--as", "hello@other.test"]);
    let found = said(&onward);
    let ids: Vec<&str> = found.iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!(ids, ["spf", "no-dkim", "dmarc", "srv"], "{found:#?}");
    onward.run(&["account", "disable", "jo@home.test"]);
    assert_eq!(said(&onward), [], "nobody sends as other.test now");
    onward.run(&["account", "enable", "jo@home.test"]);
    for (id, mends) in found {
        for mend in mends {
            let parts: Vec<&str> = mend.splitn(3, ' ').collect();
            match id.as_str() {
                "no-dkim" => {
                    onward.run(&mend.split(' ').skip(1).collect::<Vec<_>>());
                    publish_key(&onward, &dns);
                }
                "srv" => {
                    let record: Vec<&str> = mend.split(' ').collect();
                    assert_eq!(record[1..3], ["IN", "SRV"]);
                    dns.srv(record[0], record[5].parse().unwrap(), record[6]);
                }
                _ => {
                    dns.txt(parts[0].trim_end_matches('.'), parts[2].trim_matches('"'));
                }
            }
        }
    }
    assert_eq!(said(&onward), [], "its own words mend it");

    onward.edit_config(|text| text + "\n[submission]\nserver = \"mail.example.org\"\n");
    let found = said(&onward);
    let ids: Vec<&str> = found.iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!(ids, ["submission-certificate", "srv"], "{found:#?}");
    let told = onward.cli(&["account", "client", "jo@home.test"]);
    assert!(told.stdout.contains("server     mail.example.org\n"), "{}", told.stdout);
}

#[test]
fn an_account_without_a_listener_is_told_so() {
    let dns = healthy_zone();
    let onward = Onward::builder()
        .dns(&dns)
        .domain("example.org")
        .alias("hello@example.org", &["bob@sink.test"])
        .build();
    let added = onward.cli(&["account", "add", "hello@example.org"]);
    assert!(added.stderr.contains("no listener takes what accounts send"), "{}", added.stderr);
    let refused = onward.cli(&["account", "client", "hello@example.org"]);
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("protocol = \"submission\""), "{}", refused.stderr);
    let ids: Vec<String> = said(&onward).into_iter().map(|(id, _)| id).collect();
    assert!(ids.contains(&"submission".to_owned()), "{ids:?}");
}
