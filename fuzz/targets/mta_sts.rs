//! Any policy and any TXT record of MTA-STS: it parses or not, within bounds, and says the same twice.
#![no_main]

use libfuzzer_sys::fuzz_target;
use onward::{
    address::Domain,
    mta_sts::{Mode, Policy, policy_id},
    tls_rpt::report_to,
};

fuzz_target!(|text: &str| {
    if let Some(id) = policy_id([text]) {
        assert!(id.len() <= 32 && id.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        assert_eq!(policy_id([text, text]), None, "two records are none");
    }
    assert!(report_to([text]).len() <= 2);
    if let Ok(policy) = Policy::parse(text) {
        assert!(policy.hosts.len() <= 100 && policy.max_age.as_secs() <= 31_557_600);
        assert!(policy.mode == Mode::None || !policy.hosts.is_empty());
        for host in &policy.hosts {
            let name = host.strip_prefix("*.").unwrap_or(host);
            let name = Domain::parse(name).expect("a host is a name");
            // A pattern is not for the name below which it stands.
            assert!(policy.allows(&name) || host.starts_with("*."));
        }
    }
});
