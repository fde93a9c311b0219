use crate::time::{Millis, UnixTime};
use serde::Serialize;
use std::fmt;

/// Something that happened to the server, which is about no single alias.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Happening {
    /// A provider gets nothing for a time.
    Suspended {
        /// Its name.
        provider: String,
        /// Until when, as far as that is known now.
        until: Millis,
        /// What it said.
        reply: String,
    },
    /// A provider gets mail again.
    Resumed {
        /// Its name.
        provider: String,
    },
    /// A provider does not take mail because of how this server is set up.
    Misconfigured {
        /// Its name.
        provider: String,
        /// What it does not like.
        about: Setting,
        /// What it said.
        reply: String,
    },
    /// What our DKIM key of a domain signs does not verify.
    DkimBroken {
        /// The domain.
        domain: String,
        /// The selector of the key.
        selector: String,
        /// What is wrong with the key that DNS has.
        why: String,
    },
    /// The spool has less than a fifth of its room left.
    SpoolFilling {
        /// How much is taken, in percent.
        percent: u64,
        /// Messages that wait.
        messages: u64,
        /// Their octets.
        octets: u64,
    },
    /// A certificate of ours is about to end, or has ended.
    CertificateEnding {
        /// The file that has it.
        certificate: String,
        /// When it ends.
        end: Millis,
    },
    /// A smart host does not let us in, or is not who it should be: mail for it waits.
    RelayUnusable {
        /// Where it is, as in `to` of its route.
        relay: String,
        /// What is wrong with it.
        why: String,
    },
    /// A smart host lets us in again.
    RelayUsable {
        /// As above.
        relay: String,
    },
}

/// What of this server a provider does not like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Setting {
    /// The name of its address (PTR).
    ReverseName,
    /// SPF or DKIM.
    Authentication,
    /// DMARC of the From domain.
    Dmarc,
    /// TLS.
    Tls,
    /// Its address, which is blocked there or on a list.
    Address,
}

/// Whoever is told what happens to the server.
pub trait Listener: fmt::Debug + Send + Sync {
    /// Is told; never waits.
    fn tell(&self, happening: Happening);
}

/// For how long something is still the same happening, where nothing tells its end.
const DAY: std::time::Duration = crate::time::DAY;

impl Happening {
    /// All the words, as in [`Happening::word`].
    pub const WORDS: [&'static str; 8] = [
        "provider.suspended",
        "provider.resumed",
        "provider.refuses_setup",
        "dkim.broken",
        "spool.filling",
        "certificate.ending",
        "relay.unusable",
        "relay.usable",
    ];

    /// The word for its kind: a promise to programs.
    pub fn word(&self) -> &'static str {
        let [suspended, resumed, misconfigured, dkim, spool, certificate, unusable, usable] =
            Self::WORDS;
        match self {
            Self::Suspended { .. } => suspended,
            Self::Resumed { .. } => resumed,
            Self::Misconfigured { .. } => misconfigured,
            Self::DkimBroken { .. } => dkim,
            Self::SpoolFilling { .. } => spool,
            Self::CertificateEnding { .. } => certificate,
            Self::RelayUnusable { .. } => unusable,
            Self::RelayUsable { .. } => usable,
        }
    }

    /// What is the same from one time to the next, where only silence tells its end: it is told again when it comes after
    /// a day without it. `None` where each one is news.
    pub fn returning(&self) -> Option<String> {
        match self {
            Self::Misconfigured { provider, about, .. } => {
                Some(format!("{} {provider} {about:?}", self.word()))
            }
            _ => None,
        }
    }

    /// The same, and no text that others choose without end.
    #[must_use]
    pub fn bounded(mut self) -> Self {
        match &mut self {
            Self::Suspended { reply: text, .. }
            | Self::Misconfigured { reply: text, .. }
            | Self::DkimBroken { why: text, .. }
            | Self::RelayUnusable { why: text, .. } => *text = super::bounded(text),
            Self::Resumed { .. }
            | Self::SpoolFilling { .. }
            | Self::CertificateEnding { .. }
            | Self::RelayUsable { .. } => {}
        }
        self
    }
}

/// When what returns was heard last.
#[derive(Debug, Default)]
pub struct Heard(std::collections::HashMap<String, UnixTime>);

/// Kept at once.
const MOST: usize = 10_000;

impl Heard {
    /// Whether it is news that `happening` comes at `now`.
    pub fn is_news(&mut self, happening: &Happening, now: UnixTime) -> bool {
        let Some(key) = happening.returning() else { return true };
        if self.0.len() >= MOST {
            self.0.retain(|_, last| now.since(*last) < DAY);
        }
        if self.0.len() >= MOST && !self.0.contains_key(&key) {
            return false;
        }
        self.0.insert(key, now).is_none_or(|last| now.since(last) >= DAY)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(provider: &str, about: Setting) -> Happening {
        Happening::Misconfigured { provider: provider.into(), about, reply: "550 no".into() }
    }

    #[test]
    fn what_comes_again_and_again_is_told_once() {
        let mut heard = Heard::default();
        let mut at = |hours: u64, happening: &Happening| {
            heard.is_news(happening, UnixTime::new(1_790_000_000 + hours * 3600))
        };
        let (tls, ptr) = (refused("google", Setting::Tls), refused("google", Setting::ReverseName));
        assert!(at(0, &tls) && at(0, &ptr) && at(0, &refused("yahoo", Setting::Tls)));
        assert!(!at(1, &tls) && !at(23, &tls) && !at(46, &tls), "it never stopped");
        assert!(at(70, &tls), "a day without it");
        let resumed = Happening::Resumed { provider: "google".into() };
        assert!(at(70, &resumed) && at(70, &resumed));
    }

    #[test]
    fn what_is_remembered_has_an_end() {
        let mut heard = Heard::default();
        let now = UnixTime::new(1_790_000_000);
        for n in 0..MOST {
            assert!(heard.is_news(&refused(&format!("p{n}"), Setting::Tls), now));
        }
        assert!(!heard.is_news(&refused("one more", Setting::Tls), now));
        let later = now + DAY;
        assert!(heard.is_news(&refused("one more", Setting::Tls), later));
        assert_eq!(heard.0.len(), 1);
    }
}
