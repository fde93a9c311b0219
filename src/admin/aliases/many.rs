//! Changes of many aliases at once.

use super::for_each;
use crate::{
    address::{Domain, Mailbox},
    admin::{Error, Store},
    alias::{Alias, Amendment, Destination, Edit, Key, NewDestination},
    store::{Change, Edited, Many, Progress},
};
use std::io;
use tokio::sync::mpsc;

/// Changes that wait to be told.
const WAITING: usize = 256;

/// Which aliases are meant: those that all of it fits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Where {
    /// Those of this domain.
    pub domain: Option<Domain>,
    /// Those that lead to this mailbox by themselves.
    pub destination: Option<Mailbox>,
    /// Those whose note has this in it, in any case.
    pub note: Option<String>,
    /// Those that have this in their address, note or destinations, in any case.
    pub text: Option<String>,
    /// Those that are switched on, or off.
    pub enabled: Option<bool>,
}

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
/// When aliases would form a loop, the store fails, or `each` does.
pub async fn amend_where(
    store: &Store,
    which: &Where,
    (amendment, enabled): (Amendment, Option<bool>),
    how: How,
    each: impl FnMut(&Change) -> io::Result<()>,
) -> Result<(u64, Edited), Error> {
    let keys = which.keys(store, &how.progress).await?;
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

impl Where {
    /// The keys of the aliases that it fits.
    async fn keys(&self, store: &Store, progress: &Progress) -> Result<Vec<Key>, Error> {
        let (mut keys, mut through) = (Vec::new(), 0);
        for_each(store, self.domain.as_ref(), |alias| {
            through += 1;
            progress.step("looked at", through, None);
            if self.fits(&alias) {
                keys.push(alias.address().key());
            }
            Ok(())
        })
        .await?;
        Ok(keys)
    }

    fn fits(&self, alias: &Alias) -> bool {
        let leads_to = |wanted: &Mailbox| {
            let mut mailboxes = alias.destinations().iter().filter_map(Destination::mailbox);
            mailboxes.any(|mailbox| mailbox.to_key() == wanted.to_key())
        };
        let note = alias.rules().note.as_deref().unwrap_or_default();
        let has = |text: &str, part: &str| text.to_lowercase().contains(&part.to_lowercase());
        let anywhere = |part: &String| {
            has(&alias.address().to_string(), part)
                || has(note, part)
                || alias.destinations().iter().any(|one| has(&one.to_string(), part))
        };
        self.enabled.is_none_or(|enabled| alias.enabled() == enabled)
            && self.destination.as_ref().is_none_or(leads_to)
            && self.note.as_ref().is_none_or(|part| has(note, part))
            && self.text.as_ref().is_none_or(anywhere)
    }
}
