//! The canonical tables among themselves: both halves, which classes, and what stands behind them.

use super::{
    CANONICAL, Examination, Mode,
    setup::{Scope, words},
};
use crate::admin::doctor::finding::{Finding, error, warning};

/// Where the classes of addresses stand that a canonical table is asked of; the wrong and the right one.
const CLASSES: [(&str, &str, &str, &str); 2] = [
    ("sender_canonical_maps", "sender_canonical_classes", "header_sender", "envelope_sender"),
    (
        "recipient_canonical_maps",
        "recipient_canonical_classes",
        "header_recipient",
        "envelope_recipient",
    ),
];

impl Examination<'_> {
    pub(super) fn classes(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        for (maps, classes, bad, good) in CLASSES {
            for scope in self.setup.scopes(&["cleanup"], &[maps, classes]) {
                let table = self.mentions.iter().find(|mention| {
                    (mention.is_in(scope, maps) || mention.is_in(Scope::Main, maps))
                        && self.is_srs(mention)
                        && self.setup.list(scope, maps).contains(&mention.text)
                });
                let known = self.setup.list(scope, classes);
                if table.is_none() || known.is_empty() {
                    continue;
                }
                if !known.contains(&good) && !known.contains(&bad) {
                    findings.push(error(
                        "envelope-classes",
                        format!("{scope}{classes} lacks {good}"),
                        "the table is never asked about what it is for",
                        [self.setup.set(scope, classes, good)],
                    ));
                } else if known.contains(&bad) {
                    findings.push(error(
                        "header-classes",
                        format!("{scope}{classes} contains {bad}"),
                        "addresses in header fields are rewritten too, which breaks DKIM signatures",
                        [self.setup.set(scope, classes, good)],
                    ));
                }
            }
        }
        findings
    }

    pub(super) fn halves(&self) -> Option<Finding> {
        let [forward, reverse] =
            CANONICAL.map(|(parameter, _)| self.srs_table(parameter).is_some());
        // Beside the milter the table for bounces alone is right, and that for senders is a fault of another name.
        if forward == reverse || self.is_used(Mode::Milter) {
            return None;
        }
        let (missing, map) = if forward { CANONICAL[1] } else { CANONICAL[0] };
        Some(error(
            "half",
            format!("the other half has its table, {missing} has none"),
            "senders are rewritten and bounces to them reach nobody, or nothing is rewritten at all",
            self.canonical(missing, map),
        ))
    }

    /// The commands that have a canonical table of ours asked, and of the envelope alone.
    pub(super) fn canonical(&self, parameter: &str, map: &str) -> Vec<String> {
        let Some(table) = self.table(map) else { return Vec::new() };
        let of = CLASSES.iter().find(|(maps, ..)| *maps == parameter);
        let classes = of.map(|(_, classes, _, good)| self.setup.set(Scope::Main, classes, good));
        [self.with(parameter, &table)].into_iter().chain(classes).collect()
    }

    pub(super) fn order(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        let main = Scope::Main;
        for (parameter, map) in CANONICAL {
            let tables = self.setup.list(main, parameter);
            let srs: Vec<&str> = self
                .mentions
                .iter()
                .filter(|mention| mention.is_in(main, parameter) && self.is_srs(mention))
                .map(|mention| mention.text)
                .collect();
            let Some(ours) = srs.first() else { continue };
            if srs.len() > 1 {
                let mend = self.table(map).map(|table| self.last(parameter, &table, &srs));
                findings.push(error(
                    "two-rewriters",
                    format!("{parameter} has two tables for SRS: {}", srs.join(", ")),
                    "only the first is asked of addresses that both know; bounces of the other are lost",
                    mend,
                ));
            } else if tables.last() != Some(ours) {
                findings.push(warning(
                    "order",
                    format!("{parameter} has other tables behind the one for SRS"),
                    "the first that knows an address is the only one asked: those behind it are never asked \
                     of a sender that leaves",
                    [self.last(parameter, ours, &srs)],
                ));
            }
        }
        let others = self.setup.written(main, "canonical_maps");
        if !self.setup.list(main, "canonical_maps").is_empty()
            && CANONICAL.iter().any(|(name, _)| self.srs_table(name).is_some())
        {
            let others = words(others);
            let mut mend: Vec<String> = CANONICAL
                .iter()
                .map(|(parameter, _)| {
                    let known = self.setup.written_words(main, parameter);
                    let is_new = |table: &&&str| !known.iter().any(|word| word == **table);
                    let new = others.iter().filter(is_new).map(|table| (*table).to_owned());
                    let all: Vec<String> = new.chain(known.clone()).collect();
                    self.setup.set_words(main, parameter, &all)
                })
                .collect();
            mend.push(self.setup.unset(main, "canonical_maps"));
            findings.push(warning(
                "canonical-maps",
                "canonical_maps is asked behind both tables for SRS",
                "it is asked about rewritten senders, and never about those that it knows",
                mend,
            ));
        }
        findings
    }

    /// The command that puts a table behind all others of a parameter but `gone`.
    fn last(&self, parameter: &str, table: &str, gone: &[&str]) -> String {
        let first = gone.first().copied().unwrap_or(table);
        let mut words = self.setup.words_with(Scope::Main, parameter, first);
        words.retain(|word| !gone.contains(&word.as_str()) && word != table);
        words.push(table.to_owned());
        self.setup.set_words(Scope::Main, parameter, &words)
    }
}
