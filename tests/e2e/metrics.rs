//! What is to be seen over HTTP, and that dashboard and alerts ask for nothing else.

use crate::support::onward::Onward;
use crate::support::peer;
use crate::support::receiver::{Action, Receiver, Step};
use crate::support::wait_until;
use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Seek, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;

const TEXT: &[u8] = b"From: <a@sender.test>\r\nSubject: x\r\n\r\nx\r\n";

pub(crate) fn get(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(crate::support::DEADLINE)).unwrap();
    stream.write_all(format!("{request} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// The value of the line that begins so.
#[track_caller]
pub(crate) fn value(page: &str, line: &str) -> f64 {
    let found = page.lines().find_map(|found| found.strip_prefix(line)?.strip_prefix(' '));
    found.unwrap_or_else(|| panic!("no {line}: {page}")).parse().unwrap()
}

#[test]
fn figures_follow_what_happens() {
    let sink = Receiver::smtp().start();
    let (builder, http) = Onward::builder().listen("http", &[]);
    let onward = builder
        .domain("hosted.test")
        .alias("hello@hosted.test", &["bob@sink.test"])
        .route("sink.test", &sink.route())
        .toml("[[dnsbl]]\nzone = \"bl.test\"\n")
        .start();
    let mut client = onward.session();
    client.transaction("a@sender.test", &["hello@hosted.test"], TEXT).expect_code(250);
    sink.on(Step::FinalDot, Action::reply("550 5.7.1 no"));
    client.transaction("a@sender.test", &["hello@hosted.test"], TEXT).expect_code(550);
    client.mail("").expect_code(250);
    client.rcpt("SRS0=AAAA=XY=sender.test=a@example.org").expect_code(550);
    client.rcpt(&onward.srs_forward("a@sender.test")).expect_code(250);
    client.rcpt("nobody@hosted.test").expect_code(550);
    client.quit();
    // The session has ended for the client a moment before it has for us.
    let page = wait_until("the session to end", || {
        let page = get(http, "GET /metrics");
        (value(&page, "onward_connections") < 0.5).then_some(page)
    });
    assert!(page.starts_with("HTTP/1.1 200 OK\r\n"), "{page}");
    assert!(
        page.contains("\r\ncontent-type: text/plain; version=0.0.4; charset=utf-8\r\n"),
        "{page}"
    );
    passes_promtool(&page);
    let accept =
        "Accept: application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5";
    let open = get(http, &format!("GET /metrics HTTP/1.1\r\n{accept}\r\nX: x"));
    assert!(
        open.contains("\r\ncontent-type: application/openmetrics-text; version=1.0.0;"),
        "{open}"
    );
    assert!(
        open.contains("# TYPE onward_messages counter\n") && open.ends_with("# EOF\n"),
        "{open}"
    );
    for (line, expected) in [
        ("onward_messages_total{outcome=\"forwarded\"}", 1.0),
        ("onward_messages_total{outcome=\"refused\"}", 1.0),
        ("onward_attempts_total{destination=\"route\",class=\"delivered\"}", 1.0),
        ("onward_attempts_total{destination=\"route\",class=\"refused\"}", 1.0),
        ("onward_srs_forward_total{result=\"rewritten\"}", 2.0),
        ("onward_srs_reverse_total{result=\"bad_tag\"}", 1.0),
        ("onward_srs_reverse_total{result=\"reversed\"}", 1.0),
        ("onward_refusals_total{status=\"5.1.1\"}", 1.0),
        ("onward_received_total{tls=\"none\"}", 2.0),
        ("onward_message_seconds_count{outcome=\"forwarded\"}", 1.0),
        ("onward_spool_messages", 0.0),
        ("onward_connections", 0.0),
        ("onward_message_octets_total", 2.0 * TEXT.len() as f64),
    ] {
        assert!((value(&page, line) - expected).abs() < f64::EPSILON, "{line}: {page}");
    }
    assert!(value(&page, "process_resident_memory_bytes") > 1e6);
    assert!(value(&page, "process_open_fds") > 5.0);
    for path in ["/healthz", "/readyz"] {
        assert!(get(http, &format!("GET {path}")).ends_with("\r\n\r\nok\n"));
    }
    assert!(get(http, "GET /etc/passwd").starts_with("HTTP/1.1 404 "));
    assert!(get(http, "POST /metrics").starts_with("HTTP/1.1 405 "));
    assert!(get(http, "nonsense").starts_with("HTTP/1.1 400 "));
    // They go on over a reload.
    onward.run(&["reload"]);
    let page = get(http, "GET /metrics");
    assert!((value(&page, "onward_messages_total{outcome=\"forwarded\"}") - 1.0).abs() < 0.1);

    every_query_has_its_metric(&page);
}

/// Nothing is found in it by Prometheus's own program.
fn passes_promtool(page: &str) {
    let Some(promtool) = peer::program("promtool") else { return };
    let (_, figures) = page.split_once("\r\n\r\n").unwrap();
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(figures.as_bytes()).unwrap();
    file.rewind().unwrap();
    let check = Command::new(promtool).args(["check", "metrics"]).stdin(file).output().unwrap();
    let said = String::from_utf8_lossy(&check.stdout) + String::from_utf8_lossy(&check.stderr);
    assert!(check.status.success() && said.is_empty(), "{said}");
}

fn every_query_has_its_metric(page: &str) {
    let known: BTreeSet<&str> =
        page.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).collect();
    let file = |name: &str| {
        fs::read_to_string(format!("{}/contrib/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
    };
    let dashboard: serde_json::Value = serde_json::from_str(&file("grafana/onward.json")).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let targets = panels.iter().flat_map(|panel| panel["targets"].as_array().unwrap());
    let mut queries: Vec<String> =
        targets.map(|target| target["expr"].as_str().unwrap().to_owned()).collect();
    assert!(queries.len() > 10);
    let rules: serde_json::Value =
        serde_yaml_ng::from_str(&file("prometheus/onward.rules.yml")).unwrap();
    let rules = rules["groups"][0]["rules"].as_array().unwrap().clone();
    queries.extend(rules.iter().map(|rule| rule["expr"].as_str().unwrap().to_owned()));
    for query in queries {
        let names = query.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        for name in names.filter(|name| name.starts_with("onward_") || name.starts_with("process_"))
        {
            let base = ["_total", "_bucket", "_count", "_sum"]
                .iter()
                .find_map(|end| name.strip_suffix(end))
                .unwrap_or(name);
            assert!(known.contains(base) || known.contains(name), "{name} of {query}: {known:?}");
        }
    }
}
