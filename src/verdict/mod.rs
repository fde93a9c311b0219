//! What the destination will conclude about a forwarded message, and what to do about it.
//!
//! A forward changes the client and the reverse-path, so SPF of the original sender is lost; a DKIM
//! signature stays, as no byte that it covers changes. With that, what the destination finds is known
//! before it is asked:
//!
//! | class | From domain | here it has | at the destination | what is done |
//! |---|---|---|---|---|
//! | a | any policy | an aligned DKIM pass | passes DMARC as it does here | forwarded untouched |
//! | b | no policy, or `p=none` | anything | nothing is enforced; SRS gives SPF a pass | forwarded untouched |
//! | c | quarantine or reject | an aligned SPF pass only | fails DMARC | `auth.spf_only`: munge, refuse, pass |
//! | d | quarantine | neither | fails, as here | `auth.quarantine`: mark, refuse |
//! | d | reject | neither | fails, as here | refused, if `auth.dmarc` is `enforce` |
//!
//! Of several From domains, each is judged: a refusal by one refuses the message, and class c of one is that of all.
//! A policy that cannot be read asks for nothing. One that DNS does not give puts off what has no aligned pass, and keeps
//! nothing else: it is forwarded untouched.
//!
//! ARC is not in the table: a chain that passes says what others claim, and authenticates nothing. Nor are
//! From domains that an identifier of ours would speak for: [`borrowed`].

mod alignment;
mod findings;
mod own;
mod told;

pub use alignment::{common_parents, is_one_owner, may_align, organizational, registered};
pub use findings::{
    Arc, Dkim, Dmarc, DmarcPolicy, DmarcResult, Findings, NOT_KEPT, Signature, Spf,
};
pub use own::{Author, Borrowed, OwnFrom, Proof, Sign, borrowed};
pub use told::{Told, ToldAuthor};

use crate::reply::Reply;
use std::fmt;

/// What is done about the result of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Check {
    /// The check is not made for its own sake.
    Off,
    /// The result is told in Authentication-Results.
    #[default]
    Mark,
    /// What fails the check is refused.
    Enforce,
}

/// What is done with a message that passes an enforced DMARC policy by SPF only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum SpfOnly {
    /// From is rewritten, as mailing lists do.
    #[default]
    Munge,
    /// The sender is told to sign.
    Refuse,
    /// The message is forwarded all the same.
    Pass,
}

/// The part of the configuration that decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuthPolicy {
    /// SPF of the reverse-path.
    pub spf: Check,
    /// DKIM signatures.
    pub dkim: Check,
    /// The policy of the From domain.
    pub dmarc: Check,
    /// What is done with messages of class c.
    pub spf_only: SpfOnly,
    /// Class d under a quarantine policy is refused.
    pub refuse_quarantine: bool,
    /// What has neither an SPF nor a DKIM pass is refused.
    pub refuse_unauthenticated: bool,
}

/// The class of a message in the table above.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// a: an aligned signature stays.
    Signed,
    /// b: nothing is enforced.
    Free,
    /// c: what makes the message pass does not stay.
    SpfOnly,
    /// d: the message fails already.
    Failed,
    /// DNS did not say.
    Unknown,
}

/// What is done with a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// The message goes on as it is.
    Forward,
    /// The message goes on with another From.
    Munge,
    /// The message does not go on.
    Refuse(Reply),
}

impl AuthPolicy {
    /// True when no check is asked for.
    pub fn is_off(&self) -> bool {
        [self.spf, self.dkim, self.dmarc] == [Check::Off; 3] && !self.refuse_unauthenticated
    }

