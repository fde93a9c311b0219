//! Who sent a message, as far as DNS can tell. [`spf`] and [`arc`] are evaluators of our own, DKIM and
//! DMARC are computed by mail-auth, behind bounds and corrections of ours; [`dkim`] signs what leaves.

mod alignment;
pub mod arc;
mod body;
mod check;
pub mod dkim;
mod dmarc;
mod records;
mod signatures;
pub mod spf;
mod view;

pub use alignment::are_joined_by_policy;
pub use check::{Broken, Checked, Incoming, SenderSpf, aside, check};
pub use records::Records;
