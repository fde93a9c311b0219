use arc_swap::ArcSwap;
use std::{
    fmt, fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

/// How often the files are looked at: what is added or retired counts within a second.
const LOOK: Duration = Duration::from_millis(500);

/// Something that is made of files, and made anew whenever they change.
pub(crate) struct Live<T> {
    what: &'static str,
    look: Arc<dyn Fn() -> Stamp + Send + Sync>,
    read: Arc<Read<T>>,
    seen: Stamp,
    current: ArcSwap<T>,
}

type Read<T> = dyn Fn() -> Result<T, String> + Send + Sync;

/// Changes whenever a file is replaced, written, added or removed.
pub(crate) type Stamp = Vec<(PathBuf, SystemTime, u64, u64)>;

impl<T: Send + Sync + 'static> Live<T> {
    /// Reads the files for the first time. `look` gives their stamps, `read` their meaning.
    ///
    /// # Errors
    /// The error of `read`.
    pub(crate) fn open(
        what: &'static str,
        look: impl Fn() -> Stamp + Send + Sync + 'static,
        read: impl Fn() -> Result<T, String> + Send + Sync + 'static,
    ) -> Result<Self, String> {
        // Before they are read: what changes in between is found by the first look.
        let seen = look();
        let current = ArcSwap::from_pointee(read()?);
        Ok(Self { what, look: Arc::new(look), read: Arc::new(read), seen, current })
    }

    /// The value as it is now.
    pub(crate) fn get(&self) -> Arc<T> {
        self.current.load_full()
    }

    /// Follows the files for ever. What cannot be read leaves the old in force.
    pub(crate) async fn follow(&self) {
        let mut seen = self.seen.clone();
        loop {
            tokio::time::sleep(LOOK).await;
            let look = Arc::clone(&self.look);
            let Some(now) = off_the_runtime(move || look()).await else { continue };
            if now == seen {
                continue;
            }
            seen = now;
            let read = Arc::clone(&self.read);
            let what = self.what;
            match off_the_runtime(move || read()).await {
                Some(Ok(new)) => {
                    self.current.store(Arc::new(new));
                    tracing::info!("{what} read again");
                }
                Some(Err(error)) => tracing::error!(error, "{what} stay as they were"),
                None => {}
            }
        }
    }
}

impl<T> fmt::Debug for Live<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Live({})", self.what)
    }
}

/// Does what may wait for a disk where that holds up nobody. `None` while the runtime stops.
async fn off_the_runtime<R: Send + 'static>(
    work: impl FnOnce() -> R + Send + 'static,
) -> Option<R> {
    tokio::task::spawn_blocking(work).await.ok()
}

/// The stamp of a file; empty where there is none.
pub(crate) fn stamp(file: &Path) -> Stamp {
    let stamp = || {
        let metadata = fs::metadata(file).ok()?;
        // A link that leads elsewhere changes the last of these, if nothing else.
        Some((file.to_owned(), metadata.modified().ok()?, metadata.len(), metadata.ino()))
    };
    stamp().into_iter().collect()
}
