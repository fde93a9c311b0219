//! Chains that we make ourselves, what may become of them, and some that mean no good.

use crate::support::dns::{Dns, Fault};
use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der},
    rsa::{KeyPair, KeySize},
    signature::KeyPair as _,
};
use data_encoding::BASE64;
use mail_auth::{
    AuthenticatedMessage,
    common::crypto::{DkimKey, Ed25519Key, RsaKey},
};
use onward::{
    auth::{
        Records,
        arc::{self, Chain, FIELDS, Sealer},
    },
    dns::Resolver,
    time::UnixTime,
    verdict::Arc,
};
use std::time::{Duration, Instant};

const NOW: UnixTime = UnixTime::new(1_700_000_000);

const MESSAGE: &str = "DKIM-Signature: v=1; a=rsa-sha256; d=author.test; s=a; h=from; bh=x; b=x\r\n\
    DKIM-Signature: v=1; a=rsa-sha256; d=list.test; s=b; h=from; bh=x; b=x\r\n\
    From: A <a@author.test>\r\nTo: b@forward.test\r\nSubject: caf\u{e9}\r\n folded\r\n\
    Message-ID: <1@author.test>\r\n\r\n.dot\r\n\r\nspace \t x  \r\n\r\n\r\n";

fn parsed(raw: &[u8]) -> AuthenticatedMessage<'_> {
    AuthenticatedMessage::parse_with_opts(raw, None, false).unwrap()
}

/// The chain of a message, with time enough.
pub(crate) async fn validated<'x>(
    resolver: &Resolver,
    message: &AuthenticatedMessage<'x>,
) -> Chain<'x> {
    validated_within(resolver, message, Duration::from_secs(20)).await
}

async fn validated_within<'x>(
    resolver: &Resolver,
    message: &AuthenticatedMessage<'x>,
    patience: Duration,
) -> Chain<'x> {
    let deadline = tokio::time::Instant::now() + patience;
    arc::validate(resolver, message, &Records::default(), NOW, deadline).await
}

/// The result alone.
pub(crate) async fn result_of(resolver: &Resolver, raw: &[u8]) -> Result<Arc, &'static str> {
    match AuthenticatedMessage::parse_with_opts(raw, None, false) {
        Some(message) => validated(resolver, &message).await.result(),
        None => Ok(Arc::None),
    }
}

fn resolver(dns: &Dns) -> Resolver {
    Resolver::new(&[dns.address()]).unwrap()
}

/// A forwarder whose key `dns` publishes under `arc._domainkey.` its domain.
struct Hop {
    key: DkimKey,
    domain: &'static str,
}

impl Hop {
    fn ed25519(dns: &Dns, domain: &'static str) -> Self {
        let key = Ed25519Key::generate_pkcs8().unwrap();
        let key = Ed25519Key::from_pkcs8_maybe_unchecked_der(&key).unwrap();
        let public = BASE64.encode(&key.public_key());
        dns.txt(&format!("arc._domainkey.{domain}"), &format!("v=DKIM1; k=ed25519; p={public}"));
        Self { key: key.into(), domain }
    }

    // The other way in takes types of a crate that nothing else here needs.
    #[allow(deprecated)]
    fn rsa(dns: &Dns, domain: &'static str) -> Self {
        let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
        let public: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
        let public = BASE64.encode(public.as_ref());
        let private: Pkcs8V1Der<'_> = pair.as_der().unwrap();
        dns.txt(&format!("arc._domainkey.{domain}"), &format!("v=DKIM1; k=rsa; p={public}"));
        Self { key: RsaKey::from_pkcs8_der(private.as_ref()).unwrap().into(), domain }
    }

    /// The message with the set of this hop and its trace before it; `None` when it does not seal.
    async fn forwards(&self, resolver: &Resolver, raw: &str) -> Option<String> {
        let results =
            format!("mx.{}; spf=fail smtp.mailfrom=a@author.test;\r\n\tdkim=pass", self.domain);
        let trace = format!(
            "Received: by mx.{}; now\r\nAuthentication-Results: {results}\r\n",
            self.domain
        );
        let arrived = parsed(raw.as_bytes());
        let chain = validated(resolver, &arrived).await;
        let sent =
            AuthenticatedMessage::parse_with_opts(raw.as_bytes(), Some(trace.as_bytes()), false);
        let sealer =
            Sealer { key: &self.key, domain: self.domain, selector: "arc", fields: FIELDS };
        let set = sealer.seal(&sent.unwrap(), &results, &chain, NOW)?;
        Some(String::from_utf8(set).unwrap() + &trace + raw)
    }
}

