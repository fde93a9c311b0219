use super::*;

#[test]
fn what_is_counted_is_told() {
    let metrics = Metrics::new();
    metrics.message("forwarded", 1000, 0.2, "TLSv1.3 TLS_AES_256_GCM_SHA384");
    metrics.message("forwarded", 10, 0.2, "");
    metrics.refusal(550, Some((5, 7, 1)));
    metrics.attempt(DestinationClass::of("gmail.com"), "delivered", 0.1);
    metrics.srs_forward(Forwarded::Rewritten);
    metrics.srs_reverse(Returned::BadTag);
    let now = Now {
        spool_messages: 3,
        spool_unreadable: 1,
        dns: vec![("mx", "found", 7)],
        dns_questions: 5,
        tls: vec![("sts", "success", 2)],
        ..Now::default()
    };
    metrics.text(&now, Format::Text);
    let text = metrics.text(&now, Format::OpenMetrics);
    for line in [
        "onward_messages_total{outcome=\"forwarded\"} 2",
        "onward_message_octets_total 1010",
        "onward_received_total{tls=\"TLSv1.3\"} 1",
        "onward_refusals_total{status=\"5.7.1\"} 1",
        "onward_attempts_total{destination=\"google\",class=\"delivered\"} 1",
        "onward_srs_forward_total{result=\"rewritten\"} 1",
        "onward_srs_reverse_total{result=\"bad_tag\"} 1",
        "onward_spool_messages 3.0",
        "onward_spool_unreadable 1.0",
        "onward_dns_lookups_total{kind=\"mx\",result=\"found\"} 7",
        "onward_dns_questions_total 5",
        "onward_tls_sessions_total{policy=\"sts\",result=\"success\"} 2",
        "onward_message_seconds_count{outcome=\"forwarded\"} 2",
        "process_resident_memory_bytes ",
    ] {
        assert!(text.lines().any(|found| found.starts_with(line)), "{line}: {text}");
    }
    assert!(text.ends_with("# EOF\n"));
    assert!(text.contains("# TYPE onward_messages counter\n"), "{text}");
    let classic = metrics.text(&now, Format::Text);
    assert!(classic.contains("# TYPE onward_messages_total counter\n"), "{classic}");
    let samples = |text: &str| -> Vec<String> {
        let lines = text.lines().filter(|line| line.starts_with("onward_"));
        lines.map(str::to_owned).collect()
    };
    assert_eq!(samples(&classic), samples(&text));
}

#[test]
fn groups_of_destinations() {
    for (domain, group) in [
        ("GMail.com", "google"),
        ("outlook.com", "microsoft"),
        ("hotmail.co.uk", "microsoft"),
        ("yahoo.de", "yahoo"),
        ("me.com", "apple"),
        ("example.org", "other"),
        ("notgmail.com", "other"),
    ] {
        assert_eq!(DestinationClass::of(domain).as_str(), group, "{domain}");
    }
}
