use crate::{
    address::{Domain, Mailbox},
    admin::{Error, Store},
    alias::{Alias, Key},
    time::UnixTime,
};

/// Which aliases are looked for: those that fit all of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wish {
    /// Those of this domain.
    pub domain: Option<Domain>,
    /// Those that lead to this mailbox.
    pub destination: Option<Mailbox>,
    /// Those with this text in the address, the note or a destination, in any case.
    pub text: Option<String>,
    /// Those with this text in the note, in any case.
    pub note: Option<String>,
    /// Those that are switched on, or off.
    pub enabled: Option<bool>,
    /// Those that no message was for since then.
    pub unused_since: Option<UnixTime>,
}

impl Wish {
    fn wants(&self, alias: &Alias) -> bool {
        let has = |text: &str, wanted: &str| text.to_lowercase().contains(&wanted.to_lowercase());
        let note = alias.rules().note.as_deref().unwrap_or_default();
        let to = || alias.destinations().iter();
        self.enabled.is_none_or(|enabled| alias.enabled() == enabled)
            && self.note.as_ref().is_none_or(|wanted| has(note, wanted))
            && self.destination.as_ref().is_none_or(|wanted| {
                to().filter_map(|one| one.mailbox()).any(|one| one.to_key() == wanted.to_key())
            })
            && self.text.as_ref().is_none_or(|wanted| {
                has(&alias.address().to_string(), wanted)
                    || has(note, wanted)
                    || to().any(|one| has(&one.to_string(), wanted))
            })
    }
}

/// The first `limit` aliases behind `after` that are wanted, and behind what there are more.
///
/// # Errors
/// When the store fails.
pub async fn find(
    store: &Store,
    wish: &Wish,
    after: Option<&Key>,
    limit: usize,
) -> Result<(Vec<Alias>, Option<Key>), Error> {
    let (mut found, mut after) = (Vec::new(), after.cloned());
    loop {
        let page = store.aliases(wish.domain.as_ref(), after.as_ref()).await?;
        for alias in page.aliases.into_iter().filter(|alias| wish.wants(alias)) {
            if found.len() == limit {
                let last = found.last().map(|alias: &Alias| alias.address().key());
                return Ok((found, last));
            }
            found.push(alias);
        }
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok((found, None)),
        }
    }
}