#[tokio::test]
async fn each_hop_validates_what_the_one_before_sealed() {
    let dns = Dns::start();
    let resolver = resolver(&dns);
    let (one, two) = (Hop::ed25519(&dns, "one.test"), Hop::rsa(&dns, "two.test"));
    let first = one.forwards(&resolver, MESSAGE).await.unwrap();
    let second = two.forwards(&resolver, &first).await.unwrap();
    assert!(second.contains("cv=pass") && first.contains("cv=none"), "{second}");
    for (raw, instances) in [(MESSAGE, 0), (&first, 1), (&second, 2)] {
        let message = parsed(raw.as_bytes());
        let chain = validated(&resolver, &message).await;
        let result = Ok(if instances == 0 { Arc::None } else { Arc::Pass });
        assert_eq!((chain.result(), chain.instances()), (result, instances), "{raw}");
        assert!(raw.lines().all(|line| line.len() <= 100), "{raw}");
    }
    // What later hops of ours change is not signed, what readers see is.
    let trace = second.replace("Received: by mx.two.test", "Received: by somebody else");
    assert_eq!(result_of(&resolver, trace.as_bytes()).await, Ok(Arc::Pass));
    for (from, to, reason) in [
        ("space \t x", "space  y", "the body has changed"),
        ("caf\u{e9}", "tea", "ARC-Message-Signature does not verify"),
        ("d=list.test", "d=else.test", "ARC-Message-Signature does not verify"),
        ("i=1; mx.one.test; spf=fail", "i=1; mx.one.test; spf=pass", "an ARC-Seal does not verify"),
    ] {
        let changed = second.replacen(from, to, 1);
        assert_ne!(changed, second, "{from}");
        assert_eq!(result_of(&resolver, changed.as_bytes()).await, Err(reason), "{from}");
    }
}

#[tokio::test]
async fn a_broken_chain_is_closed_once_and_then_left_alone() {
    let dns = Dns::start();
    let resolver = resolver(&dns);
    let hop = Hop::ed25519(&dns, "one.test");
    let first = hop.forwards(&resolver, MESSAGE).await.unwrap();
    let broken = first.replacen("caf\u{e9}", "tea", 1);
    let closed = hop.forwards(&resolver, &broken).await.unwrap();
    assert!(closed.starts_with("ARC-Seal: a=ed25519-sha256;") && closed.contains("cv=fail"));
    let message = parsed(closed.as_bytes());
    let chain = validated(&resolver, &message).await;
    assert_eq!(chain.result(), Err("a seal says that the chain failed"));
    assert_eq!(chain.instances(), 2);
    assert_eq!(hop.forwards(&resolver, &closed).await, None);
    // Fields that are no chain at all are closed as well.
    for (fields, instance) in [("ARC-Seal: nonsense\r\n", 1), ("ARC-Message-Signature: i=7\r\n", 1)]
    {
        let closed = hop.forwards(&resolver, &format!("{fields}{MESSAGE}")).await.unwrap();
        assert!(closed.contains(&format!("i={instance}; s=arc")), "{closed}");
        assert!(closed.contains("cv=fail"), "{closed}");
    }
    let last = "ARC-Authentication-Results: i=50; x\r\n";
    assert_eq!(hop.forwards(&resolver, &format!("{last}{MESSAGE}")).await, None);
}

#[tokio::test]
async fn results_cannot_begin_another_field() {
    let dns = Dns::start();
    let resolver = resolver(&dns);
    let hop = Hop::ed25519(&dns, "one.test");
    let message = parsed(MESSAGE.as_bytes());
    let chain = validated(&resolver, &message).await;
    let sealer = Sealer { key: &hop.key, domain: hop.domain, selector: "arc", fields: FIELDS };
    for (results, ok) in [
        ("mx.test; none", true),
        ("mx.test;\r\n\tspf=pass\r\n dkim=none", true),
        ("", false),
        ("mx.test\r\nBcc: x", false),
        ("mx.test\nBcc: x", false),
        ("mx.test\r\n\r\nbody", false),
        ("mx.test\r\n \r\n x", false),
        ("mx.test\r\n", false),
        (&"x".repeat(8 * 1024), false),
    ] {
        assert_eq!(sealer.seal(&message, results, &chain, NOW).is_some(), ok, "{results:?}");
    }
}

