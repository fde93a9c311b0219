//! All end-to-end tests, one module a topic.
#[path = "../support/mod.rs"]
mod support;

mod journal;
mod dialogs;
mod cli;
mod crash;
mod failing_destination;
mod load;
mod postfix;
mod start;
mod stop;
mod hardship;
mod limits;
mod proxy;
mod support_selftest;
