//! TLS reports: counted, shown, and sent to who asks for them.

use crate::support::dns::Dns;
use crate::support::onward::Onward;
use crate::support::receiver::Receiver;
use onward::clock;
use onward::store::{Options, Store};
use onward::time::DAY;
use onward::tls_rpt::{Counts, PolicyType, ResultType, SessionResult};
use std::io::Read;

fn outcome(domain: &str, result: Option<ResultType>) -> SessionResult {
    let host = result.map(|_| format!("mx.{domain}")).unwrap_or_default();
    SessionResult { domain: domain.to_owned(), policy: PolicyType::Sts, host, result }
}

#[test]
fn of_yesterday_and_only_once() {
    let dns = Dns::start();
    dns.txt("_smtp._tls.sink.test", "v=TLSRPTv1; rua=mailto:tls@report.test");
    let sink = Receiver::smtp().start();
    let mut onward = Onward::builder()
        .dns(&dns)
        .route("report.test", &sink.route())
        .toml("[tls]\nreports = true\n")
        .build();
    let yesterday = clock::now() - DAY;
    let counts: Counts = [
        (outcome("sink.test", None), 5),
        (outcome("sink.test", Some(ResultType::CertificateExpired)), 2),
        (outcome("quiet.test", None), 1),
    ]
    .into();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let store = Store::open(&onward.state_dir(), Options::default()).unwrap();
        store.add_tls_results(counts.clone(), yesterday).await.unwrap();
        store.add_tls_results(counts, yesterday).await.unwrap();
        store.close().await;
    });
    let day = jiff::Timestamp::from(yesterday).strftime("%Y-%m-%d").to_string();
    let shown = onward.run(&["tls", "results", "--day", &day]);
    assert!(shown.contains("10  sink.test  sts  success\n"), "{shown}");
    assert!(shown.contains("4  sink.test  sts  certificate-expired at mx.sink.test\n"), "{shown}");
    let json = onward.run(&["tls", "results", "--day", &day, "--json"]);
    assert!(json.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()));
    assert!(onward.run(&["tls", "results"]).contains("no sessions"));

    onward.serve();
    let message = sink.wait_for_messages(1).remove(0);
    assert_eq!((message.from.as_str(), message.to[0].as_str()), ("", "tls@report.test"));
    assert_eq!(message.header("TLS-Report-Domain").unwrap().trim(), "sink.test");
    let text = String::from_utf8(message.data.clone()).unwrap();
    let part = text.split("application/tlsrpt+gzip").nth(1).unwrap();
    let body = part.split_once("\r\n\r\n").unwrap().1.split("\r\n--").next().unwrap();
    let packed = data_encoding::BASE64.decode(body.replace("\r\n", "").as_bytes()).unwrap();
    let mut report = String::new();
    flate2::read::GzDecoder::new(&packed[..]).read_to_string(&mut report).unwrap();
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    let policy = &report["policies"][0];
    assert_eq!(policy["policy"]["policy-domain"], "sink.test");
    assert_eq!(policy["summary"]["total-successful-session-count"], 10);
    assert_eq!(policy["failure-details"][0]["result-type"], "certificate-expired");
    // It is told in the journal, and not a second time.
    onward.wait_for_trace(&["--to", "tls@report.test"], 1);
    onward.terminate();
    onward.serve();
    onward.wait_for_log("DNSSEC");
    onward.terminate();
    assert_eq!(sink.count(), 1);
}
