use super::{Beside, NO_TARGET, Service};
use crate::{
    address::Domain,
    alias::{
        Alias, AliasAddress, AliasError, MAX_NOTE, Rules,
        import::{Import, split},
    },
};

/// What is made of a file so far.
pub(super) struct Taking<'a> {
    service: Service,
    pub(super) beside: &'a Beside,
    import: Import,
}

/// One alias, in the words of its file.
#[derive(Debug, Clone)]
pub(super) struct Foreign {
    /// The line or item.
    pub place: usize,
    /// The address, or a regex between slashes.
    pub address: String,
    pub does: Does,
    pub note: String,
    pub enabled: bool,
}

/// What it does with mail.
#[derive(Debug, Clone)]
pub(super) enum Does {
    /// Forwards it to these; to none where the file does not say.
    Forward(Vec<String>),
    Discard,
    Defer,
    Reject,
}

impl<'a> Taking<'a> {
    pub(super) fn new(service: Service, beside: &'a Beside, import: Import) -> Self {
        Self { service, beside, import }
    }

    pub(super) fn finish(self) -> Import {
        self.import
    }

    /// From here on places are items, not lines.
    pub(super) fn counts_items(&mut self) {
        self.import.counts_items = true;
    }

    pub(super) fn problem(&mut self, place: usize, what: impl Into<String>) {
        self.import.problem(place, what);
    }

    pub(super) fn problem_of(&mut self, place: usize, subject: &str, cause: &str) {
        self.import.problem_of(place, subject, cause);
    }

    pub(super) fn note(&mut self, place: usize, what: impl Into<String>) {
        self.import.notes.push(super::super::Problem::new(place, what));
    }

    pub(super) fn note_of(&mut self, place: usize, subject: &str, cause: &str) {
        self.import.notes.push(super::super::Problem::of(place, subject, cause));
    }

    /// A domain that the file says to be the user's.
    pub(super) fn domain(&mut self, place: usize, name: &str) {
        match Domain::parse(name) {
            Ok(domain) if self.service.owns(&domain) => {}
            _ => self.import.domain(place, name),
        }
    }

    /// `name` at the domain that is known beside the file, where it names none itself.
    pub(super) fn completed(
        &mut self,
        place: usize,
        name: &str,
        domain: Option<&str>,
    ) -> Option<String> {
        if name.contains('@') {
            return Some(name.to_owned());
        }
        let known = self.beside.domain.as_ref().map(ToString::to_string);
        match domain.filter(|domain| !domain.is_empty()).map(str::to_owned).or(known) {
            Some(domain) => Some(format!("{name}@{domain}")),
            None => {
                let name = if name.is_empty() { "an alias without a name" } else { name };
                self.problem_of(place, name, super::super::NO_DOMAIN);
                None
            }
        }
    }

    /// Takes an alias, or says why not.
    pub(super) fn take(&mut self, foreign: Foreign) {
        let Foreign { place, address, does, note, enabled } = foreign;
        let parsed = match AliasAddress::parse(address.trim()) {
            Ok(parsed) => parsed,
            Err(error) => return self.problem(place, error.to_string()),
        };
        if parsed.domain().is_some_and(|domain| self.service.owns(domain)) {
            let cause = format!(
                "is at a domain of {}, which stays there; only addresses at domains of one's own move",
                self.service.name()
            );
            return self.problem_of(place, &address, &cause);
        }
        let does = match does {
            Does::Forward(targets) if targets.is_empty() && self.beside.to.is_empty() => {
                return self.problem_of(place, &address, NO_TARGET);
            }
            Does::Forward(targets) if targets.is_empty() => {
                Does::Forward(self.beside.to.iter().map(ToString::to_string).collect())
            }
            does => does,
        };
        if let Does::Forward(targets) = &does {
            let is_hook = |target: &&String| target.contains("://");
            if let Some(hook) = targets.iter().find(is_hook) {
                let cause = "is a webhook, which no mail is sent to here";
                return self.problem_of(place, &format!("{address} leads to {hook}, which"), cause);
            }
        }
        let note = self.noted(place, &address, &note);
        let alias = made(parsed, &does).and_then(|alias| {
            alias.with_enabled(enabled).with_rules(Rules { note, ..Rules::default() })
        });
        match alias {
            Ok(alias) => self.import.aliases.push((place, alias)),
            Err(error) => self.problem(place, error.to_string()),
        }
    }

    /// The note on one line, without what no note may have.
    fn noted(&mut self, place: usize, address: &str, note: &str) -> Option<String> {
        let mut line = String::new();
        for word in note.split(|c: char| c.is_whitespace() || c.is_control()) {
            let kept = |c: &char| !matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}');
            let word: String = word.chars().filter(kept).collect();
            if !word.is_empty() {
                line.push_str(if line.is_empty() { "" } else { " " });
                line.push_str(&word);
            }
        }
        if line.chars().count() > MAX_NOTE {
            self.note_of(
                place,
                &format!("of {address}"),
                "the note is cut: it is longer than 500 characters",
            );
            line = line.chars().take(MAX_NOTE).collect();
        }
        (!line.is_empty()).then_some(line)
    }
}

fn made(address: AliasAddress, does: &Does) -> Result<Alias, AliasError> {
    match does {
        Does::Forward(targets) => {
            // An address stands once, however often it is named.
            let mut once: Vec<&String> = Vec::new();
            for target in targets {
                if !once.iter().any(|known| known.eq_ignore_ascii_case(target)) {
                    once.push(target);
                }
            }
            Alias::forward(address, once)
        }
        Does::Discard => Alias::discard(address),
        Does::Defer => Alias::defer(address, "This address does not accept mail now"),
        Does::Reject => Alias::reject(address, "This address does not accept mail"),
    }
}

/// Addresses between commas, semicolons or blanks.
pub(super) fn addresses(text: &str) -> Vec<String> {
    split(text, &[',', ';'], true)
}

/// `None` where it is neither yes nor no.
pub(super) fn is_yes(word: &str, empty: bool) -> Option<bool> {
    match word.trim().to_ascii_lowercase().as_str() {
        "" => Some(empty),
        "true" | "1" | "yes" | "on" | "y" | "t" | "active" | "enabled" => Some(true),
        "false" | "0" | "no" | "off" | "n" | "f" | "inactive" | "disabled" => Some(false),
        _ => None,
    }
}

/// Of a word that is neither.
pub(super) fn neither(address: &str, word: &str) -> String {
    format!(
        "{address} is {word:?}, of which nobody can tell whether it is on or off: write true or false"
    )
}
