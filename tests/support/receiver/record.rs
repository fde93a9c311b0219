//! What a receiver remembers.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

/// A message whose end of data was reached, accepted or not.
#[derive(Clone, Debug)]
pub struct Message {
    pub connection: usize,
    /// Which MAIL command of this receiver, from 1.
    pub number: usize,
    /// The MAIL command, verbatim.
    pub mail: String,
    /// The reverse-path between its angle brackets.
    pub from: String,
    /// The accepted recipients, in order.
    pub to: Vec<String>,
    /// The exact bytes, dots unstuffed, without the end of data.
    pub data: Vec<u8>,
    /// What came over the wire, with the end of data.
    pub raw: Vec<u8>,
    /// The answers to the end of data: one, or over LMTP one a recipient. An empty text
    /// is the end of the connection instead.
    pub replies: Vec<String>,
}

impl Message {
    /// A positive reply, for at least one recipient, was or is being sent.
    pub fn accepted(&self) -> bool {
        self.replies.iter().any(|reply| reply.starts_with('2'))
    }

    /// The first field of this name, unfolded and trimmed.
    pub fn header(&self, name: &str) -> Option<String> {
        let text = String::from_utf8_lossy(&self.data);
        let head = text.split("\r\n\r\n").next()?.replace("\r\n\t", " ").replace("\r\n ", " ");
        head.split("\r\n").find_map(|field| {
            let (key, value) = field.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        })
    }

    /// Everything from the first empty line on, which no forwarder has reason to touch.
    pub fn body(&self) -> &[u8] {
        let end = self.data.windows(4).position(|window| window == b"\r\n\r\n");
        &self.data[end.map_or(self.data.len(), |end| end + 4)..]
    }
}

/// What the counting mode keeps of an accepted message.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Counted {
    /// Its Message-ID field, empty if it has none.
    pub message_id: String,
    /// Hash of [`Message::body`]; see [`body_hash`].
    pub body: u64,
    pub size: usize,
}

/// The hash by which the counting mode knows a body again.
pub fn body_hash(body: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    body.hash(&mut hasher);
    hasher.finish()
}

/// One connection.
#[derive(Clone, Debug, Default)]
pub struct Connection {
    /// Command lines, verbatim, with their line ends (not in the counting mode).
    pub commands: Vec<Vec<u8>>,
    pub closed: bool,
}

impl Connection {
    /// The commands as text without line ends.
    pub fn lines(&self) -> Vec<String> {
        let text = |line: &Vec<u8>| String::from_utf8_lossy(line).trim_end().to_owned();
        self.commands.iter().map(text).collect()
    }
}

#[derive(Default)]
pub(super) struct Records {
    pub(super) counting: bool,
    pub(super) connections: Vec<Connection>,
    pub(super) most_open: usize,
    pub(super) messages: Vec<Message>,
    pub(super) counted: Vec<Counted>,
    pub(super) accepted: usize,
    pub(super) mail_commands: usize,
}

impl Records {
    pub(super) fn command(&mut self, connection: usize, line: &[u8]) {
        self.connections[connection - 1].commands.push(line.to_vec());
    }

    pub(super) fn keep(&mut self, message: Message) {
        self.accepted += usize::from(message.accepted());
        if !self.counting {
            self.messages.push(message);
        } else if message.accepted() {
            self.counted.push(Counted {
                message_id: message.header("Message-ID").unwrap_or_default(),
                body: body_hash(message.body()),
                size: message.data.len(),
            });
        }
    }
}
