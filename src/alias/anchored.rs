//! Which one domain a regex is for: read from its structure, never from its text, so that no flag, group,
//! alternation or escape deceives.

use crate::address::Domain;
use regex_syntax::hir::{Hir, HirKind, Look};

/// The domain whose whole addresses are all that `source` can match.
///
/// # Errors
/// Why there is none, and what to write instead.
pub(super) fn domain_of(source: &str) -> Result<Domain, String> {
    read(source).map_err(|fault| {
        let instead = likely(source).into_iter().find(|likely| read(likely).is_ok());
        let instead = match (instead, fault) {
            (Some(likely), _) => format!("write /{likely}/"),
            (None, Fault::Domain) => {
                r"write its one domain out, as @example\.org, and make an alias for each domain"
                    .to_owned()
            }
            (None, _) => r"write it as /^sales-(.+)@example\.org$/".to_owned(),
        };
        format!("{}; {instead}", fault.why())
    })
}

/// What is wrong with a regex that has not one domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    Sides,
    Start,
    End,
    Domain,
    Local,
    Name,
}

impl Fault {
    fn why(self) -> &'static str {
        match self {
            Self::Sides => "a | outside of a group has ^ and $ hold for one side only",
            Self::Start => "it does not begin with ^, so it matches parts of addresses",
            Self::End => "it does not end with $, so it matches parts of addresses",
            Self::Domain => "it can match addresses of several domains",
            Self::Local => "nothing stands before its @, which no address is like",
            Self::Name => "what stands behind its @ is not the name of a domain, as DNS has it",
        }
    }
}

fn read(source: &str) -> Result<Domain, Fault> {
    // As they are compiled, but for case: what tells no case apart would not read as plain letters.
    let parsed = regex_syntax::parse(source).map_err(|_| Fault::Domain)?;
    let mut parts = Vec::new();
    flatten(parsed, &mut parts);
    if let [HirKind::Alternation(_)] = *parts.iter().map(Hir::kind).collect::<Vec<_>>() {
        return Err(Fault::Sides);
    }
    let [Look::Start, Look::End] = [parts.first(), parts.last()].map(anchor) else {
        let starts = anchor(parts.first()) == Look::Start;
        return Err(if starts { Fault::End } else { Fault::Start });
    };
    parts.pop();
    let mut tail = Vec::new();
    while let Some(HirKind::Literal(literal)) = parts.last().map(Hir::kind) {
        tail.splice(0..0, literal.0.iter().copied());
        parts.pop();
    }
    let tail = String::from_utf8(tail).map_err(|_| Fault::Domain)?;
    let (local, name) = tail.rsplit_once('@').ok_or(Fault::Domain)?;
    if local.is_empty() && parts.len() < 2 {
        return Err(Fault::Local);
    }
    let domain = Domain::parse(name).map_err(|_| Fault::Name)?;
    // Addresses are matched with their A-labels, which no other spelling would ever meet.
    if domain.to_key() == name.to_lowercase() { Ok(domain) } else { Err(Fault::Name) }
}

/// What stands one behind the other, groups taken apart.
fn flatten(hir: Hir, parts: &mut Vec<Hir>) {
    match hir.into_kind() {
        HirKind::Concat(inner) => inner.into_iter().for_each(|part| flatten(part, parts)),
        HirKind::Capture(group) => flatten(*group.sub, parts),
        HirKind::Literal(literal) => parts.push(Hir::literal(literal.0)),
        HirKind::Look(look) => parts.push(Hir::look(look)),
        HirKind::Repetition(repetition) => parts.push(Hir::repetition(repetition)),
        HirKind::Class(class) => parts.push(Hir::class(class)),
        HirKind::Alternation(sides) => parts.push(Hir::alternation(sides)),
        HirKind::Empty => {}
    }
}

/// The look-around that `part` is; of what is none, one that neither end of an address has.
fn anchor(part: Option<&Hir>) -> Look {
    match part.map(Hir::kind) {
        Some(HirKind::Look(look)) => *look,
        _ => Look::WordAscii,
    }
}

/// What `source` was perhaps meant to be.
fn likely(source: &str) -> Vec<String> {
    let mut likely = Vec::new();
    for whole in [source.to_owned(), format!("(?:{source})")] {
        for start in ["", "^", "^.*"] {
            for end in ["", "$"] {
                if !start.is_empty() && whole.starts_with('^') || whole.ends_with('$') && end == "$"
                {
                    continue;
                }
                likely.push(format!("{start}{whole}{end}"));
                if let Some((local, domain)) = whole.rsplit_once('@') {
                    let dots = domain.replace("\\.", ".").replace('.', "\\.");
                    likely.push(format!("{start}{local}@{dots}{end}"));
                }
            }
        }
    }
    likely
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_addresses_of_one_domain() {
        for source in [
            r"^sales-(.+)@example\.org$",
            r"^sales-(.+)@Example\.ORG$",
            r"^.*@example[.]org$",
            r"^(.+)@(example\.org)$",
            r"^((a|b)@example\.org)$",
            r"(^(?:a|b.*?)\x40example\x2eorg$)",
            r"\Aa@example\.org\z",
            r"^a@b@example\.org$",
        ] {
            let domain = domain_of(source).map(|domain| domain.to_key());
            assert_eq!(domain.as_deref(), Ok("example.org"), "{source}");
        }
    }

    #[test]
    fn what_matches_more_is_told_what_to_write() {
        for (source, says) in [
            ("sales", r"write it as /^sales-(.+)@example\.org$/"),
            (".*", "write it as"),
            ("^.*$", "several domains; write its one domain out"),
            (r"^(.+)@(a|b)\.test$", "several domains; write its one domain out"),
            (r"^(.+)@[ab]\.test$", "an alias for each domain"),
            (r"^(.+)@(?:.+\.)?a\.test$", "several domains"),
            (r"^(.+)@a\.test?$", "several domains"),
            (r"^(.+)@(?i)a\.test$", "several domains"),
            (r"^(.+)@(?i:a\.test)$", "several domains"),
            (r"^(.+)@example.org$", r"write /^(.+)@example\.org$/"),
            (r"^(.+)@a.example\.org$", r"write /^(.+)@a\.example\.org$/"),
            (
                r"@example\.org$",
                r"not begin with ^, so it matches parts of addresses; write /^.*@example\.org$/",
            ),
            (r"a@example.org", r"write /^a@example\.org$/"),
            (
                r"^a@example\.org",
                r"not end with $, so it matches parts of addresses; write /^a@example\.org$/",
            ),
            (r"^a@example\.org$|evil", "a | outside of a group"),
            (r"a@x\.test|b@x\.test", "a | outside of a group"),
            (r"^a@example\.org|^b@example\.org$", "not end with $"),
            (r"^(a@x\.test|b@y\.test)$", "several domains"),
            (r"(?m)^a@example\.org$", "not begin with ^"),
            (r"^a@(?m)example\.org$", "not end with $"),
            (r"^a@example\.org\b", "not end with $"),
            (r"^(a@example\.org$)?", "not end with $"),
            (r"^a@bücher\.example$", "as DNS has it"),
            (r"^a@-x\.test$", "as DNS has it"),
            (r"^@x\.test$", "nothing stands before its @"),
            (r"^a@$", "as DNS has it"),
            (r"^a$", "several domains"),
        ] {
            let error = domain_of(source).unwrap_err();
            assert!(error.contains(says), "{source}: {error}");
        }
    }
}
