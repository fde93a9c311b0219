//! Lists as a terminal shows them, and the same as programs read them.

use super::spooling::{ALIAS, scene};
use crate::support::onward::Onward;
use crate::support::peer;

const BOLD: &str = "\x1b[1m";
const YELLOW: &str = "\x1b[38;5;3m";
const RED: &str = "\x1b[38;5;1m";

/// What a terminal of so many columns is sent by a command, with its environment in front of it. `None`: skip.
fn seen(onward: &Onward, columns: usize, environment: &str, words: &str) -> Option<Vec<String>> {
    let config = onward.config_path();
    let (program, config) = (onward.program(), config.display());
    let command = format!(
        "stty cols {columns}; TERM=xterm ONWARD_CONFIG='{config}' {environment} '{program}' {words}"
    );
    let ended = peer::run("script", &["-qec", &command, "/dev/null"])?;
    // A command may say by its code that something is wrong.
    let lines = ended.output.lines().map(|line| line.trim_end_matches('\r').to_owned());
    Some(lines.collect())
}

/// A line without its colours.
fn plain(line: &str) -> String {
    let mut parts = line.split("\x1b[");
    let mut text = parts.next().unwrap().to_owned();
    for part in parts {
        let (code, rest) = part.split_once('m').expect("no other sequence than colours");
        assert!(code.chars().all(|c| c.is_ascii_digit() || c == ';'), "{line:?}");
        text += rest;
    }
    text
}

/// How wide a line is: all that is wide here is of one block.
fn width(line: &str) -> usize {
    line.chars().map(|c| if ('\u{4e00}'..'\u{a000}').contains(&c) { 2 } else { 1 }).sum()
}

fn some() -> Onward {
    let long: Vec<_> = (0..9).map(|n| format!("somebody-else-{n}@mailbox.example")).collect();
    let long: Vec<_> = long.iter().map(String::as_str).collect();
    let wide = "\u{4f1a}\u{8bae}".repeat(30);
    Onward::builder()
        .domain("example.org")
        .alias("a@example.org", &["x@mailbox.test"])
        .alias("many@example.org", &long)
        .alias("*@example.org", &["catch@mailbox.test"])
        .run_first(&["alias", "set", "a@example.org", "--note", &wide])
        .run_first(&["alias", "disable", "*@example.org"])
        .run_first(&["block", "add", "@shop.example", "--note", "they never stop"])
        .run_first(&["token", "add", "--label", "phone", "--scope", "admin"])
        .build()
}

#[test]
fn a_terminal_sees_a_table_that_fits_it() {
    let onward = some();
    for columns in [80, 60, 132] {
        let Some(lines) = seen(&onward, columns, "", "alias list") else { return };
        let texts: Vec<_> = lines.iter().map(|line| plain(line)).collect();
        assert_eq!(texts.len(), 4, "{texts:#?}");
        assert!(lines[0].contains(BOLD), "{:?}", lines[0]);
        let starts: Vec<_> = ["ALIAS", "LEADS TO", "STATE", "RULES AND NOTE"]
            .map(|heading| texts[0].find(heading).expect("a heading"))
            .into();
        for (text, begins) in texts.iter().zip(["ALIAS", "*@", "a@", "many@"]) {
            assert!(width(text) <= columns, "{columns}: {text}");
            assert!(text.starts_with(begins), "{text}");
            let in_front =
                text.char_indices().take_while(|(_, c)| *c != '\u{2026}').map(|(at, _)| at);
            if in_front.last().is_some_and(|at| at >= starts[1]) {
                assert_eq!(&text[starts[1] - 2..starts[1]], "  ", "{columns}: {text}");
                assert_ne!(&text[starts[1]..=starts[1]], " ", "{columns}: {text}");
            }
        }
        assert!(texts[1].contains("  disabled"), "{texts:#?}");
        assert!(texts[2].ends_with('\u{2026}'), "what is too long is cut: {texts:#?}");
        assert!(texts[3].contains("  somebody-else-"), "{texts:#?}");
    }
}

