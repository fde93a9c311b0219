//! Threads beside those that mail has: what people and programs ask by HTTP gets the processors that mail leaves, and maps
//! are answered by the thread that hears the question.

use rustix::process::{getpriority_process, setpriority_process};
use std::{
    io,
    sync::{
        OnceLock,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};
use tokio::runtime::{Builder, Handle, Runtime};

/// Threads that answer HTTP, and those that read files and the database for them.
const WEB: usize = 2;
const BLOCKING: usize = 16;
/// By how much nicer they are than the others of the process: of a processor that both want they get a tenth.
const NICER: i32 = 10;

/// A runtime, which is there once somebody needs it.
#[derive(Debug)]
pub(super) struct Threads {
    runtime: OnceLock<Option<Runtime>>,
    begin: fn() -> io::Result<Runtime>,
}

impl Threads {
    /// Those that stand behind mail.
    pub(super) const fn behind() -> Self {
        Self { runtime: OnceLock::new(), begin: begin_behind }
    }

    /// The one that answers maps. A question is answered within microseconds; to wake another thread for it, as one of
    /// several would, takes as long as the answer.
    pub(super) const fn of_maps() -> Self {
        Self { runtime: OnceLock::new(), begin: begin_maps }
    }

    /// Where to put what is for these threads; where no such are to be had, beside mail.
    pub(super) fn handle(&self) -> Handle {
        let runtime = self.runtime.get_or_init(|| {
            (self.begin)()
                .inspect_err(|error| tracing::warn!(%error, "no threads beside mail's"))
                .ok()
        });
        runtime.as_ref().map_or_else(Handle::current, |runtime| runtime.handle().clone())
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        // What is still under way there has had its time.
        if let Some(runtime) = self.runtime.take().flatten() {
            runtime.shutdown_background();
        }
    }
}

fn begin_behind() -> io::Result<Runtime> {
    let number = AtomicUsize::new(0);
    Builder::new_multi_thread()
        .worker_threads(WEB)
        .max_blocking_threads(BLOCKING)
        .thread_name_fn(move || format!("web-{}", number.fetch_add(1, Relaxed)))
        .on_thread_start(give_way)
        .enable_all()
        .build()
}

fn begin_maps() -> io::Result<Runtime> {
    Builder::new_multi_thread().worker_threads(1).thread_name("maps").enable_all().build()
}

/// Linux has a niceness for each thread, and takes the one that asks where none is named.
fn give_way() {
    let nicer = getpriority_process(None)
        .and_then(|niceness| setpriority_process(None, niceness.saturating_add(NICER)));
    if let Err(error) = nicer {
        tracing::debug!(%error, "the page does not stand behind mail");
    }
}
