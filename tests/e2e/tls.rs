//! TLS with clients and with destinations, as other people's programmes see it.

mod acme;
mod inbound;
mod outbound;
mod replaced;
mod reports;

use crate::support::onward::Onward;
use crate::support::tls::TlsClient;
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

/// The certificate that is shown behind STARTTLS, in DER.
fn shown(onward: &Onward) -> Vec<u8> {
    let mut client = onward.session();
    client.command("STARTTLS").expect_code(220);
    TlsClient::over(client.into_stream()).unwrap().certificate()
}

fn names_of(certificate: &[u8]) -> Vec<String> {
    let (_, certificate) = X509Certificate::from_der(certificate).unwrap();
    let names = certificate.subject_alternative_name().unwrap().unwrap();
    let names = names.value.general_names.iter().map(|name| match name {
        GeneralName::DNSName(name) => (*name).to_owned(),
        other => panic!("{other:?}"),
    });
    names.collect()
}
