//! Messages that Onward answers for: taken when a destination is not ready, tried again until it is, and
//! in the end delivered, or their senders told.

mod added;
mod claiming;
mod claims;
mod conclude;
mod delay;
mod handle;
mod notice;
mod outcome;
mod own;
mod retry;
mod runner;
mod take;
mod transmit;
mod tried;

pub(crate) use added::Added;
pub(crate) use delay::tell_of_delays;
pub(crate) use handle::{Handle, Inbox};
pub(crate) use outcome::record_new;
pub(crate) use own::{Own, own_message, spool_own};
pub(crate) use runner::Runner;
pub(crate) use take::{NotTaken, Taking, keep, take};
