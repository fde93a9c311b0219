//! Blocks and their exceptions, with Postfix as the sender.

use super::detail;
use crate::support::onward::Onward;
use crate::support::postfix::Postfix;
use crate::support::receiver::Receiver;
use crate::support::wait_until;

/// One way to be let in or not. `%` stands for the number of the row: each has an alias, and senders' domains of its own.
struct Row {
    /// Of the alias: `+PATTERN` allowed, `-PATTERN` blocked; `d-PATTERN` of its domain, `g-PATTERN` of all.
    rules: &'static str,
    reverse_path: &'static str,
    from: &'static str,
    /// What the journal says; nothing for what is forwarded.
    rule: &'static str,
}

const fn row(
    rules: &'static str,
    reverse_path: &'static str,
    from: &'static str,
    rule: &'static str,
) -> Row {
    Row { rules, reverse_path, from, rule }
}

const S: &str = "s@a%.test";
const BOUNCES: &str = "bounces@mailer%.test";

const NULL: &str = "<>";

const ROWS: [Row; 27] = [
    row("", S, S, ""),
    // Each pattern, by the reverse-path and by From.
    row("-s@a%.test", S, S, "refused by the alias's block s@a%.test, as it is from s@a%.test"),
    row("-@a%.test", S, S, "refused by the alias's block @a%.test, as it is from s@a%.test"),
    row(
        "-*.b%.test",
        "s@c.b%.test",
        S,
        "refused by the alias's block *.b%.test, as it is from s@c.b%.test",
    ),
    row("-s@a%.test", BOUNCES, S, "refused by the alias's block s@a%.test, as From is s@a%.test"),
    row("-@a%.test", BOUNCES, S, "refused by the alias's block @a%.test, as From is s@a%.test"),
    row(
        "-*.b%.test",
        BOUNCES,
        "s@c.b%.test",
        "refused by the alias's block *.b%.test, as From is s@c.b%.test",
    ),
    row("-@a%.test", NULL, S, "refused by the alias's block @a%.test, as From is s@a%.test"),
    row("-@a%.test", BOUNCES, "t@b%.test", ""),
    // Whom the alias allows is not blocked.
    row("-@a%.test +s@a%.test", S, S, ""),
    row("-s@a%.test +@a%.test", S, S, ""),
    row("-@a%.test +s@a%.test", NULL, S, ""),
    row(
        "-@a%.test +s@a%.test",
        "t@a%.test",
        S,
        "refused by the alias's block @a%.test, as it is from t@a%.test",
    ),
    row(
        "-@a%.test +s@a%.test",
        S,
        "t@a%.test",
        "refused by the alias's block @a%.test, as From is t@a%.test",
    ),
    // Everybody but those.
    row("-*", S, S, "refused by the alias's block *, as it allows nobody who sent it"),
    row("-* +@a%.test", S, "t@b%.test", ""),
    row("-* +@a%.test", BOUNCES, S, ""),
    row("-* +@a%.test", NULL, S, ""),
    row(
        "-* +@a%.test",
        BOUNCES,
        "t@b%.test",
        "refused by the alias's block *, as it allows nobody who sent it",
    ),
    row(
        "-* +@a%.test -@mailer%.test",
        BOUNCES,
        S,
        "refused by the alias's block @mailer%.test, as it is from bounces@mailer%.test",
    ),
    // Those of the domain and of all domains.
    row("d-@a%.test", S, S, "refused by the domain's block @a%.test, as it is from s@a%.test"),
    row("d-@a%.test", NULL, S, "refused by the domain's block @a%.test, as From is s@a%.test"),
    row(
        "g-*.test%",
        "s@a.test%",
        S,
        "refused by the block *.test% for all domains, as it is from s@a.test%",
    ),
    row(
        "g-s@a%.test",
        BOUNCES,
        S,
        "refused by the block s@a%.test for all domains, as From is s@a%.test",
    ),
    row(
        "d-@a%.test g-@a%.test",
        S,
        S,
        "refused by the domain's block @a%.test, as it is from s@a%.test",
    ),
    row(
        "d-@a%.test g-@a%.test -@a%.test",
        S,
        S,
        "refused by the alias's block @a%.test, as it is from s@a%.test",
    ),
    row("d-@a%.test g-@a%.test +@a%.test", S, S, ""),
];

