//! What the owner of an alias says of the mail that comes to it.

use super::{AliasError, Digest, SenderPattern, SpamAction};
use crate::{
    address::Mailbox,
    rate::{Rate, parse_rate, print_rate},
    time::UnixTime,
};
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use std::{collections::HashSet, fmt};

/// Most senders that one alias allows, and most that it blocks.
pub const MAX_SENDERS: usize = 100;
/// Longest note, in characters.
pub const MAX_NOTE: usize = 500;
/// Most messages that [`Rules::max_messages`] may count: a number that every reader of JSON has whole.
pub const MAX_MESSAGES: u64 = 1_000_000_000;

/// What the owner of an alias says of its mail, where he says anything. The rules of the alias that the
/// client named count: what it leads to may be aliases again, whose rules are for mail of their own. But an alias whose
/// time or number of messages is over is as one that is switched off, wherever it stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rules {
    /// What it is for: at most [`MAX_NOTE`] characters of one line.
    pub note: Option<String>,
    /// From when on it refuses as if it were switched off.
    pub expires: Option<UnixTime>,
    /// After how many messages that were taken it refuses as if it were switched off.
    pub max_messages: Option<u64>,
    /// Whose mail is not blocked, by the alias or otherwise, and is let past a filter and DNSBLs if the sender is proven.
    /// An exception for these, and nothing to anybody else, unless [`SenderPattern::Everybody`] is blocked.
    pub allow: Vec<SenderPattern>,
    /// Whose mail is refused.
    pub block: Vec<SenderPattern>,
    /// How many messages it takes in which time; `None` as for all aliases.
    pub limit: Option<Rate>,
    /// What becomes of mail that a filter takes for spam; `None` as the configuration says.
    pub spam: Option<SpamAction>,
    /// Its mailboxes may answer as the alias by writing to an [`AnswerAddress`](super::AnswerAddress), which is then in
    /// Reply-To of what comes to it.
    pub reply_by_address: bool,
    /// How often its owner hears what came; `None` as its domain says.
    pub digest: Option<Digest>,
}

/// What nobody has said anything of.
static NONE: Rules = Rules {
    note: None,
    expires: None,
    max_messages: None,
    allow: Vec::new(),
    block: Vec::new(),
    limit: None,
    spam: None,
    reply_by_address: false,
    digest: None,
};

impl Rules {
    /// Of mail that comes to no alias.
    pub fn none() -> &'static Self {
        &NONE
    }

    /// The pattern by which `address` is allowed. What is more than not being blocked needs proof of the address besides:
    /// everybody can write down a name.
    pub fn allowed_by(&self, address: &Mailbox) -> Option<&SenderPattern> {
        self.allow.iter().find(|pattern| pattern.matches(address))
    }

    /// True when [`Rules::allowed_by`] names a pattern.
    pub fn allows(&self, address: &Mailbox) -> bool {
        self.allowed_by(address).is_some()
    }

    /// True when nothing is said.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// These rules, if an alias may have them. Who stands twice in a list stands once; an empty note is none.
    ///
    /// # Errors
    /// When a list, the note or the number of messages is beyond its bounds, or everybody is allowed.
    pub(super) fn checked(mut self) -> Result<Self, AliasError> {
        for list in [&mut self.allow, &mut self.block] {
            let mut known = HashSet::new();
            list.retain(|pattern| known.insert(pattern.key()));
        }
        if self.allow.contains(&SenderPattern::Everybody) {
            return Err(AliasError::AllowsEverybody);
        }
        if self.allow.len() > MAX_SENDERS {
            return Err(AliasError::TooManyAllowed);
        }
        if self.block.len() > MAX_SENDERS {
            return Err(AliasError::TooManyBlocked);
        }
        self.note = self.note.map(|note| note.trim().to_owned()).filter(|note| !note.is_empty());
        if self.note.as_deref().is_some_and(|note| !is_printable(note)) {
            return Err(AliasError::Note);
        }
        if self.max_messages.is_some_and(|most| !(1..=MAX_MESSAGES).contains(&most)) {
            return Err(AliasError::Messages);
        }
        // What calendars do not reach is their last second, or what is printed would not be read back.
        self.expires = self.expires.map(|time| UnixTime::from(Timestamp::from(time)));
        Ok(self)
    }
}

