//! The API, as programs ask it.

mod aliases;
mod client;
mod conforms;
mod faults;
mod life;
mod limits;
mod scopes;
mod traffic;

pub(crate) use client::{Answer, Api, octets, raw, token};
