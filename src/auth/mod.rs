//! Who sent a message, as far as DNS can tell. [`spf`] and [`arc`] are evaluators of our own, DKIM and
//! DMARC are computed by mail-auth, behind bounds and corrections of ours; [`dkim`] signs what leaves.

pub mod arc;
mod body;
mod check;
pub mod dkim;
mod dmarc;
mod keys;
mod signatures;
pub mod spf;
mod view;

pub use check::{Checked, Incoming, SenderSpf, aside, check};
