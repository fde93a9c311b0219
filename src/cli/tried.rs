//! A command as the tests of its file give it.

use super::{Failure, context::block_on};
use crate::admin::{self, Place, Store};
use clap::{Args, Parser};
use std::path::Path;

#[derive(Parser)]
struct Line<A: Args> {
    #[command(flatten)]
    args: A,
}

/// The store in a state directory.
pub(super) fn store_in(state_dir: &Path) -> Store {
    block_on(async { Ok(admin::open(&Place::directory(state_dir)).await?) }).unwrap()
}

/// What a command writes, and what `run` gives; else what a person is told.
pub(super) fn tried<A: Args, T>(
    words: &[&str],
    run: impl AsyncFnOnce(A, &mut Vec<u8>) -> Result<T, Failure>,
) -> Result<(String, T), String> {
    let line = Line::<A>::try_parse_from([&["onward"], words].concat());
    let args = line.map_err(|error| error.to_string())?.args;
    let mut out = Vec::new();
    let given = block_on(run(args, &mut out)).map_err(|failure| format!("{failure:?}"))?;
    Ok((String::from_utf8_lossy(&out).into_owned(), given))
}
