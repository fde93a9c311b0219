use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use super::wait::poll;
use super::{DEADLINE, wait_until_for};

/// A child process whose output lines (stdout and stderr alike) can be waited for. Dropping it
/// kills it.
pub struct Process {
    name: String,
    child: Child,
    lines: Arc<Lines>,
}

#[derive(Default)]
struct Lines {
    seen: Mutex<Seen>,
    changed: Condvar,
}

#[derive(Default)]
struct Seen {
    lines: Vec<String>,
    open_pipes: usize,
}

impl Process {
    pub fn spawn(name: &str, command: &mut Command) -> Self {
        Self::spawn_on(name, command, Stdio::null())
    }

    /// [`Process::spawn`] with a pipe to its stdin.
    pub fn spawn_fed(name: &str, command: &mut Command) -> (Self, ChildStdin) {
        let mut process = Self::spawn_on(name, command, Stdio::piped());
        let stdin = process.child.stdin.take().unwrap();
        (process, stdin)
    }

    fn spawn_on(name: &str, command: &mut Command, stdin: Stdio) -> Self {
        let mut child = command
            .stdin(stdin)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{name} does not start: {error}"));
        let lines = Arc::new(Lines::default());
        lines.seen.lock().unwrap().open_pipes = 2;
        collect(child.stdout.take().unwrap(), Arc::clone(&lines));
        collect(child.stderr.take().unwrap(), Arc::clone(&lines));
        Self { name: name.to_owned(), child, lines }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// All output so far.
    pub fn lines(&self) -> Vec<String> {
        self.lines.seen.lock().unwrap().lines.clone()
    }

    /// The first line, past or to come, for which `wanted` is true. Panics at the deadline, or as
    /// soon as the process has closed its output.
    pub fn wait_for_line(&self, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        let until = Instant::now() + DEADLINE;
        let mut seen = self.lines.seen.lock().unwrap();
        let mut looked_at = 0;
        loop {
            if let Some(line) = seen.lines[looked_at..].iter().find(|line| wanted(line)) {
                return line.clone();
            }
            looked_at = seen.lines.len();
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() || seen.open_pipes == 0 {
                let why = if left.is_zero() { "in vain" } else { "but it ended" };
                let output = seen.lines.join("\n");
                drop(seen);
                panic!("waited for {what} from {} {why}; its output:\n{output}", self.name);
            }
            seen = self.lines.changed.wait_timeout(seen, left).unwrap().0;
        }
    }

    /// All output of a process that has ended.
    pub fn finished_output(&self) -> String {
        let mut seen = self.lines.seen.lock().unwrap();
        while seen.open_pipes > 0 {
            let (next, waited) = self.lines.changed.wait_timeout(seen, DEADLINE).unwrap();
            seen = next;
            assert!(!waited.timed_out(), "{} left its output open", self.name);
        }
        seen.lines.join("\n")
    }

    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// SIGKILL, and gone on return.
    pub fn kill_9(&mut self) {
        let _already_gone = self.child.kill();
        self.child.wait().unwrap();
    }

    /// Sends a signal by name, such as `TERM` or `HUP`, to this process alone.
    pub fn signal(&self, signal: &str) {
        assert!(self.try_signal(signal), "signal {signal} to {}", self.name);
    }

    /// TERM, and a while to end by itself; for a `Drop`, as it never panics.
    pub(super) fn end(&mut self) {
        let running = matches!(self.child.try_wait(), Ok(None));
        if running && self.try_signal("TERM") {
            poll(Duration::from_secs(5), || self.child.try_wait().ok().flatten());
        }
    }

    fn try_signal(&self, signal: &str) -> bool {
        let kill = format!("kill -s {signal} {}", self.id());
        Command::new("sh").args(["-c", &kill]).status().is_ok_and(|status| status.success())
    }

    /// Waits for the process to end by itself.
    pub fn wait_exit(&mut self, deadline: Duration) -> ExitStatus {
        let what = format!("the end of {}", self.name);
        wait_until_for(deadline, what, || self.child.try_wait().unwrap())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _already_gone = self.child.kill();
        let _status = self.child.wait();
        if thread::panicking() {
            eprintln!("--- output of {}:\n{}\n---", self.name, self.lines().join("\n"));
        }
    }
}

fn collect(pipe: impl Read + Send + 'static, lines: Arc<Lines>) {
    thread::spawn(move || {
        let mut reader = BufReader::new(pipe);
        let mut line = Vec::new();
        while matches!(reader.read_until(b'\n', &mut line), Ok(1..)) {
            let text = String::from_utf8_lossy(&line).trim_end().to_owned();
            lines.seen.lock().unwrap().lines.push(text);
            lines.changed.notify_all();
            line.clear();
        }
        lines.seen.lock().unwrap().open_pipes -= 1;
        lines.changed.notify_all();
    });
}
