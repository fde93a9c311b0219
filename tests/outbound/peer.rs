//! A receiver that does at each step what it is told, and remembers what came.

use onward::{
    next_hop::NextHop,
    smtp::data::{BareLf, DataReader},
};
use std::{
    collections::{HashMap, VecDeque},
    net::SocketAddr,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, UnixListener},
    sync::Notify,
};

/// What a receiver does instead of its usual reply.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Act {
    /// Sends these bytes.
    Say(&'static str),
    /// Sends these bytes and closes.
    SayAndClose(&'static str),
    /// Sends these bytes one by one.
    Spell(&'static str),
    /// Says nothing more.
    Silence,
    /// Closes.
    Close,
    /// Closes with a RST.
    Reset,
}

/// What came, over all connections.
#[derive(Debug, Default, Clone)]
pub(crate) struct Record {
    pub(crate) connections: usize,
    pub(crate) closed: usize,
    /// The most that were open at once.
    pub(crate) most: usize,
    pub(crate) commands: Vec<String>,
    /// How many octets each read gave.
    pub(crate) reads: Vec<usize>,
    pub(crate) messages: Vec<Vec<u8>>,
}

impl Record {
    /// How many commands begin with `verb`.
    pub(crate) fn count(&self, verb: &str) -> usize {
        self.commands.iter().filter(|line| line.starts_with(verb)).count()
    }
}

#[derive(Default)]
pub(crate) struct Script {
    extensions: Vec<&'static str>,
    acts: HashMap<&'static str, VecDeque<Act>>,
}

impl Script {
    pub(crate) fn pipelining() -> Self {
        Self::offering(&["PIPELINING", "8BITMIME", "SMTPUTF8", "SIZE 1000000"])
    }

    pub(crate) fn plain() -> Self {
        Self::offering(&["8BITMIME"])
    }

    pub(crate) fn offering(extensions: &[&'static str]) -> Self {
        Self { extensions: extensions.to_vec(), ..Self::default() }
    }

    /// The next time it comes to `step` (greeting, a verb, `text` after the first of it, `end`).
    pub(crate) fn on(mut self, step: &'static str, act: Act) -> Self {
        self.acts.entry(step).or_default().push_back(act);
        self
    }
}

#[derive(Clone)]
pub(crate) struct Peer {
    pub(crate) hop: NextHop,
    shared: Arc<Shared>,
}

struct Shared {
    script: Mutex<Script>,
    record: Mutex<Record>,
    changed: Notify,
}

impl Peer {
    pub(crate) async fn start(script: Script) -> Self {
        Self::start_at("127.0.0.1:0".parse().unwrap(), script).await
    }

    pub(crate) async fn start_at(address: SocketAddr, script: Script) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let hop = listener.local_addr().unwrap().to_string().parse().unwrap();
        let peer = Self::new(hop, script);
        let shared = Arc::clone(&peer.shared);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                stream.set_nodelay(true).unwrap();
                let shared = Arc::clone(&shared);
                tokio::spawn(async move {
                    let mut stream = stream;
                    if matches!(serve(&mut stream, &shared).await, End::Reset) {
                        stream.set_zero_linger().unwrap();
                    }
                    drop(stream);
                    shared.note(|record| record.closed += 1);
                });
            }
        });
        peer
    }

    pub(crate) fn start_unix(path: &Path, script: Script) -> Self {
        let listener = UnixListener::bind(path).unwrap();
        let peer = Self::new(format!("lmtp:unix:{}", path.display()).parse().unwrap(), script);
        let shared = Arc::clone(&peer.shared);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let shared = Arc::clone(&shared);
                tokio::spawn(async move {
                    serve(&mut stream, &shared).await;
                    drop(stream);
                    shared.note(|record| record.closed += 1);
                });
            }
        });
        peer
    }

    fn new(hop: NextHop, script: Script) -> Self {
        let shared =
            Shared { script: Mutex::new(script), record: Mutex::default(), changed: Notify::new() };
        Self { hop, shared: Arc::new(shared) }
    }

    pub(crate) fn record(&self) -> Record {
        self.shared.record.lock().unwrap().clone()
    }

    pub(crate) fn message(&self) -> String {
        String::from_utf8(self.record().messages.pop().expect("a message")).unwrap()
    }

    /// Waits until what came is as wanted.
    pub(crate) async fn wait_for(&self, wanted: impl Fn(&Record) -> bool) {
        let arrived = async {
            loop {
                let changed = self.shared.changed.notified();
                if wanted(&self.record()) {
                    return;
                }
                changed.await;
            }
        };
        if tokio::time::timeout(Duration::from_secs(10), arrived).await.is_err() {
            panic!("never came: {:?}", self.record());
        }
    }
}

impl Shared {
    fn note(&self, change: impl FnOnce(&mut Record)) {
        change(&mut self.record.lock().unwrap());
        self.changed.notify_waiters();
    }

    /// What will be said at `step`, if the script has a say in it.
    fn front(&self, step: &str) -> Option<String> {
        match self.script.lock().unwrap().acts.get(step)?.front()? {
            Act::Say(text) | Act::SayAndClose(text) | Act::Spell(text) => Some((*text).to_owned()),
            Act::Silence | Act::Close | Act::Reset => None,
        }
    }

