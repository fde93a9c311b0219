use crate::{
    address::{AddressError, Domain},
    admin::aliases::RecordError,
    alias::{AliasError, EditError, SettingsError},
    store::ChangeError,
};

/// Why something is not accepted, as what it is: an answer says it in English words, and the page in those of whoever reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Cause {
    /// It is missing.
    Missing,
    /// It is a time that is over.
    Past,
    /// It is none of what is accepted there.
    Other,
    /// It is no address.
    Address(AddressError),
    /// It is no part of an alias.
    Alias(AliasError),
    /// Nothing can be replaced by it.
    Edit(EditError),
    /// It cannot be set for a domain.
    Settings(SettingsError),
    /// Only what forwards has destinations.
    NotForwarding,
    /// Only what replies has a text.
    NotReplying,
    /// There is one already.
    Exists(String),
    /// There is none.
    NoAlias(String),
    /// The domain is not hosted.
    NotHosted(Domain),
    /// It is an address literal.
    Literal(Domain),
    /// The aliases would lead back to themselves. Through what is not said: it may be others' aliases.
    Loop,
    /// The chain of aliases would be too long.
    TooDeep,
    /// There are as many regexes as may be.
    TooManyPatterns,
    /// It has the form of an SRS address.
    SrsShaped(String),
    /// There would be so many blocks.
    TooManyBlocks(u64),
    /// Everybody would be blocked.
    BlocksEverything,
    /// It is another one by now.
    Changed,
}

impl From<&ChangeError> for Cause {
    fn from(error: &ChangeError) -> Self {
        match error {
            ChangeError::UnknownDomain(domain) | ChangeError::NoSuchDomain(domain) => {
                Self::NotHosted(domain.clone())
            }
            ChangeError::Alias(error) => Self::Alias(error.clone()),
            ChangeError::Literal(domain) => Self::Literal(domain.clone()),
            ChangeError::Exists { existing } => Self::Exists(existing.address().to_string()),
            ChangeError::NoSuchAlias(address) => Self::NoAlias(address.clone()),
            ChangeError::Cycle(_) => Self::Loop,
            ChangeError::TooDeep(_) => Self::TooDeep,
            ChangeError::TooManyPatterns => Self::TooManyPatterns,
            ChangeError::SrsShaped(mailbox) => Self::SrsShaped(mailbox.to_string()),
            ChangeError::TooManyBlocks(count) => Self::TooManyBlocks(*count),
            ChangeError::BlocksEverything => Self::BlocksEverything,
            ChangeError::SettingsChanged(_) => Self::Changed,
            // What lists are applied by, and what whoever asks sees to by himself.
            ChangeError::Twice(_)
            | ChangeError::Removes { .. }
            | ChangeError::HasAliases { .. }
            | ChangeError::NoSuchBlock { .. }
            | ChangeError::Store(_) => Self::Other,
        }
    }
}

impl From<&RecordError> for Cause {
    fn from(error: &RecordError) -> Self {
        match error {
            RecordError::Alias(error) => Self::Alias(error.clone()),
            RecordError::Kind(_) => Self::Other,
            RecordError::Destinations => Self::NotForwarding,
            RecordError::Text => Self::NotReplying,
        }
    }
}

impl From<AliasError> for Cause {
    fn from(error: AliasError) -> Self {
        Self::Alias(error)
    }
}
