use super::{KeyError, SigningKey};
use crate::address::Domain;
use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
    time::SystemTime,
};

/// The keys that sign: of each domain the newest of each kind.
///
/// Keys lie in `dkim/DOMAIN/SELECTOR.pem` of the state directory. A file that ends in `.pem.staged` signs
/// later, one that ends in `.pem.retired` no more.
#[derive(Debug, Default)]
pub struct SigningKeys(Vec<SigningKey>);

/// A file with a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyFile {
    /// The domain that the key signs for.
    pub domain: Domain,
    /// The name of the key.
    pub selector: Selector,
    /// What is done with the key.
    pub state: KeyState,
    /// Where the file lies.
    pub path: PathBuf,
    changed: SystemTime,
}

/// What is done with a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyState {
    /// The key waits until its record is in DNS.
    Staged,
    /// The key signs, unless there is a newer one of its kind.
    Active,
    /// The key signs no more; what it has signed is still on its way.
    Retired,
}

/// The name of a key of a domain: lower-case labels of letters, digits and hyphens (RFC 6376 §3.1).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Selector(String);

/// The directory of the keys.
pub fn directory(state_dir: &Path) -> PathBuf {
    state_dir.join("dkim")
}

impl SigningKeys {
    /// Reads the active keys of a state directory.
    ///
    /// # Errors
    /// The file that is no key, and why; the directory that cannot be read.
    pub fn load(state_dir: &Path) -> Result<Self, (PathBuf, String)> {
        let mut files = KeyFile::all(state_dir)?;
        files.retain(|file| file.state == KeyState::Active);
        files.sort_by(|a, b| (b.changed, &b.selector).cmp(&(a.changed, &a.selector)));
        let mut keys: Vec<SigningKey> = Vec::new();
        for file in files {
            let key = file.key()?;
            let is_known =
                |known: &SigningKey| known.domain() == key.domain() && known.kind() == key.kind();
            if !keys.iter().any(is_known) {
                keys.push(key);
            }
        }
        keys.sort_by_key(SigningKey::kind);
        Ok(Self(keys))
    }

    /// The keys of exactly this domain, RSA first.
    pub fn of(&self, domain: &Domain) -> impl Iterator<Item = &SigningKey> {
        self.0.iter().filter(move |key| key.domain() == domain)
    }
}

impl KeyFile {
    /// All key files of a state directory, by domain and selector.
    ///
    /// # Errors
    /// The directory that cannot be read.
    pub fn all(state_dir: &Path) -> Result<Vec<Self>, (PathBuf, String)> {
        let directory = directory(state_dir);
        let mut files = Vec::new();
        for domain in entries(&directory)? {
            let name = domain.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let Ok(name) = Domain::parse(name) else { continue };
            for path in entries(&domain)? {
                files.extend(Self::at(&name, path));
            }
        }
        files.sort_by(|a, b| {
            (a.domain.to_key(), &a.selector).cmp(&(b.domain.to_key(), &b.selector))
        });
        Ok(files)
    }

    fn at(domain: &Domain, path: PathBuf) -> Option<Self> {
        let name = path.file_name()?.to_str()?;
        let (selector, state) = KeyState::ALL
            .into_iter()
            .find_map(|state| Some((name.strip_suffix(state.suffix())?, state)))?;
        let selector = Selector::parse(selector)?;
        let changed = fs::metadata(&path).and_then(|metadata| metadata.modified()).ok()?;
        Some(Self { domain: domain.clone(), selector, state, path, changed })
    }

    /// Where the file of a key lies.
    pub fn path(
        state_dir: &Path,
        domain: &Domain,
        selector: &Selector,
        state: KeyState,
    ) -> PathBuf {
        let name = format!("{selector}{}", state.suffix());
        directory(state_dir).join(domain.to_key()).join(name)
    }

