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
pub enum Destination {
    /// One of the large providers.
    Provider(&'static Provider),
    /// A route of ours.
    Route,
    /// Anybody else.
    Other,
}

impl Destination {
    /// By the domain of a mailbox.
    pub fn of(domain: &str) -> Self {
        Provider::of(domain).map_or(Self::Other, Self::Provider)
    }

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Provider(provider) => provider.name,
            Self::Route => "route",
            Self::Other => "other",
        }
    }
}

/// What became of a sender on its way out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Forwarded {
    /// It has an SRS address.
    Rewritten,
    /// It is kept, and has an SRS address that leads to it.
    Kept,
    /// It stays as it is.
    Unchanged,
    /// It could not be rewritten.
    Failed,
}

/// What an SRS address that came back was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Returned {
    /// One of ours.
    Reversed,
    /// Not signed by us.
    BadTag,
    /// Too old.
    Expired,
    /// Not one at all.
    Malformed,
    /// Written to by somebody, and not bounced to.
    NotABounce,
    /// Used too often.
    UsedUp,
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
            Self::UsedUp => "used_up",
        })
    }
}
