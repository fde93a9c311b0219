//! A scripted destination: SMTP or LMTP, on a loopback port or a unix socket.
//!
//! It accepts all mail unless a rule says otherwise, and records every command and every byte.

mod builder;
mod data;
mod record;
mod script;
mod session;
mod stream;
mod wire;

use std::net::{Shutdown, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, Weak};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

pub use builder::Builder;
pub use record::{Connection, Counted, Message, body_hash};
pub use script::{Action, At, Gate, Step};

use super::DEADLINE;
use record::Records;
use script::{Rule, Script};
use session::Session;
use stream::{Listener, Stream};

/// A running receiver; dropping it closes its connections and its port.
pub struct Receiver {
    name: String,
    address: Option<SocketAddr>,
    state: Arc<State>,
    accepting: Option<JoinHandle<()>>,
}

/// How a receiver behaves apart from its rules.
struct Profile {
    lmtp: bool,
    lenient: bool,
    counting: bool,
    keywords: Vec<String>,
}

struct State {
    profile: Profile,
    script: Mutex<Script>,
    records: Mutex<Records>,
    changed: Condvar,
    streams: Mutex<Vec<Weak<Stream>>>,
    stopping: AtomicBool,
}

impl Receiver {
    /// An SMTP receiver with PIPELINING, 8BITMIME, SMTPUTF8, SIZE and ENHANCEDSTATUSCODES.
    pub fn smtp() -> Builder {
        Builder::new(false)
    }

    /// LMTP: LHLO, and a reply for each recipient behind the final dot.
    pub fn lmtp() -> Builder {
        Builder::new(true)
    }

    /// Of a receiver on a port.
    pub fn address(&self) -> SocketAddr {
        self.address.expect("a receiver on a unix socket has no address")
    }

    /// `host:port` or `unix:/path`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What a `[[route]]` says to get here: with `lmtp:` before an LMTP receiver.
    pub fn route(&self) -> String {
        if self.state.profile.lmtp { format!("lmtp:{}", self.name) } else { self.name.clone() }
    }

    /// A rule from now on, before all others.
    pub fn on(&self, step: Step, action: Action) -> &Self {
        self.push(script::at_step(step, action))
    }

    pub fn on_recipient(&self, address: &str, action: Action) -> &Self {
        self.push(script::on_recipient(address, Step::Rcpt, action))
    }

