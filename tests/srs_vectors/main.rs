//! Every recorded answer of PostSRSd and Mail::SRS (`tests/vectors`): ours is the same, or differs on
//! purpose, by a rule of `rules.rs` that says why and how often it applies.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    missing_docs
)]

use onward::{
    address::{AddressError, Domain, LocalPart, Mailbox},
    srs::{
        Forwarded, Keyring, Returns, ReverseError, Reversed, Rewriter, Separator, Settings, TagKind,
    },
    time::UnixTime,
};
use serde::Deserialize;

mod rules;

use rules::RULES;

const VECTORS: &str = include_str!("../vectors/srs.jsonl");

#[derive(Deserialize, Debug)]
struct Vector {
    version: String,
    secret: String,
    #[serde(default)]
    old_secrets: Vec<String>,
    unix_time: u64,
    srs_domain: String,
    #[serde(default)]
    config: Config,
    op: Op,
    input: String,
    output: Option<String>,
    error: Option<String>,
}

#[derive(Deserialize, Debug, Default)]
#[serde(default, deny_unknown_fields)]
struct Config {
    separator: Option<String>,
    hash_length: Option<usize>,
    /// The least length accepted. Ours is the length written.
    hash_min: Option<usize>,
    local_domains: Vec<String>,
    always_rewrite: bool,
    database: bool,
}

#[derive(Deserialize, Debug, Clone, Copy, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Op {
    Forward,
    Reverse,
}

/// What Onward makes of a vector.
#[derive(Debug, PartialEq)]
enum Ours {
    NotAnAddress(AddressError),
    Unchanged,
    Rewritten(Mailbox),
    TooLong,
    Reversed(Mailbox),
    Refused(ReverseError),
}

struct Case {
    vector: Vector,
    rewriter: Rewriter,
    ours: Ours,
}

impl Case {
    fn new(vector: Vector) -> Self {
        let config = &vector.config;
        let mut settings = Settings::new(Domain::parse(&vector.srs_domain).unwrap());
        settings.tag = match vector.version.as_str() {
            // From 2.2.6 on.
            "2.4.0" => TagKind::Sha1Base64Url,
            _ => TagKind::Sha1Base64,
        };
        settings.tag_length = config.hash_length.unwrap_or(4);
        if let Some(separator) = &config.separator {
            settings.separator = separator.parse::<Separator>().unwrap();
        }
        // PostSRSd 2's always-rewrite switches the list off, 1.x's does not.
        if !config.always_rewrite || vector.version.starts_with('1') {
            let domains = config.local_domains.iter();
            settings.exempt_domains = domains.map(|domain| domain.parse().unwrap()).collect();
        }
        let secrets =
            [std::slice::from_ref(&vector.secret), &vector.old_secrets[..]].concat().join("\n");
        let keyring = Keyring::parse(secrets.as_bytes()).unwrap();
        let rewriter = Rewriter::new(settings, keyring).unwrap();
        let ours = match Mailbox::parse(&vector.input) {
            Err(error) => Ours::NotAnAddress(error),
            Ok(mailbox) => run(&rewriter, vector.op, &mailbox, UnixTime::new(vector.unix_time)),
        };
        Self { vector, rewriter, ours }
    }

    fn output(&self) -> &str {
        self.vector.output.as_deref().unwrap_or_default()
    }

    fn run(&self, mailbox: &Mailbox) -> Ours {
        run(&self.rewriter, self.vector.op, mailbox, UnixTime::new(self.vector.unix_time))
    }

    /// Whether ours, for this other input, is the tool's answer to the vector's.
    fn right_for(&self, input: &str) -> bool {
        Mailbox::parse(input).is_ok_and(|mailbox| self.is_output(&self.run(&mailbox)))
    }

    fn is_output(&self, ours: &Ours) -> bool {
        match ours {
            Ours::Unchanged => self.output() == self.vector.input,
            Ours::Rewritten(mailbox) | Ours::Reversed(mailbox) => {
                self.output() == mailbox.to_string()
            }
            Ours::NotAnAddress(_) | Ours::TooLong | Ours::Refused(_) => false,
        }
    }

    /// The TAG of an SRS0 input.
    fn tag(&self) -> &str {
        self.vector.input[5..].split_once('=').unwrap().0
    }

