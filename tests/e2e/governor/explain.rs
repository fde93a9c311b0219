//! What would become of a message whose provider gets nothing for now, and what strangers are told of providers.

use super::{ALICE, MALLORY, S3140, TSS04, scene};
use crate::support::receiver::{Action, Step};
use crate::support::wait_until;
use serde_json::Value;

#[test]
fn explain_says_that_mail_for_a_provider_that_gets_nothing_waits_and_why() {
    let scene =
        scene(|builder| builder.alias("both@example.org", &["a@yahoo.test", "b@other.test"]));
    let explain = |to: &str| {
        let to = format!("{to}@example.org");
        let asked = ["explain", &to, "--from", ALICE, "--ip", "127.0.0.1", "--json"];
        serde_json::from_str::<Value>(&scene.onward.run(&asked)).unwrap()
    };
    assert_eq!(explain("yahoo")["verdict"], "forwarded");
    scene.yahoo.on(Step::Mail, Action::last_reply(TSS04));
    scene.send(MALLORY, "yahoo", "a").expect("451");
    scene.wait_for_state("yahoo", "suspended");
    let told = explain("yahoo");
    assert_eq!(told["verdict"], "waits", "{told}");
    let held = told["destinations"][0]["held"].as_str().unwrap();
    assert!(held.starts_with("yahoo gets no mail before 20") && held.ends_with(TSS04), "{held}");
    assert_eq!(explain("other")["verdict"], "forwarded", "others do not wait");
    let both = explain("both");
    assert_eq!(both["verdict"], "forwarded", "one of them takes it");
    assert!(
        both["destinations"][0]["held"].is_string() && both["destinations"][1]["held"].is_null()
    );
    let asked = ["explain", "yahoo@example.org", "--from", ALICE, "--ip", "127.0.0.1"];
    let said = scene.onward.run(&asked);
    assert!(said.contains("held     yahoo gets no mail before 20"), "{said}");
    assert!(said.contains("verdict  waits until it can be forwarded"), "{said}");
}

/// Where an alias leads is nobody's business: the reply is the host's, but for what tells whose it is.
#[test]
fn replies_for_strangers_do_not_say_which_provider_it_is() {
    let scene = scene(|builder| builder);
    let gmail = "550-5.7.26 Your email has been blocked because the sender is unauthenticated. Gmail requires all senders to authenticate with either SPF or DKIM.\n\
                 550 5.7.26 For instructions go to https://support.google.com/mail/answer/81126#authentication a1b2c3-x1y2.7 - gsmtp";
    let outlook = "550 5.7.515 Access denied, sending domain shop.example does not meet the required authentication level. Learn more https://go.microsoft.com/fwlink/?linkid=2319303 Spf=fail [AM7EUR03FT013.eop-EUR03.prod.protection.outlook.com]";
    let apple = "554 5.7.1 [HM08] Message rejected due to local policy. Please visit https://support.apple.com/en-us/HT204137";
    for (name, receiver, reply, words) in [
        ("google", &scene.google, gmail, "because the sender is unauthenticated."),
        ("outlook", &scene.outlook, outlook, "does not meet the required authentication level."),
        ("yahoo", &scene.yahoo, TSS04, "temporarily deferred due to unexpected volume"),
        ("apple", &scene.apple, apple, "Message rejected due to local policy."),
        ("outlook", &scene.outlook, S3140, ""),
    ] {
        receiver.on(Step::FinalDot, Action::reply(reply));
        let told = scene.send(MALLORY, name, "a").to_string();
        receiver.accept_all();
        assert!(told.contains(words), "{told}");
        let lower = told.to_lowercase();
        for tells in [
            "gmail",
            "google",
            "gsmtp",
            "a1b2c3",
            "microsoft",
            "outlook",
            "eur03",
            "515",
            "tss04",
            "yahoo",
            "apple",
            "hm08",
            "ht204137",
            "s3140",
        ] {
            assert!(!lower.contains(tells), "{tells}: {told}");
        }
        // Whoever runs the server sees it as it was.
        let (first, rest) = reply.split_once('\n').unwrap_or((reply, ""));
        let rest = rest.strip_prefix("550 5.7.26").unwrap_or(rest);
        let theirs = format!("{first}{rest}").replace("550-", "550 ");
        wait_until(format!("{theirs} in the journal"), || {
            scene.last_attempt(name).filter(|last| *last == theirs)
        });
    }
}
