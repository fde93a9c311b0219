//! All end-to-end tests, one module a topic.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice
)]

#[path = "../support/mod.rs"]
mod support;

mod accidents;
mod alias_rules;
mod alias_use;
mod api;
mod authentication;
mod bounces;
mod cli;
mod closed_files;
mod corpus;
mod crash;
mod delivered_to;
mod dialogs;
mod digest;
mod dnsbl;
mod doctor;
mod documents;
mod events;
mod failing_destination;
mod faults;
mod filter;
mod full_disk;
mod governor;
mod hardship;
mod idle_scrapers;
mod journal;
mod late;
mod limits;
mod load;
mod metrics;
mod model;
mod moved_database;
mod nodes;
mod nowhere;
mod password_managers;
mod postfix;
mod postsrsd;
mod proxy;
mod received;
mod reply_by_address;
mod returns;
mod service;
mod signed;
mod smart_hosts;
mod smuggling;
mod socket_access;
mod spool;
mod start;
mod stop;
mod submission;
mod support_selftest;
mod tags;
mod tls;
mod unsafe_aliases;
mod web;
