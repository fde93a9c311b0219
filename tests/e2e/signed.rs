//! Signed mail: what a signature is worth to us, that we break none, and what hostile ones cost.

mod bare_lf;
mod bounces;
mod broken_dns;
mod hostile;
mod intact;
mod kept;

use crate::support::dns::Dns;
use mail_auth::common::headers::HeaderWriter as _;
use mail_auth::dkim::{Canonicalization, DkimSigner};
use onward::address::Domain;
use onward::auth::dkim::{KeyKind, Selector, SigningKey, new_key};

/// A domain that signs.
struct Signer(SigningKey);

impl Signer {
    /// With its key in DNS.
    fn new(dns: &Dns, domain: &str) -> Self {
        let pem = new_key(KeyKind::Ed25519).unwrap();
        let (domain, selector) = (Domain::parse(domain).unwrap(), Selector::parse("s").unwrap());
        let key = SigningKey::parse(domain, selector, pem.as_bytes()).unwrap();
        dns.txt(&key.dns_name(), &key.dns_text());
        Self(key)
    }

    /// `message` behind a signature of these fields, each as often as it is named.
    fn sign(&self, fields: &[&str], message: &str) -> Vec<u8> {
        let signer = DkimSigner::from_key(self.0.clone())
            .domain(self.0.domain().as_str())
            .selector(self.0.selector().as_str())
            .headers(fields.iter().copied())
            .header_canonicalization(Canonicalization::Relaxed)
            .body_canonicalization(Canonicalization::Simple);
        let mut signed = Vec::new();
        signer.sign(message.as_bytes()).unwrap().write_header(&mut signed);
        signed.extend_from_slice(message.as_bytes());
        signed
    }
}
