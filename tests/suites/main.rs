//! Outside test suites: data that is read here and that the repository does not contain. They lie in
//! `$SUITES_DIR`, or in `shared/suites` beside the repository; with `CI=true` they must be there.
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

/// The text of a suite; `None`: skip.
fn suite(name: &str) -> Option<String> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/suites");
    let directory = std::env::var("SUITES_DIR").unwrap_or_else(|_| beside.to_owned());
    let file = std::path::Path::new(&directory).join(name);
    match std::fs::read_to_string(&file) {
        Ok(text) => Some(text),
        Err(error) => {
            let missing = format!("{}: {error}", file.display());
            assert!(std::env::var("CI").as_deref() != Ok("true"), "CI=true and {missing}");
            eprintln!("skipped: {missing}");
            None
        }
    }
}
