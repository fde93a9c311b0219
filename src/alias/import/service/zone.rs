//! TXT records: as they stand in a zone file (RFC 1035 §5), in answers of `dig`, with `+short` too, or as the bare text of
//! one a line.

/// A TXT record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Txt {
    /// The line that it begins in.
    pub place: usize,
    /// Whose it is; `None` where nothing says so.
    pub owner: Option<String>,
    /// Its strings, one behind the other.
    pub text: String,
}

/// What a text comes to.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Zone {
    pub records: Vec<Txt>,
    /// Lines that are nothing of the kind, and why.
    pub problems: Vec<(usize, &'static str)>,
}

/// Types whose records are none of ours.
const OTHERS: [&str; 24] = [
    "A",
    "AAAA",
    "AFSDB",
    "CAA",
    "CNAME",
    "DNAME",
    "DNSKEY",
    "DS",
    "HTTPS",
    "LOC",
    "MX",
    "NAPTR",
    "NS",
    "NSEC",
    "NSEC3",
    "NSEC3PARAM",
    "PTR",
    "RRSIG",
    "SOA",
    "SPF",
    "SRV",
    "SSHFP",
    "SVCB",
    "TLSA",
];

/// Lines that stand for records which are not here.
const INCLUDED: &str = "names another file ($INCLUDE), which is not read: import that one too";
const GENERATED: &str = "makes records of a range ($GENERATE), which is not read: write them out";

/// One word of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Word {
    text: String,
    quoted: bool,
}

/// Lines of one record, which brackets and quotes make one.
#[derive(Debug, Default)]
struct Entry {
    place: usize,
    /// Its owner is that of the record before.
    indented: bool,
    words: Vec<Word>,
    depth: usize,
    quoted: bool,
}

/// Reads `text`, whose names without a dot at their end are below `origin`, if that is known.
pub(super) fn read(text: &str, origin: Option<&str>) -> Zone {
    let mut zone = Zone::default();
    let mut origin = origin.map(str::to_owned);
    let mut owner = None;
    let mut open: Option<Entry> = None;
    for (at, line) in text.lines().enumerate() {
        let bare = line.trim();
        if open.is_none()
            && bare.get(..13).is_some_and(|start| start.eq_ignore_ascii_case("forward-email"))
        {
            zone.records.push(Txt { place: at + 1, owner: None, text: bare.to_owned() });
            continue;
        }
        let indented = line.starts_with([' ', '\t']);
        let mut entry =
            open.take().unwrap_or(Entry { place: at + 1, indented, ..Entry::default() });
        entry.add(line);
        if entry.depth > 0 || entry.quoted {
            open = Some(entry);
        } else {
            entry.close(&mut zone, &mut origin, &mut owner);
        }
    }
    if let Some(entry) = open {
        zone.problems.push((entry.place, "a bracket or a quote opens here and does not close"));
    }
    zone
}

impl Entry {
    fn add(&mut self, line: &str) {
        let mut word: Option<Word> = None;
        if self.quoted {
            word = self.words.pop();
        }
        let mut chars = line.chars();
        while let Some(c) = chars.next() {
            match (c, self.quoted) {
                ('"', true) => {
                    self.quoted = false;
                    self.words.extend(word.take());
                }
                ('"', false) => {
                    self.words.extend(word.take());
                    self.quoted = true;
                    word = Some(Word { text: String::new(), quoted: true });
                }
                (';', false) => break,
                ('(', false) => self.depth += 1,
                (')', false) => self.depth = self.depth.saturating_sub(1),
                (c, false) if c.is_whitespace() => self.words.extend(word.take()),
                (c, _) => {
                    let c = if c == '\\' { escaped(&mut chars) } else { Some(c) };
                    let open =
                        word.get_or_insert_with(|| Word { text: String::new(), quoted: false });
                    open.text.extend(c);
                }
            }
        }
        self.words.extend(word);
    }

