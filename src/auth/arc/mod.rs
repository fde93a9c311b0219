//! ARC (RFC 8617): what earlier hops say they saw, in chains of sets, and one more set of our own.
//!
//! An evaluator of our own over the DNS, keys and canonical forms of mail-auth, and a strict one: what
//! breaks a rule of the grammar fails.
//!
//! **A chain that passes authenticates nobody.** Anyone can make one that says what he likes: it proves
//! who sealed, not that what he wrote is true. Nothing here may ever let a message be bounced, spooled or
//! accepted that would not be without it; it is told to destinations, which may know whom to believe.

mod chain;
mod field;
mod seal;
mod tags;
mod validate;

pub use seal::{FIELDS, Sealer};
pub use validate::validate;

use super::body::Body;
use chain::{Set, Structure};
use field::Field;
use mail_auth::{AuthenticatedMessage, common::crypto::HashAlgorithm, dkim::Canonicalization};
use std::{collections::HashMap, fmt};

/// The result of validation (RFC 8617 §4.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Arc {
    /// The message has no chain.
    None,
    /// Every seal holds, and the message is as its last sealer sent it on.
    Pass,
    /// The chain is broken; why.
    Fail(&'static str),
    /// DNS did not give a key in time. No result of RFC 8617, which knows no way to say so.
    TempError,
}

/// The chain that a message came with, and what it is worth.
#[derive(Debug)]
pub struct Chain<'x> {
    result: Arc,
    /// Oldest first; none where the chain is broken in itself.
    sets: Vec<Set<'x>>,
    highest: u8,
    is_closed: bool,
}

impl<'x> Chain<'x> {
    /// The chain by its structure, and an error for one that can only fail.
    fn read(header: &[Field<'x>]) -> Self {
        let chain = Self { result: Arc::None, sets: Vec::new(), highest: 0, is_closed: false };
        match Structure::read(header) {
            Structure::None => chain,
            Structure::Whole(sets) => {
                let highest = sets.last().map_or(0, |set| set.seal.signed.instance);
                Self { result: Arc::Fail("not validated"), sets, highest, is_closed: false }
            }
            Structure::Broken { reason, highest, is_closed } => {
                Self { result: Arc::Fail(reason), highest, is_closed, ..chain }
            }
        }
    }

    /// What validation came to.
    pub fn result(&self) -> Arc {
        self.result
    }

    /// The highest instance among the fields: the number of sets of a chain that is not broken.
    pub fn instances(&self) -> u8 {
        self.highest
    }
}

impl Arc {
    /// The word for Authentication-Results.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Pass => "pass",
            Self::Fail(_) => "fail",
            Self::TempError => "temperror",
        }
    }
}

impl fmt::Display for Arc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whether the fields before the body of `message` are a chain that could pass, without a look at its
/// signatures. `None` where there are no such fields; else the number of sets, or what is wrong.
pub fn structure(message: &[u8]) -> Option<Result<usize, &'static str>> {
    let header = crate::message::Header::scan(message);
    let fields: Vec<Field<'_>> = header.fields().iter().map(|f| (f.name, f.value)).collect();
    match Structure::read(&fields) {
        Structure::None => None,
        Structure::Whole(sets) => Some(Ok(sets.len())),
        Structure::Broken { reason, .. } => Some(Err(reason)),
    }
}

/// The fields that a list of lower-case names chooses: for each name the lowest one of that name which
/// is not chosen yet (RFC 6376 §5.4.2).
fn chosen<'x>(header: &[Field<'x>], names: &[String]) -> Vec<Field<'x>> {
    let mut left: HashMap<Vec<u8>, Vec<Field<'x>>> = HashMap::new();
    for field in header {
        left.entry(field.0.trim_ascii().to_ascii_lowercase()).or_default().push(*field);
    }
    names.iter().filter_map(|name| left.get_mut(name.as_bytes())?.pop()).collect()
}

/// SHA-256 of the whole body; made once for a message, if mail-auth made it already.
fn body_hash(message: &AuthenticatedMessage<'_>, canonicalization: Canonicalization) -> Vec<u8> {
    let known = message.body_hashes.iter().find(|(known, algorithm, length, _)| {
        *known == canonicalization && *algorithm == HashAlgorithm::Sha256 && *length == 0
    });
    match known {
        Some((_, _, _, hash)) => hash.clone(),
        None => Body::whole(message.raw_body(), canonicalization).hash(HashAlgorithm::Sha256),
    }
}
