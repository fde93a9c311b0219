use super::*;
use crate::admin::doctor::site::facts::SentAs;

/// Both listeners, with a certificate.
fn config(more: &str) -> Config {
    let text = format!(
        "hostname = \"mx.example.org\"\n[srs]\ndomain = \"example.org\"\n[tls]\ncertificate = \"/c\"\nkey = \"/k\"\n\
         [[listen]]\nprotocol = \"submission\"\naddress = \"[::]:465\"\ntls = \"implicit\"\n\
         [[listen]]\nprotocol = \"submission\"\naddress = \"[::]:587\"\n{more}"
    );
    Config::parse(&text, Path::new("onward.toml"), &Machine::default()).unwrap()
}

/// Accounts send as other.test, and nothing is wrong with it.
fn sending() -> Facts {
    let mut facts = healthy();
    facts.domains.push(mx("other.test", true, &["mx.example.org"], true));
    facts.keys.push(Key { domain: "other.test".to_owned(), ..key(true) });
    let leads = |name: &str, port| {
        (format!("_{name}._tcp.other.test"), vec![(Some(domain("MX.example.org")), port)])
    };
    facts.sending.domains = vec![SentAs {
        domain: domain("other.test"),
        dmarc: vec!["v=DMARC1; p=reject".to_owned()],
        services: vec![leads("submissions", 465), leads("submission", 587)],
    }];
    facts.sending.certificate = facts.certificate.clone();
    facts
}

fn told(config: &Config, facts: &Facts) -> Vec<String> {
    let told = examine(config, facts).into_iter().map(|finding| {
        let severity = format!("{:?}", finding.severity).to_lowercase();
        format!("{severity} {}: {}", finding.id, finding.mend.join(" | "))
    });
    told.collect()
}

#[test]
fn a_domain_that_accounts_send_as_has_to_be_believed_and_found() {
    assert_eq!(told(&config(""), &sending()), [""; 0]);
    let submissions = "_submissions._tcp.other.test. IN SRV 0 1 465 mx.example.org.";
    let submission = "_submission._tcp.other.test. IN SRV 10 1 587 mx.example.org.";
    let first = format!("warning srv: {submissions}");
    let both = format!("{first} | {submission}");
    let cases: Vec<(&str, Change)> = vec![
        (&both, change(|facts| facts.sending.domains[0].services.clear())),
        (&first, change(|facts| facts.sending.domains[0].services[0].1 = vec![(None, 0)])),
        (&first, change(|facts| facts.sending.domains[0].services[0].1[0].1 = 587)),
        (
            "warning dmarc: _dmarc.other.test. TXT \"v=DMARC1; p=none\"",
            change(|facts| facts.sending.domains[0].dmarc.clear()),
        ),
        (
            "error spf: other.test. TXT \"v=spf1 a:mx.example.org -all\"",
            change(|facts| facts.spf.push(spf("other.test", &["v=spf1 -all"], Spf::Fail))),
        ),
        (
            "error submission-certificate: certbot certonly --standalone -d mx.example.org",
            change(|facts| {
                let life = Life { is_self_signed: true, ..life(60) };
                facts.sending.certificate = Some(Ok(life));
            }),
        ),
        (
            "error submission-certificate: certbot certonly --standalone -d mx.example.org",
            change(|facts| facts.sending.certificate = Some(Ok(life(0)))),
        ),
        (
            "error submission-certificate: certbot certonly --standalone -d mx.example.org",
            change(|facts| {
                let names = vec!["mail.example.org".to_owned()];
                facts.sending.certificate = Some(Ok(Life { names, ..life(60) }));
            }),
        ),
        (
            "error submission-certificate: certbot certonly --standalone -d mx.example.org",
            change(|facts| facts.sending.certificate = Some(Err("no".to_owned()))),
        ),
    ];
    for (expected, spoil) in cases {
        let mut facts = sending();
        spoil(&mut facts);
        assert_eq!(told(&config(""), &facts), [expected]);
    }
    // Without a key its mail is not carried either.
    let mut facts = sending();
    facts.keys.pop();
    let mend = "onward dkim key add other.test";
    let found = told(&config(""), &facts);
    assert_eq!(found, [format!("error no-dkim: {mend}"), format!("warning munged: {mend}")]);
    facts.keys.push(Key { state: KeyState::Staged, domain: "other.test".to_owned(), ..key(true) });
    assert_eq!(
        told(&config(""), &facts)[0],
        "error no-dkim: onward dkim key activate other.test a"
    );
}

#[test]
fn accounts_need_a_listener_and_one_that_has_a_name() {
    let text = "hostname = \"mx.example.org\"\n[srs]\ndomain = \"example.org\"\n";
    let without = Config::parse(text, Path::new("onward.toml"), &Machine::default()).unwrap();
    assert_eq!(told(&without, &sending()), ["error submission: "]);
    let mut facts = sending();
    facts.sending.domains.clear();
    assert_eq!(told(&without, &facts), [""; 0], "nobody sends");
    let mut facts = sending();
    let other = config("[submission]\nserver = \"mail.example.org\"\n");
    let found = told(&other, &facts);
    assert!(found[0].contains("-d mail.example.org") && found[1].contains("465 mail.example.org."));
    facts.sending.domains[0].services.clear();
    facts.unanswered =
        ["submission", "submissions"].map(|name| format!("_{name}._tcp.other.test")).into();
    assert_eq!(told(&config(""), &facts), ["error dns: "], "what is not answered is not missing");
}
