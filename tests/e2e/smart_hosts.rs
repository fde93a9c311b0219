//! Mail that leaves by somebody else's server, which wants to know who we are.

mod by_postfix;
mod documents;
mod logins;
mod own_from;

use crate::support::{config::quoted, onward::Builder, onward::Onward};
use std::{
    fs,
    path::{Path, PathBuf},
};

const USER: &str = "forwarder@relay.test";
const PASSWORD: &str = "correct horse battery staple";
const ALIAS: &str = "hello@example.org";
const TEXT: &[u8] = b"From: <alice@sender.test>\r\nSubject: a test\r\n\r\nhello\r\n";

/// A domain with an alias, whose mail goes to `to` by a login with the password of the file.
fn forwarding(to: &str, lines: &[&str]) -> (Builder, PathBuf) {
    let builder = Onward::builder().domain("example.org").alias(ALIAS, &["bob@sink.test"]);
    let file = builder.directory().join("relay.password");
    fs::write(&file, format!("{PASSWORD}\n")).unwrap();
    let user = format!("username = {}", quoted(USER));
    let password = format!("password_file = {}", quoted(&file.display().to_string()));
    let builder = builder
        .route_with("*", to, &[&[user.as_str(), &password], lines].concat())
        .config("log_level = \"trace\"");
    (builder, file)
}

/// Nothing of it is in what the daemon says, keeps, or is called by.
#[track_caller]
fn is_nowhere(onward: &Onward, secrets: &[&str]) {
    let process = PathBuf::from(format!("/proc/{}", onward.process_id()));
    let mut places = vec![
        ("log", onward.log().join("\n").into_bytes()),
        ("trace", onward.run(&["trace", "--json"]).into_bytes()),
        ("check", onward.run(&["check"]).into_bytes()),
        ("cmdline", fs::read(process.join("cmdline")).unwrap()),
        ("environ", fs::read(process.join("environ")).unwrap()),
    ];
    read_all(&onward.state_dir(), &mut places);
    for (place, text) in &places {
        for secret in secrets {
            let is_there = text.windows(secret.len()).any(|part| part == secret.as_bytes());
            assert!(!is_there, "{secret} is in the {place}");
        }
    }
    assert!(places.len() > 6, "the journal and the store are files");
}

fn read_all(directory: &Path, places: &mut Vec<(&'static str, Vec<u8>)>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => read_all(&path, places),
            false => places.extend(fs::read(&path).map(|text| ("state directory", text))),
        }
    }
}
