//! All that is kept, moved between the state directory and the database that nodes share.

use super::Error;
use crate::{
    config::Config,
    store::{
        Place, Progress,
        moving::{Move, MoveError},
    },
};

pub use crate::store::moving::{Copied, Moved, Planned};

/// Says what [`migrate`] would do.
///
/// # Errors
/// When nothing is shared, or a store cannot be read.
pub async fn plan(config: &Config, to_sqlite: bool) -> Result<Planned, Error> {
    Ok(of(config, to_sqlite)?.plan().await?)
}

/// Copies all that is kept from the state directory into the database of `config`, or back, and leaves the old store when
/// nobody serves from it.
///
/// # Errors
/// When nothing is shared, there is nothing to be moved or no room for it, or a store fails.
pub async fn migrate(
    config: &Config,
    to_sqlite: bool,
    progress: &Progress,
) -> Result<Moved, Error> {
    Ok(of(config, to_sqlite)?.run(progress).await?)
}

fn of(config: &Config, to_sqlite: bool) -> Result<Move, Error> {
    let place = Place::of(config);
    if to_sqlite && config.store.key_file.is_some() {
        return Err(Error::refused(
            "SRS secrets and DKIM keys are in the database, and would be left there: write them into files by \
             `onward store secrets export`, and take store.key_file out of the configuration",
        ));
    }
    let (Some(database), Some(node)) = (place.database(), place.node()) else {
        return Err(Error::refused(
            "[store] postgres names no database: it says where all is moved to, or back from",
        ));
    };
    Ok(Move {
        state_dir: place.state_dir().to_owned(),
        database: database.clone(),
        node: node.to_owned(),
        to_sqlite,
    })
}

impl From<MoveError> for Error {
    fn from(error: MoveError) -> Self {
        match error {
            MoveError::Store(error) => Self::Store(error),
            error => Self::refused(error),
        }
    }
}
