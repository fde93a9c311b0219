//! The log: one line a record on stderr, `LEVEL message key=value …`, or one JSON object; under systemd in the
//! journal, with each value as a field of its own.
//!
//! Values come from strangers. Whatever could end the line, or move the cursor of a terminal, is
//! written as an escape, so nobody can forge a record. Keys of lists in DNS are written by nobody ([`hide`]).

mod hidden;
mod journal;
mod json;

pub use hidden::hide;

use crate::clock;
use std::{
    cell::Cell,
    fmt::{self, Write as _},
    io::{self, IsTerminal, Write as _},
    os::unix::fs::MetadataExt,
    sync::atomic::{AtomicU8, Ordering},
};
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    Layer,
    layer::{Context, SubscriberExt},
    util::SubscriberInitExt,
};

/// How much is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Level {
    /// What somebody must look at.
    Error,
    /// What may become trouble.
    Warn,
    /// One line a message and what the daemon does.
    Info,
    /// Every step.
    Debug,
    /// Every step of the libraries too.
    Trace,
}

/// How a record looks on stderr.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// A line for people.
    Text,
    /// A JSON object.
    Json,
}

/// How much is logged now.
static LEVEL: AtomicU8 = AtomicU8::new(Level::Info as u8);

/// Changes how much is logged, from now on.
pub fn set_level(level: Level) {
    if LEVEL.swap(level as u8, Ordering::Relaxed) != level as u8 {
        tracing::callsite::rebuild_interest_cache();
    }
}

/// Sends the records of [`tracing`] to stderr, or the journal, from now on. The first call counts.
pub fn start(level: Level, format: Format) {
    LEVEL.store(level as u8, Ordering::Relaxed);
    let journal = std::env::var("JOURNAL_STREAM").is_ok_and(|stream| is_stderr(&stream));
    let style = match has_colours(&io::stderr()) {
        _ if format == Format::Json => Style::Json,
        _ if journal => Style::Journal,
        true => Style::Terminal,
        false => Style::Plain,
    };
    // A log that cannot be written cannot say so.
    let write = |line: &str| {
        let line = hidden::without_secrets(line);
        drop(io::stderr().lock().write_all(line.as_bytes()));
    };
    let journal = (style == Style::Journal).then(journal::Journal::connect).flatten();
    let lines = Lines { level: &LEVEL, style, journal, write };
    // Already set: somebody else, a test for instance, wants the records.
    let _ = tracing_subscriber::registry().with(lines).try_init();
}

/// Whether `stream` is a terminal with colours, and nobody wants it without (<https://no-color.org>).
pub fn has_colours(stream: &impl IsTerminal) -> bool {
    let said = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    let is_plain = said("NO_COLOR").is_some() || said("TERM").is_some_and(|kind| kind == "dumb");
    stream.is_terminal() && !is_plain
}

/// Octets that a line is given when it begins: that of a message fits. What grew far beyond is not kept for the next one.
const LINE: usize = 512;
const LONG: usize = 16 * LINE;

thread_local! {
    /// Room for a line, and for a value on its way into it. Whoever writes one while another is being written has none.
    static ROOM: Cell<[String; 2]> = const { Cell::new([String::new(), String::new()]) };
}

/// How a line begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    /// `<6>`: journald takes level and time from outside the text.
    Journal,
    /// Time and a coloured level, for a terminal.
    Terminal,
    /// Time and level.
    Plain,
    /// An object.
    Json,
}

struct Lines<W> {
    level: &'static AtomicU8,
    style: Style,
    journal: Option<journal::Journal>,
    /// Takes a whole line at once, so that lines of several threads do not mix.
    write: W,
}

