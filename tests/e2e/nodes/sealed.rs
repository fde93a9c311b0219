//! SRS secrets and DKIM keys in the database, sealed by a key file.

mod errors;
mod rekeyed;

use super::{ALIAS, ALICE, Nodes, node, now, raw, send};
use crate::support::client::Reply;
use crate::support::cluster::{Cluster, connect};
use crate::support::config::quoted;
use crate::support::dns::Dns;
use crate::support::onward::{Builder, Onward};
use crate::support::receiver::{Message, Receiver};
use crate::support::verifiers::{Arrival, Verifiers};
use crate::support::wait_until;
use data_encoding::BASE64;
use std::fs;
use std::path::{Path, PathBuf};

const SECRET: &str = "a-secret-that-nobody-is-shown";
/// 32 octets each.
const KEY: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
const OTHER_KEY: &str = "ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA=";
fn key_file(directory: &Path) -> PathBuf {
    directory.join("store.key")
}

/// Where a node keeps its copy.
fn copy(node: &Onward) -> PathBuf {
    node.state_dir().join("sealed-secrets")
}

fn directory(node: &Onward) -> PathBuf {
    node.state_dir().parent().unwrap().to_owned()
}

/// A node that has a key file, and goes by what that opens.
fn with_key(builder: Builder, key: &str) -> Builder {
    let file = key_file(builder.directory());
    fs::write(&file, format!("{key}\n")).unwrap();
    let file = quoted(&file.display().to_string());
    builder.without_rates().config(&format!("store.key_file = {file}"))
}

/// A node with the key file and no files of secrets or keys.
fn bare(url: &str, name: &str, key: &str, sink: &Receiver, dns: &Dns) -> Onward {
    let builder = with_key(node(url, name, sink, dns), key);
    fs::remove_file(builder.directory().join("srs.secret")).unwrap();
    builder.build()
}

/// Two nodes with the same key file, of which neither runs: `a` has a secret and a DKIM key in files, `b` nothing else.
fn in_database(url: String) -> Nodes {
    let (dns, sink) = (Dns::start(), Receiver::smtp().start());
    dns.txt("spf.test", "v=spf1 ip4:127.0.0.1 -all");
    let a = node(&url, "a", &sink, &dns)
        .without_rates()
        .secrets(&[SECRET])
        .domain("example.org")
        .alias(ALIAS, &["bob@sink.test"])
        .run_first(&["dkim", "key", "add", "example.org", "--selector", "s1", "--kind", "rsa"]);
    let mut a = a.build();
    let file = key_file(&directory(&a));
    fs::write(&file, format!("{KEY}\n")).unwrap();
    a.change_config(|config| {
        config.set_text("store.key_file", file.display());
    });
    let b = bare(&url, "b", KEY, &sink, &dns);
    Nodes { a, b, sink, url, dns }
}

/// The same with what `a` has in the store.
fn imported(url: String) -> Nodes {
    let nodes = in_database(url);
    nodes.a.run(&["store", "secrets", "import"]);
    nodes
}

/// Sends by a node, and gives what arrives.
fn forwarded(node: &Onward, sink: &Receiver) -> Message {
    let count = sink.count();
    send(node).expect("250 2.0.0");
    sink.messages().remove(count)
}

/// The selectors of the signatures on a message.
fn selectors(message: &Message) -> Vec<String> {
    let text = String::from_utf8_lossy(&message.data).into_owned();
    let fields = text.split("DKIM-Signature:").skip(1);
    let selector = |field: &str| field.split("; s=").nth(1)?.split(';').next().map(str::to_owned);
    fields.map(|field| selector(field).unwrap()).collect()
}

/// What a node says to a bounce.
fn bounce(node: &Onward, to: &str) -> Reply {
    let mut client = node.session();
    client.command("MAIL FROM:<>").expect("250");
    client.rcpt(to)
}

