use super::{for_each, record::Record, refuse_lookalike};
use crate::{
    address::Domain,
    admin::{Error, Store},
    alias::{
        Alias,
        import::{self, Format, Import, Problem, Surroundings},
    },
    store::Apply,
};
use serde::{Serialize, Serializer};
use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    fs::File,
    io::Read,
    path::Path,
};

/// Longest file that is read, in octets.
const MAX_FILE: u64 = 64 << 20;

/// What is known of a file beside its text.
#[derive(Debug, Clone, Default)]
pub struct Foreign {
    /// Whose words it is written in; `None` for records as `export` writes them.
    pub format: Option<Format>,
    /// The domain of names without one, and that of mailboxes of the old machine.
    pub surroundings: Surroundings,
}

/// How far an import may go.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wanted {
    /// Domains that are not hosted yet are hosted.
    pub add_domains: bool,
    /// The file's alias counts where an address has another already.
    pub replace: bool,
}

/// What an import comes to, before anything is done.
#[derive(Debug)]
pub struct ImportPlan {
    /// What would change.
    pub changes: Vec<Change>,
    /// What was left out because it means nothing here.
    pub notes: Vec<Problem>,
    /// What cannot be taken over, by line.
    pub problems: Vec<Problem>,
    /// Aliases of the file that stand here already as they are.
    pub unchanged: usize,
    domains: BTreeMap<String, Domain>,
    /// All aliases as they shall be.
    aliases: Vec<Alias>,
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
        was: Alias,
    },
}

fn as_record<S: Serializer>(alias: &Alias, serializer: S) -> Result<S::Ok, S::Error> {
    Record::from(alias).serialize(serializer)
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

/// Compares a file of another mail system with the aliases there are.
///
/// # Errors
/// When the file cannot be read or is no text, or the store fails.
pub async fn plan_import(
    store: &Store,
    file: &Path,
    foreign: &Foreign,
    wanted: Wanted,
) -> Result<ImportPlan, Error> {
    let text = read(file)?;
    let import = match foreign.format {
        Some(format) => import::read(format, &text, &foreign.surroundings),
        None => records(&text),
    };
    plan(store, import, wanted).await
}

impl ImportPlan {
    /// Hosts the domains and makes the aliases as they shall be: all of it, or nothing.
    ///
    /// # Errors
    /// When the aliases are refused together, or the store fails.
    pub async fn carry_out(self, store: &Store) -> Result<(), Error> {
        let mut added = Vec::new();
        for domain in self.domains.values() {
            if store.add_domain(domain).await? {
                added.push(domain);
            }
        }
        let applied = store.apply(self.aliases, Apply::Careful).await;
        if applied.is_err() {
            for domain in added {
                // Whatever else goes wrong: why nothing was applied is what is told.
                let _ = store.remove_domain(domain, false).await;
            }
        }
        Ok(applied.map(drop)?)
    }

    fn host(&mut self, domain: &Domain) {
        if self.domains.insert(domain.to_key(), domain.clone()).is_none() {
            self.changes.push(Change::Host { domain: domain.to_string() });
        }
    }
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
        let what = "it is not text; the source is wanted, not the .db that postmap makes of it";
        Error::Line { file: file.to_owned(), line: read + 1, what: what.to_owned() }
    })
}

fn records(text: &str) -> Import {
    let mut import = Import::default();
    for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let record = serde_json::from_str::<Record>(line).map_err(|error| error.to_string());
        match record.and_then(|record| record.into_alias().map_err(|error| error.to_string())) {
            Ok(alias) => import.aliases.push((at + 1, alias)),
            Err(what) => import.problems.push(Problem::new(at + 1, what)),
        }
    }
    import.refuse_repeated();
    import
}

async fn plan(store: &Store, import: Import, wanted: Wanted) -> Result<ImportPlan, Error> {
    let not_hosted = |line, domain: &Domain| {
        Problem::of(line, domain.as_str(), "is not hosted here; --add-domains hosts it")
    };
    let hosted = store.domains().await?;
    let mut plan = ImportPlan {
        changes: Vec::new(),
        notes: import.notes,
        problems: import.problems,
        unchanged: 0,
        domains: BTreeMap::new(),
        aliases: Vec::new(),
    };
    for (line, domain) in import.domains {
        if hosted.contains(&domain) {
            continue;
        }
        if wanted.add_domains {
            plan.host(&domain);
        } else {
            plan.problems.push(not_hosted(line, &domain));
        }
    }
    let mut places = HashMap::new();
    for_each(store, None, |alias| {
        places.insert(alias.address().key(), plan.aliases.len());
        plan.aliases.push(alias);
        Ok(())
    })
    .await?;
    for (line, alias) in import.aliases {
        if let Err(why) = refuse_lookalike(&alias) {
            plan.problems.push(Problem::new(line, why.to_string()));
            continue;
        }
        if let Some(domain) = alias.address().domain()
            && !hosted.contains(domain)
        {
            if !wanted.add_domains {
                plan.problems.push(not_hosted(line, domain));
                continue;
            }
            plan.host(domain);
        }
        let place = places.get(&alias.address().key()).copied();
        match place.and_then(|at| plan.aliases.get_mut(at)) {
            Some(old) if *old == alias => plan.unchanged += 1,
            Some(old) if wanted.replace => {
                let was = std::mem::replace(old, alias.clone());
                plan.changes.push(Change::Replace { alias, was });
            }
            Some(old) => {
                let subject = format!("there is already {old};");
                plan.problems.push(Problem::of(line, &subject, "--replace takes the file's"));
            }
            None => {
                plan.changes.push(Change::Add { alias: alias.clone() });
                plan.aliases.push(alias);
            }
        }
    }
    plan.problems.sort_by_key(|problem| problem.line);
    Ok(plan)
}