    fn act(&self, step: &str) -> Option<Act> {
        self.script.lock().unwrap().acts.get_mut(step)?.pop_front()
    }
}

enum End {
    Closed,
    Reset,
}

async fn serve<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S, shared: &Shared) -> End {
    shared.note(|record| {
        record.connections += 1;
        record.most = record.most.max(record.connections - record.closed);
    });
    match converse(stream, shared).await {
        Err(end) => end,
        Ok(()) => End::Closed,
    }
}

/// Does what the script says at `step`, else says `usual`.
async fn step<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    shared: &Shared,
    step: &str,
    usual: &str,
) -> Result<(), End> {
    let act = shared.act(step);
    let say = match act {
        None => usual,
        Some(Act::Say(text) | Act::SayAndClose(text)) => text,
        Some(Act::Spell(text)) => {
            for byte in text.bytes() {
                stream.write_all(&[byte]).await.map_err(|_| End::Closed)?;
                tokio::task::yield_now().await;
            }
            ""
        }
        Some(Act::Close) => return Err(End::Closed),
        Some(Act::Reset) => return Err(End::Reset),
        Some(Act::Silence) => {
            let mut sink = [0; 4096];
            while stream.read(&mut sink).await.is_ok_and(|n| n > 0) {}
            return Err(End::Closed);
        }
    };
    stream.write_all(say.as_bytes()).await.map_err(|_| End::Closed)?;
    if matches!(act, Some(Act::SayAndClose(_))) { Err(End::Closed) } else { Ok(()) }
}

async fn converse<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    shared: &Shared,
) -> Result<(), End> {
    step(stream, shared, "greeting", "220 peer.test ESMTP\r\n").await?;
    let (mut input, mut buffer) = (Vec::new(), vec![0; 1 << 16]);
    let (mut has_sender, mut recipients, mut is_lmtp) = (false, 0, false);
    loop {
        while let Some(end) = input.iter().position(|b| *b == b'\n') {
            let line: Vec<u8> = input.drain(..=end).collect();
            let line = String::from_utf8(line).unwrap();
            let line = line.strip_suffix("\r\n").expect("CRLF").to_owned();
            let verb = line.split(' ').next().unwrap_or_default().to_lowercase();
            shared.note(|record| record.commands.push(line));
            let usual = match verb.as_str() {
                "ehlo" | "lhlo" => {
                    is_lmtp = verb == "lhlo";
                    ehlo_reply(&shared.script.lock().unwrap().extensions)
                }
                "rcpt" if !has_sender => "503 5.5.1 MAIL first\r\n".into(),
                "data" if recipients == 0 => "554 5.5.1 no valid recipients\r\n".into(),
                "data" => "354 go ahead\r\n".into(),
                "quit" => "221 2.0.0 bye\r\n".into(),
                _ => "250 2.0.0 ok\r\n".into(),
            };
            let reply = shared.front(&verb).unwrap_or(usual.clone());
            let is_accepted = reply.starts_with(['2', '3']);
            step(stream, shared, &verb, &usual).await?;
            match verb.as_str() {
                "mail" | "rset" => (has_sender, recipients) = (verb == "mail" && is_accepted, 0),
                "rcpt" if is_accepted => recipients += 1,
                "data" if is_accepted => {
                    text(stream, shared, &mut input).await?;
                    let replies = if is_lmtp { recipients } else { 1 };
                    for _ in 0..replies {
                        step(stream, shared, "end", "250 2.0.0 taken\r\n").await?;
                    }
                    (has_sender, recipients) = (false, 0);
                }
                "quit" => return Ok(()),
                _ => {}
            }
        }
        match stream.read(&mut buffer).await {
            Ok(read) if read > 0 => {
                shared.note(|record| record.reads.push(read));
                input.extend_from_slice(&buffer[..read]);
            }
            _ => return Ok(()),
        }
    }
}

/// Reads a message up to its end.
async fn text<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    shared: &Shared,
    input: &mut Vec<u8>,
) -> Result<(), End> {
    let mut reader = DataReader::new(usize::MAX, BareLf::Refuse);
    let mut buffer = vec![0; 1 << 16];
    loop {
        let used = reader.read(input);
        input.drain(..used);
        if reader.is_done() {
            break;
        }
        match stream.read(&mut buffer).await {
            Ok(read) if read > 0 => {
                shared.note(|record| record.reads.push(read));
                input.extend_from_slice(&buffer[..read]);
            }
            _ => return Err(End::Closed),
        }
        step(stream, shared, "text", "").await?;
    }
    let message = reader.finish().expect("whole lines");
    shared.note(|record| record.messages.push(message));
    Ok(())
}

fn ehlo_reply(extensions: &[&str]) -> String {
    let mut lines = vec!["peer.test"];
    lines.extend(extensions);
    let last = lines.len() - 1;
    let marked = lines.iter().enumerate().map(|(at, line)| {
        let mark = if at == last { ' ' } else { '-' };
        format!("250{mark}{line}\r\n")
    });
    marked.collect()
}