    /// Reads the key from the file.
    ///
    /// # Errors
    /// The file, and what is wrong with it.
    pub fn key(&self) -> Result<SigningKey, (PathBuf, String)> {
        let wrong = |error: String| (self.path.clone(), error);
        let pem = fs::read(&self.path).map_err(|error| wrong(error.to_string()))?;
        let pem = zeroize::Zeroizing::new(pem);
        SigningKey::parse(self.domain.clone(), self.selector.clone(), &pem)
            .map_err(|error: KeyError| wrong(error.to_string()))
    }
}

/// What lies in a directory; nothing in one that does not exist.
fn entries(directory: &Path) -> Result<Vec<PathBuf>, (PathBuf, String)> {
    let failed = |error: io::Error| (directory.to_owned(), error.to_string());
    let read = match fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => return Ok(Vec::new()),
        read => read.map_err(failed)?,
    };
    read.map(|entry| Ok(entry.map_err(failed)?.path())).collect()
}

impl KeyState {
    const ALL: [Self; 3] = [Self::Staged, Self::Active, Self::Retired];

    fn suffix(self) -> &'static str {
        match self {
            Self::Staged => ".pem.staged",
            Self::Active => ".pem",
            Self::Retired => ".pem.retired",
        }
    }

    /// As listings name it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Staged => "staged",
            Self::Active => "active",
            Self::Retired => "retired",
        }
    }
}

impl fmt::Display for KeyState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Selector {
    /// `None` when it is no selector. Upper case becomes lower.
    pub fn parse(text: &str) -> Option<Self> {
        let is_label = |label: &str| {
            let inner = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
            (1..=63).contains(&label.len())
                && label.bytes().all(inner)
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        let is_selector = text.len() <= 100 && text.split('.').all(is_label);
        is_selector.then(|| Self(text.to_ascii_lowercase()))
    }

    /// The text of the selector.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{KeyKind, new_key},
        *,
    };

    #[test]
    fn selectors() {
        for text in ["s1", "2026-11.Mail", "a"] {
            assert_eq!(Selector::parse(text).unwrap().as_str(), text.to_ascii_lowercase());
        }
        for text in ["", ".", "a..b", "../a", "a/b", "-a", "a-", "a_b", "a b", &"a".repeat(64)] {
            assert_eq!(Selector::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn the_newest_active_key_of_each_kind_signs() {
        let state = tempfile::tempdir().unwrap();
        let domain = Domain::parse("example.org").unwrap();
        let write = |selector: &str, key_state: KeyState, kind, age: u64| {
            let selector = Selector::parse(selector).unwrap();
            let path = KeyFile::path(state.path(), &domain, &selector, key_state);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, new_key(kind).unwrap().as_bytes()).unwrap();
            let changed = SystemTime::now() - std::time::Duration::from_secs(age);
            fs::File::options().write(true).open(&path).unwrap().set_modified(changed).unwrap();
        };
        assert_eq!(SigningKeys::load(state.path()).unwrap().0.len(), 0);
        write("old", KeyState::Active, KeyKind::Ed25519, 9);
        write("new", KeyState::Active, KeyKind::Ed25519, 5);
        write("gone", KeyState::Retired, KeyKind::Ed25519, 1);
        write("soon", KeyState::Staged, KeyKind::Ed25519, 1);
        write("rsa", KeyState::Active, KeyKind::Rsa, 7);
        let keys = SigningKeys::load(state.path()).unwrap();
        let signs: Vec<_> = keys.of(&domain).map(|key| key.selector().as_str()).collect();
        assert_eq!(signs, ["rsa", "new"]);
        assert_eq!(keys.of(&Domain::parse("sub.example.org").unwrap()).count(), 0);
        assert_eq!(KeyFile::all(state.path()).unwrap().len(), 5);

        let bad = directory(state.path()).join("example.org/bad.pem");
        fs::write(&bad, "nothing").unwrap();
        assert_eq!(SigningKeys::load(state.path()).unwrap_err().0, bad);
    }
}
