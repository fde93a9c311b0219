//! What password managers and their extensions ask for, in the two dialects that they speak to a server of one's own: that
//! of addy.io and that of SimpleLogin. Octets of requests in, values out; values in, octets of answers out. Which
//! aliases there are is not known here.

pub mod addy;
mod dialect;
mod fields;
mod note;
mod query;
pub mod simplelogin;

pub use dialect::{Dialect, Fault, Refused};
pub use fields::{Fields, FieldsError};
pub use note::{MAX_NOTE, clean};
pub use query::Query;

use crate::{address::Mailbox, time::UnixTime};

/// An alias as both dialects tell of it. Where it leads is not told: whoever asks may not know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Its number: one alias has the same for ever.
    pub id: u32,
    /// Its address.
    pub address: Mailbox,
    /// Whether it is switched on.
    pub is_enabled: bool,
    /// What its owner wrote down of it.
    pub note: Option<String>,
    /// Messages that were forwarded.
    pub forwarded: u64,
    /// Messages that were refused.
    pub refused: u64,
    /// When a message was taken for it last.
    pub last_use: Option<UnixTime>,
    /// When it was made, where that is known.
    pub made: Option<UnixTime>,
}
