use super::{MAX_PASSWORDS, MAX_SEND_AS, SendAs};
use crate::address::{AddressError, Mailbox};

/// What is wrong with an account that is to be. The message says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AccountError {
    /// No address and no domain.
    #[error("{0:?} is nobody to send as: {1}; it is an address, or *@domain for a whole domain")]
    SendAs(String, AddressError),
    /// An asterisk that stands for a part of a local part.
    #[error(
        "{0:?} is nobody to send as: * stands for all addresses of a domain only, as in *@example.org"
    )]
    Glob(String),
    /// A regex, which could match what nobody thought of.
    #[error("{0:?} is nobody to send as: name the addresses, or *@domain for a whole domain")]
    Regex(String),
    /// Mail from an address literal cannot be signed.
    #[error("{0} is of an address literal, which has no mail of its own here")]
    Literal(Mailbox),
    /// An account that could send nothing.
    #[error(
        "{0} has to send as somebody: --as ADDRESS, or --as '*@domain'; onward account remove {0} removes it"
    )]
    SendsAsNobody(Mailbox),
    /// More than are looked through for a message.
    #[error(
        "an account sends as at most {MAX_SEND_AS} addresses; for all of a domain: --as '*@domain'"
    )]
    TooManySendAs,
    /// It never sent as that.
    #[error("{account} does not send as {send_as}; see onward account show {account}")]
    NotGranted {
        /// The account.
        account: Mailbox,
        /// What is not among what it sends as.
        send_as: SendAs,
    },
    /// No label.
    #[error(
        "a label is a name for a password of 1 to 64 characters in one line, such as \"phone\""
    )]
    Label,
    /// More than are compared at a login.
    #[error(
        "{0} has {MAX_PASSWORDS} passwords already, which is the most; first: onward account password revoke {0} --label L"
    )]
    TooManyPasswords(Mailbox),
}
