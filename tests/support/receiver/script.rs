//! What a receiver does at each step.

use std::sync::{Arc, Condvar, Mutex};
use std::time::Instant;

use crate::support::DEADLINE;

/// Where in a session a receiver can be told what to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The connection is accepted, before anything is sent.
    Connect,
    Greeting,
    /// EHLO, HELO or LHLO.
    Ehlo,
    /// A whole AUTH: the client has said all of it.
    Auth,
    Mail,
    Rcpt,
    Data,
    /// 354 has been sent and the first bytes of the message are there.
    Body,
    /// The end of data has come. Over LMTP: once for each recipient.
    FinalDot,
    Rset,
    Quit,
}

/// What to do at a step.
#[derive(Clone)]
pub enum Action {
    Accept,
    Reply(String),
    /// These bytes in place of the reply, however wrong they are; the session goes on.
    Raw(Vec<u8>),
    /// First wait until the gate is opened.
    Hold(Gate, Box<Action>),
    /// Never answer again; ends when the peer closes.
    Hang,
    /// FIN.
    Close,
    /// RST.
    Reset,
    /// FIN behind these bytes, such as half a reply.
    CloseAfter(Vec<u8>),
    /// RST behind these bytes.
    ResetAfter(Vec<u8>),
}

impl Action {
    /// A reply of one line, or of several joined by `\n`: each line with its code.
    pub fn reply(text: &str) -> Self {
        Self::Reply(text.to_owned())
    }

    /// `421 …` or any other reply, and then the end of the connection.
    pub fn last_reply(text: &str) -> Self {
        Self::CloseAfter(format!("{text}\r\n").into_bytes())
    }

    pub fn hold(gate: &Gate) -> Self {
        Self::Hold(gate.clone(), Box::new(Self::Accept))
    }

    /// What follows once the gate is open.
    pub fn then(self, next: Self) -> Self {
        match self {
            Self::Hold(gate, _) => Self::Hold(gate, Box::new(next)),
            _ => panic!("only a hold has something after it"),
        }
    }

    /// The reply it comes to where `normal` is the usual one, or nothing where the connection ends
    /// without a whole one.
    pub(super) fn comes_to(&self, normal: &str) -> String {
        match self {
            Self::Accept => normal.to_owned(),
            Self::Reply(text) => text.clone(),
            Self::Raw(bytes) => String::from_utf8_lossy(bytes).trim_end().to_owned(),
            Self::Hold(_, next) => next.comes_to(normal),
            Self::CloseAfter(bytes) | Self::ResetAfter(bytes) => {
                let text = String::from_utf8_lossy(bytes);
                let whole = text.strip_suffix("\r\n").filter(|lines| {
                    let last = lines.rsplit("\r\n").next().unwrap_or_default();
                    last.as_bytes().get(3) != Some(&b'-')
                });
                whole.unwrap_or_default().to_owned()
            }
            Self::Hang | Self::Close | Self::Reset => String::new(),
        }
    }
}

/// Holds sessions back until the test opens it.
#[derive(Clone, Default)]
pub struct Gate(Arc<(Mutex<GateState>, Condvar)>);

#[derive(Default)]
struct GateState {
    open: bool,
    arrived: usize,
}

impl Gate {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn open(&self) {
        self.0.0.lock().unwrap().open = true;
        self.0.1.notify_all();
    }

    /// Waits until so many sessions have come to the gate.
    pub fn wait_for_arrivals(&self, count: usize) {
        assert!(self.wait(|state| state.arrived >= count), "{count} sessions at the gate");
    }

    /// How many sessions have come to the gate so far.
    pub fn arrivals(&self) -> usize {
        self.0.0.lock().unwrap().arrived
    }

    /// False if it was not opened in time.
    pub(super) fn pass(&self) -> bool {
        self.0.0.lock().unwrap().arrived += 1;
        self.0.1.notify_all();
        self.wait(|state| state.open)
    }

    fn wait(&self, done: impl Fn(&GateState) -> bool) -> bool {
        let until = Instant::now() + DEADLINE;
        let mut state = self.0.0.lock().unwrap();
        while !done(&state) {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            state = self.0.1.wait_timeout(state, left).unwrap().0;
        }
        true
    }
}

/// Where a session stands when a rule is asked.
pub struct At<'a> {
    pub step: Step,
    /// Which connection of this receiver, from 1.
    pub connection: usize,
    /// Which transaction of this receiver, from 1; 0 before the first of this session.
    pub message: usize,
    /// The command line, without its end.
    pub line: &'a str,
    /// The name the client gave itself last; empty before it did.
    pub helo: &'a str,
    /// Between the angle brackets of MAIL.
    pub from: &'a str,
    /// Between the angle brackets of this RCPT; at the final dot, the recipient that is answered
    /// for (SMTP: the last).
    pub recipient: &'a str,
    /// The message, at the final dot.
    pub data: &'a [u8],
}

pub(super) type Rule = Arc<dyn Fn(&At<'_>) -> Option<Action> + Send + Sync>;

/// The rules; the one added last is asked first.
#[derive(Clone, Default)]
pub(super) struct Script(Vec<Rule>);

impl Script {
    pub(super) fn push(&mut self, rule: Rule) {
        self.0.push(rule);
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    pub(super) fn action(&self, at: &At<'_>) -> Action {
        self.0.iter().rev().find_map(|rule| rule(at)).unwrap_or(Action::Accept)
    }
}

pub(super) fn at_step(step: Step, action: Action) -> Rule {
    Arc::new(move |at| (at.step == step).then(|| action.clone()))
}

pub(super) fn on_connection(number: usize, step: Step, action: Action) -> Rule {
    Arc::new(move |at| (at.step == step && at.connection == number).then(|| action.clone()))
}

pub(super) fn on_message(number: usize, step: Step, action: Action) -> Rule {
    Arc::new(move |at| (at.step == step && at.message == number).then(|| action.clone()))
}

pub(super) fn on_recipient(address: &str, step: Step, action: Action) -> Rule {
    let address = address.to_owned();
    Arc::new(move |at| (at.step == step && at.recipient == address).then(|| action.clone()))
}
