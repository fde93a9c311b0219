//! Our own DKIM signatures (RFC 6376): the keys, where they lie, and what is signed.

mod key;
mod keys;
mod sign;

pub use key::{KeyError, KeyKind, SigningKey, new_key};
pub use keys::{KeyPlace, KeyState, KeyUnreadable, Selector, SigningKeys, StoredKey, directory};
pub use sign::SignedBody;
