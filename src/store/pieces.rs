//! The pieces of texts by which aliases are found: all runs of one, two and three characters.

use std::collections::HashSet;

/// A piece of no text: of each alias that is switched off.
const OFF: &str = "\u{e100}off";
/// Where the characters begin that stand for those of ASCII at which a tokenizer would cut.
const STAND_IN: u32 = 0xe000;

/// The pieces of `text`, as `alias_text` takes them.
pub(super) fn pieces_of(text: &str, enabled: bool) -> String {
    let text = text.to_lowercase();
    let starts: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
    let mut seen = HashSet::new();
    let mut pieces = String::with_capacity(text.len() * 8);
    for length in 1..=3 {
        for (start, end) in starts.iter().zip(starts.iter().skip(length)) {
            let Some(piece) = text.get(*start..*end).filter(|piece| seen.insert(*piece)) else {
                continue;
            };
            pieces.extend(piece.chars().map(stand_in));
            pieces.push(' ');
        }
    }
    if !enabled {
        pieces.push_str(OFF);
    }
    pieces
}

/// The pieces, as they stand in texts, that are in every text which has `sought` in it: in lower case.
pub(super) fn pieces_in(sought: &str) -> Vec<&str> {
    let starts: Vec<usize> =
        sought.char_indices().map(|(at, _)| at).chain([sought.len()]).collect();
    let length = starts.len().saturating_sub(1).min(3);
    let ends = starts.iter().skip(length.max(1));
    starts.iter().zip(ends).filter_map(|(start, end)| sought.get(*start..*end)).collect()
}

/// These pieces as [`pieces_of`] has them, and that of what is switched off.
pub(super) fn sought(pieces: &[&str], is_off: bool) -> Vec<String> {
    let pieces = pieces.iter().map(|piece| piece.chars().map(stand_in).collect::<String>());
    pieces.chain(is_off.then(|| OFF.to_owned())).collect()
}

/// The question for all of these pieces, and for what is switched off.
pub(super) fn question(pieces: &[&str], is_off: bool) -> String {
    let all = sought(pieces, is_off).into_iter().map(|piece| format!("\"{piece}\""));
    all.collect::<Vec<_>>().join(" AND ")
}

fn stand_in(c: char) -> char {
    match c {
        c if c.is_ascii_alphanumeric() || !c.is_ascii() => c,
        c => char::from_u32(STAND_IN + u32::from(c)).unwrap_or(c),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_a_text_is_in_its_pieces() {
        assert_eq!(pieces_in("ab@c"), ["ab@", "b@c"]);
        assert_eq!(pieces_in("ü"), ["ü"]);
        assert_eq!(pieces_in("üb"), ["üb"]);
        assert_eq!(pieces_in("abc"), ["abc"]);
        assert_eq!(pieces_in(""), [""; 0]);
        let text = "Büro 7@x.test\n";
        let pieces: HashSet<String> =
            pieces_of(text, true).split_ascii_whitespace().map(str::to_owned).collect();
        for sought in ["büro 7@x.test\n", "o 7", "ü", "t\n", "@x."] {
            let asked = question(&pieces_in(sought), false);
            assert!(
                asked.split(" AND ").all(|one| pieces.contains(one.trim_matches('"'))),
                "{asked}"
            );
        }
        let off = question(&[], true);
        assert!(!pieces.contains(off.trim_matches('"')));
        assert!(pieces_of(text, false).ends_with(off.trim_matches('"')));
    }
}
