//! `onward import`: from a hosted service, whole or not at all, and a plan that tells the truth.

use crate::support::onward::{Onward, Output};
use std::fs;
use std::path::PathBuf;

fn fixture(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/service_exports").join(name);
    path.to_str().unwrap().to_owned()
}

fn import(onward: &Onward, service: &str, file: &str, more: &[&str]) -> Output {
    onward.cli(&[&["import", service, file], more].concat())
}

fn hosting() -> Onward {
    Onward::builder().domain("example.org").build()
}

/// Each service's file: what is refused of it, what comes of the rest, and a plan that says the same before.
#[test]
fn every_service_has_a_file_that_is_taken() {
    for (service, file, more, refused, listed) in [
        (
            "simplelogin",
            "simplelogin.csv",
            &[][..],
            &["simplelogin.csv:5: random.word123@simplelogin.com is at a domain of SimpleLogin"][..],
            &[
                "news@example.org -> owner@mailbox.test, second@mailbox.test",
                "shop.ab12@example.org -> owner@mailbox.test",
            ][..],
        ),
        (
            "simplelogin",
            "simplelogin.json",
            &["--to", "owner@mailbox.test"],
            &[],
            &[
                "news@example.org -> owner@mailbox.test",
                "shop.ab12@example.org -> owner@mailbox.test",
            ],
        ),
        (
            "addy",
            "addy.csv",
            &["--to", "owner@mailbox.test"],
            &[],
            &["bank@example.org -> owner@mailbox.test", "quiet@example.org -> owner@mailbox.test"],
        ),
        (
            "addy",
            "addy.json",
            &[],
            &[],
            &["bank@example.org -> owner@mailbox.test, second@mailbox.test"],
        ),
        (
            "forwardemail",
            "forwardemail.txt",
            &[],
            &[
                "forwardemail.txt:6: hook@example.org leads to https://hooks.test/in",
                "forwardemail.txt:8: forward-email-site",
            ],
            &[
                "*@example.org -> all@mailbox.test",
                "hello@example.org -> owner@mailbox.test, second@mailbox.test",
                "old@example.org discards",
                r"/^(sales|info)@example\.org$/ -> team+$1@mailbox.test",
            ],
        ),
        (
            "forwardemail",
            "forwardemail.csv",
            &[],
            &[],
            &[
                "*@example.org -> owner@mailbox.test",
                "hello@example.org -> owner@mailbox.test, second@mailbox.test",
            ],
        ),
        (
            "improvmx",
            "improvmx.csv",
            &["--domain", "example.org"],
            &["improvmx.csv:4: hook@example.org leads to https://hooks.test/in"],
            &[
                "*@example.org -> owner@mailbox.test",
                "hello@example.org -> owner@mailbox.test, second@mailbox.test",
            ],
        ),
        (
            "improvmx",
            "improvmx.json",
            &[],
            &["improvmx.json: item 3: not a domain"],
            &[
                "*@example.org -> owner@mailbox.test, second@mailbox.test",
                "hello@example.org -> owner@mailbox.test",
            ],
        ),
        (
            "cloudflare",
            "cloudflare.json",
            &[],
            &["cloudflare.json: item 3: parse@example.org is handed to a Worker"],
            &[
                "*@example.org -> owner@mailbox.test",
                "hello@example.org -> owner@mailbox.test",
                "trap@example.org discards",
            ],
        ),
    ] {
        let (onward, file) = (hosting(), fixture(file));
        let first = import(&onward, service, &file, more);
        for part in refused {
            assert!(first.stderr.contains(part), "{file}: {part}: {}", first.stderr);
        }
        let lists = || {
            let listed = onward.run(&["alias", "list"]);
            listed.lines().map(str::to_owned).collect::<Vec<_>>()
        };
        if !refused.is_empty() {
            assert_eq!(first.code, Some(1), "{file}: {}", first.stderr);
            assert!(first.stderr.contains("nothing is changed"), "{file}: {}", first.stderr);
            assert_eq!(lists(), [""; 0], "{file}");
            let plan = import(&onward, service, &file, &[more, &["--skip", "--plan"]].concat());
            assert_eq!(plan.code, Some(0), "{file}: {}", plan.stderr);
            assert_eq!(lists(), [""; 0], "{file}: a plan changes nothing");
            let done = import(&onward, service, &file, &[more, &["--skip"]].concat());
            assert_eq!((done.code, done.stdout), (Some(0), plan.stdout), "{file}");
        } else {
            assert_eq!(first.code, Some(0), "{file}: {}", first.stderr);
        }
        let found = lists();
        assert_eq!(found.len(), listed.len(), "{file}: {found:#?}");
        for (found, wanted) in found.iter().zip(listed) {
            // Behind it stands what else there is: a note, or that it is off.
            assert!(found.starts_with(wanted), "{file}: {found}");
        }
        // The second time, all of it is there.
        let again = import(&onward, service, &file, &[more, &["--skip"]].concat());
        let there = format!("{} stand here already as they are", listed.len());
        assert!(again.stdout.contains(&there), "{file}: {}", again.stdout);
    }
}

