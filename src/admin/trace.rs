//! What happened to messages, by the journal. A message is in it within a second of its final reply.

pub use crate::store::journal::{AttemptLine, Filter, Record};

use super::Error;
use crate::store::journal::open_to_read;
use std::{io, path::Path};

/// Gives the records that `filter` wants to `each`, the oldest first.
///
/// # Errors
/// When the journal cannot be read, or `each` fails.
pub async fn trace(
    state_dir: &Path,
    filter: &Filter,
    mut each: impl FnMut(&Record) -> io::Result<()>,
) -> Result<(), Error> {
    let journal = open_to_read(state_dir)?;
    let mut after = None;
    loop {
        let page = journal.page(filter, after).await?;
        page.records.iter().try_for_each(&mut each).map_err(Error::Output)?;
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(()),
        }
    }
}