    /// Whatever the closure says, from now on; `None` leaves it to the rules before.
    pub fn rule(&self, rule: impl Fn(&At<'_>) -> Option<Action> + Send + Sync + 'static) -> &Self {
        self.push(Arc::new(rule))
    }

    /// Back to accepting everything.
    pub fn accept_all(&self) -> &Self {
        self.state.script.lock().unwrap().clear();
        self
    }

    fn push(&self, rule: Rule) -> &Self {
        self.state.script.lock().unwrap().push(rule);
        self
    }

    /// The accepted messages.
    pub fn messages(&self) -> Vec<Message> {
        self.attempts().into_iter().filter(Message::accepted).collect()
    }

    /// All messages whose end of data was reached, the refused ones too.
    pub fn attempts(&self) -> Vec<Message> {
        self.records().messages.clone()
    }

    /// What the counting mode kept.
    pub fn counted(&self) -> Vec<Counted> {
        self.records().counted.clone()
    }

    /// How many messages were accepted, in any mode.
    pub fn count(&self) -> usize {
        self.records().accepted
    }

    /// How many MAIL commands came outside a transaction.
    pub fn transactions(&self) -> usize {
        self.records().mail_commands
    }

    pub fn connections(&self) -> Vec<Connection> {
        self.records().connections.clone()
    }

    /// The most connections that were open at once.
    pub fn most_open(&self) -> usize {
        self.records().most_open
    }

    /// Waits for that many accepted messages and returns all there are.
    pub fn wait_for_messages(&self, count: usize) -> Vec<Message> {
        self.wait_for_count(count, DEADLINE);
        self.messages()
    }

    /// The one message that comes.
    pub fn wait_for_message(&self) -> Message {
        let mut messages = self.wait_for_messages(1);
        assert_eq!(messages.len(), 1, "one message");
        messages.remove(0)
    }

    pub fn wait_for_count(&self, count: usize, deadline: Duration) {
        self.wait_for(deadline, &format!("{count} messages"), |records| records.accepted >= count);
    }

    pub fn wait_for_connections(&self, count: usize) {
        let enough = |records: &Records| records.connections.len() >= count;
        self.wait_for(DEADLINE, &format!("{count} connections"), enough);
    }

    /// Until the peer has closed all its connections, or has been cut off.
    pub fn wait_for_all_closed(&self) {
        let closed =
            |records: &Records| records.connections.iter().all(|connection| connection.closed);
        self.wait_for(DEADLINE, "the end of all connections", closed);
    }

    /// Closes all connections there are, and goes on listening.
    pub fn drop_connections(&self) {
        for stream in self.state.streams.lock().unwrap().drain(..) {
            if let Some(stream) = stream.upgrade() {
                stream.shutdown(Shutdown::Both);
            }
        }
    }

    /// Whether that many messages have been accepted before the deadline.
    pub fn reaches_count(&self, count: usize, deadline: Duration) -> bool {
        self.reaches(deadline, |records| records.accepted >= count)
    }

    fn wait_for(&self, deadline: Duration, what: &str, done: impl Fn(&Records) -> bool) {
        if !self.reaches(deadline, done) {
            let connections = self.records().connections.len();
            let accepted = self.count();
            panic!(
                "waited {deadline:?} in vain for {what} at {}: {connections} connections, \
                 {accepted} messages",
                self.name
            );
        }
    }

    fn reaches(&self, deadline: Duration, done: impl Fn(&Records) -> bool) -> bool {
        let until = Instant::now() + deadline;
        let mut records = self.records();
        while !done(&records) {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            records = self.state.changed.wait_timeout(records, left).unwrap().0;
        }
        true
    }

    fn records(&self) -> MutexGuard<'_, Records> {
        self.state.records.lock().unwrap()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.state.stopping.store(true, Ordering::SeqCst);
        stream::knock(&self.name);
        if let Some(accepting) = self.accepting.take() {
            let _listener_is_closed = accepting.join();
        }
        self.drop_connections();
    }
}

impl State {
    fn new(profile: Profile, script: Script) -> Self {
        let records = Records { counting: profile.counting, ..Records::default() };
        Self {
            profile,
            script: Mutex::new(script),
            records: Mutex::new(records),
            changed: Condvar::new(),
            streams: Mutex::new(Vec::new()),
            stopping: AtomicBool::new(false),
        }
    }

    fn action(&self, at: &At<'_>) -> Action {
        // Cloned, so that a slow rule holds up nobody else.
        let script = self.script.lock().unwrap().clone();
        script.action(at)
    }

    fn record(&self, change: impl FnOnce(&mut Records)) {
        change(&mut self.records.lock().unwrap());
        self.changed.notify_all();
    }

    fn next_message(&self) -> usize {
        let mut records = self.records.lock().unwrap();
        records.mail_commands += 1;
        records.mail_commands
    }
}

fn accept(listener: &Listener, state: &Arc<State>) {
    while let Ok(stream) = listener.accept() {
        if state.stopping.load(Ordering::SeqCst) {
            return;
        }
        let stream = Arc::new(stream);
        state.streams.lock().unwrap().push(Arc::downgrade(&stream));
        let mut number = 0;
        state.record(|records| {
            records.connections.push(Connection::default());
            number = records.connections.len();
            let open = records.connections.iter().filter(|connection| !connection.closed).count();
            records.most_open = records.most_open.max(open);
        });
        let state = Arc::clone(state);
        thread::spawn(move || {
            Session::new(Arc::clone(&state), stream, number).run();
            state.record(|records| records.connections[number - 1].closed = true);
        });
    }
}
