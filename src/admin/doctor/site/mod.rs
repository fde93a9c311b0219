//! What is wrong around Onward: DNS, this machine, the way out and back.

mod dns;
mod examine;
mod facts;
mod mta_sts;
mod round_trip;
mod spf;
#[cfg(test)]
mod tests;

pub(super) use examine::examine;
pub(super) use facts::{Asked, gather};
pub(super) use round_trip::round_trip;