#[test]
fn what_is_left_out_is_named() {
    let onward = hosting();
    let addy = import(&onward, "addy", &fixture("addy.csv"), &["--to", "owner@mailbox.test"]);
    assert!(
        addy.stderr.contains("addy.csv:2: of bank@example.org the display name"),
        "{}",
        addy.stderr
    );
    assert!(
        addy.stderr.contains("addy.csv:4: gone@example.org is deleted there"),
        "{}",
        addy.stderr
    );
    let shown = onward.run(&["alias", "show", "bank@example.org"]);
    assert!(shown.contains("My bank, \"first\" account"), "{shown}");
    let listed = onward.run(&["alias", "list"]);
    assert!(
        listed.lines().any(|line| line.starts_with("quiet@") && line.contains("(disabled)")),
        "{listed}"
    );

    let mut file = onward.state_dir();
    file.push("empty.json");
    fs::write(&file, "{\"data\":[]}").unwrap();
    let path = file.to_str().unwrap();
    let empty = import(&onward, "addy", path, &[]);
    assert_eq!((empty.code, empty.stdout.as_str()), (Some(0), ""));
    assert!(empty.stderr.contains("there are no aliases in it"), "{}", empty.stderr);
    fs::write(&file, "alias,forward\nx,me@mailbox.test\n").unwrap();
    let nameless = import(&onward, "improvmx", path, &[]);
    assert!(
        nameless.stderr.contains("x has no domain; which it is, --domain says"),
        "{}",
        nameless.stderr
    );
    let elsewhere = import(&onward, "improvmx", path, &["--domain", "other.test"]);
    assert!(elsewhere.stderr.contains("onward domain add other.test"), "{}", elsewhere.stderr);
    assert_eq!(elsewhere.code, Some(1));
    let hosted = import(&onward, "improvmx", path, &["--domain", "other.test", "--add-domains"]);
    assert_eq!(hosted.stdout, "+ domain other.test\n+ x@other.test -> me@mailbox.test\n");
    let wrong = import(&onward, "gmail", path, &[]);
    assert!(wrong.code == Some(2) && wrong.stderr.contains("forwardemail"), "{}", wrong.stderr);
}

/// A plan sees loops, and --skip leaves them out, with the aliases there are and among those of the file.
#[test]
fn a_plan_sees_what_the_real_run_would() {
    let onward = Onward::builder()
        .domain("example.org")
        .alias("here@example.org", &["back@example.org"])
        .build();
    let file = onward.state_dir().join("aliases.csv");
    let lines = "alias,forward\nback,here@example.org\na,b@example.org\nb,a@example.org\nfine,me@mailbox.test\n";
    fs::write(&file, lines).unwrap();
    let run = |more: &[&str]| {
        let domain = ["--domain", "example.org"];
        import(&onward, "improvmx", file.to_str().unwrap(), &[&domain[..], more].concat())
    };
    let before = onward.run(&["alias", "export"]);
    for more in [&["--plan"][..], &[]] {
        let refused = run(more);
        assert_eq!(refused.code, Some(1), "{}", refused.stderr);
        for line in [2, 3, 4] {
            let named = format!("aliases.csv:{line}: ");
            assert!(refused.stderr.contains(&named), "{line}: {}", refused.stderr);
        }
        assert!(refused.stderr.contains("loop"), "{}", refused.stderr);
        assert_eq!(onward.run(&["alias", "export"]), before);
    }
    let plan = run(&["--plan", "--skip"]);
    assert_eq!(
        (plan.code, plan.stdout.as_str()),
        (Some(0), "+ fine@example.org -> me@mailbox.test\n")
    );
    assert_eq!(run(&["--skip"]).stdout, plan.stdout);
    assert!(onward.run(&["alias", "list"]).contains("fine@example.org"));
}

/// Directions of writing, which turn a line round, reach no terminal.
#[test]
fn what_turns_a_line_round_is_written_as_its_number() {
    let onward = hosting();
    let file = onward.state_dir().join("aliases.csv");
    fs::write(&file, "alias,forward\n\u{202e}gro.elpmaxe,me@mailbox.test\nx\u{202e},bad\n")
        .unwrap();
    let path = file.to_str().unwrap();
    let done = import(&onward, "improvmx", path, &["--domain", "example.org", "--skip"]);
    let listed = onward.run(&["alias", "list"]);
    for text in [&done.stdout, &done.stderr, &listed] {
        assert!(!text.contains('\u{202e}'), "{text:?}");
    }
}