#[test]
fn a_node_with_the_key_file_alone_has_all_secrets_and_keys() {
    let Some(cluster) = Cluster::get() else { return };
    let mut nodes = in_database(now(cluster.database()));
    let secrets =
        |node: &Onward, words: &[&str]| node.run(&[&["store", "secrets"], words].concat());
    let taken = secrets(&nodes.a, &["import"]);
    assert_eq!(taken.matches(": taken\n").count(), 2, "{taken}");
    assert!(taken.contains("DKIM key s1 of example.org (active): taken"), "{taken}");
    let again = secrets(&nodes.a, &["import"]);
    assert_eq!(again.matches(": in the store already\n").count(), 2, "{again}");
    nodes.a.serve();
    nodes.b.serve();
    let listed = secrets(&nodes.a, &["list"]);
    assert_eq!(listed, secrets(&nodes.b, &["list"]));

    let address = nodes.a.srs_forward(ALICE);
    assert_eq!(nodes.b.run(&["srs", "reverse", &address]), format!("{ALICE}\n"));
    assert_eq!(forwarded(&nodes.a, &nodes.sink).from, address);
    bounce(&nodes.b, &address).expect("250");
    let arrived = forwarded(&nodes.b, &nodes.sink);
    assert_eq!((selectors(&arrived), &arrived.from), (vec!["s1".to_owned()], &address));
    if let Some(verifiers) = Verifiers::start() {
        crate::authentication::publish_own_keys(&nodes.a, &nodes.dns);
        let arrival = Arrival::from_onward(&arrived.from, &arrived.data);
        let found = verifiers.verify(nodes.dns.address(), &arrival);
        found.expect_dkim_of("example.org");
    }
    let check = nodes.b.run(&["check"]);
    assert!(check.contains("1 secret in the store, sealed"), "{check}");
    let of_a = nodes.a.run(&["check"]);
    assert!(of_a.contains("are not used, as store.key_file is set"), "{of_a}");
    let doctor = |node: &Onward| node.cli(&["doctor", "--json", "--address", "192.0.2.1"]).stdout;
    let told = wait_until("b to be told of", || {
        let told = doctor(&nodes.a);
        let finding = |id: &str| told.contains(&format!("\"id\":\"{id}\""));
        (finding("keys-in-store") && finding("unused-keys")).then_some(told.clone())
    });
    assert!(!told.contains("\"id\":\"secrets\"") && !told.contains("keys-behind"), "{told}");
    assert!(!doctor(&nodes.b).contains("unused-keys"));

    let pem = fs::read_to_string(nodes.a.state_dir().join("dkim/example.org/s1.pem")).unwrap();
    let kept = now(async {
        let raw = connect(&nodes.url).await;
        let row = raw.query_one("SELECT octets FROM sealed", &[]).await.unwrap();
        row.get::<_, Vec<u8>>(0)
    });
    assert_eq!(fs::read(copy(&nodes.b)).unwrap(), kept, "the copy is what is in the store");
    let texts = [
        taken,
        again,
        listed,
        secrets(&nodes.a, &["list", "--json"]),
        check,
        of_a,
        told,
        nodes.b.run(&["dkim", "key", "list", "--json"]),
        nodes.b.run(&["srs", "key", "list", "--json"]),
        nodes.a.log().join("\n"),
        nodes.b.log().join("\n"),
        String::from_utf8_lossy(&kept).into_owned(),
        nodes.a.run(&["trace", "--json"]),
    ]
    .concat();
    let hidden = [SECRET, KEY, pem.lines().nth(2).unwrap(), &BASE64.encode(SECRET.as_bytes())];
    for hidden in hidden {
        assert!(!texts.contains(hidden), "{hidden}");
    }
}

#[test]
fn what_is_rotated_at_one_node_is_in_force_at_the_other() {
    let Some(cluster) = Cluster::get() else { return };
    let mut nodes = imported(now(cluster.database()));
    nodes.a.serve();
    nodes.b.serve();
    let old = nodes.a.srs_forward(ALICE);
    let first = nodes.a.run(&["srs", "key", "list"]);
    let first = first.split(' ').next().unwrap();
    nodes.a.run(&["srs", "key", "add"]);
    let new = nodes.b.srs_forward(ALICE);
    assert_ne!(old, new);
    for node in [&nodes.a, &nodes.b] {
        wait_until("the new secret signs", || {
            (forwarded(node, &nodes.sink).from == new).then_some(())
        });
        bounce(node, &old).expect("250");
    }
    nodes.b.run(&["srs", "key", "retire", first]);
    for node in [&nodes.a, &nodes.b] {
        wait_until("the old secret is gone", || (bounce(node, &old).code == 550).then_some(()));
        bounce(node, &new).expect("250");
    }
    let key = ["dkim", "key", "add", "example.org", "--selector", "s2", "--kind", "ed25519"];
    nodes.b.run(&key);
    nodes.b.run(&["dkim", "key", "retire", "example.org", "s1"]);
    wait_until("the new key signs", || {
        (selectors(&forwarded(&nodes.a, &nodes.sink)) == ["s2"]).then_some(())
    });
    let twice = nodes.a.cli(&key);
    assert!(twice.stderr.contains("there is a active key of that name"), "{twice:?}");
}

