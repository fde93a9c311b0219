//! Who sent a message, as far as DNS can tell: [`spf`] is our own; DKIM, DMARC and ARC are computed by
//! mail-auth, behind bounds and corrections of ours.

mod check;
pub mod dkim;
mod dmarc;
mod keys;
mod signatures;
pub mod spf;
mod view;

pub use check::{Checked, Incoming, aside, check};
