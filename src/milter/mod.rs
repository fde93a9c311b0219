//! The milter protocol, version 6, of Sendmail 8.14 as Postfix speaks it (MILTER_README; the constants are
//! those of libmilter's mfdef.h): our side of one connection, fed with octets.
//!
//! We ask to hear of clients, senders, recipients and the end of a message, and of nothing else; and to be allowed
//! to change the sender and the recipients, and nothing else.

mod packet;
mod session;

pub use session::{Mode, Recipient, Returning, Session, Step};
