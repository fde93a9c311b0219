//! Any answer of a spam filter: a verdict or none within bounds, and of its fields only such as are one field each.
#![no_main]

use libfuzzer_sys::fuzz_target;
use onward::rspamd::Answer;

fn is_printable(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

fuzz_target!(|body: &[u8]| {
    let Ok(answer) = Answer::parse(body) else { return };
    assert!(answer.verdict.symbols.len() <= 5);
    for symbol in &answer.verdict.symbols {
        assert!(symbol.name.len() <= 64 && is_printable(&symbol.name));
    }
    if let Some(message) = &answer.message {
        assert!((1..=200).contains(&message.len()) && is_printable(message));
    }
    assert!(is_printable(&answer.verdict.to_string()));
    let marks = answer.marks();
    assert!(marks.len() < 40_000);
    let marks = marks.strip_suffix("\r\n").expect("fields have line ends");
    for line in marks.split("\r\n") {
        assert!(line.len() <= 998, "{line}");
        match line.strip_prefix('\t') {
            Some(folded) => assert!(!folded.is_empty() && is_printable(folded), "{line:?}"),
            None => {
                assert!(is_printable(line), "{line:?}");
                let (name, _) = line.split_once(": ").expect("a field has a name");
                assert!(name.get(..2).is_some_and(|x| x.eq_ignore_ascii_case("X-")), "{line}");
                assert!(!name.to_ascii_lowercase().starts_with("x-onward-"), "{line}");
            }
        }
    }
});
