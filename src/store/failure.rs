use super::{AccountChangeError, ChangeError, SessionChangeError, TokenChangeError};

/// What can end a transaction that changes domains and aliases, or accounts; `E` is what the database says.
#[derive(Debug)]
pub(super) enum Failure<R, E> {
    Refused(R),
    Database(E),
}

impl<E> From<ChangeError> for Failure<ChangeError, E> {
    fn from(error: ChangeError) -> Self {
        Self::Refused(error)
    }
}

impl<E> From<AccountChangeError> for Failure<AccountChangeError, E> {
    fn from(error: AccountChangeError) -> Self {
        Self::Refused(error)
    }
}

impl<E> From<TokenChangeError> for Failure<TokenChangeError, E> {
    fn from(error: TokenChangeError) -> Self {
        Self::Refused(error)
    }
}

impl<E> From<SessionChangeError> for Failure<SessionChangeError, E> {
    fn from(error: SessionChangeError) -> Self {
        Self::Refused(error)
    }
}
