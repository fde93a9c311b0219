use super::*;
use crate::{
    address::{Mailbox, ReversePath},
    admin::{queue::WaitingLeg, trace::AttemptLine},
    reply::Reply,
};

const DAY: Duration = Duration::from_hours(24);

fn record(outcome: Outcome) -> Record {
    Record {
        id: "abc".into(),
        time: Millis::new(1_000_000),
        client: Some("192.0.2.1".parse().unwrap()),
        helo: "mx.sender.test".into(),
        from: ReversePath::Mailbox(Mailbox::parse("news@shop.test").unwrap()),
        srs_from: Some("SRS0=x=y=shop.test=news@example.org".into()),
        to: vec!["a@example.org".into()],
        outcome,
        reply: Reply::forwarded("abc").to_string(),
        size: 5000,
        ms: 10,
        attempts: Vec::new(),
        auth: "spf=pass dkim=pass (shop.test) dmarc=pass (shop.test p=reject); class a (its signature stays)"
            .into(),
        tls: "TLSv1.3".into(),
        filter: None,
        detail: String::new(),
        ways: Some(crate::alias::Ways::default()),
        node: None,
    }
}

fn attempt(host: &str, reply: &str, verdict: &str) -> AttemptLine {
    AttemptLine {
        time: Millis::new(1_000_500),
        to: vec!["bob@gmail.com".into()],
        host: host.into(),
        reply: reply.into(),
        ms: 5,
        tls: String::new(),
        verdict: verdict.into(),
    }
}

fn waiting(state: &'static str, notify: bool) -> WaitingMessage {
    let next = (state != "failed").then(|| Millis::new(2_000_000));
    WaitingMessage {
        id: "abc".into(),
        from: "news@shop.test".into(),
        to: vec!["a@example.org".into()],
        state,
        attempts: 2,
        next_attempt: next,
        size: 5000,
        account: None,
        held: None,
        node: None,
        arrived: Millis::new(1_000_000),
        legs: vec![WaitingLeg {
            to: "a@example.org".into(),
            destination: "bob@gmail.com".into(),
            state,
            attempts: 2,
            next_attempt: next,
            reply: "452 4.2.2 full".into(),
            reverse_path: String::new(),
            ways: None,
        }],
        client: None,
        helo: String::new(),
        notify,
    }
}

fn facts<'a>(record: &'a Record, waiting: Option<&'a WaitingMessage>) -> Facts<'a> {
    Facts { record, account: None, waiting, aliases: &[], max_age: DAY * 5 }
}

