//! What Postfix takes, Onward takes, or a table of docs/STANDARDS.md says why not.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

/// Of each shape its kind in the table under `heading`, and whether Postfix takes it, and Onward. The empty kind is
/// for what nobody should refuse.
pub(super) fn expect_explained<'a, S: Debug>(
    heading: &str,
    judged: impl Iterator<Item = ((&'a str, S), (bool, bool))>,
) {
    let reasons = reasons(heading);
    let mut unexplained = Vec::new();
    let mut needed = BTreeSet::new();
    for ((kind, shape), verdicts) in judged {
        match verdicts {
            (true, false) if reasons.contains_key(kind) => {
                needed.insert(kind.to_owned());
            }
            (true, false) => unexplained.push(shape),
            _ => {}
        }
    }
    assert!(unexplained.is_empty(), "only Postfix takes {unexplained:#?}");
    let written: BTreeSet<_> = reasons.keys().cloned().collect();
    assert_eq!(needed, written, "every reason is needed");
    assert!(reasons.values().all(|reason| reason.len() > 20), "{reasons:?}");
}

/// The kinds in the table, with their reasons.
fn reasons(heading: &str) -> BTreeMap<String, String> {
    let text = std::fs::read_to_string("docs/STANDARDS.md").unwrap();
    let (_, section) = text.split_once(heading).expect("the section of docs/STANDARDS.md");
    let rows = section.lines().skip_while(|line| !line.starts_with("|---"));
    rows.skip(1)
        .take_while(|line| line.starts_with('|'))
        .map(|row| {
            let cells: Vec<&str> =
                row.split(" | ").map(|cell| cell.trim_matches(['|', ' '])).collect();
            (cells[0].to_owned(), cells[cells.len() - 1].to_owned())
        })
        .collect()
}
