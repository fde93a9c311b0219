//! ARC (RFC 8617): what earlier hops say they saw, in chains of sets, and one more set of our own.
//!
//! Keys, signatures and canonical forms of fields are mail-auth's. The grammar, the structure of the chain
//! and the sets that we make are ours, since ValiMail's suites find mail-auth 0.13.3 wrong in them:
//!
//! | suite | cases | `verify_arc`, `seal` | `verify_arc` behind our structure | ours |
//! |---|---|---|---|---|
//! | validation | 175 | 162 | 173 | 174 |
//! | sealing, right by the RFC | 17 | 15 | | 17 |
//! | sealing, as the suite writes it | 17 | 1 | | 17 |
//!
//! mail-auth passes nine chains that are none: with sha1, without an algorithm, with tags twice, in
//! capitals or outside the grammar, and with a message signature that covers a seal. A seal without its
//! message signature is no chain to it rather than a broken one, an empty `h=` an error; and it seals a
//! broken chain together with what broke it. The case that ours leaves is one in which the suite has
//! another default of `c=` than the RFC.
//!
//! **A chain that passes authenticates nobody.** Anyone can make one that says what he likes: it proves
//! who sealed, not that what he wrote is true. Nothing here may ever let a message be bounced, spooled or
//! accepted that would not be without it; it is told to destinations, which may know whom to believe.

mod chain;
mod field;
mod seal;
mod tags;
mod validate;

pub use chain::{Chain, structure};
pub use seal::{FIELDS, Sealer};
pub use validate::validate;
