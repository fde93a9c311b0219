//! A signature that verified on arrival verifies on departure, unless no hop can keep it.

use super::Signer;
use crate::support::dns::Dns;
use crate::support::onward::Onward;
use crate::support::receiver::Receiver;
use mail_auth::{AuthenticatedMessage, DkimResult, MessageAuthenticator};

const MESSAGE: &str =
    "Received: from a by b; x\r\nFrom: <alice@signed.test>\r\nSubject: x\r\n\r\nhello\r\n";

/// What the destination finds.
fn verified(dns: &Dns, message: &[u8]) -> Vec<bool> {
    use hickory_resolver::TokioResolver;
    use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig};
    use hickory_resolver::net::runtime::TokioRuntimeProvider;
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let mut connection = ConnectionConfig::udp();
        connection.port = dns.address().port();
        let server = NameServerConfig::new(dns.address().ip(), true, vec![connection]);
        let config = ResolverConfig::from_parts(None, Vec::new(), vec![server]);
        let resolver =
            TokioResolver::builder_with_config(config, TokioRuntimeProvider::default()).build();
        let message = AuthenticatedMessage::parse(message).unwrap();
        let outputs = MessageAuthenticator(resolver.unwrap()).verify_dkim(&message).await;
        outputs.iter().map(|output| *output.result() == DkimResult::Pass).collect()
    })
}

#[test]
fn what_would_break_a_signature_is_left_out_and_what_no_hop_can_keep_is_told() {
    let dns = Dns::start();
    let signer = Signer::new(&dns, "signed.test");
    let sink = Receiver::smtp().start();
    let onward = Onward::forwarding_to(sink.name())
        .dns(&dns)
        .run_first(&["dkim", "key", "add", "example.org", "--selector", "s1"])
        .start();
    let send = |message: &[u8]| {
        onward.session().transaction("alice@signed.test", &["hello@example.org"], message)
    };
    let key = onward.run(&["dkim", "key", "dns", "--json"]);
    let key: serde_json::Value = serde_json::from_str(&key).unwrap();
    dns.txt(key["dns_name"].as_str().unwrap(), key["dns_text"].as_str().unwrap());

    // As nearly all do.
    send(&signer.sign(&["From", "From", "Subject", "Received"], MESSAGE)).expect("250 2.0.0");
    let data = sink.messages()[0].data.clone();
    assert_eq!(verified(&dns, &data), [true, true]);
    let results = sink.messages()[0].header("Authentication-Results").unwrap();
    assert!(results.contains("dkim=pass header.d=signed.test header.s=s"), "{results}");

    // One that bars others from adding results: it goes without ours.
    let fields = ["From", "Authentication-Results"];
    send(&signer.sign(&fields, MESSAGE)).expect("250 2.0.0");
    let message = &sink.messages()[1];
    assert_eq!(verified(&dns, &message.data), [true, true]);
    assert_eq!(message.header("Authentication-Results"), None);

    // One that bars others from handling it at all; no policy hangs on it.
    send(&signer.sign(&["From", "Received", "Received"], MESSAGE)).expect("250 2.0.0");
    onward.wait_for_log("a DKIM signature that verified does not behind our fields");
    assert_eq!(verified(&dns, &sink.messages()[2].data), [true, false]);
    let records = onward.wait_for_trace(&[], 3);
    assert!(onward.run(&["status", "--json"]).contains("\"dkim_broken_last_day\":1"));
    assert!(
        onward.run(&["status"]).contains("broken    1 message within a day with a DKIM signature")
    );
    for record in records {
        let checks = record["auth"].as_str().unwrap();
        assert!(checks.contains("dkim=pass (signed.test)"), "{record}");
    }
}
