//! The message: what is read from its header section, and the fields put before it.
//!
//! Checks look at the header section; [`prefix`] makes whole header fields to send in front of it. Few
//! functions give a message that is not the one that came, and there is no other: [`munge`],
//! [`take_out_own_results`], [`without_mbox_line`]; for aliases that are answered by address, [`replace_reply_to`]; and for
//! what our own users send, [`without_private_fields`] and [`Answer::header`]. None of them
//! copies it: a [`Text`] is what leaves.

mod answer;
mod author;
mod crockford;
mod header;
mod id;
mod loops;
mod mbox_line;
mod munge;
mod notification;
mod own_results;
mod private_fields;
mod reply_to;
mod results;
mod seal;
pub mod submitted;
mod text;
mod trace;

pub use answer::{Answer, Shown, addressees, is_signed_as_answer};
pub use author::Authors;
pub use header::{Field, Header, MAX_HEADER};
pub use id::MessageId;
pub use loops::{DELIVERED_FIELD, LOOP_FIELD, LoopMarks, LoopToken};
pub use mbox_line::without_mbox_line;
pub use munge::{Munged, Named, NewFrom, munge};
pub use notification::is_disposition_notification;
pub use own_results::{RESULTS_FIELD, take_out_own_results};
pub use private_fields::without_private_fields;
pub use reply_to::{ReplyTo, replace_reply_to};
pub use results::{AuthResults, MethodResult};
pub use seal::{Opened, SEAL_FIELD, Seal, SealKey};
pub use text::{Change, Source, Text};
pub use trace::{OwnTrace, Received, Submitted, delivered_to, listed, prefix};
