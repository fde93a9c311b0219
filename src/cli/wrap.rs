//! Text in lines that fit a terminal.

/// The width that everything fits: what a terminal has at least.
pub(super) const WIDTH: usize = 80;

/// Breaks `text` between words into lines of at most `width` characters; a longer word has a line of its own.
pub(super) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_between_words() {
        assert_eq!(wrapped("a bc  def\nghij", 4), ["a bc", "def", "ghij"]);
        assert_eq!(wrapped("abcdef \u{fc}\u{fc} x", 4), ["abcdef", "\u{fc}\u{fc} x"]);
        assert_eq!(wrapped(" ", 4), [""; 0]);
    }
}
