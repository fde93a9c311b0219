use super::{
    authority::{Authority, Issued, Kind},
    counted,
    named::{Named, Signing},
    sent,
    server::{Between, Server},
    trusting,
};
use onward::{config::Dane, dns::ValidatingResolver, outbound::Outbound};
use sha2::{Digest, Sha256, Sha512};
use std::{fmt::Write, net::Ipv4Addr};

fn hex(octets: impl AsRef<[u8]>) -> String {
    octets.as_ref().iter().fold(String::new(), |mut text, octet| {
        write!(text, "{octet:02x}").unwrap();
        text
    })
}

/// A host of its own for each case, at 127.0.0.N on one port.
struct Case {
    name: &'static str,
    issued: Issued,
    between: Between,
    /// Its TLSA records.
    records: Vec<String>,
    /// The reply's status, or how it is encrypted.
    expected: Result<&'static str, &'static str>,
    counted: &'static str,
}

const BY_DANE: &str = "TLSv1.3 TLS_AES_256_GCM_SHA384, certificate by DANE";
const ANY: &str = "TLSv1.3 TLS_AES_256_GCM_SHA384, any certificate";

fn cases(authority: &Authority) -> Vec<Case> {
    let expired = || authority.issue("else.test", Kind::Expired);
    let named = |name: &str| authority.issue(name, Kind::Good);
    let of_authority = hex(Sha256::digest(authority.der()));
    let wrong = format!("3 1 1 {}", hex([7; 32]));
    let case = |name, issued, records: &[String], expected, counted| Case {
        name,
        issued,
        between: Between::Nobody,
        records: records.to_vec(),
        expected,
        counted,
    };
    let mut cases = Vec::new();
    let issued = expired();
    let key = format!("3 1 1 {}", hex(Sha256::digest(&issued.public_key)));
    // Dates and names do not count for it.
    cases.push(case("ee", issued, &[wrong.clone(), key], Ok(BY_DANE), "tlsa success: 1"));
    let issued = expired();
    let whole = format!("3 0 2 {}", hex(Sha512::digest(&issued.own)));
    cases.push(case("whole", issued, &[whole], Ok(BY_DANE), "tlsa success: 1"));
    let ta = format!("2 0 1 {of_authority}");
    let mx = named("ta.good.test");
    cases.push(case("ta", mx, std::slice::from_ref(&ta), Ok(BY_DANE), "tlsa success: 1"));
    let full = format!("2 0 0 {}", hex(authority.der()));
    cases.push(case("full", named("full.good.test"), &[full], Ok(BY_DANE), "tlsa success: 1"));
    let other = named("other.good.test");
    let name = std::slice::from_ref(&ta);
    cases.push(case("name", other, name, Err("4.7.5"), "tlsa tlsa-invalid: 1"));
    cases.push(case("old", expired(), &[ta], Err("4.7.5"), "tlsa tlsa-invalid: 1"));
    cases.push(case(
        "wrong",
        expired(),
        std::slice::from_ref(&wrong),
        Err("4.7.5"),
        "tlsa tlsa-invalid: 1",
    ));
    let pkix = format!("1 1 1 {}", hex([7; 32]));
    let by_dane = "TLSv1.3 TLS_AES_256_GCM_SHA384, any certificate, by DANE";
    // None that is usable: TLS, with whomever.
    cases.push(case("pkix", expired(), &[pkix], Ok(by_dane), "tlsa success: 1"));
    cases.push(case("none", expired(), &[], Ok(ANY), "no-policy-found success: 1"));
    let stripped =
        case("strip", expired(), &[wrong], Err("4.7.4"), "tlsa starttls-not-supported: 1");
    cases.push(Case { between: Between::Stripper, ..stripped });
    cases
}

/// A port that is free on all of them.
fn shared_port(hosts: u8) -> u16 {
    loop {
        let first = std::net::TcpListener::bind("127.0.0.10:0").unwrap();
        let port = first.local_addr().unwrap().port();
        let mut others = (11..10 + hosts)
            .map(|host| std::net::TcpListener::bind((Ipv4Addr::new(127, 0, 0, host), port)));
        if others.all(|bound| bound.is_ok()) {
            return port;
        }
    }
}

