//! `onward explain`: what would happen to a message, without sending it.

use crate::support::dns::Dns;
use crate::support::onward::Onward;
use crate::support::receiver::Receiver;
use serde_json::Value;

fn explain(onward: &Onward, arguments: &[&str]) -> (Option<i32>, Value) {
    let output = onward.cli(&[&["explain", "--json"], arguments].concat());
    let json = serde_json::from_str(&output.stdout);
    (output.code, json.unwrap_or_else(|_| panic!("{}{}", output.stdout, output.stderr)))
}

/// On a stopped daemon and on a running one, each time with the DNS of the moment; nothing is sent and
/// nothing is kept.
#[test]
fn what_would_happen_and_why() {
    let (sink, dns) = (Receiver::smtp().start(), Dns::start());
    dns.txt("spf.test", "v=spf1 ip4:127.0.0.1 -all").txt("_dmarc.spf.test", "v=DMARC1; p=reject");
    let mut onward = Onward::forwarding_to(sink.name())
        .alias("off@example.org", &["--discard"])
        .dns(&dns)
        .build();
    for is_running in [false, true] {
        let free = explain(
            &onward,
            &["hello@example.org", "--from", "a@nobody.test", "--ip", "127.0.0.1"],
        );
        assert_eq!((free.0, &free.1["verdict"]), (Some(0), &"forwarded".into()), "{free:?}");
        assert_eq!(free.1["destinations"][0]["mailbox"], "bob@sink.test");
        assert_eq!(free.1["destinations"][0]["next_hop"], sink.name());
        assert_eq!(free.1["srs_from"], onward.srs_forward("a@nobody.test"));
        assert_eq!(free.1["checks"], "spf=none dmarc=none");

        let sender = ["hello@example.org", "--from", "a@spf.test"];
        let by_spf = explain(&onward, &[&sender[..], &["--ip", "127.0.0.1"]].concat());
        assert_eq!((by_spf.0, &by_spf.1["verdict"]), (Some(0), &"munged".into()), "{by_spf:?}");
        assert!(by_spf.1["class"].as_str().unwrap().starts_with("c "), "{by_spf:?}");

        let forged = explain(&onward, &[&sender[..], &["--ip", "192.0.2.1"]].concat());
        assert_eq!((forged.0, &forged.1["verdict"]), (Some(1), &"refused".into()), "{forged:?}");
        assert!(forged.1["reply"].as_str().unwrap().starts_with("550 5.7.1 "), "{forged:?}");

        let nobody = ["nobody@example.org", "--from", "<>", "--ip", "127.0.0.1"];
        let nobody = explain(&onward, &nobody);
        assert!(nobody.1["reply"].as_str().unwrap().starts_with("550 5.1.1 "), "{nobody:?}");
        let off = ["off@example.org", "--from", "a@nobody.test", "--ip", "127.0.0.1"];
        assert_eq!(explain(&onward, &off).1["verdict"], "discarded");

        let text = onward.cli(&["explain", "hello@example.org", "--from", "", "--ip", "127.0.0.1"]);
        assert!(text.stdout.contains("leads to bob@sink.test at "), "{}", text.stdout);
        let wrong = onward.cli(&["explain", "hello", "--from", "", "--ip", "127.0.0.1"]);
        assert_eq!(wrong.code, Some(2), "{}", wrong.stderr);
        if !is_running {
            onward.serve();
        }
    }
    assert_eq!(sink.count(), 0);
}

/// What the daemon refuses for its form or its way is refused here too, with the same reply.
#[test]
fn a_message_is_judged_as_the_daemon_judges_it() {
    let sink = Receiver::smtp().start();
    let onward = Onward::forwarding_to(sink.name())
        .config("auth.missing_message_id = \"refuse\"")
        .config("limits.received_hops = 2")
        .start();
    let from = "From: <a@nobody.test>\r\n";
    let id = "Message-ID: <1@nobody.test>\r\n";
    let hop = "Received: from a by b\r\n";
    let file = onward.state_dir().join("message.eml");
    for (fields, reply) in [
        (vec![from], Some("550 5.6.0 ")),
        (vec![hop, hop, hop, from, id], Some("554 5.4.6 ")),
        (vec![from, from, id], Some("550 5.6.0 ")),
        (vec![hop, hop, from, id], None),
    ] {
        let message = fields.concat() + "\r\nhello\r\n";
        std::fs::write(&file, &message).unwrap();
        let arguments = ["hello@example.org", "--from", "a@nobody.test", "--ip", "127.0.0.1"];
        let would =
            explain(&onward, &[&arguments[..], &["--message", file.to_str().unwrap()]].concat());
        let mut client = onward.session();
        let is = client.transaction("a@nobody.test", &["hello@example.org"], message.as_bytes());
        match reply {
            None => {
                assert_eq!((would.0, &would.1["verdict"]), (Some(0), &"forwarded".into()));
                is.expect_code(250);
            }
            Some(reply) => {
                assert_eq!(
                    (would.0, &would.1["verdict"]),
                    (Some(1), &"refused".into()),
                    "{would:?}"
                );
                let told = would.1["reply"].as_str().unwrap();
                assert!(told.starts_with(reply), "{told}");
                is.expect(told);
            }
        }
    }
    // A message that is only supposed lacks nothing.
    let supposed = ["hello@example.org", "--from", "a@nobody.test", "--ip", "127.0.0.1"];
    assert_eq!(explain(&onward, &supposed).1["verdict"], "forwarded");
}
