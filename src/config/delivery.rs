use super::{
    define::section,
    units::{MINUTE, SECOND},
};
use crate::{address::DomainPattern, smtp::BareLf};
use std::{str::FromStr, time::Duration};

section! {
    /// Handing mail on while the sender waits.
    table "delivery", Keys => pub struct Delivery {}

    /// How long the end of DATA may wait for the destination, until the end of data is sent on to it.
    pub budget: Duration = duration(SECOND, 10 * MINUTE), default "45s";
    /// How long the verdict on an end of data may take that was sent on: a client waits ten minutes there (RFC
    /// 5321 §4.5.3.2.6), and a message that is sent again meanwhile arrives twice.
    pub final_patience: Duration = duration(SECOND, 60 * MINUTE), default "9m";
    /// Larger messages are refused with 552 5.3.4.
    pub max_message_size: usize = size(1024, 1 << 30), default "50MiB";
    /// True: what comes for `hello+tag@` goes to the mailboxes of `hello@` with the tag, as `me+tag@box.example`; false:
    /// without. An alias may say otherwise (`onward alias set --keep-tag`). A mailbox with a tag of its own keeps that.
    pub keep_tag: bool = bool, default false;
    /// A lone LF in a message. `normalize`: it is a line end of the text, and leaves as CRLF; `refuse`: 550
    /// 5.6.0. It is never part of an end of data; a lone CR or a NUL is refused with 550 5.6.0 in any case.
    pub bare_lf: BareLf = one_of("normalize" => BareLf::Normalize, "refuse" => BareLf::Refuse),
        default "normalize";
    /// Destination domains, and names of their hosts, whose IPv4 addresses are tried before the others.
    /// Without it they take turns.
    pub ipv4_first: Vec<DomainPattern> = list(PATTERNS, DomainPattern::from_str), default [];
    /// The same for IPv6 addresses; `ipv4_first` counts before it.
    pub ipv6_first: Vec<DomainPattern> = list(PATTERNS, DomainPattern::from_str), default [];
}

const PATTERNS: &str = "domain names; \"*.d\" or \".d\" means those below d, \"*\" all";
