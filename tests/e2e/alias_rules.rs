//! What owners say of their aliases' mail: whom they block and allow, for how long and how many messages an alias is, and
//! how many in a time.

mod blocks;
mod ends;
mod sessions;

use std::sync::atomic::{AtomicUsize, Ordering};

/// A message by `author`, unlike any other.
fn by(author: &str) -> Vec<u8> {
    static NEXT: AtomicUsize = AtomicUsize::new(1);
    let id = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("From: {author}\r\nMessage-ID: <{id}@client.test>\r\nSubject: x\r\n\r\nhello\r\n")
        .into_bytes()
}

/// The rule in the journal's record of a message.
fn detail(record: &serde_json::Value) -> &str {
    record["detail"].as_str().unwrap_or_default()
}