#[tokio::test]
async fn without_an_answer_there_is_no_verdict_and_no_seal() {
    let dns = Dns::start();
    let resolver = resolver(&dns);
    let hop = Hop::ed25519(&dns, "one.test");
    let first = hop.forwards(&resolver, MESSAGE).await.unwrap();
    let key = "arc._domainkey.one.test";
    dns.fault(key, Fault::ServFail);
    assert_eq!(result_of(&resolver, first.as_bytes()).await, Ok(Arc::TempError));
    assert_eq!(hop.forwards(&resolver, &first).await, None);
    dns.fault(key, Fault::Silence);
    let began = Instant::now();
    let message = parsed(first.as_bytes());
    let chain = validated_within(&resolver, &message, Duration::from_millis(300)).await;
    assert_eq!(chain.result(), Ok(Arc::TempError));
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    // Trouble and a "no" are remembered for a moment: a new resolver has seen none.
    let new = || Resolver::new(&[dns.address()]).unwrap();
    dns.fault(key, Fault::NxDomain);
    assert_eq!(result_of(&new(), first.as_bytes()).await, Err("a key does not exist"));
    dns.clear(key);
    for record in ["v=DKIM1; k=ed25519; p=", "nonsense", "v=DKIM1; k=rsa; p=AAAA"] {
        dns.clear(key).txt(key, record);
        let result = result_of(&new(), first.as_bytes()).await;
        assert!(result.is_err(), "{record}: {result:?}");
    }
}

/// No octet of a set can be another one.
#[tokio::test]
async fn a_set_with_any_octet_changed_does_not_pass() {
    let dns = Dns::start();
    let resolver = resolver(&dns);
    let hop = Hop::ed25519(&dns, "one.test");
    let first = hop.forwards(&resolver, MESSAGE).await.unwrap();
    let end = first.find("Received:").unwrap();
    let records = Records::default();
    let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
    let mut changes = 0;
    for at in 0..end {
        let mut changed = first.clone().into_bytes();
        if changed[at].is_ascii_whitespace() {
            continue;
        }
        changed[at] = if changed[at] == b'1' { b'2' } else { b'1' };
        changes += 1;
        // A first line without colon is no header.
        let Some(message) = AuthenticatedMessage::parse_with_opts(&changed, None, false) else {
            continue;
        };
        let chain = arc::validate(&resolver, &message, &records, NOW, deadline).await;
        assert_ne!(chain.result(), Ok(Arc::Pass), "{}", String::from_utf8_lossy(&changed));
    }
    assert!(changes > 500, "{changes}");
    let (message, asked) = (parsed(first.as_bytes()), dns.queries("arc._domainkey.one.test"));
    let chain = arc::validate(&resolver, &message, &records, NOW, deadline).await;
    assert_eq!(chain.result(), Ok(Arc::Pass));
    assert_eq!(dns.queries("arc._domainkey.one.test"), asked, "it is known");
}

/// Each ends soon, and without a look at DNS.
#[tokio::test]
async fn hostile_chains_end_soon_and_ask_nobody() {
    let dns = Dns::start();
    let resolver = resolver(&dns);
    let hop = Hop::ed25519(&dns, "one.test");
    let first = hop.forwards(&resolver, MESSAGE).await.unwrap();
    let key = "arc._domainkey.one.test";
    let asked = dns.queries(key);
    let large = "x".repeat(1_000_000);
    let names = "x:".repeat(4_000);
    let sets = |number: usize| {
        let set = |i| {
            format!(
                "ARC-Seal: i={i}; a=rsa-sha256; cv=pass; d=one.test; s=arc; b=eA==\r\n\
                 ARC-Message-Signature: i={i}; a=rsa-sha256; d=one.test; s=arc; h=from; bh=eA==; b=eA==\r\n\
                 ARC-Authentication-Results: i={i}; x\r\n"
            )
        };
        (1..=number).map(set).collect::<String>()
    };
    let fields: [String; 8] = [
        format!("ARC-Seal: i=1; {large}\r\n"),
        format!("ARC-Message-Signature: i=1; h={large}\r\n"),
        format!("ARC-Authentication-Results: i=1; {large}\r\n"),
        format!("ARC-Message-Signature: i=1; h={names}\r\n"),
        format!("ARC-Seal: {}\r\n", "a=1;".repeat(2_000)),
        sets(50),
        sets(3_000),
        "X: y\r\n".repeat(150_000) + &sets(1),
    ];
    for fields in fields {
        let raw = fields + MESSAGE;
        let message = parsed(raw.as_bytes());
        let began = Instant::now();
        let chain = validated(&resolver, &message).await;
        assert!(chain.result().is_err(), "{:?}", chain.result());
        assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    }
    assert_eq!(dns.queries(key), asked);
    // A signature may name many fields of a message that has many; both have a bound.
    let others: String = (0..1_900).map(|n| format!("{n}x: y\r\n")).collect();
    let many: String = (0..1_000).map(|n| format!("{n}x:")).collect();
    let signature = first.replacen("h=from", &format!("h={many}from"), 1);
    let began = Instant::now();
    let result = result_of(&resolver, (others + &signature).as_bytes()).await;
    assert_eq!(result, Err("ARC-Message-Signature does not verify"));
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
}
