//! `onward dkim`: the keys with which Onward signs what it sends.

#[path = "../admin/dkim_keys/file.rs"]
mod file;

use super::{Context, Failure, time::rfc3339};
use crate::{
    address::Domain,
    auth::dkim::{KeyFile, KeyKind, KeyState, Selector, SigningKey, new_key},
    clock,
};
use serde::Serialize;
use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::ExitCode,
};
use zeroize::Zeroizing;

/// Nothing larger is a key.
const MAX_FILE: u64 = 64 << 10;
/// What Gmail recommends, and RFC 8301 for new keys.
const GOOD_RSA_BITS: usize = 2048;

/// Keeps the DKIM keys that sign forwards and notices of failure
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Adds, lists and retires keys, and prints what to publish in DNS
    #[command(subcommand)]
    Key(KeyCommand),
}

#[derive(Debug, clap::Subcommand)]
enum KeyCommand {
    /// Adds a key of a domain, and prints the TXT record to publish
    ///
    /// Forwards are signed by the SRS domain, munged ones by that of the alias. The newest key of each
    /// kind signs from now on; receivers do not count the signature until they see the record.
    Add {
        /// The domain that signs
        domain: Domain,
        /// The name of the key in DNS [default: one with today's date]
        #[arg(long)]
        selector: Option<String>,
        /// rsa is understood by all receivers, ed25519 is short and quick
        #[arg(long, value_name = "KIND", default_value = "rsa", conflicts_with = "import")]
        kind: Kind,
        /// A private key in PEM, such as one of OpenDKIM
        #[arg(long, value_name = "FILE")]
        import: Option<PathBuf>,
        /// Sign only after `activate`, when the record is in DNS
        #[arg(long)]
        staged: bool,
    },
    /// Lets a staged or retired key sign
    Activate {
        /// The domain
        domain: Domain,
        /// As listed
        selector: String,
    },
    /// Stops signing with a key; its record should stay in DNS for a week, as mail is on its way
    Retire {
        /// The domain
        domain: Domain,
        /// As listed
        selector: String,
    },
    /// Lists the keys
    List {
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Prints the TXT records to publish, as lines of a zone file
    Dns {
        /// Only those of this domain
        domain: Option<Domain>,
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Kind {
    Rsa,
    Ed25519,
}

/// `onward dkim`.
///
/// # Errors
/// When there is no such key, a file is no key, or the state directory cannot be written.
pub fn run(args: Args, context: &Context) -> Result<ExitCode, Failure> {
    let config = context.config()?;
    let (state_dir, out) = (config.state_dir.as_path(), &mut context.out());
    let Command::Key(command) = args.command;
    match command {
        KeyCommand::Add { domain, selector, kind, import, staged } => {
            let selector = selector.as_deref().map(parse_selector).transpose()?;
            let pem = match import {
                Some(file) => read(&file)?,
                None => {
                    let kind = match kind {
                        Kind::Rsa => KeyKind::Rsa,
                        Kind::Ed25519 => KeyKind::Ed25519,
                    };
                    let pem = new_key(kind).map_err(Failure::new)?;
                    Zeroizing::new(pem.as_bytes().to_vec())
                }
            };
            let state = if staged { KeyState::Staged } else { KeyState::Active };
            add(state_dir, &domain, selector, &pem, state, out)?;
        }
        KeyCommand::Activate { domain, selector } => {
            let selector = change(state_dir, &domain, &selector, KeyState::Active)?;
            writeln!(out, "{selector} signs for {domain} from now on")?;
        }
        KeyCommand::Retire { domain, selector } => {
            let selector = change(state_dir, &domain, &selector, KeyState::Retired)?;
            writeln!(
                out,
                "{selector} signs no more; leave its record in DNS for a week, as mail is on its way"
            )?;
        }
        KeyCommand::List { json } => list(state_dir, json, out)?,
        KeyCommand::Dns { domain, json } => dns(state_dir, domain.as_ref(), json, out)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn add(
    state_dir: &Path,
    domain: &Domain,
    selector: Option<Selector>,
    pem: &[u8],
    state: KeyState,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let parse = |selector: &Selector| {
        SigningKey::parse(domain.clone(), selector.clone(), pem).map_err(Failure::new)
    };
    let selector = match selector {
        Some(selector) => selector,
        None => {
            let kind = parse(&parse_selector("any")?)?.kind();
            let today: String =
                rfc3339(clock::millis()).chars().take(10).filter(|c| *c != '-').collect();
            parse_selector(&format!("onward-{today}-{kind}"))?
        }
    };
    let key = parse(&selector)?;
    if let Some(known) = find(state_dir, domain, &selector)? {
        let what = format_args!(
            "there is a {} key of that name already; choose another with --selector",
            known.state
        );
        return Err(Failure::file(&known.path, what));
    }
    let path = KeyFile::path(state_dir, domain, &selector, state);
    file::write_new(state_dir, &path, pem)?;
    let signs = match state {
        KeyState::Active => "it signs from now on",
        _ => "it signs once it is activated",
    };
    writeln!(out, "added {selector}, {} for {domain}; {signs}. Publish:", kind_of(&key))?;
    writeln!(out, "{}", key.zone_line())?;
    if key.kind() == KeyKind::Rsa && key.bits() < GOOD_RSA_BITS {
        writeln!(out, "It has {} bits: some receivers want {GOOD_RSA_BITS}.", key.bits())?;
    }
    Ok(())
}

/// Gives a key another state.
fn change(
    state_dir: &Path,
    domain: &Domain,
    selector: &str,
    state: KeyState,
) -> Result<Selector, Failure> {
    let selector = parse_selector(selector)?;
    let Some(found) = find(state_dir, domain, &selector)? else {
        return Err(Failure::new(format_args!(
            "{domain} has no key {selector}; `onward dkim key list` shows all"
        )));
    };
    if found.state == state {
        return Err(Failure::new(format_args!("{selector} of {domain} is {state} already")));
    }
    // A key that is none must not sign.
    found.key().map_err(|(file, error)| Failure::file(&file, error))?;
    let path = KeyFile::path(state_dir, domain, &selector, state);
    if state == KeyState::Active {
        // The newest signs.
        file::touch(&found.path)?;
    }
    file::rename(&found.path, &path)?;
    Ok(selector)
}

fn find(
    state_dir: &Path,
    domain: &Domain,
    selector: &Selector,
) -> Result<Option<KeyFile>, Failure> {
    let is_it = |file: &KeyFile| file.domain == *domain && file.selector == *selector;
    Ok(all(state_dir)?.into_iter().find(is_it))
}

fn all(state_dir: &Path) -> Result<Vec<KeyFile>, Failure> {
    KeyFile::all(state_dir).map_err(|(file, error)| Failure::file(&file, error))
}

/// The object of `--json`. Its fields are a promise to scripts.
#[derive(Serialize)]
struct Line {
    domain: String,
    selector: String,
    state: &'static str,
    kind: &'static str,
    bits: usize,
    dns_name: String,
    dns_text: String,
}

impl Line {
    fn of(file: &KeyFile, key: &SigningKey) -> Self {
        Self {
            domain: file.domain.to_string(),
            selector: file.selector.to_string(),
            state: file.state.as_str(),
            kind: key.kind().as_str(),
            bits: key.bits(),
            dns_name: key.dns_name(),
            dns_text: key.dns_text(),
        }
    }

    fn write(&self, out: &mut impl Write) -> Result<(), Failure> {
        serde_json::to_writer(&mut *out, self).map_err(std::io::Error::from)?;
        writeln!(out)?;
        Ok(())
    }
}

fn list(state_dir: &Path, json: bool, out: &mut impl Write) -> Result<(), Failure> {
    for file in all(state_dir)? {
        match file.key() {
            Ok(key) if json => Line::of(&file, &key).write(out)?,
            Ok(key) => writeln!(
                out,
                "{}  {}  {}  {}",
                file.domain,
                file.selector,
                file.state,
                kind_of(&key)
            )?,
            Err((path, error)) if json => return Err(Failure::file(&path, error)),
            Err((path, error)) => writeln!(out, "{}: {error}", path.display())?,
        }
    }
    Ok(())
}

fn dns(
    state_dir: &Path,
    domain: Option<&Domain>,
    json: bool,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let mut files = all(state_dir)?;
    files.retain(|file| domain.is_none_or(|domain| file.domain == *domain));
    if files.is_empty() {
        let whose = domain.map_or_else(String::new, |domain| format!(" of {domain}"));
        return Err(Failure::new(format_args!(
            "there is no key{whose}; `onward dkim key add DOMAIN` makes one"
        )));
    }
    for file in files {
        let key = file.key().map_err(|(file, error)| Failure::file(&file, error))?;
        match json {
            true => Line::of(&file, &key).write(out)?,
            false => writeln!(out, "; {}\n{}", file.state, key.zone_line())?,
        }
    }
    Ok(())
}

fn kind_of(key: &SigningKey) -> String {
    match key.kind() {
        KeyKind::Rsa => format!("rsa of {} bits", key.bits()),
        KeyKind::Ed25519 => "ed25519".to_owned(),
    }
}

fn parse_selector(text: &str) -> Result<Selector, Failure> {
    Selector::parse(text).ok_or_else(|| {
        Failure::Usage(format!(
            "{text:?} is no selector: letters, digits and hyphens, in labels between dots"
        ))
    })
}

fn read(file: &Path) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let failed = |error: std::io::Error| Failure::file(file, error);
    if fs::metadata(file).map_err(failed)?.len() > MAX_FILE {
        return Err(Failure::file(file, "too large for a key"));
    }
    fs::read(file).map(Zeroizing::new).map_err(failed)
}
