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
