//! ValiMail's ARC suites.

use crate::arc_hops::{result_of, validated};
use crate::support::dns::Dns;
use mail_auth::{
    AuthenticatedMessage,
    common::{
        crypto::{Algorithm, Sha256, SigningKey},
        headers::Writable,
        parse::TxtRecordParser,
        verify::DomainKey,
    },
};
use onward::{auth::arc::Sealer, dns::Resolver, time::UnixTime, verdict::Arc};
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use std::{
    cell::RefCell,
    collections::{HashMap, HashSet},
    fmt,
};

/// How many cases there are, and how many names they have; not one may be lost on the way: of ValiMail's last revision,
/// and of the one before it that Mail::DKIM has, which `tests/run` fetches.
const VALIDATION_CASES: [(usize, usize); 2] = [(175, 171), (174, 170)];
const SIGN_CASES: usize = 17;

/// Cases in which a revision of the suite, made for a draft of 2016, and the RFC differ, with our result.
const EXCEPTIONS: [(&str, &str); 3] = [
    // Without c= the last revision takes relaxed/relaxed. RFC 8617 §4.1.2 leaves all but three things as they
    // are in a DKIM-Signature, and there it is simple/simple (RFC 6376 §3.5).
    ("ams_fields_c_na", "fail"),
    // The one before it still passes a signature by SHA-1 (RFC 8301).
    ("ams_fields_a_sha1", "fail"),
    ("as_fields_a_sha1", "fail"),
];

#[derive(Deserialize)]
struct Scenario {
    tests: Cases,
    #[serde(rename = "txt-records")]
    records: HashMap<String, String>,
}

/// In their order; some names are there twice, which a map would not keep.
struct Cases(Vec<(String, Case)>);

#[derive(Deserialize)]
struct Case {
    message: String,
    #[serde(default)]
    cv: String,
    #[serde(default)]
    t: u64,
    #[serde(default, rename = "sig-headers")]
    names: String,
    #[serde(default, rename = "AS")]
    seal: String,
    #[serde(default, rename = "AMS")]
    signature: String,
    #[serde(default, rename = "AAR")]
    results: String,
}

impl<'de> Deserialize<'de> for Cases {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;
        impl<'de> Visitor<'de> for Pairs {
            type Value = Cases;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("cases by name")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Cases, A::Error> {
                let mut cases = Vec::new();
                while let Some(case) = map.next_entry()? {
                    cases.push(case);
                }
                Ok(Cases(cases))
            }
        }
        deserializer.deserialize_map(Pairs)
    }
}

fn scenarios(text: &str) -> impl Iterator<Item = Scenario> {
    serde_yaml_ng::Deserializer::from_str(text).map(|one| Scenario::deserialize(one).unwrap())
}

/// The suites write messages with bare LFs.
fn crlf(text: &str) -> String {
    text.replace('\n', "\r\n")
}

/// Serves the records of a scenario, which are folded for readers.
fn zone(scenario: &Scenario) -> Dns {
    let dns = Dns::start();
    for (name, record) in &scenario.records {
        dns.txt(name, &record.replace('\n', ""));
    }
    dns
}

#[tokio::test]
async fn arc_validation() {
    let Some(suite) = crate::suite("arc-draft-validation-tests.yml") else { return };
    let (mut cases, mut names, mut wrong) = (0, HashSet::new(), Vec::new());
    for scenario in scenarios(&suite) {
        let dns = zone(&scenario);
        let resolver = Resolver::new(&[dns.address()]).unwrap();
        for (name, case) in scenario.tests.0 {
            let result = result_of(&resolver, crlf(&case.message).as_bytes()).await;
            let word = result.unwrap_or(Arc::Fail).as_str();
            let wanted = match case.cv.trim() {
                // A chain that says itself that it failed: the suite has nobody validate it.
                "" => "fail".to_owned(),
                cv => cv.to_ascii_lowercase(),
            };
            if let Some((_, instead)) = EXCEPTIONS.iter().find(|(known, _)| *known == name) {
                assert_ne!(*instead, "pass", "{name}");
                assert_eq!(word, *instead, "{name}");
            } else if word != wanted {
                wrong.push(format!("{name}: {result:?}, not {wanted}"));
            }
            cases += 1;
            names.insert(name);
        }
    }
    assert!(wrong.is_empty(), "{} of {cases}: {wrong:#?}", wrong.len());
    assert!(VALIDATION_CASES.contains(&(cases, names.len())), "{cases} of {} names", names.len());
}

