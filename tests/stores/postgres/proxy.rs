//! Stands between a store and its server, and can lose or hold back what the server answers.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{UnixListener, UnixStream},
    sync::watch,
};

/// The name of the socket in a server's directory.
const SOCKET: &str = ".s.PGSQL.5432";

/// A way to a server.
pub(crate) struct Proxy {
    directory: TempDir,
    loses_commits: Arc<AtomicBool>,
    holds_commits: watch::Sender<bool>,
}

impl Proxy {
    pub(crate) fn new(server: &Path) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(directory.path().join(SOCKET)).unwrap();
        let loses_commits = Arc::new(AtomicBool::new(false));
        let (loses, server) = (Arc::clone(&loses_commits), server.join(SOCKET));
        let (holds_commits, holds) = watch::channel(false);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(pass_on(client, server.clone(), Arc::clone(&loses), holds.clone()));
            }
        });
        Self { directory, loses_commits, holds_commits }
    }

    /// The directory in the place of the server's.
    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// From now on commits reach the server, and no answer to them comes back; or all is well again.
    pub(crate) fn lose_commits(&self, loses: bool) {
        self.loses_commits.store(loses, Ordering::SeqCst);
    }

    /// From now on commits reach the server, and answers to them come when they are not held any more.
    pub(crate) fn hold_commits(&self, holds: bool) {
        self.holds_commits.send_replace(holds);
    }
}

/// Until one of the two ends it, or an answer is lost.
async fn pass_on(
    mut client: UnixStream,
    server: PathBuf,
    loses_commits: Arc<AtomicBool>,
    mut holds_commits: watch::Receiver<bool>,
) {
    let Ok(mut server) = UnixStream::connect(server).await else { return };
    let (mut asked, mut answered) = (vec![0; 65_536], vec![0; 65_536]);
    loop {
        tokio::select! {
            read = client.read(&mut asked) => {
                let Ok(octets @ 1..) = read else { return };
                if server.write_all(&asked[..octets]).await.is_err() {
                    return;
                }
                let is_commit = asked[..octets].windows(7).any(|some| some == b"COMMIT\0");
                if is_commit && loses_commits.load(Ordering::SeqCst) {
                    // The server has done it when it answers.
                    let _ = server.read(&mut answered).await;
                    return;
                }
                if is_commit && holds_commits.wait_for(|holds| !holds).await.is_err() {
                    return;
                }
            }
            read = server.read(&mut answered) => {
                let Ok(octets @ 1..) = read else { return };
                if client.write_all(&answered[..octets]).await.is_err() {
                    return;
                }
            }
        }
    }
}
