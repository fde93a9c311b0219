//! What owners say of their aliases' mail: whom they block and allow, for how long and how many messages an alias is, and
//! how many in a time.

mod blocks;
mod ends;
mod sessions;

/// A message by `author`.
fn by(author: &str) -> Vec<u8> {
    format!("From: {author}\r\nMessage-ID: <1@client.test>\r\nSubject: x\r\n\r\nhello\r\n")
        .into_bytes()
}

/// The rule in the journal's record of a message.
fn detail(record: &serde_json::Value) -> &str {
    record["detail"].as_str().unwrap_or_default()
}
