use super::{
    given::{Foreign, Given},
    record::Record,
    refuse_lookalike,
};
use crate::{
    address::Domain,
    admin::{Error, Store},
    alias::{
        Alias, AliasSource,
        import::{Problem, repeated, repeated_problem},
    },
    store::{ChangeError, Coming, Progress},
};
use serde::{Serialize, Serializer};
use std::{
    collections::{HashMap, HashSet},
    fmt,
    path::Path,
    sync::Arc,
};

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
pub struct Imported {
    /// What was left out because it means nothing here.
    pub notes: Vec<Problem>,
    /// What cannot be taken over, by line or item.
    pub problems: Vec<Problem>,
    /// Aliases of the file that stand here already as they are, by their numbers.
    unchanged: Vec<usize>,
    /// The numbers are of items, not of lines.
    pub counts_items: bool,
    given: Given,
    /// Domains that are hosted, each with the number of the first alias in it.
    domains: Vec<(usize, Domain)>,
    /// Those before, of the aliases in whose place others come.
    replaced: HashMap<usize, Alias>,
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
    foreign: Foreign,
    wanted: &Wanted,
) -> Result<Imported, Error> {
    let (given, rest) = Given::read(file, foreign)?;
    let mut imported = Imported {
        notes: rest.notes,
        problems: rest.problems,
        counts_items: rest.counts_items,
        given,
        domains: Vec::new(),
        unchanged: Vec::new(),
        replaced: HashMap::new(),
    };
    imported.find_problems(store, &rest.domains, wanted.add_domains).await?;
    while imported.given.count() > 0 || !imported.domains.is_empty() {
        let is_whole = imported.problems.is_empty() || wanted.skip;
        let coming = Coming {
            domains: imported.domains.iter().map(|(_, domain)| domain.clone()).collect(),
            aliases: Arc::new(imported.given.clone()),
            replaces: wanted.replace,
            commits: is_whole && !wanted.plan,
            progress: wanted.progress.clone(),
        };
        let taken = store.take_in(coming).await?;
        imported.unchanged = taken.unchanged;
        imported.replaced = taken.replaced.into_iter().collect();
        let is_refused = !taken.refused.is_empty();
        for refused in taken.refused {
            let line = imported.given.line(refused.number);
            imported.problems.push(match refused.why {
                ChangeError::Exists { existing } => {
                    let subject = format!("there is already {existing};");
                    Problem::of(line, &subject, "--replace takes the file's")
                }
                why => Problem::new(line, format!("{}: {why}", refused.address)),
            });
            imported.given.leave_out(refused.number);
        }
        if !is_refused || !wanted.skip {
            break;
        }
    }
    imported.problems.sort_by_key(|problem| problem.line);
    Ok(imported)
}

impl Imported {
    /// What can be told without trying.
    async fn find_problems(
        &mut self,
        store: &Store,
        declared: &[(usize, Domain)],
        add_domains: bool,
    ) -> Result<(), Error> {
        let not_hosted = |line, domain: &Domain| {
            let cause = format!(
                "is not hosted here; onward domain add {domain} hosts it, or --add-domains does"
            );
            Problem::of(line, domain.as_str(), &cause)
        };
        let mut hosted: HashSet<_> = store.domains().await?.into_iter().collect();
        for (line, domain) in declared {
            if hosted.contains(domain) {
                continue;
            }
            match add_domains {
                true => self.host(0, domain, &mut hosted),
                false => self.problems.push(not_hosted(*line, domain)),
            }
        }
        let given = self.given.clone();
        let repeated = repeated(|| given.aliases().map(|(_, alias)| alias.address().key()));
        for (number, alias) in given.aliases() {
            let problem = if !repeated.is_empty() && repeated.contains(&alias.address().key()) {
                Some(repeated_problem(given.line(number), &alias))
            } else if let Err(why) = refuse_lookalike(&alias) {
                Some(Problem::new(given.line(number), why.to_string()))
            } else {
                match alias.address().domain() {
                    Some(domain) if hosted.contains(domain) => None,
                    Some(domain) if add_domains => {
                        self.host(number, domain, &mut hosted);
                        None
                    }
                    Some(domain) => Some(not_hosted(given.line(number), domain)),
                    None => None,
                }
            };
            if let Some(problem) = problem {
                self.problems.push(problem);
                self.given.leave_out(number);
            }
        }
        Ok(())
    }

    fn host(&mut self, number: usize, domain: &Domain, hosted: &mut HashSet<Domain>) {
        if hosted.insert(domain.clone()) {
            self.domains.push((number, domain.clone()));
        }
    }

    /// What changes, in the order of the file.
    pub fn changes(&self) -> impl Iterator<Item = Change> + '_ {
        let mut domains = self.domains.iter().peekable();
        let mut aliases = self.aliases().peekable();
        std::iter::from_fn(move || {
            let next = aliases.peek().map(|(number, _)| *number);
            let hosts = |(first, _): &&(usize, Domain)| next.is_none_or(|next| *first <= next);
            if let Some((_, domain)) = domains.next_if(hosts) {
                return Some(Change::Host { domain: domain.to_string() });
            }
            let (number, alias) = aliases.next()?;
            Some(match self.replaced.get(&number) {
                Some(was) => Change::Replace { alias, was: Box::new(was.clone()) },
                None => Change::Add { alias },
            })
        })
    }

    /// Aliases of the file that stand here already as they are.
    pub fn unchanged(&self) -> usize {
        self.unchanged.len()
    }

    /// Nothing at all stood in the file.
    pub fn is_empty(&self) -> bool {
        self.count() == 0
            && self.domains.is_empty()
            && self.problems.is_empty()
            && self.notes.is_empty()
            && self.unchanged.is_empty()
    }
}

/// The aliases that are new, or as new.
impl AliasSource for Imported {
    fn aliases(&self) -> Box<dyn Iterator<Item = (usize, Alias)> + Send + '_> {
        let is_new = |(number, _): &(usize, Alias)| self.unchanged.binary_search(number).is_err();
        Box::new(self.given.aliases().filter(is_new))
    }

    fn count(&self) -> usize {
        self.given.count().saturating_sub(self.unchanged.len())
    }
}
