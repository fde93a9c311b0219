use super::{KeyError, SigningKey};
use crate::address::Domain;
use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};
use zeroize::Zeroizing;

/// The keys that sign: of each domain the newest of each kind.
#[derive(Debug, Default)]
pub struct SigningKeys(Vec<SigningKey>);

/// A key as it is kept.
///
/// In a state directory keys lie in `dkim/DOMAIN/SELECTOR.pem`. A file that ends in `.pem.staged` signs later, one that
/// ends in `.pem.retired` no more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredKey {
    /// The domain that the key signs for.
    pub domain: Domain,
    /// The name of the key.
    pub selector: Selector,
    /// What is done with the key.
    pub state: KeyState,
    /// When it was made, or activated last: the newest signs.
    pub changed: SystemTime,
    /// Where it is.
    pub place: KeyPlace,
}

/// Where a key is.
#[derive(Clone, PartialEq, Eq)]
pub enum KeyPlace {
    /// In a file, in PEM.
    File(PathBuf),
    /// Here, as such a file has it: it was read of what is sealed in the store.
    Here(Arc<Zeroizing<Vec<u8>>>),
}

/// A key that cannot be read, or is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {reason}")]
pub struct KeyUnreadable {
    /// Where it is, in words.
    pub place: String,
    /// What is wrong with it.
    pub reason: String,
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
    /// Those of `keys` that sign.
    ///
    /// # Errors
    /// The active key that is none, and why.
    pub fn of_all(mut keys: Vec<StoredKey>) -> Result<Self, KeyUnreadable> {
        keys.retain(|key| key.state == KeyState::Active);
        keys.sort_by(|a, b| (b.changed, &b.selector).cmp(&(a.changed, &a.selector)));
        let mut sign: Vec<SigningKey> = Vec::new();
        for stored in keys {
            let key = stored.key()?;
            let is_known =
                |known: &SigningKey| known.domain() == key.domain() && known.kind() == key.kind();
            if !sign.iter().any(is_known) {
                sign.push(key);
            }
        }
        sign.sort_by_key(SigningKey::kind);
        Ok(Self(sign))
    }

    /// The keys of exactly this domain, RSA first.
    pub fn of(&self, domain: &Domain) -> impl Iterator<Item = &SigningKey> {
        self.0.iter().filter(move |key| key.domain() == domain)
    }
}

impl StoredKey {
    /// All keys of a state directory, by domain and selector.
    ///
    /// # Errors
    /// The directory that cannot be read.
    pub fn all(state_dir: &Path) -> Result<Vec<Self>, KeyUnreadable> {
        let directory = directory(state_dir);
        let mut keys = Vec::new();
        for domain in entries(&directory)? {
            let name = domain.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let Ok(name) = Domain::parse(name) else { continue };
            for path in entries(&domain)? {
                keys.extend(Self::at(&name, path));
            }
        }
        Self::sort(&mut keys);
        Ok(keys)
    }

    /// By domain and selector.
    pub fn sort(keys: &mut [Self]) {
        keys.sort_by(|a, b| {
            (a.domain.to_key(), &a.selector).cmp(&(b.domain.to_key(), &b.selector))
        });
    }

    fn at(domain: &Domain, path: PathBuf) -> Option<Self> {
        let name = path.file_name()?.to_str()?;
        let (selector, state) = KeyState::ALL
            .into_iter()
            .find_map(|state| Some((name.strip_suffix(state.suffix())?, state)))?;
        let selector = Selector::parse(selector)?;
        let changed = fs::metadata(&path).and_then(|metadata| metadata.modified()).ok()?;
        let place = KeyPlace::File(path);
        Some(Self { domain: domain.clone(), selector, state, changed, place })
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

    /// Its file, where it has one.
    pub fn file(&self) -> Option<&Path> {
        match &self.place {
            KeyPlace::File(path) => Some(path),
            KeyPlace::Here(_) => None,
        }
    }

    /// What its file has, or would have.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn pem(&self) -> Result<Zeroizing<Vec<u8>>, KeyUnreadable> {
        match &self.place {
            KeyPlace::File(path) => {
                fs::read(path).map(Zeroizing::new).map_err(|error| self.wrong(error))
            }
            KeyPlace::Here(pem) => Ok(Zeroizing::clone(pem)),
        }
    }

    /// Reads the key.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn key(&self) -> Result<SigningKey, KeyUnreadable> {
        SigningKey::parse(self.domain.clone(), self.selector.clone(), &self.pem()?)
            .map_err(|error: KeyError| self.wrong(error))
    }

    /// Says of this key what is wrong.
    pub fn wrong(&self, reason: impl fmt::Display) -> KeyUnreadable {
        let place = match &self.place {
            KeyPlace::File(path) => path.display().to_string(),
            KeyPlace::Here(_) => {
                format!("the key {} of {} in the store", self.selector, self.domain)
            }
        };
        KeyUnreadable { place, reason: reason.to_string() }
    }
}

/// Shows no key.
impl fmt::Debug for KeyPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
            Self::Here(_) => f.write_str("Here(…)"),
        }
    }
}

/// What lies in a directory; nothing in one that does not exist.
fn entries(directory: &Path) -> Result<Vec<PathBuf>, KeyUnreadable> {
    let failed = |error: io::Error| KeyUnreadable {
        place: directory.display().to_string(),
        reason: error.to_string(),
    };
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

    /// The state of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
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
            let path = StoredKey::path(state.path(), &domain, &selector, key_state);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, new_key(kind).unwrap().as_bytes()).unwrap();
            let changed = SystemTime::now() - std::time::Duration::from_secs(age);
            fs::File::options().write(true).open(&path).unwrap().set_modified(changed).unwrap();
        };
        let load = || SigningKeys::of_all(StoredKey::all(state.path()).unwrap());
        assert_eq!(load().unwrap().0.len(), 0);
        write("old", KeyState::Active, KeyKind::Ed25519, 9);
        write("new", KeyState::Active, KeyKind::Ed25519, 5);
        write("gone", KeyState::Retired, KeyKind::Ed25519, 1);
        write("soon", KeyState::Staged, KeyKind::Ed25519, 1);
        write("rsa", KeyState::Active, KeyKind::Rsa, 7);
        let keys = load().unwrap();
        let signs: Vec<_> = keys.of(&domain).map(|key| key.selector().as_str()).collect();
        assert_eq!(signs, ["rsa", "new"]);
        assert_eq!(keys.of(&Domain::parse("sub.example.org").unwrap()).count(), 0);
        assert_eq!(StoredKey::all(state.path()).unwrap().len(), 5);

        let bad = directory(state.path()).join("example.org/bad.pem");
        fs::write(&bad, "nothing").unwrap();
        assert_eq!(load().unwrap_err().place, bad.display().to_string());
    }
}
