//! What Postfix asks a table, and what the answer can be, whichever protocol it comes in.

/// One look-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Question<'a> {
    /// The table that is asked.
    pub table: Table,
    /// What is looked up: any octets.
    pub key: &'a [u8],
}

/// The tables there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Table {
    /// `sender_canonical_maps`: a sender → the reverse-path with which it is forwarded.
    Forward,
    /// `recipient_canonical_maps`: an SRS address of ours → the sender it stands for.
    Reverse,
    /// `virtual_alias_maps`: an alias → its mailboxes.
    Alias,
    /// `virtual_alias_domains`, `relay_domains`: a hosted domain.
    Domains,
    /// `transport_maps`: a hosted domain, or an address there → our SMTP listener.
    Transport,
    /// `relay_recipient_maps`: an address that mail is taken for.
    Recipients,
}

/// What the table says. Each protocol has its words for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The value of the key.
    Found(String),
    /// A sender at the SRS domain, which stays as it is.
    Own(String),
    /// A sender at the SRS domain that is an SRS address of ours already.
    AlreadyRewritten,
    /// A sender whose domain is exempt.
    Exempt,
    /// What is asked for has no domain; the null sender, for one.
    NoDomain,
    /// What is asked for has a domain, and is no mail address all the same.
    NoAddress,
    /// An ordinary address, or an SRS address of somebody else.
    NotSrs,
    /// A part of an SRS address is missing or makes no sense; which.
    Malformed(&'static str),
    /// The tag of an SRS address was not made with a secret of ours.
    BadTag,
    /// The SRS address is too old.
    Expired,
    /// The SRS address is ours, and takes no returns.
    NoReturns,
    /// There is no such alias or domain.
    Nothing,
    /// The answer cannot be told now.
    Failed(&'static str),
}

impl Table {
    /// The table of that name.
    pub fn parse(name: &[u8]) -> Option<Self> {
        match name {
            b"forward" => Some(Self::Forward),
            b"reverse" => Some(Self::Reverse),
            b"alias" => Some(Self::Alias),
            b"domains" => Some(Self::Domains),
            b"transport" => Some(Self::Transport),
            b"recipients" => Some(Self::Recipients),
            _ => None,
        }
    }
}
