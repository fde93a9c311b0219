//! Messages signed by dkimpy.

use data_encoding::BASE64;
use serde_json::{Value, json};

use super::Verifiers;
use crate::support::dns::Dns;

/// How to sign: by default RSA, relaxed/relaxed, with the fields that dkimpy chooses.
#[derive(Clone)]
pub struct Signing {
    domain: String,
    selector: &'static str,
    header: &'static str,
    body: &'static str,
    length: bool,
    fields: Option<Vec<&'static str>>,
}

impl Signing {
    pub fn rsa(domain: &str) -> Self {
        Self {
            domain: domain.to_owned(),
            selector: "rsa",
            header: "relaxed",
            body: "relaxed",
            length: false,
            fields: None,
        }
    }

    pub fn ed25519(domain: &str) -> Self {
        Self { selector: "ed", ..Self::rsa(domain) }
    }

    /// The canonicalization of header and body: `simple` or `relaxed`.
    pub fn canonical(self, header: &'static str, body: &'static str) -> Self {
        Self { header, body, ..self }
    }

    /// With the body's length in `l=`.
    pub fn with_length(self) -> Self {
        Self { length: true, ..self }
    }

    /// Just these fields; one more often than it is there must not be added later.
    pub fn fields(self, fields: &[&'static str]) -> Self {
        Self { fields: Some(fields.to_vec()), ..self }
    }
}

impl Verifiers {
    /// Publishes the keys by which [`Verifiers::sign`] signs for a domain.
    pub fn publish_keys(&self, dns: &Dns, domain: &str) {
        let keys = self.ask(json!({ "operation": "publish" }));
        for selector in ["rsa", "ed"] {
            let record = keys[selector].as_str().unwrap();
            dns.txt(&format!("{selector}._domainkey.{domain}"), record);
        }
    }

    /// The message behind one more DKIM-Signature field.
    pub fn sign(&self, message: &[u8], how: &Signing) -> Vec<u8> {
        let mut question = json!({
            "operation": "sign",
            "message": BASE64.encode(message),
            "domain": how.domain,
            "selector": how.selector,
            "header": how.header,
            "body": how.body,
            "length": how.length,
        });
        if let Some(fields) = &how.fields {
            question["fields"] = Value::from(fields.clone());
        }
        self.message(question)
    }

    /// The message behind one more ARC set of a domain that has an Authentication-Results field in it.
    pub fn seal(&self, message: &[u8], domain: &str) -> Vec<u8> {
        let message = BASE64.encode(message);
        self.message(json!({ "operation": "seal", "message": message, "domain": domain }))
    }

    fn message(&self, question: Value) -> Vec<u8> {
        let answer = self.ask(question);
        BASE64.decode(answer["message"].as_str().unwrap().as_bytes()).unwrap()
    }
}