impl<S: Subscriber, W: Fn(&str) + 'static> Layer<S> for Lines<W> {
    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        let ours = metadata.target().starts_with("onward");
        let level = Level::of(self.level.load(Ordering::Relaxed));
        // They warn of whatever strangers put into DNS, packet by packet.
        let libraries = match level {
            Level::Trace => Level::Trace,
            Level::Debug => Level::Warn,
            _ => Level::Error,
        };
        *metadata.level() <= tracing::Level::from(if ours { level } else { libraries })
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if self.style == Style::Json {
            return (self.write)(&json::line(event, clock::millis().into()));
        }
        if self.journal.as_ref().is_some_and(|journal| journal.tell(event)) {
            return;
        }
        // A thread that ends has none either.
        let [mut line, mut value] = ROOM.try_with(Cell::take).unwrap_or_default();
        line.reserve(LINE);
        start_of_line(self.style, *event.metadata().level(), clock::millis().into(), &mut line);
        let start = line.len();
        event.record(&mut Fields { line: &mut line, value: &mut value, start });
        line.push('\n');
        (self.write)(&line);
        if line.capacity() <= LONG && value.capacity() <= LONG {
            line.clear();
            let _ = ROOM.try_with(|room| room.set([line, value]));
        }
    }
}

fn start_of_line(style: Style, level: tracing::Level, now: jiff::Timestamp, line: &mut String) {
    let (priority, colour) = match level {
        tracing::Level::ERROR => (3, "\x1b[31m"),
        tracing::Level::WARN => (4, "\x1b[33m"),
        tracing::Level::INFO => (6, ""),
        _ => (7, "\x1b[2m"),
    };
    // Writing to a String cannot fail.
    let _ = match style {
        Style::Journal => write!(line, "<{priority}>"),
        Style::Plain | Style::Json => write!(line, "{now:.3} {level:<5} "),
        Style::Terminal if colour.is_empty() => write!(line, "{now:.3} {level:<5} "),
        Style::Terminal => write!(line, "{now:.3} {colour}{level:<5}\x1b[0m "),
    };
}

/// Appends the fields of a record; tracing gives the message first.
struct Fields<'a> {
    line: &'a mut String,
    value: &'a mut String,
    start: usize,
}

impl Fields<'_> {
    fn push(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            escape(value, false, self.line);
            return;
        }
        if self.line.len() > self.start {
            self.line.push(' ');
        }
        self.line.push_str(field.name());
        self.line.push('=');
        let quote = value.is_empty() || value.contains(|c: char| needs_quotes(c));
        if quote {
            self.line.push('"');
        }
        escape(value, quote, self.line);
        if quote {
            self.line.push('"');
        }
    }
}

impl Visit for Fields<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.push(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let mut text = std::mem::take(self.value);
        text.clear();
        // Writing to a String cannot fail.
        let _ = write!(text, "{value:?}");
        self.push(field, &text);
        *self.value = text;
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.push(field, &value.to_string());
    }
}

fn needs_quotes(c: char) -> bool {
    c.is_whitespace() || c == '"' || c == '\\' || is_unsafe(c)
}

/// Control characters, line ends of Unicode, and the marks that turn text around.
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}')
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// Text without the characters that could forge a line or confuse a terminal.
pub fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    escape(text, false, &mut out);
    out
}

fn escape(text: &str, quoted: bool, out: &mut String) {
    for c in text.chars() {
        match c {
            '"' | '\\' if quoted => {
                out.push('\\');
                out.push(c);
            }
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if is_unsafe(c) => {
                // Writing to a String cannot fail.
                let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
            }
            c => out.push(c),
        }
    }
}

/// `$JOURNAL_STREAM` is inherited by everything a service starts; it speaks of our stderr only when
/// device and inode agree (systemd.exec(5)).
fn is_stderr(journal_stream: &str) -> bool {
    std::fs::metadata("/dev/stderr")
        .is_ok_and(|stderr| journal_stream == format!("{}:{}", stderr.dev(), stderr.ino()))
}

impl Level {
    const ALL: [Self; 5] = [Self::Error, Self::Warn, Self::Info, Self::Debug, Self::Trace];

    fn of(number: u8) -> Self {
        Self::ALL.get(usize::from(number)).copied().unwrap_or(Self::Info)
    }

    /// The level of that name, such as `info`.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|level| tracing::Level::from(*level).as_str().eq_ignore_ascii_case(name))
    }
}

