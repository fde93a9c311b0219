//! Stands between a node and its database: what it passes on may be late, or not what was said.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;
use tempfile::TempDir;

/// The name of the socket in a server's directory.
const SOCKET: &str = ".s.PGSQL.5432";
const LISTEN: &[u8] = b"LISTEN onward";

pub(super) struct Way {
    directory: TempDir,
    server: PathBuf,
    url: String,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    is_deaf: AtomicBool,
    has_deafened: AtomicBool,
    /// How late answers are, in milliseconds.
    late: AtomicU64,
}

impl Way {
    /// To the server of a URL.
    pub(super) fn to(url: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(directory.path().join(SOCKET)).unwrap();
        let server = url.split("host=").nth(1).unwrap().split('&').next().unwrap();
        let (state, socket) = (Arc::<State>::default(), PathBuf::from(server).join(SOCKET));
        let of_listener = Arc::clone(&state);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let Ok(server) = UnixStream::connect(&socket) else { continue };
                let (back, forth) = (client.try_clone().unwrap(), server.try_clone().unwrap());
                let (one, other) = (Arc::clone(&of_listener), Arc::clone(&of_listener));
                thread::spawn(move || pass_on(client, forth, &one, true));
                thread::spawn(move || pass_on(server, back, &other, false));
            }
        });
        Self { directory, server: server.into(), url: url.to_owned(), state }
    }

    /// Nobody hears notices who comes this way.
    pub(super) fn deaf(self) -> Self {
        self.state.is_deaf.store(true, Ordering::SeqCst);
        self
    }

    pub(super) fn has_deafened(&self) -> bool {
        self.state.has_deafened.load(Ordering::SeqCst)
    }

    /// Answers come so late from now on.
    pub(super) fn set_late(&self, late: Duration) {
        self.state.late.store(late.as_millis().try_into().unwrap(), Ordering::SeqCst);
    }

    pub(super) fn url(&self) -> String {
        let server = self.server.display().to_string();
        self.url.replace(&server, &self.directory.path().display().to_string())
    }
}

/// Until one of the two ends it.
fn pass_on(mut from: UnixStream, mut to: UnixStream, state: &State, is_asked: bool) {
    let mut octets = vec![0; 65_536];
    while let Ok(count @ 1..) = from.read(&mut octets) {
        let octets = &mut octets[..count];
        if is_asked && state.is_deaf.load(Ordering::SeqCst) {
            let at = octets.windows(LISTEN.len()).position(|some| some == LISTEN);
            if let Some(at) = at {
                octets[at + LISTEN.len() - 6..][..6].copy_from_slice(b"nobody");
                state.has_deafened.store(true, Ordering::SeqCst);
            }
        }
        let late = state.late.load(Ordering::SeqCst);
        if !is_asked && late > 0 {
            // What is tested is that nobody waits for this.
            thread::park_timeout(Duration::from_millis(late));
        }
        if to.write_all(octets).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
    let _ = from.shutdown(Shutdown::Both);
}
