//! journald's own protocol: `NAME=value` a line, in one datagram. No value of ours has a line end.

use super::{Fields, hidden::without_secrets, printable};
use std::{fmt, fmt::Write, os::unix::net::UnixDatagram};
use tracing::{
    Event,
    field::{Field, Visit},
};

const SOCKET: &str = "/run/systemd/journal/socket";

#[derive(Debug)]
pub(super) struct Journal(UnixDatagram);

impl Journal {
    /// `None` where there is none.
    pub(super) fn connect() -> Option<Self> {
        Self::at(SOCKET)
    }

    fn at(path: &str) -> Option<Self> {
        let socket = UnixDatagram::unbound().ok()?;
        socket.connect(path).ok()?;
        // A journal that is full is not waited for: stderr is read by it too.
        socket.set_nonblocking(true).ok()?;
        Some(Self(socket))
    }

    /// True when the record is there: the line for people, and each value by itself.
    pub(super) fn tell(&self, event: &Event<'_>) -> bool {
        let priority = match *event.metadata().level() {
            tracing::Level::ERROR => 3,
            tracing::Level::WARN => 4,
            tracing::Level::INFO => 6,
            _ => 7,
        };
        let mut text = format!("PRIORITY={priority}\nSYSLOG_IDENTIFIER=onward\n");
        event.record(&mut Named(&mut text));
        text.push_str("MESSAGE=");
        let start = text.len();
        event.record(&mut Fields { line: &mut text, value: &mut String::new(), start });
        text.push('\n');
        let text = without_secrets(&text);
        self.0.send(text.as_bytes()).is_ok_and(|sent| sent == text.len())
    }
}

/// Values as `ONWARD_NAME`.
struct Named<'a>(&'a mut String);

impl Named<'_> {
    fn put(&mut self, field: &Field, value: &str) {
        if field.name() != "message" {
            let name = field.name().to_ascii_uppercase().replace('.', "_");
            // Writing to a String cannot fail.
            let _ = writeln!(self.0, "ONWARD_{name}={}", printable(value));
        }
    }
}

impl Visit for Named<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, &format!("{value:?}"));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.put(field, &value.to_string());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tracing_subscriber::{Layer, layer::Context, layer::SubscriberExt};

    struct Told(Journal);

    impl<S: tracing::Subscriber> Layer<S> for Told {
        fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
            assert!(self.0.tell(event));
        }
    }

    #[test]
    fn a_line_and_fields_that_nobody_can_add_to() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("socket");
        let journald = UnixDatagram::bind(&path).unwrap();
        let journal = Journal::at(path.to_str().unwrap()).unwrap();
        let subscriber = tracing_subscriber::registry().with(Told(journal));
        tracing::subscriber::with_default(subscriber, || {
            tracing::warn!(id = "1", from = "a\nMESSAGE=forged", n = 3, "refused");
        });
        let mut buffer = [0; 1000];
        let count = journald.recv(&mut buffer).unwrap();
        assert_eq!(
            String::from_utf8_lossy(&buffer[..count]),
            "PRIORITY=4\nSYSLOG_IDENTIFIER=onward\nONWARD_ID=1\nONWARD_FROM=a\\nMESSAGE=forged\n\
             ONWARD_N=3\nMESSAGE=refused id=1 from=\"a\\nMESSAGE=forged\" n=3\n"
        );
    }
}
