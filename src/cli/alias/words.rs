//! What an alias says of itself, as flags of `add` and `set`.

use crate::{
    alias::{Amendment, Digest, MAX_MESSAGES, SenderPattern, SpamAction, parse_day, parse_limit},
    cli::time::from_now,
    clock,
    config::parse_duration,
    rate::Rate,
    time::UnixTime,
};

/// What an alias says of itself.
#[derive(Debug, clap::Args)]
pub(super) struct Words {
    /// What it is for, in a line of at most 500 characters; "" takes the note away
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    /// Refuse its mail from then on, as if it were switched off: 2026-12-31 for the end of that day in UTC,
    /// 2026-12-31T12:00:00Z, or 30d from now; none takes the end away
    #[arg(long, value_name = "TIME", value_parser = expires)]
    expires: Option<Word<UnixTime>>,
    /// Take N messages in all, and refuse those that come later as if it were switched off; none: as many as come
    #[arg(long, value_name = "N", value_parser = max_messages)]
    max_messages: Option<Word<u64>>,
    /// What comes for hello+tag@ goes to the mailboxes of hello@ with the tag, or without; default: as
    /// delivery.keep_tag says
    #[arg(long, value_name = "WHETHER", num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "true")]
    keep_tag: Option<KeepTag>,
    /// What becomes of mail that the filter takes for spam: it is forwarded with fields that say so, or
    /// refused; default: as filter.spam says
    #[arg(long, value_name = "WHAT")]
    spam: Option<Spam>,
    /// Take the mail of SENDER whatever is blocked, and let it past the filter and block lists in DNS, where SPF or DKIM
    /// proves the sender: news@shop.example, @shop.example, or *.shop.example for the domains below it; may be given
    /// several times
    #[arg(long, value_name = "SENDER", value_parser = SenderPattern::parse)]
    allow: Vec<SenderPattern>,
    /// Refuse the mail of SENDER, as above, or of everybody but those that --allow names: '*'; may be given several
    /// times
    #[arg(long, value_name = "SENDER", value_parser = SenderPattern::parse)]
    block: Vec<SenderPattern>,
    /// Take so many messages in a time, such as 30/1h, and put off the others; default: as limits.messages_per_alias says
    #[arg(long, value_name = "RATE", value_parser = limit)]
    limit: Option<Word<Rate>>,
    /// Let its mailboxes answer as the alias, from webmail too: mail to it gets a Reply-To such as
    /// hello+bob=friend.example@example.org, and what a mailbox sends there leaves as from hello@example.org
    #[arg(long)]
    reply_by_address: bool,
    /// Tell its mailboxes what came for it, every day or week, or never; default: as its domain says
    #[arg(long, value_name = "HOW_OFTEN")]
    digest: Option<HowOften>,
}

/// The names of all flags above, for whoever needs one of them.
pub(super) const FLAGS: [&str; 11] = [
    "note",
    "expires",
    "max_messages",
    "keep_tag",
    "spam",
    "allow",
    "block",
    "limit",
    "reply_by_address",
    "digest",
    "no_reply_by_address",
];

impl Words {
    pub(super) fn amendment(self) -> Amendment {
        Amendment {
            note: self.note.map(|note| Some(note).filter(|note| !note.trim().is_empty())),
            expires: self.expires.map(Word::given),
            max_messages: self.max_messages.map(Word::given),
            keep_tag: self.keep_tag.map(KeepTag::word),
            spam: self.spam.map(Spam::word),
            allow: self.allow,
            block: self.block,
            limit: self.limit.map(Word::given),
            reply_by_address: self.reply_by_address.then_some(true),
            digest: self.digest.map(HowOften::word),
            ..Amendment::default()
        }
    }
}

/// A word that is given, or taken away.
#[derive(Debug, Clone, Copy)]
enum Word<T> {
    Given(T),
    None,
}

impl<T> Word<T> {
    fn given(self) -> Option<T> {
        match self {
            Self::Given(value) => Some(value),
            Self::None => None,
        }
    }
}

fn is_none(text: &str) -> bool {
    matches!(text, "none" | "default")
}

fn expires(text: &str) -> Result<Word<UnixTime>, String> {
    if is_none(text) {
        return Ok(Word::None);
    }
    let now = clock::now();
    let time = match parse_duration(text) {
        Ok(ahead) => from_now(ahead)?,
        Err(_) => parse_day(text).map_err(|_| {
            "accepted: 2026-12-31 (the end of that day in UTC), 2026-12-31T12:00:00Z or with a zone such as +01:00, 30d \
             from now, none"
        })?,
    };
    match time > now {
        true => Ok(Word::Given(time)),
        false => Err("that is over: an alias that is to refuse at once is switched off by onward alias disable".into()),
    }
}

fn max_messages(text: &str) -> Result<Word<u64>, String> {
    if is_none(text) {
        return Ok(Word::None);
    }
    let most = text.parse().ok().filter(|most| (1..=MAX_MESSAGES).contains(most));
    most.map(Word::Given)
        .ok_or_else(|| format!("accepted: a number from 1 to {MAX_MESSAGES}, none"))
}

fn limit(text: &str) -> Result<Word<Rate>, String> {
    if is_none(text) {
        return Ok(Word::None);
    }
    parse_limit(text).map(Word::Given).map_err(|error| error.to_string())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Spam {
    Mark,
    Refuse,
    Default,
}

impl Spam {
    fn word(self) -> Option<SpamAction> {
        match self {
            Self::Mark => Some(SpamAction::Mark),
            Self::Refuse => Some(SpamAction::Refuse),
            Self::Default => None,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum KeepTag {
    True,
    False,
    Default,
}

impl KeepTag {
    fn word(self) -> Option<bool> {
        match self {
            Self::True => Some(true),
            Self::False => Some(false),
            Self::Default => None,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum HowOften {
    Daily,
    Weekly,
    Off,
    Default,
}

impl HowOften {
    fn word(self) -> Option<Digest> {
        match self {
            Self::Daily => Some(Digest::Daily),
            Self::Weekly => Some(Digest::Weekly),
            Self::Off => Some(Digest::Off),
            Self::Default => None,
        }
    }
}
