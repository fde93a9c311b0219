//! What is measured beside each other, and how its mail goes.

/// The address that is forwarded.
pub const ALIAS: &str = "u@fwd.test";
/// Where it leads.
pub const MAILBOX: &str = "u@sink.test";

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// No forwarder: the load goes to the receiver.
    Direct,
    /// Onward with `[auth]` off.
    Unchecked,
    /// Onward as it comes: SPF, DKIM and DMARC, whose answers DNS has cached.
    Checked,
    /// The same, and forwards are signed by an RSA key of 2048 bits.
    Signed,
    /// Postfix with PostSRSd 1.10.
    Postfix,
    /// Exim with its own SRS.
    Exim,
}

/// All of them, in the order of the tables.
pub const ALL: [Kind; 6] =
    [Kind::Direct, Kind::Unchecked, Kind::Checked, Kind::Signed, Kind::Postfix, Kind::Exim];

impl Kind {
    /// Its name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Unchecked => "onward, no checks",
            Self::Checked => "onward",
            Self::Signed => "onward, signed",
            Self::Postfix => "postfix+postsrsd",
            Self::Exim => "exim",
        }
    }

    /// Whether it is a peer of Onward.
    pub fn is_peer(self) -> bool {
        matches!(self, Self::Postfix | Self::Exim)
    }
}
