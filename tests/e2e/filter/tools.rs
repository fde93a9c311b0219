//! What an operator sees of the filter: explain, check, status, doctor, metrics, and a reload.

use super::{dns, message, onward, send};
use crate::support::{
    fake_filter::{FakeFilter, Say},
    receiver::Receiver,
    rspamd::{GTUBE, Rspamd},
    wait_until,
};
use serde_json::Value;

#[test]
fn explain_asks_the_filter_where_it_is_told_to() {
    let (sink, dns) = (Receiver::smtp().start(), dns());
    let Some(rspamd) = Rspamd::start(&dns) else { return };
    let onward = onward(&sink, &dns, &rspamd.tcp()).build();
    let file = onward.config_path().with_file_name("message.eml");
    let explain = |text: &[u8], options: &[&str]| -> (Option<i32>, Value) {
        std::fs::write(&file, text).unwrap();
        let question =
            ["explain", "hello@example.org", "--from", "a@sender.test", "--ip", "192.0.2.1"];
        let message = ["--message", file.to_str().unwrap(), "--json"];
        let output = onward.cli(&[&question[..], &message, options].concat());
        (output.code, serde_json::from_str(&output.stdout).unwrap_or_else(|_| panic!("{output:?}")))
    };
    let spam = [message(""), format!("{GTUBE}\r\n").into_bytes()].concat();
    let (code, unasked) = explain(&spam, &[]);
    assert_eq!((code, unasked.get("filter")), (Some(0), None), "{unasked}");
    let (code, asked) = explain(&spam, &["--filter"]);
    assert_eq!(code, Some(1), "{asked}");
    assert_eq!(asked["filter"]["action"], "reject");
    assert!(asked["reply"].as_str().unwrap().starts_with("550 5.7.1 "), "{asked}");
    let (code, ham) = explain(&message("X-Test-Score: 1\r\n"), &["--filter"]);
    assert_eq!((code, &ham["filter"]["score"]), (Some(0), &Value::from(1.0)), "{ham}");
    drop(rspamd);
    let (code, down) = explain(&message(""), &["--filter"]);
    assert_eq!(code, Some(0), "{down}");
    let why = down["unfiltered"].as_str().unwrap();
    assert!(why.starts_with("the spam filter said nothing: cannot connect"), "{why}");
    assert_eq!(sink.count(), 0);
}

#[test]
fn status_check_and_metrics_tell_of_the_filter() {
    let (sink, dns) = (Receiver::smtp().start(), dns());
    let filter = FakeFilter::start(Say::action("no action", 1.0, ""));
    let (builder, http) = onward(&sink, &dns, &filter.place()).listen("http", &[]);
    let mut onward = builder.start();
    send(&onward, "").expect_code(250);
    filter.say(Say::action("reject", 20.0, ""));
    send(&onward, "").expect("550 5.7.1");
    filter.say(Say::Body("garbage".to_owned()));
    send(&onward, "").expect_code(250);
    let page = crate::metrics::get(http, "GET /metrics");
    for line in [
        "onward_filter_total{result=\"no_action\"} 1",
        "onward_filter_total{result=\"reject\"} 1",
        "onward_filter_total{result=\"failed\"} 1",
        "onward_filter_total{result=\"soft_reject\"} 0",
        "onward_filter_seconds_count 3",
    ] {
        assert!(page.lines().any(|found| found == line), "{line}: {page}");
    }
    let status = onward.run(&["status"]);
    assert!(status.contains(&format!("filter    {} answers", filter.place())), "{status}");
    let check = onward.run(&["check"]);
    assert!(
        check.contains(&format!("filter     rspamd at {}; spam is refused", filter.place())),
        "{check}"
    );
    assert!(!check.contains("does not answer now"), "{check}");

    // A reload leads to another filter, here to one that is not there.
    onward.change_config(|config| config.set_text("filter.rspamd", "unix:/nonexistent/rspamd"));
    onward.run(&["reload"]);
    send(&onward, "").expect_code(250);
    let status = onward.cli(&["status"]);
    assert_eq!(status.code, Some(1), "{}", status.stdout);
    assert!(
        status.stdout.contains("filter    unix:/nonexistent/rspamd does not answer"),
        "{}",
        status.stdout
    );
    assert!(onward.run(&["check"]).contains("unix:/nonexistent/rspamd does not answer now"));
    let asked = filter.asked().len();
    onward.change_config(|config| config.remove("filter.rspamd"));
    onward.run(&["reload"]);
    send(&onward, "").expect_code(250);
    assert_eq!(filter.asked().len(), asked);
    wait_until("the end of the question", || {
        onward.cli(&["status"]).code.filter(|code| *code == 0)
    });
}
