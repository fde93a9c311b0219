//! What people are told where it does not work.

use super::*;

#[test]
fn a_key_file_without_anything_in_the_store_says_how_it_comes_there() {
    let Some(cluster) = Cluster::get() else { return };
    let mut nodes = in_database(now(cluster.database()));
    let by_files = [nodes.a.serve_refused(), nodes.a.cli(&["srs", "key", "add"])];
    for refused in by_files.into_iter().chain([nodes.b.serve_refused(), nodes.b.cli(&["check"])]) {
        assert!(refused.stderr.contains("`onward store secrets import`"), "{refused:?}");
        assert_ne!(refused.code, Some(0));
    }
    let nothing = nodes.b.cli(&["store", "secrets", "import"]);
    assert!(nothing.stderr.contains("there is neither a secret in"), "{nothing:?}");
    // Where there are no files either, a new one is made.
    nodes.b.run(&["srs", "key", "add"]);
    nodes.b.serve();
    forwarded(&nodes.b, &nodes.sink);
    // What has signed goes on signing.
    let signs = nodes.b.srs_forward(ALICE);
    nodes.a.run(&["store", "secrets", "import"]);
    assert_eq!(nodes.a.srs_forward(ALICE), signs);
    assert_eq!(nodes.b.run(&["srs", "key", "list"]).lines().count(), 2);
}

#[test]
fn the_wrong_key_file_is_named() {
    let Some(cluster) = Cluster::get() else { return };
    let nodes = imported(now(cluster.database()));
    let other = bare(&nodes.url, "c", OTHER_KEY, &nodes.sink, &nodes.dns);
    let file = key_file(&directory(&other));
    let refused = [
        other.serve_refused(),
        other.cli(&["check"]),
        other.cli(&["srs", "forward", ALICE]),
        other.cli(&["dkim", "key", "list"]),
        other.cli(&["store", "secrets", "import"]),
        other.cli(&["store", "secrets", "list"]),
    ];
    for (at, refused) in refused.into_iter().enumerate() {
        let says = match at {
            4 => "there is neither a secret in".to_owned(),
            _ => format!("store.key_file {} has ", file.display()),
        };
        assert!(refused.stderr.contains(&says), "{at}: {refused:?}");
        assert!(!refused.stderr.contains(OTHER_KEY));
    }
    for (text, says) in [
        (format!("{OTHER_KEY}\nhunter2\n"), "line 2 is no key"),
        ("\n".to_owned(), "there is no key in it"),
    ] {
        fs::write(&file, text).unwrap();
        let refused = other.serve_refused();
        assert_eq!(refused.code, Some(1), "{refused:?}");
        assert!(refused.stderr.contains(&file.display().to_string()), "{refused:?}");
        assert!(
            refused.stderr.contains(says) && !refused.stderr.contains("hunter2"),
            "{refused:?}"
        );
    }
    fs::remove_file(&file).unwrap();
    let refused = other.serve_refused();
    assert!(refused.stderr.contains("it is the same on all nodes"), "{refused:?}");
}

#[test]
fn what_somebody_changed_is_not_believed_and_a_node_that_runs_goes_on() {
    let Some(cluster) = Cluster::get() else { return };
    let mut nodes = imported(now(cluster.database()));
    nodes.a.serve();
    let before = forwarded(&nodes.a, &nodes.sink);
    raw(
        &nodes.url,
        "UPDATE sealed SET version = gen_random_uuid(), octets = set_byte(octets, 40, get_byte(octets, 40) # 1)",
    );
    nodes.a.wait_for_log("until then this node goes by those that it had");
    assert_eq!(forwarded(&nodes.a, &nodes.sink).from, before.from);
    let refused = nodes.b.serve_refused();
    assert!(refused.stderr.contains("are damaged, or somebody changed them"), "{refused:?}");
    let import = nodes.a.cli(&["store", "secrets", "import"]);
    assert!(import.stderr.contains("import --replace"), "{import:?}");
    nodes.a.kill_9();
    nodes.a.serve();
    assert_eq!(forwarded(&nodes.a, &nodes.sink).from, before.from);
    let behind = nodes.a.cli(&["doctor", "--json", "--address", "192.0.2.1"]);
    assert!(behind.stderr.contains("are damaged"), "{behind:?}");

    nodes.a.run(&["store", "secrets", "import", "--replace"]);
    nodes.b.serve();
    assert_eq!(forwarded(&nodes.b, &nodes.sink).from, before.from);
}