#[test]
fn programs_read_what_they_always_did() {
    let onward = some();
    let wide = "\u{4f1a}\u{8bae}".repeat(30);
    let list = onward.run(&["alias", "list"]);
    assert!(list.starts_with("*@example.org -> catch@mailbox.test (disabled)\n"), "{list}");
    assert!(list.contains(&format!("a@example.org -> x@mailbox.test (note: {wide})\n")), "{list}");
    assert_eq!(onward.run(&["block", "list"]), "@shop.example for all (note: they never stop)\n");
    assert_eq!(onward.run(&["domain", "list"]), "example.org\n");
    for words in ["alias list", "block list", "domain list", "token list", "status"] {
        let words: Vec<_> = words.split(' ').collect();
        assert!(!onward.cli(&words).stdout.contains('\x1b'), "{words:?}");
        let json = onward.cli(&[&words[..], &["--json"]].concat()).stdout;
        let Some(lines) = seen(&onward, 80, "", &format!("{} --json", words.join(" "))) else {
            return;
        };
        assert_eq!(lines, json.lines().collect::<Vec<_>>(), "{words:?}");
    }
}

#[test]
fn who_wants_no_colours_sees_the_table_without() {
    let onward = some();
    for environment in ["NO_COLOR=1", "TERM=dumb"] {
        for words in ["alias list", "status", "token list"] {
            let Some(lines) = seen(&onward, 80, environment, words) else { return };
            let text = lines.join("\n");
            assert!(!text.contains('\x1b'), "{environment} {words}: {text:?}");
        }
    }
    let Some(lines) = seen(&onward, 80, "NO_COLOR=", "alias list") else { return };
    assert!(lines[0].contains(BOLD), "set to nothing it says nothing: {:?}", lines[0]);
}

#[test]
fn what_waits_is_yellow_and_what_is_wrong_red() {
    let mut scene = scene(|onward| onward);
    let id = scene.spool(ALIAS, "waits");
    let Some(lines) = seen(&scene.onward, 80, "", "queue list") else { return };
    let [heading, line] = lines.as_slice() else { panic!("{lines:#?}") };
    assert!(plain(heading).starts_with("ID "), "{heading:?}");
    assert!(line.starts_with(&id), "an id is whole: {line:?}");
    assert!(line.contains(&format!("{YELLOW}queued")), "{line:?}");
    assert!(plain(line).contains("  alice@") && width(&plain(line)) <= 80, "{line:?}");
    let piped = scene.onward.run(&["queue", "list"]);
    let first =
        "ID                STATE         SIZE    AGE TRIES   NEXT  FROM -> TO: LAST REPLY\n";
    assert!(piped.starts_with(first), "{piped}");

    let Some(lines) = seen(&scene.onward, 80, "", "status") else { return };
    assert!(lines[0].starts_with("daemon") && !lines[0].contains(RED), "{lines:#?}");
    assert!(
        lines.iter().any(|line| line.starts_with("spool") && line.contains(YELLOW)),
        "{lines:#?}"
    );
    assert!(scene.onward.terminate().success());
    let Some(lines) = seen(&scene.onward, 50, "", "status") else { return };
    assert!(lines[0].contains(&format!("{RED}does not run")), "{lines:#?}");
    let texts: Vec<_> = lines.iter().map(|line| plain(line)).collect();
    assert!(texts.iter().all(|text| width(text) <= 50), "{texts:#?}");
    let whole = texts.iter().map(|text| text.trim()).collect::<Vec<_>>().join(" ");
    assert!(whole.contains("does not answer: the daemon does not run"), "{texts:#?}");

    let Some(lines) = seen(&scene.onward, 80, "", "trace") else { return };
    assert!(lines[0].contains("\x1b[33mspooled\x1b[0m"), "{lines:#?}");
}
