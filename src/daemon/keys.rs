use crate::srs::{Keyring, Rewriter, Settings};
use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, SystemTime},
};

/// How often the secret file is looked at: a key added or retired counts within a second.
const LOOK: Duration = Duration::from_millis(500);

/// The SRS rewriter, made anew whenever the secret file changes.
#[derive(Debug)]
pub(super) struct LiveKeys {
    settings: Settings,
    file: PathBuf,
    seen: Stamp,
    current: RwLock<Arc<Rewriter>>,
}

/// Why the secrets cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum KeyError {
    #[error("cannot read the SRS secret file {}: {error}; `onward srs key add` makes one", .file.display())]
    Unreadable { file: PathBuf, error: io::Error },
    #[error("SRS secret file {}: {error}", .file.display())]
    Unusable { file: PathBuf, error: crate::srs::KeyringError },
    #[error("[srs] {0}")]
    Settings(#[from] crate::srs::SettingsError),
}

impl LiveKeys {
    /// Reads the secret file.
    pub(super) fn open(settings: Settings, file: PathBuf) -> Result<Self, KeyError> {
        // Before it is read: what changes in between is found by the first look.
        let seen = stamp(&file);
        let rewriter = Rewriter::new(settings.clone(), read(&file)?)?;
        Ok(Self { settings, file, seen, current: RwLock::new(Arc::new(rewriter)) })
    }

    /// The rewriter with the secrets as they are now.
    pub(super) fn rewriter(&self) -> Arc<Rewriter> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Follows the file for ever. Secrets that cannot be read leave the old ones in force.
    pub(super) async fn follow(&self) {
        let mut seen = self.seen;
        loop {
            tokio::time::sleep(LOOK).await;
            let now = off_the_runtime(&self.file, stamp).await.flatten();
            if now == seen {
                continue;
            }
            seen = now;
            let Some(keyring) = off_the_runtime(&self.file, read).await else { continue };
            let rewriter =
                keyring.and_then(|keyring| Ok(Rewriter::new(self.settings.clone(), keyring)?));
            match rewriter {
                Ok(rewriter) => {
                    let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
                    *current = Arc::new(rewriter);
                    drop(current);
                    tracing::info!(file = %self.file.display(), "SRS secrets read again");
                }
                Err(error) => tracing::error!(%error, "SRS secrets stay as they were"),
            }
        }
    }
}

/// Looks at `file` where waiting for a disk holds up nobody. `None` while the runtime stops.
async fn off_the_runtime<T: Send + 'static>(file: &Path, look: fn(&Path) -> T) -> Option<T> {
    let file = file.to_owned();
    tokio::task::spawn_blocking(move || look(&file)).await.ok()
}

fn read(file: &Path) -> Result<Keyring, KeyError> {
    let text =
        fs::read(file).map_err(|error| KeyError::Unreadable { file: file.to_owned(), error })?;
    Keyring::parse(&text).map_err(|error| KeyError::Unusable { file: file.to_owned(), error })
}

/// Changes whenever the file is replaced or written.
type Stamp = Option<(SystemTime, u64)>;

fn stamp(file: &Path) -> Stamp {
    let metadata = fs::metadata(file).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}
