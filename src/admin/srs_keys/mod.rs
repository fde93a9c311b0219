use super::{Failure, secret_file};
use crate::srs::{Fingerprint, SHORT_SECRET, file_secrets};
use serde::Serialize;
use std::{io::Write, path::Path};
use zeroize::Zeroizing;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Adds a new random secret, which signs from now on
    ///
    /// Those there were go on verifying, so that addresses already out come back.
    Add {
        /// Verify with the new secret, and go on signing with the old one
        ///
        /// The first step where several servers share their secrets.
        #[arg(long)]
        verify_only: bool,
    },
    /// Lists the secrets by their fingerprints
    List {
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Removes a secret: addresses signed with it no longer come back
    Retire {
        /// As listed
        fingerprint: String,
    },
}

pub(super) fn run(command: Command, file: &Path, out: &mut impl Write) -> Result<(), Failure> {
    match command {
        Command::Add { verify_only } => add(verify_only, file, out),
        Command::List { json } => list(json, file, out),
        Command::Retire { fingerprint } => retire(&fingerprint, file, out),
    }
}

fn add(verify_only: bool, file: &Path, out: &mut impl Write) -> Result<(), Failure> {
    let secret = secret_file::new_secret()?;
    secret_file::edit(file, |old| {
        let mut new = Zeroizing::new(Vec::with_capacity(old.len() + secret.len() + 2));
        if verify_only {
            new.extend_from_slice(old);
            if !old.is_empty() && !old.ends_with(b"\n") {
                new.push(b'\n');
            }
        }
        new.extend_from_slice(secret.as_bytes());
        new.push(b'\n');
        if !verify_only {
            new.extend_from_slice(old);
        }
        Ok(new)
    })?;
    let fingerprint = Fingerprint::of(secret.as_bytes());
    let keyring = secret_file::keyring(file)?;
    let role = Role::of(keyring.fingerprints().first() == Some(&fingerprint));
    writeln!(out, "added {fingerprint}, which {}", role.as_str())?;
    Ok(())
}

#[derive(Serialize)]
struct Line {
    fingerprint: String,
    signs: bool,
    short: bool,
}

fn list(json: bool, file: &Path, out: &mut impl Write) -> Result<(), Failure> {
    let keyring = secret_file::keyring(file)?;
    let short = keyring.short_secrets();
    for (index, fingerprint) in keyring.fingerprints().into_iter().enumerate() {
        let (signs, short) = (index == 0, short.contains(&fingerprint));
        if json {
            let line = Line { fingerprint: fingerprint.to_string(), signs, short };
            serde_json::to_writer(&mut *out, &line).map_err(std::io::Error::from)?;
            writeln!(out)?;
            continue;
        }
        write!(out, "{fingerprint}  {}", Role::of(signs).as_str())?;
        if short {
            write!(out, "  (shorter than {SHORT_SECRET} octets: might be guessed)")?;
        }
        writeln!(out)?;
    }
    Ok(())
}

fn retire(fingerprint: &str, file: &Path, out: &mut impl Write) -> Result<(), Failure> {
    let fingerprint = Fingerprint::parse(fingerprint).ok_or_else(|| {
        Failure::new("a fingerprint is 8 hexadecimal digits, as `list` shows them")
    })?;
    secret_file::edit(file, |old| {
        let mut new = Zeroizing::new(Vec::with_capacity(old.len() + 1));
        for (_, secret) in file_secrets(old) {
            if Fingerprint::of(secret) != fingerprint {
                new.extend_from_slice(secret);
                new.push(b'\n');
            }
        }
        let count = |file| file_secrets(file).count();
        if count(&new) == count(old) {
            return Err(Failure::file(file, format_args!("no secret {fingerprint}")));
        }
        if new.is_empty() {
            let why = format_args!("{fingerprint} is the only secret; add another first");
            return Err(Failure::file(file, why));
        }
        Ok(new)
    })?;
    let signing = secret_file::keyring(file)?
        .fingerprints()
        .first()
        .map(ToString::to_string)
        .unwrap_or_default();
    writeln!(out, "retired {fingerprint}; {signing} signs")?;
    Ok(())
}

/// What a secret is for.
enum Role {
    Signs,
    Verifies,
}

impl Role {
    fn of(signs: bool) -> Self {
        if signs { Self::Signs } else { Self::Verifies }
    }

    fn as_str(&self) -> &'static str {
        match self {
            Self::Signs => "signs",
            Self::Verifies => "verifies",
        }
    }
}
