//! What is alike of commands that make what proves somebody, and show it once: `onward token` and `onward web`.

use super::{
    Context, Failure,
    context::{Purpose, block_on, note, with_store, write_json},
    table::Cell,
    time::minute,
};
use crate::{
    admin::Store,
    config::{Config, Served},
};
use serde::Serialize;
use std::{
    collections::BTreeMap,
    io::{self, BufWriter, StdoutLock, Write},
    process::ExitCode,
};

/// Runs `work` on the store, and then says on stderr what it gives.
///
/// # Errors
/// That of `work`, or when the store cannot be opened.
pub(super) fn run(
    context: &Context,
    purpose: Purpose,
    work: impl AsyncFnOnce(
        &Store,
        &Config,
        &mut BufWriter<StdoutLock<'static>>,
    ) -> Result<Vec<String>, Failure>,
) -> Result<ExitCode, Failure> {
    let config = context.config()?;
    let mut out = BufWriter::new(context.out());
    let notes = block_on(with_store(&config, purpose, async |store| {
        let notes = work(store, &config, &mut out).await?;
        out.flush()?;
        Ok(notes)
    }))?;
    notes.into_iter().try_for_each(note)?;
    Ok(ExitCode::SUCCESS)
}

/// What was made, and what proves it.
pub(super) struct Made<'a, R> {
    /// What `--json` calls what proves it.
    pub(super) name: &'static str,
    pub(super) proof: &'a str,
    pub(super) record: &'a R,
}

impl<R: Serialize> Made<'_, R> {
    /// Shows it. Where nobody could see it, it is ended by `revoke`, as nobody will know it.
    ///
    /// # Errors
    /// When it cannot be written, or not be ended then.
    pub(super) async fn show(
        &self,
        json: bool,
        out: &mut impl Write,
        revoke: impl Future<Output = Result<(), Failure>>,
    ) -> Result<(), Failure> {
        let written = match json {
            true => write_json(out, &self.line()),
            false => writeln!(out, "{}", self.proof),
        };
        match written.and_then(|()| out.flush()) {
            Ok(()) => Ok(()),
            Err(error) => {
                revoke.await?;
                Err(error.into())
            }
        }
    }

    fn line(&self) -> impl Serialize {
        #[derive(Serialize)]
        struct Line<'a, R> {
            #[serde(flatten)]
            proof: BTreeMap<&'static str, &'a str>,
            #[serde(flatten)]
            record: &'a R,
        }
        Line { proof: BTreeMap::from([(self.name, self.proof)]), record: self.record }
    }
}

/// What is said where no listener has what it is for.
pub(super) fn no_listener(served: Served) -> String {
    let (what, word, file) = match served {
        Served::Web => ("the page", "web", "WEB.md"),
        _ => ("the API", "api", "API.md"),
    };
    format!(
        "no listener serves {what} yet: [[listen]] with protocol = \"http\" and serve = [\"{word}\"]; see docs/{file}"
    )
}

/// `; last used … by …`: the form in listings; `never` where it was not used.
pub(super) fn write_use(
    out: &mut impl Write,
    last_used: Option<&str>,
    client: Option<&str>,
    never: &str,
) -> io::Result<()> {
    match (last_used, client) {
        (Some(time), Some(client)) => write!(out, "; last used {time} by {client}"),
        (Some(time), None) => write!(out, "; last used {time}"),
        (None, _) => write!(out, "{never}"),
    }
}

/// `2026-01-31 12:00Z by …`: the same in a table.
pub(super) fn use_cell(last_used: Option<&str>, client: Option<&str>) -> Cell {
    match (last_used, client) {
        (Some(time), Some(client)) => format!("{} by {client}", minute(time)).into(),
        (Some(time), None) => minute(time).into(),
        (None, _) => "never".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A full disk, a reader that went away.
    struct Broken;

    impl Write for Broken {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_nobody_could_see_is_ended() {
        let made = Made { name: "token", proof: "onw_x", record: &BTreeMap::from([("id", "1")]) };
        for json in [false, true] {
            let mut revoked = 0;
            let shown = block_on(made.show(json, &mut Broken, async {
                revoked += 1;
                Ok(())
            }));
            assert!(shown.is_err());
            assert_eq!(revoked, 1);
        }
        let mut out = Vec::new();
        block_on(made.show(true, &mut out, async { panic!("it was seen") })).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "{\"token\":\"onw_x\",\"id\":\"1\"}\n");
    }
}
