use super::{for_each, record::Record, refuse_lookalike};
use crate::{
    address::Domain,
    admin::{Error, Store},
    alias::{
        Alias, Key,
        import::{self, Beside, Format, Import, Problem, Service, Surroundings, read_service},
    },
    store::{Coming, Progress},
};
use serde::{Serialize, Serializer};
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    fmt,
    fs::File,
    io::Read,
    path::Path,
};

/// Aliases that are looked for one by one: to read all there are may take longer.
const FEW: usize = 1_000;
/// Longest file that is read, in octets.
const MAX_FILE: u64 = 64 << 20;

/// What a file is, and what is known beside its text.
#[derive(Debug, Clone)]
pub enum Foreign {
    /// Records, as `export` writes them.
    Records,
    /// Of another mail system.
    System(Format, Surroundings),
    /// Of a hosted service.
    Service(Service, Beside),
}

/// How far an import may go.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Domains that are not hosted yet are hosted.
    pub add_domains: bool,
    /// The file's alias counts where an address has another already.
    pub replace: bool,
    /// What cannot be taken over is left out.
    pub skip: bool,
    /// It is only found out what would change.
    pub plan: bool,
    /// Who is told how far it is.
    pub progress: Progress,
}

/// What an import came to. Where something cannot be taken over and is not left out, nothing is changed.
#[derive(Debug, Default)]
pub struct Imported {
    /// What changes.
    pub changes: Vec<Change>,
    /// What was left out because it means nothing here.
    pub notes: Vec<Problem>,
    /// What cannot be taken over, by line or item.
    pub problems: Vec<Problem>,
    /// Aliases of the file that stand here already as they are.
    pub unchanged: usize,
    /// The numbers are of items, not of lines.
    pub counts_items: bool,
    domains: BTreeMap<String, Domain>,
}

/// A difference that an import makes.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "change", rename_all = "lowercase")]
pub enum Change {
    /// A domain is hosted.
    Host {
        /// Its name.
        domain: String,
    },
    /// An address gets an alias.
    Add {
        /// The alias.
        #[serde(serialize_with = "as_record")]
        alias: Alias,
    },
    /// An address gets another alias.
    Replace {
        /// The alias.
        #[serde(serialize_with = "as_record")]
        alias: Alias,
        /// The one before.
        #[serde(serialize_with = "as_record")]
        was: Box<Alias>,
    },
}

fn as_record<S: Serializer>(alias: &Alias, serializer: S) -> Result<S::Ok, S::Error> {
    Record::from(alias).serialize(serializer)
}

impl Change {
    /// The alias that comes.
    pub fn alias(&self) -> Option<&Alias> {
        match self {
            Self::Host { .. } => None,
            Self::Add { alias } | Self::Replace { alias, .. } => Some(alias),
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host { domain } => write!(f, "+ domain {domain}"),
            Self::Add { alias } => write!(f, "+ {alias}"),
            Self::Replace { alias, was } => write!(f, "~ {alias} (was: {was})"),
        }
    }
}

/// Takes over the aliases of a file: all of it in one transaction, or nothing. A plan goes the same way to the end, and
/// then back.
///
/// # Errors
/// When the file cannot be read or is no text, or the store fails.
pub async fn import(
    store: &Store,
    file: &Path,
    foreign: &Foreign,
    wanted: &Wanted,
) -> Result<Imported, Error> {
    let text = read(file)?;
    let import = match foreign {
        Foreign::Records => records(&text),
        Foreign::System(format, surroundings) => import::read(*format, &text, surroundings),
        Foreign::Service(service, beside) => read_service(*service, &text, beside),
    };
    drop(text);
    let lines: HashMap<Key, usize> =
        import.aliases.iter().map(|(line, alias)| (alias.address().key(), *line)).collect();
    let mut imported = compared(store, import, wanted).await?;
    while !imported.changes.is_empty() {
        let is_whole = imported.problems.is_empty() || wanted.skip;
        let coming = Coming {
            domains: imported.domains.values().cloned().collect(),
            aliases: imported.changes.iter().filter_map(Change::alias).cloned().collect(),
            replaces: wanted.replace,
            commits: is_whole && !wanted.plan,
            progress: wanted.progress.clone(),
        };
        let taken = store.take_in(coming).await?;
        if taken.refused.is_empty() {
            break;
        }
        let mut refused = HashSet::new();
        for (address, why) in taken.refused {
            let key = address.key();
            let line = lines.get(&key).copied().unwrap_or_default();
            imported.problems.push(Problem::new(line, format!("{address}: {why}")));
            refused.insert(key);
        }
        let stays = |change: &Change| {
            change.alias().is_none_or(|alias| !refused.contains(&alias.address().key()))
        };
        imported.changes.retain(stays);
        if !wanted.skip {
            break;
        }
    }
    imported.problems.sort_by_key(|problem| problem.line);
    Ok(imported)
}