    /// Whether what ours made of a sender leads back to that sender.
    fn comes_back(&self) -> bool {
        let Ours::Rewritten(there) = &self.ours else { return false };
        let sender = Mailbox::parse(&self.vector.input).unwrap();
        self.rewriter.reverse(there, UnixTime::new(self.vector.unix_time))
            == Ok(Reversed::Mailbox(sender))
    }

    fn agrees(&self) -> bool {
        let Some(error) = self.vector.error.as_deref() else { return self.is_output(&self.ours) };
        let error = error.trim_start_matches("500 ").trim_start_matches("NOTFOUND ");
        match error {
            "Need not rewrite local domain."
            | "Domain excluded py policy"
            | "Already rewritten" => self.ours == Ours::Unchanged,
            "Not an SRS address." => {
                matches!(self.ours, Ours::Refused(ReverseError::NotSrs) | Ours::NotAnAddress(_))
            }
            // Ours looks at the syntax first, then at the tag, then at the age.
            "Time stamp out of date." | "Invalid timestamp" => matches!(
                self.ours,
                Ours::Refused(
                    ReverseError::Expired | ReverseError::BadTag | ReverseError::Malformed
                )
            ),
            "Hash invalid in SRS address." | "Hash too short in SRS address." | "Invalid hash" => {
                matches!(self.ours, Ours::Refused(ReverseError::BadTag | ReverseError::Malformed))
            }
            "Bad base32 character in timestamp." => {
                self.ours == Ours::Refused(ReverseError::Malformed)
            }
            _ if error.starts_with("Reverse address does not match") => {
                matches!(self.ours, Ours::Refused(ReverseError::NotSrs) | Ours::NotAnAddress(_))
            }
            _ if error.contains("in SRS0 address") || error.contains("in SRS1 address") => {
                self.ours == Ours::Refused(ReverseError::Malformed)
            }
            "No at sign in sender address" | "Invalid request" | "No domain." => {
                matches!(self.ours, Ours::NotAnAddress(_))
            }
            _ if error.contains("contain") => matches!(self.ours, Ours::NotAnAddress(_)),
            _ => false,
        }
    }
}

fn run(rewriter: &Rewriter, op: Op, mailbox: &Mailbox, now: UnixTime) -> Ours {
    match op {
        Op::Forward => {
            match rewriter.forward(mailbox, &rewriter.settings().domain, Returns::Taken, now) {
                Forwarded::Unchanged => Ours::Unchanged,
                Forwarded::Rewritten(mailbox) => Ours::Rewritten(mailbox),
                Forwarded::TooLong => Ours::TooLong,
            }
        }
        Op::Reverse => match rewriter.reverse(mailbox, now) {
            Ok(Reversed::Mailbox(mailbox)) => Ours::Reversed(mailbox),
            Ok(Reversed::Token(token)) => panic!("no tool makes our tokens: {token}"),
            Err(error) => Ours::Refused(error),
        },
    }
}

/// Everything before the last `@`, quotes and all, as the content of a local part.
fn taken_literally(text: &str) -> Option<Mailbox> {
    let (local, domain) = text.rsplit_once('@')?;
    Mailbox::new(LocalPart::new(local).ok()?, Domain::parse(domain).ok()?).ok()
}

fn content(mailbox: &Mailbox) -> String {
    format!("{}@{}", mailbox.local().as_str(), mailbox.domain())
}

#[test]
fn every_vector_agrees_or_differs_on_purpose() {
    let mut agreed = 0;
    let mut times = vec![0; RULES.len()];
    let mut unexplained = Vec::new();
    for line in VECTORS.lines() {
        let case = Case::new(serde_json::from_str(line).unwrap());
        if case.agrees() {
            agreed += 1;
        } else if let Some(rule) = RULES.iter().position(|rule| (rule.applies)(&case)) {
            times[rule] += 1;
        } else {
            unexplained.push(format!("{:?}: {line}", case.ours));
        }
    }
    assert!(unexplained.is_empty(), "{}\n{}", unexplained.len(), unexplained.join("\n"));
    for (rule, times) in RULES.iter().zip(times) {
        assert_eq!(times, rule.times, "{} ({})", rule.difference, rule.because);
    }
    assert_eq!(agreed, 2313);
}