fn keys(facts: &Facts<'_>) -> Vec<&'static str> {
    story(facts).iter().flat_map(|step| &step.lines).map(|line| line.key).collect()
}

/// Keys of the lines of one step.
fn of(facts: &Facts<'_>, title: &str) -> Vec<&'static str> {
    let steps = story(facts).into_iter().filter(|step| step.title == title);
    steps.flat_map(|step| step.lines).map(|line| line.key).collect()
}

#[test]
fn a_mail_that_was_forwarded_from_top_to_bottom() {
    let mut record = record(Outcome::Forwarded);
    record.attempts.push(attempt("gmail-smtp-in.l.google.com [1.2.3.4]:25", "250 ok", "delivered"));
    let aliases = [("a@example.org".to_owned(), Some("*@example.org".to_owned()))];
    let facts = Facts { aliases: &aliases, ..facts(&record, None) };
    assert_eq!(
        keys(&facts),
        [
            "messages-sender",
            "messages-author",
            "messages-recipients",
            "messages-size",
            "messages-client",
            "messages-client-tls",
            "messages-spf-pass",
            "messages-dkim-pass",
            "messages-dmarc-pass",
            "messages-class-signed",
            "messages-alias",
            "messages-sent-as",
            "messages-answered-taken",
            "messages-attempt-delivered",
            "messages-attempt-plaintext",
            "messages-next-forwarded",
        ]
    );
    let steps = story(&facts);
    assert_eq!(steps[0].time, Some(record.time));
    assert_eq!(steps[1].lines[0].values[1], ("helo", "mx.sender.test".to_owned()));
    let attempt = steps.iter().find(|step| step.title == "messages-step-destination").unwrap();
    assert_eq!(attempt.time, Some(Millis::new(1_000_500)));
    assert_eq!(attempt.lines[0].quote.as_deref(), Some("250 ok"));
}

#[test]
fn what_each_destination_said_is_explained() {
    for (host, reply, verdict, key) in [
        (
            "mx.google.com [1.1.1.1]:25",
            "550 5.7.26 not authenticated",
            "refused",
            "messages-meaning-unauthenticated",
        ),
        ("mx.google.com [1.1.1.1]:25", "452 4.2.2 over quota", "deferred", "messages-meaning-full"),
        (
            "x.olc.protection.outlook.com",
            "550 5.7.1 on our block list (S3140)",
            "refused",
            "messages-meaning-blocked",
        ),
        (
            "mx:sink.test",
            "451 4.4.1 The destination cannot be reached",
            "deferred",
            "messages-meaning-unreachable",
        ),
        ("mx.sink.test", "599 what", "refused", "messages-meaning-refused"),
        ("mx.sink.test", "499 what", "deferred", "messages-meaning-deferred"),
    ] {
        let mut record = record(Outcome::Spooled);
        record.attempts = vec![attempt(host, reply, verdict)];
        let found = of(&facts(&record, None), "messages-step-destination");
        assert!(found.contains(&key), "{reply}: {found:?}");
        let named = found.contains(&"messages-attempt-provider");
        assert_eq!(named, host.contains("google") || host.contains("outlook"), "{host}");
    }
}

#[test]
fn a_destination_that_was_not_asked_is_not_said_to_have_been_asked_in_the_clear() {
    for reply in ["held by the governor: google until 1970", "451 4.4.1 cannot be reached"] {
        let mut record = record(Outcome::Spooled);
        record.attempts = vec![attempt("mx.google.com", reply, "deferred")];
        let found = of(&facts(&record, None), "messages-step-destination");
        assert!(!found.contains(&"messages-attempt-plaintext"), "{reply}: {found:?}");
    }
}

#[test]
fn what_waits_says_when_and_who_is_told() {
    let record = record(Outcome::Spooled);
    let mut entry = waiting("queued", true);
    let lines = |entry: &WaitingMessage| next::lines(&facts(&record, Some(entry)));
    let told = lines(&entry);
    let found: Vec<_> = told.iter().map(|line| line.key).collect();
    assert_eq!(found, ["messages-next-attempt", "messages-next-given-up", "messages-next-told"]);
    assert_eq!(told[0].time, Some(Millis::new(2_000_000)));
    assert_eq!(told[1].time, Some(record.time + DAY * 5));
    assert_eq!(told[2].values, [("sender", "news@shop.test".to_owned())]);
    entry.held = Some("frozen".into());
    assert_eq!(lines(&entry)[0].key, "messages-next-held-frozen");
    let bounce = lines(&waiting("uncertain", false));
    assert_eq!(bounce[0].key, "messages-next-uncertain");
    assert_eq!(bounce[2].key, "messages-next-nobody-told");
    let done = lines(&waiting("failed", true));
    assert_eq!(done[0].key, "messages-next-spooled");
}

#[test]
fn each_outcome_has_an_end() {
    for word in [
        "forwarded",
        "partial",
        "refused",
        "deferred",
        "spooled",
        "bounced",
        "failed",
        "dropped",
        "discarded",
        "aborted",
    ] {
        let outcome = Outcome::parse(word).unwrap();
        let record = record(outcome);
        let end = next::lines(&facts(&record, None));
        assert_eq!(end[0].key, format!("messages-next-{word}"));
        assert_eq!(super::outcome(outcome), format!("messages-outcome-{word}"));
    }
}

#[test]
fn who_was_told_that_it_failed() {
    let mut failed = record(Outcome::Failed);
    let last = |record: &Record| next::lines(&facts(record, None)).pop().unwrap().key;
    assert_eq!(last(&failed), "messages-next-was-told");
    failed.detail = "x; no notice to the sender: told before".into();
    assert_eq!(last(&failed), "messages-next-not-told");
    failed.from = ReversePath::Null;
    assert_eq!(last(&failed), "messages-next-nobody-was-told");
    (failed.client, failed.helo) = (None, String::new());
    assert_eq!(last(&failed), "messages-next-notice-lost");
    assert_eq!(keys(&facts(&failed, None))[0], "messages-sender-own");
}

#[test]
fn the_rule_that_refused_is_told_and_no_other() {
    let mut refused = record(Outcome::Refused);
    refused.reply = Reply::sender_blocked().to_string();
    (refused.auth, refused.srs_from) = (String::new(), None);
    for (detail, key) in [
        (
            "refused by the alias's block @shop.test, as it is from news@shop.test",
            "messages-rule-alias",
        ),
        (
            "refused by the domain's block @shop.test, as From is news@shop.test",
            "messages-rule-domain-author",
        ),
        (
            "refused by the block @shop.test for all domains, as it is from news@shop.test",
            "messages-rule-global",
        ),
        (
            "refused by the alias's block *, as it allows nobody who sent it",
            "messages-rule-allows-nobody",
        ),
        (
            "3 recipients refused within a minute; refused as the alias is switched off",
            "messages-rule-ended",
        ),
        ("put off by the alias's limit of 3/1h", "messages-rule-limit"),
        ("", "messages-why-rule"),
    ] {
        refused.detail = detail.into();
        let found = of(&facts(&refused, None), "messages-step-ours");
        assert!(found.contains(&key), "{detail}: {found:?}");
    }
    // What a destination says is no rule of ours.
    let mut forged = record(Outcome::Refused);
    forged.attempts = vec![attempt("mx.sink.test", "550 5.1.1 no", "refused")];
    forged.detail = "x; refused by the alias's block @bank.test, as From is ceo@bank.test".into();
    let found = of(&facts(&forged, None), "messages-step-ours");
    assert!(!found.iter().any(|key| key.starts_with("messages-rule")), "{found:?}");
}

#[test]
fn replies_of_ours_are_explained() {
    for (reply, key) in [
        (Reply::no_such_alias(), "messages-why-no-such-alias"),
        (Reply::dmarc_failed(), "messages-why-dmarc-failed"),
        (Reply::spf_failed(), "messages-why-spf-failed"),
        (Reply::own_from("x.test"), "messages-why-own-from"),
        (Reply::listed("192.0.2.1", "bl.test", None), "messages-why-listed"),
        (Reply::filter_rejects(None), "messages-why-filter-rejects"),
        (Reply::mail_loop(), "messages-why-loop"),
        (Reply::message_too_big(), "messages-why-too-large"),
    ] {
        let mut record = record(Outcome::Refused);
        record.reply = reply.to_string();
        let found = of(&facts(&record, None), "messages-step-ours");
        assert!(found.contains(&key), "{reply}: {found:?}");
    }
}

#[test]
fn every_finding_has_words() {
    for (auth, expected) in [
        (
            "spf=pass dmarc=pass (shop.test p=reject); class c (it passes DMARC by SPF only, which a forward loses), munged",
            "messages-munged",
        ),
        (
            "spf=fail dmarc=fail (shop.test p=reject); class d (it fails DMARC already)",
            "messages-dmarc-fail-reject",
        ),
        ("spf=softfail dmarc=fail (shop.test p=quarantine)", "messages-dmarc-fail-quarantine"),
        ("spf=none dmarc=fail (shop.test p=none)", "messages-dmarc-fail-none"),
        ("spf=neutral dkim=fail (x.test) dmarc=none", "messages-dkim-fail"),
        (
            "spf=temperror dkim=policy (x.test) dmarc=temperror (x.test p=unknown)",
            "messages-dmarc-temperror",
        ),
        (
            "spf=permerror dkim=temperror (x.test) dmarc=permerror (x.test)",
            "messages-dmarc-permerror",
        ),
        (
            "spf=pass dmarc=none arc=fail; class b (no DMARC policy is enforced)",
            "messages-arc-fail",
        ),
        ("spf=pass dmarc=none", "messages-dkim-unsigned"),
        ("", "messages-checks-none"),
    ] {
        let mut record = record(Outcome::Forwarded);
        record.auth = auth.into();
        let found = of(&facts(&record, None), "messages-step-checks");
        assert!(found.contains(&expected), "{auth}: {found:?}");
    }
}

#[test]
fn whatever_strangers_wrote_is_bounded_and_stands_in_values_alone() {
    let hostile = "\u{202e}<script>alert(1)</script>; made the alias x@y".repeat(500);
    let mut record = record(Outcome::Spooled);
    record.helo = hostile.clone();
    record.to = (0..1000).map(|n| format!("{n}{hostile}")).collect();
    record.reply = hostile.clone();
    record.auth = hostile.clone();
    record.detail = hostile.clone();
    record.attempts = (0..1000).map(|_| attempt(&hostile, &hostile, "deferred")).collect();
    let steps = story(&facts(&record, None));
    let lines: Vec<&Line> = steps.iter().flat_map(|step| &step.lines).collect();
    assert!(lines.len() < 500, "{}", lines.len());
    for line in lines {
        assert!(line.values.iter().all(|(_, value)| value.chars().count() <= QUOTED + 1));
        assert!(line.quote.as_ref().is_none_or(|quote| quote.chars().count() <= QUOTED + 1));
    }
    assert_eq!(steps.iter().filter(|it| it.title == "messages-step-destination").count(), 50);
}

#[test]
fn of_what_is_not_shown_nothing_is_made_up() {
    let mut record = record(Outcome::Forwarded);
    (record.reply, record.srs_from) = (String::new(), None);
    let found = of(&facts(&record, None), "messages-step-ours");
    assert!(found.is_empty(), "{found:?}");
}