fn read(file: &Path) -> Result<String, Error> {
    let opened = File::open(file).map_err(|error| Error::file(file, error))?;
    let mut octets = Vec::new();
    opened.take(MAX_FILE + 1).read_to_end(&mut octets).map_err(|error| Error::file(file, error))?;
    if octets.len() as u64 > MAX_FILE {
        return Err(Error::file(file, "it is larger than 64 MiB"));
    }
    String::from_utf8(octets).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let read = error.as_bytes().iter().take(at).filter(|octet| **octet == b'\n').count();
        let what = "it is not text in UTF-8; of a table, the source is wanted, not the .db that postmap makes of it";
        Error::Line { file: file.to_owned(), line: read + 1, what: what.to_owned() }
    })
}

fn records(text: &str) -> Import {
    let mut import = Import::default();
    for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        match Record::read(line)
            .and_then(|record| record.into_alias().map_err(|error| error.to_string()))
        {
            Ok(alias) => import.aliases.push((at + 1, alias)),
            Err(what) => import.problems.push(Problem::new(at + 1, what)),
        }
    }
    import.refuse_repeated();
    import
}

/// What would change, as far as it can be told without trying.
async fn compared(store: &Store, import: Import, wanted: &Wanted) -> Result<Imported, Error> {
    let not_hosted = |line, domain: &Domain| {
        let cause = format!(
            "is not hosted here; onward domain add {domain} hosts it, or --add-domains does"
        );
        Problem::of(line, domain.as_str(), &cause)
    };
    let hosted: HashSet<_> = store.domains().await?.into_iter().collect();
    let mut imported = Imported {
        notes: import.notes,
        problems: import.problems,
        counts_items: import.counts_items,
        ..Imported::default()
    };
    for (line, domain) in import.domains {
        if hosted.contains(&domain) {
            continue;
        }
        if wanted.add_domains {
            imported.host(&domain);
        } else {
            imported.problems.push(not_hosted(line, &domain));
        }
    }
    let mut existing = existing(store, &import.aliases, wanted).await?;
    for (line, alias) in import.aliases {
        if let Err(why) = refuse_lookalike(&alias) {
            imported.problems.push(Problem::new(line, why.to_string()));
            continue;
        }
        if let Some(domain) = alias.address().domain()
            && !hosted.contains(domain)
        {
            if !wanted.add_domains {
                imported.problems.push(not_hosted(line, domain));
                continue;
            }
            imported.host(domain);
        }
        match existing.remove(&alias.address().key()) {
            Some(old) if old == alias => imported.unchanged += 1,
            Some(was) if wanted.replace => {
                imported.changes.push(Change::Replace { alias, was: Box::new(was) });
            }
            Some(old) => {
                let subject = format!("there is already {old};");
                imported.problems.push(Problem::of(line, &subject, "--replace takes the file's"));
            }
            None => imported.changes.push(Change::Add { alias }),
        }
    }
    Ok(imported)
}

/// The aliases there are for the addresses of those that come.
async fn existing(
    store: &Store,
    coming: &[(usize, Alias)],
    wanted: &Wanted,
) -> Result<HashMap<Key, Alias>, Error> {
    if coming.len() <= FEW {
        let mut existing = HashMap::new();
        for (_, alias) in coming {
            if let Some(found) = store.alias(alias.address()).await? {
                existing.insert(alias.address().key(), found);
            }
        }
        return Ok(existing);
    }
    let keys: HashSet<Key> = coming.iter().map(|(_, alias)| alias.address().key()).collect();
    let (mut existing, mut through) = (HashMap::new(), 0);
    for_each(store, None, |alias| {
        through += 1;
        wanted.progress.step("compared", through, None);
        let key = alias.address().key();
        if keys.contains(&key) {
            existing.insert(key, alias);
        }
        Ok(())
    })
    .await?;
    Ok(existing)
}

impl Imported {
    fn host(&mut self, domain: &Domain) {
        if self.domains.insert(domain.to_key(), domain.clone()).is_none() {
            self.changes.push(Change::Host { domain: domain.to_string() });
        }
    }

    /// Nothing at all stood in the file.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
            && self.problems.is_empty()
            && self.notes.is_empty()
            && self.unchanged == 0
    }
}
