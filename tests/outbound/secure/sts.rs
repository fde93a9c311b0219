use super::{
    authority::{Authority, Issued, Kind},
    counted, dns, sent,
    server::{Between, Server},
    sink, trusting,
    web::{Answer, Web},
};
use crate::dns::Zone;
use onward::{
    outbound::{Outbound, OutboundConfig},
    store::{Options, Store},
};
use std::time::Instant;

struct Net {
    authority: Authority,
    web: Web,
    server: Server,
    config: OutboundConfig,
}

impl Net {
    /// sink.test with this certificate for its host, this answer of its web server and these records.
    async fn new(host: (&str, Kind), between: Between, answer: Answer, zone: Zone) -> Self {
        let authority = Authority::new();
        let of_web = authority.issue("mta-sts.sink.test", Kind::Good);
        let of_host = authority.issue(host.0, host.1);
        Self::with(authority, &of_web, &of_host, between, answer, zone).await
    }

    async fn with(
        authority: Authority,
        of_web: &Issued,
        of_host: &Issued,
        between: Between,
        answer: Answer,
        zone: Zone,
    ) -> Self {
        let web = Web::start(of_web, answer).await;
        let server = Server::start(of_host, between).await;
        let (name_server, _) = dns::serve(zone).await;
        let mut config = trusting(&authority, name_server, server.port());
        config.sts_port = Some(web.address.port());
        Self { authority, web, server, config }
    }

    async fn send(&self) -> (String, String, Vec<String>) {
        let outbound = Outbound::new(self.config.clone());
        let (verdict, tls) = sent(&outbound, "sink.test").await;
        (verdict, tls, counted(&outbound.take_tls_results()))
    }
}

fn with_policy() -> Zone {
    sink().txt("_mta-sts.sink.test", "v=STSv1; id=1;")
}

fn enforce() -> Answer {
    Answer::policy("enforce", "mx.sink.test", 86_400)
}

#[tokio::test]
async fn enforce_wants_the_right_certificate() {
    for (host, between, reply, result) in [
        (("mx.sink.test", Kind::Good), Between::Nobody, None, "success"),
        (
            ("mx.other.test", Kind::Good),
            Between::Nobody,
            Some("4.7.5"),
            "certificate-host-mismatch",
        ),
        (("mx.sink.test", Kind::Expired), Between::Nobody, Some("4.7.5"), "certificate-expired"),
        (
            ("mx.sink.test", Kind::SelfSigned),
            Between::Nobody,
            Some("4.7.5"),
            "certificate-not-trusted",
        ),
        (("mx.sink.test", Kind::Good), Between::Stripper, Some("4.7.4"), "starttls-not-supported"),
        (("mx.sink.test", Kind::Good), Between::Refuser, Some("4.7.4"), "starttls-not-supported"),
        (("mx.sink.test", Kind::Good), Between::Babbler, Some("4.7.5"), "validation-failure"),
    ] {
        let net = Net::new(host, between, enforce(), with_policy()).await;
        let (verdict, tls, counts) = net.send().await;
        assert_eq!(counts, [format!("sts {result}: 1")], "{verdict}");
        match reply {
            None => {
                assert!(verdict.starts_with("Delivered"), "{verdict}");
                assert_eq!(tls, "TLSv1.3 TLS_AES_256_GCM_SHA384, certificate by MTA-STS");
            }
            Some(status) => {
                assert!(verdict.starts_with(&format!("Deferred 451 {status}")), "{verdict}");
                assert!(net.server.arrived().is_empty());
            }
        }
    }
}

#[tokio::test]
async fn hosts_that_the_policy_does_not_name_get_nothing() {
    let answer = Answer::policy("enforce", "*.other.test", 86_400);
    let net = Net::new(("mx.sink.test", Kind::Good), Between::Nobody, answer, with_policy()).await;
    let (verdict, _, counts) = net.send().await;
    assert!(verdict.starts_with("Deferred 451 4.7.0"), "{verdict}");
    assert_eq!(counts, ["sts validation-failure: 1"]);
    assert!(net.server.arrived().is_empty());
}

#[tokio::test]
async fn testing_tells_and_sends_all_the_same() {
    for (host, between, is_encrypted, expected) in [
        (("mx.sink.test", Kind::Good), Between::Nobody, true, "sts success: 1"),
        (("mx.sink.test", Kind::Expired), Between::Nobody, true, "sts certificate-expired: 1"),
        (("mx.sink.test", Kind::Good), Between::Stripper, false, "sts starttls-not-supported: 2"),
    ] {
        let answer = Answer::policy("testing", "mx.sink.test", 86_400);
        let net = Net::new(host, between, answer, with_policy()).await;
        let (verdict, _, counts) = net.send().await;
        assert!(verdict.starts_with("Delivered"), "{verdict}");
        assert_eq!(net.server.arrived()[0].is_some(), is_encrypted);
        assert!(counts.contains(&expected.to_owned()), "{counts:?}");
    }
}