    /// What is done with a message that has these findings. `may_be_anybodys`: all its recipients take
    /// mail that nobody vouches for.
    pub fn decide(&self, findings: &Findings, may_be_anybodys: bool) -> Action {
        let refusal = self
            .refusal_by_spf(findings.spf)
            .or_else(|| self.refusal_by_dkim(findings))
            .or_else(|| self.refusal_by_dmarc(findings))
            .or_else(|| self.refusal_of_anybody(findings).filter(|_| !may_be_anybodys));
        let is_spf_only = self.dmarc != Check::Off
            && findings.authors.iter().any(|author| Class::of(author) == Class::SpfOnly);
        match (refusal, self.spf_only) {
            (Some(reply), _) => Action::Refuse(reply),
            (None, SpfOnly::Munge) if is_spf_only => Action::Munge,
            (None, SpfOnly::Refuse) if is_spf_only => Action::Refuse(Reply::dmarc_by_spf_only()),
            (None, _) => Action::Forward,
        }
    }

    fn refusal_by_spf(&self, spf: Spf) -> Option<Reply> {
        match spf {
            _ if self.spf != Check::Enforce => None,
            Spf::Fail => Some(Reply::spf_failed()),
            Spf::PermError => Some(Reply::spf_broken()),
            Spf::TempError => Some(Reply::spf_unanswered()),
            Spf::None | Spf::Neutral | Spf::Pass | Spf::SoftFail => None,
        }
    }

    /// A message without signature is no failure (RFC 6376 §6.3).
    fn refusal_by_dkim(&self, findings: &Findings) -> Option<Reply> {
        if self.dkim != Check::Enforce || findings.signatures.is_empty() || findings.has_signature()
        {
            return None;
        }
        let unanswered = findings.signatures.iter().any(|s| s.result == Dkim::TempError);
        Some(if unanswered { Reply::auth_unanswered() } else { Reply::dkim_failed() })
    }

    /// Every author's domain has a say; a refusal for good comes before one for now. Where DNS does not give a
    /// policy, an author who is proven all the same is not kept waiting.
    fn refusal_by_dmarc(&self, findings: &Findings) -> Option<Reply> {
        let refuses = |author: &Dmarc| match (author.result, author.policy) {
            (DmarcResult::TempError, _) if findings.proof_of(author) == Proof::Proven => None,
            (DmarcResult::TempError, _) => Some(Reply::auth_unanswered()),
            (DmarcResult::Fail, DmarcPolicy::Reject) => Some(Reply::dmarc_failed()),
            (DmarcResult::Fail, DmarcPolicy::Quarantine) if self.refuse_quarantine => {
                Some(Reply::dmarc_failed())
            }
            _ => None,
        };
        let authors = findings.authors.iter().filter(|_| self.dmarc == Check::Enforce);
        authors.filter_map(refuses).max_by_key(Reply::code)
    }

    fn refusal_of_anybody(&self, findings: &Findings) -> Option<Reply> {
        if !self.refuse_unauthenticated || findings.spf == Spf::Pass || findings.has_signature() {
            return None;
        }
        let unanswered = findings.spf == Spf::TempError
            || findings.signatures.iter().any(|s| s.result == Dkim::TempError);
        Some(if unanswered { Reply::auth_unanswered() } else { Reply::unauthenticated() })
    }
}

impl Class {
    pub(super) const ALL: [Self; 5] =
        [Self::Signed, Self::Free, Self::SpfOnly, Self::Failed, Self::Unknown];

    /// The class of a message whose From domain has this result.
    pub fn of(dmarc: &Dmarc) -> Self {
        match (dmarc.result, dmarc.policy) {
            (DmarcResult::Pass { by_dkim: true }, _) => Self::Signed,
            (DmarcResult::None | DmarcResult::PermError, _)
            | (
                DmarcResult::Pass { .. } | DmarcResult::Fail,
                DmarcPolicy::None | DmarcPolicy::Unknown,
            ) => Self::Free,
            (DmarcResult::Pass { by_dkim: false }, _) => Self::SpfOnly,
            (DmarcResult::Fail, _) => Self::Failed,
            (DmarcResult::TempError, _) => Self::Unknown,
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Signed => "a (its signature stays)",
            Self::Free => "b (no DMARC policy is enforced)",
            Self::SpfOnly => "c (it passes DMARC by SPF only, which a forward loses)",
            Self::Failed => "d (it fails DMARC already)",
            Self::Unknown => "unknown (DNS does not answer)",
        })
    }
}

#[cfg(test)]
mod tests;
