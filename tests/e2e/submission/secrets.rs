//! Where passwords are not: anywhere but on the terminal of whoever made them.

use super::{Host, NAME, begins, plain, starttls};
use crate::support::peer;
use data_encoding::BASE64;
use std::fs;
use std::path::Path;

/// What would give the password away: as it is shown, typed and sent.
fn forms(password: &str) -> Vec<String> {
    let bare: String = password.chars().filter(|c| c.is_ascii_alphanumeric()).collect();
    let sent = plain(NAME, password).split_off("AUTH PLAIN ".len());
    let lower = password.to_lowercase();
    vec![
        password.to_owned(),
        bare.to_lowercase(),
        bare,
        lower,
        BASE64.encode(password.as_bytes()),
        sent,
    ]
}

#[track_caller]
fn is_nowhere_in(place: &str, octets: &[u8], forms: &[String]) {
    for form in forms {
        let is_there = octets.windows(form.len()).any(|window| window == form.as_bytes());
        assert!(!is_there, "{form:?} stands in {place}");
    }
}

fn is_in_no_file(directory: &Path, forms: &[String]) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            is_in_no_file(&path, forms);
        } else if path.is_file() {
            is_nowhere_in(&path.display().to_string(), &fs::read(&path).unwrap(), forms);
        }
    }
}

#[test]
fn no_password_is_kept_or_told() {
    let host = Host::start();
    let right = plain(NAME, &host.password);
    let mut client = starttls(host.starttls);
    begins(&mut client, &right, "235");
    begins(&mut client, "MAIL FROM:<hello@example.org>", "250");
    begins(&mut client, "RCPT TO:<stranger@sink.test>", "250");
    begins(&mut client, "DATA", "354");
    begins(&mut client, "From: hello@example.org\r\n\r\nhello\r\n.", "250");
    let mut secrets = forms(&host.password);
    for wrong in ["hunter2-typed", "other-password"] {
        let mut client = starttls(host.starttls);
        begins(&mut client, &plain(NAME, wrong), "535");
        // In the wrong field.
        begins(&mut client, &plain(wrong, wrong), "535");
        host.onward.wait_for_log("login refused");
        secrets.extend(forms(wrong));
    }
    // What cannot be read is not told either.
    let mut client = starttls(host.starttls);
    begins(&mut client, "AUTH PLAIN aHVudGVyMi10eXBlZA", "501");
    begins(&mut client, "AUTH hunter2-typed", "504");
    begins(&mut client, "AUTH LOGIN", "334");
    begins(&mut client, "hunter2-typed!", "501");
    secrets.push("aHVudGVyMi10eXBlZA".to_owned());

    is_nowhere_in("the log", host.onward.log().join("\n").as_bytes(), &secrets);
    for listing in [
        &["trace", "--json"][..],
        &["account", "list", "--json"],
        &["account", "show", NAME, "--json"],
        &["account", "password", "list", NAME, "--json"],
        &["queue", "list", "--json"],
        &["status", "--json"],
    ] {
        is_nowhere_in(&listing.join(" "), host.onward.run(listing).as_bytes(), &secrets);
    }
    let backup = host.onward.state_dir().parent().unwrap().join("backup");
    let told = host.onward.run(&["backup", &backup.display().to_string()]);
    is_nowhere_in("what backup says", told.as_bytes(), &secrets);
    is_nowhere_in("the backup", &fs::read(&backup).unwrap(), &secrets);
    is_in_no_file(&host.onward.state_dir(), &secrets);
    let process = Path::new("/proc").join(host.onward.process_id().to_string());
    for file in ["cmdline", "environ", "status"] {
        is_nowhere_in(file, &fs::read(process.join(file)).unwrap(), &secrets);
    }
    if peer::program("ps").is_some() {
        let listed = peer::run("ps", &["axeww", "-o", "args"]).unwrap().output;
        is_nowhere_in("ps", listed.as_bytes(), &forms(&host.password));
    }
}

/// Whatever brings the daemon down: what it held of mail and passwords stays out of files.
#[test]
fn there_is_no_core_file_to_read_passwords_in() {
    let host = Host::start();
    let limits = format!("/proc/{}/limits", host.onward.process_id());
    let limits = fs::read_to_string(limits).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    let words: Vec<&str> = core.split_whitespace().collect();
    assert_eq!(words[4..6], ["0", "0"], "{core}");
}
