use super::{Failure, Record};
use crate::{
    address::Domain,
    alias::{
        Alias,
        import::{self, Import, Problem, Surroundings},
    },
    store::blocking::Directory,
};
use std::{
    collections::{BTreeMap, HashMap},
    fs::File,
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

/// Longest file that is read, in octets.
const MAX_FILE: u64 = 64 << 20;

/// Adds the aliases of another mail system's file
///
/// Prints what it adds, and what cannot be translated, with the line and the reason; where there is
/// such a line nothing is changed, unless --skip leaves it out. All of it is done, or nothing.
#[derive(Debug, clap::Args)]
pub(super) struct ImportArgs {
    /// Whose file it is
    #[arg(long, value_name = "FORMAT")]
    from: Format,
    /// The source of the table, not its .db
    file: PathBuf,
    /// The domain of names without one
    #[arg(long, value_name = "DOMAIN", value_parser = Domain::parse)]
    domain: Option<Domain>,
    /// Where mail for mailboxes of the old machine goes: to each one's name at this domain
    #[arg(long, value_name = "DOMAIN", value_parser = Domain::parse)]
    mailboxes: Option<Domain>,
    /// Host the domains that are not hosted yet
    #[arg(long)]
    add_domains: bool,
    /// Take the file's where an address has another alias already
    #[arg(long)]
    replace: bool,
    /// Leave out what cannot be translated
    #[arg(long)]
    skip: bool,
    /// Only print what would change
    #[arg(long)]
    plan: bool,
    /// Print what changes as JSON, one object a line
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// virtual(5), the source of virtual_alias_maps
    PostfixVirtual,
    /// regexp_table(5)
    PostfixRegexp,
    /// pcre_table(5)
    PostfixPcre,
    /// aliases(5), as /etc/aliases
    Aliases,
    /// An alias file of Exim's redirect router
    Exim,
    /// CSV whose first line names the columns
    Csv,
    /// JSON lines, as onward alias export writes them
    Onward,
}

/// What is to be done.
struct Plan {
    domains: BTreeMap<String, Domain>,
    /// All aliases as they shall be.
    wanted: Vec<Alias>,
    /// In words, and for scripts.
    changes: Vec<(String, Change)>,
    unchanged: usize,
}

/// Its fields are a promise to scripts.
#[derive(Debug, serde::Serialize)]
#[serde(tag = "change", rename_all = "lowercase")]
enum Change {
    Host { domain: String },
    Add { alias: Record },
    Replace { alias: Record, was: Record },
}

pub(super) fn import(
    args: &ImportArgs,
    directory: &mut Directory,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let text = read(&args.file)?;
    let mut import = parse(args, &text);
    let plan = plan(args, directory, &mut import)?;
    for (line, change) in &plan.changes {
        if args.json {
            serde_json::to_writer(&mut *out, change).map_err(io::Error::from)?;
            writeln!(out)?;
        } else {
            writeln!(out, "{line}")?;
        }
    }
    import.problems.sort_by_key(|problem| problem.line);
    tell(&args.file, &import.notes)?;
    tell(&args.file, &import.problems)?;
    let (count, unchanged) = (import.problems.len(), plan.unchanged);
    if unchanged > 0 && !args.json {
        writeln!(out, "{unchanged} stand here already as they are")?;
    }
    if args.plan {
        return Ok(());
    }
    if count > 0 && !args.skip {
        out.flush()?;
        return Err(Failure::new(format_args!(
            "nothing is changed: {count} lines cannot be taken over (above); --skip leaves them out"
        )));
    }
    carry_out(&plan, directory)
}

fn read(file: &Path) -> Result<String, Failure> {
    let opened = File::open(file).map_err(|error| Failure::file(file, error))?;
    let mut octets = Vec::new();
    opened
        .take(MAX_FILE + 1)
        .read_to_end(&mut octets)
        .map_err(|error| Failure::file(file, error))?;
    if octets.len() as u64 > MAX_FILE {
        return Err(Failure::file(file, "it is larger than 64 MiB"));
    }
    String::from_utf8(octets).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let read = error.as_bytes().iter().take(at).filter(|octet| **octet == b'\n').count();
        Failure::new(format_args!(
            "{}:{}: it is not text; the source is wanted, not the .db that postmap makes of it",
            file.display(),
            read + 1
        ))
    })
}

