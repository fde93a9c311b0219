//! By which texts aliases are found, written down behind a change of many.

use super::{
    error::{Error, Failure},
    rows::alias_text,
    telling::tell,
};
use crate::store::Progress;
use deadpool_postgres::ClientWrapper;

/// Texts that are written in a turn.
const TURN: usize = 1_000;

/// Writes down by which texts the aliases of a change of many are found. That takes the longest of all, so it is done
/// by turns, with those of other changes in between; should it not come to its end, the daemon and other changes bring it there.
pub(super) async fn write_texts(
    client: &mut ClientWrapper,
    progress: &Progress,
) -> Result<(), Failure> {
    match try_write_texts(client, progress).await {
        // Whoever is told has died of it.
        Err(error @ Error::Unreadable(_)) => Err(error.into()),
        Err(error) => {
            let why = format!("{error:?}");
            tracing::warn!(
                why,
                "aliases have changed, and are not all found by their new texts yet"
            );
            Ok(())
        }
        Ok(()) => Ok(()),
    }
}

/// The same, and says why it did not come to its end.
pub(super) async fn try_write_texts(
    client: &mut ClientWrapper,
    progress: &Progress,
) -> Result<(), Error> {
    let tx = client.transaction().await?;
    let all = alias_text::due(&tx).await?;
    tx.commit().await?;
    let mut through = 0;
    while through < all {
        let tx = client.transaction().await?;
        let written = alias_text::write_due(&tx, TURN).await?;
        tx.commit().await?;
        through += written as u64;
        tell(progress, "made to be found", through.min(all), Some(all)).await?;
        if written < TURN {
            break;
        }
    }
    Ok(())
}
