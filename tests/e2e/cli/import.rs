//! `onward alias import`: what other systems' files say, taken over whole or not at all.

use crate::limits::memory_kilobytes;
use crate::support::onward::Onward;
use crate::support::{DEADLINE, peer, wait_until, wait_until_for};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Stdio};

const VIRTUAL: &str = "\
# the aliases of a small association
example.org             virtual
hello@example.org       alice@sink.test
team@example.org        alice@sink.test, bob@sink.test
    carol@sink.test
board@example.org       team@example.org
sales+eu@example.org    dave@sink.test
@example.org            catchall@sink.test
info@other.test         hello@example.org, erin@sink.test
@old.test               @example.org
";

/// The value of a key, as `alias` of the socketmap has it.
fn alias(map: SocketAddr, address: &str) -> Option<Vec<String>> {
    let mut stream = TcpStream::connect(map).unwrap();
    let question = format!("alias {address}");
    write!(stream, "{}:{question},", question.len()).unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let value = answer.split_once(":OK ")?.1.trim_end_matches(',');
    let mut value: Vec<String> = value.split(',').map(str::to_owned).collect();
    value.sort();
    Some(value)
}

/// The same by Postfix's own programme, its aliases' aliases followed.
fn postfix(table: &str, address: &str) -> Option<Vec<String>> {
    let ask = |key: &str| -> Option<String> {
        let answer = peer::run("postmap", &["-q", key, table])?;
        answer.success.then(|| answer.output.trim().to_owned())
    };
    let (local, domain) = address.split_once('@').unwrap();
    let plain = local.split('+').next().unwrap();
    let keys = [address.to_owned(), format!("{plain}@{domain}"), format!("@{domain}")];
    let value = keys.iter().find_map(|key| ask(key))?;
    let mut found = Vec::new();
    for target in value.split([',', ' ']).filter(|target| !target.is_empty()) {
        // virtual(5): @domain keeps the local part.
        let target =
            if target.starts_with('@') { format!("{local}{target}") } else { target.into() };
        match postfix(table, &target) {
            Some(further) => found.extend(further),
            None => found.push(target),
        }
    }
    found.sort();
    found.dedup();
    Some(found)
}

#[test]
fn a_postfix_table_answers_here_as_there() {
    let (builder, map) = Onward::builder().listen("socketmap", &[]);
    let file = builder.directory().join("virtual");
    fs::write(&file, VIRTUAL).unwrap();
    let onward = builder.start();
    let path = file.to_str().unwrap();
    let import = |more: &[&str]| {
        onward.cli(&[&["alias", "import", "--from", "postfix-virtual", path], more].concat())
    };
    // Nothing of it without the domains.
    let refused = import(&[]);
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("virtual:2: example.org is not hosted"), "{}", refused.stderr);
    assert!(refused.stderr.contains("nothing is changed: 8 lines"), "{}", refused.stderr);
    assert_eq!(onward.run(&["alias", "list"]), "");

    let plan = import(&["--add-domains", "--plan"]);
    assert_eq!(plan.code, Some(0), "{}", plan.stderr);
    assert_eq!(plan.stdout.lines().filter(|line| line.starts_with("+ domain")).count(), 3);
    assert!(plan.stdout.contains("+ board@example.org -> team@example.org"), "{}", plan.stdout);
    assert_eq!(onward.run(&["alias", "list"]), "", "a plan changes nothing");
    let for_scripts = import(&["--add-domains", "--plan", "--json"]).stdout;
    let changes: Vec<serde_json::Value> =
        for_scripts.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(changes.len(), plan.stdout.lines().filter(|line| line.starts_with('+')).count());
    assert!(changes.iter().any(|change| change["change"] == "host"));
    assert!(changes.iter().any(|change| change["alias"]["address"].is_string()));
    assert_eq!(import(&["--add-domains"]).stdout, plan.stdout);

    // Again: it is all there.
    assert!(import(&[]).stdout.contains("7 stand here already"));
    let table = format!("texthash:{path}");
    for address in [
        "hello@example.org",
        "team@example.org",
        "board@example.org",
        "sales+eu@example.org",
        "sales@example.org",
        "hello+tag@example.org",
        "nobody@example.org",
        "info@other.test",
        "hello@old.test",
        "nobody@other.test",
    ] {
        let here = wait_until(format!("the answer about {address}"), || {
            let here = alias(map, address);
            (here.is_some() || address == "nobody@other.test").then_some(here)
        });
        if peer::program("postmap").is_some() {
            assert_eq!(here, postfix(&table, address), "{address}");
        }
    }
    // What is exported here is taken there.
    let exported = onward.run(&["alias", "export"]);
    let copy = file.with_file_name("copy.json");
    fs::write(&copy, &exported).unwrap();
    let other = Onward::builder().build();
    let path = copy.to_str().unwrap();
    other.run(&["alias", "import", "--from", "onward", path, "--add-domains"]);
    assert_eq!(other.run(&["alias", "export"]), exported);
}