fn parse(args: &ImportArgs, text: &str) -> Import {
    let surroundings =
        Surroundings { domain: args.domain.clone(), mailboxes: args.mailboxes.clone() };
    let format = match args.from {
        Format::PostfixVirtual => import::Format::PostfixVirtual,
        Format::PostfixRegexp => import::Format::PostfixRegexp,
        Format::PostfixPcre => import::Format::PostfixPcre,
        Format::Aliases => import::Format::Aliases,
        Format::Exim => import::Format::Exim,
        Format::Csv => import::Format::Csv,
        Format::Onward => return records(text),
    };
    import::read(format, text, &surroundings)
}

fn records(text: &str) -> Import {
    let mut import = Import::default();
    for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let record = serde_json::from_str::<Record>(line).map_err(|error| error.to_string());
        match record.and_then(|record| record.into_alias().map_err(|error| error.to_string())) {
            Ok(alias) => import.aliases.push((at + 1, alias)),
            Err(what) => import.problems.push(Problem { line: at + 1, what }),
        }
    }
    import
}

fn plan(args: &ImportArgs, directory: &Directory, import: &mut Import) -> Result<Plan, Failure> {
    let hosted = directory.domains()?;
    let mut plan =
        Plan { domains: BTreeMap::new(), wanted: Vec::new(), changes: Vec::new(), unchanged: 0 };
    for (line, domain) in std::mem::take(&mut import.domains) {
        if hosted.contains(&domain) {
            continue;
        }
        if args.add_domains {
            plan.host(&domain);
        } else {
            let what = format!("{domain} is not hosted here; --add-domains hosts it");
            import.problems.push(Problem { line, what });
        }
    }
    let mut places = HashMap::new();
    directory.for_each(None, |alias| -> Result<(), Failure> {
        places.insert(alias.address().key(), plan.wanted.len());
        plan.wanted.push(alias);
        Ok(())
    })?;
    for (line, alias) in std::mem::take(&mut import.aliases) {
        let mut problem = |what: String| import.problems.push(Problem { line, what });
        if let Some(domain) = alias.address().domain()
            && !hosted.contains(domain)
        {
            if !args.add_domains {
                problem(format!("{domain} is not hosted here; --add-domains hosts it"));
                continue;
            }
            plan.host(domain);
        }
        let place = places.get(&alias.address().key()).copied();
        match place.and_then(|at| plan.wanted.get_mut(at)) {
            Some(old) if *old == alias => plan.unchanged += 1,
            Some(old) if args.replace => {
                let change = Change::Replace { alias: (&alias).into(), was: (&*old).into() };
                plan.changes.push((format!("~ {alias} (was: {old})"), change));
                *old = alias;
            }
            Some(old) => problem(format!("there is already {old}; --replace takes the file's")),
            None => {
                plan.changes.push((format!("+ {alias}"), Change::Add { alias: (&alias).into() }));
                plan.wanted.push(alias);
            }
        }
    }
    Ok(plan)
}

impl Plan {
    fn host(&mut self, domain: &Domain) {
        if self.domains.insert(domain.to_key(), domain.clone()).is_none() {
            let change = Change::Host { domain: domain.to_string() };
            self.changes.push((format!("+ domain {domain}"), change));
        }
    }
}

fn carry_out(plan: &Plan, directory: &mut Directory) -> Result<(), Failure> {
    let mut added = Vec::new();
    for domain in plan.domains.values() {
        if directory.add_domain(domain)? {
            added.push(domain);
        }
    }
    let wanted = plan.wanted.iter().cloned().map(Ok::<_, Failure>);
    directory.apply(wanted, false, |_| Ok(())).inspect_err(|_| {
        for domain in added {
            let _ = directory.remove_domain(domain, false);
        }
    })
}

fn tell(file: &Path, problems: &[Problem]) -> Result<(), Failure> {
    let mut err = io::stderr().lock();
    for Problem { line, what } in problems {
        writeln!(err, "{}:{line}: {what}", file.display())?;
    }
    Ok(())
}