/// Reads the time of [`Rules::expires`] as it is written down: RFC 3339, with a zone.
///
/// # Errors
/// When the text is none.
pub fn parse_expires(text: &str) -> Result<UnixTime, AliasError> {
    let time = text.parse::<Timestamp>().map(UnixTime::from);
    time.map_err(|_| AliasError::Expires(text.to_owned()))
}

/// As [`parse_expires`], and a day alone, which is to be over: `2026-12-31` ends where the next day begins in UTC.
///
/// # Errors
/// When the text is neither; a time of day without a zone could be anywhere.
pub fn parse_day(text: &str) -> Result<UnixTime, AliasError> {
    let day = || {
        let next = text
            .parse::<Date>()
            .ok()
            .filter(|_| !text.contains([':', ' ', 'T']))?
            .tomorrow()
            .ok()?;
        Some(UnixTime::from(next.to_zoned(TimeZone::UTC).ok()?.timestamp()))
    };
    // A day parses as the beginning of a time would, so the longer form goes first.
    parse_expires(text).or_else(|_| day().ok_or_else(|| AliasError::Day(text.to_owned())))
}

/// Reads the rate of [`Rules::limit`]: `30/1h`.
///
/// # Errors
/// When the text is none.
pub fn parse_limit(text: &str) -> Result<Rate, AliasError> {
    parse_rate(text).map_err(|why| AliasError::Limit(text.to_owned(), why))
}

/// True for a note that takes one line and shows what it says.
fn is_printable(note: &str) -> bool {
    let turns = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let ends_line = |c: char| matches!(c, '\u{2028}' | '\u{2029}');
    note.chars().count() <= MAX_NOTE
        && !note.chars().any(|c| c.is_control() || turns(c) || ends_line(c))
}

/// Takes a pattern out of a list.
///
/// # Errors
/// When it is not there.
pub(super) fn take_out(list: &mut Vec<SenderPattern>, pattern: &SenderPattern) -> Result<(), ()> {
    let (before, key) = (list.len(), pattern.key());
    list.retain(|listed| listed.key() != key);
    if list.len() < before { Ok(()) } else { Err(()) }
}

