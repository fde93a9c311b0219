//! PostSRSd 1.10 and Onward side by side: the same secret, the same clock, the same 10,000 addresses
//! through both tables, in both directions.

use crate::support::onward::Onward;
use crate::support::postsrsd::{PostSrsd, TcpTable};
use std::collections::BTreeMap;

const SRS_DOMAIN: &str = "srs.example.net";
const SECRET: &str = "tops3cr3t";
const ADDRESSES: usize = 10_000;
/// Asked at once.
const BATCH: usize = 500;

/// xorshift64 from a fixed seed: each run asks the same.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % end as u64).unwrap()
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }

    fn text(&mut self, characters: &str, lengths: std::ops::Range<usize>) -> String {
        let characters: Vec<char> = characters.chars().collect();
        let length = lengths.start + self.below(lengths.len());
        (0..length).map(|_| characters[self.below(characters.len())]).collect()
    }
}

fn address(random: &mut Random) -> String {
    let atext = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-/=?^_`{|}~";
    let local = match random.below(20) {
        0 => random.text(atext, 65..120),
        1 => random.text(atext, 30..65),
        2 => format!("{}..{}", random.text(atext, 1..5), random.text(atext, 1..5)),
        3 => format!("{} {}", random.text(atext, 1..5), random.text(atext, 1..5)),
        4 => format!("\"{}\"", random.text("abc .,@", 1..10)),
        5 => random.text("äöüß用户a", 1..12),
        6..9 => srs_shaped(random),
        9..12 => {
            format!(
                "{}.{}+{}",
                random.text("abc", 1..9),
                random.text("xyz", 1..9),
                random.below(99)
            )
        }
        _ => random.text(atext, 1..20),
    };
    let domain = match random.below(12) {
        0 => SRS_DOMAIN.to_owned(),
        1 => "SRS.example.NET".to_owned(),
        2 => "local.example".to_owned(),
        3 => "a.dot.example".to_owned(),
        4 => random
            .pick(&["dot.example", "x.local.example", "localhost", "b\u{fc}cher.example"])
            .into(),
        5 => format!("{}.{}", random.text("abcdefgh-", 1..30), random.pick(&["org", "co.uk", "1"])),
        6 => format!("{}.example.com", random.text("abcdefgh", 40..63)),
        _ => random
            .pick(&["example.com", "Example.ORG", "mail.example.co.uk", "xn--nxa.example"])
            .into(),
    };
    match random.below(60) {
        0 => local,
        1 => format!("{local}@"),
        2 => format!("@{domain}"),
        _ => format!("{local}@{domain}"),
    }
}

fn srs_shaped(random: &mut Random) -> String {
    let prefix = random.pick(&["SRS0", "srs0", "SRS1", "Srs1", "SRS2", "SRS"]);
    let separator = random.pick(&["=", "+", "-", "", "=="]);
    let hash = random.text("abcXYZ09+/", 0..6);
    let rest = match random.below(5) {
        0 => String::new(),
        1 => random.text("abc=", 0..12),
        2 => "=G3=example.com=alice".to_owned(),
        3 => format!("=first.example==aB/d={}=orig.example=bob", random.text("ABC234", 2..3)),
        _ => format!("={}=example.org=carol=x", random.text("ABC234", 2..3)),
    };
    format!("{prefix}{separator}{hash}{rest}")
}

/// No dot-string of RFC 5321 §4.1.2, for its dots.
fn has_odd_dots(local: &str) -> bool {
    local.starts_with('.') || local.ends_with('.') || local.contains("..")
}

/// Why the two differ; `None`: they must not.
fn because(key: &str, theirs: &str, ours: &str) -> Option<&'static str> {
    let (local, domain) = key.rsplit_once('@').unwrap_or((key, ""));
    let unquoted = local.trim_matches('"');
    let is_valid = onward::address::Mailbox::parse(key).is_ok();
    let kind = |answer: &str| answer.split(' ').next().unwrap().to_owned();
    let (their_kind, our_kind) = (kind(theirs), kind(ours));
    if !key.contains('@') || !is_valid {
        // They look at no more of an address than its at sign, and their buffer.
        return (our_kind == "500").then_some("no address of RFC 5321");
    }
    let has_token = ours.contains("=1=");
    let their_value = theirs.strip_prefix("200 ").unwrap_or_default();
    let their_local = their_value.rsplit_once('@').map_or("", |(local, _)| local);
    match (their_kind.as_str(), our_kind.as_str()) {
        ("200", "200") if has_token && their_local.len() > 64 => Some("over 64 octets: kept here"),
        ("200", "200") if local.starts_with('"') => Some("quotes around the whole"),
        // Read as devices write them, written by the letter.
        ("200", "200") if has_odd_dots(local) => Some("odd dots: the whole in quotes"),
        ("200", "200") if !domain.is_ascii() => Some("A-labels"),
        ("500", "200") if theirs.contains("too small") || theirs.contains("too big") => {
            Some("over their buffer")
        }
        // A sender that looks like SRS1 and is none.
        ("500", "200") if unquoted.to_ascii_lowercase().starts_with("srs") => {
            Some("malformed SRS1 or SRS0 sender: one like another")
        }
        ("200", "200") if unquoted.to_ascii_lowercase().starts_with("srs") => {
            Some("malformed SRS1 or SRS0 sender: one like another")
        }
        ("200", "500") if !domain.eq_ignore_ascii_case(SRS_DOMAIN) => Some("not at our SRS domain"),
        ("500", "500") if !domain.eq_ignore_ascii_case(SRS_DOMAIN) => Some("not at our SRS domain"),
        ("200", "500") if onward::address::Mailbox::parse(their_value.trim_end()).is_err() => {
            Some("what it stands for is no address")
        }
        // `SRS0` and no separator behind it.
        ("200", "500") if their_local.starts_with("SRS0") && ours.contains("in SRS1") => {
            Some("what it stands for is no address of the scheme")
        }
        ("500", "500") if ours.contains("in SRS") => Some("malformed: another part is named"),
        ("500", "500") if theirs.contains("out of date") => Some("whether it is ours comes first"),
        _ => None,
    }
}

#[test]
fn ten_thousand_addresses_through_both() {
    let Some(theirs) =
        PostSrsd::start_with(SRS_DOMAIN, &[SECRET], &["-Xlocal.example,.dot.example"])
    else {
        return;
    };
    let builder = Onward::builder()
        .secrets(&[SECRET])
        .config(&format!("srs.domain = \"{SRS_DOMAIN}\""))
        .config("srs.tag = \"sha1-base64\"")
        .config("srs.exempt_domains = [\"local.example\", \".dot.example\"]");
    let (builder, forward) = builder.listen("tcp-table", &["direction = \"forward\""]);
    let (builder, reverse) = builder.listen("tcp-table", &["direction = \"reverse\""]);
    let _onward = builder.start();
    let [their_forward, their_reverse] = theirs.addresses().map(TcpTable::connect);
    let mut forward = [their_forward, TcpTable::connect(forward)];
    let mut reverse = [their_reverse, TcpTable::connect(reverse)];

    let mut random = Random(0x5eed);
    let (mut same, mut explained) = (0, BTreeMap::<&str, usize>::new());
    let mut unexplained = Vec::new();
    let mut compare = |keys: &[String], tables: &mut [TcpTable; 2]| {
        let [theirs, ours] = tables.each_mut().map(|table| table.ask(keys));
        for ((key, theirs), ours) in keys.iter().zip(&theirs).zip(&ours) {
            match because(key, theirs, ours) {
                _ if theirs == ours => same += 1,
                Some(why) => *explained.entry(why).or_default() += 1,
                None => unexplained.push(format!("{key:?}: {theirs:?}, ours {ours:?}")),
            }
        }
        [theirs, ours]
    };
    for _ in 0..ADDRESSES / BATCH {
        let keys: Vec<String> = (0..BATCH).map(|_| address(&mut random)).collect();
        let rewritten = compare(&keys, &mut forward);
        compare(&keys, &mut reverse);
        // What each made, turned back by both; in the case that it may come back in.
        for (at, lines) in rewritten.into_iter().enumerate() {
            let made: Vec<String> = lines
                .iter()
                .filter_map(|line| line.trim_end().strip_prefix("200 "))
                .filter(|made| {
                    made.is_ascii() && !made.contains(['%', '"']) && !made.contains("=1=")
                })
                .map(|made| if at == 0 { made.to_owned() } else { made.to_lowercase() })
                .collect();
            compare(&made, &mut reverse);
        }
    }
    let count = unexplained.len();
    unexplained.truncate(40);
    assert!(
        unexplained.is_empty(),
        "{count}, same {same}, {explained:?}:\n{}",
        unexplained.join("\n")
    );
    assert!(same > 2 * ADDRESSES, "same {same}, {explained:?}");
}
