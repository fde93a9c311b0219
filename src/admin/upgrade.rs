//! A store that machines share is brought up to date by who says so, as that shuts out older nodes.

pub use crate::store::postgres::UpgradeStep;

use super::{Error, Place};
use crate::store::postgres::{self, Database};

/// The steps that [`upgrade`] would make.
///
/// # Errors
/// When nothing is shared there, the database cannot be reached, or a newer version wrote it.
pub async fn plan(place: &Place) -> Result<Vec<UpgradeStep>, Error> {
    Ok(postgres::plan_upgrade(database(place)?).await?)
}

/// Brings the database of a place up to date; gives the steps that were made.
///
/// # Errors
/// As [`plan`], and when nodes serve, or a step fails: then nothing is changed.
pub async fn upgrade(place: &Place) -> Result<Vec<UpgradeStep>, Error> {
    Ok(postgres::upgrade(database(place)?).await?)
}

fn database(place: &Place) -> Result<Database, Error> {
    let own = || {
        Error::refused(format_args!(
            "the store is {place}, which the next start of the daemon brings up to date by itself"
        ))
    };
    place.database().cloned().ok_or_else(own)
}