/// ` (spam: mark) (allows a@x.example, @y.example) (at most 5 messages)`: the form in listings; nothing for no rules.
impl fmt::Display for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(spam) = self.spam {
            write!(f, " (spam: {spam})")?;
        }
        for (verb, list) in [("allows", &self.allow), ("blocks", &self.block)] {
            let senders: Vec<String> = list.iter().map(ToString::to_string).collect();
            if !senders.is_empty() {
                write!(f, " ({verb} {})", senders.join(", "))?;
            }
        }
        if let Some(limit) = self.limit {
            write!(f, " (limit: {})", print_rate(limit))?;
        }
        match self.max_messages {
            Some(1) => f.write_str(" (at most 1 message)")?,
            Some(most) => write!(f, " (at most {most} messages)")?,
            None => {}
        }
        if let Some(expires) = self.expires {
            write!(f, " (until {expires})")?;
        }
        if self.reply_by_address {
            f.write_str(" (reply by address)")?;
        }
        if let Some(digest) = self.digest {
            write!(f, " (digest: {digest})")?;
        }
        match &self.note {
            Some(note) => write!(f, " (note: {note})"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patterns(texts: &[&str]) -> Vec<SenderPattern> {
        texts.iter().map(|text| SenderPattern::parse(text).unwrap()).collect()
    }

    fn sender(text: &str) -> Mailbox {
        Mailbox::parse(text).unwrap()
    }

    #[test]
    fn rules_are_bounded_and_say_each_sender_once() {
        let rules = Rules {
            allow: patterns(&["A@x.test", "a@X.test", "@x.test", "*.x.test"]),
            block: patterns(&["*", "@y.test", "*@Y.test", "*"]),
            ..Rules::default()
        };
        let rules = rules.checked().unwrap();
        assert_eq!(rules.to_string(), " (allows A@x.test, @x.test, *.x.test) (blocks *, @y.test)");
        assert!(rules.allows(&sender("b@x.test")) && rules.allows(&sender("b@a.x.test")));
        assert!(!rules.allows(&sender("a@y.test")) && !rules.is_empty());
        assert!(!Rules::default().allows(&sender("a@x.test")) && Rules::default().is_empty());

        let many: Vec<_> =
            (0..=MAX_SENDERS).flat_map(|n| patterns(&[&format!("@{n}.test")])).collect();
        let error = Rules { allow: many.clone(), ..Rules::default() }.checked().unwrap_err();
        assert!(error.to_string().contains("allows at most 100"), "{error}");
        let error = Rules { block: many, ..Rules::default() }.checked().unwrap_err();
        assert!(error.to_string().contains("blocks at most 100"), "{error}");
        let error = Rules { allow: patterns(&["*"]), ..Rules::default() }.checked().unwrap_err();
        assert!(error.to_string().contains("* is for block"), "{error}");
    }

    #[test]
    fn a_note_is_a_line_that_shows_what_it_says() {
        let noted = |note: &str| Rules { note: Some(note.into()), ..Rules::default() }.checked();
        assert_eq!(noted(" Büro, 店 ").unwrap().note.as_deref(), Some("Büro, 店"));
        assert_eq!(noted("  ").unwrap(), Rules::default());
        assert!(noted(&"ü".repeat(MAX_NOTE)).is_ok());
        let long = "x".repeat(MAX_NOTE + 1);
        for bad in ["a\nb", "a\tb", "a\u{1b}[2Jb", "a\u{202e}b", "a\u{2069}b", "a\u{2028}b", &long]
        {
            assert_eq!(noted(bad), Err(AliasError::Note), "{bad:?}");
        }
    }

    #[test]
    fn numbers_are_bounded() {
        let most = |most| Rules { max_messages: Some(most), ..Rules::default() }.checked();
        assert!(most(1).is_ok() && most(MAX_MESSAGES).is_ok());
        assert!(most(0) == Err(AliasError::Messages) && most(MAX_MESSAGES + 1).is_err());
        let rules = Rules { expires: Some(UnixTime::new(u64::MAX)), ..Rules::default() };
        let expires = rules.checked().unwrap().expires.unwrap();
        assert!(expires.to_string().starts_with("9999-12-"), "{expires}");
        assert_eq!(parse_expires(&expires.to_string()), Ok(expires));
        for bad in ["", "2026-12-31", "2026-12-31T12:00:00", "tomorrow"] {
            assert!(parse_expires(bad).unwrap_err().to_string().contains("is no time"), "{bad}");
        }
        assert_eq!(parse_day("2026-12-31").unwrap().to_string(), "2027-01-01T00:00:00Z");
        assert_eq!(
            parse_day("2026-12-31T12:00:00-01:00").unwrap().to_string(),
            "2026-12-31T13:00:00Z"
        );
        for bad in ["2026-12-31T12:00:00", "2026-12-31 12:00", "12:00", "2026-13-01", ""] {
            let error = parse_day(bad).unwrap_err().to_string();
            assert!(error.contains("2026-12-31T12:00:00Z") && error.contains("end of that day"));
        }
        assert!(parse_limit("30").unwrap_err().to_string().contains("it is 30/1h"));
    }

    #[test]
    fn all_of_it_is_listed() {
        let rules = Rules {
            note: Some("for the shop".into()),
            expires: Some(UnixTime::new(1_800_000_000)),
            max_messages: Some(1),
            limit: Some(parse_rate("30/1h").unwrap()),
            digest: Some(Digest::Weekly),
            ..Rules::default()
        };
        assert_eq!(
            rules.to_string(),
            " (limit: 30/1h) (at most 1 message) (until 2027-01-15T08:00:00Z) (digest: weekly) (note: for the shop)"
        );
    }
}