impl From<Level> for tracing::Level {
    fn from(level: Level) -> Self {
        match level {
            Level::Error => Self::ERROR,
            Level::Warn => Self::WARN,
            Level::Info => Self::INFO,
            Level::Debug => Self::DEBUG,
            Level::Trace => Self::TRACE,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    fn logged(level: Level, style: Style, log: impl FnOnce()) -> String {
        let text = Arc::new(Mutex::new(String::new()));
        let sink = Arc::clone(&text);
        let write = move |line: &str| sink.lock().unwrap().push_str(line);
        let level: &'static AtomicU8 = Box::leak(Box::new(AtomicU8::new(level as u8)));
        let lines = Lines { level, style, journal: None, write };
        tracing::subscriber::with_default(tracing_subscriber::registry().with(lines), log);
        Arc::into_inner(text).unwrap().into_inner().unwrap()
    }

    #[test]
    fn nobody_can_forge_a_line() {
        let helo = "x\n<3>2026-01-01T00:00:00Z ERROR forged\r\u{1b}[2J\u{2028}\u{202e}\0";
        let line = logged(Level::Info, Style::Journal, || {
            tracing::info!(helo, quoted = "a \"b\" \\", empty = "", n = 3, "from\n{helo}");
        });
        assert_eq!(
            line,
            "<6>from\\nx\\n<3>2026-01-01T00:00:00Z ERROR forged\\r\\u{1b}[2J\\u{2028}\\u{202e}\\u{0} \
             helo=\"x\\n<3>2026-01-01T00:00:00Z ERROR forged\\r\\u{1b}[2J\\u{2028}\\u{202e}\\u{0}\" \
             quoted=\"a \\\"b\\\" \\\\\" empty=\"\" n=3\n"
        );
    }

    #[test]
    fn a_debug_value_cannot_either() {
        struct Raw;
        impl fmt::Debug for Raw {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a\nb")
            }
        }
        let line = logged(Level::Info, Style::Journal, || tracing::warn!(raw = ?Raw, "m"));
        assert_eq!(line, "<4>m raw=\"a\\nb\"\n");
    }

    #[test]
    fn the_level_decides_and_libraries_are_quieter() {
        let all = || {
            tracing::error!("e");
            tracing::debug!("d");
            tracing::info!(target: "hickory_resolver", "library");
            tracing::warn!(target: "hickory_resolver", "library warns");
        };
        assert_eq!(logged(Level::Error, Style::Journal, all), "<3>e\n");
        assert_eq!(logged(Level::Info, Style::Journal, all), "<3>e\n");
        assert_eq!(logged(Level::Debug, Style::Journal, all), "<3>e\n<7>d\n<4>library warns\n");
        assert_eq!(
            logged(Level::Trace, Style::Journal, all),
            "<3>e\n<7>d\n<6>library\n<4>library warns\n"
        );
    }

    #[test]
    fn objects() {
        let line = logged(Level::Info, Style::Json, || {
            tracing::info!(helo = "x\n\"", n = 3_u64, is = true, "from");
        });
        let object: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(line.lines().count(), 1);
        assert_eq!((&object["message"], &object["level"]), (&"from".into(), &"info".into()));
        assert_eq!(
            (&object["helo"], &object["n"], &object["is"]),
            (&"x\n\"".into(), &3.into(), &true.into())
        );
        assert!(object["time"].as_str().unwrap().parse::<jiff::Timestamp>().is_ok());
    }

    #[test]
    fn outside_journald_lines_have_time_and_level_and_no_colours_but_on_a_terminal() {
        let now = "2026-01-31T12:00:00.5Z".parse().unwrap();
        let start = |style, level| {
            let mut line = String::new();
            start_of_line(style, level, now, &mut line);
            line
        };
        assert_eq!(start(Style::Plain, tracing::Level::ERROR), "2026-01-31T12:00:00.500Z ERROR ");
        assert_eq!(start(Style::Terminal, tracing::Level::INFO), "2026-01-31T12:00:00.500Z INFO  ");
        assert!(start(Style::Terminal, tracing::Level::ERROR).contains("\x1b[31mERROR\x1b[0m"));
    }

    #[test]
    fn a_journal_stream_that_is_not_our_stderr_does_not_count() {
        assert!(!is_stderr("1:1"));
        assert!(!is_stderr(""));
        let stderr = std::fs::metadata("/dev/stderr").unwrap();
        assert!(is_stderr(&format!("{}:{}", stderr.dev(), stderr.ino())));
    }
}