/// Has no private key: it gives out the signatures of the suite one by one, each if and only if it is
/// the signature of exactly what is to be signed.
struct SuiteKey {
    public: DomainKey,
    signatures: RefCell<Vec<Vec<u8>>>,
}

impl SigningKey for SuiteKey {
    type Hasher = Sha256;

    fn sign(&self, input: impl Writable) -> mail_auth::Result<Vec<u8>> {
        let mut canonical = Vec::new();
        input.write(&mut canonical);
        let signature = self.signatures.borrow_mut().pop().unwrap_or_default();
        let canonical = unfolded(&String::from_utf8(canonical).unwrap());
        self.public.p.verify_bytes(canonical.as_bytes(), &signature, self.algorithm())?;
        Ok(signature)
    }

    fn algorithm(&self) -> Algorithm {
        Algorithm::RsaSha256
    }
}

/// The suite seals its message signature before it folds it.
fn unfolded(canonical: &str) -> String {
    let Some((before, last)) = canonical.rsplit_once("arc-message-signature:") else {
        return canonical.to_owned();
    };
    let (tags, after) = last.split_once("; bh=").unwrap();
    let (algorithm, signature) = tags.split_once("; b=").unwrap();
    let signature = compact(signature);
    format!("{before}arc-message-signature:{algorithm}; b={signature}; bh={after}")
}

/// Whether it folds, and where, is left to the sealer.
fn compact(text: &str) -> String {
    text.split_ascii_whitespace().collect()
}

fn signature_of(tags: &str) -> Vec<u8> {
    let tags = compact(tags);
    let signature = tags.split(';').find_map(|tag| tag.strip_prefix("b=")).unwrap_or_default();
    data_encoding::BASE64.decode(signature.as_bytes()).unwrap()
}

/// To the last bit: what we sign is what the suite signed, and what we write is what it wrote.
#[tokio::test]
async fn arc_sealing() {
    let Some(suite) = crate::suite("arc-draft-sign-tests.yml") else { return };
    // The chains that messages bring in the revision of Mail::DKIM do not verify, for dkimpy neither.
    let has_chains = !suite.contains("Garbage Authentication-Results Header");
    let mut cases = 0;
    for scenario in scenarios(&suite) {
        let dns = zone(&scenario);
        let resolver = Resolver::new(&[dns.address()]).unwrap();
        let record = scenario.records.values().next().unwrap().replace('\n', "");
        for (name, case) in scenario.tests.0 {
            cases += 1;
            if !has_chains && case.message.contains("ARC-Seal:") {
                continue;
            }
            let key = SuiteKey {
                public: DomainKey::parse(record.as_bytes()).unwrap(),
                signatures: vec![signature_of(&case.seal), signature_of(&case.signature)].into(),
            };
            let names: Vec<&str> = case.names.split(':').collect();
            let (domain, selector) = ("example.org", "dummy");
            let sealer = Sealer { key: &key, domain, selector, fields: &names };
            let raw = crlf(&case.message);
            let message =
                AuthenticatedMessage::parse_with_opts(raw.as_bytes(), None, false).unwrap();
            let chain = validated(&resolver, &message).await;
            // Merging several Authentication-Results fields to one is not the sealer's part.
            let results = case.results.trim().split_once(';').map_or("", |(_instance, rest)| rest);
            let results = crlf(results.trim()).replace("\r\n", "\r\n ");
            let set = sealer.seal(&message, &results, &chain, UnixTime::new(case.t));
            if case.seal.trim().is_empty() {
                assert_eq!(set, None, "{name}");
                continue;
            }
            let set = set.unwrap_or_else(|| panic!("{name}: {:?}, no set", chain.result()));
            let set = String::from_utf8(set).unwrap();
            let wanted = format!(
                "ARC-Seal:{}ARC-Message-Signature:{}ARC-Authentication-Results:{}",
                case.seal, case.signature, case.results
            );
            assert_eq!(compact(&set), compact(&wanted), "{name}");
            // As the suite sealed it: no fold within base64.
            let set = set.replace(";\r\n ", "; ").replace("\r\n ", "");
            let result = result_of(&resolver, (set + &raw).as_bytes()).await;
            let is_broken = chain.result().is_err();
            let wanted = if is_broken { Arc::Fail } else { Arc::Pass };
            assert_eq!(result.unwrap_or(Arc::Fail), wanted, "{name}: {result:?}");
        }
    }
    assert_eq!(cases, SIGN_CASES);
}
