//! What is made of the definitions of commands: help, man pages, completions.

use std::fs;
use std::process::{Command, Stdio};

/// What a command says, which has to succeed, on a terminal of 80 columns.
fn said(arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_onward"));
    command.args(arguments).env("COLUMNS", "80").stdin(Stdio::null());
    let done = command.output().unwrap();
    assert!(done.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap()
}

/// The lines of help of a command and those below it that are wider than 80, each behind how it is asked for; and how
/// many were looked at.
fn wide_lines(command: &[&str], wide: &mut Vec<String>) -> usize {
    let long = said(&[command, &["--help"]].concat());
    for (option, help) in [("-h", said(&[command, &["-h"]].concat())), ("--help", long.clone())] {
        let lines = help.lines().filter(|line| line.chars().count() > 80);
        wide.extend(lines.map(|line| format!("onward {} {option}: {line}", command.join(" "))));
    }
    let below = long.split_once("\nCommands:\n").map_or("", |(_, below)| below);
    let below = below.lines().take_while(|line| !line.is_empty());
    // What a name means may go on in the next line.
    let names = below.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let names =
        names.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help");
    1 + names.map(|name| wide_lines(&[command, &[name]].concat(), wide)).sum::<usize>()
}

#[test]
fn all_help_fits_80_columns() {
    let mut wide = Vec::new();
    let count = wide_lines(&[], &mut wide);
    assert_eq!(wide, [""; 0]);
    assert!(count > 80, "{count}");
}

#[test]
fn completions_and_man_pages() {
    for shell in ["bash", "zsh", "fish"] {
        assert!(said(&["completions", shell]).contains("trace"), "{shell}");
    }
    let dir = tempfile::tempdir().unwrap();
    said(&["man", dir.path().join("man").to_str().unwrap()]);
    let page = fs::read_to_string(dir.path().join("man/onward-trace.1")).unwrap();
    assert!(page.contains("--since") || page.contains("\\-\\-since"), "{page}");
    let help = said(&["help"]);
    for command in ["completions", "man"] {
        assert!(help.contains(&format!("\n  {command} ")), "{help}");
    }
}

/// What `whatis` finds, and what a checker of man pages says.
#[test]
fn each_man_page_has_one_name_and_a_description() {
    let dir = tempfile::tempdir().unwrap();
    said(&["man", dir.path().to_str().unwrap()]);
    let mut count = 0;
    for entry in fs::read_dir(dir.path()).unwrap() {
        let file = entry.unwrap().path();
        let name = file.file_stem().unwrap().to_str().unwrap();
        let page = fs::read_to_string(&file).unwrap();
        assert!(page.contains("\n.SH DESCRIPTION\n"), "{name}: {page}");
        let title = format!(".TH {name} {} \"\" \"onward ", file.extension().unwrap().display());
        assert!(page.contains(&title), "{page}");
        if let Ok(told) = Command::new("lexgrog").arg(&file).output() {
            let told = String::from_utf8(told.stdout).unwrap();
            assert_eq!(told.lines().count(), 1, "{told}");
            assert!(told.contains(&format!("\"{name} - ")), "{told}");
        }
        let lint = ["-T", "lint", "-W", "warning"];
        if let Ok(told) = Command::new("mandoc").args(lint).arg(&file).output() {
            let told = String::from_utf8(told.stdout).unwrap();
            // Pages have no date, so that the same sources make the same pages.
            let told = told.lines().filter(|line| !line.contains("missing date"));
            assert_eq!(told.collect::<Vec<_>>(), [""; 0]);
        }
        count += 1;
    }
    assert!(count > 40);
}