/// Also behind a restart.
#[test]
fn without_the_database_a_node_goes_by_its_copy() {
    let Some(cluster) = Cluster::alone() else { return };
    let mut nodes = imported(now(cluster.database()));
    nodes.b.serve();
    let before = forwarded(&nodes.b, &nodes.sink);
    cluster.break_down();
    nodes.b.kill_9();
    nodes.b.serve();
    let behind = forwarded(&nodes.b, &nodes.sink);
    assert_eq!((&behind.from, selectors(&behind)), (&before.from, vec!["s1".to_owned()]));
    bounce(&nodes.b, &before.from).expect("250");
    let asked = nodes.b.cli(&["srs", "reverse", &before.from]);
    assert_eq!(asked.stdout, format!("{ALICE}\n"), "{asked:?}");
    assert!(asked.stderr.contains("of the copy that this node has"), "{asked:?}");
    assert_eq!(nodes.b.cli(&["srs", "key", "add"]).code, Some(1));

    nodes.b.kill_9();
    fs::remove_file(copy(&nodes.b)).unwrap();
    let refused = nodes.b.serve_refused();
    assert_eq!(refused.code, Some(1), "a later start may do better: {refused:?}");
    assert!(refused.stderr.contains("cannot use the database"), "{refused:?}");
}

#[test]
fn what_was_taken_from_files_is_written_into_files_again() {
    let Some(cluster) = Cluster::get() else { return };
    let mut nodes = imported(now(cluster.database()));
    let address = nodes.a.srs_forward(ALICE);
    let back = nodes.b.cli(&["store", "migrate", "--to-sqlite"]);
    assert_eq!(back.code, Some(1));
    assert!(back.stderr.contains("`onward store secrets export`"), "{back:?}");
    let written = nodes.b.run(&["store", "secrets", "export"]);
    assert_eq!(written.matches(": written\n").count(), 2, "{written}");
    let again = nodes.b.run(&["store", "secrets", "export"]);
    assert_eq!(again.matches(": in its file already\n").count(), 2, "{again}");
    nodes.b.change_config(|config| config.remove("store.key_file"));
    nodes.b.serve();
    let arrived = forwarded(&nodes.b, &nodes.sink);
    assert_eq!((arrived.from.clone(), selectors(&arrived)), (address, vec!["s1".to_owned()]));
    for file in ["srs.secret", "state/dkim/example.org/s1.pem"] {
        let [of_a, of_b] = [&nodes.a, &nodes.b].map(|node| fs::read(directory(node).join(file)));
        assert_eq!(of_a.unwrap(), of_b.unwrap(), "{file}");
    }
}

/// A reload is enough, there and back.
#[test]
fn a_node_that_runs_begins_with_it_by_a_reload() {
    let Some(cluster) = Cluster::get() else { return };
    let mut nodes = in_database(now(cluster.database()));
    nodes.a.change_config(|config| config.remove("store.key_file"));
    nodes.a.serve();
    let file = key_file(&directory(&nodes.a));
    nodes.a.change_config(|config| config.set_text("store.key_file", file.display()));
    let early = nodes.a.cli(&["reload"]);
    assert!(early.stderr.contains("`onward store secrets import`"), "{early:?}");
    forwarded(&nodes.a, &nodes.sink);
    nodes.a.run(&["store", "secrets", "import"]);
    nodes.a.run(&["reload"]);
    fs::remove_file(directory(&nodes.a).join("srs.secret")).unwrap();
    nodes.b.run(&["srs", "key", "add"]);
    let new = nodes.b.srs_forward(ALICE);
    wait_until("what is in the store counts", || {
        (forwarded(&nodes.a, &nodes.sink).from == new).then_some(())
    });
}
