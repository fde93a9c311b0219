//! Changes of many aliases at once.

use super::find;
use crate::{
    admin::{Error, Store},
    alias::{Amendment, Edit, Filter, Key, NewDestination},
    store::{Change, Edited, Many, Progress},
};
use std::io;
use tokio::sync::mpsc;

/// Changes that wait to be told.
const WAITING: usize = 256;

/// How a change of many is made.
#[derive(Debug, Clone, Default)]
pub struct How {
    /// Only what would change is told.
    pub plan: bool,
    /// Who is told how far it is.
    pub progress: Progress,
}

/// Has every alias that leads to one mailbox lead to another, all of them or none. A plan tells `each` of them.
///
/// # Errors
/// When aliases would form a loop, the store fails, or `each` does.
pub async fn replace_destination(
    store: &Store,
    change: NewDestination,
    how: How,
    each: impl FnMut(&Change) -> io::Result<()>,
) -> Result<Edited, Error> {
    edit(store, Edit::Destination(change), None, how, each).await
}

/// Changes what the aliases that `which` fits say of themselves, all of them or none, and gives how many it fits. A plan
/// tells `each` of them.
///
/// # Errors
/// When no alias can have what is asked for, aliases would form a loop, the store fails, or `each` does.
pub async fn amend_where(
    store: &Store,
    which: &Filter,
    (amendment, enabled): (Amendment, Option<bool>),
    how: How,
    each: impl FnMut(&Change) -> io::Result<()>,
) -> Result<(u64, Edited), Error> {
    amendment.check()?;
    let keys = keys(store, which, &how.progress).await?;
    let found = keys.len() as u64;
    if keys.is_empty() {
        return Ok((0, Edited::default()));
    }
    let edit_of = Edit::Words { amendment, enabled };
    Ok((found, edit(store, edit_of, Some(keys), how, each).await?))
}

async fn edit(
    store: &Store,
    edit: Edit,
    which: Option<Vec<Key>>,
    how: How,
    mut each: impl FnMut(&Change) -> io::Result<()>,
) -> Result<Edited, Error> {
    let How { plan, progress } = how;
    let (told, listening) = plan.then(|| mpsc::channel(WAITING)).unzip();
    let work = store.edit_aliases(Many { edit, which, commits: !plan, told, progress });
    let listen = async {
        let Some(mut listening): Option<mpsc::Receiver<Change>> = listening else { return Ok(()) };
        while let Some(change) = listening.recv().await {
            each(&change)?;
        }
        Ok(())
    };
    let (edited, listened) = tokio::join!(work, listen);
    listened.map_err(Error::Output)?;
    Ok(edited?)
}

/// The keys of the aliases that `filter` fits.
async fn keys(store: &Store, filter: &Filter, progress: &Progress) -> Result<Vec<Key>, Error> {
    let mut keys = Vec::new();
    find(store, filter, |alias, _| {
        keys.push(alias.address().key());
        progress.step("found", keys.len() as u64, None);
        Ok(())
    })
    .await?;
    Ok(keys)
}
