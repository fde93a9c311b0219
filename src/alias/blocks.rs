//! Senders that are refused for all aliases, or for those of a domain.

use super::{AliasError, Blocks, Rules, SenderPattern};
use crate::{
    address::{Domain, Mailbox},
    time::UnixTime,
};
use std::{collections::HashMap, fmt, sync::Arc};

/// Most blocks in all, of domains and for all.
pub const MAX_BLOCKS: usize = 10_000;

/// Senders whose mail is refused for every alias, or for those of one domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// For whose aliases; `None` for all.
    pub domain: Option<Domain>,
    /// The senders.
    pub pattern: SenderPattern,
    /// What it is for: as [`super::Rules::note`].
    pub note: Option<String>,
    /// Since when.
    pub added: UnixTime,
}

impl Block {
    /// A block that begins at `added`.
    ///
    /// # Errors
    /// When the note is none that an alias may have.
    pub fn new(
        domain: Option<Domain>,
        pattern: SenderPattern,
        note: Option<&str>,
        added: UnixTime,
    ) -> Result<Self, AliasError> {
        let rules = Rules { note: note.map(str::to_owned), ..Rules::default() }.checked()?;
        Ok(Self { domain, pattern, note: rules.note, added })
    }
}

/// All blocks, found by what they are about: looking up takes as long for ten thousand as for ten.
#[derive(Debug, Clone, Default)]
pub struct BlockList {
    // Of two lists that differ by a block, one shares what it can with the other.
    everywhere: Arc<Senders>,
    domains: HashMap<String, Arc<Senders>>,
}

/// By [`SenderPattern::key`].
type Senders = HashMap<Arc<str>, Arc<Block>>;

impl BlockList {
    /// The block that is for mail from `sender` to an alias of `domain`: one of the domain before one for all, a narrow
    /// one before a wide one.
    pub fn check(&self, domain: &Domain, sender: &Mailbox) -> Option<&Arc<Block>> {
        let of_domain = self.domains.get(domain.key());
        of_domain.and_then(|set| find(set, sender)).or_else(|| find(&self.everywhere, sender))
    }

    /// Puts a block in the place of the one that means the same, if there is one.
    pub fn put(&mut self, block: Block) {
        let set = match &block.domain {
            Some(domain) => self.domains.entry(domain.to_key()).or_default(),
            None => &mut self.everywhere,
        };
        Arc::make_mut(set).insert(block.pattern.key().into(), Arc::new(block));
    }

    /// Takes a block away: by the key of its domain, empty for all, and that of its pattern.
    pub fn remove(&mut self, domain: &str, pattern: &str) {
        if domain.is_empty() {
            Arc::make_mut(&mut self.everywhere).remove(pattern);
            return;
        }
        let Some(set) = self.domains.get_mut(domain) else { return };
        Arc::make_mut(set).remove(pattern);
        if set.is_empty() {
            self.domains.remove(domain);
        }
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Block> {
        let of_domains = self.domains.values().flat_map(|set| set.values());
        self.everywhere.values().chain(of_domains).map(Arc::as_ref)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.everywhere.len() + self.domains.values().map(|set| set.len()).sum::<usize>()
    }

    /// True when nobody is blocked.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Blocks for BlockList {
    fn of_domain(&self, domain: &Domain, sender: &Mailbox) -> Option<SenderPattern> {
        let set = self.domains.get(domain.key())?;
        find(set, sender).map(|block| block.pattern.clone())
    }

    fn of_all(&self, sender: &Mailbox) -> Option<SenderPattern> {
        find(&self.everywhere, sender).map(|block| block.pattern.clone())
    }

    fn any_for(&self, domain: &Domain) -> bool {
        !self.everywhere.is_empty() || self.domains.contains_key(domain.key())
    }
}

/// The narrowest that is for `sender`.
fn find<'a>(set: &'a Senders, sender: &Mailbox) -> Option<&'a Arc<Block>> {
    match set.is_empty() {
        true => None,
        false => SenderPattern::keys_of(sender).find_map(|key| set.get(key.as_str())),
    }
}

impl FromIterator<Block> for BlockList {
    fn from_iter<I: IntoIterator<Item = Block>>(blocks: I) -> Self {
        let mut all = Self::default();
        blocks.into_iter().for_each(|block| all.put(block));
        all
    }
}

/// `@shop.example for example.org (note: spam)`: the form in listings.
impl fmt::Display for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.pattern)?;
        match &self.domain {
            Some(domain) => write!(f, " for {domain}")?,
            None => f.write_str(" for all")?,
        }
        match &self.note {
            Some(note) => write!(f, " (note: {note})"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(domain: Option<&str>, pattern: &str) -> Block {
        Block {
            domain: domain.map(|name| Domain::parse(name).unwrap()),
            pattern: SenderPattern::parse(pattern).unwrap(),
            note: None,
            added: UnixTime::new(0),
        }
    }

    #[test]
    fn the_block_of_the_domain_comes_first_and_of_its_the_narrowest() {
        let blocks: BlockList = [
            block(None, "@shop.test"),
            block(None, "a@shop.test"),
            block(None, "*.spam.test"),
            block(Some("x.test"), "@shop.test"),
            block(Some("y.test"), "*"),
        ]
        .into_iter()
        .collect();
        assert_eq!(blocks.len(), 5);
        for (domain, sender, found) in [
            ("x.test", "A@Shop.test", Some("@shop.test for x.test")),
            ("z.test", "a@shop.test", Some("a@shop.test for all")),
            ("z.test", "b@shop.test", Some("@shop.test for all")),
            ("z.test", "b@a.shop.test", None),
            ("X.test", "b@a.b.spam.test", Some("*.spam.test for all")),
            ("x.test", "b@spam.test", None),
            ("y.test", "b@c.test", Some("* for y.test")),
        ] {
            let domain = Domain::parse(domain).unwrap();
            let found_here = blocks.check(&domain, &Mailbox::parse(sender).unwrap());
            assert_eq!(found_here.map(ToString::to_string).as_deref(), found, "{domain} {sender}");
        }
        let domain = Domain::parse("x.test").unwrap();
        let sender = Mailbox::parse("a@b.test").unwrap();
        assert!(
            BlockList::default().is_empty()
                && BlockList::default().check(&domain, &sender).is_none()
        );
    }
}
