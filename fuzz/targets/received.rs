//! Any message as it arrived: what is read of it is bounded and holds no control character, and more of it on top is no
//! failure either.
#![no_main]

use libfuzzer_sys::fuzz_target;
use onward::admin::doctor::{Ours, Received};

fuzz_target!(|message: &[u8]| {
    let ours = Ours {
        hostname: "mx.example.org".to_owned(),
        domains: vec!["example.org".to_owned()],
        srs_domain: "example.org".to_owned(),
        never_seals: false,
    };
    let above = b"Authentication-Results: mx.google.com; spf=fail smtp.mailfrom=x@other.test\r\n";
    for message in [message, &[&above[..], message].concat()] {
        let Received { here, there, findings, .. } = Received::read(message, &ours);
        for verdicts in [here, there].into_iter().flatten() {
            let spf = verdicts.spf.map(|spf| [spf.result, spf.domain]);
            let signatures = verdicts.dkim.into_iter().flat_map(|it| [it.result, it.domain]);
            for text in spf.into_iter().flatten().chain(signatures).chain([verdicts.who]) {
                assert!(text.len() < 2_000 && !text.contains(char::is_control), "{text:?}");
            }
        }
        assert!(findings.len() < 20_000);
    }
});
