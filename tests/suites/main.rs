//! Outside test suites: data that is read here and that the repository does not contain. They lie in
//! `$SUITES_DIR`, in `shared/suites` beside the repository, or in `target/suites`, where `tests/run` fetches what packages
//! have; with `CI=true` they must be there.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stderr
)]

// Only its DNS server is of use here.
#[allow(unused_imports)]
#[path = "../support/mod.rs"]
mod support;

mod arc;
mod arc_hops;
mod self_check;
mod spf;

use std::path::{Path, PathBuf};

/// The text of a suite; `None`: skip.
fn suite(name: &str) -> Option<String> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let asked_for = std::env::var_os("SUITES_DIR").map(PathBuf::from);
    let places = [asked_for, Some(here.join("../shared/suites")), Some(here.join("target/suites"))];
    let files = places.into_iter().flatten().map(|place| place.join(name));
    let text = files.into_iter().find_map(|file| std::fs::read_to_string(file).ok());
    if text.is_none() {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "CI=true and {name} is missing");
        eprintln!("skipped: {name} is missing");
    }
    text
}
