//! One certificate for all nodes.

use super::{Nodes, node, raw};
use crate::support::certificates::Authority;
use crate::support::onward::Onward;
use crate::support::pebble::Pebble;
use crate::support::port::free_address;
use crate::support::tls::TlsClient;
use crate::support::wait_until;

/// The certificate that is shown behind STARTTLS, in DER; `None` before there is one.
fn shown(node: &Onward) -> Option<Vec<u8>> {
    let mut client = node.session();
    let is_offered = client.command("STARTTLS").code == 220;
    is_offered.then(|| TlsClient::over(client.into_stream()).unwrap().certificate())
}

#[test]
fn one_node_orders_another_answers_for_it_and_all_have_the_certificate() {
    let Some(nodes) = Nodes::new() else { return };
    let Nodes { sink, url, dns, .. } = nodes;
    let authority = Authority::new();
    let http = free_address();
    let of_b = "127.0.0.2".parse().unwrap();
    // The authority only finds b.
    dns.a("a.example.org", of_b).a("b.example.org", of_b);
    let Some(pebble) = Pebble::start(&authority, http.port(), dns.address()) else { return };
    // Nobody's turn, until it is a's.
    raw(&url, "INSERT INTO turns VALUES ('acme', -1, 'infinity')");
    let start = |name: &str, address: &str| {
        let tls = format!(
            "[tls]\nacme = \"{}\"\nacme_http = \"{address}:{}\"\nca_file = \"{}\"\n\
             acme_names = [\"a.example.org\", \"b.example.org\"]\n",
            pebble.directory(),
            http.port(),
            authority.file().display()
        );
        node(&url, name, &sink, &dns).toml(&tls).start()
    };
    let (a, b) = (start("a", "127.0.0.1"), start("b", "127.0.0.2"));
    assert_eq!((shown(&a), shown(&b)), (None, None));
    raw(&url, "UPDATE turns SET process = (SELECT max(id) FROM nodes WHERE name = 'a')");
    let of_a = wait_until("a certificate at a", || shown(&a));
    let of_b = wait_until("a certificate at b", || shown(&b));
    assert_eq!(of_a, of_b);
    a.wait_for_log("certificate issued");
    assert!(!b.log().iter().any(|line| line.contains("certificate issued")));
    // One account, one order, whoever asks next.
    let kept = b.state_dir().join("acme/certificate.pem");
    assert!(std::fs::read_to_string(kept).unwrap().contains("BEGIN CERTIFICATE"));
}
