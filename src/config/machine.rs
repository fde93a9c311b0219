use super::{unread, values::absolute_path};
use std::{fs, path::PathBuf, process::Command};

/// What the machine says about itself, for the keys that fall back to it.
#[derive(Debug, Clone, Default)]
pub struct Machine {
    /// The machine's name.
    pub hostname: String,
    /// `$STATE_DIRECTORY`, which wins over `state_dir`.
    pub state_directory: Option<PathBuf>,
    /// `$CREDENTIALS_DIRECTORY`: what systemd hands over by LoadCredential=.
    pub credentials_directory: Option<PathBuf>,
}

impl Machine {
    /// Asks the machine we run on.
    pub fn here() -> Self {
        // systemd separates several directories with colons; the first is ours.
        let state_directory = std::env::var_os("STATE_DIRECTORY").and_then(|list| {
            let first = list.to_str()?.split(':').next()?;
            (!first.is_empty()).then(|| PathBuf::from(first))
        });
        let hostname = gethostname::gethostname().to_string_lossy().into_owned();
        let credentials_directory = std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from);
        Self { hostname, state_directory, credentials_directory }
    }

    /// An absolute path, or `credential:NAME`.
    pub(super) fn secret_path(&self, text: &str) -> Result<PathBuf, String> {
        let Some(name) = text.strip_prefix("credential:") else { return absolute_path(text) };
        if name.is_empty() || name.contains('/') || name.starts_with('.') {
            return Err(format!("{name:?} is no name of a credential"));
        }
        match &self.credentials_directory {
            Some(directory) => Ok(directory.join(name)),
            None => {
                Err(format!("{text:?}: there are no credentials here ($CREDENTIALS_DIRECTORY)"))
            }
        }
    }

    /// What is in such a file.
    pub(super) fn secret_text(&self, text: &str) -> Result<String, String> {
        let file = self.secret_path(text)?;
        fs::read_to_string(file).map_err(|error| format!("{text:?}: {}", unread(&error, "")))
    }
}

/// The number of a group of this machine, by its name or number.
pub(super) fn group_id(text: &str) -> Result<u32, String> {
    if let Ok(number) = text.parse() {
        return Ok(number);
    }
    let of_line = |line: &str| {
        // name:password:number:members
        let mut fields = line.split(':');
        (fields.next() == Some(text)).then(|| fields.nth(1)?.parse().ok()).flatten()
    };
    let file = fs::read_to_string("/etc/group").unwrap_or_default();
    let found = file.lines().find_map(of_line).or_else(|| {
        // Of a directory service, which the file does not have.
        let is_name = text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b));
        let asked = is_name.then(|| Command::new("getent").args(["group", "--", text]).output());
        let answer = asked?.ok()?;
        String::from_utf8_lossy(&answer.stdout).lines().find_map(of_line)
    });
    found.ok_or_else(|| format!("this machine has no group {text:?}"))
}