#[tokio::test]
async fn what_dnssec_proves_is_obeyed() {
    let authority = Authority::new();
    let cases = cases(&authority);
    let port = shared_port(cases.len() as u8 + 2);
    let mut good = String::new();
    let mut servers = Vec::new();
    for (at, case) in cases.iter().enumerate() {
        let (name, ip) = (case.name, [127, 0, 0, 10 + at as u8]);
        writeln!(good, "{name} MX 10 {name}\n{name} A 127.0.0.{}", ip[3]).unwrap();
        for record in &case.records {
            writeln!(good, "_{port}._tcp.{name} TLSA {record}").unwrap();
        }
        servers.push(Server::start_at((ip, port).into(), &case.issued, case.between).await);
    }
    let bogus = "sink MX 10 host\nhost A 127.0.0.66\n".to_owned()
        + &format!("_{port}._tcp.host TLSA 3 1 1 {}\n", hex([7; 32]))
        + "mx MX 10 mx\nmx A 127.0.0.66\n";
    let plain_at = 10 + cases.len() as u8;
    let plain = format!(
        "sink MX 10 host\nhost A 127.0.0.{plain_at}\n_{port}._tcp.host TLSA 3 1 1 {}\n",
        hex([7; 32])
    );
    let unsigned = authority.issue("x.test", Kind::Good);
    let unsigned =
        Server::start_at(([127, 0, 0, plain_at], port).into(), &unsigned, Between::Nobody).await;
    let zones = [
        ("good.test", Signing::Signed, good.as_str()),
        ("bogus.test", Signing::Bogus, bogus.as_str()),
        ("plain.test", Signing::Unsigned, plain.as_str()),
    ];
    let Some(named) = Named::start(&zones) else { return };
    let mut config = trusting(&authority, named.address, port);
    let anchor = named.trust_anchor();
    let resolver = ValidatingResolver::new(&[named.address], Some(&anchor), Dane::On);
    config.dane = Some(resolver.unwrap());
    let outbound = Outbound::new(config.clone());
    for (case, server) in cases.iter().zip(&servers) {
        let (verdict, tls) = sent(&outbound, &format!("{}.good.test", case.name)).await;
        let counts = counted(&outbound.take_tls_results());
        match case.expected {
            Ok(encrypted) => {
                assert!(verdict.starts_with("Delivered"), "{}: {verdict}", case.name);
                assert_eq!(tls, encrypted, "{}", case.name);
                assert_eq!(server.arrived().len(), 1);
            }
            Err(status) => {
                let expected = format!("Deferred 451 {status}");
                assert!(verdict.starts_with(&expected), "{}: {verdict}", case.name);
                assert!(server.arrived().is_empty());
            }
        }
        assert_eq!(counts, [case.counted], "{}", case.name);
    }
    // Nothing proves those records, so they say nothing.
    let (verdict, tls) = sent(&outbound, "sink.plain.test").await;
    assert!(verdict.starts_with("Delivered"), "{verdict}");
    assert_eq!((tls.as_str(), unsigned.arrived().len()), (ANY, 1));
    // Somebody has changed the records of this zone.
    let (verdict, _) = sent(&outbound, "sink.bogus.test").await;
    assert!(verdict.starts_with("Deferred 451 4.7.0"), "{verdict}");
    // Without DANE a wrong record is nobody's business, and where validation does not work "auto" is off.
    let auto = ValidatingResolver::new(&[named.address], None, Dane::Auto).unwrap();
    for dane in [None, Some(auto)] {
        config.dane = dane;
        let (verdict, tls) = sent(&Outbound::new(config.clone()), "wrong.good.test").await;
        assert!(verdict.starts_with("Delivered") && tls == ANY, "{verdict} {tls}");
    }
}
