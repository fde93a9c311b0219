use super::{
    Options, Store, StoreError,
    journal::{Bounds, Journal, JournalError, Reading, connect_to_read, open_to_read},
    postgres::{self, Database, Node, new_instance},
};
use crate::config::Config;
use std::{
    fmt, fs,
    io::{self, ErrorKind},
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::sync::OnceCell;

/// Its name in a state directory.
const INSTANCE: &str = "node";
/// Where a node has its copy of the directory.
const COPY: &str = "copy";
/// What says, beside the copy, which server of the database this machine knew last.
const SERVER: &str = "server";

/// Where the store and the journal are: in files of one machine, or in a database that several share. Clones share what reads
/// the journal there.
#[derive(Debug, Clone)]
pub struct Place {
    /// What a machine has alone is there in any case.
    state_dir: PathBuf,
    shared: Option<Arc<Shared>>,
}

#[derive(Debug)]
struct Shared {
    database: Database,
    /// The name of this machine among those that share it.
    node: String,
    lease: Duration,
    /// How many messages of the spool it has in hand at once.
    hold: usize,
    /// Once somebody has asked for it.
    journal: OnceCell<Arc<dyn Reading>>,
}

impl Place {
    /// As the configuration says.
    pub fn of(config: &Config) -> Self {
        let shared = config.store.postgres.clone().map(|database| {
            let node = config.store.node.clone().unwrap_or_else(|| config.hostname.to_string());
            let database = database.remembering(config.state_dir.join(COPY).join(SERVER));
            let (lease, hold) = (config.store.lease, config.store.hold);
            Arc::new(Shared { database, node, lease, hold, journal: OnceCell::new() })
        });
        Self { state_dir: config.state_dir.clone(), shared }
    }

    /// The files in a state directory.
    pub fn directory(state_dir: &Path) -> Self {
        Self { state_dir: state_dir.to_owned(), shared: None }
    }

    /// The directory of what this machine has alone.
    pub fn state_dir(&self) -> &Path {
        &self.state_dir
    }

    /// Makes the state directory where there is none.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn make(&self) -> Result<(), StoreError> {
        make_directory(&self.state_dir)
    }

    /// The database that machines share; `None` where nothing is shared.
    pub fn database(&self) -> Option<&Database> {
        self.shared.as_ref().map(|shared| &shared.database)
    }

    /// The name of this machine among those that share the database.
    pub fn node(&self) -> Option<&str> {
        self.shared.as_ref().map(|shared| shared.node.as_str())
    }

    /// Opens the store for an administrator, made when it does not exist, beside those who serve. May block.
    ///
    /// # Errors
    /// When it cannot be opened, is damaged, or of a version that this program cannot use.
    pub async fn open(&self, options: Options) -> Result<Store, StoreError> {
        match &self.shared {
            Some(shared) => Store::connect(shared.database.clone(), None, options).await,
            None => Store::open(&self.state_dir, options),
        }
    }

    /// Opens the store for who serves, and has the lock of the state directory.
    ///
    /// # Errors
    /// As [`Place::open`].
    pub async fn serve(&self, options: Options) -> Result<Store, StoreError> {
        match &self.shared {
            Some(shared) => {
                let instance = instance(&self.state_dir)?;
                let copy = Some(self.state_dir.join(COPY));
                let Shared { node, lease, hold, .. } = &**shared;
                let node = Node { name: node.clone(), instance, lease: *lease, hold: *hold, copy };
                Store::connect(shared.database.clone(), Some(node), options).await
            }
            None => Store::open(&self.state_dir, options),
        }
    }

    /// As [`Place::open`]; `None` when nothing was ever kept there.
    ///
    /// # Errors
    /// As [`Place::open`].
    pub async fn open_existing(&self, options: Options) -> Result<Option<Store>, StoreError> {
        match &self.shared {
            None => Store::open_existing(&self.state_dir, options),
            Some(shared) if postgres::exists(shared.database.clone()).await? => {
                self.open(options).await.map(Some)
            }
            Some(_) => Ok(None),
        }
    }

    /// Opens the writing side of the journal.
    ///
    /// # Errors
    /// When it cannot be used.
    pub async fn record(&self, bounds: Bounds) -> Result<Journal, JournalError> {
        match &self.shared {
            Some(shared) => {
                Journal::connect(shared.database.clone(), shared.node.clone(), bounds).await
            }
            None => Journal::open(&self.state_dir, bounds),
        }
    }

    /// Opens the reading side of the journal, without making or changing anything of it.
    ///
    /// # Errors
    /// When there is none, or it cannot be read.
    pub async fn read_journal(&self) -> Result<Arc<dyn Reading>, JournalError> {
        match &self.shared {
            Some(shared) => {
                let open = || connect_to_read(shared.database.clone());
                shared.journal.get_or_try_init(open).await.cloned()
            }
            None => open_to_read(&self.state_dir),
        }
    }
}

/// Makes a state directory, for its owner alone, where there is none.
pub(super) fn make_directory(state_dir: &Path) -> Result<(), StoreError> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(state_dir).map_err(|error| {
        StoreError::Directory { path: state_dir.to_owned(), reason: error.to_string() }
    })
}

/// What tells this state directory from all others that nodes serve from.
fn instance(state_dir: &Path) -> Result<String, StoreError> {
    let file = state_dir.join(INSTANCE);
    let failed = |error: io::Error| StoreError::access(&file, &error);
    match fs::read_to_string(&file) {
        Ok(known) if !known.trim().is_empty() => return Ok(known.trim().to_owned()),
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    let new = new_instance();
    fs::write(&file, format!("{new}\n")).map_err(failed)?;
    Ok(new)
}

/// The same place, whoever reads the journal there.
impl PartialEq for Place {
    fn eq(&self, other: &Self) -> bool {
        let of = |place: &Self| (place.database().cloned(), place.node().map(str::to_owned));
        self.state_dir == other.state_dir && of(self) == of(other)
    }
}

impl Eq for Place {}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.shared {
            Some(shared) => write!(f, "{}, as node {}", shared.database, shared.node),
            None => write!(f, "SQLite in {}", self.state_dir.display()),
        }
    }
}
