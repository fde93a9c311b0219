//! Values that somebody else chose: shown so that they change nothing around them, and hide nothing.

use maud::{Markup, html};

/// Most characters of a value from outside that are shown where it is one among others.
const SHOWN: usize = 300;

/// A value that somebody else chose, as text that stays by itself: direction and markup of it change nothing around, and
/// what would not be seen is shown. A long one is cut.
pub(crate) fn outside(text: &str) -> Markup {
    let shown: String = text.chars().take(SHOWN).collect();
    html! { bdi { (escaped(&shown)) @if shown.len() < text.len() { "…" } } }
}

/// The same, with all of its characters.
pub(crate) fn outside_whole(text: &str) -> Markup {
    html! { bdi { (escaped(text)) } }
}

fn escaped(text: &str) -> Markup {
    html! { @for piece in pieces(text) { @match piece {
        Piece::Plain(plain) => (plain),
        Piece::Hidden(c) => span .hidden-sign { (code_point(c)) },
    } } }
}

/// A value that somebody else chose, where there is no markup: in a text, a title, a label.
pub(crate) fn visible(text: &str) -> String {
    let mut shown = String::new();
    for piece in pieces(text) {
        match piece {
            Piece::Plain(plain) => shown.push_str(plain),
            Piece::Hidden(c) => shown.push_str(&code_point(c)),
        }
    }
    shown
}

/// The same between signs that keep its direction from what stands around it, where it may have one.
pub(crate) fn isolated(text: &str) -> String {
    let shown = visible(text);
    match shown.is_ascii() {
        true => shown,
        false => format!("\u{2068}{shown}\u{2069}"),
    }
}

enum Piece<'a> {
    Plain(&'a str),
    Hidden(char),
}

fn pieces(text: &str) -> Vec<Piece<'_>> {
    let (mut pieces, mut rest) = (Vec::new(), text);
    while let Some((at, c)) = rest.char_indices().find(|(_, c)| is_hidden(*c)) {
        let (plain, from) = rest.split_at(at);
        pieces.push(Piece::Plain(plain));
        pieces.push(Piece::Hidden(c));
        rest = from.split_at(c.len_utf8()).1;
    }
    pieces.push(Piece::Plain(rest));
    pieces
}

/// Characters that are not seen but do something: controls, those of direction, joiners of no use in one line, tags, and
/// what private agreement alone gives a meaning.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{200b}' | '\u{200e}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{e000}'..='\u{f8ff}' | '\u{e0000}'..='\u{e0fff}')
}

fn code_point(c: char) -> String {
    format!("⟨U+{:04X}⟩", u32::from(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_hidden_is_shown() {
        let hostile = "a<b>\u{202e}c\u{0}\u{200b}\u{e0041}ü";
        assert_eq!(visible(hostile), "a<b>⟨U+202E⟩c⟨U+0000⟩⟨U+200B⟩⟨U+E0041⟩ü");
        let markup = outside(hostile).into_string();
        assert!(
            markup.starts_with("<bdi>a&lt;b&gt;<span class=\"hidden-sign\">⟨U+202E⟩"),
            "{markup}"
        );
        assert_eq!(outside_whole(hostile).into_string(), markup, "short enough to be the same");
        assert_eq!(isolated("plain"), "plain");
        assert_eq!(isolated("שלום"), "\u{2068}שלום\u{2069}");
    }

    #[test]
    fn long_values_are_cut_where_they_stand_among_others() {
        let long = "ü".repeat(10_000);
        assert_eq!(outside(&long).into_string().matches('ü').count(), SHOWN);
        assert!(outside(&long).into_string().ends_with("…</bdi>"));
        assert_eq!(outside_whole(&long).into_string().matches('ü').count(), 10_000);
        assert!(!outside(&"ü".repeat(SHOWN)).into_string().contains('…'));
    }
}