#[test]
fn what_cannot_be_translated_is_named() {
    let builder = Onward::builder().domain("example.org").alias("root@example.org", &["me@x.test"]);
    let file = builder.directory().join("aliases");
    fs::write(&file, "root: you@x.test\nlist: |/bin/list\nbob: root\n\u{e9}: x@y.test\n").unwrap();
    let onward = builder.build();
    let path = file.to_str().unwrap();
    let import = |more: &[&str]| {
        let from = ["alias", "import", "--from", "aliases", path, "--domain", "example.org"];
        onward.cli(&[&from[..], more].concat())
    };
    let refused = import(&[]);
    assert_eq!(refused.code, Some(1));
    for part in
        ["aliases:1: there is already root@example.org -> me@x.test", "aliases:2: list leads to"]
    {
        assert!(refused.stderr.contains(part), "{}", refused.stderr);
    }
    let planned = import(&["--plan"]);
    assert_eq!(planned.code, Some(1), "a plan that cannot be carried out is no success");
    assert!(planned.stderr.contains("nothing would be changed: 2 lines"), "{}", planned.stderr);
    assert_eq!(import(&["--plan", "--skip"]).code, Some(0));
    let done = import(&["--skip", "--replace"]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let aliases = onward.run(&["alias", "list"]);
    assert!(aliases.contains("root@example.org -> you@x.test"), "{aliases}");
    assert!(aliases.contains("bob@example.org -> root@example.org"), "{aliases}");
    assert!(!aliases.contains("list@"), "{aliases}");

    fs::write(&file, b"\x00\x01\xff").unwrap();
    let binary = import(&[]);
    assert!(binary.stderr.contains("aliases:1: it is not text"), "{}", binary.stderr);
    // A loop is refused whole, its domains with it.
    fs::write(&file, "a@new.test: b@new.test\nb@new.test: a@new.test\n").unwrap();
    let loops = import(&["--add-domains"]);
    assert!(loops.stderr.contains("loop"), "{}", loops.stderr);
    assert!(!onward.run(&["domain", "list"]).contains("new.test"));
}

#[test]
fn what_is_said_to_be_left_out_is_not_added_and_a_cause_is_said_once() {
    let builder = Onward::builder().domain("example.org");
    let file = builder.directory().join("virtual");
    let lines = "twice@example.org a@x.test\ntwice@example.org b@x.test\ncarl@example.org carl\n\
                 dora@example.org dora\nemil@example.org emil\nsal*@example.org a@x.test\n\
                 fine@example.org a@x.test\n";
    fs::write(&file, lines).unwrap();
    let onward = builder.build();
    let path = file.to_str().unwrap();
    let done = onward.cli(&["alias", "import", "--from", "postfix-virtual", path, "--skip"]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let said: Vec<&str> =
        done.stderr.lines().filter_map(|line| line.split_once("virtual:")).map(|it| it.1).collect();
    assert_eq!(said.len(), 3, "{}", done.stderr);
    assert!(said[0].starts_with("1: twice@example.org stands in several lines"), "{said:?}");
    assert!(said[0].ends_with("; so too line 2"), "{said:?}");
    assert!(said[1].starts_with("3: carl is a mailbox of the old machine"), "{said:?}");
    assert!(said[1].ends_with("; so too lines 4, 5"), "{said:?}");
    assert!(said[2].contains(r"'/^sal.*@example\.org$/'"), "{said:?}");
    assert_eq!(onward.run(&["alias", "list"]), "fine@example.org -> a@x.test\n");
}

/// What an import of [`LINES`] may have in memory beyond that of a line, in KiB: the text, little for each line, and what SQLite
/// keeps of its pages. With the aliases themselves it was 28 MB.
const MEMORY: usize = 12 << 10;
const LINES: usize = 20_000;

#[test]
fn a_long_file_is_in_memory_as_its_text_alone() {
    let onward = Onward::builder().domain("example.org").build();
    let one = peak_of_plan(&onward, 1);
    let many = peak_of_plan(&onward, LINES);
    assert!(many < one + MEMORY, "{one} KiB with a line, {many} KiB with {LINES}");
    assert_eq!(onward.run(&["alias", "list"]), "", "it was a plan");
}

/// The most memory that a plan took until it told of its first line, when all of them have been tried.
fn peak_of_plan(onward: &Onward, lines: usize) -> usize {
    let file = onward.state_dir().join("virtual");
    let line = |n: usize| format!("a{n}@example.org me{}@sink.test\n", n % 1_000);
    fs::write(&file, (0..lines).map(line).collect::<String>()).unwrap();
    let mut import = Command::new(onward.program())
        .args(["alias", "import", "--plan", "--from", "postfix-virtual"])
        .arg(&file)
        .arg("--config")
        .arg(onward.config_path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut reader = BufReader::new(import.stdout.take().unwrap());
    let mut first = String::new();
    reader.read_line(&mut first).unwrap();
    assert_eq!(first, "+ a0@example.org -> me0@sink.test\n");
    let peak = memory_kilobytes(import.id(), "VmHWM");
    assert_eq!(reader.lines().count(), lines - 1);
    let ended = wait_until_for(3 * DEADLINE, "its end", || import.try_wait().unwrap());
    assert!(ended.success());
    peak
}