    fn close(self, zone: &mut Zone, origin: &mut Option<String>, owner: &mut Option<String>) {
        let is = |word: &Word, name: &str| !word.quoted && word.text.eq_ignore_ascii_case(name);
        let Some(first) = self.words.first() else { return };
        if !first.quoted && first.text.starts_with('$') {
            if is(first, "$ORIGIN") {
                *origin = self.words.get(1).map(|word| absolute(&word.text, origin.as_deref()));
            } else if is(first, "$INCLUDE") {
                zone.problems.push((self.place, INCLUDED));
            } else if is(first, "$GENERATE") {
                zone.problems.push((self.place, GENERATED));
            }
            return;
        }
        if self.words.iter().all(|word| word.quoted) {
            let text = self.words.into_iter().map(|word| word.text).collect();
            return zone.records.push(Txt { place: self.place, owner: None, text });
        }
        let kind = self
            .words
            .iter()
            .position(|word| is(word, "TXT") || OTHERS.iter().any(|other| is(word, other)));
        let named = !self.indented && kind != Some(0);
        if named && kind.is_some() {
            *owner = Some(absolute(&first.text, origin.as_deref()));
        }
        let Some(at) = kind else {
            zone.problems.push((self.place, "is no TXT record of Forward Email"));
            return;
        };
        let is_txt = self.words.get(at).is_some_and(|word| is(word, "TXT"));
        if is_txt {
            let text = self.words.iter().skip(at + 1).map(|word| word.text.as_str()).collect();
            let owner = owner.clone().filter(|owner| !owner.is_empty());
            zone.records.push(Txt { place: self.place, owner, text });
        }
    }
}

/// What a backslash stands for: the character behind it, or the octet of three digits.
fn escaped(chars: &mut std::str::Chars<'_>) -> Option<char> {
    let rest = chars.as_str();
    let digits = rest.get(..3).filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()));
    if let Some(octet) = digits.and_then(|digits| digits.parse::<u8>().ok()) {
        *chars = rest.get(3..).unwrap_or_default().chars();
        return Some(char::from(octet));
    }
    chars.next()
}

/// A name without its last dot; one without it is below `origin`. Empty where that is not known.
fn absolute(name: &str, origin: Option<&str>) -> String {
    match (name, name.strip_suffix('.'), origin) {
        (_, Some(whole), _) => whole.to_owned(),
        ("@", ..) => origin.unwrap_or_default().to_owned(),
        (_, None, Some(origin)) if name != origin => format!("{name}.{origin}"),
        // Panels of registrars write the whole name without a dot behind it.
        _ => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str, origin: Option<&str>) -> Vec<String> {
        let zone = read(text, origin);
        assert_eq!(zone.problems, []);
        let shown = |txt: &Txt| {
            format!("{} {}: {}", txt.place, txt.owner.as_deref().unwrap_or("-"), txt.text)
        };
        zone.records.iter().map(shown).collect()
    }

    #[test]
    fn a_zone_file() {
        let text = "\
$ORIGIN example.org.
$TTL 3600 ; an hour
@ IN SOA ns.example.org. host.example.org. (
    1 2 3 4 5 )
@ 300 IN TXT \"v=spf1 -all\"
  IN TXT ( \"forward-email=a:b@x.test,\" ; the first
           \"c:d@x.test\" )
sub TXT \"forward-\" \"email=e@x.test\"
other.test. TXT forward-email=f@x.test
@ MX 10 mx1.forwardemail.net.
@ TXT \"a \\\"b\\\" \\059\"
";
        assert_eq!(
            texts(text, None),
            [
                "5 example.org: v=spf1 -all",
                "6 example.org: forward-email=a:b@x.test,c:d@x.test",
                "8 sub.example.org: forward-email=e@x.test",
                "9 other.test: forward-email=f@x.test",
                "11 example.org: a \"b\" ;",
            ]
        );
    }

    #[test]
    fn other_ways_to_write_it_down() {
        let short = "\"v=spf1 -all\"\n\"forward-email=a:b@x.test,\" \"c@x.test\"\n";
        assert_eq!(
            texts(short, None),
            ["1 -: v=spf1 -all", "2 -: forward-email=a:b@x.test,c@x.test"]
        );
        let long = ";; ANSWER SECTION:\nexample.org.\t60\tIN\tTXT\t\"forward-email=a@x.test\"\n";
        assert_eq!(texts(long, None), ["2 example.org: forward-email=a@x.test"]);
        let bare = "forward-email=/^(a|b)$/:x+$1@y.test\r\n\r\nForward-Email=c@d.test";
        assert_eq!(
            texts(bare, None),
            ["1 -: forward-email=/^(a|b)$/:x+$1@y.test", "3 -: Forward-Email=c@d.test"]
        );
        assert_eq!(
            texts("@ TXT \"x\"\nsub TXT \"y\"", Some("a.test")),
            ["1 a.test: x", "2 sub.a.test: y"]
        );
        assert_eq!(texts("@ TXT \"x\"", None), ["1 -: x"]);
        let elsewhere = read("$include sub.zone\n$TTL 60\n$GENERATE 1-9 a$ TXT x\n", None);
        assert_eq!(elsewhere.problems, [(1, INCLUDED), (3, GENERATED)]);
        let broken = read("hello world\n@ TXT ( \"x\n", None);
        assert_eq!(broken.problems.iter().map(|it| it.0).collect::<Vec<_>>(), [1, 2]);
    }
}
