//! The message: what is read from its header section, and the fields put before it.
//!
//! Nothing here changes a byte that came. Checks look at the header section; [`prefix`] makes whole
//! header fields to send in front of it.

mod header;
mod id;
mod loops;
mod trace;

pub use header::{Field, Header, MAX_HEADER};
pub use id::MessageId;
pub use loops::{LOOP_FIELD, LoopMarks, LoopToken};
pub use trace::{Received, prefix};