#[tokio::test]
async fn what_is_no_policy_changes_nothing() {
    let redirect =
        "HTTP/1.1 301 Moved\r\nLocation: https://mta-sts.other.test/\r\nContent-Length: 0\r\n\r\n";
    let html = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 0\r\n\r\n";
    for (answer, result) in [
        (Answer::text("version: STSv1\r\nmode: enforce\r\n"), "sts-policy-invalid"),
        (Answer::policy("none", "mx.sink.test", 60), ""),
        (Answer::Says(redirect.to_owned()), "sts-policy-fetch-error"),
        (Answer::Says(html.to_owned()), "sts-policy-invalid"),
        (Answer::Says("nonsense".to_owned()), "sts-policy-fetch-error"),
        (Answer::Endless, "sts-policy-invalid"),
    ] {
        let net =
            Net::new(("x.test", Kind::SelfSigned), Between::Nobody, answer, with_policy()).await;
        let (verdict, tls, counts) = net.send().await;
        assert!(verdict.starts_with("Delivered") && !tls.is_empty(), "{verdict}");
        let expected = (!result.is_empty()).then(|| format!("sts {result}: 1"));
        assert_eq!(counts.iter().find(|line| line.starts_with("sts")), expected.as_ref());
    }
    // Without the record nothing is fetched.
    let net = Net::new(("x.test", Kind::Good), Between::Nobody, enforce(), sink()).await;
    assert!(net.send().await.0.starts_with("Delivered"));
    assert_eq!(net.web.asked(), 0);
}

#[tokio::test]
async fn the_web_server_must_be_the_right_one() {
    for (name, kind) in
        [("mta-sts.other.test", Kind::Good), ("mta-sts.sink.test", Kind::SelfSigned)]
    {
        let authority = Authority::new();
        let of_web = authority.issue(name, kind);
        let of_host = authority.issue("x.test", Kind::Good);
        let net =
            Net::with(authority, &of_web, &of_host, Between::Nobody, enforce(), with_policy())
                .await;
        let (verdict, _, counts) = net.send().await;
        assert!(verdict.starts_with("Delivered"), "{verdict}");
        assert_eq!(counts, ["no-policy-found success: 1", "sts sts-webpki-invalid: 1"]);
    }
}

#[tokio::test]
async fn a_web_server_that_hangs_holds_mail_up_for_ten_seconds_and_only_once() {
    let net = Net::new(("x.test", Kind::Good), Between::Nobody, Answer::Hangs, with_policy()).await;
    let outbound = Outbound::new(net.config.clone());
    let began = Instant::now();
    let mail = [sent(&outbound, "sink.test"), sent(&outbound, "sink.test")];
    let [first, second] = mail;
    let (first, second) = tokio::join!(first, second);
    assert!(first.0.starts_with("Delivered") && second.0.starts_with("Delivered"), "{first:?}");
    assert!(began.elapsed().as_secs() < 15);
    assert_eq!(net.web.asked(), 1, "it is not asked again at once");
}

#[tokio::test]
async fn a_policy_outlives_a_restart_and_whoever_suppresses_it() {
    let state = tempfile::tempdir().unwrap();
    let store = || Store::open(state.path(), Options::default()).unwrap();
    let mut net =
        Net::new(("mx.other.test", Kind::Good), Between::Nobody, enforce(), with_policy()).await;
    let closing = store();
    net.config.store = Some(closing.policies());
    assert!(net.send().await.0.starts_with("Deferred 451 4.7.5"));
    net.config.store = None;
    closing.close().await;
    // Nobody can fetch it any more, then the record is gone too.
    net.web.says(Answer::Says("HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n".to_owned()));
    for zone in [with_policy(), sink(), sink().txt("_mta-sts.sink.test", "v=STSv1; id=2;")] {
        let (name_server, _) = dns::serve(zone).await;
        let mut config = trusting(&net.authority, name_server, net.server.port());
        config.sts_port = net.config.sts_port;
        let closing = store();
        config.store = Some(closing.policies());
        let outbound = Outbound::new(config);
        let (verdict, _) = sent(&outbound, "sink.test").await;
        assert!(verdict.starts_with("Deferred 451 4.7.5"), "{verdict}");
        closing.close().await;
    }
    assert!(net.server.arrived().is_empty());
    // Another id brings another policy.
    net.web.says(Answer::policy("none", "mx.sink.test", 60));
    let (name_server, _) = dns::serve(sink().txt("_mta-sts.sink.test", "v=STSv1; id=3;")).await;
    let mut config = trusting(&net.authority, name_server, net.server.port());
    config.sts_port = net.config.sts_port;
    config.store = Some(store().policies());
    let (verdict, _) = sent(&Outbound::new(config), "sink.test").await;
    assert!(verdict.starts_with("Delivered"), "{verdict}");
}
