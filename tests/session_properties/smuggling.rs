//! Wrong ends of data, all there are.

use super::{Event, run};
use onward::smtp::BareLf;

/// Every text of up to six of the bytes that smuggling is made of, after a line, within one, and at
/// the start of the message.
#[test]
fn no_wrong_end_of_data_lets_text_run_as_commands() {
    for mode in [BareLf::Normalize, BareLf::Refuse] {
        let (refused, taken) = smuggle(mode);
        let least = if mode == BareLf::Refuse { 20 } else { 300 };
        assert!(refused > 5_000 && taken > least, "{mode:?}: {refused} {taken}");
    }
}

fn smuggle(mode: BareLf) -> (usize, usize) {
    const BYTES: &[u8] = b"\r\n.\0";
    const SMUGGLED: &[u8] = b"MAIL FROM:<evil@b.c>\r\nRCPT TO:<victim@y.z>\r\nDATA\r\nx\r\n.\r\n";
    let (mut refused, mut taken) = (0, 0);
    for length in 0..=6u32 {
        for number in 0..BYTES.len().pow(length) {
            let end: Vec<u8> =
                (0..length).map(|at| BYTES[number / BYTES.len().pow(at) % BYTES.len()]).collect();
            for start in [&b""[..], b"text", b"text\r\n"] {
                let body = [b"\r\n", start, &end[..]].concat();
                let mut wire = b"EHLO c\r\nMAIL FROM:<>\r\nRCPT TO:<x@y.z>\r\nDATA\r\n".to_vec();
                wire.extend_from_slice(&body[2..]);
                wire.extend_from_slice(SMUGGLED);
                if body.windows(5).any(|window| window == b"\r\n.\r\n") {
                    continue;
                }
                let driven = run(&wire, &[usize::MAX], mode);
                let shown = wire.escape_ascii();
                let asked = driven.events.iter().filter(|e| matches!(e, Event::Asked(_))).count();
                assert_eq!(asked, 1, "{shown}");
                let after_data = driven.said().split_once("354 ").unwrap().1.to_owned();
                assert_eq!(after_data.lines().count(), 2, "{shown}");
                let bare = String::from_utf8([&body, SMUGGLED].concat()).unwrap();
                let bare = bare.replace("\r\n", "");
                let is_clean = !bare.contains(match mode {
                    BareLf::Refuse => &['\r', '\n', '\0'][..],
                    BareLf::Normalize => &['\r', '\0'],
                });
                let verdict = if is_clean { "\r\n250 2.0.0 " } else { "\r\n550 5.6.0 " };
                assert!(after_data.contains(verdict), "{shown}: {after_data}");
                if is_clean { taken += 1 } else { refused += 1 }
            }
        }
    }
    (refused, taken)
}
