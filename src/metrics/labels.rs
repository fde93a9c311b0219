use crate::provider::Provider;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};
use std::fmt::{self, Write};

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct OutcomeLabels {
    pub(super) outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct TlsLabels {
    pub(super) tls: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct StatusLabels {
    pub(super) status: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct AttemptLabels {
    pub(super) destination: &'static str,
    pub(super) class: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct ForwardLabels {
    pub(super) result: Forwarded,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct ReturnLabels {
    pub(super) result: Returned,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct EventLabels {
    pub(super) result: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct NoticeLabels {
    pub(super) result: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct LimitLabels {
    pub(super) limit: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct DnsblLabels {
    pub(super) zone: String,
    pub(super) outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct FilterLabels {
    pub(super) result: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct LoginLabels {
    pub(super) result: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct BounceLabels {
    pub(super) result: Bounced,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct DnsLabels {
    pub(super) kind: &'static str,
    pub(super) result: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct TlsSession {
    pub(super) policy: &'static str,
    pub(super) result: &'static str,
}

/// Whose mailbox a message goes to, as far as it is told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DestinationClass {
    /// One of the large providers.
    Provider(&'static Provider),
    /// A route of ours.
    Route,
    /// Anybody else.
    Other,
}

impl DestinationClass {
    /// The destination by the domain of a mailbox.
    pub fn of(domain: &str) -> Self {
        Provider::of(domain).map_or(Self::Other, Self::Provider)
    }

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Provider(provider) => provider.house,
            Self::Route => "route",
            Self::Other => "other",
        }
    }
}

/// A rate of `[limits]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Limit {
    /// Messages from a client.
    Messages,
    /// Messages to an address.
    Alias,
    /// Messages to a domain.
    Domain,
    /// Recipients that are not here, by a client.
    Unknown,
    /// SRS addresses that we never made, by a client.
    Forged,
    /// Questions to DNS because of a client.
    Questions,
}

impl Limit {
    pub(super) const ALL: [Self; 6] =
        [Self::Messages, Self::Alias, Self::Domain, Self::Unknown, Self::Forged, Self::Questions];

    /// Its key in the configuration.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Messages => "messages_per_client",
            Self::Alias => "messages_per_alias",
            Self::Domain => "messages_per_domain",
            Self::Unknown => "unknown_recipients_per_client",
            Self::Forged => "forged_srs_per_client",
            Self::Questions => "dns_questions_per_client",
        }
    }
}

/// What a list in DNS said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// It is listed.
    Listed,
    /// It is not.
    NotListed,
    /// What is no answer to the question.
    Error,
    /// Nothing in time.
    Timeout,
}

impl Verdict {
    pub(super) const ALL: [Self; 4] = [Self::Listed, Self::NotListed, Self::Error, Self::Timeout];

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Listed => "listed",
            Self::NotListed => "not",
            Self::Error => "error",
            Self::Timeout => "timeout",
        }
    }
}

/// What became of a sender on its way out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Forwarded {
    /// The sender was rewritten to an SRS address.
    Rewritten,
    /// The sender is kept, and has an SRS address that leads to it.
    Kept,
    /// The sender stays as it is.
    Unchanged,
    /// The sender could not be rewritten.
    Failed,
}

/// What an SRS address that came back was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Returned {
    /// An SRS address of ours.
    Reversed,
    /// An SRS address that we did not sign.
    BadTag,
    /// An SRS address that is too old.
    Expired,
    /// No SRS address at all.
    Malformed,
    /// An SRS address written to by somebody, and not bounced to.
    NotABounce,
    /// An SRS address that takes no returns.
    NoReturns,
    /// Too much mail has returned.
    UsedUp,
}

/// What became of a message to an SRS address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Bounced {
    /// A report that answers a forward of ours was told in a notice of our own.
    Retold,
    /// Its bytes went on.
    Relayed,
}

impl EncodeLabelValue for Bounced {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> fmt::Result {
        encoder.write_str(match self {
            Self::Retold => "retold",
            Self::Relayed => "relayed",
        })
    }
}

impl EncodeLabelValue for Forwarded {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> fmt::Result {
        encoder.write_str(match self {
            Self::Rewritten => "rewritten",
            Self::Kept => "kept",
            Self::Unchanged => "unchanged",
            Self::Failed => "failed",
        })
    }
}

impl EncodeLabelValue for Returned {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> fmt::Result {
        encoder.write_str(match self {
            Self::Reversed => "reversed",
            Self::BadTag => "bad_tag",
            Self::Expired => "expired",
            Self::Malformed => "malformed",
            Self::NotABounce => "not_a_bounce",
            Self::NoReturns => "no_returns",
            Self::UsedUp => "used_up",
        })
    }
}
