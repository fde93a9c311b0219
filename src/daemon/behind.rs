//! A runtime behind the one that mail has: what people and programs ask by HTTP gets the processors that mail leaves.

use rustix::process::{getpriority_process, setpriority_process};
use std::{
    io,
    sync::{
        OnceLock,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};
use tokio::runtime::{Builder, Handle, Runtime};

/// Threads that answer, and those that read files and the database for them.
const THREADS: usize = 2;
const BLOCKING_THREADS: usize = 16;
/// By how much nicer they are than the others of the process: of a processor that both want they get a tenth.
const NICER: i32 = 10;

/// The runtime, which is there once somebody needs it.
#[derive(Debug, Default)]
pub(super) struct Behind(OnceLock<Option<Runtime>>);

impl Behind {
    /// Where to put what is to stand behind; where no such threads are to be had, beside mail.
    pub(super) fn handle(&self) -> Handle {
        let runtime = self.0.get_or_init(|| {
            start()
                .inspect_err(|error| tracing::warn!(%error, "the page has no threads of its own"))
                .ok()
        });
        runtime.as_ref().map_or_else(Handle::current, |runtime| runtime.handle().clone())
    }
}

impl Drop for Behind {
    fn drop(&mut self) {
        // What is still under way there has had its time.
        if let Some(runtime) = self.0.take().flatten() {
            runtime.shutdown_background();
        }
    }
}

fn start() -> io::Result<Runtime> {
    let number = AtomicUsize::new(0);
    Builder::new_multi_thread()
        .worker_threads(THREADS)
        .max_blocking_threads(BLOCKING_THREADS)
        .thread_name_fn(move || format!("web-{}", number.fetch_add(1, Relaxed)))
        .on_thread_start(give_way)
        .enable_all()
        .build()
}

/// Linux has a niceness for each thread, and takes the one that asks where none is named.
fn give_way() {
    let nicer = getpriority_process(None)
        .and_then(|niceness| setpriority_process(None, niceness.saturating_add(NICER)));
    if let Err(error) = nicer {
        tracing::debug!(%error, "the page does not stand behind mail");
    }
}
