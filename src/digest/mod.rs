//! What the owner of aliases is told of a day or a week: when that is, what is counted, and the mail that says it.
//!
//! Nothing in such a mail is in the words of strangers but their addresses, and of these only those that no reader
//! takes for something else. No destination is in it.

mod letter;
mod period;
mod reason;
mod tally;
mod why;

pub use letter::Letter;
pub use period::{Due, Every, Period, due};
pub use reason::{Reason, Refusal, author, is_asked_again, reason, rule};
pub use tally::{Senders, Tally};
pub use why::Why;
