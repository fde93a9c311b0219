//! The Sender Rewriting Scheme: a reverse-path that passes SPF at the forwarder, and from which a
//! bounce finds back to whoever wrote.
//!
//! [`Rewriter::forward`] turns `alice@sender.test` into `SRS0=TAG=TT=sender.test=alice@us` and the SRS0
//! or SRS1 address of another forwarder into an SRS1 address that names it; [`Rewriter::reverse`]
//! undoes either, if the tag is one of ours. `docs/SRS.md` has the format and the choices made.

mod form;
mod keyring;
mod rewriter;
mod settings;
mod tag;
mod timestamp;
mod token;
mod uses;

pub use form::{is_srs_prefixed, is_srs_shaped, missing_part};
pub use keyring::{Fingerprint, Keyring, KeyringError, SHORT_SECRET, file_secrets};
pub use rewriter::{ForwardError, Forwarded, ReverseError, Reversed, Rewriter};
pub use settings::{Separator, Settings, SettingsError};
pub use tag::{Returns, TagKind};
pub use token::Token;
pub use uses::{Use, UseLimits, UsedUp, Uses};

#[cfg(test)]
mod tests;
