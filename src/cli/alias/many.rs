//! Changes of many aliases at once: `onward alias replace-destination`, and `onward alias set --where`.

use crate::{
    address::{Domain, Mailbox},
    admin::{
        Store,
        aliases::{self, Change, Changed, Edited, How},
    },
    alias::{Alias, AliasAddress, Amendment, Filter, MAX_SEARCH, NewDestination},
    cli::{
        Failure,
        argument::address,
        context::{note, write_json},
        progress::Bar,
        time::parse_past,
    },
    log::printable,
};
use std::io::{self, Write};

/// Has every alias that leads to one mailbox lead to another
///
/// All of them, or none. Where both were destinations of an alias, the new one stands there once.
#[derive(Debug, clap::Args)]
pub(super) struct ReplaceArgs {
    /// The mailbox that the aliases lead to
    #[arg(allow_hyphen_values = true, value_parser = mailbox)]
    old: Mailbox,
    /// The mailbox that they are to lead to
    #[arg(allow_hyphen_values = true, value_parser = mailbox)]
    new: Mailbox,
    /// Only print what would change
    #[arg(long)]
    pub(super) plan: bool,
    /// With --plan: one JSON object a line
    #[arg(long, requires = "plan")]
    json: bool,
}

fn mailbox(text: &str) -> Result<Mailbox, String> {
    Mailbox::parse(&address(text)?).map_err(|error| error.to_string())
}

/// Which aliases `alias set` changes, where it is not one.
#[derive(Debug, clap::Args)]
pub(super) struct WhereArgs {
    /// Change all aliases for which this holds: domain=example.org, destination=me@mailbox.example, note=shop (it has that
    /// in it), text=shop (its address, note or a destination has), enabled=true, unused-since=180d (it took no mail since then,
    /// and was there before); given several times, all of it has to hold
    #[arg(long = "where", value_name = "KEY=VALUE", conflicts_with = "address")]
    pub(super) conditions: Vec<String>,
    /// Switch them on
    #[arg(long, conflicts_with = "disable")]
    enable: bool,
    /// Switch them off: their mail is refused, whatever catch-all there is
    #[arg(long)]
    disable: bool,
    /// Only print what would change
    #[arg(long)]
    pub(super) plan: bool,
    /// With --plan: one JSON object a line
    #[arg(long, requires = "plan")]
    json: bool,
}

impl WhereArgs {
    /// What goes with --where stands alone.
    pub(super) fn refuse_alone(&self) -> Result<(), Failure> {
        match self.enable || self.disable || self.plan {
            true => Err(Failure::Usage(
                "--enable, --disable and --plan go with --where; for one alias there are onward alias enable and \
                 onward alias disable"
                    .to_owned(),
            )),
            false => Ok(()),
        }
    }
}

/// Gives an alias to look at, where its new destination leads.
pub(super) async fn replace(
    args: ReplaceArgs,
    store: &Store,
    postmaster: Option<&Mailbox>,
    out: &mut impl Write,
) -> Result<Vec<Alias>, Failure> {
    let ReplaceArgs { old, new, plan, json } = args;
    let is_postmasters = postmaster.is_some_and(|mailbox| mailbox.to_key() == old.to_key());
    let (leaves, comes) = (old.to_string(), new.to_string());
    let change = NewDestination::new(old, new).map_err(Failure::new)?;
    let bar = Bar::new(json);
    let how = How { plan, progress: bar.progress() };
    let each = told(&bar, json, out);
    let edited = aliases::replace_destination(store, change, how, each).await?;
    bar.clear();
    match (edited.changed, plan) {
        (0, _) if edited.domains.is_empty() && edited.tokens.is_empty() => {
            note(format_args!("no alias leads to {}", printable(&leaves)))?;
        }
        (_, true) => {}
        (count, false) => {
            writeln!(out, "changed {}: {leaves} -> {comes}", aliases_of(count))?;
        }
    }
    for domain in &edited.domains {
        let done = if plan { "would lead" } else { "lead" };
        note(format_args!("aliases that mail makes in {domain} {done} to {comes} too"))?;
    }
    for label in edited.tokens.iter().map(|label| printable(label)) {
        let done = if plan { "would lead" } else { "lead" };
        note(format_args!("aliases that the token {label:?} makes {done} to {comes} too"))?;
    }
    if is_postmasters {
        note(format_args!("the postmaster of the configuration is {leaves} still"))?;
    }
    // One tells of its destination what all would.
    Ok(edited.first_changed.into_iter().take(1).collect())
}

