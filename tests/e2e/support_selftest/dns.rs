use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::RecordType;

use crate::support::dns::{Dns, Fault};

/// The data of all answers, as text.
fn look_up(dns: &Dns, name: &str, kind: RecordType) -> Result<Vec<String>, NetError> {
    look_up_over(dns, &[ConnectionConfig::udp(), ConnectionConfig::tcp()], name, kind)
}

fn look_up_over(
    dns: &Dns,
    connections: &[ConnectionConfig],
    name: &str,
    kind: RecordType,
) -> Result<Vec<String>, NetError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let lookup = resolver(dns.address(), connections).lookup(format!("{name}."), kind).await?;
        Ok(lookup.answers().iter().map(|record| record.data.to_string()).collect())
    })
}

fn resolver(server: SocketAddr, connections: &[ConnectionConfig]) -> TokioResolver {
    let mut connections = connections.to_vec();
    for connection in &mut connections {
        connection.port = server.port();
    }
    let server = NameServerConfig::new(IpAddr::from(Ipv4Addr::LOCALHOST), true, connections);
    let config = ResolverConfig::from_parts(None, Vec::new(), vec![server]);
    let mut builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
    builder.options_mut().timeout = Duration::from_millis(200);
    builder.options_mut().attempts = 1;
    builder.build().unwrap()
}

#[test]
fn every_kind_of_record_is_answered() {
    let dns = Dns::start();
    dns.a("mx.sink.test", Ipv4Addr::LOCALHOST)
        .a("mx.sink.test", Ipv4Addr::new(127, 0, 0, 2))
        .aaaa("mx.sink.test", Ipv6Addr::LOCALHOST)
        .mx("sink.test", 10, "mx.sink.test")
        .null_mx("no-mail.test")
        .txt("sink.test", "v=spf1 -all")
        .cname("alias.test", "mx.sink.test");
    let answers = |name, kind| {
        let mut answers = look_up(&dns, name, kind).unwrap();
        answers.sort();
        answers
    };
    assert_eq!(answers("mx.sink.test", RecordType::A), ["127.0.0.1", "127.0.0.2"]);
    assert_eq!(answers("mx.sink.test", RecordType::AAAA), ["::1"]);
    assert_eq!(answers("sink.test", RecordType::MX), ["10 mx.sink.test."]);
    assert_eq!(answers("no-mail.test", RecordType::MX), ["0 ."]);
    assert_eq!(answers("sink.test", RecordType::TXT), ["v=spf1 -all"]);
    let through_alias = answers("alias.test", RecordType::A);
    assert_eq!(through_alias, ["127.0.0.1", "127.0.0.2", "mx.sink.test."]);
}

#[test]
fn names_are_compared_without_regard_to_case() {
    let dns = Dns::start();
    dns.a("MX.Sink.test", Ipv4Addr::LOCALHOST);
    assert_eq!(look_up(&dns, "mx.sink.TEST", RecordType::A).unwrap(), ["127.0.0.1"]);
}

#[test]
fn tcp_is_served_and_long_answers_go_there() {
    let dns = Dns::start();
    dns.txt("long.test", &"x".repeat(3000));
    let over_tcp = look_up_over(&dns, &[ConnectionConfig::tcp()], "long.test", RecordType::TXT);
    assert_eq!(over_tcp.unwrap()[0].len(), 3000);
    assert_eq!(look_up(&dns, "long.test", RecordType::TXT).unwrap()[0].len(), 3000);
}

#[test]
fn unknown_names_and_other_types_differ() {
    let dns = Dns::start();
    dns.a("mx.sink.test", Ipv4Addr::LOCALHOST);
    assert!(look_up(&dns, "nobody.test", RecordType::A).unwrap_err().is_nx_domain());
    let no_such_type = look_up(&dns, "mx.sink.test", RecordType::MX).unwrap_err();
    assert!(no_such_type.is_no_records_found() && !no_such_type.is_nx_domain());
}

#[test]
fn faults_and_changes_take_effect_at_once() {
    let dns = Dns::start();
    dns.a("mx.sink.test", Ipv4Addr::LOCALHOST).fault("mx.sink.test", Fault::ServFail);
    let servfail = look_up(&dns, "mx.sink.test", RecordType::A).unwrap_err();
    assert!(!servfail.is_nx_domain(), "{servfail}");
    dns.fault("mx.sink.test", Fault::NxDomain);
    assert!(look_up(&dns, "mx.sink.test", RecordType::A).unwrap_err().is_nx_domain());
    dns.clear("mx.sink.test").a("mx.sink.test", Ipv4Addr::new(127, 0, 0, 3));
    assert_eq!(look_up(&dns, "mx.sink.test", RecordType::A).unwrap(), ["127.0.0.3"]);
}

#[test]
fn silence_is_a_timeout_and_is_counted() {
    let dns = Dns::start();
    dns.fault("slow.test", Fault::Silence);
    assert_eq!(dns.queries("slow.test"), 0);
    let error = look_up(&dns, "slow.test", RecordType::A).unwrap_err();
    assert!(error.to_string().contains("timed out"), "{error}");
    assert!(dns.queries("slow.test") >= 1);
    assert_eq!(dns.queries("other.test"), 0);
}
