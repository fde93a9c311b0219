//! What enhanced status codes mean.

use crate::reply::Status;

/// The meaning of a code in a few words (RFC 3463 §3 and the registry of RFC 5248).
pub fn reason(Status(class, subject, detail): Status) -> &'static str {
    match (subject, detail) {
        (1, 1) => "No such mailbox",
        (1, 2) => "No such domain",
        (1, 3) => "The address is malformed",
        (1, 6) => "The mailbox has moved",
        (1, 10) => "The domain takes no mail",
        (1, _) => "The address is not accepted",
        (2, 1) => "The mailbox is disabled",
        (2, 2) => "The mailbox is full",
        (2, 3) => "The message is longer than the mailbox takes",
        (2, 4) => "The mailing list could not be expanded",
        (2, _) => "The mailbox takes no mail",
        (3, 4) => "The message is too big for the system",
        (3, _) => "The mail system takes no mail now",
        (4, 1) => "The mail server does not answer",
        (4, 2) => "The connection broke",
        (4, 6) => "The mail goes round in a circle",
        (4, 7) => "It was tried for too long",
        (4, _) => "The mail could not be routed",
        (5, 3) => "There are too many recipients",
        (5, _) => "The mail servers did not understand each other",
        (6, _) => "The content cannot be carried on",
        (7, 1) => "The sender may not write there",
        (7, 20..=27) => "The sender could not be authenticated",
        (7, _) => "The message was refused by a rule",
        _ if class == 2 => "The message was taken",
        _ if class == 4 => "The message was not taken yet",
        _ => "The message was not taken",
    }
}
