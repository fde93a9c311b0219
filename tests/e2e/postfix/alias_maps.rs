//! Postfix's tables of aliases that do not answer the milter: who says so, and what becomes of the mail.

use crate::support::client::Client;
use crate::support::onward::Onward;
use crate::support::peer;
use crate::support::postfix::Postfix;
use crate::support::receiver::Receiver;
use std::fs;

const ALICE: &str = "alice@sender.test";
const MESSAGE: &[u8] = b"From: <alice@sender.test>\r\nTo: away@alias.test\r\nSubject: a test\r\n\
      Date: Thu, 26 Nov 2026 18:00:00 +0000\r\nMessage-ID: <1@sender.test>\r\n\r\nhello\r\n";

/// A table that was never built: mail waits, the log says why once, `status` and `check` say what mends it; and that
/// does.
#[test]
fn a_map_that_does_not_answer_is_named_with_its_mend() {
    let Some(postfix) = Postfix::builder() else { return };
    let builder = Onward::builder();
    let table = builder.directory().join("virtual");
    fs::write(&table, "away@alias.test bob@sink.test\n").unwrap();
    let map = format!("hash:{}", table.display());
    let maps =
        format!("alias_maps = [\"{map}\", \"proxy:inline:{{ x@alias.test=y@alias.test }}\"]");
    let (builder, milter) = builder.listen("milter", &[&maps]);
    let (onward, sink) = (builder.start(), Receiver::smtp().start());
    let fault = format!(
        "{map}: open database {}.db: No such file or directory; postmap {map}",
        table.display()
    );
    onward.wait_for_log(&format!("alias_maps of the milter: {fault}"));
    let lines = |command| {
        let told = onward.cli(&[command]).stdout;
        let lines = told.lines().filter_map(|line| line.strip_prefix("alias map "));
        lines.map(|line| line.trim().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(lines("check"), [&*fault]);
    crate::support::wait_until("the fault in status", || {
        (lines("status") == [&*fault]).then_some(())
    });
    assert_eq!(onward.cli(&["status"]).code, Some(1));

    let postfix = postfix
        .relay(sink.address())
        .set("virtual_alias_domains", "alias.test")
        .set("virtual_alias_maps", "inline:{ away@alias.test=bob@sink.test }")
        .set("smtpd_milters", &format!("inet:{milter}"))
        .set("milter_default_action", "tempfail")
        .start();
    for _ in 0..3 {
        let mut client = Client::session(postfix.address());
        client.mail(ALICE).expect_code(250);
        client.rcpt("away@alias.test").expect("451 4.3.0 ");
    }
    let told = |line: &&String| line.contains("its mail is put off with 451");
    assert_eq!(onward.log().iter().filter(told).count(), 1);

    let built = peer::run("postmap", &[&map]).unwrap();
    assert!(built.success, "{}", built.output);
    let mut client = Client::session(postfix.address());
    client.transaction(ALICE, &["away@alias.test"], MESSAGE).expect_code(250);
    assert!(sink.wait_for_message().from.starts_with("SRS0="));
    onward.run(&["reload"]);
    crate::support::wait_until("a status without it", || lines("status").is_empty().then_some(()));
    onward.run(&["status"]);
}