#[test]
fn each_combination_is_refused_by_the_right_rule() {
    let Some(postfix) = Postfix::builder() else { return };
    let destination = Receiver::smtp().start();
    let mut onward = Onward::forwarding_to(destination.name()).without_rates().build();
    for (n, row) in ROWS.iter().enumerate() {
        let n = n.to_string();
        let alias = format!("a{n}@example.org");
        let mut add = vec!["alias".to_owned(), "add".into(), alias, "bob@sink.test".into()];
        for rule in row.rules.split_whitespace() {
            let rule = rule.replace('%', &n);
            if let Some(pattern) = rule.strip_prefix('+') {
                add.extend(["--allow".into(), pattern.into()]);
            } else if let Some(pattern) = rule.strip_prefix('-') {
                add.extend(["--block".into(), pattern.into()]);
            } else if let Some(pattern) = rule.strip_prefix("d-") {
                onward.run(&["block", "add", pattern, "--domain", "example.org"]);
            } else {
                onward.run(&["block", "add", rule.strip_prefix("g-").unwrap()]);
            }
        }
        onward.run(&add.iter().map(String::as_str).collect::<Vec<_>>());
    }
    onward.serve();
    let postfix = postfix.relay(onward.address()).start();
    for (n, Row { reverse_path, from, .. }) in ROWS.iter().enumerate() {
        let fill = |text: &str| text.replace('%', &n.to_string());
        let message = format!("From: {}\nSubject: row {n}\n\nhello\n", fill(from));
        postfix.sendmail(&fill(reverse_path), &[&format!("a{n}@example.org")], message.as_bytes());
    }
    // Postfix tells the senders what is refused, which leads nowhere here: those are in the journal too.
    let records = wait_until("a record of each row", || {
        let lines = onward.run(&["trace", "--json", "--limit", "1000"]);
        let records: Vec<serde_json::Value> =
            lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let is_told = |n| {
            let to = format!("a{n}@example.org");
            records.iter().any(|record| record["to"][0] == to.as_str())
        };
        (0..ROWS.len()).all(is_told).then_some(records)
    });
    for (n, row) in ROWS.iter().enumerate() {
        let fill = |text: &str| text.replace('%', &n.to_string());
        let to = format!("a{n}@example.org");
        let record = records.iter().find(|record| record["to"][0] == to.as_str()).unwrap();
        let what = format!("row {n}, {}: {record}", row.rules);
        if row.rule.is_empty() {
            assert_eq!(record["outcome"], "forwarded", "{what}");
            continue;
        }
        assert_eq!(detail(record), fill(row.rule), "{what}");
        let reply = "550 5.7.1 This address does not accept mail from this sender";
        assert_eq!(record["reply"], reply, "{what}");
        // Whoever asks before is told the same.
        let path = if row.reverse_path == NULL { String::new() } else { fill(row.reverse_path) };
        let from = fill(row.from);
        let explained = onward.cli(&[
            "explain",
            &to,
            "--from",
            &path,
            "--header-from",
            &from,
            "--ip",
            "127.0.0.1",
            "--json",
        ]);
        let explained: serde_json::Value = serde_json::from_str(&explained.stdout).unwrap();
        assert_eq!(explained["rule"], fill(row.rule).as_str(), "{what}");
        assert_eq!(explained["alias"], to.as_str(), "{what}");
    }
    let forwarded = ROWS.iter().filter(|row| row.rule.is_empty()).count();
    assert_eq!(destination.wait_for_messages(forwarded).len(), forwarded);
}
