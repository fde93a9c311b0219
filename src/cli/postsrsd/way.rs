//! What is written, what stands in its way, and what is to be done next.

use super::settings::SocketUnit;
use crate::{
    admin::srs_keys::{self, keyring},
    cli::{
        Failure, files,
        unit::{Unit, is_taken},
    },
    config::{ListenAddress, service::Owner},
    srs::Keyring,
};
use rustix::fs::{Access, access};
use std::{
    fs,
    path::{Path, PathBuf},
};
use zeroize::Zeroizing;

/// The files of the new configuration.
pub(super) struct Way<'a> {
    pub(super) config_file: &'a Path,
    pub(super) secret_file: &'a Path,
    pub(super) state_dir: &'a Path,
}

impl Way<'_> {
    /// Those of PostSRSd.
    ///
    /// # Errors
    /// When they cannot be read, or are none.
    pub(super) fn secrets(&self, file: &Path) -> Result<Zeroizing<Vec<u8>>, Failure> {
        let secrets = fs::read(file).map(Zeroizing::new).map_err(|e| Failure::file(file, e))?;
        Keyring::parse(&secrets).map_err(|error| Failure::file(file, error))?;
        Ok(secrets)
    }

    /// All that makes writing fail.
    pub(super) fn hindrances(
        &self,
        secrets: Option<&Failure>,
        sockets: &[SocketUnit],
    ) -> Vec<String> {
        let plain = |failure: &Failure| {
            let text = failure.to_string();
            text.strip_prefix("onward: ").map(ToOwned::to_owned).unwrap_or(text)
        };
        let mut found = Vec::from_iter(secrets.map(plain));
        found.extend(files::must_not_exist(self.config_file).err().as_ref().map(plain));
        if self.secret_file.exists()
            && let Err(error) = keyring(self.secret_file)
        {
            found.push(error.to_string());
        }
        for (file, _) in sockets.iter().filter_map(SocketUnit::drop_in) {
            found.extend(files::must_not_exist(&file).err().as_ref().map(plain));
            found.extend(not_writable(&file));
        }
        found.extend(not_writable(self.config_file));
        if !self.state_dir.is_dir() {
            found.extend(not_writable(self.state_dir));
        }
        found
    }

    /// Writes it all, or nothing, and says how many secrets were there and are kept behind those of PostSRSd.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub(super) fn write(
        &self,
        config: &str,
        secrets: &Zeroizing<Vec<u8>>,
        sockets: &[SocketUnit],
        daemon: Option<Owner>,
    ) -> Result<usize, Failure> {
        let drop_ins: Vec<(PathBuf, String)> =
            sockets.iter().filter_map(SocketUnit::drop_in).collect();
        let mut written: Vec<(&Path, &str, u32)> =
            drop_ins.iter().map(|(file, text)| (file.as_path(), text.as_str(), 0o644)).collect();
        written.push((self.config_file, config, 0o644));
        files::write_all_new(&written, daemon)?;
        let done = srs_keys::put_first(self.secret_file, secrets).map_err(Failure::from);
        let done = done.and_then(|kept| {
            daemon.map_or(Ok(()), |daemon| files::share(self.secret_file, daemon)).map(|()| kept)
        });
        if done.is_err() {
            for (file, ..) in written {
                let _ = fs::remove_file(file);
            }
        }
        done
    }
}

/// Why `file` cannot be made.
fn not_writable(file: &Path) -> Option<String> {
    let directory = file.ancestors().skip(1).find(|directory| directory.exists())?;
    let error = access(directory, Access::WRITE_OK).err()?;
    Some(format!("{}: {error}", directory.display()))
}

/// Ports that the new service is to have and another program has; and whether that is not PostSRSd, which is to stop.
pub(super) fn taken(listen: &[ListenAddress]) -> (Vec<String>, bool) {
    let is_postsrsd = runs("postsrsd");
    let who = match is_postsrsd {
        true => "PostSRSd, for one, runs: it is stopped before Onward starts",
        false => "it is not PostSRSd, and `ss -ltnp` shows which",
    };
    let taken = listen.iter().filter(|address| is_taken(address));
    let taken: Vec<_> = taken.map(|address| format!("a program has {address}; {who}")).collect();
    let is_foreign = !taken.is_empty() && !is_postsrsd;
    (taken, is_foreign)
}

/// Whether there is a process of this name.
fn runs(name: &str) -> bool {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    processes
        .filter_map(|process| fs::read_to_string(process.path().join("comm")).ok())
        .any(|comm| comm.trim_end() == name)
}

/// The commands that put Onward in the place of PostSRSd, now and after the next boot.
pub(super) fn next_steps(unit: &Unit, listen: &[ListenAddress], sockets: &[SocketUnit]) -> String {
    if !unit.is_there {
        return "next: stop postsrsd for good (systemctl disable --now postsrsd), and `onward serve`; its users are \
                Postfix's tables as before\n"
            .to_owned();
    }
    let mut text = "\nNext; Postfix's tables stay as they are:\n".to_owned();
    let mut step = |command: &str| text.push_str(&format!("  {command}\n"));
    step("onward check");
    step("systemctl disable --now postsrsd");
    if sockets.iter().any(|socket| socket.drop_in().is_some()) {
        step("systemctl daemon-reload");
    }
    step(&Unit::enable(listen));
    step("onward doctor --postfix");
    text
}