/// Gives the first of the aliases that changed.
pub(super) async fn set(
    args: WhereArgs,
    amendment: Amendment,
    store: &Store,
    out: &mut impl Write,
) -> Result<Vec<Alias>, Failure> {
    let which = parse(&args.conditions)?;
    let WhereArgs { enable, disable, plan, json, .. } = args;
    let bar = Bar::new(json);
    let how = How { plan, progress: bar.progress() };
    let enabled = (enable || disable).then_some(enable);
    let each = told(&bar, json, out);
    let (found, edited) =
        aliases::amend_where(store, &which, (amendment, enabled), how, each).await?;
    bar.clear();
    let Edited { changed, unable, first_unable, first_changed, .. } = edited;
    let is_refused = changed == 0 && unable > 0;
    if !plan {
        writeln!(out, "changed {}", aliases_of(changed))?;
    }
    match found.saturating_sub(changed).saturating_sub(unable) {
        0 if found == 0 => note("it holds for no alias")?,
        0 => {}
        as_they_are => note(format_args!("{} stay as they are", aliases_of(as_they_are)))?,
    }
    out.flush()?;
    let named = first_unable.len() as u64;
    for (address, why) in first_unable {
        unable_told(&address, &why)?;
    }
    if unable > named {
        note(format_args!("and {} more cannot have it", unable - named))?;
    }
    match is_refused {
        true => Err(Failure::new("nothing is changed: no alias can have what is asked for")),
        false => Ok(first_changed),
    }
}

fn unable_told(address: &AliasAddress, why: &impl ToString) -> Result<(), Failure> {
    let text = format!("{address} stays as it is: {}", why.to_string());
    note(printable(&text))
}

/// Writes each change of a plan.
fn told<'a>(
    bar: &'a Bar,
    json: bool,
    out: &'a mut impl Write,
) -> impl FnMut(&Changed) -> io::Result<()> + 'a {
    move |change| {
        bar.clear();
        match change {
            Changed::Replace { old, new } if json => {
                write_json(out, &Change::Replace { alias: new.clone(), was: old.clone() })
            }
            change => writeln!(out, "{}", printable(&change.to_string())),
        }
    }
}

fn aliases_of(count: u64) -> String {
    match count {
        1 => "1 alias".to_owned(),
        count => format!("{count} aliases"),
    }
}

/// Reads the conditions.
fn parse(conditions: &[String]) -> Result<Filter, Failure> {
    let mut which = Filter::default();
    for condition in conditions {
        let (key, value) = condition.split_once('=').unwrap_or((condition, ""));
        let (key, value) = (key.trim(), value.trim());
        let wrong = |why: &dyn std::fmt::Display| {
            Failure::Usage(format!("--where {}: {why}", printable(condition)))
        };
        if value.is_empty() {
            return Err(wrong(&"a key and what it is to be, as domain=example.org"));
        }
        if value.chars().count() > MAX_SEARCH {
            return Err(wrong(&format_args!("{MAX_SEARCH} characters at most are looked for")));
        }
        let is_twice = match key {
            "domain" => {
                let domain = Domain::parse(value).map_err(|why| wrong(&why))?;
                which.domain.replace(domain).is_some()
            }
            "destination" => {
                let mailbox = Mailbox::parse(value).map_err(|why| wrong(&why))?;
                which.destination.replace(mailbox.to_string()).is_some()
            }
            "note" => which.note.replace(value.to_owned()).is_some(),
            "text" => which.text.replace(value.to_owned()).is_some(),
            "enabled" => {
                let enabled = match value.to_ascii_lowercase().as_str() {
                    "true" | "yes" => true,
                    "false" | "no" => false,
                    _ => return Err(wrong(&"it is true or false")),
                };
                which.enabled.replace(enabled).is_some()
            }
            "unused-since" => {
                let since = parse_past(value).map_err(|why| wrong(&why))?;
                which.unused_since.replace(since.unix_time()).is_some()
            }
            _ => {
                let all = "the keys are domain, destination, note, text, enabled and unused-since";
                return Err(wrong(&all));
            }
        };
        if is_twice {
            return Err(wrong(&"it is there twice, and no alias could fit both"));
        }
    }
    Ok(which)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn why(conditions: &[&str]) -> String {
        let conditions: Vec<String> = conditions.iter().map(|one| (*one).to_owned()).collect();
        parse(&conditions).unwrap_err().to_string()
    }

    #[test]
    fn conditions() {
        let conditions =
            ["domain=Bücher.test", "destination=Me@y.test", "note=a=b", "enabled=false"];
        let which = parse(&conditions.map(str::to_owned)).unwrap();
        assert_eq!(which.domain.unwrap().to_string(), "xn--bcher-kva.test");
        assert_eq!(which.destination.as_deref(), Some("Me@y.test"));
        assert_eq!((which.note.as_deref(), which.enabled), (Some("a=b"), Some(false)));

        for (text, enabled) in [("TRUE", true), ("Yes", true), ("No", false)] {
            let which = parse(&[format!("enabled={text}")]).unwrap();
            assert_eq!(which.enabled, Some(enabled), "{text}");
        }

        assert!(why(&["domain="]).contains("as domain=example.org"));
        assert!(why(&["enabled"]).contains("as domain=example.org"));
        assert!(why(&["enabled=maybe"]).contains("true or false"));
        assert!(why(&["domain=-x"]).contains("--where domain=-x"));
        assert!(why(&["unused-since=2999-01-01"]).contains("still to come"));
        assert!(why(&["unused-since=soon"]).contains("2h, 7d"));
        assert!(why(&["colour=red"]).contains("the keys are"));
        assert!(why(&["note=a", "note=b"]).contains("twice"));
    }
}
